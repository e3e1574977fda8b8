/// One node: its votes, its address and keys, its stake. The object id is the node id.
module walrus::staking_pool;

use std::string::String;
use sui::bag::{Self, Bag};
use sui::balance::{Self, Balance};
use sui::table::{Self, Table};
use wal::wal::WAL;
use walrus::auth::{Self, Authenticated, Authorized};
use walrus::node_metadata;
use walrus::pending_values::{Self, PendingValues};
use walrus::pool_exchange_rate::{Self, PoolExchangeRate};
use walrus::staked_wal::{Self, StakedWal};
use walrus::storage_node::{Self, StorageNodeInfo};

/// The stake belongs to another node.
const EIncorrectPoolId: u64 = 9;
/// The withdrawal was not asked for.
const ENotWithdrawing: u64 = 10;
/// The withdrawal is for a later epoch.
const EWithdrawEpochNotReached: u64 = 11;
/// The stake does not count yet, so it can be taken back at once.
const EWithdrawDirectly: u64 = 13;
/// The caller is not who may act for the node.
const EAuthorizationFailure: u64 = 15;
/// The network address is empty or longer than 259 bytes.
const EInvalidNetworkAddressLength: u64 = 16;
/// The name is longer than 100 bytes.
const EInvalidNameLength: u64 = 17;

const MAX_NAME_BYTES: u64 = 100;
const MAX_ADDRESS_BYTES: u64 = 259;
/// Basis points: the operator gets all rewards.
const COMMISSION_RATE: u16 = 10_000;

public enum PoolState has copy, drop, store {
    Active,
    Withdrawing(u32),
    Withdrawn,
}

public struct VotingParams has copy, drop, store {
    storage_price: u64,
    write_price: u64,
    node_capacity: u64,
}

public struct StakingPool has key, store {
    id: UID,
    state: PoolState,
    voting_params: VotingParams,
    node_info: StorageNodeInfo,
    activation_epoch: u32,
    latest_epoch: u32,
    wal_balance: u64,
    num_shares: u64,
    pending_shares_withdraw: PendingValues,
    pre_active_withdrawals: PendingValues,
    pending_commission_rate: PendingValues,
    commission_rate: u16,
    exchange_rates: Table<u32, PoolExchangeRate>,
    pending_stake: PendingValues,
    rewards_pool: Balance<WAL>,
    commission: Balance<WAL>,
    commission_receiver: Authorized,
    governance_authorized: Authorized,
    extra_fields: Bag,
}

public(package) fun new(
    name: String,
    network_address: String,
    public_key: vector<u8>,
    network_public_key: vector<u8>,
    storage_price: u64,
    write_price: u64,
    node_capacity: u64,
    epoch: u32,
    ctx: &mut TxContext,
): StakingPool {
    assert!(name.length() <= MAX_NAME_BYTES, EInvalidNameLength);
    assert_address(&network_address);
    let id = object::new(ctx);
    let node_id = id.to_inner();
    let node_info = storage_node::new(
        name,
        node_id,
        network_address,
        public_key,
        network_public_key,
        node_metadata::default(),
        ctx,
    );
    let mut exchange_rates = table::new(ctx);
    exchange_rates.add(epoch, pool_exchange_rate::flat());
    StakingPool {
        id,
        state: PoolState::Active,
        voting_params: VotingParams { storage_price, write_price, node_capacity },
        node_info,
        activation_epoch: epoch,
        latest_epoch: epoch,
        wal_balance: 0,
        num_shares: 0,
        pending_shares_withdraw: pending_values::empty(),
        pre_active_withdrawals: pending_values::empty(),
        pending_commission_rate: pending_values::empty(),
        commission_rate: COMMISSION_RATE,
        exchange_rates,
        pending_stake: pending_values::empty(),
        rewards_pool: balance::zero(),
        commission: balance::zero(),
        commission_receiver: auth::authorized_address(ctx.sender()),
        governance_authorized: auth::authorized_address(ctx.sender()),
        extra_fields: bag::new(ctx),
    }
}

public(package) fun advance_epoch(pool: &mut StakingPool, rewards: Balance<WAL>, epoch: u32) {
    pool.commission.join(rewards);
    pool.latest_epoch = epoch
}

// Stake. Rewards go to the operator, so a stake is worth its principal.

public(package) fun stake(
    pool: &mut StakingPool,
    to_stake: Balance<WAL>,
    activation_epoch: u32,
    ctx: &mut TxContext,
): StakedWal {
    pool.wal_balance = pool.wal_balance + to_stake.value();
    pool.num_shares = pool.num_shares + to_stake.value();
    staked_wal::mint(pool.id.to_inner(), to_stake, activation_epoch, ctx)
}

public(package) fun request_withdraw_stake(
    pool: &StakingPool,
    staked: &mut StakedWal,
    epoch: u32,
) {
    assert!(staked.node_id() == pool.id.to_inner(), EIncorrectPoolId);
    assert!(staked.activation_epoch() <= epoch, EWithdrawDirectly);
    staked.set_withdrawing(epoch + 1)
}

public(package) fun withdraw_stake(pool: &mut StakingPool, staked: StakedWal, epoch: u32): Balance<WAL> {
    assert!(staked.node_id() == pool.id.to_inner(), EIncorrectPoolId);
    if (staked.activation_epoch() <= epoch) {
        assert!(staked.is_withdrawing(), ENotWithdrawing);
        assert!(staked.withdraw_epoch() <= epoch, EWithdrawEpochNotReached)
    };
    pool.wal_balance = pool.wal_balance - staked.value();
    pool.num_shares = pool.num_shares - staked.value();
    staked.into_balance()
}

public(package) fun collect_commission(pool: &mut StakingPool, by: Authenticated): Balance<WAL> {
    assert!(by.matches(&pool.commission_receiver), EAuthorizationFailure);
    pool.commission.withdraw_all()
}

// Settings and reads

public(package) fun set_network_address(pool: &mut StakingPool, network_address: String) {
    assert_address(&network_address);
    pool.node_info.set_network_address(network_address)
}

public(package) fun set_storage_price_vote(pool: &mut StakingPool, storage_price: u64) {
    pool.voting_params.storage_price = storage_price
}

public(package) fun set_write_price_vote(pool: &mut StakingPool, write_price: u64) {
    pool.voting_params.write_price = write_price
}

public(package) fun set_node_capacity_vote(pool: &mut StakingPool, node_capacity: u64) {
    pool.voting_params.node_capacity = node_capacity
}

/// Storage price, write price, capacity.
public(package) fun votes(pool: &StakingPool): (u64, u64, u64) {
    let VotingParams { storage_price, write_price, node_capacity } = pool.voting_params;
    (storage_price, write_price, node_capacity)
}

public(package) fun node_info(pool: &StakingPool): &StorageNodeInfo {
    &pool.node_info
}

public(package) fun wal_balance(pool: &StakingPool): u64 {
    pool.wal_balance
}

public(package) fun commission(pool: &StakingPool): u64 {
    pool.commission.value()
}

fun assert_address(network_address: &String) {
    let n = network_address.length();
    assert!(n > 0 && n <= MAX_ADDRESS_BYTES, EInvalidNetworkAddressLength)
}
