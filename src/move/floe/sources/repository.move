/// The shared object that is a repository. Everything below it is kept in tables of its own, so that moving a ref
/// costs the same in a repository of ten packs and of a hundred thousand.
///
/// Parts that come later are kept in dynamic fields of the object, under a key type of their module: the fields below
/// can never change.
module floe::repository;

use floe::attestation_list::{Self, AttestationList};
use floe::events;
use floe::members::{Self, Members};
use floe::pack_table::{Self, PackTable};
use floe::push_log::{Self, PushLog};
use floe::ref_table::{Self, RefTable};
use std::string::String;
use sui::balance::{Self, Balance};
use sui::clock::Clock;
use sui::coin::Coin;
use wal::wal::WAL;

/// The repository belongs to another version of the package.
const EWrongVersion: u64 = 0;
/// The name is empty or longer than 100 bytes.
const EBadName: u64 = 1;
/// The grace period can only grow.
const EShorterGrace: u64 = 2;
/// The repository is at this version already.
const ENothingToMigrate: u64 = 3;

/// Raised with every package version that changes rules; old packages then refuse.
const VERSION: u64 = 1;
const MAX_NAME_BYTES: u64 = 100;

public struct Repository has key {
    id: UID,
    version: u64,
    /// A label; nothing looks repositories up by it.
    name: String,
    created_ms: u64,
    /// Least time between the proposal of a removal and the removal.
    grace_ms: u64,
    members: Members,
    packs: PackTable,
    refs: RefTable,
    log: PushLog,
    attestations: AttestationList,
    /// For renewals.
    fund: Balance<WAL>,
}

/// The right to administer one repository. Valid while the repository lists it.
public struct AdminCap has key, store {
    id: UID,
    repository: ID,
}

/// A new repository; the sender has all roles. Ends with `share`, in the same transaction.
public fun create(
    name: String,
    grace_ms: u64,
    clock: &Clock,
    ctx: &mut TxContext,
): (Repository, AdminCap) {
    assert_name(&name);
    let id = object::new(ctx);
    let admin_cap = AdminCap { id: object::new(ctx), repository: id.to_inner() };
    let cap_id = object::id(&admin_cap);
    events::emit_repository_created(id.to_inner(), cap_id, ctx.sender(), name);
    let repository = Repository {
        id,
        version: VERSION,
        name,
        created_ms: clock.timestamp_ms(),
        grace_ms,
        members: members::new(ctx.sender(), cap_id),
        packs: pack_table::new(ctx),
        refs: ref_table::new(ctx),
        log: push_log::new(ctx),
        attestations: attestation_list::new(ctx),
        fund: balance::zero(),
    };
    (repository, admin_cap)
}

public fun share(repository: Repository) {
    transfer::share_object(repository)
}

// Administration

public fun rename(self: &mut Repository, cap: &AdminCap, name: String) {
    self.assert_admin(cap);
    assert_name(&name);
    self.name = name
}

/// Promises made under the present grace period stay true, since it never shrinks.
public fun raise_grace(self: &mut Repository, cap: &AdminCap, grace_ms: u64) {
    self.assert_admin(cap);
    assert!(grace_ms >= self.grace_ms, EShorterGrace);
    self.grace_ms = grace_ms
}

/// Called once per repository after an upgrade of the package; from then on older versions refuse it.
public fun migrate(self: &mut Repository, cap: &AdminCap) {
    self.members.assert_admin(&object::id(cap));
    assert!(self.version < VERSION, ENothingToMigrate);
    self.version = VERSION;
    events::emit_migrated(object::id(self), VERSION)
}

/// Anyone may give.
public fun donate(self: &mut Repository, coin: Coin<WAL>, ctx: &TxContext) {
    self.assert_version();
    self.fund.join(coin.into_balance());
    events::emit_fund_changed(object::id(self), self.fund.value(), ctx.sender())
}

public fun withdraw(
    self: &mut Repository,
    cap: &AdminCap,
    amount: u64,
    ctx: &mut TxContext,
): Coin<WAL> {
    self.assert_admin(cap);
    let coin = sui::coin::take(&mut self.fund, amount, ctx);
    events::emit_fund_changed(object::id(self), self.fund.value(), ctx.sender());
    coin
}

// Reads

public fun version(self: &Repository): u64 {
    self.version
}

public fun name(self: &Repository): String {
    self.name
}

public fun created_ms(self: &Repository): u64 {
    self.created_ms
}

public fun grace_ms(self: &Repository): u64 {
    self.grace_ms
}

public fun fund_value(self: &Repository): u64 {
    self.fund.value()
}

/// Whether the capability is in force for this repository.
public fun is_admin(self: &Repository, cap: &AdminCap): bool {
    self.members.is_admin(&object::id(cap))
}

public fun repository_of(cap: &AdminCap): ID {
    cap.repository
}

// For the other modules

public(package) fun assert_version(self: &Repository) {
    assert!(self.version == VERSION, EWrongVersion)
}

/// Also asserts the version.
public(package) fun assert_admin(self: &Repository, cap: &AdminCap) {
    self.assert_version();
    self.members.assert_admin(&object::id(cap))
}

public(package) fun new_admin_cap(self: &mut Repository, ctx: &mut TxContext): AdminCap {
    let cap = AdminCap { id: object::new(ctx), repository: object::id(self) };
    self.members.add_admin(object::id(&cap));
    cap
}

/// Ends one capability and makes another.
public(package) fun replace_admin_cap(
    self: &mut Repository,
    cap: AdminCap,
    ctx: &mut TxContext,
): AdminCap {
    let AdminCap { id, repository } = cap;
    let new = AdminCap { id: object::new(ctx), repository };
    self.members.replace_admin(id.as_inner(), object::id(&new));
    id.delete();
    new
}

public(package) fun members(self: &Repository): &Members {
    &self.members
}

public(package) fun members_mut(self: &mut Repository): &mut Members {
    &mut self.members
}

public(package) fun packs(self: &Repository): &PackTable {
    &self.packs
}

public(package) fun packs_mut(self: &mut Repository): &mut PackTable {
    &mut self.packs
}

public(package) fun refs(self: &Repository): &RefTable {
    &self.refs
}

public(package) fun refs_mut(self: &mut Repository): &mut RefTable {
    &mut self.refs
}

public(package) fun log(self: &Repository): &PushLog {
    &self.log
}

public(package) fun log_mut(self: &mut Repository): &mut PushLog {
    &mut self.log
}

public(package) fun attestations(self: &Repository): &AttestationList {
    &self.attestations
}

public(package) fun attestations_mut(self: &mut Repository): &mut AttestationList {
    &mut self.attestations
}

public(package) fun fund_mut(self: &mut Repository): &mut Balance<WAL> {
    &mut self.fund
}

/// Parts that came later hang on it as dynamic fields.
public(package) fun uid(self: &Repository): &UID {
    &self.id
}

public(package) fun uid_mut(self: &mut Repository): &mut UID {
    &mut self.id
}

fun assert_name(name: &String) {
    assert!(!name.is_empty() && name.length() <= MAX_NAME_BYTES, EBadName)
}

#[test_only]
/// As if another package version had taken over, or had not yet.
public fun set_version_for_testing(self: &mut Repository, version: u64) {
    self.version = version
}
