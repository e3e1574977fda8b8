#[test_only]
module floe::role_tests;

use floe::events::AdminTransferred;
use floe::repository::AdminCap;
use floe::roles;
use floe::test_repository as fixture;
use std::unit_test::destroy;
use sui::event;

const FRIEND: address = @0xF;
const STRANGER: address = @0xBAD;

#[test]
fun roles_move_from_one_to_another_in_one_step() {
    let mut world = fixture::start();
    let (repository, cap, _, _) = world.all();
    roles::transfer(repository, cap, @0xA, FRIEND, 3);
    assert!(roles::roles_of(repository, @0xA) == 4 && roles::roles_of(repository, FRIEND) == 3);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EMissingRole)]
fun nobody_passes_on_what_he_lacks() {
    let mut world = fixture::start();
    let (repository, cap, _, _) = world.all();
    roles::transfer(repository, cap, STRANGER, FRIEND, 1);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::EUnknownRoles)]
fun no_role_at_all_is_not_passed_on() {
    let mut world = fixture::start();
    let (repository, cap, _, _) = world.all();
    roles::transfer(repository, cap, @0xA, FRIEND, 0);
    world.end()
}

#[test]
fun a_member_gives_up_roles() {
    let mut world = fixture::start();
    let (repository, _, _, ctx) = world.all();
    roles::renounce(repository, 5, ctx);
    assert!(roles::roles_of(repository, @0xA) == 2);
    world.end()
}

#[test]
fun the_administration_is_handed_over() {
    let mut world = fixture::start();
    let (repository, cap, _, ctx) = world.all();
    let mine = roles::issue_admin(repository, cap, ctx);
    let old = object::id(&mine);
    assert!(repository.is_admin(&mine));
    roles::transfer_admin(repository, mine, FRIEND, ctx);
    assert!(event::events_by_type<AdminTransferred>().length() == 1);
    world.as_sender(FRIEND);
    let theirs = world.test().take_from_sender<AdminCap>();
    assert!(object::id(&theirs) != old && theirs.repository_of() == object::id(world.repository()));
    assert!(world.repository().is_admin(&theirs));
    roles::grant(world.repository(), &theirs, FRIEND, 7);
    destroy(theirs);
    world.end()
}

#[test]
fun the_administration_is_handed_over_when_there_is_no_room_for_another() {
    let mut world = fixture::start();
    let (repository, cap, _, ctx) = world.all();
    let mine = roles::issue_admin(repository, cap, ctx);
    let mut at = 0u64;
    while (at < 62) {
        destroy(roles::issue_admin(repository, cap, ctx));
        at = at + 1;
    };
    roles::transfer_admin(repository, mine, FRIEND, ctx);
    world.end()
}

#[test, expected_failure(abort_code = floe::members::ENotAdmin)]
fun a_revoked_capability_is_not_handed_over() {
    let mut world = fixture::start();
    let (repository, cap, _, ctx) = world.all();
    let mine = roles::issue_admin(repository, cap, ctx);
    roles::revoke_admin(repository, cap, object::id(&mine));
    roles::transfer_admin(repository, mine, FRIEND, ctx);
    world.end()
}
