#[test_only]
module floe::packs_tests;

use floe::events::{PackRenewed, RemovalProposed};
use floe::packs;
use floe::removal;
use floe::roles;
use floe::test_repository::{Self as fixture, main, some};
use std::unit_test::destroy;
use sui::event;

const STRANGER: address = @0xBAD;

// Lending

#[test]
fun anyone_may_renew_a_lent_blob() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    world.as_sender(STRANGER);
    let (mut blob, loan) = packs::lend(world.repository(), pack);
    blob.extend_for_testing(4);
    packs::restore(world.repository(), blob, loan);
    assert!(packs::record(world.repository(), pack).end_epoch() == 14);
    assert!(packs::blob(world.repository(), pack).end_epoch() == 14);
    assert!(event::events_by_type<PackRenewed>().length() == 1);
    world.end()
}

#[test]
fun a_blob_may_come_back_as_it_was() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (blob, loan) = packs::lend(world.repository(), pack);
    packs::restore(world.repository(), blob, loan);
    assert!(event::events_by_type<PackRenewed>().length() == 0);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EWrongBlob)]
fun a_lent_blob_is_not_swapped() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (blob, loan) = packs::lend(world.repository(), pack);
    let other = world.blob_with(blob.blob_id(), option::some(5), 20, true);
    packs::restore(world.repository(), other, loan);
    destroy(blob);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EWrongBlob)]
fun two_loans_are_not_crossed() {
    let mut world = fixture::start();
    let one = world.push_main(option::none(), 1);
    let two = world.push_main(some(1), 2);
    let (first, loan_of_first) = packs::lend(world.repository(), one);
    let (second, loan_of_second) = packs::lend(world.repository(), two);
    packs::restore(world.repository(), second, loan_of_first);
    packs::restore(world.repository(), first, loan_of_second);
    world.end()
}

#[test, expected_failure(abort_code = floe::packs::EWrongRepository)]
fun a_loan_is_paid_back_where_it_was_taken() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let mut other = world.start_another();
    let (blob, loan) = packs::lend(world.repository(), pack);
    packs::restore(&mut other, blob, loan);
    destroy(other);
    world.end()
}

#[test, expected_failure(abort_code = sui::dynamic_field::EFieldDoesNotExist, location = sui::dynamic_field)]
fun a_lent_blob_is_not_lent_again() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (one, loan) = packs::lend(world.repository(), pack);
    let (two, second_loan) = packs::lend(world.repository(), pack);
    packs::restore(world.repository(), one, loan);
    packs::restore(world.repository(), two, second_loan);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EUnknownPack)]
fun an_unknown_pack_is_not_lent() {
    let mut world = fixture::start();
    let (blob, loan) = packs::lend(world.repository(), 0);
    packs::restore(world.repository(), blob, loan);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EUnknownPack)]
fun an_unknown_pack_has_no_record() {
    let mut world = fixture::start();
    packs::record(world.repository(), 3);
    world.end()
}

// Replacement

#[test]
fun an_expired_blob_is_replaced_by_the_same_content() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    world.as_sender(STRANGER);
    let fresh = world.blob_with(0x1001, option::some(40), 60, true);
    let fresh_id = object::id(&fresh);
    let old = packs::replace(world.repository(), pack, fresh);
    assert!(old.end_epoch() == 10);
    let record = packs::record(world.repository(), pack);
    assert!(record.object_id() == fresh_id && record.end_epoch() == 60 && record.certified_epoch() == 40);
    assert!(packs::seen_epoch(world.repository()) == 40);
    assert!(event::events_by_type<PackRenewed>().length() == 1);
    old.burn();
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EWrongBlob)]
fun other_content_is_no_replacement() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let fresh = world.blob_with(0x1002, option::some(40), 60, true);
    destroy(packs::replace(world.repository(), pack, fresh));
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EShorterLife)]
fun a_replacement_lives_longer() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let fresh = world.blob_with(0x1001, option::some(6), 10, true);
    destroy(packs::replace(world.repository(), pack, fresh));
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EOtherPersistence)]
fun a_stranger_does_not_make_a_pack_permanent() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let fresh = world.blob_with(0x1001, option::some(6), 20, false);
    destroy(packs::replace(world.repository(), pack, fresh));
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ENotCertified)]
fun a_replacement_is_certified() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let fresh = world.blob_with(0x1001, option::none(), 20, true);
    destroy(packs::replace(world.repository(), pack, fresh));
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ERemoved)]
fun a_removed_pack_is_not_replaced() {
    let mut world = fixture::start();
    let pack = removed(&mut world);
    let fresh = world.blob_with(0x1001, option::some(6), 20, true);
    destroy(packs::replace(world.repository(), pack, fresh));
    world.end()
}

// Promises

#[test]
fun a_promise_only_grows() {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    world.push_main(some(1), 2);
    let (repository, _, _, ctx) = world.all();
    packs::promise(repository, 0, 2, 70_000, ctx);
    packs::promise(repository, 1, 1, 60_000, ctx);
    assert!(packs::record(repository, 0).retain_until_ms() == 70_000);
    assert!(packs::record(repository, 1).retain_until_ms() == 70_000);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EBadRange)]
fun a_promise_is_about_some_packs() {
    let mut world = fixture::start();
    let (repository, _, _, ctx) = world.all();
    packs::promise(repository, 0, 0, 1, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EBadRange)]
fun a_promise_is_about_500_packs_at_most() {
    let mut world = fixture::start();
    let (repository, _, _, ctx) = world.all();
    packs::promise(repository, 0, 501, 1, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun a_stranger_promises_nothing() {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    world.as_sender(STRANGER);
    let (repository, _, _, ctx) = world.all();
    packs::promise(repository, 0, 1, 1, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ENotLive)]
fun nothing_is_promised_of_a_pack_that_goes() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    packs::promise(repository, pack, 1, 1, ctx);
    world.end()
}

// Removal

/// A pack that was pushed and removed.
fun removed(world: &mut fixture::World): u64 {
    let pack = world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    world.wait(1_000);
    let (repository, _, clock, ctx) = world.all();
    removal::take(repository, pack, clock, ctx).burn();
    pack
}

#[test]
fun a_pack_is_removed_after_the_grace_period() {
    let mut world = fixture::start();
    let pack = removed(&mut world);
    let repository = world.repository();
    assert!(packs::record(repository, pack).is_removed() && !packs::record(repository, pack).is_live());
    assert!(packs::generation(repository) == 1 && packs::count(repository) == 1);
    assert!(event::events_by_type<RemovalProposed>().length() == 1);
    world.end()
}

#[test]
fun removed_content_may_be_deposited_again() {
    let mut world = fixture::start();
    removed(&mut world);
    let mut push = world.begin(main(), some(1));
    let blob = world.blob(0x1001);
    let pack = world.deposit(&mut push, blob, 1);
    assert!(packs::number_of(world.repository(), 0x1001) == option::some(pack));
    world.finish(push, 2, pack);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ETooEarly)]
fun the_grace_period_is_waited_for() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    world.wait(999);
    let (repository, _, clock, ctx) = world.all();
    destroy(removal::take(repository, pack, clock, ctx));
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ETooEarly)]
fun a_promise_outlives_the_grace_period() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    packs::promise(repository, pack, 1, 52_000, ctx);
    removal::propose(repository, pack, clock, ctx);
    assert!(packs::record(repository, pack).removable_ms() == 52_000);
    world.wait(1_999);
    let (repository, _, clock, ctx) = world.all();
    destroy(removal::take(repository, pack, clock, ctx));
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ENotProposed)]
fun a_removal_is_proposed_first() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    destroy(removal::take(repository, pack, clock, ctx));
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ENotProposed)]
fun what_is_not_proposed_is_not_cancelled() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, _, _, ctx) = world.all();
    removal::cancel(repository, pack, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ENotLive)]
fun a_removal_is_proposed_once() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    removal::propose(repository, pack, clock, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EPermanent)]
fun nobody_removes_a_permanent_pack() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let blob = world.blob_with(1, option::some(5), 10, false);
    let pack = world.deposit(&mut push, blob, 1);
    world.finish(push, 1, pack);
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    world.end()
}

#[test]
fun a_cancelled_removal_leaves_the_pack_usable() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    removal::cancel(repository, pack, ctx);
    let push = world.begin(main(), some(1));
    world.finish(push, 2, pack);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::EStaleGeneration)]
fun a_push_that_looked_before_a_proposal_fails() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let push = world.begin(main(), some(1));
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    world.finish(push, 2, pack);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::EStaleGeneration)]
fun a_push_begins_with_what_it_looked_at() {
    let mut world = fixture::start();
    let (repository, _, _, ctx) = world.all();
    let push = floe::push::begin(repository, main(), option::none(), 1, 0, ctx);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ENotLive)]
fun a_proposed_pack_is_not_named() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    let push = world.begin(main(), some(1));
    world.finish(push, 2, pack);
    world.end()
}

#[test]
fun a_proposed_pack_can_be_renewed() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    let (mut blob, loan) = packs::lend(repository, pack);
    blob.extend_for_testing(1);
    packs::restore(repository, blob, loan);
    assert!(packs::record(repository, pack).end_epoch() == 11);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ERemoved)]
fun a_removed_pack_is_not_lent() {
    let mut world = fixture::start();
    let pack = removed(&mut world);
    let (blob, loan) = packs::lend(world.repository(), pack);
    packs::restore(world.repository(), blob, loan);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ERemoved)]
fun a_removed_pack_has_no_blob() {
    let mut world = fixture::start();
    let pack = removed(&mut world);
    packs::blob(world.repository(), pack);
    world.end()
}

#[test, expected_failure(abort_code = floe::removal::ENotAllowed)]
fun a_stranger_proposes_nothing() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    world.as_sender(STRANGER);
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::removal::ENotAllowed)]
fun a_writer_does_not_take_what_another_deposited() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, admin, clock, ctx) = world.all();
    roles::grant(repository, admin, STRANGER, 1);
    removal::propose(repository, pack, clock, ctx);
    world.wait(5_000);
    world.as_sender(STRANGER);
    let (repository, _, clock, ctx) = world.all();
    destroy(removal::take(repository, pack, clock, ctx));
    world.end()
}

#[test, expected_failure(abort_code = floe::removal::ENotAllowed)]
fun a_pusher_who_is_no_writer_any_more_takes_nothing() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, admin, clock, ctx) = world.all();
    roles::revoke(repository, admin, @0xA, 5);
    removal::propose(repository, pack, clock, ctx);
    world.end()
}

#[test]
fun a_revoker_removes_the_packs_of_others() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, admin, _, _) = world.all();
    roles::grant(repository, admin, STRANGER, 4);
    world.as_sender(STRANGER);
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, pack, clock, ctx);
    world.wait(1_000);
    let (repository, _, clock, ctx) = world.all();
    removal::take(repository, pack, clock, ctx).burn();
    world.end()
}

// Edges

#[test, expected_failure(abort_code = floe::pack_table::EShorterLife)]
fun a_shortened_blob_is_not_taken_back() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (mut blob, loan) = packs::lend(world.repository(), pack);
    blob.shorten_for_testing(9, world.ctx());
    packs::restore(world.repository(), blob, loan);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EUnknownPack)]
fun an_unknown_pack_is_not_replaced() {
    let mut world = fixture::start();
    let blob = world.blob(1);
    destroy(packs::replace(world.repository(), 0, blob));
    world.end()
}
