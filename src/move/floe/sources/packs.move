/// The blobs of a repository from outside: lending for renewal, replacement after expiry, promises.
module floe::packs;

use floe::events;
use floe::members;
use floe::pack_table::PackRecord;
use floe::repository::Repository;
use walrus::blob::Blob;

/// The loan is of another repository.
const EWrongRepository: u64 = 0;

/// A debt: only `restore` ends it, so a transaction that lends gives back or fails.
public struct Loan {
    repository: ID,
    pack: u64,
    object_id: ID,
}

/// Hands the blob out for the rest of the transaction, to anyone: what can be done with it in between is what the
/// newest Walrus package offers, and `restore` wants the same object, not shortened.
public fun lend(repository: &mut Repository, pack: u64): (Blob, Loan) {
    repository.assert_version();
    let blob = repository.packs_mut().take_for_loan(pack);
    let loan = Loan { repository: object::id(repository), pack, object_id: object::id(&blob) };
    (blob, loan)
}

public fun restore(repository: &mut Repository, blob: Blob, loan: Loan) {
    let Loan { repository: of, pack, object_id } = loan;
    let repository_id = object::id(repository);
    assert!(of == repository_id, EWrongRepository);
    let renewed = repository.packs_mut().put_back(pack, blob, object_id);
    if (renewed) {
        let end_epoch = repository.packs().record(pack).end_epoch();
        events::emit_pack_renewed(repository_id, pack, object_id, end_epoch)
    }
}

/// Puts a certified blob with the same content and a later end in the place of a pack's blob, which may have expired.
/// Anyone may; the old blob is returned.
public fun replace(repository: &mut Repository, pack: u64, blob: Blob): Blob {
    repository.assert_version();
    let object_id = object::id(&blob);
    let end_epoch = blob.end_epoch();
    let previous = repository.packs_mut().replace(pack, blob);
    events::emit_pack_renewed(object::id(repository), pack, object_id, end_epoch);
    previous
}

/// No removal of the packs `first .. first + count` before `until_ms`. For packs that a push uses without depositing
/// them; at most 500 per call. Writers only.
public fun promise(
    repository: &mut Repository,
    first: u64,
    count: u64,
    until_ms: u64,
    ctx: &TxContext,
) {
    repository.assert_version();
    repository.members().assert_role(ctx.sender(), members::writer());
    repository.packs_mut().promise(first, count, until_ms)
}

// Reads

/// Number of packs ever deposited: the numbers are 0 up to this.
public fun count(repository: &Repository): u64 {
    repository.packs().length()
}

public fun record(repository: &Repository, pack: u64): PackRecord {
    *repository.packs().record(pack)
}

public fun blob(repository: &Repository, pack: u64): &Blob {
    repository.packs().blob(pack)
}

/// The newest pack with this blob id, also a removed one.
public fun number_of(repository: &Repository, blob_id: u256): Option<u64> {
    repository.packs().number_of(blob_id)
}

/// Changes whenever a pack ceases to be something to rely on.
public fun generation(repository: &Repository): u64 {
    repository.packs().generation()
}

/// Latest Walrus epoch that a deposited certificate has shown.
public fun seen_epoch(repository: &Repository): u32 {
    repository.packs().seen_epoch()
}
