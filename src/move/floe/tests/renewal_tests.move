#[test_only]
module floe::renewal_tests;

use floe::events::{EpochShown, PackRenewed, RenewalRuleCleared, RenewalRuleSet, RenewedFromFund};
use floe::packs;
use floe::push;
use floe::removal;
use floe::renewal;
use floe::repository;
use floe::test_repository::{Self as fixture, World};
use std::unit_test::destroy;
use sui::coin;
use sui::event;
use wal::wal::WAL;

const STRANGER: address = @0xBAD;
const FUND: u64 = 10_000;

/// Below 4 up to 6 epochs; 10 FROST per MiB and epoch, 50 per pack, 80 per epoch. Blobs have one MiB, end is 10.
fun start(): World {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    let (repository, cap, _, ctx) = world.all();
    renewal::set_rule(repository, cap, 4, 6, 10, 50, 80);
    let gift = coin::mint_for_testing<WAL>(FUND, ctx);
    repository::donate(repository, gift, ctx);
    world
}

/// Somebody shows a blob that was registered in an epoch.
fun show(world: &mut World, epoch: u32) {
    let blob = walrus::blob::new_for_testing(77, 1, epoch, option::none(), epoch + 1, true, world.ctx());
    renewal::show_epoch(world.repository(), &blob);
    blob.burn()
}

/// Renews by `epochs`, keeping `cost` of the money.
fun renew(world: &mut World, pack: u64, epochs: u32, cost: u64) {
    let (repository, _, _, ctx) = world.all();
    let (mut blob, mut money, renewal) = renewal::begin(repository, pack, ctx);
    blob.extend_for_testing(epochs);
    let paid = money.split(cost, ctx);
    renewal::finish(repository, blob, money, renewal, ctx);
    destroy(paid)
}

use fun show as World.show;
use fun renew as World.renew;

#[test]
fun anyone_renews_from_the_fund_what_is_due() {
    let mut world = start();
    world.as_sender(STRANGER);
    world.show(7);
    assert!(packs::seen_epoch(world.repository()) == 7);
    assert!(event::events_by_type<EpochShown>().length() == 1);
    world.renew(0, 3, 21);
    let repository = world.repository();
    assert!(packs::record(repository, 0).end_epoch() == 13 && repository.fund_value() == FUND - 21);
    assert!(renewal::spent(repository) == 21);
    assert!(event::events_by_type<PackRenewed>().length() == 1);
    assert!(event::events_by_type<RenewedFromFund>().length() == 1);
    world.end()
}

#[test]
fun the_rule_can_be_read_changed_and_cleared() {
    let mut world = start();
    let (repository, cap, _, _) = world.all();
    let rule = renewal::rule(repository);
    assert!(rule.renew_below() == 4 && rule.renew_to() == 6 && rule.max_price() == 10);
    assert!(rule.max_per_pack() == 50 && rule.max_per_epoch() == 80);
    renewal::set_rule(repository, cap, 1, 2, 3, 4, 5);
    assert!(renewal::rule(repository).max_per_epoch() == 5 && renewal::has_rule(repository));
    renewal::clear_rule(repository, cap);
    assert!(!renewal::has_rule(repository));
    assert!(event::events_by_type<RenewalRuleSet>().length() == 2);
    assert!(event::events_by_type<RenewalRuleCleared>().length() == 1);
    world.end()
}

#[test]
fun an_epoch_is_shown_by_a_certificate_too_and_never_goes_back() {
    let mut world = start();
    let certified = world.blob_with(9, option::some(8), 20, true);
    renewal::show_epoch(world.repository(), &certified);
    assert!(packs::seen_epoch(world.repository()) == 8);
    world.show(6);
    assert!(packs::seen_epoch(world.repository()) == 8);
    assert!(event::events_by_type<EpochShown>().length() == 1);
    certified.burn();
    world.end()
}

#[test]
fun more_money_than_was_lent_is_a_gift() {
    let mut world = start();
    world.show(7);
    let (repository, _, _, ctx) = world.all();
    let (mut blob, mut money, renewal) = renewal::begin(repository, 0, ctx);
    blob.extend_for_testing(1);
    money.join(coin::mint_for_testing(500, ctx));
    renewal::finish(repository, blob, money, renewal, ctx);
    assert!(repository.fund_value() == FUND + 500 && renewal::spent(repository) == 0);
    world.end()
}

#[test]
fun the_fund_lends_no_more_than_it_has() {
    let mut world = start();
    world.show(7);
    let (repository, cap, _, ctx) = world.all();
    let rest = repository.withdraw(cap, FUND - 15, ctx);
    let (mut blob, money, renewal) = renewal::begin(repository, 0, ctx);
    assert!(money.value() == 15);
    blob.extend_for_testing(1);
    renewal::finish(repository, blob, money, renewal, ctx);
    destroy(rest);
    world.end()
}

#[test]
fun a_loan_is_at_most_what_the_rule_allows() {
    let mut world = start();
    world.show(8);
    let (repository, _, _, ctx) = world.all();
    let (mut blob, money, renewal) = renewal::begin(repository, 0, ctx);
    // Up to epoch 14, which is 4 more.
    assert!(money.value() == 40);
    blob.extend_for_testing(4);
    renewal::finish(repository, blob, money, renewal, ctx);
    world.end()
}

#[test]
fun the_budget_begins_again_with_an_epoch() {
    let mut world = start();
    world.show(7);
    world.renew(0, 3, 30);
    assert!(renewal::spent(world.repository()) == 30);
    world.show(10);
    assert!(renewal::spent(world.repository()) == 0);
    world.renew(0, 3, 30);
    assert!(renewal::spent(world.repository()) == 30);
    world.end()
}

#[test]
fun an_epoch_shown_between_does_not_pay_the_budget_back() {
    let mut world = start();
    let other = world.push_main(fixture::some(1), 2);
    world.show(7);
    let (repository, _, _, ctx) = world.all();
    let (mut one, money_of_one, renewal_of_one) = renewal::begin(repository, 0, ctx);
    world.show(8);
    let (repository, _, _, ctx) = world.all();
    let (mut two, mut money_of_two, renewal_of_two) = renewal::begin(repository, other, ctx);
    two.extend_for_testing(4);
    destroy(money_of_two.split(40, ctx));
    renewal::finish(repository, two, money_of_two, renewal_of_two, ctx);
    one.extend_for_testing(1);
    renewal::finish(repository, one, money_of_one, renewal_of_one, ctx);
    assert!(renewal::spent(repository) == 40);
    world.end()
}

#[test]
fun a_rule_cleared_meanwhile_lets_a_renewal_end() {
    let mut world = start();
    world.show(7);
    let (repository, cap, _, ctx) = world.all();
    let (mut blob, money, renewal) = renewal::begin(repository, 0, ctx);
    renewal::clear_rule(repository, cap);
    blob.extend_for_testing(1);
    renewal::finish(repository, blob, money, renewal, ctx);
    assert!(repository.fund_value() == FUND);
    world.end()
}

// Draining

#[test, expected_failure(abort_code = floe::renewal::ENotDue)]
fun what_was_renewed_is_not_due_again() {
    let mut world = start();
    world.show(7);
    world.renew(0, 3, 30);
    world.renew(0, 1, 10);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::ENoMoney)]
fun an_epoch_has_a_budget() {
    let mut world = start();
    let (repository, cap, _, _) = world.all();
    renewal::set_rule(repository, cap, 6, 6, 10, 50, 80);
    world.show(7);
    // Below 6 up to 6: one epoch at a time, as small as it goes, never more than the budget of 80 in total.
    let packs_more = world.push_main(fixture::some(1), 2);
    let third = world.push_main(fixture::some(2), 3);
    world.renew(0, 3, 30);
    world.renew(packs_more, 3, 30);
    world.renew(third, 2, 20);
    assert!(renewal::spent(world.repository()) == 80);
    world.renew(third, 1, 0);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::EOverspent)]
fun an_epoch_costs_no_more_than_its_price() {
    let mut world = start();
    world.show(7);
    world.renew(0, 2, 21);
    world.end()
}

#[test, expected_failure(abort_code = sui::balance::ENotEnough, location = sui::balance)]
fun nothing_is_lent_beyond_the_limit_of_a_pack() {
    let mut world = start();
    let (repository, cap, _, _) = world.all();
    renewal::set_rule(repository, cap, 4, 6, 10, 25, 80);
    world.show(7);
    world.renew(0, 3, 26);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::ENotRenewed)]
fun money_is_not_lent_for_nothing() {
    let mut world = start();
    world.show(7);
    world.renew(0, 0, 0);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::ETooFar)]
fun a_pack_goes_no_further_than_the_rule() {
    let mut world = start();
    world.show(7);
    world.renew(0, 4, 30);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::ENotDue)]
fun a_pack_is_not_due_before_its_time() {
    let mut world = start();
    world.show(6);
    world.renew(0, 1, 10);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::EExpired)]
fun an_expired_pack_is_not_renewed() {
    let mut world = start();
    world.show(10);
    world.renew(0, 1, 10);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::ENoMoney)]
fun an_empty_fund_lends_nothing() {
    let mut world = start();
    world.show(7);
    let (repository, cap, _, ctx) = world.all();
    let all = repository.withdraw(cap, FUND, ctx);
    destroy(all);
    world.renew(0, 1, 0);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::ENoRule)]
fun without_a_rule_the_fund_pays_nothing() {
    let mut world = start();
    let (repository, cap, _, _) = world.all();
    renewal::clear_rule(repository, cap);
    world.show(7);
    world.renew(0, 1, 10);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::ENoRule)]
fun there_is_no_rule_to_clear() {
    let mut world = fixture::start();
    let (repository, cap, _, _) = world.all();
    renewal::clear_rule(repository, cap);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::ENoRule)]
fun there_is_no_rule_to_read() {
    let mut world = fixture::start();
    renewal::rule(world.repository());
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EWrongBlob)]
fun the_same_blob_comes_back() {
    let mut world = start();
    world.show(7);
    let other = world.blob_with(0x1001, option::some(5), 12, true);
    let (repository, _, _, ctx) = world.all();
    let (blob, money, renewal) = renewal::begin(repository, 0, ctx);
    renewal::finish(repository, other, money, renewal, ctx);
    destroy(blob);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::EWrongRepository)]
fun a_renewal_ends_where_it_began() {
    let mut world = start();
    world.show(7);
    let mut other = world.start_another();
    let (repository, _, _, ctx) = world.all();
    let (mut blob, money, renewal) = renewal::begin(repository, 0, ctx);
    blob.extend_for_testing(1);
    renewal::finish(&mut other, blob, money, renewal, ctx);
    destroy(other);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::EOverspent)]
fun the_money_of_two_renewals_does_not_pay_one_twice() {
    let mut world = start();
    let other = world.push_main(fixture::some(1), 2);
    world.show(7);
    let (repository, _, _, ctx) = world.all();
    let (mut one, mut money, renewal_of_one) = renewal::begin(repository, 0, ctx);
    let (mut two, money_of_two, renewal_of_two) = renewal::begin(repository, other, ctx);
    one.extend_for_testing(1);
    two.extend_for_testing(1);
    money.join(money_of_two);
    let all = money.value();
    let kept = money.split(all - 30, ctx);
    renewal::finish(repository, one, money, renewal_of_one, ctx);
    renewal::finish(repository, two, coin::zero(ctx), renewal_of_two, ctx);
    destroy(kept);
    world.end()
}

#[test, expected_failure(abort_code = sui::dynamic_field::EFieldDoesNotExist, location = sui::dynamic_field)]
fun a_pack_is_lent_once_at_a_time() {
    let mut world = start();
    world.show(7);
    let (repository, _, _, ctx) = world.all();
    let (one, money, renewal) = renewal::begin(repository, 0, ctx);
    let (two, more_money, second) = renewal::begin(repository, 0, ctx);
    renewal::finish(repository, one, money, renewal, ctx);
    renewal::finish(repository, two, more_money, second, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::EUnpublished)]
fun a_pack_that_can_be_taken_back_is_not_renewed() {
    let mut world = start();
    let mut push: push::Push = world.begin(b"refs/heads/side".to_string(), option::none());
    let blob = world.blob(3);
    let pack = world.deposit(&mut push, blob, 1);
    world.show(7);
    world.renew(pack, 1, 10);
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = floe::pack_table::ENotLive)]
fun a_pack_that_goes_is_not_renewed() {
    let mut world = start();
    let (repository, _, clock, ctx) = world.all();
    removal::propose(repository, 0, clock, ctx);
    world.show(7);
    world.renew(0, 1, 10);
    world.end()
}

// The rule

#[test, expected_failure(abort_code = floe::renewal::EBadRule)]
fun a_pack_is_renewed_past_where_it_is_due() {
    let mut world = fixture::start();
    let (repository, cap, _, _) = world.all();
    renewal::set_rule(repository, cap, 7, 6, 10, 50, 80);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::EBadRule)]
fun a_rule_has_a_price() {
    let mut world = fixture::start();
    let (repository, cap, _, _) = world.all();
    renewal::set_rule(repository, cap, 4, 6, 0, 50, 80);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::ENotAdmin)]
fun only_an_admin_sets_the_rule() {
    let mut world = start();
    let (mut other, cap) = {
        let (_, _, clock, ctx) = world.all();
        repository::create(b"dogs".to_string(), 0, clock, ctx)
    };
    renewal::set_rule(world.repository(), &cap, 4, 6, 10_000, 50_000, 80_000);
    renewal::clear_rule(&mut other, &cap);
    destroy(other);
    destroy(cap);
    world.end()
}

#[test, expected_failure(abort_code = floe::repository::EWrongVersion)]
fun another_version_lends_nothing() {
    let mut world = start();
    world.show(7);
    world.repository().set_version_for_testing(2);
    world.renew(0, 1, 10);
    world.end()
}

#[test]
fun a_dear_price_does_not_overflow() {
    let mut world = start();
    let (repository, cap, _, _) = world.all();
    let most = 18_446_744_073_709_551_615;
    renewal::set_rule(repository, cap, 4, 6, most, most, most);
    world.show(7);
    world.renew(0, 3, FUND);
    assert!(world.repository().fund_value() == 0);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::EBadRule)]
fun a_rule_pays_something_for_a_pack() {
    let mut world = fixture::start();
    let (repository, cap, _, _) = world.all();
    renewal::set_rule(repository, cap, 4, 6, 10, 0, 80);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::EBadRule)]
fun a_rule_begins_before_the_end() {
    let mut world = fixture::start();
    let (repository, cap, _, _) = world.all();
    renewal::set_rule(repository, cap, 0, 6, 10, 50, 80);
    world.end()
}

#[test]
fun a_lower_budget_than_what_is_spent_lends_nothing_more() {
    let mut world = start();
    let other = world.push_main(fixture::some(1), 2);
    world.show(7);
    world.renew(0, 3, 30);
    let (repository, cap, _, ctx) = world.all();
    renewal::set_rule(repository, cap, 4, 6, 10, 50, 35);
    let (mut blob, money, renewal) = renewal::begin(repository, other, ctx);
    assert!(money.value() == 5);
    blob.extend_for_testing(1);
    renewal::finish(repository, blob, money, renewal, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::renewal::ENoMoney)]
fun a_budget_below_what_is_spent_lends_nothing() {
    let mut world = start();
    let other = world.push_main(fixture::some(1), 2);
    world.show(7);
    world.renew(0, 3, 30);
    let (repository, cap, _, _) = world.all();
    renewal::set_rule(repository, cap, 4, 6, 10, 50, 20);
    world.renew(other, 1, 0);
    world.end()
}
