/// The append-only history of a repository: push `n` is the dynamic field `n` of `records`, for all n from 0.
module floe::push_log;

use std::string::String;
use sui::table::{Self, Table};

/// There is no push with this number.
const EUnknownPush: u64 = 0;

public struct PushLog has store {
    records: Table<u64, PushRecord>,
}

/// Packs `first .. first + count`.
public struct PackRange has copy, drop, store {
    first: u64,
    count: u64,
}

/// A locator segment: bytes `offset .. offset + bytes` of a meta pack.
public struct Segment has copy, drop, store {
    pack: u64,
    offset: u64,
    bytes: u64,
}

public struct PushRecord has copy, drop, store {
    ref: String,
    /// None: the ref did not exist.
    old: Option<vector<u8>>,
    /// None: the ref was deleted; then packs, segments and tree are empty and `commit_pack` says nothing.
    new: Option<vector<u8>>,
    pusher: address,
    /// Packs deposited by this push, rising.
    packs: vector<PackRange>,
    /// Meta pack that holds the commit.
    commit_pack: u64,
    /// The locator after this push: live segments, newest first.
    segments: vector<Segment>,
    /// Tree of the commit: a claim, which readers check.
    tree: vector<u8>,
    /// SHA-256 of a statement about this push.
    statement: Option<vector<u8>>,
    /// What the pusher said; a reader finds out whether `old` is an ancestor of `new`.
    forced: bool,
    retain_until_ms: u64,
    /// Removal generation at which the pusher had looked at the packs.
    generation: u64,
    time_ms: u64,
    sui_epoch: u64,
    /// Latest Walrus epoch shown by a certificate up to this push.
    walrus_epoch: u32,
}

public(package) fun new(ctx: &mut TxContext): PushLog {
    PushLog { records: table::new(ctx) }
}

public(package) fun append(self: &mut PushLog, record: PushRecord): u64 {
    let number = self.records.length();
    self.records.add(number, record);
    number
}

public(package) fun new_record(
    ref: String,
    old: Option<vector<u8>>,
    new: Option<vector<u8>>,
    pusher: address,
    packs: vector<PackRange>,
    commit_pack: u64,
    segments: vector<Segment>,
    tree: vector<u8>,
    statement: Option<vector<u8>>,
    forced: bool,
    retain_until_ms: u64,
    generation: u64,
    time_ms: u64,
    sui_epoch: u64,
    walrus_epoch: u32,
): PushRecord {
    PushRecord {
        ref,
        old,
        new,
        pusher,
        packs,
        commit_pack,
        segments,
        tree,
        statement,
        forced,
        retain_until_ms,
        generation,
        time_ms,
        sui_epoch,
        walrus_epoch,
    }
}

public(package) fun new_segment(pack: u64, offset: u64, bytes: u64): Segment {
    Segment { pack, offset, bytes }
}

/// Adds a pack number at the end of rising ranges.
public(package) fun add_to_ranges(ranges: &mut vector<PackRange>, pack: u64) {
    let n = ranges.length();
    if (n > 0 && ranges[n - 1].first + ranges[n - 1].count == pack) {
        let last = &mut ranges[n - 1];
        last.count = last.count + 1
    } else {
        ranges.push_back(PackRange { first: pack, count: 1 })
    }
}

public(package) fun is_in_ranges(ranges: &vector<PackRange>, pack: u64): bool {
    let n = ranges.length();
    let mut at = 0;
    while (at < n) {
        let range = &ranges[at];
        if (pack >= range.first && pack - range.first < range.count) return true;
        at = at + 1;
    };
    false
}

/// The ranges without one pack of them.
public(package) fun without(ranges: &vector<PackRange>, pack: u64): vector<PackRange> {
    let n = ranges.length();
    let mut rest = vector[];
    let mut at = 0;
    while (at < n) {
        let PackRange { first, count } = ranges[at];
        if (pack >= first && pack - first < count) {
            if (pack > first) rest.push_back(PackRange { first, count: pack - first });
            let after = pack + 1;
            if (after < first + count) rest.push_back(PackRange { first: after, count: first + count - after })
        } else {
            rest.push_back(PackRange { first, count })
        };
        at = at + 1;
    };
    rest
}

// Reads

public(package) fun length(self: &PushLog): u64 {
    self.records.length()
}

public(package) fun record(self: &PushLog, number: u64): &PushRecord {
    assert!(self.records.contains(number), EUnknownPush);
    &self.records[number]
}

public fun ref(self: &PushRecord): String {
    self.ref
}

public fun old(self: &PushRecord): Option<vector<u8>> {
    self.old
}

public fun new_commit(self: &PushRecord): Option<vector<u8>> {
    self.new
}

public fun pusher(self: &PushRecord): address {
    self.pusher
}

public fun packs(self: &PushRecord): vector<PackRange> {
    self.packs
}

public fun commit_pack(self: &PushRecord): u64 {
    self.commit_pack
}

public fun segments(self: &PushRecord): vector<Segment> {
    self.segments
}

public fun tree(self: &PushRecord): vector<u8> {
    self.tree
}

public fun statement(self: &PushRecord): Option<vector<u8>> {
    self.statement
}

public fun is_forced(self: &PushRecord): bool {
    self.forced
}

public fun time_ms(self: &PushRecord): u64 {
    self.time_ms
}

public fun walrus_epoch(self: &PushRecord): u32 {
    self.walrus_epoch
}

public fun range_first(self: &PackRange): u64 {
    self.first
}

public fun range_count(self: &PackRange): u64 {
    self.count
}

public fun segment_pack(self: &Segment): u64 {
    self.pack
}
