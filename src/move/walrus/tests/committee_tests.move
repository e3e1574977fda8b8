#[test_only]
module walrus::committee_tests;

use std::unit_test::destroy;
use sui::event;
use sui::package;
use walrus::auth;
use walrus::events::{
    ContractUpgraded,
    EpochChangeDone,
    EpochChangeStart,
    EpochParametersSelected,
    PricesUpdated,
    ShardsReceived
};
use walrus::genesis;
use walrus::init;
use walrus::staking_pool;
use walrus::storage_node;
use walrus::test_network::{Self as network, World};

/// Ids in committee order.
fun nodes(world: &mut World): vector<ID> {
    world.staking().committee().inner().keys()
}

/// The committee, turned by one: every list goes to the next node.
fun turn(world: &mut World) {
    let nodes = world.nodes();
    let committee = *world.staking().committee();
    let shards = vector::tabulate!(4, |i| *committee.shards(&nodes[(i + 3) % 4]));
    world.select(nodes, shards)
}

fun select(world: &mut World, nodes: vector<ID>, shards: vector<vector<u16>>) {
    let (system, staking, admin, _, _, _) = world.all();
    genesis::select_committee(admin, system, staking, nodes, shards)
}

fun start_change(world: &mut World) {
    let (system, staking, admin, _, _, _) = world.all();
    genesis::start_epoch_change(admin, system, staking)
}

fun report(world: &mut World, node_id: ID, epoch: u32) {
    let (_, staking, _, clock, _, ctx) = world.all();
    let mut cap = storage_node::new_cap(node_id, ctx);
    staking.epoch_sync_done(&mut cap, epoch, clock);
    assert!(cap.last_epoch_sync_done() == epoch);
    destroy(cap)
}

fun vote(world: &mut World, node_id: ID, storage_price: u64, write_price: u64, capacity: u64) {
    let (_, staking, _, _, _, ctx) = world.all();
    let cap = storage_node::new_cap(node_id, ctx);
    staking.set_storage_price_vote(&cap, storage_price);
    staking.set_write_price_vote(&cap, write_price);
    staking.set_node_capacity_vote(&cap, capacity);
    destroy(cap)
}

fun update_prices(world: &mut World): (u64, u64) {
    let (system, staking, _, _, _, _) = world.all();
    staking.update_prices(system);
    system.prices()
}

use fun nodes as World.nodes;
use fun turn as World.turn;
use fun select as World.select;
use fun start_change as World.start_change;
use fun report as World.report;
use fun vote as World.vote;
use fun update_prices as World.update_prices;

#[test]
fun shards_move_with_the_epoch() {
    let mut world = network::start();
    let before = *world.staking().committee();
    let nodes = world.nodes();
    world.turn();
    let (state, since) = world.staking().epoch_state_for_testing();
    assert!(state == 2 && since == 1_000 && world.staking().epoch() == 7);
    assert!(event::events_by_type<EpochParametersSelected>().length() == 1);
    world.start_change();
    assert!(world.system().epoch() == 8 && world.staking().epoch() == 8);
    let (state, weight) = world.staking().epoch_state_for_testing();
    assert!(state == 0 && weight == 0);
    assert!(*world.staking().previous_committee() == before);
    let now = *world.staking().committee();
    let mut at = 0;
    while (at < 4) {
        assert!(now.shards(&nodes[at]) == before.shards(&nodes[(at + 3) % 4]));
        assert!(world.system().committee().get_idx(at).node_id() == nodes[at]);
        assert!(world.system().committee().get_idx(at).weight() as u64 == now.shards(&nodes[at]).length());
        at = at + 1;
    };
    world.end()
}

#[test]
fun the_change_is_done_when_two_thirds_of_the_shards_are() {
    let mut world = network::start();
    world.turn();
    world.start_change();
    let done = event::events_by_type<EpochChangeDone>().length();
    let started = event::events_by_type<EpochChangeStart>().length();
    let nodes = world.nodes();
    let committee = *world.staking().committee();
    let mut weight = 0;
    let mut at = 0;
    while (at < 4) {
        world.report(nodes[at], 8);
        weight = weight + committee.shards(&nodes[at]).length();
        let (state, value) = world.staking().epoch_state_for_testing();
        if (weight >= 7) assert!(state == 1 && value == 1_000) else assert!(state == 0 && value == weight);
        at = at + 1;
    };
    assert!(event::events_by_type<EpochChangeDone>().length() == done + 1);
    assert!(event::events_by_type<EpochChangeStart>().length() == started);
    assert!(event::events_by_type<ShardsReceived>().length() == 4);
    world.end()
}

#[test]
fun an_epoch_change_may_be_ended_by_hand() {
    let mut world = network::start();
    world.turn();
    world.start_change();
    let (_, staking, admin, clock, _, _) = world.all();
    genesis::finish_epoch_change(admin, staking, clock);
    let (state, _) = staking.epoch_state_for_testing();
    assert!(state == 1);
    // And the next one is of the ordinary kind.
    world.next_epoch();
    assert!(world.system().epoch() == 9);
    world.end()
}

#[test]
fun a_new_node_joins_and_an_old_one_leaves() {
    let mut world = network::start();
    let (system, staking, admin, _, _, ctx) = world.all();
    let joined = genesis::add_candidate(
        admin,
        system,
        staking,
        b"late".to_string(),
        b"127.0.0.1:9100".to_string(),
        network::key(),
        network::network_key(),
        ctx,
    );
    let (storage_price, write_price, capacity) = staking_pool::votes(staking.pool_for_testing(joined));
    assert!(storage_price == 5 && write_price == 2 && capacity == 1_000_000_000);
    let mut nodes = world.nodes();
    let left = nodes.remove(2);
    nodes.push_back(joined);
    world.select(nodes, vector[vector[0, 1], vector[2, 3], vector[4, 5], vector[6, 7, 8, 9]]);
    world.start_change();
    let committee = world.staking().committee();
    assert!(committee.size() == 4 && *committee.shards(&joined) == vector[6, 7, 8, 9]);
    assert!(!committee.contains(&left));
    assert!(world.system().committee().get_member_weight(&joined) == 4);
    world.end()
}

#[test]
fun rewards_of_an_epoch_go_to_its_committee() {
    let mut world = network::start();
    let storage = world.reserve(1);
    let earned = world.system().future_accounting().ring_lookup(0).rewards();
    let mut nodes = world.nodes();
    let left = nodes.remove(0);
    world.select(nodes, vector[vector[0, 1, 2, 3], vector[4, 5, 6], vector[7, 8, 9]]);
    world.start_change();
    assert!(world.staking().commission_for_testing(left) > 0);
    let mut paid = world.staking().commission_for_testing(left);
    nodes.do_ref!(|id| paid = paid + world.staking().commission_for_testing(*id));
    assert!(paid == earned && earned > 0);
    destroy(storage);
    world.end()
}

#[test, expected_failure(abort_code = walrus::messages::EIncorrectEpoch)]
fun a_certificate_of_the_old_committee_is_refused() {
    let mut world = network::start();
    let mut blob = world.register(3, true);
    let message = walrus::messages::certified_deletable_message_bytes(7, blob.blob_id(), object::id(&blob));
    world.turn();
    world.start_change();
    world.certify_with(&mut blob, message);
    destroy(blob);
    world.end()
}

#[test, expected_failure(abort_code = walrus::committee::EInvalidShardAssignment)]
fun every_shard_finds_a_node() {
    let mut world = network::start();
    let nodes = world.nodes();
    world.select(nodes, vector[vector[0, 1, 2, 3], vector[4, 5], vector[8, 9], vector[6]]);
    world.end()
}

#[test, expected_failure(abort_code = walrus::genesis::EUnequalLists)]
fun every_node_has_a_list() {
    let mut world = network::start();
    let nodes = world.nodes();
    world.select(nodes, vector[vector[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    world.end()
}

#[test, expected_failure(abort_code = walrus::genesis::ENoNodes)]
fun a_committee_has_nodes() {
    let mut world = network::start();
    world.select(vector[], vector[]);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::EZeroNodeWeight)]
fun every_node_of_a_committee_has_shards() {
    let mut world = network::start();
    let nodes = world.nodes();
    world.select(nodes, vector[vector[0, 1, 2, 3], vector[4, 5], vector[], vector[6, 7, 8, 9]]);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::EPoolNotFound)]
fun a_committee_has_known_nodes() {
    let mut world = network::start();
    let stranger = object::id_from_address(@0xBAD);
    world.select(vector[stranger], vector[vector[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::ECommitteeSelected)]
fun a_committee_is_selected_once() {
    let mut world = network::start();
    world.turn();
    world.turn();
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::ECommitteeSelected)]
fun the_epoch_does_not_pass_a_selected_committee_by() {
    let mut world = network::start();
    world.turn();
    world.next_epoch();
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::ENextCommitteeIsEmpty)]
fun a_change_needs_a_committee() {
    let mut world = network::start();
    world.start_change();
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::EWrongEpochState)]
fun no_committee_is_selected_while_shards_move() {
    let mut world = network::start();
    world.turn();
    world.start_change();
    world.turn();
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::EWrongEpochState)]
fun what_is_done_is_not_ended_again() {
    let mut world = network::start();
    let (_, staking, admin, clock, _, _) = world.all();
    genesis::finish_epoch_change(admin, staking, clock);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::EInvalidSyncEpoch)]
fun a_node_reports_the_current_epoch() {
    let mut world = network::start();
    let node = world.nodes()[0];
    world.report(node, 8);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::EDuplicateSyncDone)]
fun a_node_reports_once() {
    let mut world = network::start();
    let node = world.nodes()[0];
    let (_, staking, _, clock, _, ctx) = world.all();
    let mut cap = storage_node::new_cap(node, ctx);
    staking.epoch_sync_done(&mut cap, 7, clock);
    staking.epoch_sync_done(&mut cap, 7, clock);
    destroy(cap);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::ENotInCommittee)]
fun a_node_outside_the_committee_reports_nothing() {
    let mut world = network::start();
    world.report(object::id_from_address(@0xBAD), 7);
    world.end()
}

// Votes

#[test]
fun a_price_is_what_two_thirds_of_the_shards_agree_to() {
    let mut world = network::start();
    let nodes = world.nodes();
    // Weights are 4, 2, 2, 2 in some order.
    let heavy = {
        let mut at = 0;
        while (world.staking().committee().shards(&nodes[at]).length() < 4) at = at + 1;
        at
    };
    nodes.do_ref!(|node| world.vote(*node, 10, 20, 1_000));
    let (storage_price, write_price) = world.update_prices();
    assert!(storage_price == 10 && write_price == 20);
    // Two of ten shards ask for more, then six.
    world.vote(nodes[(heavy + 1) % 4], 30, 60, 1_000);
    let (storage_price, _) = world.update_prices();
    assert!(storage_price == 10);
    world.vote(nodes[heavy], 15, 25, 1_000);
    let (storage_price, write_price) = world.update_prices();
    assert!(storage_price == 15 && write_price == 25);
    assert!(event::events_by_type<PricesUpdated>().length() == 3);
    world.end()
}

#[test]
fun a_price_counts_at_once() {
    let mut world = network::start();
    let nodes = world.nodes();
    nodes.do_ref!(|node| world.vote(*node, 50, 20, 1_000));
    world.update_prices();
    let before = world.paid();
    let storage = world.reserve(1);
    assert!(world.paid() - before == 50 * ((network::encoded() + 1_048_575) / 1_048_576));
    destroy(storage);
    world.end()
}

#[test]
fun capacity_is_what_two_thirds_of_the_shards_support() {
    let mut world = network::start();
    let nodes = world.nodes();
    let committee = *world.staking().committee();
    // Each node offers 1,000 bytes per shard, but one of two shards only 100.
    let mut small = false;
    nodes.do_ref!(|node| {
        let shards = committee.shards(node).length();
        let each = if (shards == 2 && !small) 100 else 1_000;
        if (each == 100) small = true;
        world.vote(*node, 5, 2, each * shards)
    });
    let (system, staking, admin, _, _, _) = world.all();
    genesis::apply_votes(admin, system, staking);
    assert!(system.total_capacity_size() == 10_000);
    world.end()
}

#[test]
fun capacity_votes_do_not_overflow() {
    let mut world = network::start();
    let nodes = world.nodes();
    nodes.do_ref!(|node| world.vote(*node, 5, 2, 18_446_744_073_709_551_615));
    let (system, staking, admin, _, _, _) = world.all();
    genesis::apply_votes(admin, system, staking);
    assert!(system.total_capacity_size() == 18_446_744_073_709_551_615);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking_inner::EPoolNotFound)]
fun a_stranger_has_no_vote() {
    let mut world = network::start();
    world.vote(object::id_from_address(@0xBAD), 1, 1, 1);
    world.end()
}

// Upgrade of the package

#[test]
fun an_upgrade_moves_the_states() {
    let mut world = network::start();
    let (system, staking, admin, _, _, ctx) = world.all();
    system.downgrade_for_testing(2);
    staking.downgrade_for_testing(2);
    let mut cap = package::test_publish(object::id_from_address(@0xF), ctx);
    let ticket = cap.authorize_upgrade(0, x"00");
    let receipt = package::test_upgrade(ticket);
    genesis::commit_upgrade(admin, &mut cap, system, staking, receipt);
    init::migrate_for_testing(staking, system, ctx);
    assert!(system.version() == 3 && system.package_id() == cap.upgrade_package());
    assert!(system.epoch() == 7 && staking.epoch() == 7);
    assert!(event::events_by_type<ContractUpgraded>().length() == 1);
    destroy(cap);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking::EInvalidMigration)]
fun nothing_moves_without_an_upgrade() {
    let mut world = network::start();
    let (system, staking, _, _, _, ctx) = world.all();
    staking.downgrade_for_testing(2);
    init::migrate_for_testing(staking, system, ctx);
    world.end()
}

#[test, expected_failure(abort_code = walrus::system::EInvalidMigration)]
fun the_states_move_together() {
    let mut world = network::start();
    let (system, staking, _, _, _, ctx) = world.all();
    staking.downgrade_for_testing(2);
    staking.set_new_package_id(object::id_from_address(@0xE));
    init::migrate_for_testing(staking, system, ctx);
    world.end()
}

#[test, expected_failure(abort_code = walrus::staking::EInvalidMigration)]
fun a_state_moves_once() {
    let mut world = network::start();
    let (system, staking, _, _, _, ctx) = world.all();
    staking.set_new_package_id(object::id_from_address(@0xE));
    init::migrate_for_testing(staking, system, ctx);
    world.end()
}

#[test]
fun authorization_is_of_an_address_or_of_an_object() {
    let mut world = network::start();
    let (_, _, admin, _, _, ctx) = world.all();
    let by_address = auth::authorized_address(ctx.sender());
    let by_object = auth::authorized_object(object::id(admin));
    assert!(auth::authenticate_sender(ctx).matches(&by_address));
    assert!(!auth::authenticate_sender(ctx).matches(&by_object));
    assert!(auth::authenticate_with_object(admin).matches(&by_object));
    assert!(!auth::authenticate_with_object(admin).matches(&by_address));
    assert!(walrus::node_metadata::default().description().is_empty());
    world.end()
}
