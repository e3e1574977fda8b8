/// Removing packs: propose, wait, take. Readers see a proposal; pushes that relied on the pack fail from then on,
/// because the generation has changed.
module floe::removal;

use floe::events;
use floe::members;
use floe::repository::Repository;
use floe::takedown;
use sui::clock::Clock;
use walrus::blob::Blob;

/// Only the pusher of the pack (as a writer) or a revoker may do this.
const ENotAllowed: u64 = 0;
/// Only a revoker may call off a takedown.
const ETakedown: u64 = 1;

public fun propose(repository: &mut Repository, pack: u64, clock: &Clock, ctx: &TxContext) {
    assert_allowed(repository, pack, ctx);
    let not_before_ms = clock.timestamp_ms() + repository.grace_ms();
    let removable_ms = repository.packs_mut().propose_removal(pack, not_before_ms);
    events::emit_removal_proposed(
        object::id(repository),
        pack,
        removable_ms,
        repository.packs().generation(),
        ctx.sender(),
    )
}

public fun cancel(repository: &mut Repository, pack: u64, ctx: &TxContext) {
    assert_allowed(repository, pack, ctx);
    assert!(
        !takedown::is_open(repository, pack)
            || repository.members().has_role(ctx.sender(), members::revoker()),
        ETakedown,
    );
    repository.packs_mut().cancel_removal(pack);
    events::emit_removal_cancelled(object::id(repository), pack, ctx.sender())
}

/// The blob, for the caller to delete or keep.
public fun take(repository: &mut Repository, pack: u64, clock: &Clock, ctx: &TxContext): Blob {
    assert_allowed(repository, pack, ctx);
    let blob = repository.packs_mut().take_proposed(pack, clock.timestamp_ms());
    events::emit_pack_removed(
        object::id(repository),
        pack,
        blob.blob_id(),
        repository.packs().generation(),
        ctx.sender(),
    );
    blob
}

fun assert_allowed(repository: &Repository, pack: u64, ctx: &TxContext) {
    repository.assert_version();
    let members = repository.members();
    let own = repository.packs().record(pack).pusher() == ctx.sender();
    assert!(
        members.has_role(ctx.sender(), members::revoker())
            || (own && members.has_role(ctx.sender(), members::writer())),
        ENotAllowed,
    )
}
