#[test_only]
module walrus::genesis_tests;

use std::unit_test::destroy;
use sui::coin;
use sui::event;
use sui::test_scenario as scenario;
use walrus::auth;
use walrus::events::{EpochChangeDone, EpochChangeStart, PricesUpdated};
use walrus::genesis;
use walrus::storage_node::StorageNodeCap;
use walrus::test_network as network;

#[test]
fun members_and_committee_are_in_the_same_order() {
    let mut world = network::start();
    let nodes = *world.staking().committee().inner();
    assert!(world.staking().committee().size() == 4);
    assert!(world.system().n_shards() == 10);
    let members = *world.system().committee().members();
    let mut at = 0;
    while (at < members.length()) {
        let (id, shards) = nodes.get_entry_by_idx(at);
        assert!(members[at].node_id() == *id);
        assert!(members[at].weight() as u64 == shards.length());
        assert!(at == 0 || members[at - 1].node_id().to_address().to_u256() < id.to_address().to_u256());
        at = at + 1;
    };
    assert!(world.staking().previous_committee().size() == 0);
    // What staking says of the committee is what the system certifies with.
    assert!(world.staking().bls_committee() == *world.system().committee());
    world.end()
}

#[test]
fun every_node_gets_a_capability() {
    let mut world = network::start();
    let cap = world.test().take_from_address<StorageNodeCap>(@0xA);
    let id = cap.node_id();
    assert!(world.staking().committee().shards(&id).length() >= 2);
    assert!(cap.last_epoch_sync_done() == 0);
    assert!(world.staking().node_metadata(id).description().is_empty());
    scenario::return_to_address(@0xA, cap);
    world.end()
}

#[test]
fun an_epoch_change_moves_ring_committee_and_rewards() {
    let mut world = network::start();
    let storage = world.reserve(2);
    let earned = world.system().future_accounting().ring_lookup(0).rewards();
    world.next_epoch();
    assert!(world.system().epoch() == 8 && world.staking().epoch() == 8);
    assert!(world.system().future_accounting().ring_lookup(0).epoch() == 8);
    assert!(world.system().future_accounting().ring_lookup(3).epoch() == 11);
    assert!(world.system().used_capacity_size() == storage.size());
    assert!(world.staking().previous_committee().size() == 4);
    // Nothing is lost in the division by shards.
    let nodes = world.staking().committee().inner().keys();
    let mut paid = 0;
    nodes.do_ref!(|id| paid = paid + world.staking().commission_for_testing(*id));
    assert!(paid == earned);
    world.next_epoch();
    assert!(world.system().used_capacity_size() == 0);
    assert!(event::events_by_type<EpochChangeStart>().length() == 2);
    assert!(event::events_by_type<EpochChangeDone>().length() == 2);
    storage.destroy();
    world.end()
}

#[test]
fun the_ring_turns_for_ever() {
    let mut world = network::start();
    let mut epoch = 7;
    while (epoch < 20) {
        world.next_epoch();
        epoch = epoch + 1;
        let mut at = 0;
        while (at < 4) {
            assert!(world.system().future_accounting().ring_lookup(at).epoch() == epoch + at);
            at = at + 1;
        };
    };
    world.end()
}

#[test]
fun rewards_are_collected_by_the_operator() {
    let mut world = network::start();
    let storage = world.reserve(1);
    storage.destroy();
    world.next_epoch();
    let cap = world.test().take_from_address<StorageNodeCap>(@0xA);
    let id = cap.node_id();
    let due = world.staking().commission_for_testing(id);
    let by = auth::authenticate_sender(world.ctx());
    let got = world.staking().collect_commission(id, by, &mut tx_context::dummy());
    assert!(got.value() == due && due > 0);
    got.burn_for_testing();
    scenario::return_to_address(@0xA, cap);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_pool::EAuthorizationFailure)]
fun rewards_are_not_for_others() {
    let mut world = network::start();
    let cap = world.test().take_from_address<StorageNodeCap>(@0xA);
    let by = auth::authenticate_with_object(&cap);
    let got = world.staking().collect_commission(cap.node_id(), by, &mut tx_context::dummy());
    destroy(got);
    destroy(cap);
    world.end()
}

#[test]
fun prices_change_at_once() {
    let mut world = network::start();
    world.set_prices(1, 1);
    let before = world.paid();
    let storage = world.reserve(1);
    assert!(world.paid() - before == (storage.size() - 1) / 1_048_576 + 1);
    assert!(event::events_by_type<PricesUpdated>().length() == 1);
    storage.destroy();
    world.end()
}

#[test]
fun a_node_may_move() {
    let mut world = network::start();
    let id = world.staking().committee().inner().keys()[0];
    world.set_network_address(id, b"127.0.0.1:1");
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_pool::EInvalidNetworkAddressLength)]
fun a_node_needs_an_address() {
    let mut world = network::start();
    let id = world.staking().committee().inner().keys()[0];
    world.set_network_address(id, b"");
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::EPoolNotFound)]
fun an_unknown_node_cannot_move() {
    let mut world = network::start();
    world.set_network_address(object::id_from_address(@0x1), b"127.0.0.1:1");
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking::EWrongVersion)]
fun another_version_of_staking_is_refused() {
    let mut world = network::start();
    world.staking().set_version_for_testing(4);
    world.staking().epoch();
    world.end()
}

#[test, expected_failure(abort_code = walrus::genesis::ENoNodes)]
fun a_network_needs_nodes() {
    let mut world = network::start();
    let setup = genesis::begin(world.admin(), @0xF, 10, 4, 7, 60_000, 1, 1, 1);
    setup.finish(world.clock(), &mut tx_context::dummy());
    world.end()
}

#[test, expected_failure(abort_code = walrus::committee::EInvalidShardAssignment)]
fun a_shard_belongs_to_one_node() {
    let world = network::start();
    with_nodes(&world, 4, 4, vector[vector[0, 1], vector[1, 2, 3]]);
    world.end()
}

#[test, expected_failure(abort_code = walrus::committee::EInvalidShardAssignment)]
fun every_shard_has_a_node() {
    let world = network::start();
    with_nodes(&world, 4, 4, vector[vector[0, 1], vector[2]]);
    world.end()
}

#[test, expected_failure(abort_code = walrus::committee::EInvalidShardAssignment)]
fun shards_past_the_end_are_refused() {
    let world = network::start();
    with_nodes(&world, 4, 4, vector[vector[0, 1, 2], vector[4]]);
    world.end()
}

#[test, expected_failure(abort_code = walrus::bls_aggregate::EIncorrectCommittee)]
fun every_node_has_a_shard() {
    let world = network::start();
    with_nodes(&world, 2, 4, vector[vector[0, 1], vector[]]);
    world.end()
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidMaxEpochsAhead)]
fun the_ring_has_an_epoch() {
    let world = network::start();
    with_nodes(&world, 2, 0, vector[vector[0, 1]]);
    world.end()
}

#[test, expected_failure(abort_code = walrus::storage_node::EInvalidNetworkPublicKey)]
fun the_network_key_has_33_bytes() {
    let world = network::start();
    let mut setup = genesis::begin(world.admin(), @0xF, 1, 4, 7, 60_000, 1, 1, 1);
    let ctx = &mut tx_context::dummy();
    setup.add_node(b"n".to_string(), b"h:1".to_string(), network::key(), x"00", vector[0], ctx);
    setup.finish(world.clock(), ctx);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_pool::EInvalidNameLength)]
fun the_name_is_short() {
    let world = network::start();
    let mut setup = genesis::begin(world.admin(), @0xF, 1, 4, 7, 60_000, 1, 1, 1);
    let ctx = &mut tx_context::dummy();
    let mut name = vector[];
    while (name.length() < 101) name.push_back(97);
    let key = network::network_key();
    setup.add_node(name.to_string(), b"h:1".to_string(), network::key(), key, vector[0], ctx);
    setup.finish(world.clock(), ctx);
    world.end()
}

fun with_nodes(
    world: &network::World,
    n_shards: u16,
    max_epochs_ahead: u32,
    shards: vector<vector<u16>>,
) {
    let mut setup = genesis::begin(world.admin(), @0xF, n_shards, max_epochs_ahead, 7, 1, 1, 1, 1);
    let ctx = &mut tx_context::dummy();
    let key = network::network_key();
    shards.do_ref!(|list| {
        setup.add_node(b"n".to_string(), b"h:1".to_string(), network::key(), key, *list, ctx);
    });
    setup.finish(world.clock(), ctx)
}

#[test]
fun stake_comes_back_whole() {
    let mut world = network::start();
    let id = world.staking().committee().inner().keys()[1];
    let coin = coin::mint_for_testing(3_000_000_000, world.ctx());
    let ctx = &mut tx_context::dummy();
    let mut staked = world.staking().stake_with_pool(coin, id, ctx);
    assert!(staked.node_id() == id && staked.activation_epoch() == 8 && staked.is_staked());
    let part = staked.split(1_000_000_000, ctx);
    // Not active yet: at once.
    let back = world.staking().withdraw_stake(part, ctx);
    assert!(back.burn_for_testing() == 1_000_000_000);
    world.next_epoch();
    world.staking().request_withdraw_stake(&mut staked, ctx);
    assert!(staked.is_withdrawing() && staked.withdraw_epoch() == 9);
    world.next_epoch();
    let back = world.staking().withdraw_stake(staked, ctx);
    assert!(back.burn_for_testing() == 2_000_000_000);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_pool::EWithdrawEpochNotReached)]
fun active_stake_waits_for_its_epoch() {
    let mut world = network::start();
    let id = world.staking().committee().inner().keys()[1];
    let coin = coin::mint_for_testing(1_000_000_000, world.ctx());
    let ctx = &mut tx_context::dummy();
    let mut staked = world.staking().stake_with_pool(coin, id, ctx);
    world.next_epoch();
    world.staking().request_withdraw_stake(&mut staked, ctx);
    destroy(world.staking().withdraw_stake(staked, ctx));
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_pool::ENotWithdrawing)]
fun active_stake_must_be_asked_back() {
    let mut world = network::start();
    let id = world.staking().committee().inner().keys()[1];
    let coin = coin::mint_for_testing(1_000_000_000, world.ctx());
    let ctx = &mut tx_context::dummy();
    let staked = world.staking().stake_with_pool(coin, id, ctx);
    world.next_epoch();
    destroy(world.staking().withdraw_stake(staked, ctx));
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_pool::EWithdrawDirectly)]
fun stake_that_does_not_count_yet_is_taken_directly() {
    let mut world = network::start();
    let id = world.staking().committee().inner().keys()[1];
    let coin = coin::mint_for_testing(1_000_000_000, world.ctx());
    let ctx = &mut tx_context::dummy();
    let mut staked = world.staking().stake_with_pool(coin, id, ctx);
    world.staking().request_withdraw_stake(&mut staked, ctx);
    destroy(staked);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staked_wal::EStakeBelowThreshold)]
fun less_than_one_wal_is_no_stake() {
    let mut world = network::start();
    let id = world.staking().committee().inner().keys()[1];
    let coin = coin::mint_for_testing(999_999_999, world.ctx());
    destroy(world.staking().stake_with_pool(coin, id, &mut tx_context::dummy()));
    world.end()
}

#[test, expected_failure(abort_code = walrus::staked_wal::EMetadataMismatch)]
fun stakes_of_different_nodes_are_not_joined() {
    let mut world = network::start();
    let nodes = world.staking().committee().inner().keys();
    let ctx = &mut tx_context::dummy();
    let mut one = world.staking().stake_with_pool(one_wal(ctx), nodes[0], ctx);
    let two = world.staking().stake_with_pool(one_wal(ctx), nodes[1], ctx);
    one.join(two);
    destroy(one);
    world.end()
}

#[test]
fun stakes_of_one_node_are_joined() {
    let mut world = network::start();
    let nodes = world.staking().committee().inner().keys();
    let ctx = &mut tx_context::dummy();
    let mut one = world.staking().stake_with_pool(one_wal(ctx), nodes[0], ctx);
    let two = world.staking().stake_with_pool(one_wal(ctx), nodes[0], ctx);
    one.join(two);
    assert!(one.value() == 2_000_000_000);
    destroy(one);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staked_wal::EInvalidAmount)]
fun a_stake_is_not_split_beyond_itself() {
    let mut world = network::start();
    let nodes = world.staking().committee().inner().keys();
    let ctx = &mut tx_context::dummy();
    let mut one = world.staking().stake_with_pool(one_wal(ctx), nodes[0], ctx);
    destroy(one.split(1_000_000_001, ctx));
    destroy(one);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staked_wal::ENotWithdrawing)]
fun a_stake_that_stays_has_no_withdraw_epoch() {
    let mut world = network::start();
    let nodes = world.staking().committee().inner().keys();
    let ctx = &mut tx_context::dummy();
    let one = world.staking().stake_with_pool(one_wal(ctx), nodes[0], ctx);
    one.withdraw_epoch();
    destroy(one);
    world.end()
}

fun one_wal(ctx: &mut TxContext): coin::Coin<wal::wal::WAL> {
    coin::mint_for_testing(1_000_000_000, ctx)
}
