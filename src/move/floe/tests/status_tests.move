#[test_only]
module floe::status_tests;

use floe::commit_status;
use floe::events::StatusSet;
use floe::roles;
use floe::test_repository::{Self as fixture, World, id, some};
use std::string::String;
use sui::event;

const STRANGER: address = @0xBAD;

fun set(
    world: &mut World,
    commit: vector<u8>,
    status: u8,
    reason: String,
    evidence: Option<vector<u8>>,
    successor: Option<vector<u8>>,
): u64 {
    let (repository, _, clock, ctx) = world.all();
    commit_status::set(repository, commit, status, reason, evidence, successor, clock, ctx)
}

use fun set as World.set;

fun why(): String {
    b"letter of 3 May".to_string()
}

#[test]
fun a_commit_without_records_is_active() {
    let mut world = fixture::start();
    let repository = world.repository();
    assert!(commit_status::status_of(repository, id(1)) == commit_status::active());
    assert!(commit_status::newest(repository, id(1)).is_none() && commit_status::count(repository) == 0);
    world.end()
}

#[test]
fun the_newest_record_says_how_a_commit_is() {
    let mut world = fixture::start();
    assert!(world.set(id(1), commit_status::superseded(), why(), option::none(), some(2)) == 0);
    world.wait(5);
    assert!(world.set(id(1), commit_status::consent_withdrawn(), why(), some(9), option::none()) == 1);
    assert!(world.set(id(3), commit_status::licence_changed(), why(), some(8), option::none()) == 2);
    let repository = world.repository();
    assert!(commit_status::status_of(repository, id(1)) == 3 && commit_status::status_of(repository, id(3)) == 2);
    assert!(commit_status::count(repository) == 3 && commit_status::newest(repository, id(1)) == option::some(1));
    let newest = commit_status::record(repository, 1);
    assert!(newest.commit() == id(1) && newest.status() == 3 && newest.reason() == why());
    assert!(newest.evidence() == some(9) && newest.successor().is_none() && newest.by() == @0xA);
    assert!(newest.time_ms() == 50_005 && newest.previous() == option::some(0));
    let oldest = commit_status::record(repository, 0);
    assert!(oldest.status() == 1 && oldest.successor() == some(2) && oldest.previous().is_none());
    assert!(event::events_by_type<StatusSet>().length() == 3);
    world.end()
}

#[test]
fun a_status_is_taken_back_on_the_record() {
    let mut world = fixture::start();
    world.set(id(1), commit_status::taken_down(), why(), option::none(), option::none());
    world.set(id(1), commit_status::active(), b"mistake".to_string(), option::none(), option::none());
    assert!(commit_status::status_of(world.repository(), id(1)) == 0);
    assert!(commit_status::count(world.repository()) == 2);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun a_stranger_sets_no_status() {
    let mut world = fixture::start();
    world.as_sender(STRANGER);
    world.set(id(1), 4, why(), option::none(), option::none());
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun a_revoker_without_the_role_any_more_sets_no_status() {
    let mut world = fixture::start();
    let (repository, cap, _, _) = world.all();
    roles::revoke(repository, cap, @0xA, 4);
    world.set(id(1), 4, why(), option::none(), option::none());
    world.end()
}

#[test, expected_failure(abort_code = floe::repository::EWrongVersion)]
fun another_version_sets_no_status() {
    let mut world = fixture::start();
    world.repository().set_version_for_testing(2);
    world.set(id(1), 4, why(), option::none(), option::none());
    world.end()
}

#[test, expected_failure(abort_code = floe::commit_status::EUnknownStatus)]
fun there_are_five_statuses() {
    let mut world = fixture::start();
    world.set(id(1), 5, why(), option::none(), option::none());
    world.end()
}

#[test, expected_failure(abort_code = floe::commit_status::EBadId)]
fun a_commit_id_has_32_bytes() {
    let mut world = fixture::start();
    world.set(b"short", 4, why(), option::none(), option::none());
    world.end()
}

#[test, expected_failure(abort_code = floe::commit_status::EBadId)]
fun evidence_is_a_hash() {
    let mut world = fixture::start();
    world.set(id(1), 4, why(), option::some(b"letter"), option::none());
    world.end()
}

#[test, expected_failure(abort_code = floe::commit_status::EBadReason)]
fun there_is_always_a_reason() {
    let mut world = fixture::start();
    world.set(id(1), 4, b"".to_string(), option::none(), option::none());
    world.end()
}

#[test, expected_failure(abort_code = floe::commit_status::EBadReason)]
fun a_reason_is_short() {
    let mut world = fixture::start();
    let mut long = vector[];
    while (long.length() < 513) long.push_back(97);
    world.set(id(1), 4, long.to_string(), option::none(), option::none());
    world.end()
}

#[test, expected_failure(abort_code = floe::commit_status::EBadSuccessor)]
fun only_a_superseded_commit_has_a_successor() {
    let mut world = fixture::start();
    world.set(id(1), 4, why(), option::none(), some(2));
    world.end()
}

#[test, expected_failure(abort_code = floe::commit_status::EBadSuccessor)]
fun a_commit_does_not_succeed_itself() {
    let mut world = fixture::start();
    world.set(id(1), 1, why(), option::none(), some(1));
    world.end()
}

#[test, expected_failure(abort_code = floe::commit_status::ENoRecords)]
fun a_repository_without_statuses_has_no_record() {
    let mut world = fixture::start();
    commit_status::record(world.repository(), 0);
    world.end()
}

#[test, expected_failure(abort_code = floe::numbered_log::EUnknownRecord)]
fun an_unknown_status_record_is_refused() {
    let mut world = fixture::start();
    world.set(id(1), 4, why(), option::none(), option::none());
    commit_status::record(world.repository(), 1);
    world.end()
}
