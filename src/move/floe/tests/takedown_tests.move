#[test_only]
module floe::takedown_tests;

use floe::commit_status;
use floe::events::{RemovalProposed, TakedownProposed};
use floe::packs;
use floe::push;
use floe::removal;
use floe::roles;
use floe::takedown;
use floe::test_repository::{Self as fixture, World, id, main, some};
use sui::event;

const STRANGER: address = @0xBAD;
const REVOKER: address = @0xE;

fun ground(world: &mut World, status: u8): u64 {
    let (repository, _, clock, ctx) = world.all();
    let reason = b"asked for".to_string();
    commit_status::set(repository, id(1), status, reason, option::none(), option::none(), clock, ctx)
}

fun propose(world: &mut World, pack: u64, status: u64): u64 {
    let (repository, _, clock, ctx) = world.all();
    takedown::propose(repository, pack, status, clock, ctx)
}

fun take(world: &mut World, pack: u64) {
    let (repository, _, clock, ctx) = world.all();
    removal::take(repository, pack, clock, ctx).burn()
}

/// A pack of main that is promised for a long time.
fun promised(world: &mut World): u64 {
    let pack = world.push_main(option::none(), 1);
    let (repository, _, _, ctx) = world.all();
    packs::promise(repository, pack, 1, 1_000_000, ctx);
    pack
}

use fun ground as World.ground;
use fun propose as World.propose;
use fun take as World.take;
use fun promised as World.promised;

#[test]
fun a_takedown_outweighs_a_promise_and_leaves_a_record() {
    let mut world = fixture::start();
    let pack = world.promised();
    let generation = packs::generation(world.repository());
    assert!(!takedown::is_open(world.repository(), pack) && takedown::count(world.repository()) == 0);
    assert!(takedown::newest(world.repository(), pack).is_none());
    let status = world.ground(commit_status::taken_down());
    assert!(world.propose(pack, status) == 0);
    let repository = world.repository();
    assert!(takedown::is_open(repository, pack) && packs::generation(repository) == generation + 1);
    assert!(packs::record(repository, pack).is_proposed());
    let record = takedown::record(repository, 0);
    assert!(record.pack() == pack && record.status() == status && record.by() == @0xA);
    assert!(record.retain_until_ms() == 1_000_000 && record.removable_ms() == 51_000);
    assert!(record.previous().is_none() && takedown::count(repository) == 1);
    assert!(event::events_by_type<TakedownProposed>().length() == 1);
    assert!(event::events_by_type<RemovalProposed>().length() == 1);
    world.wait(1_000);
    world.take(pack);
    assert!(packs::record(world.repository(), pack).is_removed());
    assert!(takedown::newest(world.repository(), pack) == option::some(0));
    assert!(!takedown::is_open(world.repository(), pack));
    world.end()
}

#[test]
fun a_proposed_removal_comes_sooner_by_a_takedown() {
    let mut world = fixture::start();
    let pack = world.promised();
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    assert!(!takedown::is_open(world.repository(), pack));
    let status = world.ground(commit_status::consent_withdrawn());
    world.propose(pack, status);
    assert!(packs::record(world.repository(), pack).removable_ms() == 51_000);
    world.wait(500);
    // A second one does not begin the wait again.
    assert!(world.propose(pack, status) == 1);
    assert!(packs::record(world.repository(), pack).removable_ms() == 51_000);
    assert!(takedown::record(world.repository(), 1).previous() == option::some(0));
    world.wait(500);
    world.take(pack);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ETooEarly)]
fun the_grace_period_holds_for_a_takedown_too() {
    let mut world = fixture::start();
    let pack = world.promised();
    let status = world.ground(4);
    world.propose(pack, status);
    world.wait(999);
    world.take(pack);
    world.end()
}

#[test, expected_failure(abort_code = floe::takedown::ENoGround)]
fun a_superseded_commit_is_no_ground() {
    let mut world = fixture::start();
    let pack = world.promised();
    let status = world.ground(1);
    world.propose(pack, status);
    world.end()
}

#[test, expected_failure(abort_code = floe::takedown::ENoGround)]
fun a_status_that_was_taken_back_is_no_ground() {
    let mut world = fixture::start();
    let pack = world.promised();
    let status = world.ground(4);
    world.ground(0);
    world.propose(pack, status);
    world.end()
}

#[test, expected_failure(abort_code = floe::commit_status::ENoRecords)]
fun there_is_no_takedown_without_a_status() {
    let mut world = fixture::start();
    let pack = world.promised();
    world.propose(pack, 0);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun a_stranger_takes_nothing_down() {
    let mut world = fixture::start();
    let pack = world.promised();
    let status = world.ground(4);
    world.as_sender(STRANGER);
    world.propose(pack, status);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EPermanent)]
fun a_permanent_pack_stays_up() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let blob = world.blob_with(5, option::some(5), 10, false);
    let pack = world.deposit(&mut push, blob, 1);
    world.finish(push, 1, pack);
    let status = world.ground(4);
    world.propose(pack, status);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ERemoved)]
fun a_removed_pack_is_not_taken_down() {
    let mut world = fixture::start();
    let pack = world.promised();
    let status = world.ground(4);
    world.propose(pack, status);
    world.wait(1_000);
    world.take(pack);
    world.propose(pack, status);
    world.end()
}

#[test, expected_failure(abort_code = floe::removal::ETakedown)]
fun the_pusher_does_not_call_a_takedown_off() {
    let mut world = fixture::start();
    let pack = world.promised();
    let status = world.ground(4);
    world.propose(pack, status);
    let (repository, cap, _, ctx) = world.all();
    roles::revoke(repository, cap, @0xA, 4);
    removal::cancel(repository, pack, ctx);
    world.end()
}

#[test]
fun a_revoker_calls_a_takedown_off() {
    let mut world = fixture::start();
    let pack = world.promised();
    let (repository, cap, _, _) = world.all();
    roles::grant(repository, cap, REVOKER, 4);
    let status = world.ground(4);
    world.propose(pack, status);
    world.as_sender(REVOKER);
    let (repository, _, _, ctx) = world.all();
    removal::cancel(repository, pack, ctx);
    assert!(packs::record(repository, pack).is_live() && !takedown::is_open(repository, pack));
    world.end()
}

#[test, expected_failure(abort_code = floe::takedown::ENoRecords)]
fun a_repository_without_takedowns_has_no_record() {
    let mut world = fixture::start();
    takedown::record(world.repository(), 0);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::EStaleGeneration)]
fun a_push_that_looked_before_a_takedown_fails() {
    let mut world = fixture::start();
    let pack = world.promised();
    let push: push::Push = world.begin(main(), some(1));
    let status = world.ground(4);
    world.propose(pack, status);
    world.finish(push, 2, pack);

    world.end()
}
