/// Refs apart from moving them forward, which is `push::finish`.
module floe::refs;

use floe::events;
use floe::members;
use floe::push_log::{Self, PushRecord};
use floe::ref_table::Ref;
use floe::repository::{Repository, AdminCap};
use std::string::String;
use sui::clock::Clock;

/// Deletes a branch that is at `expected_old`; returns the number of the log record. Counts as forced.
public fun delete(
    repository: &mut Repository,
    ref: String,
    expected_old: vector<u8>,
    clock: &Clock,
    ctx: &TxContext,
): u64 {
    repository.assert_version();
    let pusher = ctx.sender();
    repository.members().assert_role(pusher, members::writer());
    let old = option::some(expected_old);
    let push = repository.log().length();
    let now_ms = clock.timestamp_ms();
    repository.refs_mut().move_to(ref, &old, option::none(), 0, push, true, now_ms);
    let record = push_log::new_record(
        ref,
        old,
        option::none(),
        pusher,
        vector[],
        0,
        vector[],
        vector[],
        option::none(),
        true,
        0,
        repository.packs().generation(),
        now_ms,
        ctx.epoch(),
        repository.packs().seen_epoch(),
    );
    repository.log_mut().append(record);
    events::emit_ref_moved(object::id(repository), push, ref, old, option::none(), true, pusher);
    push
}

/// Forbids or allows forced updates, for one ref or (none) for all. One prohibition suffices.
public fun set_forbid_force(
    repository: &mut Repository,
    cap: &AdminCap,
    ref: Option<String>,
    forbidden: bool,
) {
    repository.assert_admin(cap);
    repository.refs_mut().set_forbid_force(ref, forbidden);
    events::emit_force_rule_changed(object::id(repository), ref, forbidden)
}

// Reads

/// Where the ref is; none if it is not there.
public fun commit(repository: &Repository, ref: String): Option<vector<u8>> {
    repository.refs().commit(ref)
}

public fun row(repository: &Repository, ref: String): Ref {
    *repository.refs().ref(ref)
}

/// Number of names ever used.
public fun count(repository: &Repository): u64 {
    repository.refs().length()
}

public fun name(repository: &Repository, number: u64): String {
    repository.refs().name(number)
}

/// Number of pushes: the records are 0 up to this.
public fun push_count(repository: &Repository): u64 {
    repository.log().length()
}

public fun push_record(repository: &Repository, push: u64): PushRecord {
    *repository.log().record(push)
}
