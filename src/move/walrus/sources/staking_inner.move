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
use walrus::epoch_parameters::{Self, EpochParams};
use walrus::events;
use walrus::extended_field::{Self, ExtendedField};
use walrus::node_metadata::NodeMetadata;
use walrus::staked_wal::StakedWal;
use walrus::staking_pool::StakingPool;
use walrus::storage_node::StorageNodeCap;

/// The epoch change is not at the point where this is done.
const EWrongEpochState: u64 = 0;
/// The node reports another epoch than the current one.
const EInvalidSyncEpoch: u64 = 1;
/// The node has reported this epoch already.
const EDuplicateSyncDone: u64 = 2;
/// The node has no shards in this epoch.
const ENotInCommittee: u64 = 4;
/// The next committee is selected, so the epoch changes with it only.
const ECommitteeSelected: u64 = 5;
/// No committee is selected.
const ENextCommitteeIsEmpty: u64 = 6;
/// There is no node with this id.
const EPoolNotFound: u64 = 8;

/// A node of a committee has no shard.
const EZeroNodeWeight: u64 = 9;

const MAX_ACTIVE_NODES: u16 = 1000;
/// Prices are voted on at any time, so the parameters of an epoch have none.
const NO_PRICE: u64 = 18_446_744_073_709_551_615;

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
    assert!(self.next_committee.is_none(), ECommitteeSelected);
    self.pay(rewards);
    self.previous_committee = self.committee;
    self.epoch = self.epoch + 1;
    self.epoch_state = EpochState::EpochChangeDone(clock.timestamp_ms());
    events::emit_epoch_change_done(self.epoch)
}

/// To the committee of the epoch that ends.
fun pay(self: &mut StakingInnerV1, rewards: Balance<WAL>) {
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
    left.destroy_zero()
}

// Change of the committee

/// Chooses the next committee. `nodes` sorted by id; `shards[i]` goes to `nodes[i]`.
public(package) fun select_committee(
    self: &mut StakingInnerV1,
    nodes: vector<ID>,
    shards: vector<vector<u16>>,
    capacity: u64,
) {
    assert!(self.next_committee.is_none(), ECommitteeSelected);
    let since = match (&self.epoch_state) {
        EpochState::EpochChangeDone(since) => *since,
        _ => abort EWrongEpochState,
    };
    let n = nodes.length();
    let mut at = 0;
    while (at < n) {
        assert!(self.pools.contains(nodes[at]), EPoolNotFound);
        assert!(shards[at].length() > 0, EZeroNodeWeight);
        at = at + 1;
    };
    self.next_committee.fill(committee::new(nodes, shards, self.n_shards));
    self.next_epoch_params.fill(epoch_parameters::new(capacity, NO_PRICE, NO_PRICE));
    self.epoch_state = EpochState::NextParamsSelected(since);
    events::emit_epoch_parameters_selected(self.epoch + 1)
}

public(package) fun next_bls_committee(self: &StakingInnerV1): (BlsCommittee, u64) {
    assert!(self.next_committee.is_some(), ENextCommitteeIsEmpty);
    let members = self.bls_committee_of(self.next_committee.borrow(), self.epoch + 1);
    (members, self.next_epoch_params.borrow().capacity())
}

/// Pays the committee and enters the next epoch with the one that was selected. Shards move now: nodes report with
/// `epoch_sync_done`.
public(package) fun change_epoch(self: &mut StakingInnerV1, rewards: Balance<WAL>) {
    assert!(self.next_committee.is_some(), ENextCommitteeIsEmpty);
    self.pay(rewards);
    self.next_epoch_params.extract();
    self.previous_committee = self.committee;
    self.committee = self.next_committee.extract();
    self.epoch = self.epoch + 1;
    self.epoch_state = EpochState::EpochChangeSync(0)
}

public(package) fun epoch_sync_done(
    self: &mut StakingInnerV1,
    cap: &mut StorageNodeCap,
    epoch: u32,
    clock: &Clock,
) {
    assert!(epoch == self.epoch, EInvalidSyncEpoch);
    assert!(cap.last_epoch_sync_done() < epoch, EDuplicateSyncDone);
    let node_id = cap.node_id();
    assert!(self.committee.contains(&node_id), ENotInCommittee);
    cap.set_last_epoch_sync_done(epoch);
    let shards = *self.committee.shards(&node_id);
    let synced = match (&self.epoch_state) {
        EpochState::EpochChangeSync(weight) => option::some(*weight + (shards.length() as u16)),
        // Late nodes report after the quorum has.
        _ => option::none(),
    };
    events::emit_shards_received(epoch, shards);
    if (synced.is_none()) return;
    let weight = synced.destroy_some();
    if (bls_aggregate::is_quorum(weight, self.n_shards)) {
        self.epoch_state = EpochState::EpochChangeDone(clock.timestamp_ms());
        events::emit_epoch_change_done(epoch)
    } else {
        self.epoch_state = EpochState::EpochChangeSync(weight)
    }
}

/// Without waiting for the nodes.
public(package) fun finish_epoch_change(self: &mut StakingInnerV1, clock: &Clock) {
    match (&self.epoch_state) {
        EpochState::EpochChangeSync(_) => (),
        _ => abort EWrongEpochState,
    };
    self.epoch_state = EpochState::EpochChangeDone(clock.timestamp_ms());
    events::emit_epoch_change_done(self.epoch)
}

public(package) fun add_pool(self: &mut StakingInnerV1, pool: StakingPool) {
    let node_id = object::id(&pool);
    self.active_set.borrow_mut().insert(node_id, pool.wal_balance());
    self.pools.add(node_id, pool)
}

// Votes

public(package) fun set_storage_price_vote(
    self: &mut StakingInnerV1,
    cap: &StorageNodeCap,
    storage_price: u64,
) {
    self.pool_mut(cap.node_id()).set_storage_price_vote(storage_price)
}

public(package) fun set_write_price_vote(
    self: &mut StakingInnerV1,
    cap: &StorageNodeCap,
    write_price: u64,
) {
    self.pool_mut(cap.node_id()).set_write_price_vote(write_price)
}

public(package) fun set_node_capacity_vote(
    self: &mut StakingInnerV1,
    cap: &StorageNodeCap,
    node_capacity: u64,
) {
    self.pool_mut(cap.node_id()).set_node_capacity_vote(node_capacity)
}

/// Storage and write price: each the lowest that two thirds of the shards vote for, or for less.
public(package) fun voted_prices(self: &StakingInnerV1): (u64, u64) {
    let nodes = self.committee.node_ids();
    let n = nodes.length();
    let mut storage_votes = vector[];
    let mut write_votes = vector[];
    let mut weights = vector[];
    let mut at = 0;
    while (at < n) {
        let (storage_price, write_price, _) = self.pools.borrow(nodes[at]).votes();
        storage_votes.push_back(storage_price);
        write_votes.push_back(write_price);
        weights.push_back(self.committee.shards(&nodes[at]).length() as u16);
        at = at + 1;
    };
    (
        quorum_below(&storage_votes, &weights, self.n_shards),
        quorum_below(&write_votes, &weights, self.n_shards),
    )
}

/// The highest capacity that two thirds of the shards support. A node votes for itself; its share of the shards says
/// what that means for all.
public(package) fun voted_capacity(self: &StakingInnerV1): u64 {
    let nodes = self.committee.node_ids();
    let n = nodes.length();
    let mut shortfalls = vector[];
    let mut weights = vector[];
    let mut at = 0;
    while (at < n) {
        let (_, _, capacity) = self.pools.borrow(nodes[at]).votes();
        let weight = self.committee.shards(&nodes[at]).length();
        let total = ((capacity as u128) * (self.n_shards as u128)) / (weight as u128);
        // Counted down from the top, the highest becomes the lowest.
        let capped = if (total > (NO_PRICE as u128)) NO_PRICE else total as u64;
        shortfalls.push_back(NO_PRICE - capped);
        weights.push_back(weight as u16);
        at = at + 1;
    };
    NO_PRICE - quorum_below(&shortfalls, &weights, self.n_shards)
}

/// The lowest of the values such that the weights of it and all lower ones are a quorum.
fun quorum_below(values: &vector<u64>, weights: &vector<u16>, n_shards: u16): u64 {
    let n = values.length();
    let mut best = NO_PRICE;
    let mut at = 0;
    while (at < n) {
        let value = values[at];
        if (value < best) {
            let mut weight = 0;
            let mut i = 0;
            while (i < n) {
                if (values[i] <= value) weight = weight + weights[i];
                i = i + 1;
            };
            if (bls_aggregate::is_quorum(weight, n_shards)) best = value
        };
        at = at + 1;
    };
    best
}

/// The committee as the system needs it: keys and weights.
public(package) fun bls_committee(self: &StakingInnerV1): BlsCommittee {
    self.bls_committee_of(&self.committee, self.epoch)
}

fun bls_committee_of(self: &StakingInnerV1, committee: &Committee, epoch: u32): BlsCommittee {
    let nodes = committee.node_ids();
    let n = nodes.length();
    let mut members = vector[];
    let mut at = 0;
    while (at < n) {
        let node_id = nodes[at];
        let key = *self.pools.borrow(node_id).node_info().public_key();
        let weight = committee.shards(&node_id).length() as u16;
        members.push_back(bls_aggregate::new_bls_committee_member(key, weight, node_id));
        at = at + 1;
    };
    bls_aggregate::new_bls_committee(epoch, members)
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

#[test_only]
public fun epoch_state_for_testing(self: &StakingInnerV1): (u8, u64) {
    match (&self.epoch_state) {
        EpochState::EpochChangeSync(weight) => (0, *weight as u64),
        EpochState::EpochChangeDone(since) => (1, *since),
        EpochState::NextParamsSelected(since) => (2, *since),
    }
}
