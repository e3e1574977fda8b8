#[test_only]
module floe::upgrade_tests;

use floe::events::{
    UpgradeCancelled,
    UpgradeDelayRaised,
    UpgradePolicyCreated,
    UpgradeProposed,
    Upgraded,
    UpgradesEnded
};
use floe::test_repository::id;
use floe::upgrade_policy::{Self, UpgradeKey, UpgradePolicy};
use std::unit_test::destroy;
use sui::clock::{Self, Clock};
use sui::event;
use sui::package::{Self, UpgradeTicket};
use sui::test_scenario::{Self as scenario, Scenario};

const OWNER: address = @0xA;
const DELAY_MS: u64 = 1_000;

public struct Case {
    test: Scenario,
    policy: UpgradePolicy,
    key: UpgradeKey,
    clock: Clock,
}

fun start(): Case {
    let mut test = scenario::begin(OWNER);
    let clock = clock::create_for_testing(test.ctx());
    let cap = package::test_publish(object::id_from_address(@0xF10E), test.ctx());
    let key = upgrade_policy::lock(cap, DELAY_MS, test.ctx());
    assert!(event::events_by_type<UpgradePolicyCreated>().length() == 1);
    test.next_tx(OWNER);
    let policy = test.take_shared<UpgradePolicy>();
    Case { test, policy, key, clock }
}

fun end(self: Case) {
    let Case { test, policy, key, clock } = self;
    destroy(policy);
    destroy(key);
    clock.destroy_for_testing();
    test.end();
}

fun propose(self: &mut Case) {
    self.propose_digest(id(7))
}

fun propose_digest(self: &mut Case, digest: vector<u8>) {
    let Case { policy, key, clock, .. } = self;
    policy.propose(key, digest, clock)
}

fun authorize(self: &mut Case): UpgradeTicket {
    let Case { policy, key, clock, .. } = self;
    policy.authorize(key, clock)
}

fun cancel(self: &mut Case) {
    let Case { policy, key, .. } = self;
    policy.cancel(key)
}

fun raise_delay(self: &mut Case, delay_ms: u64) {
    let Case { policy, key, .. } = self;
    policy.raise_delay(key, delay_ms)
}

fun wait(self: &mut Case, ms: u64) {
    let now = self.clock.timestamp_ms();
    self.clock.set_for_testing(now + ms)
}

#[test]
fun an_upgrade_is_announced_waits_and_happens() {
    let mut case = start();
    assert!(case.policy.version() == 1 && case.policy.delay_ms() == DELAY_MS);
    assert!(case.policy.package_id() == object::id_from_address(@0xF10E) && case.policy.proposal().is_none());
    case.propose();
    let proposal = case.policy.proposal().destroy_some();
    assert!(proposal.digest() == id(7) && proposal.ready_ms() == DELAY_MS);
    case.wait(DELAY_MS);
    let ticket = case.authorize();
    assert!(ticket.ticket_digest() == &id(7) && case.policy.proposal().is_none());
    let receipt = package::test_upgrade(ticket);
    case.policy.commit(receipt);
    assert!(case.policy.version() == 2 && case.policy.package_id() != object::id_from_address(@0xF10E));
    assert!(event::events_by_type<UpgradeProposed>().length() == 1);
    assert!(event::events_by_type<Upgraded>().length() == 1);
    case.end()
}

#[test, expected_failure(abort_code = floe::upgrade_policy::EZeroDelay)]
fun there_is_a_delay() {
    let mut test = scenario::begin(OWNER);
    let cap = package::test_publish(object::id_from_address(@0xF10E), test.ctx());
    let key = upgrade_policy::lock(cap, 0, test.ctx());
    destroy(key);
    test.end();
}

#[test, expected_failure(abort_code = floe::upgrade_policy::ETooEarly)]
fun the_delay_is_waited_for() {
    let mut case = start();
    case.propose();
    case.wait(DELAY_MS - 1);
    let ticket = case.authorize();
    destroy(ticket);
    case.end()
}

#[test, expected_failure(abort_code = floe::upgrade_policy::ENotProposed)]
fun what_is_not_announced_does_not_happen() {
    let mut case = start();
    let ticket = case.authorize();
    destroy(ticket);
    case.end()
}

#[test, expected_failure(abort_code = floe::upgrade_policy::ENotProposed)]
fun an_upgrade_happens_once() {
    let mut case = start();
    case.propose();
    case.wait(DELAY_MS);
    let ticket = case.authorize();
    case.policy.commit(package::test_upgrade(ticket));
    let again = case.authorize();
    destroy(again);
    case.end()
}

#[test, expected_failure(abort_code = floe::upgrade_policy::EAlreadyProposed)]
fun a_proposal_is_not_swapped_while_the_delay_runs() {
    let mut case = start();
    case.propose();
    case.propose();
    case.end()
}

#[test]
fun a_cancelled_proposal_makes_room_for_another() {
    let mut case = start();
    case.propose();
    case.cancel();
    assert!(event::events_by_type<UpgradeCancelled>().length() == 1);
    case.wait(5);
    case.propose();
    assert!(case.policy.proposal().destroy_some().ready_ms() == DELAY_MS + 5);
    case.end()
}

#[test, expected_failure(abort_code = floe::upgrade_policy::ENotProposed)]
fun nothing_is_cancelled_that_was_not_proposed() {
    let mut case = start();
    case.cancel();
    case.end()
}

#[test, expected_failure(abort_code = floe::upgrade_policy::EBadDigest)]
fun a_digest_has_32_bytes() {
    let mut case = start();
    case.propose_digest(b"short");
    case.end()
}

#[test]
fun the_delay_grows() {
    let mut case = start();
    case.propose();
    case.raise_delay(2 * DELAY_MS);
    assert!(case.policy.delay_ms() == 2 * DELAY_MS);
    // For what comes: what was announced keeps its date.
    assert!(case.policy.proposal().destroy_some().ready_ms() == DELAY_MS);
    assert!(event::events_by_type<UpgradeDelayRaised>().length() == 1);
    case.end()
}

#[test, expected_failure(abort_code = floe::upgrade_policy::EShorterDelay)]
fun the_delay_does_not_shrink() {
    let mut case = start();
    case.raise_delay(DELAY_MS - 1);
    case.end()
}

#[test, expected_failure(abort_code = floe::upgrade_policy::EWrongKey)]
fun the_key_of_another_policy_does_not_fit() {
    let mut case = start();
    let cap = package::test_publish(object::id_from_address(@0xBAD), case.test.ctx());
    let other = upgrade_policy::lock(cap, 1, case.test.ctx());
    let Case { policy, clock, .. } = &mut case;
    policy.propose(&other, id(7), clock);
    destroy(other);
    case.end()
}

#[test]
fun upgrades_may_end_for_good() {
    let Case { test, policy, key, clock } = start();
    policy.end_upgrades(key);
    assert!(event::events_by_type<UpgradesEnded>().length() == 1);
    clock.destroy_for_testing();
    test.end();
}

#[test, expected_failure(abort_code = floe::upgrade_policy::EUnderWay)]
fun upgrades_do_not_end_in_the_middle_of_one() {
    let mut case = start();
    case.propose();
    case.wait(DELAY_MS);
    let ticket = case.authorize();
    let Case { test, policy, key, clock } = case;
    policy.end_upgrades(key);
    destroy(ticket);
    clock.destroy_for_testing();
    test.end();
}
