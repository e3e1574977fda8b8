/// Who may do what: addresses with roles, and the admin capabilities that are in force.
module floe::members;

use sui::vec_map::{Self, VecMap};
use sui::vec_set::{Self, VecSet};

/// The sender lacks the role that the call needs.
const EMissingRole: u64 = 0;
/// The capability is for another repository, or was revoked.
const ENotAdmin: u64 = 1;
/// The roles are none of 1 (writer), 2 (attester), 4 (revoker) or a sum of them.
const EUnknownRoles: u64 = 2;
/// The repository has 256 members already.
const ETooManyMembers: u64 = 3;
/// The last admin capability cannot be revoked.
const ELastAdmin: u64 = 4;
/// The repository has 64 admin capabilities already.
const ETooManyAdmins: u64 = 5;

const WRITER: u8 = 1;
const ATTESTER: u8 = 2;
const REVOKER: u8 = 4;
const ALL: u8 = 7;

const MAX_MEMBERS: u64 = 256;
const MAX_ADMINS: u64 = 64;

public struct Members has store {
    /// Address → sum of its roles, never 0.
    roles: VecMap<address, u8>,
    /// Ids of the capabilities in force.
    admins: VecSet<ID>,
}

/// Everything for the first member.
public(package) fun new(creator: address, admin_cap: ID): Members {
    let mut roles = vec_map::empty();
    roles.insert(creator, ALL);
    Members { roles, admins: vec_set::singleton(admin_cap) }
}

public fun writer(): u8 {
    WRITER
}

public fun attester(): u8 {
    ATTESTER
}

public fun revoker(): u8 {
    REVOKER
}

/// Roles of an address; 0 if it has none.
public(package) fun roles_of(self: &Members, who: address): u8 {
    if (self.roles.contains(&who)) *self.roles.get(&who) else 0
}

public(package) fun has_role(self: &Members, who: address, role: u8): bool {
    self.roles_of(who) & role == role
}

public(package) fun assert_role(self: &Members, who: address, role: u8) {
    assert!(self.has_role(who, role), EMissingRole)
}

public(package) fun is_admin(self: &Members, admin_cap: &ID): bool {
    self.admins.contains(admin_cap)
}

public(package) fun assert_admin(self: &Members, admin_cap: &ID) {
    assert!(self.admins.contains(admin_cap), ENotAdmin)
}

/// Adds roles; returns all that the address has then.
public(package) fun grant(self: &mut Members, who: address, roles: u8): u8 {
    assert!(roles > 0 && roles <= ALL, EUnknownRoles);
    let granted = self.roles_of(who) | roles;
    if (self.roles.contains(&who)) {
        *self.roles.get_mut(&who) = granted
    } else {
        assert!(self.roles.keys().length() < MAX_MEMBERS, ETooManyMembers);
        self.roles.insert(who, granted)
    };
    granted
}

/// Takes roles away, also ones the address does not have; returns what is left.
public(package) fun revoke(self: &mut Members, who: address, roles: u8): u8 {
    assert!(roles > 0 && roles <= ALL, EUnknownRoles);
    let left = self.roles_of(who) & (ALL ^ roles);
    if (self.roles.contains(&who)) {
        if (left == 0) {
            self.roles.remove(&who);
        } else {
            *self.roles.get_mut(&who) = left
        }
    };
    left
}

public(package) fun add_admin(self: &mut Members, admin_cap: ID) {
    assert!(self.admins.keys().length() < MAX_ADMINS, ETooManyAdmins);
    self.admins.insert(admin_cap)
}

/// One capability in the place of another: the number stays, so neither limit is in the way.
public(package) fun replace_admin(self: &mut Members, old: &ID, new: ID) {
    self.assert_admin(old);
    self.admins.remove(old);
    self.admins.insert(new)
}

public(package) fun remove_admin(self: &mut Members, admin_cap: &ID) {
    self.assert_admin(admin_cap);
    assert!(self.admins.keys().length() > 1, ELastAdmin);
    self.admins.remove(admin_cap)
}
