/// The shared `System` object: entry to everything a storage client calls.
module walrus::system;

use sui::balance::Balance;
use sui::coin::Coin;
use sui::dynamic_field as field;
use wal::wal::WAL;
use walrus::blob::Blob;
use walrus::bls_aggregate::BlsCommittee;
use walrus::storage_accounting::FutureAccountingRingBuffer;
use walrus::storage_pool::StoragePool;
use walrus::storage_resource::Storage;
use walrus::system_state_inner::SystemStateInnerV1;

/// The state is at this version already, or no upgrade was committed.
const EInvalidMigration: u64 = 0;
/// The object belongs to another version of the package.
const EWrongVersion: u64 = 1;
/// The pool has nothing to give up by so much.
const EZeroExtractSize: u64 = 2;

/// Version of the state, and key of the dynamic field that holds it. As deployed.
const VERSION: u64 = 3;

public struct System has key {
    id: UID,
    version: u64,
    package_id: ID,
    new_package_id: Option<ID>,
}

public(package) fun create_and_share(
    package_id: ID,
    inner: SystemStateInnerV1,
    ctx: &mut TxContext,
): ID {
    let mut system = System {
        id: object::new(ctx),
        version: VERSION,
        package_id,
        new_package_id: option::none(),
    };
    let id = object::id(&system);
    field::add(&mut system.id, VERSION, inner);
    transfer::share_object(system);
    id
}

/// A certificate of at least f+1 shards that no content belongs to a blob id.
public fun invalidate_blob_id(
    system: &System,
    signature: vector<u8>,
    members_bitmap: vector<u8>,
    message: vector<u8>,
): u256 {
    system.inner().invalidate_blob_id(signature, members_bitmap, message)
}

/// Buys storage from now on.
public fun reserve_space(
    self: &mut System,
    storage_amount: u64,
    epochs_ahead: u32,
    payment: &mut Coin<WAL>,
    ctx: &mut TxContext,
): Storage {
    self.inner_mut().reserve_space(storage_amount, epochs_ahead, payment, ctx)
}

public fun reserve_space_for_epochs(
    self: &mut System,
    storage_amount: u64,
    start_epoch: u32,
    end_epoch: u32,
    payment: &mut Coin<WAL>,
    ctx: &mut TxContext,
): Storage {
    self.inner_mut().reserve_space_for_epochs(storage_amount, start_epoch, end_epoch, payment, ctx)
}

public fun register_blob(
    self: &mut System,
    storage: Storage,
    blob_id: u256,
    root_hash: u256,
    size: u64,
    encoding_type: u8,
    deletable: bool,
    write_payment: &mut Coin<WAL>,
    ctx: &mut TxContext,
): Blob {
    self
        .inner_mut()
        .register_blob(
            storage,
            blob_id,
            root_hash,
            size,
            encoding_type,
            deletable,
            write_payment,
            ctx,
        )
}

public fun certify_blob(
    self: &System,
    blob: &mut Blob,
    signature: vector<u8>,
    signers_bitmap: vector<u8>,
    message: vector<u8>,
) {
    self.inner().certify_blob(blob, signature, signers_bitmap, message)
}

public fun delete_blob(self: &System, blob: Blob): Storage {
    self.inner().delete_blob(blob)
}

public fun extend_blob_with_resource(self: &System, blob: &mut Blob, extension: Storage) {
    self.inner().extend_blob_with_resource(blob, extension)
}

public fun extend_blob(
    self: &mut System,
    blob: &mut Blob,
    extended_epochs: u32,
    payment: &mut Coin<WAL>,
) {
    self.inner_mut().extend_blob(blob, extended_epochs, payment)
}

// Storage pools

/// Buys storage from now on, for a pool of blobs.
public fun create_storage_pool(
    self: &mut System,
    reserved_encoded_capacity_bytes: u64,
    epochs_ahead: u32,
    payment: &mut Coin<WAL>,
    ctx: &mut TxContext,
): StoragePool {
    self
        .inner_mut()
        .create_storage_pool(reserved_encoded_capacity_bytes, epochs_ahead, payment, ctx)
}

public fun create_storage_pool_with_storage(
    self: &System,
    storage: Storage,
    ctx: &mut TxContext,
): StoragePool {
    self.inner().create_storage_pool_with_storage(storage, ctx)
}

/// Only the write price: the pool has paid for the space. One entry per blob id.
public fun register_pooled_blob(
    self: &mut System,
    storage_pool: &mut StoragePool,
    blob_id: u256,
    root_hash: u256,
    unencoded_size: u64,
    encoding_type: u8,
    deletable: bool,
    write_payment: &mut Coin<WAL>,
    ctx: &mut TxContext,
) {
    self
        .inner_mut()
        .register_pooled_blob(
            storage_pool,
            blob_id,
            root_hash,
            unencoded_size,
            encoding_type,
            deletable,
            write_payment,
            ctx,
        )
}

public fun certify_pooled_blob(
    self: &System,
    storage_pool: &mut StoragePool,
    blob_id: u256,
    signature: vector<u8>,
    signers_bitmap: vector<u8>,
    message: vector<u8>,
) {
    self.inner().certify_pooled_blob(storage_pool, blob_id, signature, signers_bitmap, message)
}

public fun delete_pooled_blob(self: &System, storage_pool: &mut StoragePool, blob_id: u256) {
    self.inner().delete_pooled_blob(storage_pool, blob_id)
}

public fun burn_expired_pooled_blob(self: &System, storage_pool: &mut StoragePool, blob_id: u256) {
    self.inner().burn_expired_pooled_blob(storage_pool, blob_id)
}

/// Extends every blob of the pool.
public fun extend_storage_pool(
    self: &mut System,
    storage_pool: &mut StoragePool,
    extended_epochs: u32,
    payment: &mut Coin<WAL>,
) {
    self.inner_mut().extend_storage_pool(storage_pool, extended_epochs, payment)
}

/// More space for the epochs that are left.
public fun increase_storage_pool_capacity(
    self: &mut System,
    storage_pool: &mut StoragePool,
    additional_encoded_capacity_bytes: u64,
    payment: &mut Coin<WAL>,
) {
    self
        .inner_mut()
        .increase_storage_pool_capacity(storage_pool, additional_encoded_capacity_bytes, payment)
}

public fun increase_storage_pool_capacity_with_storage(
    self: &System,
    storage_pool: &mut StoragePool,
    storage: Storage,
) {
    storage_pool.add_storage(storage, self.inner().epoch())
}

public fun decrease_storage_pool_capacity_by_size(
    self: &System,
    storage_pool: &mut StoragePool,
    size: u64,
    ctx: &mut TxContext,
): Storage {
    assert!(size > 0, EZeroExtractSize);
    storage_pool.extract(size, self.inner().epoch(), ctx)
}

public fun decrease_storage_pool_unused_capacity_by_percent(
    self: &System,
    storage_pool: &mut StoragePool,
    percent: u8,
    ctx: &mut TxContext,
): Storage {
    let size = storage_pool.percent_of_unused(percent);
    assert!(size > 0, EZeroExtractSize);
    storage_pool.extract(size, self.inner().epoch(), ctx)
}

// Money

public fun add_subsidy(system: &mut System, subsidy: Coin<WAL>, epochs_ahead: u32) {
    system.inner_mut().add_subsidy(subsidy, epochs_ahead)
}

/// One balance for each of the next epochs.
public fun add_per_epoch_subsidies(system: &mut System, subsidies: vector<Balance<WAL>>) {
    system.inner_mut().add_per_epoch_subsidies(subsidies)
}

// Reads

public fun epoch(self: &System): u32 {
    self.inner().epoch()
}

public fun total_capacity_size(self: &System): u64 {
    self.inner().total_capacity_size()
}

public fun used_capacity_size(self: &System): u64 {
    self.inner().used_capacity_size()
}

public fun n_shards(self: &System): u16 {
    self.inner().n_shards()
}

public fun future_accounting(self: &System): &FutureAccountingRingBuffer {
    self.inner().future_accounting()
}

public fun version(system: &System): u64 {
    system.version
}

public(package) fun committee(self: &System): &BlsCommittee {
    self.inner().committee()
}

/// Storage price, write price.
public(package) fun prices(self: &System): (u64, u64) {
    self.inner().prices()
}

public(package) fun package_id(system: &System): ID {
    system.package_id
}

// Changes that staking and administration make

public(package) fun advance_epoch(self: &mut System, new_committee: BlsCommittee): Balance<WAL> {
    self.inner_mut().advance_epoch(new_committee)
}

public(package) fun set_prices(self: &mut System, storage_price: u64, write_price: u64) {
    self.inner_mut().set_prices(storage_price, write_price)
}

public(package) fun set_total_capacity(self: &mut System, total_capacity_size: u64) {
    self.inner_mut().set_total_capacity(total_capacity_size)
}

/// What the next version of the package will be; the state moves there with `migrate`.
public(package) fun set_new_package_id(self: &mut System, new_package_id: ID) {
    self.new_package_id = option::some(new_package_id)
}

/// Moves the state to the version of this package.
public(package) fun migrate(self: &mut System) {
    assert!(self.version < VERSION && self.new_package_id.is_some(), EInvalidMigration);
    let inner: SystemStateInnerV1 = field::remove(&mut self.id, self.version);
    field::add(&mut self.id, VERSION, inner);
    self.version = VERSION;
    self.package_id = self.new_package_id.extract()
}

fun inner(system: &System): &SystemStateInnerV1 {
    assert!(system.version == VERSION, EWrongVersion);
    field::borrow(&system.id, VERSION)
}

fun inner_mut(system: &mut System): &mut SystemStateInnerV1 {
    assert!(system.version == VERSION, EWrongVersion);
    field::borrow_mut(&mut system.id, VERSION)
}

#[test_only]
/// As if a newer package had taken over.
public fun set_version_for_testing(self: &mut System, version: u64) {
    self.version = version
}

#[test_only]
/// As the object was under an older package.
public fun downgrade_for_testing(self: &mut System, version: u64) {
    let inner: SystemStateInnerV1 = field::remove(&mut self.id, self.version);
    field::add(&mut self.id, version, inner);
    self.version = version
}
