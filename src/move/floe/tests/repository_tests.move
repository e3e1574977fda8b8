#[test_only]
module floe::repository_tests;

use floe::attestation;
use floe::events::{AdminIssued, AdminRevoked, Attested, FundChanged, RepositoryCreated, RolesChanged};
use floe::packs;
use floe::repository;
use floe::roles;
use floe::test_repository::{Self as fixture, id, main, some};
use std::unit_test::destroy;
use sui::coin;
use sui::event;
use sui::test_scenario as scenario;
use wal::wal::WAL;

const FRIEND: address = @0xF;

// Creation and administration

#[test]
fun a_new_repository_is_empty_and_its_creator_may_do_everything() {
    let mut world = fixture::start();
    assert!(repository::repository_of(world.admin()) == object::id(world.repository()));
    let repository = world.repository();
    assert!(repository.name() == b"cats".to_string() && repository.version() == 1);
    assert!(repository.created_ms() == 50_000 && repository.grace_ms() == 1_000);
    assert!(repository.fund_value() == 0 && packs::count(repository) == 0);
    assert!(floe::refs::count(repository) == 0 && floe::refs::push_count(repository) == 0);
    assert!(attestation::count(repository) == 0);
    assert!(roles::roles_of(repository, @0xA) == 7 && roles::roles_of(repository, FRIEND) == 0);
    world.end()
}

#[test]
fun creation_is_announced() {
    let mut test = scenario::begin(@0xA);
    let clock = sui::clock::create_for_testing(test.ctx());
    let (repository, cap) = repository::create(b"x".to_string(), 0, &clock, test.ctx());
    assert!(event::events_by_type<RepositoryCreated>().length() == 1);
    destroy(repository);
    destroy(cap);
    clock.destroy_for_testing();
    test.end();
}

#[test, expected_failure(abort_code = repository::EBadName)]
fun a_repository_has_a_name() {
    let mut world = fixture::start();
    let (_, _, clock, ctx) = world.all();
    let (repository, cap) = repository::create(b"".to_string(), 0, clock, ctx);
    destroy(repository);
    destroy(cap);
    world.end()
}

#[test, expected_failure(abort_code = repository::EBadName)]
fun a_name_is_short() {
    let mut world = fixture::start();
    let mut name = vector[];
    while (name.length() < 101) name.push_back(97);
    let (repository, admin, _, _) = world.all();
    repository.rename(admin, name.to_string());
    world.end()
}

#[test]
fun the_admin_renames_and_raises_the_grace_period() {
    let mut world = fixture::start();
    let (repository, admin, _, _) = world.all();
    repository.rename(admin, b"lions".to_string());
    repository.raise_grace(admin, 2_000);
    repository.raise_grace(admin, 2_000);
    assert!(repository.name() == b"lions".to_string() && repository.grace_ms() == 2_000);
    world.end()
}

#[test, expected_failure(abort_code = repository::EShorterGrace)]
fun the_grace_period_does_not_shrink() {
    let mut world = fixture::start();
    let (repository, admin, _, _) = world.all();
    repository.raise_grace(admin, 999);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::ENotAdmin)]
fun the_capability_of_another_repository_is_worth_nothing() {
    let mut world = fixture::start();
    let (repository, _, clock, ctx) = world.all();
    let (other, cap) = repository::create(b"x".to_string(), 0, clock, ctx);
    repository.rename(&cap, b"mine".to_string());
    destroy(other);
    destroy(cap);
    world.end()
}

// Money

#[test]
fun anyone_gives_and_the_admin_takes() {
    let mut world = fixture::start();
    world.as_sender(FRIEND);
    let (repository, admin, _, ctx) = world.all();
    let gift = coin::mint_for_testing<WAL>(500, ctx);
    repository.donate(gift, ctx);
    assert!(repository.fund_value() == 500);
    let out = repository.withdraw(admin, 200, ctx);
    assert!(out.burn_for_testing() == 200 && repository.fund_value() == 300);
    assert!(event::events_by_type<FundChanged>().length() == 2);
    world.end()
}

#[test, expected_failure(abort_code = sui::balance::ENotEnough)]
fun no_more_than_the_fund_is_taken() {
    let mut world = fixture::start();
    let (repository, admin, _, ctx) = world.all();
    destroy(repository.withdraw(admin, 1, ctx));
    world.end()
}

// Versions

#[test]
fun a_repository_of_an_older_version_is_migrated() {
    let mut world = fixture::start();
    world.repository().set_version_for_testing(0);
    let (repository, admin, _, _) = world.all();
    repository.migrate(admin);
    assert!(repository.version() == 1);
    world.push_main(option::none(), 1);
    world.end()
}

#[test, expected_failure(abort_code = repository::ENothingToMigrate)]
fun a_repository_is_migrated_once() {
    let mut world = fixture::start();
    let (repository, admin, _, _) = world.all();
    repository.migrate(admin);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::ENotAdmin)]
fun only_an_admin_migrates() {
    let mut world = fixture::start();
    world.repository().set_version_for_testing(0);
    let (repository, _, clock, ctx) = world.all();
    let (other, cap) = repository::create(b"x".to_string(), 0, clock, ctx);
    repository.migrate(&cap);
    destroy(other);
    destroy(cap);
    world.end()
}

#[test, expected_failure(abort_code = repository::EWrongVersion)]
fun another_version_is_not_pushed_to() {
    let mut world = fixture::start();
    world.repository().set_version_for_testing(2);
    let push = world.begin(main(), option::none());
    destroy(push);
    world.end()
}

#[test, expected_failure(abort_code = repository::EWrongVersion)]
fun another_version_does_not_lend() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    world.repository().set_version_for_testing(2);
    let (blob, loan) = packs::lend(world.repository(), pack);
    destroy(blob);
    destroy(loan);
    world.end()
}

#[test, expected_failure(abort_code = repository::EWrongVersion)]
fun another_version_is_not_administered() {
    let mut world = fixture::start();
    world.repository().set_version_for_testing(2);
    let (repository, admin, _, _) = world.all();
    roles::grant(repository, admin, FRIEND, 1);
    world.end()
}

#[test, expected_failure(abort_code = repository::EWrongVersion)]
fun another_version_takes_no_gifts() {
    let mut world = fixture::start();
    world.repository().set_version_for_testing(2);
    let (repository, _, _, ctx) = world.all();
    let gift = coin::mint_for_testing<WAL>(500, ctx);
    repository.donate(gift, ctx);
    world.end()
}

// Roles

#[test]
fun roles_are_given_and_taken_one_by_one() {
    let mut world = fixture::start();
    let (repository, admin, _, _) = world.all();
    roles::grant(repository, admin, FRIEND, floe::members::writer());
    roles::grant(repository, admin, FRIEND, floe::members::attester() + floe::members::revoker());
    assert!(roles::roles_of(repository, FRIEND) == 7);
    roles::revoke(repository, admin, FRIEND, 2);
    assert!(roles::roles_of(repository, FRIEND) == 5);
    roles::revoke(repository, admin, FRIEND, 7);
    roles::revoke(repository, admin, FRIEND, 7);
    assert!(roles::roles_of(repository, FRIEND) == 0);
    assert!(event::events_by_type<RolesChanged>().length() == 5);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EUnknownRoles)]
fun no_role_is_not_granted() {
    let mut world = fixture::start();
    let (repository, admin, _, _) = world.all();
    roles::grant(repository, admin, FRIEND, 0);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EUnknownRoles)]
fun an_unknown_role_is_not_revoked() {
    let mut world = fixture::start();
    let (repository, admin, _, _) = world.all();
    roles::revoke(repository, admin, FRIEND, 8);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::ETooManyMembers)]
fun members_are_limited() {
    let mut world = fixture::start();
    let (repository, admin, _, _) = world.all();
    let mut at = 0;
    while (at < 256) {
        roles::grant(repository, admin, sui::address::from_u256(1_000 + at), 1);
        at = at + 1;
    };
    world.end()
}

#[test]
fun an_admin_is_added_and_the_first_one_leaves() {
    let mut world = fixture::start();
    let (repository, admin, _, ctx) = world.all();
    let second = roles::issue_admin(repository, admin, ctx);
    roles::revoke_admin(repository, &second, object::id(admin));
    repository.rename(&second, b"ours".to_string());
    assert!(event::events_by_type<AdminIssued>().length() == 1);
    assert!(event::events_by_type<AdminRevoked>().length() == 1);
    destroy(second);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::ENotAdmin)]
fun a_revoked_capability_is_worth_nothing() {
    let mut world = fixture::start();
    let (repository, admin, _, ctx) = world.all();
    let second = roles::issue_admin(repository, admin, ctx);
    roles::revoke_admin(repository, admin, object::id(&second));
    repository.rename(&second, b"mine".to_string());
    destroy(second);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::ETooManyAdmins)]
fun admins_are_limited() {
    let mut world = fixture::start();
    let (repository, admin, _, ctx) = world.all();
    let mut at = 0;
    while (at < 64) {
        destroy(roles::issue_admin(repository, admin, ctx));
        at = at + 1;
    };
    world.end()
}

#[test, expected_failure(abort_code = floe::members::ELastAdmin)]
fun the_last_admin_stays() {
    let mut world = fixture::start();
    let (repository, admin, _, _) = world.all();
    roles::revoke_admin(repository, admin, object::id(admin));
    world.end()
}

// Attestations

#[test]
fun attestations_are_found_by_number_and_by_commit() {
    let mut world = fixture::start();
    world.push_main(option::none(), 1);
    let (repository, _, clock, ctx) = world.all();
    let kind = b"https://slsa.dev/provenance/v1".to_string();
    let at = b"attachment".to_string();
    assert!(attestation::attest(repository, id(1), kind, id(9), at, clock, ctx) == 0);
    assert!(attestation::attest(repository, id(2), kind, id(8), at, clock, ctx) == 1);
    assert!(attestation::attest(repository, id(1), kind, id(7), b"".to_string(), clock, ctx) == 2);
    assert!(attestation::count(repository) == 3);
    assert!(attestation::of_commit(repository, id(1)) == vector[0, 2]);
    assert!(attestation::of_commit(repository, id(3)).is_empty());
    let one = attestation::record(repository, 1);
    assert!(one.commit() == id(2) && one.statement() == id(8) && one.attester() == @0xA);
    assert!(one.predicate_type() == kind);
    assert!(event::events_by_type<Attested>().length() == 3);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun a_writer_is_no_attester() {
    let mut world = fixture::start();
    let (repository, admin, _, _) = world.all();
    roles::grant(repository, admin, FRIEND, 1);
    world.as_sender(FRIEND);
    attest(&mut world, id(1), b"kind", id(2), b"");
    world.end()
}

#[test, expected_failure(abort_code = attestation::EBadId)]
fun an_attested_commit_has_32_bytes() {
    let mut world = fixture::start();
    attest(&mut world, x"01", b"kind", id(2), b"");
    world.end()
}

#[test, expected_failure(abort_code = attestation::EBadId)]
fun an_attested_statement_has_32_bytes() {
    let mut world = fixture::start();
    attest(&mut world, id(1), b"kind", x"02", b"");
    world.end()
}

#[test, expected_failure(abort_code = attestation::EBadText)]
fun an_attestation_has_a_kind() {
    let mut world = fixture::start();
    attest(&mut world, id(1), b"", id(2), b"");
    world.end()
}

#[test, expected_failure(abort_code = attestation::EBadText)]
fun a_location_is_short() {
    let mut world = fixture::start();
    let mut long = vector[];
    while (long.length() < 513) long.push_back(97);
    attest(&mut world, id(1), b"kind", id(2), long);
    world.end()
}

#[test, expected_failure(abort_code = floe::attestation_list::EUnknownAttestation)]
fun an_unknown_attestation_has_no_record() {
    let mut world = fixture::start();
    attestation::record(world.repository(), 0);
    world.end()
}

#[test, expected_failure(abort_code = floe::attestation_list::ETooMany)]
fun a_commit_has_a_limit_of_attestations() {
    let mut world = fixture::start();
    let mut at = 0;
    while (at < 1_001) {
        attest(&mut world, id(1), b"kind", id(2), b"");
        at = at + 1;
    };
    world.end()
}

fun attest(
    world: &mut fixture::World,
    commit: vector<u8>,
    kind: vector<u8>,
    statement: vector<u8>,
    location: vector<u8>,
) {
    let (repository, _, clock, ctx) = world.all();
    attestation::attest(
        repository,
        commit,
        kind.to_string(),
        statement,
        location.to_string(),
        clock,
        ctx,
    );
}

// A repository as it is used: three pushes, a tag, and the log that tells of them.

#[test]
fun the_log_tells_the_history() {
    let mut world = fixture::start();
    let pack = world.push_main(option::none(), 1);
    world.push_main(some(1), 2);
    world.push_main(some(2), 3);
    let tag = world.begin(b"refs/tags/v1".to_string(), option::none());
    world.finish(tag, 1, pack);
    let repository = world.repository();
    let mut at = 0;
    let mut head = option::none();
    while (at < floe::refs::push_count(repository)) {
        let record = floe::refs::push_record(repository, at);
        if (record.ref() == main()) {
            assert!(record.old() == head);
            head = record.new_commit();
        };
        at = at + 1;
    };
    assert!(at == 4 && head == floe::refs::commit(repository, main()));
    world.end()
}
