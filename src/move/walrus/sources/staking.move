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
