/// State and rules of staking: the nodes, the committee, the epoch.
module walrus::staking_inner;

use std::string::String;
use sui::balance::Balance;
use sui::bls12381::UncompressedG1;
use sui::clock::Clock;
use sui::coin::Coin;
use sui::group_ops::Element;
use sui::object_table::{Self, ObjectTable};
use sui::vec_map::{Self, VecMap};
use wal::wal::WAL;
use walrus::active_set::{Self, ActiveSet};
use walrus::auth::Authenticated;
use walrus::bls_aggregate::{Self, BlsCommittee};
use walrus::committee::{Self, Committee};
use walrus::epoch_parameters::EpochParams;
use walrus::events;
use walrus::extended_field::{Self, ExtendedField};
use walrus::node_metadata::NodeMetadata;
use walrus::staked_wal::StakedWal;
use walrus::staking_pool::StakingPool;

/// There is no node with this id.
const EPoolNotFound: u64 = 8;

const MAX_ACTIVE_NODES: u16 = 1000;

public enum EpochState has copy, drop, store {
    /// Nodes are taking over shards; the weight that is done.
    EpochChangeSync(u16),
    /// Since when (ms) all is in place.
    EpochChangeDone(u64),
    /// The next committee is chosen; start (ms) of the current epoch.
    NextParamsSelected(u64),
}

public struct StakingInnerV1 has store {
    n_shards: u16,
    epoch_duration: u64,
    first_epoch_start: u64,
    pools: ObjectTable<ID, StakingPool>,
    epoch: u32,
    active_set: ExtendedField<ActiveSet>,
    next_committee: Option<Committee>,
    committee: Committee,
    previous_committee: Committee,
    next_epoch_params: Option<EpochParams>,
    epoch_state: EpochState,
    next_epoch_public_keys: ExtendedField<VecMap<ID, Element<UncompressedG1>>>,
}

/// Nodes and shards as given, sorted by node id.
public(package) fun new(
    n_shards: u16,
    epoch_duration: u64,
    epoch: u32,
    pools: vector<StakingPool>,
    shards: vector<vector<u16>>,
    clock: &Clock,
    ctx: &mut TxContext,
): StakingInnerV1 {
    let mut table = object_table::new(ctx);
    let mut active = active_set::new(MAX_ACTIVE_NODES, 0);
    let mut nodes = vector[];
    let mut rest = pools;
    rest.reverse();
    while (!rest.is_empty()) {
        let pool = rest.pop_back();
        let node_id = object::id(&pool);
        nodes.push_back(node_id);
        active.insert(node_id, pool.wal_balance());
        table.add(node_id, pool);
    };
    rest.destroy_empty();
    let now = clock.timestamp_ms();
    StakingInnerV1 {
        n_shards,
        epoch_duration,
        first_epoch_start: now,
        pools: table,
        epoch,
        active_set: extended_field::new(active, ctx),
        next_committee: option::none(),
        committee: committee::new(nodes, shards, n_shards),
        previous_committee: committee::empty(),
        next_epoch_params: option::none(),
        epoch_state: EpochState::EpochChangeDone(now),
        next_epoch_public_keys: extended_field::new(vec_map::empty(), ctx),
    }
}

/// Pays `rewards` to the committee by number of shards (what does not divide goes to the last node) and enters the
/// next epoch with the same committee.
public(package) fun advance_epoch(self: &mut StakingInnerV1, rewards: Balance<WAL>, clock: &Clock) {
    let mut left = rewards;
    let total = left.value();
    let epoch = self.epoch + 1;
    let nodes = self.committee.node_ids();
    let n = nodes.length();
    let mut at = 0;
    while (at < n) {
        let weight = self.committee.shards(&nodes[at]).length();
        let share = (((total as u128) * (weight as u128)) / (self.n_shards as u128)) as u64;
        let part = if (at + 1 == n) left.withdraw_all() else left.split(share);
        self.pools.borrow_mut(nodes[at]).advance_epoch(part, epoch);
        at = at + 1;
    };
    left.destroy_zero();
    self.previous_committee = self.committee;
    self.epoch = epoch;
    self.epoch_state = EpochState::EpochChangeDone(clock.timestamp_ms());
    events::emit_epoch_change_done(epoch)
}

/// The committee as the system needs it: keys and weights.
public(package) fun bls_committee(self: &StakingInnerV1): BlsCommittee {
    let nodes = self.committee.node_ids();
    let n = nodes.length();
    let mut members = vector[];
    let mut at = 0;
    while (at < n) {
        let node_id = nodes[at];
        let key = *self.pools.borrow(node_id).node_info().public_key();
        let weight = self.committee.shards(&node_id).length() as u16;
        members.push_back(bls_aggregate::new_bls_committee_member(key, weight, node_id));
        at = at + 1;
    };
    bls_aggregate::new_bls_committee(self.epoch, members)
}

// Stake

public(package) fun stake_with_pool(
    self: &mut StakingInnerV1,
    to_stake: Coin<WAL>,
    node_id: ID,
    ctx: &mut TxContext,
): StakedWal {
    let activation_epoch = self.epoch + 1;
    self.pool_mut(node_id).stake(to_stake.into_balance(), activation_epoch, ctx)
}

public(package) fun request_withdraw_stake(self: &mut StakingInnerV1, staked: &mut StakedWal) {
    let epoch = self.epoch;
    self.pool_mut(staked.node_id()).request_withdraw_stake(staked, epoch)
}

public(package) fun withdraw_stake(
    self: &mut StakingInnerV1,
    staked: StakedWal,
    ctx: &mut TxContext,
): Coin<WAL> {
    let epoch = self.epoch;
    let node_id = staked.node_id();
    self.pool_mut(node_id).withdraw_stake(staked, epoch).into_coin(ctx)
}

public(package) fun collect_commission(
    self: &mut StakingInnerV1,
    node_id: ID,
    by: Authenticated,
    ctx: &mut TxContext,
): Coin<WAL> {
    self.pool_mut(node_id).collect_commission(by).into_coin(ctx)
}

use fun sui::coin::from_balance as Balance.into_coin;

// Settings and reads

public(package) fun set_network_address(self: &mut StakingInnerV1, node_id: ID, network_address: String) {
    self.pool_mut(node_id).set_network_address(network_address)
}

public(package) fun epoch(self: &StakingInnerV1): u32 {
    self.epoch
}

public(package) fun committee(self: &StakingInnerV1): &Committee {
    &self.committee
}

public(package) fun previous_committee(self: &StakingInnerV1): &Committee {
    &self.previous_committee
}

public(package) fun node_metadata(self: &StakingInnerV1, node_id: ID): NodeMetadata {
    self.pool(node_id).node_info().metadata()
}

public(package) fun pool(self: &StakingInnerV1, node_id: ID): &StakingPool {
    assert!(self.pools.contains(node_id), EPoolNotFound);
    self.pools.borrow(node_id)
}

fun pool_mut(self: &mut StakingInnerV1, node_id: ID): &mut StakingPool {
    assert!(self.pools.contains(node_id), EPoolNotFound);
    self.pools.borrow_mut(node_id)
}
