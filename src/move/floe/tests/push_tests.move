#[test_only]
module floe::push_tests;

use floe::events::{PackDeposited, PackRemoved, RefMoved};
use floe::packs;
use floe::push::Push;
use floe::push_log;
use floe::refs;
use floe::roles;
use floe::test_repository::{Self as fixture, id, main, some};
use std::unit_test::destroy;
use sui::event;
use sui::test_scenario;

const STRANGER: address = @0xBAD;
const FRIEND: address = @0xF;

#[test]
fun packs_are_deposited_and_the_ref_moves_in_one_transaction() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let data = world.blob(1);
    let meta = world.blob(2);
    let meta_object = object::id(&meta);
    assert!(world.deposit(&mut push, data, 0) == 0);
    assert!(world.deposit(&mut push, meta, 1) == 1);
    push.add_segment(world.repository(), 1, 100, 800);
    assert!(push.repository() == object::id(world.repository()) && push.packs().length() == 1);
    assert!(world.finish(push, 7, 1) == 0);
    let repository = world.repository();
    assert!(refs::commit(repository, main()) == some(7));
    assert!(packs::count(repository) == 2 && packs::seen_epoch(repository) == 5);
    assert!(packs::number_of(repository, 2) == option::some(1));
    assert!(packs::number_of(repository, 3).is_none());
    let pack = packs::record(repository, 1);
    assert!(pack.blob_id() == 2 && pack.object_id() == meta_object && pack.bytes() == 900);
    assert!(pack.is_meta() && pack.is_live() && !pack.is_permanent() && !pack.is_removed());
    assert!(pack.certified_epoch() == 5 && pack.end_epoch() == 10 && pack.pusher() == @0xA);
    assert!(pack.deposited_ms() == 50_000 && pack.removable_ms() == 0 && pack.retain_until_ms() == 0);
    assert!(packs::blob(repository, 1).blob_id() == 2);
    let record = refs::push_record(repository, 0);
    assert!(record.ref() == main() && record.old().is_none() && record.new_commit() == some(7));
    assert!(record.pusher() == @0xA && record.commit_pack() == 1 && record.tree() == id(0xEE));
    assert!(record.packs()[0].range_first() == 0 && record.packs()[0].range_count() == 2);
    assert!(record.segments().length() == 1 && record.segments()[0].segment_pack() == 1);
    assert!(record.time_ms() == 50_000 && record.walrus_epoch() == 5 && !record.is_forced());
    assert!(record.statement().is_none() && refs::push_count(repository) == 1);
    assert!(event::events_by_type<PackDeposited>().length() == 2);
    assert!(event::events_by_type<RefMoved>().length() == 1);
    world.end()
}

#[test]
fun a_push_over_several_transactions_shows_with_its_last() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let data = world.blob(1);
    world.deposit(&mut push, data, 0);
    transfer::public_transfer(push, @0xA);
    world.as_sender(@0xA);
    assert!(refs::commit(world.repository(), main()).is_none());
    assert!(refs::push_count(world.repository()) == 0);
    let mut push = world.take_push();
    let meta = world.blob(2);
    let pack = world.deposit(&mut push, meta, 1);
    world.finish(push, 7, pack);
    assert!(refs::commit(world.repository(), main()) == some(7));
    world.end()
}

use fun take_push as fixture::World.take_push;

fun take_push(world: &mut fixture::World): Push {
    world.test().take_from_sender<Push>()
}

#[test]
fun packs_of_two_pushes_may_interleave() {
    let mut world = fixture::start();
    let mut one = world.begin(main(), option::none());
    let mut two = world.begin(b"refs/heads/side".to_string(), option::none());
    let mut at = 0;
    while (at < 3) {
        let mine = world.blob(at * 2 + 1);
        world.deposit(&mut one, mine, 1);
        let other = world.blob(at * 2 + 2);
        world.deposit(&mut two, other, 1);
        at = at + 1;
    };
    world.finish(one, 7, 4);
    world.finish(two, 8, 5);
    let ranges = refs::push_record(world.repository(), 0).packs();
    assert!(ranges.length() == 3 && ranges[2].range_first() == 4);
    world.end()
}

#[test]
fun a_tag_is_a_push_without_packs() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let push = world.begin(b"refs/tags/v1".to_string(), option::none());
    world.finish(push, 1, pack);
    assert!(refs::commit(world.repository(), b"refs/tags/v1".to_string()) == some(1));
    assert!(refs::push_record(world.repository(), 1).packs().is_empty());
    assert!(refs::count(world.repository()) == 2);
    assert!(refs::name(world.repository(), 1) == b"refs/tags/v1".to_string());
    world.end()
}

#[test]
fun a_statement_may_go_with_it() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let push = world.begin(main(), some(1));
    let (repository, _, clock, ctx) = world.all();
    push.finish(repository, id(2), id(3), pack, some(9), false, clock, ctx);
    assert!(refs::push_record(repository, 1).statement() == some(9));
    world.end()
}

// Compare-and-swap

#[test, expected_failure(abort_code = floe::ref_table::EStale)]
fun a_stale_push_fails_before_anything_is_deposited() {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    let push = world.begin(main(), some(2));
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::ref_table::EStale)]
fun the_second_of_two_racing_pushes_fails() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let one = world.begin(main(), some(1));
    let two = world.begin(main(), some(1));
    world.finish(one, 2, pack);
    world.finish(two, 3, pack);
    world.end()
}

#[test, expected_failure(abort_code = floe::ref_table::EStale)]
fun a_ref_that_is_there_is_not_created() {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    world.push_main(option::none(), 2);
    world.end()
}

#[test]
fun a_lost_race_is_retargeted_with_its_packs() {
    let mut world = fixture::start();
    let first = world.push_main(option::none(), 1);
    let mut push = world.begin(main(), some(1));
    let blob = world.blob(77);
    let pack = world.deposit(&mut push, blob, 1);
    push.add_segment(world.repository(), pack, 0, 1);
    let winner = world.begin(main(), some(1));
    world.finish(winner, 2, first);
    let (repository, _, _, ctx) = world.all();
    push.retarget(repository, some(2), 0, ctx);
    world.finish(push, 3, pack);
    let record = refs::push_record(world.repository(), 2);
    assert!(record.old() == some(2) && record.segments().is_empty() && record.packs().length() == 1);
    world.end()
}

#[test, expected_failure(abort_code = floe::ref_table::ETagIsImmutable)]
fun a_tag_does_not_move() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let tag = b"refs/tags/v1".to_string();
    let push = world.begin(tag, option::none());
    world.finish(push, 1, pack);
    let again = world.begin(tag, some(1));
    world.finish(again, 2, pack);
    world.end()
}

#[test]
fun a_forced_update_is_on_record() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let push = world.begin(main(), some(1));
    world.finish_forced(push, 2, pack, true);
    assert!(refs::push_record(world.repository(), 1).is_forced());
    world.end()
}

#[test, expected_failure(abort_code = floe::ref_table::EForceForbidden)]
fun force_can_be_forbidden_for_a_ref() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, admin, _, _) = world.all();
    refs::set_forbid_force(repository, admin, option::some(main()), true);
    let push = world.begin(main(), some(1));
    world.finish_forced(push, 2, pack, true);
    world.end()
}

#[test, expected_failure(abort_code = floe::ref_table::EForceForbidden)]
fun force_can_be_forbidden_everywhere() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, admin, _, _) = world.all();
    refs::set_forbid_force(repository, admin, option::none(), true);
    let push = world.begin(main(), some(1));
    world.finish_forced(push, 2, pack, true);
    world.end()
}

#[test]
fun force_can_be_allowed_again() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, admin, _, _) = world.all();
    refs::set_forbid_force(repository, admin, option::some(main()), true);
    refs::set_forbid_force(repository, admin, option::some(main()), false);
    let push = world.begin(main(), some(1));
    world.finish_forced(push, 2, pack, true);
    world.end()
}

#[test]
fun an_unforced_update_passes_where_force_is_forbidden() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, admin, _, _) = world.all();
    refs::set_forbid_force(repository, admin, option::none(), true);
    let push = world.begin(main(), some(1));
    world.finish(push, 2, pack);
    world.end()
}

#[test, expected_failure(abort_code = floe::ref_table::EUnknownRef)]
fun a_rule_needs_its_ref() {
    let mut world = fixture::start();
    let (repository, admin, _, _) = world.all();
    refs::set_forbid_force(repository, admin, option::some(main()), true);
    world.end()
}

// Deleting refs

#[test]
fun a_branch_is_deleted_and_created_again() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    assert!(refs::delete(repository, main(), id(1), clock, ctx) == 1);
    assert!(refs::commit(repository, main()).is_none());
    assert!(refs::row(repository, main()).ref_commit().is_none());
    let record = refs::push_record(repository, 1);
    assert!(record.new_commit().is_none() && record.is_forced());
    let push = world.begin(main(), option::none());
    world.finish(push, 2, pack);
    assert!(refs::commit(world.repository(), main()) == some(2));
    // Still one name.
    assert!(refs::count(world.repository()) == 1);
    let row = refs::row(world.repository(), main());
    assert!(row.ref_push() == 2 && row.ref_commit_pack() == pack);
    world.end()
}

#[test, expected_failure(abort_code = floe::ref_table::EStale)]
fun a_branch_that_moved_is_not_deleted() {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    refs::delete(repository, main(), id(2), clock, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::ref_table::ETagIsImmutable)]
fun a_tag_is_not_deleted() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let tag = b"refs/tags/v1".to_string();
    let push = world.begin(tag, option::none());
    world.finish(push, 1, pack);
    let (repository, _, clock, ctx) = world.all();
    refs::delete(repository, tag, id(1), clock, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun a_stranger_does_not_delete() {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    world.as_sender(STRANGER);
    let (repository, _, clock, ctx) = world.all();
    refs::delete(repository, main(), id(1), clock, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::ref_table::EUnknownRef)]
fun an_unknown_ref_has_no_row() {
    let mut world = fixture::start();
    refs::row(world.repository(), main());
    world.end()
}

#[test, expected_failure(abort_code = floe::ref_table::EUnknownRef)]
fun an_unknown_number_has_no_name() {
    let mut world = fixture::start();
    refs::name(world.repository(), 0);
    world.end()
}

#[test, expected_failure(abort_code = floe::push_log::EUnknownPush)]
fun an_unknown_push_has_no_record() {
    let mut world = fixture::start();
    refs::push_record(world.repository(), 0);
    world.end()
}

// Who and what

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun a_stranger_does_not_begin() {
    let mut world = fixture::start();
    world.as_sender(STRANGER);
    let push = world.begin(main(), option::none());
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun a_stranger_with_the_push_does_not_deposit() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    world.as_sender(STRANGER);
    let blob = world.blob(1);
    world.deposit(&mut push, blob, 0);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun a_revoked_writer_does_not_finish() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let push = world.begin(main(), some(1));
    let (repository, admin, _, _) = world.all();
    roles::revoke(repository, admin, @0xA, 1);
    world.finish(push, 2, pack);
    world.end()
}

#[test]
fun another_writer_may_go_on_with_a_push() {
    let mut world = fixture::start();
    let (repository, admin, _, _) = world.all();
    roles::grant(repository, admin, FRIEND, 1);
    let mut push = world.begin(main(), option::none());
    world.as_sender(FRIEND);
    let blob = world.blob(1);
    let pack = world.deposit(&mut push, blob, 1);
    world.finish(push, 2, pack);
    assert!(refs::push_record(world.repository(), 0).pusher() == FRIEND);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::EWrongRepository)]
fun a_push_belongs_to_one_repository() {
    let mut world = fixture::start();
    let mut other = fixture::start_another(&mut world);
    let push = world.begin(main(), option::none());
    let (_, _, clock, ctx) = world.all();
    push.finish(&mut other, id(1), id(1), 0, option::none(), false, clock, ctx);
    destroy(other);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::EBadId)]
fun a_commit_id_has_32_bytes() {
    let mut world = fixture::start();
    let push = world.begin(main(), option::none());
    let (repository, _, clock, ctx) = world.all();
    push.finish(repository, x"01", id(1), 0, option::none(), false, clock, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::EBadId)]
fun a_statement_id_has_32_bytes() {
    let mut world = fixture::start();
    let push = world.begin(main(), option::none());
    let (repository, _, clock, ctx) = world.all();
    push.finish(repository, id(1), id(1), 0, option::some(x"01"), false, clock, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::ref_name::EBadPrefix)]
fun a_ref_name_is_checked() {
    let mut world = fixture::start();
    let push = world.begin(b"main".to_string(), option::none());
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::ECommitNotInMetaPack)]
fun the_commit_is_in_a_meta_pack() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let blob = world.blob(1);
    let pack = world.deposit(&mut push, blob, 0);
    world.finish(push, 1, pack);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EUnknownPack)]
fun the_commit_is_in_a_pack() {
    let mut world = fixture::start();
    let push = world.begin(main(), option::none());
    world.finish(push, 1, 0);
    world.end()
}

// Deposit

#[test, expected_failure(abort_code = floe::pack_table::ENotCertified)]
fun an_uncertified_blob_is_not_deposited() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let blob = world.blob_with(1, option::none(), 10, true);
    world.deposit(&mut push, blob, 0);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EExpired)]
fun a_blob_that_ended_with_an_epoch_seen_is_not_deposited() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let late = world.blob_with(1, option::some(8), 10, true);
    world.deposit(&mut push, late, 0);
    let early = world.blob_with(2, option::some(5), 8, true);
    world.deposit(&mut push, early, 0);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EUnknownKind)]
fun a_pack_is_data_or_meta() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let blob = world.blob(1);
    world.deposit(&mut push, blob, 2);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EAlreadyDeposited)]
fun a_published_blob_is_not_deposited_again() {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    let mut push = world.begin(main(), some(1));
    let blob = world.blob(0x1001);
    world.deposit(&mut push, blob, 1);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EAlreadyDeposited)]
fun a_push_does_not_deposit_twice() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let blob = world.blob(1);
    world.deposit(&mut push, blob, 1);
    let blob = world.blob(1);
    world.deposit(&mut push, blob, 1);
    destroy(push);
    world.end()
}

#[test]
fun two_pushes_under_way_may_deposit_the_same_content() {
    let mut world = fixture::start();
    let mut one = world.begin(main(), option::none());
    let mut two = world.begin(b"refs/heads/side".to_string(), option::none());
    let blob = world.blob(1);
    world.deposit(&mut one, blob, 1);
    let blob = world.blob(1);
    world.deposit(&mut two, blob, 1);
    world.finish(one, 1, 0);
    world.finish(two, 1, 1);
    assert!(packs::number_of(world.repository(), 1) == option::some(1));
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EUnpublished)]
fun a_pack_of_another_push_under_way_is_not_named() {
    let mut world = fixture::start();
    let mut one = world.begin(main(), option::none());
    let blob = world.blob(1);
    let pack = world.deposit(&mut one, blob, 1);
    let two = world.begin(b"refs/heads/side".to_string(), option::none());
    world.finish(two, 1, pack);
    destroy(one);
    world.end()
}

#[test]
fun a_push_keeps_its_promise_for_its_packs() {
    let mut world = fixture::start();
    let (repository, _, _, ctx) = world.all();
    let mut push = floe::push::begin(repository, main(), option::none(), 0, 99_999, ctx);
    let blob = world.blob(1);
    let pack = world.deposit(&mut push, blob, 1);
    assert!(packs::record(world.repository(), pack).retain_until_ms() == 99_999);
    assert!(packs::record(world.repository(), pack).push() == object::id(&push));
    world.finish(push, 1, pack);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::ETooManyRanges)]
fun a_push_has_a_limit_of_ranges() {
    let mut ranges = vector[];
    let mut pack = 0;
    while (ranges.length() <= 1_024) {
        push_log::add_to_ranges(&mut ranges, pack);
        pack = pack + 2;
    };
    floe::push::assert_ranges_for_testing(&ranges);
}

// Segments

#[test, expected_failure(abort_code = floe::push::EBadSegment)]
fun a_segment_lies_inside_its_pack() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let mut push = world.begin(main(), some(1));
    push.add_segment(world.repository(), pack, 101, 800);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::EBadSegment)]
fun a_segment_has_a_length() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let mut push = world.begin(main(), some(1));
    push.add_segment(world.repository(), pack, 0, 0);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::EBadSegment)]
fun a_segment_with_a_huge_offset_is_refused() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let mut push = world.begin(main(), some(1));
    push.add_segment(world.repository(), pack, 18_446_744_073_709_551_615, 1);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::EBadSegment)]
fun a_segment_is_in_a_meta_pack() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let blob = world.blob(1);
    let pack = world.deposit(&mut push, blob, 0);
    push.add_segment(world.repository(), pack, 0, 1);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::ETooManySegments)]
fun segments_are_few() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let mut push = world.begin(main(), some(1));
    let mut at = 0;
    while (at < 65) {
        push.add_segment(world.repository(), pack, at, 1);
        at = at + 1;
    };
    destroy(push);
    world.end()
}

// Giving up

#[test]
fun an_unfinished_push_gives_its_packs_back() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let mut blob_id = 1;
    while (blob_id < 4) {
        let blob = world.blob(blob_id);
        world.deposit(&mut push, blob, 1);
        blob_id = blob_id + 1;
    };
    let (repository, _, _, ctx) = world.all();
    let middle = push.take_back(repository, 1, ctx);
    assert!(middle.blob_id() == 2 && packs::record(repository, 1).is_removed());
    assert!(push.packs().length() == 2 && packs::generation(repository) == 0);
    let first = push.take_back(repository, 0, ctx);
    let last = push.take_back(repository, 2, ctx);
    push.abandon(repository);
    assert!(event::events_by_type<PackRemoved>().length() == 3);
    middle.burn();
    first.burn();
    last.burn();
    // The content may come again.
    let mut push = world.begin(main(), option::none());
    let blob = world.blob(2);
    assert!(world.deposit(&mut push, blob, 1) == 3);
    world.finish(push, 1, 3);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::ENotOfThisPush)]
fun a_push_takes_back_only_its_own() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    let mut push = world.begin(main(), some(1));
    let (repository, _, _, ctx) = world.all();
    let blob = push.take_back(repository, pack, ctx);
    destroy(blob);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::push::EHasPacks)]
fun a_push_with_packs_is_not_abandoned() {
    let mut world = fixture::start();
    let mut push = world.begin(main(), option::none());
    let blob = world.blob(1);
    world.deposit(&mut push, blob, 1);
    push.abandon(world.repository());
    world.end()
}

#[test]
fun ranges_grow_split_and_shrink() {
    let mut ranges = vector[];
    let mut pack = 3;
    while (pack < 8) {
        push_log::add_to_ranges(&mut ranges, pack);
        pack = pack + 1;
    };
    push_log::add_to_ranges(&mut ranges, 20);
    assert!(ranges.length() == 2 && push_log::is_in_ranges(&ranges, 7));
    assert!(!push_log::is_in_ranges(&ranges, 8) && !push_log::is_in_ranges(&ranges, 2));
    let without = push_log::without(&ranges, 5);
    assert!(without.length() == 3 && without[1].range_first() == 6 && without[1].range_count() == 2);
    let without = push_log::without(&ranges, 20);
    assert!(without.length() == 1);
    let without = push_log::without(&ranges, 3);
    assert!(without[0].range_first() == 4 && without[0].range_count() == 4);
    let without = push_log::without(&ranges, 7);
    assert!(without[0].range_first() == 3 && without[0].range_count() == 4);
}

#[test]
fun a_repository_and_its_first_push_are_one_transaction() {
    let mut test = test_scenario::begin(@0xA);
    let clock = sui::clock::create_for_testing(test.ctx());
    let name = b"new".to_string();
    let (mut repository, cap) = floe::repository::create(name, 0, &clock, test.ctx());
    let mut push = floe::push::begin(&mut repository, main(), option::none(), 0, 0, test.ctx());
    let blob = walrus::blob::new_for_testing(1, 9, 1, option::some(1), 3, true, test.ctx());
    let pack = push.deposit(&mut repository, blob, 1, &clock, test.ctx());
    push.finish(&mut repository, id(1), id(2), pack, option::none(), false, &clock, test.ctx());
    repository.share();
    transfer::public_transfer(cap, @0xA);
    clock.destroy_for_testing();
    let effects = test.end();
    assert!(effects.shared().length() == 1);
}
