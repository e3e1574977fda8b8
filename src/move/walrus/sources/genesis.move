/// Local network only: builds a system with a given committee and lets its owner turn the epochs. The deployed package
/// reaches the same state by staking and votes.
module walrus::genesis;

use std::string::String;
use sui::clock::Clock;
use sui::event;
use walrus::staking::{Self, Staking};
use walrus::staking_inner;
use walrus::staking_pool::{Self, StakingPool};
use walrus::storage_node;
use walrus::system::{Self, System};
use walrus::system_state_inner;

/// The set-up has no node.
const ENoNodes: u64 = 0;

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
