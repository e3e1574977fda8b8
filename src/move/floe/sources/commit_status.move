/// What became of a commit after it was pushed: superseded, licence changed, consent withdrawn, taken down. Every change
/// is a record that stays; the newest one of a commit says how it is now. No record: active.
///
/// The chain does not know which commits exist, so a status may be set for any id; readers ask for the ids they use.
module floe::commit_status;

use floe::events;
use floe::members;
use floe::numbered_log::{Self, NumberedLog};
use floe::repository::Repository;
use std::string::String;
use sui::clock::Clock;
use sui::dynamic_field as field;

/// A commit, evidence or successor id is not 32 bytes.
const EBadId: u64 = 0;
/// The status is none of 0 (active) to 4 (taken down).
const EUnknownStatus: u64 = 1;
/// The reason is empty or longer than 512 bytes.
const EBadReason: u64 = 2;
/// Only a superseded commit has a successor, another commit than itself.
const EBadSuccessor: u64 = 3;
/// No status was ever set in this repository.
const ENoRecords: u64 = 4;

const ACTIVE: u8 = 0;
const SUPERSEDED: u8 = 1;
const LICENCE_CHANGED: u8 = 2;
const CONSENT_WITHDRAWN: u8 = 3;
const TAKEN_DOWN: u8 = 4;

const ID_BYTES: u64 = 32;
const MAX_REASON_BYTES: u64 = 512;

/// Key of the dynamic field of the repository that holds the log.
public struct Key() has copy, drop, store;

public struct StatusRecord has copy, drop, store {
    commit: vector<u8>,
    /// 0 active, 1 superseded, 2 licence changed, 3 consent withdrawn, 4 taken down.
    status: u8,
    reason: String,
    /// SHA-256 of what shows it: a letter, a court order, a new licence.
    evidence: Option<vector<u8>>,
    /// The commit to use instead of a superseded one.
    successor: Option<vector<u8>>,
    by: address,
    time_ms: u64,
    sui_epoch: u64,
    /// The record before it about the same commit.
    previous: Option<u64>,
}

/// Revokers only; returns the number of the record. Also takes a status back (0), which leaves the earlier ones on record.
public fun set(
    repository: &mut Repository,
    commit: vector<u8>,
    status: u8,
    reason: String,
    evidence: Option<vector<u8>>,
    successor: Option<vector<u8>>,
    clock: &Clock,
    ctx: &mut TxContext,
): u64 {
    repository.assert_version();
    repository.members().assert_role(ctx.sender(), members::revoker());
    assert_id(&commit);
    assert!(status <= TAKEN_DOWN, EUnknownStatus);
    assert!(!reason.is_empty() && reason.length() <= MAX_REASON_BYTES, EBadReason);
    if (evidence.is_some()) assert_id(evidence.borrow());
    if (successor.is_some()) {
        assert_id(successor.borrow());
        assert!(status == SUPERSEDED && successor.borrow() != &commit, EBadSuccessor)
    };
    let by = ctx.sender();
    let sui_epoch = ctx.epoch();
    let time_ms = clock.timestamp_ms();
    let log = log_mut(repository, ctx);
    let previous = log.newest(commit);
    let record = StatusRecord {
        commit,
        status,
        reason,
        evidence,
        successor,
        by,
        time_ms,
        sui_epoch,
        previous,
    };
    let number = log.append(commit, record);
    events::emit_status_set(object::id(repository), number, commit, status, by);
    number
}

// Reads

/// How a commit is now; 0 (active) if nobody said otherwise.
public fun status_of(repository: &Repository, commit: vector<u8>): u8 {
    let number = newest(repository, commit);
    if (number.is_some()) log(repository).record(number.destroy_some()).status else ACTIVE
}

/// Number of the newest record about a commit.
public fun newest(repository: &Repository, commit: vector<u8>): Option<u64> {
    if (field::exists_(repository.uid(), Key())) log(repository).newest(commit) else option::none()
}

public fun record(repository: &Repository, number: u64): StatusRecord {
    *log(repository).record(number)
}

/// Number of records: the numbers are 0 up to this.
public fun count(repository: &Repository): u64 {
    if (field::exists_(repository.uid(), Key())) log(repository).length() else 0
}

public fun active(): u8 {
    ACTIVE
}

public fun superseded(): u8 {
    SUPERSEDED
}

public fun licence_changed(): u8 {
    LICENCE_CHANGED
}

public fun consent_withdrawn(): u8 {
    CONSENT_WITHDRAWN
}

public fun taken_down(): u8 {
    TAKEN_DOWN
}

public fun commit(self: &StatusRecord): vector<u8> {
    self.commit
}

public fun status(self: &StatusRecord): u8 {
    self.status
}

public fun reason(self: &StatusRecord): String {
    self.reason
}

public fun evidence(self: &StatusRecord): Option<vector<u8>> {
    self.evidence
}

public fun successor(self: &StatusRecord): Option<vector<u8>> {
    self.successor
}

public fun by(self: &StatusRecord): address {
    self.by
}

public fun time_ms(self: &StatusRecord): u64 {
    self.time_ms
}

public fun previous(self: &StatusRecord): Option<u64> {
    self.previous
}

fun assert_id(id: &vector<u8>) {
    assert!(id.length() == ID_BYTES, EBadId)
}

fun log(repository: &Repository): &NumberedLog<vector<u8>, StatusRecord> {
    assert!(field::exists_(repository.uid(), Key()), ENoRecords);
    field::borrow(repository.uid(), Key())
}

fun log_mut(
    repository: &mut Repository,
    ctx: &mut TxContext,
): &mut NumberedLog<vector<u8>, StatusRecord> {
    if (!field::exists_(repository.uid(), Key())) {
        let empty: NumberedLog<vector<u8>, StatusRecord> = numbered_log::new(ctx);
        field::add(repository.uid_mut(), Key(), empty)
    };
    field::borrow_mut(repository.uid_mut(), Key())
}
