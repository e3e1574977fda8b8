/// The packs of a repository: their Walrus blobs, numbered 0, 1, 2 … in the order of deposit. Numbers are never used
/// again, so the record of pack `n` is the dynamic field `n` of `records`, whatever happens to the blob.
///
/// Only getters of `walrus::blob` are called: they carry no version check, so an upgrade of Walrus freezes nothing.
module floe::pack_table;

use sui::object_table::{Self, ObjectTable};
use sui::table::{Self, Table};
use walrus::blob::Blob;

/// The blob is not certified.
const ENotCertified: u64 = 0;
/// The blob has expired, as far as the chain has seen epochs.
const EExpired: u64 = 1;
/// A pack with this blob id is there already.
const EAlreadyDeposited: u64 = 2;
/// The kind is neither 0 (data) nor 1 (meta).
const EUnknownKind: u64 = 3;
/// There is no pack with this number.
const EUnknownPack: u64 = 4;
/// The pack is removed, or its removal is proposed.
const ENotLive: u64 = 5;
/// The pack is removed.
const ERemoved: u64 = 6;
/// The blob is another one than was lent.
const EWrongBlob: u64 = 7;
/// The blob ends earlier than before, or no later than the one it is to replace.
const EShorterLife: u64 = 8;
/// A deletable blob cannot stand in for a permanent one, nor the reverse.
const EOtherPersistence: u64 = 9;
/// Nobody can remove a permanent pack.
const EPermanent: u64 = 10;
/// The pack's removal is not proposed.
const ENotProposed: u64 = 11;
/// The grace period or the promise of a push still holds.
const ETooEarly: u64 = 12;
/// The range is empty or has more than 500 packs.
const EBadRange: u64 = 13;
/// The pack belongs to another push that has not finished.
const EUnpublished: u64 = 14;

const KIND_DATA: u8 = 0;
const KIND_META: u8 = 1;

const STATE_LIVE: u8 = 0;
const STATE_PROPOSED: u8 = 1;
const STATE_REMOVED: u8 = 2;

/// A transaction may load 1,000 children.
const MAX_RANGE: u64 = 500;

public struct PackTable has store {
    records: Table<u64, PackRecord>,
    /// Blob id → newest pack with it.
    numbers: Table<u256, u64>,
    blobs: ObjectTable<u64, Blob>,
    /// Pushes under way. What they deposited can still be taken back, so nothing else may refer to it.
    open_pushes: Table<ID, bool>,
    /// Raised by every proposal of a removal: then a pack ceases to be something that a push may rely on.
    generation: u64,
    /// Latest Walrus epoch that a deposited certificate has shown. Never ahead of the real one.
    seen_epoch: u32,
}

public struct PackRecord has copy, drop, store {
    blob_id: u256,
    object_id: ID,
    /// Before encoding.
    bytes: u64,
    kind: u8,
    certified_epoch: u32,
    /// First Walrus epoch without the blob, as of the last deposit or renewal through the repository.
    end_epoch: u32,
    permanent: bool,
    pusher: address,
    /// The `Push` that deposited it.
    push: ID,
    deposited_ms: u64,
    /// Promise of the pushes that use it: no removal before.
    retain_until_ms: u64,
    /// 0 live, 1 removal proposed, 2 removed.
    state: u8,
    /// When the proposed removal may be carried out; 0 while live.
    removable_ms: u64,
}

public(package) fun new(ctx: &mut TxContext): PackTable {
    PackTable {
        records: table::new(ctx),
        numbers: table::new(ctx),
        blobs: object_table::new(ctx),
        open_pushes: table::new(ctx),
        generation: 0,
        seen_epoch: 0,
    }
}

// Deposit and replacement

/// Takes the blob in; returns the number of the new pack. The same content may come twice only from pushes that do not
/// see each other.
public(package) fun deposit(
    self: &mut PackTable,
    blob: Blob,
    kind: u8,
    pusher: address,
    push: ID,
    retain_until_ms: u64,
    now_ms: u64,
): u64 {
    assert!(kind == KIND_DATA || kind == KIND_META, EUnknownKind);
    let certified_epoch = self.assert_stored(&blob);
    let blob_id = blob.blob_id();
    let number = self.records.length();
    if (self.numbers.contains(blob_id)) {
        let other = self.records[self.numbers[blob_id]];
        let visible = other.push == push || !self.open_pushes.contains(other.push);
        assert!(!visible || other.state == STATE_REMOVED, EAlreadyDeposited);
        *&mut self.numbers[blob_id] = number
    } else {
        self.numbers.add(blob_id, number)
    };
    self
        .records
        .add(
            number,
            PackRecord {
                blob_id,
                object_id: object::id(&blob),
                bytes: blob.size(),
                kind,
                certified_epoch,
                end_epoch: blob.end_epoch(),
                permanent: !blob.is_deletable(),
                pusher,
                push,
                deposited_ms: now_ms,
                retain_until_ms,
                state: STATE_LIVE,
                removable_ms: 0,
            },
        );
    self.blobs.add(number, blob);
    number
}

/// Puts a later-ending blob with the same content in the place of the present one, which is returned.
public(package) fun replace(self: &mut PackTable, number: u64, blob: Blob): Blob {
    let certified_epoch = self.assert_stored(&blob);
    let record = self.record_mut(number);
    assert!(record.state != STATE_REMOVED, ERemoved);
    assert!(record.blob_id == blob.blob_id(), EWrongBlob);
    assert!(record.permanent == !blob.is_deletable(), EOtherPersistence);
    assert!(blob.end_epoch() > record.end_epoch, EShorterLife);
    record.object_id = object::id(&blob);
    record.certified_epoch = certified_epoch;
    record.end_epoch = blob.end_epoch();
    let previous = self.blobs.remove(number);
    self.blobs.add(number, blob);
    previous
}

/// The epoch of certification. The current epoch cannot be asked for without a version check, so the latest epoch
/// that any certificate showed stands in for it.
fun assert_stored(self: &mut PackTable, blob: &Blob): u32 {
    let certified = blob.certified_epoch();
    assert!(certified.is_some(), ENotCertified);
    let epoch = *certified.borrow();
    if (epoch > self.seen_epoch) self.seen_epoch = epoch;
    assert!(blob.end_epoch() > self.seen_epoch, EExpired);
    epoch
}

/// `epoch` has begun: somebody has shown a blob that proves it.
public(package) fun show_epoch(self: &mut PackTable, epoch: u32) {
    if (epoch > self.seen_epoch) self.seen_epoch = epoch
}

// Pushes under way

public(package) fun open_push(self: &mut PackTable, push: ID) {
    self.open_pushes.add(push, true)
}

/// Publishes its packs.
public(package) fun close_push(self: &mut PackTable, push: ID) {
    self.open_pushes.remove(push);
}

// Lending

public(package) fun take_for_loan(self: &mut PackTable, number: u64): Blob {
    assert!(self.record(number).state != STATE_REMOVED, ERemoved);
    self.blobs.remove(number)
}

/// Takes the same object back; returns whether it ends later now.
public(package) fun put_back(self: &mut PackTable, number: u64, blob: Blob, object_id: ID): bool {
    assert!(object::id(&blob) == object_id, EWrongBlob);
    let record = self.record_mut(number);
    let end_epoch = blob.end_epoch();
    assert!(end_epoch >= record.end_epoch, EShorterLife);
    let renewed = end_epoch > record.end_epoch;
    record.end_epoch = end_epoch;
    self.blobs.add(number, blob);
    renewed
}

// Promises and removal

/// Raises the promise of `count` packs from `first` on.
public(package) fun promise(self: &mut PackTable, first: u64, count: u64, until_ms: u64) {
    assert!(count > 0 && count <= MAX_RANGE, EBadRange);
    let mut at = 0;
    while (at < count) {
        self.assert_live(first + at);
        let record = self.record_mut(first + at);
        if (record.retain_until_ms < until_ms) record.retain_until_ms = until_ms;
        at = at + 1;
    }
}

/// Returns when the removal may be carried out.
public(package) fun propose_removal(self: &mut PackTable, number: u64, not_before_ms: u64): u64 {
    self.assert_live(number);
    let record = self.record_mut(number);
    assert!(!record.permanent, EPermanent);
    record.state = STATE_PROPOSED;
    record.removable_ms = if (record.retain_until_ms > not_before_ms) record.retain_until_ms
    else not_before_ms;
    let removable_ms = record.removable_ms;
    self.generation = self.generation + 1;
    removable_ms
}

/// A removal that no promise delays. One that is proposed already comes no later than it would have.
public(package) fun propose_takedown(self: &mut PackTable, number: u64, removable_ms: u64): u64 {
    let record = self.record_mut(number);
    assert!(record.state != STATE_REMOVED, ERemoved);
    assert!(!record.permanent, EPermanent);
    if (record.state == STATE_LIVE || removable_ms < record.removable_ms) record.removable_ms = removable_ms;
    record.state = STATE_PROPOSED;
    let removable_ms = record.removable_ms;
    self.generation = self.generation + 1;
    removable_ms
}

/// The generation stays raised: a push that saw the proposal has looked elsewhere, which does no harm.
public(package) fun cancel_removal(self: &mut PackTable, number: u64) {
    let record = self.record_mut(number);
    assert!(record.state == STATE_PROPOSED, ENotProposed);
    record.state = STATE_LIVE;
    record.removable_ms = 0
}

public(package) fun take_proposed(self: &mut PackTable, number: u64, now_ms: u64): Blob {
    let record = self.record(number);
    assert!(record.state == STATE_PROPOSED, ENotProposed);
    assert!(now_ms >= record.removable_ms, ETooEarly);
    self.remove(number)
}

/// Without proposal or grace: nobody else could refer to a pack of a push under way.
public(package) fun take_unpublished(self: &mut PackTable, number: u64): Blob {
    self.assert_live(number);
    self.remove(number)
}

fun remove(self: &mut PackTable, number: u64): Blob {
    self.record_mut(number).state = STATE_REMOVED;
    self.blobs.remove(number)
}

// Reads

public(package) fun assert_live(self: &PackTable, number: u64) {
    assert!(self.record(number).state == STATE_LIVE, ENotLive)
}

/// Live, and of this push or of a finished one.
public(package) fun assert_usable(self: &PackTable, number: u64, push: ID) {
    self.assert_live(number);
    let other = self.record(number).push;
    assert!(other == push || !self.open_pushes.contains(other), EUnpublished)
}

/// Live, and of a finished push: nobody can take it back at once.
public(package) fun assert_published(self: &PackTable, number: u64) {
    self.assert_live(number);
    assert!(!self.open_pushes.contains(self.record(number).push), EUnpublished)
}

public(package) fun record(self: &PackTable, number: u64): &PackRecord {
    assert!(self.records.contains(number), EUnknownPack);
    &self.records[number]
}

fun record_mut(self: &mut PackTable, number: u64): &mut PackRecord {
    assert!(self.records.contains(number), EUnknownPack);
    &mut self.records[number]
}

public(package) fun length(self: &PackTable): u64 {
    self.records.length()
}

public(package) fun generation(self: &PackTable): u64 {
    self.generation
}

public(package) fun seen_epoch(self: &PackTable): u32 {
    self.seen_epoch
}

public(package) fun number_of(self: &PackTable, blob_id: u256): Option<u64> {
    if (self.numbers.contains(blob_id)) option::some(self.numbers[blob_id]) else option::none()
}

public(package) fun blob(self: &PackTable, number: u64): &Blob {
    assert!(self.record(number).state != STATE_REMOVED, ERemoved);
    &self.blobs[number]
}

public fun blob_id(self: &PackRecord): u256 {
    self.blob_id
}

public fun object_id(self: &PackRecord): ID {
    self.object_id
}

public fun bytes(self: &PackRecord): u64 {
    self.bytes
}

public fun is_meta(self: &PackRecord): bool {
    self.kind == KIND_META
}

public fun certified_epoch(self: &PackRecord): u32 {
    self.certified_epoch
}

public fun end_epoch(self: &PackRecord): u32 {
    self.end_epoch
}

public fun is_permanent(self: &PackRecord): bool {
    self.permanent
}

public fun pusher(self: &PackRecord): address {
    self.pusher
}

public fun push(self: &PackRecord): ID {
    self.push
}

public fun deposited_ms(self: &PackRecord): u64 {
    self.deposited_ms
}

public fun retain_until_ms(self: &PackRecord): u64 {
    self.retain_until_ms
}

public fun is_live(self: &PackRecord): bool {
    self.state == STATE_LIVE
}

public fun is_proposed(self: &PackRecord): bool {
    self.state == STATE_PROPOSED
}

public fun is_removed(self: &PackRecord): bool {
    self.state == STATE_REMOVED
}

public fun removable_ms(self: &PackRecord): u64 {
    self.removable_ms
}
