/// A push: packs are deposited and a ref moves, in one transaction or in several. Nothing of it shows in a ref before
/// `finish`, and `finish` is all or nothing.
module floe::push;

use floe::events;
use floe::members;
use floe::push_log::{Self, PackRange, Segment};
use floe::ref_name;
use floe::repository::Repository;
use std::string::String;
use sui::clock::Clock;
use walrus::blob::Blob;

/// The push belongs to another repository.
const EWrongRepository: u64 = 0;
/// A commit, tree or statement id is not 32 bytes.
const EBadId: u64 = 1;
/// A pack was removed or its removal proposed since the pusher looked: look again, then `retarget`.
const EStaleGeneration: u64 = 2;
/// The commit must be in a meta pack.
const ECommitNotInMetaPack: u64 = 3;
/// A locator segment must lie inside a meta pack.
const EBadSegment: u64 = 4;
/// More than 64 locator segments.
const ETooManySegments: u64 = 5;
/// The packs of the push lie in more than 1,024 ranges.
const ETooManyRanges: u64 = 6;
/// The pack is not one of this push.
const ENotOfThisPush: u64 = 7;
/// The push still has packs: take them back first.
const EHasPacks: u64 = 8;

const ID_BYTES: u64 = 32;
const MAX_SEGMENTS: u64 = 64;
const MAX_RANGES: u64 = 1_024;

/// A push under way. Whoever has it may go on with it, as a writer.
public struct Push has key, store {
    id: UID,
    repository: ID,
    ref: String,
    expected_old: Option<vector<u8>>,
    generation: u64,
    retain_until_ms: u64,
    packs: vector<PackRange>,
    segments: vector<Segment>,
}

/// `expected_old`: where the ref is now, none if it is not there; a stale value fails here, before anything is
/// deposited. `generation`: of the packs when the pusher looked at them. `retain_until_ms`: promise for the packs of
/// this push.
public fun begin(
    repository: &mut Repository,
    ref: String,
    expected_old: Option<vector<u8>>,
    generation: u64,
    retain_until_ms: u64,
    ctx: &mut TxContext,
): Push {
    assert_writer(repository, ctx);
    ref_name::assert_valid(&ref);
    assert_target(repository, ref, &expected_old, generation);
    let id = object::new(ctx);
    repository.packs_mut().open_push(id.to_inner());
    Push {
        id,
        repository: object::id(repository),
        ref,
        expected_old,
        generation,
        retain_until_ms,
        packs: vector[],
        segments: vector[],
    }
}

/// Takes a certified blob in as a pack; returns its number. `kind`: 0 data, 1 meta.
public fun deposit(
    self: &mut Push,
    repository: &mut Repository,
    blob: Blob,
    kind: u8,
    clock: &Clock,
    ctx: &TxContext,
): u64 {
    self.assert_of(repository);
    assert_writer(repository, ctx);
    let blob_id = blob.blob_id();
    let object_id = object::id(&blob);
    let bytes = blob.size();
    let end_epoch = blob.end_epoch();
    let pack = repository
        .packs_mut()
        .deposit(
            blob,
            kind,
            ctx.sender(),
            object::id(self),
            self.retain_until_ms,
            clock.timestamp_ms(),
        );
    push_log::add_to_ranges(&mut self.packs, pack);
    assert_ranges(&self.packs);
    events::emit_pack_deposited(
        object::id(repository),
        pack,
        blob_id,
        object_id,
        bytes,
        kind,
        end_epoch,
        ctx.sender(),
    );
    pack
}

/// Names a locator segment that is live after this push. Newest first.
public fun add_segment(self: &mut Push, repository: &Repository, pack: u64, offset: u64, bytes: u64) {
    self.assert_of(repository);
    assert!(self.segments.length() < MAX_SEGMENTS, ETooManySegments);
    repository.packs().assert_usable(pack, object::id(self));
    let record = repository.packs().record(pack);
    assert!(record.is_meta(), EBadSegment);
    assert!(bytes > 0 && offset <= record.bytes() && bytes <= record.bytes() - offset, EBadSegment);
    self.segments.push_back(push_log::new_segment(pack, offset, bytes))
}

/// After a lost race: the same packs, onto another state of the ref. Forgets the segments, which described the old one.
public fun retarget(
    self: &mut Push,
    repository: &Repository,
    expected_old: Option<vector<u8>>,
    generation: u64,
    ctx: &TxContext,
) {
    self.assert_of(repository);
    assert_writer(repository, ctx);
    assert_target(repository, self.ref, &expected_old, generation);
    self.expected_old = expected_old;
    self.generation = generation;
    self.segments = vector[]
}

/// Moves the ref and writes the log record, whose number is returned. `forced`: the pusher says that `new` does not
/// descend from where the ref was.
public fun finish(
    self: Push,
    repository: &mut Repository,
    new: vector<u8>,
    tree: vector<u8>,
    commit_pack: u64,
    statement: Option<vector<u8>>,
    forced: bool,
    clock: &Clock,
    ctx: &TxContext,
): u64 {
    self.assert_of(repository);
    assert_writer(repository, ctx);
    let Push { id, repository: _, ref, expected_old, generation, retain_until_ms, packs, segments } = self;
    assert_id(&new);
    assert_id(&tree);
    if (statement.is_some()) assert_id(statement.borrow());
    // Every removal begins with a new generation: so all packs of the push, and all it reuses, are as the pusher saw
    // them.
    assert!(repository.packs().generation() == generation, EStaleGeneration);
    repository.packs().assert_usable(commit_pack, id.to_inner());
    repository.packs_mut().close_push(id.to_inner());
    id.delete();
    assert!(repository.packs().record(commit_pack).is_meta(), ECommitNotInMetaPack);
    let push = repository.log().length();
    let now_ms = clock.timestamp_ms();
    let new_commit = option::some(new);
    repository
        .refs_mut()
        .move_to(ref, &expected_old, new_commit, commit_pack, push, forced, now_ms);
    let record = push_log::new_record(
        ref,
        expected_old,
        new_commit,
        ctx.sender(),
        packs,
        commit_pack,
        segments,
        tree,
        statement,
        forced,
        retain_until_ms,
        generation,
        now_ms,
        ctx.epoch(),
        repository.packs().seen_epoch(),
    );
    repository.log_mut().append(record);
    events::emit_ref_moved(
        object::id(repository),
        push,
        ref,
        expected_old,
        new_commit,
        forced,
        ctx.sender(),
    );
    push
}

/// Gives up a pack of an unfinished push: nothing refers to it yet.
public fun take_back(self: &mut Push, repository: &mut Repository, pack: u64, ctx: &TxContext): Blob {
    self.assert_of(repository);
    assert_writer(repository, ctx);
    assert!(push_log::is_in_ranges(&self.packs, pack), ENotOfThisPush);
    self.packs = push_log::without(&self.packs, pack);
    let blob = repository.packs_mut().take_unpublished(pack);
    events::emit_pack_removed(
        object::id(repository),
        pack,
        blob.blob_id(),
        repository.packs().generation(),
        ctx.sender(),
    );
    blob
}

/// Ends a push without packs.
public fun abandon(self: Push, repository: &mut Repository) {
    self.assert_of(repository);
    repository.assert_version();
    let Push { id, packs, .. } = self;
    assert!(packs.is_empty(), EHasPacks);
    repository.packs_mut().close_push(id.to_inner());
    id.delete()
}

// Reads

public fun repository(self: &Push): ID {
    self.repository
}

public fun packs(self: &Push): vector<PackRange> {
    self.packs
}

fun assert_of(self: &Push, repository: &Repository) {
    assert!(self.repository == object::id(repository), EWrongRepository)
}

fun assert_writer(repository: &Repository, ctx: &TxContext) {
    repository.assert_version();
    repository.members().assert_role(ctx.sender(), members::writer())
}

fun assert_target(
    repository: &Repository,
    ref: String,
    expected_old: &Option<vector<u8>>,
    generation: u64,
) {
    repository.refs().assert_at(ref, expected_old);
    assert!(repository.packs().generation() == generation, EStaleGeneration)
}

fun assert_ranges(ranges: &vector<PackRange>) {
    assert!(ranges.length() <= MAX_RANGES, ETooManyRanges)
}

fun assert_id(id: &vector<u8>) {
    assert!(id.length() == ID_BYTES, EBadId)
}

#[test_only]
/// The limit without a thousand deposits.
public fun assert_ranges_for_testing(ranges: &vector<PackRange>) {
    assert_ranges(ranges)
}
