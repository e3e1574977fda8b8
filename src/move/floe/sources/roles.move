/// Giving and taking rights. 1 writer: pushes, deposits, proposes the removal of own packs. 2 attester: records
/// attestations. 4 revoker: proposes the removal of any pack. Admins, by capability: everything here.
module floe::roles;

use floe::events;
use floe::repository::{Repository, AdminCap};

public fun grant(repository: &mut Repository, cap: &AdminCap, who: address, roles: u8) {
    repository.assert_admin(cap);
    let all = repository.members_mut().grant(who, roles);
    events::emit_roles_changed(object::id(repository), who, all)
}

public fun revoke(repository: &mut Repository, cap: &AdminCap, who: address, roles: u8) {
    repository.assert_admin(cap);
    let left = repository.members_mut().revoke(who, roles);
    events::emit_roles_changed(object::id(repository), who, left)
}

/// Another capability with the same rights; the caller gives it to somebody.
public fun issue_admin(repository: &mut Repository, cap: &AdminCap, ctx: &mut TxContext): AdminCap {
    repository.assert_admin(cap);
    let issued = repository.new_admin_cap(ctx);
    events::emit_admin_issued(object::id(repository), object::id(&issued));
    issued
}

/// Any capability but the last, also one's own.
public fun revoke_admin(repository: &mut Repository, cap: &AdminCap, admin_cap: ID) {
    repository.assert_admin(cap);
    repository.members_mut().remove_admin(&admin_cap);
    events::emit_admin_revoked(object::id(repository), admin_cap)
}

/// Takes roles from one address and gives them to another in one step. `from` must have all of them.
public fun transfer(
    repository: &mut Repository,
    cap: &AdminCap,
    from: address,
    to: address,
    roles: u8,
) {
    repository.assert_admin(cap);
    repository.members().assert_role(from, roles);
    let left = repository.members_mut().revoke(from, roles);
    let all = repository.members_mut().grant(to, roles);
    let id = object::id(repository);
    events::emit_roles_changed(id, from, left);
    events::emit_roles_changed(id, to, all)
}

/// Gives up roles of one's own.
public fun renounce(repository: &mut Repository, roles: u8, ctx: &TxContext) {
    repository.assert_version();
    let left = repository.members_mut().revoke(ctx.sender(), roles);
    events::emit_roles_changed(object::id(repository), ctx.sender(), left)
}

/// Hands the administration over: the capability ends, a new one goes to `to`. Whoever looks at the repository sees
/// it, unlike a transfer of the capability itself.
public fun transfer_admin(
    repository: &mut Repository,
    cap: AdminCap,
    to: address,
    ctx: &mut TxContext,
) {
    repository.assert_admin(&cap);
    let old = object::id(&cap);
    let issued = repository.replace_admin_cap(cap, ctx);
    let new = object::id(&issued);
    transfer::public_transfer(issued, to);
    events::emit_admin_transferred(object::id(repository), old, new, to)
}

/// Sum of the roles of an address.
public fun roles_of(repository: &Repository, who: address): u8 {
    repository.members().roles_of(who)
}
