#[test_only]
module floe::derivation_tests;

use floe::derivation;
use floe::events::DerivationRecorded;
use floe::refs;
use floe::roles;
use floe::test_repository::{Self as fixture, World, id, some};
use std::string::String;
use std::unit_test::destroy;
use sui::event;

const STRANGER: address = @0xBAD;

fun record(world: &mut World, output: vector<u8>, of: ID, input: vector<u8>): u64 {
    let (repository, _, clock, ctx) = world.all();
    derivation::record(repository, output, of, input, trained_on(), option::none(), clock, ctx)
}

use fun record as World.record;

fun trained_on(): String {
    b"trained-on".to_string()
}

fun elsewhere(): ID {
    object::id_from_address(@0xE15E)
}

#[test]
fun edges_are_found_from_both_ends() {
    let mut world = fixture::start();
    let repository = world.repository();
    assert!(derivation::count(repository) == 0 && derivation::newest_of_output(repository, id(1)).is_none());
    assert!(derivation::newest_of_input(repository, elsewhere(), id(5)).is_none());
    assert!(world.record(id(1), elsewhere(), id(5)) == 0);
    assert!(world.record(id(1), elsewhere(), id(6)) == 1);
    assert!(world.record(id(2), elsewhere(), id(5)) == 2);
    let repository = world.repository();
    assert!(derivation::newest_of_output(repository, id(1)) == option::some(1));
    assert!(derivation::edge(repository, 1).previous_of_output() == option::some(0));
    assert!(derivation::edge(repository, 1).previous_of_input().is_none());
    assert!(derivation::newest_of_input(repository, elsewhere(), id(5)) == option::some(2));
    assert!(derivation::newest_of_input(repository, elsewhere(), id(7)).is_none());
    let edge = derivation::edge(repository, 2);
    assert!(edge.output() == id(2) && edge.input_repository() == elsewhere() && edge.input() == id(5));
    assert!(edge.input_push().is_none() && edge.relation() == trained_on() && edge.statement().is_none());
    assert!(edge.attester() == @0xA && edge.previous_of_input() == option::some(0));
    assert!(edge.previous_of_output().is_none() && derivation::count(repository) == 3);
    assert!(event::events_by_type<DerivationRecorded>().length() == 3);
    world.end()
}

#[test]
fun an_input_of_this_repository_is_checked() {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    let relation = b"filtered-from".to_string();
    let number = derivation::record_own(repository, id(2), 0, relation, some(9), clock, ctx);
    let edge = derivation::edge(repository, number);
    assert!(edge.input() == id(1) && edge.input_repository() == object::id(repository));
    assert!(edge.input_push() == option::some(0) && edge.statement() == some(9));
    world.end()
}

#[test]
fun an_input_of_another_repository_is_checked() {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    let mut other = world.start_another();
    let (repository, _, clock, ctx) = world.all();
    let number = derivation::record_from(
        &mut other,
        id(1),
        repository,
        0,
        trained_on(),
        option::none(),
        clock,
        ctx,
    );
    let edge = derivation::edge(&other, number);
    // The same commit in two repositories is no circle.
    assert!(edge.input_repository() == object::id(repository) && edge.input() == id(1));
    assert!(edge.input_push() == option::some(0));
    destroy(other);
    world.end()
}

#[test, expected_failure(abort_code = floe::push_log::EUnknownPush)]
fun an_input_that_was_not_pushed_is_not_claimed_to_be() {
    let mut world = fixture::start();
    let (repository, _, clock, ctx) = world.all();
    derivation::record_own(repository, id(2), 0, trained_on(), option::none(), clock, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::derivation::ENoCommit)]
fun a_deletion_brings_no_input() {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    refs::delete(repository, fixture::main(), id(1), clock, ctx);
    derivation::record_own(repository, id(2), 1, trained_on(), option::none(), clock, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::derivation::EOfItself)]
fun a_commit_is_not_derived_from_itself() {
    let mut world = fixture::start();
    let of = object::id(world.repository());
    world.record(id(1), of, id(1));
    world.end()
}

#[test, expected_failure(abort_code = floe::derivation::EAlreadyRecorded)]
fun an_edge_is_recorded_once() {
    let mut world = fixture::start();
    world.record(id(1), elsewhere(), id(5));
    world.record(id(1), elsewhere(), id(5));
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun a_stranger_records_no_edge() {
    let mut world = fixture::start();
    world.as_sender(STRANGER);
    world.record(id(1), elsewhere(), id(5));
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun a_writer_is_no_attester() {
    let mut world = fixture::start();
    let (repository, cap, _, _) = world.all();
    roles::grant(repository, cap, STRANGER, 1);
    world.as_sender(STRANGER);
    world.record(id(1), elsewhere(), id(5));
    world.end()
}

#[test, expected_failure(abort_code = floe::derivation::EBadId)]
fun an_output_has_32_bytes() {
    let mut world = fixture::start();
    world.record(b"short", elsewhere(), id(5));
    world.end()
}

#[test, expected_failure(abort_code = floe::derivation::EBadId)]
fun an_input_has_32_bytes() {
    let mut world = fixture::start();
    world.record(id(1), elsewhere(), b"short");
    world.end()
}

#[test, expected_failure(abort_code = floe::derivation::EBadId)]
fun a_statement_is_a_hash() {
    let mut world = fixture::start();
    let (repository, _, clock, ctx) = world.all();
    derivation::record(
        repository,
        id(1),
        elsewhere(),
        id(5),
        trained_on(),
        option::some(b"text"),
        clock,
        ctx,
    );
    world.end()
}

#[test, expected_failure(abort_code = floe::derivation::EBadRelation)]
fun an_edge_has_a_relation() {
    let mut world = fixture::start();
    let (repository, _, clock, ctx) = world.all();
    let none = option::none();
    derivation::record(repository, id(1), elsewhere(), id(5), b"".to_string(), none, clock, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::derivation::ENoRecords)]
fun a_repository_without_edges_has_no_edge() {
    let mut world = fixture::start();
    derivation::edge(world.repository(), 0);
    world.end()
}
