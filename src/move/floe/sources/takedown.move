/// Removal for a reason that is stronger than a promise: the pack goes after the grace period, whatever was promised, and
/// the reason stays on record. Proposed here, carried out by `removal::take`. A permanent pack stays even so.
module floe::takedown;

use floe::commit_status;
use floe::events;
use floe::members;
use floe::numbered_log::{Self, NumberedLog};
use floe::repository::Repository;
use sui::clock::Clock;
use sui::dynamic_field as field;

/// The status record is not the newest of its commit, or says neither consent withdrawn (3) nor taken down (4).
const ENoGround: u64 = 0;
/// Nothing was ever taken down in this repository.
const ENoRecords: u64 = 1;

/// Key of the dynamic field of the repository that holds the log.
public struct Key() has copy, drop, store;

public struct TakedownRecord has copy, drop, store {
    pack: u64,
    /// Number of the status record that is the ground.
    status: u64,
    /// What had been promised when it was proposed.
    retain_until_ms: u64,
    removable_ms: u64,
    /// Removal generation that the proposal made.
    generation: u64,
    by: address,
    time_ms: u64,
    /// The record before it about the same pack.
    previous: Option<u64>,
}

/// Revokers only; returns the number of the record. `status`: number of the record of `commit_status` that is the ground.
public fun propose(
    repository: &mut Repository,
    pack: u64,
    status: u64,
    clock: &Clock,
    ctx: &mut TxContext,
): u64 {
    repository.assert_version();
    let by = ctx.sender();
    repository.members().assert_role(by, members::revoker());
    let ground = commit_status::record(repository, status);
    assert!(
        ground.status() == commit_status::consent_withdrawn()
            || ground.status() == commit_status::taken_down(),
        ENoGround,
    );
    assert!(commit_status::newest(repository, ground.commit()) == option::some(status), ENoGround);
    let time_ms = clock.timestamp_ms();
    let retain_until_ms = repository.packs().record(pack).retain_until_ms();
    let not_before_ms = time_ms + repository.grace_ms();
    let removable_ms = repository.packs_mut().propose_takedown(pack, not_before_ms);
    let generation = repository.packs().generation();
    let log = log_mut(repository, ctx);
    let previous = log.newest(pack);
    let number = log.append(
        pack,
        TakedownRecord {
            pack,
            status,
            retain_until_ms,
            removable_ms,
            generation,
            by,
            time_ms,
            previous,
        },
    );
    let id = object::id(repository);
    events::emit_removal_proposed(id, pack, removable_ms, generation, by);
    events::emit_takedown_proposed(id, number, pack, status, removable_ms, by);
    number
}

// Reads

/// Whether the removal that is proposed for the pack is a takedown.
public fun is_open(repository: &Repository, pack: u64): bool {
    let number = newest(repository, pack);
    if (number.is_none()) return false;
    let proposed = repository.packs().record(pack);
    // A proposal after a takedown that was called off has a later time; the same one means the same proposal.
    proposed.is_proposed() && proposed.removable_ms() == log(repository).record(number.destroy_some()).removable_ms
}

/// Number of the newest record about a pack.
public fun newest(repository: &Repository, pack: u64): Option<u64> {
    if (field::exists_(repository.uid(), Key())) log(repository).newest(pack) else option::none()
}

public fun record(repository: &Repository, number: u64): TakedownRecord {
    *log(repository).record(number)
}

/// Number of records: the numbers are 0 up to this.
public fun count(repository: &Repository): u64 {
    if (field::exists_(repository.uid(), Key())) log(repository).length() else 0
}

public fun pack(self: &TakedownRecord): u64 {
    self.pack
}

public fun status(self: &TakedownRecord): u64 {
    self.status
}

public fun retain_until_ms(self: &TakedownRecord): u64 {
    self.retain_until_ms
}

public fun removable_ms(self: &TakedownRecord): u64 {
    self.removable_ms
}

public fun by(self: &TakedownRecord): address {
    self.by
}

public fun previous(self: &TakedownRecord): Option<u64> {
    self.previous
}

fun log(repository: &Repository): &NumberedLog<u64, TakedownRecord> {
    assert!(field::exists_(repository.uid(), Key()), ENoRecords);
    field::borrow(repository.uid(), Key())
}

fun log_mut(repository: &mut Repository, ctx: &mut TxContext): &mut NumberedLog<u64, TakedownRecord> {
    if (!field::exists_(repository.uid(), Key())) {
        let empty: NumberedLog<u64, TakedownRecord> = numbered_log::new(ctx);
        field::add(repository.uid_mut(), Key(), empty)
    };
    field::borrow_mut(repository.uid_mut(), Key())
}
