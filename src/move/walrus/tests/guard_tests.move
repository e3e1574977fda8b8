/// Guards between the modules of this package: no caller outside of it gets as far.
#[test_only]
module walrus::guard_tests;

use std::unit_test::destroy;
use sui::bls12381;
use walrus::active_set;
use walrus::blob;
use walrus::bls_aggregate::{Self, BlsCommittee};
use walrus::node_metadata;
use walrus::staked_wal;
use walrus::staking_pool::{Self, StakingPool};
use walrus::storage_node;
use walrus::system_state_inner;
use walrus::test_network as network;
use sui::balance;

const STAKE: u64 = 1_000_000_000;

fun committee(epoch: u32): BlsCommittee {
    let key = bls12381::g1_to_uncompressed_g1(&bls12381::g1_from_bytes(&network::key()));
    let member = bls_aggregate::new_bls_committee_member(key, 4, object::id_from_address(@0x1));
    bls_aggregate::new_bls_committee(epoch, vector[member])
}

fun pool(ctx: &mut TxContext): StakingPool {
    let address = b"127.0.0.1:9185".to_string();
    staking_pool::new(b"one".to_string(), address, network::key(), network::network_key(), 1, 1, 1, 7, ctx)
}

#[test]
fun a_node_tells_its_id() {
    let ctx = &mut tx_context::dummy();
    let id = object::id_from_address(@0x1);
    let node = storage_node::new(
        b"one".to_string(),
        id,
        b"127.0.0.1:9185".to_string(),
        network::key(),
        network::network_key(),
        node_metadata::default(),
        ctx,
    );
    assert!(node.id() == id);
    destroy(node)
}

#[test, expected_failure(abort_code = walrus::active_set::EZeroMaxSize)]
fun a_set_has_room() {
    active_set::new(0, 0);
}

#[test, expected_failure(abort_code = walrus::active_set::EDuplicateInsertion)]
fun a_node_is_in_a_set_once() {
    let mut set = active_set::new(2, 0);
    set.insert(object::id_from_address(@0x1), 5);
    set.insert(object::id_from_address(@0x1), 6);
}

#[test, expected_failure(abort_code = walrus::staking_pool::EIncorrectPoolId)]
fun a_stake_is_withdrawn_from_its_own_pool() {
    let ctx = &mut tx_context::dummy();
    let mut pool = pool(ctx);
    let staked = staked_wal::mint(object::id_from_address(@0x1), balance::create_for_testing(STAKE), 7, ctx);
    destroy(pool.withdraw_stake(staked, 7));
    destroy(pool)
}

#[test, expected_failure(abort_code = walrus::staking_pool::EIncorrectPoolId)]
fun the_withdrawal_of_a_stake_is_asked_of_its_own_pool() {
    let ctx = &mut tx_context::dummy();
    let pool = pool(ctx);
    let mut staked = staked_wal::mint(object::id_from_address(@0x1), balance::create_for_testing(STAKE), 7, ctx);
    pool.request_withdraw_stake(&mut staked, 7);
    destroy(staked);
    destroy(pool)
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EIncorrectCommittee)]
fun a_committee_is_of_the_next_epoch() {
    let ctx = &mut tx_context::dummy();
    let mut state = system_state_inner::new(committee(7), 1_000, 1, 1, 5, ctx);
    destroy(state.advance_epoch(committee(9)));
    destroy(state)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EInvalidBlobSize)]
fun a_blob_gives_back_no_more_than_is_in_use() {
    let mut world = network::start();
    let (system, _, _, _, wal, ctx) = world.all();
    let mut pool = system.create_storage_pool(2 * network::encoded() + 100, 2, wal, ctx);
    let id = blob::derive_blob_id(network::root(), 1, network::size());
    system.register_pooled_blob(&mut pool, id, network::root(), network::size(), 1, true, wal, ctx);
    // As if the committee had grown meanwhile.
    pool.delete_blob(id, 7, 1000);
    destroy(pool);
    world.end()
}
