/// Local network only: builds a system with a given committee and lets its owner turn the epochs. The deployed package
/// reaches the same state by staking and votes.
module walrus::genesis;

use std::string::String;
use sui::clock::Clock;
use sui::event;
use sui::package::{UpgradeCap, UpgradeReceipt};
use walrus::staking::{Self, Staking};
use walrus::staking_inner;
use walrus::staking_pool::{Self, StakingPool};
use walrus::storage_node;
use walrus::system::{Self, System};
use walrus::system_state_inner;

/// The set-up has no node.
const ENoNodes: u64 = 0;
/// There are not as many lists of shards as nodes.
const EUnequalLists: u64 = 1;

/// The right to administer the local network. The first one goes to whoever publishes the package.
public struct AdminCap has key, store {
    id: UID,
}

/// A network in the making. Cannot be kept: it ends with `finish`, in the same transaction.
public struct Setup {
    package_id: ID,
    n_shards: u16,
    max_epochs_ahead: u32,
    epoch: u32,
    epoch_duration_ms: u64,
    total_capacity_size: u64,
    storage_price: u64,
    write_price: u64,
    pools: vector<StakingPool>,
    shards: vector<vector<u16>>,
}

public struct NodeAdded has copy, drop {
    name: String,
    node_id: ID,
}

public struct NetworkCreated has copy, drop {
    system: ID,
    staking: ID,
}

fun init(ctx: &mut TxContext) {
    transfer::transfer(AdminCap { id: object::new(ctx) }, ctx.sender())
}

/// Capacity in bytes, prices in FROST per MiB (storage: and epoch).
public fun begin(
    _: &AdminCap,
    package_id: address,
    n_shards: u16,
    max_epochs_ahead: u32,
    epoch: u32,
    epoch_duration_ms: u64,
    total_capacity_size: u64,
    storage_price: u64,
    write_price: u64,
): Setup {
    Setup {
        package_id: object::id_from_address(package_id),
        n_shards,
        max_epochs_ahead,
        epoch,
        epoch_duration_ms,
        total_capacity_size,
        storage_price,
        write_price,
        pools: vector[],
        shards: vector[],
    }
}

/// `public_key` compressed (48 bytes), `network_public_key` 33 bytes. Returns the node id.
public fun add_node(
    self: &mut Setup,
    name: String,
    network_address: String,
    public_key: vector<u8>,
    network_public_key: vector<u8>,
    shards: vector<u16>,
    ctx: &mut TxContext,
): ID {
    let pool = staking_pool::new(
        name,
        network_address,
        public_key,
        network_public_key,
        self.storage_price,
        self.write_price,
        self.total_capacity_size,
        self.epoch,
        ctx,
    );
    let node_id = object::id(&pool);
    transfer::public_transfer(storage_node::new_cap(node_id, ctx), ctx.sender());
    event::emit(NodeAdded { name, node_id });
    // Kept sorted by node id; ids are random, so the place is found from the end.
    let key = node_id.to_address().to_u256();
    let mut at = self.pools.length();
    while (at > 0 && object::id(&self.pools[at - 1]).to_address().to_u256() > key) at = at - 1;
    self.pools.insert(pool, at);
    self.shards.insert(shards, at);
    node_id
}

/// Creates and shares `System` and `Staking`.
public fun finish(self: Setup, clock: &Clock, ctx: &mut TxContext) {
    let Setup {
        package_id,
        n_shards,
        max_epochs_ahead,
        epoch,
        epoch_duration_ms,
        total_capacity_size,
        storage_price,
        write_price,
        pools,
        shards,
    } = self;
    assert!(!pools.is_empty(), ENoNodes);
    let staking_state = staking_inner::new(
        n_shards,
        epoch_duration_ms,
        epoch,
        pools,
        shards,
        clock,
        ctx,
    );
    let system_state = system_state_inner::new(
        staking_state.bls_committee(),
        total_capacity_size,
        storage_price,
        write_price,
        max_epochs_ahead,
        ctx,
    );
    let staking = staking::create_and_share(package_id, staking_state, ctx);
    let system = system::create_and_share(package_id, system_state, ctx);
    event::emit(NetworkCreated { system, staking });
    walrus::events::emit_epoch_change_start(epoch);
    walrus::events::emit_epoch_change_done(epoch)
}

// Change of the committee: add nodes, select, start, and let the nodes report or finish

/// A node that can be chosen for a committee. It votes for the prices of now. Returns the node id; the sender gets the
/// node's capability.
public fun add_candidate(
    _: &AdminCap,
    system: &System,
    staking: &mut Staking,
    name: String,
    network_address: String,
    public_key: vector<u8>,
    network_public_key: vector<u8>,
    ctx: &mut TxContext,
): ID {
    let (storage_price, write_price) = system.prices();
    let pool = staking_pool::new(
        name,
        network_address,
        public_key,
        network_public_key,
        storage_price,
        write_price,
        system.total_capacity_size(),
        system.epoch(),
        ctx,
    );
    let node_id = object::id(&pool);
    transfer::public_transfer(storage_node::new_cap(node_id, ctx), ctx.sender());
    event::emit(NodeAdded { name, node_id });
    staking.add_pool(pool);
    node_id
}

/// Chooses the committee of the next epoch: `shards[i]` goes to `nodes[i]`, in any order of the nodes; every shard once.
public fun select_committee(
    _: &AdminCap,
    system: &System,
    staking: &mut Staking,
    nodes: vector<ID>,
    shards: vector<vector<u16>>,
) {
    assert!(!nodes.is_empty(), ENoNodes);
    assert!(nodes.length() == shards.length(), EUnequalLists);
    let mut sorted_nodes: vector<ID> = vector[];
    let mut sorted_shards = vector[];
    let n = nodes.length();
    let mut i = 0;
    while (i < n) {
        let key = nodes[i].to_address().to_u256();
        let mut at = sorted_nodes.length();
        while (at > 0 && sorted_nodes[at - 1].to_address().to_u256() > key) at = at - 1;
        sorted_nodes.insert(nodes[i], at);
        sorted_shards.insert(shards[i], at);
        i = i + 1;
    };
    staking.select_committee(sorted_nodes, sorted_shards, system.total_capacity_size())
}

/// The next epoch with the committee that was selected. Until nodes with two thirds of the shards have reported
/// (`staking::epoch_sync_done`), the epoch change lasts.
public fun start_epoch_change(_: &AdminCap, system: &mut System, staking: &mut Staking) {
    let (next, capacity) = staking.next_bls_committee();
    let rewards = system.advance_epoch(next);
    system.set_total_capacity(capacity);
    staking.change_epoch(rewards)
}

/// Ends the epoch change without waiting for the nodes.
public fun finish_epoch_change(_: &AdminCap, staking: &mut Staking, clock: &Clock) {
    staking.finish_epoch_change(clock)
}

/// Takes the capacity and the prices that the committee votes for.
public fun apply_votes(_: &AdminCap, system: &mut System, staking: &mut Staking) {
    system.set_total_capacity(staking.voted_capacity());
    staking.update_prices(system)
}

/// Ends an upgrade of this package: the objects learn the new id. `init::migrate_v2` of the new package follows.
public fun commit_upgrade(
    _: &AdminCap,
    cap: &mut UpgradeCap,
    system: &mut System,
    staking: &mut Staking,
    receipt: UpgradeReceipt,
) {
    let new_package_id = receipt.receipt_package();
    cap.commit_upgrade(receipt);
    system.set_new_package_id(new_package_id);
    staking.set_new_package_id(new_package_id)
}

/// The next epoch, at once and with the same committee.
public fun advance_epoch(_: &AdminCap, system: &mut System, staking: &mut Staking, clock: &Clock) {
    let next = system.committee().at_epoch(system.epoch() + 1);
    let rewards = system.advance_epoch(next);
    staking.advance_epoch(rewards, clock)
}

/// A node that restarted elsewhere.
public fun set_network_address(
    _: &AdminCap,
    staking: &mut Staking,
    node_id: ID,
    network_address: String,
) {
    staking.set_network_address(node_id, network_address)
}

/// Takes effect at once, as votes do.
public fun set_prices(_: &AdminCap, system: &mut System, storage_price: u64, write_price: u64) {
    system.set_prices(storage_price, write_price)
}

public fun set_capacity(_: &AdminCap, system: &mut System, total_capacity_size: u64) {
    system.set_total_capacity(total_capacity_size)
}

#[test_only]
public fun init_for_testing(ctx: &mut TxContext) {
    init(ctx)
}
