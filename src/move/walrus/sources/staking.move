/// The shared `Staking` object. The local network has a committee given at genesis; stake does not change it.
module walrus::staking;

use std::string::String;
use sui::balance::Balance;
use sui::clock::Clock;
use sui::coin::Coin;
use sui::dynamic_field as field;
use wal::wal::WAL;
use walrus::auth::Authenticated;
use walrus::bls_aggregate::BlsCommittee;
use walrus::committee::Committee;
use walrus::node_metadata::NodeMetadata;
use walrus::staked_wal::StakedWal;
use walrus::staking_inner::StakingInnerV1;
use walrus::staking_pool::StakingPool;
use walrus::storage_node::StorageNodeCap;
use walrus::system::System;

/// The state is at this version already, or no upgrade was committed.
const EInvalidMigration: u64 = 0;
/// The object belongs to another version of the package.
const EWrongVersion: u64 = 1;

/// Version of the state, and key of the dynamic field that holds it. As deployed.
const VERSION: u64 = 3;

public struct Staking has key {
    id: UID,
    version: u64,
    package_id: ID,
    new_package_id: Option<ID>,
}

public(package) fun create_and_share(
    package_id: ID,
    inner: StakingInnerV1,
    ctx: &mut TxContext,
): ID {
    let mut staking = Staking {
        id: object::new(ctx),
        version: VERSION,
        package_id,
        new_package_id: option::none(),
    };
    let id = object::id(&staking);
    field::add(&mut staking.id, VERSION, inner);
    transfer::share_object(staking);
    id
}

/// At least 1 WAL; counts from the next epoch.
public fun stake_with_pool(
    staking: &mut Staking,
    to_stake: Coin<WAL>,
    node_id: ID,
    ctx: &mut TxContext,
): StakedWal {
    staking.inner_mut().stake_with_pool(to_stake, node_id, ctx)
}

public fun request_withdraw_stake(
    staking: &mut Staking,
    staked_wal: &mut StakedWal,
    _ctx: &mut TxContext,
) {
    staking.inner_mut().request_withdraw_stake(staked_wal)
}

public fun withdraw_stake(
    staking: &mut Staking,
    staked_wal: StakedWal,
    ctx: &mut TxContext,
): Coin<WAL> {
    staking.inner_mut().withdraw_stake(staked_wal, ctx)
}

public fun collect_commission(
    staking: &mut Staking,
    node_id: ID,
    auth: Authenticated,
    ctx: &mut TxContext,
): Coin<WAL> {
    staking.inner_mut().collect_commission(node_id, auth, ctx)
}

// Votes of nodes: prices count as soon as anyone calls `update_prices`

/// FROST per MiB and epoch.
public fun set_storage_price_vote(self: &mut Staking, cap: &StorageNodeCap, storage_price: u64) {
    self.inner_mut().set_storage_price_vote(cap, storage_price)
}

/// FROST per MiB.
public fun set_write_price_vote(self: &mut Staking, cap: &StorageNodeCap, write_price: u64) {
    self.inner_mut().set_write_price_vote(cap, write_price)
}

/// Bytes that the node can store.
public fun set_node_capacity_vote(self: &mut Staking, cap: &StorageNodeCap, node_capacity: u64) {
    self.inner_mut().set_node_capacity_vote(cap, node_capacity)
}

/// Takes the votes of the committee as prices, at once.
public fun update_prices(self: &mut Staking, system: &mut System) {
    let (storage_price, write_price) = self.inner().voted_prices();
    system.set_prices(storage_price, write_price)
}

/// A node has all its shards of the epoch; at two thirds of the shards the epoch change is done.
public fun epoch_sync_done(
    staking: &mut Staking,
    cap: &mut StorageNodeCap,
    epoch: u32,
    clock: &Clock,
) {
    staking.inner_mut().epoch_sync_done(cap, epoch, clock)
}

// Reads

public fun epoch(staking: &Staking): u32 {
    staking.inner().epoch()
}

public fun committee(staking: &Staking): &Committee {
    staking.inner().committee()
}

public fun previous_committee(staking: &Staking): &Committee {
    staking.inner().previous_committee()
}

public fun node_metadata(self: &Staking, node_id: ID): NodeMetadata {
    self.inner().node_metadata(node_id)
}

// Changes that administration makes

public(package) fun advance_epoch(self: &mut Staking, rewards: Balance<WAL>, clock: &Clock) {
    self.inner_mut().advance_epoch(rewards, clock)
}

public(package) fun add_pool(self: &mut Staking, pool: StakingPool) {
    self.inner_mut().add_pool(pool)
}

public(package) fun select_committee(
    self: &mut Staking,
    nodes: vector<ID>,
    shards: vector<vector<u16>>,
    capacity: u64,
) {
    self.inner_mut().select_committee(nodes, shards, capacity)
}

/// The committee that is selected, for the next epoch; and the capacity then.
public(package) fun next_bls_committee(self: &Staking): (BlsCommittee, u64) {
    self.inner().next_bls_committee()
}

public(package) fun change_epoch(self: &mut Staking, rewards: Balance<WAL>) {
    self.inner_mut().change_epoch(rewards)
}

public(package) fun finish_epoch_change(self: &mut Staking, clock: &Clock) {
    self.inner_mut().finish_epoch_change(clock)
}

public(package) fun voted_capacity(self: &Staking): u64 {
    self.inner().voted_capacity()
}

/// What the next version of the package will be; the state moves there with `migrate`.
public(package) fun set_new_package_id(self: &mut Staking, new_package_id: ID) {
    self.new_package_id = option::some(new_package_id)
}

/// Moves the state to the version of this package.
public(package) fun migrate(self: &mut Staking) {
    assert!(self.version < VERSION && self.new_package_id.is_some(), EInvalidMigration);
    let inner: StakingInnerV1 = field::remove(&mut self.id, self.version);
    field::add(&mut self.id, VERSION, inner);
    self.version = VERSION;
    self.package_id = self.new_package_id.extract()
}

public(package) fun bls_committee(self: &Staking): BlsCommittee {
    self.inner().bls_committee()
}

public(package) fun set_network_address(self: &mut Staking, node_id: ID, network_address: String) {
    self.inner_mut().set_network_address(node_id, network_address)
}

fun inner(staking: &Staking): &StakingInnerV1 {
    assert!(staking.version == VERSION, EWrongVersion);
    field::borrow(&staking.id, VERSION)
}

fun inner_mut(staking: &mut Staking): &mut StakingInnerV1 {
    assert!(staking.version == VERSION, EWrongVersion);
    field::borrow_mut(&mut staking.id, VERSION)
}

#[test_only]
/// As if a newer package had taken over.
public fun set_version_for_testing(self: &mut Staking, version: u64) {
    self.version = version
}

#[test_only]
public fun commission_for_testing(self: &Staking, node_id: ID): u64 {
    self.inner().pool(node_id).commission()
}

#[test_only]
/// As the object was under an older package.
public fun downgrade_for_testing(self: &mut Staking, version: u64) {
    let inner: StakingInnerV1 = field::remove(&mut self.id, self.version);
    field::add(&mut self.id, version, inner);
    self.version = version
}

#[test_only]
/// Variant of the epoch state, and the number in it.
public fun epoch_state_for_testing(self: &Staking): (u8, u64) {
    self.inner().epoch_state_for_testing()
}

#[test_only]
public fun pool_for_testing(self: &Staking, node_id: ID): &StakingPool {
    self.inner().pool(node_id)
}
