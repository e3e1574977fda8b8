/// The shared `System` object: entry to everything a storage client calls.
module walrus::system;

use sui::balance::Balance;
use sui::coin::Coin;
use sui::dynamic_field as field;
use wal::wal::WAL;
use walrus::blob::Blob;
use walrus::bls_aggregate::BlsCommittee;
use walrus::storage_accounting::FutureAccountingRingBuffer;
use walrus::storage_resource::Storage;
use walrus::system_state_inner::SystemStateInnerV1;

/// The object belongs to another version of the package.
const EWrongVersion: u64 = 1;

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
