/// State and rules of the system: committee, capacity, prices, payments.
module walrus::system_state_inner;

use sui::balance::Balance;
use sui::coin::Coin;
use sui::vec_map::{Self, VecMap};
use wal::wal::WAL;
use walrus::blob::{Self, Blob};
use walrus::bls_aggregate::BlsCommittee;
use walrus::event_blob::{Self, EventBlobCertificationState};
use walrus::events;
use walrus::extended_field::{Self, ExtendedField};
use walrus::storage_accounting::{Self, FutureAccountingRingBuffer};
use walrus::storage_pool::{Self, StoragePool};
use walrus::storage_resource::{Self, Storage};

/// The ring is empty or longer than 1000 epochs.
const EInvalidMaxEpochsAhead: u64 = 0;
/// All capacity of an epoch is sold.
const EStorageExceeded: u64 = 1;
/// No epoch, or more epochs ahead than may be booked.
const EInvalidEpochsAhead: u64 = 2;
/// The certificate is from another epoch.
const EInvalidIdEpoch: u64 = 3;
/// The next committee is not for the next epoch.
const EIncorrectCommittee: u64 = 4;
/// The accounting ring is not at the current epoch.
const EInvalidAccountingEpoch: u64 = 5;
/// No storage at all was asked for.
const EInvalidResourceSize: u64 = 11;
/// The period starts after its end.
const EInvalidStartEpoch: u64 = 12;

const MAX_MAX_EPOCHS_AHEAD: u32 = 1000;
const BYTES_PER_UNIT_SIZE: u64 = 1_048_576;

public struct SystemStateInnerV1 has store {
    committee: BlsCommittee,
    total_capacity_size: u64,
    used_capacity_size: u64,
    /// FROST per started MiB and epoch.
    storage_price_per_unit_size: u64,
    /// FROST per started MiB, once.
    write_price_per_unit_size: u64,
    future_accounting: FutureAccountingRingBuffer,
    event_blob_certification_state: EventBlobCertificationState,
    deny_list_sizes: ExtendedField<VecMap<ID, u64>>,
}

public(package) fun new(
    committee: BlsCommittee,
    total_capacity_size: u64,
    storage_price_per_unit_size: u64,
    write_price_per_unit_size: u64,
    max_epochs_ahead: u32,
    ctx: &mut TxContext,
): SystemStateInnerV1 {
    assert!(max_epochs_ahead > 0 && max_epochs_ahead <= MAX_MAX_EPOCHS_AHEAD, EInvalidMaxEpochsAhead);
    let epoch = committee.epoch();
    SystemStateInnerV1 {
        committee,
        total_capacity_size,
        used_capacity_size: 0,
        storage_price_per_unit_size,
        write_price_per_unit_size,
        future_accounting: storage_accounting::ring_new(max_epochs_ahead, epoch),
        event_blob_certification_state: event_blob::create_with_empty_state(),
        deny_list_sizes: extended_field::new(vec_map::empty(), ctx),
    }
}

/// Moves to the epoch of `new_committee`; returns what was paid for the epoch that ends.
public(package) fun advance_epoch(self: &mut SystemStateInnerV1, new_committee: BlsCommittee): Balance<WAL> {
    let old_epoch = self.epoch();
    let new_epoch = old_epoch + 1;
    assert!(new_committee.epoch() == new_epoch, EIncorrectCommittee);
    self.committee = new_committee;
    let ended = self.future_accounting.ring_pop_expand();
    assert!(ended.epoch() == old_epoch, EInvalidAccountingEpoch);
    self.used_capacity_size = self.future_accounting.ring_lookup(0).used_capacity();
    self.event_blob_certification_state.reset();
    events::emit_epoch_change_start(new_epoch);
    ended.unwrap_balance()
}

// Storage

public(package) fun reserve_space(
    self: &mut SystemStateInnerV1,
    storage_amount: u64,
    epochs_ahead: u32,
    payment: &mut Coin<WAL>,
    ctx: &mut TxContext,
): Storage {
    assert!(epochs_ahead > 0, EInvalidEpochsAhead);
    let start = self.epoch();
    self.reserve(storage_amount, start, start + epochs_ahead, payment, ctx)
}

/// A start in the past counts as now.
public(package) fun reserve_space_for_epochs(
    self: &mut SystemStateInnerV1,
    storage_amount: u64,
    start_epoch: u32,
    end_epoch: u32,
    payment: &mut Coin<WAL>,
    ctx: &mut TxContext,
): Storage {
    let now = self.epoch();
    let start = if (start_epoch < now) now else start_epoch;
    assert!(start < end_epoch, EInvalidStartEpoch);
    self.reserve(storage_amount, start, end_epoch, payment, ctx)
}

fun reserve(
    self: &mut SystemStateInnerV1,
    storage_amount: u64,
    start_epoch: u32,
    end_epoch: u32,
    payment: &mut Coin<WAL>,
    ctx: &mut TxContext,
): Storage {
    assert!(storage_amount > 0, EInvalidResourceSize);
    let now = self.epoch();
    assert!(end_epoch - now <= self.future_accounting.max_epochs_ahead(), EInvalidEpochsAhead);
    self.book(storage_amount, start_epoch - now, end_epoch - now, payment);
    storage_resource::create_storage(start_epoch, end_epoch, storage_amount, ctx)
}

/// Takes payment and capacity for the epochs `now + from .. now + to`.
fun book(
    self: &mut SystemStateInnerV1,
    storage_amount: u64,
    from: u32,
    to: u32,
    payment: &mut Coin<WAL>,
) {
    let per_epoch = units(storage_amount) * self.storage_price_per_unit_size;
    let mut at = from;
    while (at < to) {
        let slot = self.future_accounting.ring_lookup_mut(at);
        slot.rewards_balance().join(payment.balance_mut().split(per_epoch));
        let used = slot.increase_used_capacity(storage_amount);
        assert!(used <= self.total_capacity_size, EStorageExceeded);
        if (at == 0) self.used_capacity_size = used;
        at = at + 1;
    }
}

// Blobs

public(package) fun register_blob(
    self: &mut SystemStateInnerV1,
    storage: Storage,
    blob_id: u256,
    root_hash: u256,
    size: u64,
    encoding_type: u8,
    deletable: bool,
    write_payment: &mut Coin<WAL>,
    ctx: &mut TxContext,
): Blob {
    let n_shards = self.n_shards();
    let blob = blob::new(
        storage,
        blob_id,
        root_hash,
        size,
        encoding_type,
        deletable,
        self.epoch(),
        n_shards,
        ctx,
    );
    self.charge_write(blob.encoded_size(n_shards), write_payment);
    blob
}

fun charge_write(self: &mut SystemStateInnerV1, encoded_size: u64, write_payment: &mut Coin<WAL>) {
    let price = units(encoded_size) * self.write_price_per_unit_size;
    let paid = write_payment.balance_mut().split(price);
    self.future_accounting.ring_lookup_mut(0).rewards_balance().join(paid);
}

public(package) fun certify_blob(
    self: &SystemStateInnerV1,
    blob: &mut Blob,
    signature: vector<u8>,
    signers_bitmap: vector<u8>,
    message: vector<u8>,
) {
    let certified = self.committee.verify_quorum_in_epoch(signature, signers_bitmap, message);
    assert!(certified.cert_epoch() == self.epoch(), EInvalidIdEpoch);
    blob.certify_with_certified_msg(self.epoch(), certified.certify_blob_message())
}

public(package) fun delete_blob(self: &SystemStateInnerV1, blob: Blob): Storage {
    blob.delete(self.epoch())
}

public(package) fun extend_blob_with_resource(
    self: &SystemStateInnerV1,
    blob: &mut Blob,
    extension: Storage,
) {
    blob.extend_with_resource(extension, self.epoch())
}

public(package) fun extend_blob(
    self: &mut SystemStateInnerV1,
    blob: &mut Blob,
    extended_epochs: u32,
    payment: &mut Coin<WAL>,
) {
    blob.assert_certified_not_expired(self.epoch());
    assert!(extended_epochs > 0, EInvalidEpochsAhead);
    let from = blob.end_epoch() - self.epoch();
    let to = from + extended_epochs;
    assert!(to <= self.future_accounting.max_epochs_ahead(), EInvalidEpochsAhead);
    self.book(blob.storage().size(), from, to, payment);
    blob.extend_end_epoch(extended_epochs)
}

public(package) fun invalidate_blob_id(
    self: &SystemStateInnerV1,
    signature: vector<u8>,
    members_bitmap: vector<u8>,
    message: vector<u8>,
): u256 {
    let certified = self
        .committee
        .verify_one_correct_node_in_epoch(signature, members_bitmap, message);
    let epoch = certified.cert_epoch();
    assert!(epoch == self.epoch(), EInvalidIdEpoch);
    let blob_id = certified.invalid_blob_id_message().invalid_blob_id();
    events::emit_invalid_blob_id(epoch, blob_id);
    blob_id
}

// Storage pools

public(package) fun create_storage_pool(
    self: &mut SystemStateInnerV1,
    capacity: u64,
    epochs_ahead: u32,
    payment: &mut Coin<WAL>,
    ctx: &mut TxContext,
): StoragePool {
    let storage = self.reserve_space(capacity, epochs_ahead, payment, ctx);
    storage_pool::new(storage, self.epoch(), ctx)
}

public(package) fun create_storage_pool_with_storage(
    self: &SystemStateInnerV1,
    storage: Storage,
    ctx: &mut TxContext,
): StoragePool {
    storage_pool::new(storage, self.epoch(), ctx)
}

public(package) fun register_pooled_blob(
    self: &mut SystemStateInnerV1,
    pool: &mut StoragePool,
    blob_id: u256,
    root_hash: u256,
    unencoded_size: u64,
    encoding_type: u8,
    deletable: bool,
    write_payment: &mut Coin<WAL>,
    ctx: &mut TxContext,
) {
    let encoded = pool.register_blob(
        blob_id,
        root_hash,
        unencoded_size,
        encoding_type,
        deletable,
        self.epoch(),
        self.n_shards(),
        ctx,
    );
    self.charge_write(encoded, write_payment)
}

public(package) fun certify_pooled_blob(
    self: &SystemStateInnerV1,
    pool: &mut StoragePool,
    blob_id: u256,
    signature: vector<u8>,
    signers_bitmap: vector<u8>,
    message: vector<u8>,
) {
    let certified = self.committee.verify_quorum_in_epoch(signature, signers_bitmap, message);
    assert!(certified.cert_epoch() == self.epoch(), EInvalidIdEpoch);
    pool.certify_blob(blob_id, certified.certify_blob_message(), self.epoch())
}

public(package) fun delete_pooled_blob(
    self: &SystemStateInnerV1,
    pool: &mut StoragePool,
    blob_id: u256,
) {
    pool.delete_blob(blob_id, self.epoch(), self.n_shards())
}

public(package) fun burn_expired_pooled_blob(
    self: &SystemStateInnerV1,
    pool: &mut StoragePool,
    blob_id: u256,
) {
    pool.burn_expired_blob(blob_id, self.epoch(), self.n_shards())
}

public(package) fun extend_storage_pool(
    self: &mut SystemStateInnerV1,
    pool: &mut StoragePool,
    extended_epochs: u32,
    payment: &mut Coin<WAL>,
) {
    pool.assert_not_expired(self.epoch());
    assert!(extended_epochs > 0, EInvalidEpochsAhead);
    let from = pool.end_epoch() - self.epoch();
    let to = from + extended_epochs;
    assert!(to <= self.future_accounting.max_epochs_ahead(), EInvalidEpochsAhead);
    self.book(pool.reserved_encoded_capacity_bytes(), from, to, payment);
    pool.extend_end_epoch(extended_epochs, self.epoch())
}

public(package) fun increase_storage_pool_capacity(
    self: &mut SystemStateInnerV1,
    pool: &mut StoragePool,
    bytes: u64,
    payment: &mut Coin<WAL>,
) {
    pool.assert_not_expired(self.epoch());
    assert!(bytes > 0, EInvalidResourceSize);
    let to = pool.end_epoch() - self.epoch();
    self.book(bytes, 0, to, payment);
    pool.add_capacity(bytes)
}

// Money

/// Adds the coin in equal parts to the next epochs; the first gets the remainder.
public(package) fun add_subsidy(self: &mut SystemStateInnerV1, subsidy: Coin<WAL>, epochs_ahead: u32) {
    assert!(
        epochs_ahead > 0 && epochs_ahead <= self.future_accounting.max_epochs_ahead(),
        EInvalidEpochsAhead,
    );
    let mut balance = subsidy.into_balance();
    let each = balance.value() / (epochs_ahead as u64);
    let mut at = epochs_ahead - 1;
    while (at > 0) {
        self.future_accounting.ring_lookup_mut(at).rewards_balance().join(balance.split(each));
        at = at - 1;
    };
    self.future_accounting.ring_lookup_mut(0).rewards_balance().join(balance);
}

public(package) fun add_per_epoch_subsidies(
    self: &mut SystemStateInnerV1,
    subsidies: vector<Balance<WAL>>,
) {
    let mut rest = subsidies;
    assert!(
        rest.length() <= (self.future_accounting.max_epochs_ahead() as u64),
        EInvalidEpochsAhead,
    );
    while (!rest.is_empty()) {
        let at = (rest.length() - 1) as u32;
        self.future_accounting.ring_lookup_mut(at).rewards_balance().join(rest.pop_back());
    };
    rest.destroy_empty()
}

public(package) fun set_prices(self: &mut SystemStateInnerV1, storage_price: u64, write_price: u64) {
    self.storage_price_per_unit_size = storage_price;
    self.write_price_per_unit_size = write_price;
    events::emit_prices_updated(self.epoch(), storage_price, write_price)
}

public(package) fun set_total_capacity(self: &mut SystemStateInnerV1, total_capacity_size: u64) {
    self.total_capacity_size = total_capacity_size
}

/// Started MiB.
fun units(bytes: u64): u64 {
    if (bytes == 0) 0 else (bytes - 1) / BYTES_PER_UNIT_SIZE + 1
}

// Reads

public(package) fun epoch(self: &SystemStateInnerV1): u32 {
    self.committee.epoch()
}

public(package) fun total_capacity_size(self: &SystemStateInnerV1): u64 {
    self.total_capacity_size
}

public(package) fun used_capacity_size(self: &SystemStateInnerV1): u64 {
    self.used_capacity_size
}

public(package) fun prices(self: &SystemStateInnerV1): (u64, u64) {
    (self.storage_price_per_unit_size, self.write_price_per_unit_size)
}

public(package) fun committee(self: &SystemStateInnerV1): &BlsCommittee {
    &self.committee
}

public(package) fun n_shards(self: &SystemStateInnerV1): u16 {
    self.committee.n_shards()
}

public(package) fun future_accounting(self: &SystemStateInnerV1): &FutureAccountingRingBuffer {
    &self.future_accounting
}
