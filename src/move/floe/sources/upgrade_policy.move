/// Upgrades that nobody can make in silence. The upgrade capability of a package is locked up for good in a shared object;
/// an upgrade is proposed by its digest, in public, and carried out after a delay that can only grow. Repositories move to
/// the new version one by one, by `repository::migrate`, and refuse the old one from then on.
module floe::upgrade_policy;

use floe::events;
use sui::clock::Clock;
use sui::package::{Self, UpgradeCap, UpgradeReceipt, UpgradeTicket};

/// The delay is 0.
const EZeroDelay: u64 = 0;
/// The key is of another policy.
const EWrongKey: u64 = 1;
/// The digest is not 32 bytes.
const EBadDigest: u64 = 2;
/// Another upgrade is proposed: cancel it first.
const EAlreadyProposed: u64 = 3;
/// No upgrade is proposed.
const ENotProposed: u64 = 4;
/// The delay has not passed.
const ETooEarly: u64 = 5;
/// The delay can only grow.
const EShorterDelay: u64 = 6;
/// An upgrade is under way in this transaction.
const EUnderWay: u64 = 7;

const DIGEST_BYTES: u64 = 32;

/// Shared; anyone can read what is proposed and since when.
public struct UpgradePolicy has key {
    id: UID,
    cap: UpgradeCap,
    /// The one key that works.
    key: ID,
    delay_ms: u64,
    proposal: Option<Proposal>,
}

/// The right to propose, cancel and carry out.
public struct UpgradeKey has key, store {
    id: UID,
    policy: ID,
}

public struct Proposal has copy, drop, store {
    /// Of modules and dependencies, as the upgrade command computes it.
    digest: vector<u8>,
    proposed_ms: u64,
    /// The delay as it was then.
    ready_ms: u64,
}

/// Locks a capability up. There is no way to take it out again.
public fun lock(cap: UpgradeCap, delay_ms: u64, ctx: &mut TxContext): UpgradeKey {
    assert!(delay_ms > 0, EZeroDelay);
    let id = object::new(ctx);
    let policy = id.to_inner();
    let key = UpgradeKey { id: object::new(ctx), policy };
    let package_id = package::upgrade_package(&cap);
    events::emit_upgrade_policy_created(policy, object::id(&key), package_id, delay_ms);
    transfer::share_object(UpgradePolicy {
        id,
        cap,
        key: object::id(&key),
        delay_ms,
        proposal: option::none(),
    });
    key
}

public fun raise_delay(self: &mut UpgradePolicy, key: &UpgradeKey, delay_ms: u64) {
    self.assert_key(key);
    assert!(delay_ms >= self.delay_ms, EShorterDelay);
    self.delay_ms = delay_ms;
    events::emit_upgrade_delay_raised(object::id(self), delay_ms)
}

/// The delay counts from here.
public fun propose(self: &mut UpgradePolicy, key: &UpgradeKey, digest: vector<u8>, clock: &Clock) {
    self.assert_key(key);
    assert!(digest.length() == DIGEST_BYTES, EBadDigest);
    assert!(self.proposal.is_none(), EAlreadyProposed);
    let proposed_ms = clock.timestamp_ms();
    let ready_ms = proposed_ms + self.delay_ms;
    self.proposal.fill(Proposal { digest, proposed_ms, ready_ms });
    let package_id = package::upgrade_package(&self.cap);
    events::emit_upgrade_proposed(object::id(self), package_id, digest, ready_ms)
}

public fun cancel(self: &mut UpgradePolicy, key: &UpgradeKey) {
    self.assert_key(key);
    assert!(self.proposal.is_some(), ENotProposed);
    let Proposal { digest, .. } = self.proposal.extract();
    events::emit_upgrade_cancelled(object::id(self), digest)
}

/// The ticket for the upgrade command, which accepts only the modules that were proposed. `commit` follows.
public fun authorize(self: &mut UpgradePolicy, key: &UpgradeKey, clock: &Clock): UpgradeTicket {
    self.assert_key(key);
    assert!(self.proposal.is_some(), ENotProposed);
    let Proposal { digest, ready_ms, .. } = self.proposal.extract();
    assert!(clock.timestamp_ms() >= ready_ms, ETooEarly);
    let policy = package::upgrade_policy(&self.cap);
    package::authorize_upgrade(&mut self.cap, policy, digest)
}

public fun commit(self: &mut UpgradePolicy, receipt: UpgradeReceipt) {
    package::commit_upgrade(&mut self.cap, receipt);
    let package_id = package::upgrade_package(&self.cap);
    events::emit_upgraded(object::id(self), package_id, package::version(&self.cap))
}

/// No upgrade ever again.
public fun end_upgrades(self: UpgradePolicy, key: UpgradeKey) {
    self.assert_key(&key);
    let package_id = package::upgrade_package(&self.cap);
    // The capability names no package while a ticket is out.
    assert!(package_id.to_address() != @0x0, EUnderWay);
    let UpgradePolicy { id, cap, key: _, delay_ms: _, proposal: _ } = self;
    events::emit_upgrades_ended(id.to_inner(), package_id);
    package::make_immutable(cap);
    id.delete();
    let UpgradeKey { id, policy: _ } = key;
    id.delete()
}

// Reads

/// Newest version of the package.
public fun package_id(self: &UpgradePolicy): ID {
    package::upgrade_package(&self.cap)
}

public fun version(self: &UpgradePolicy): u64 {
    package::version(&self.cap)
}

public fun delay_ms(self: &UpgradePolicy): u64 {
    self.delay_ms
}

public fun proposal(self: &UpgradePolicy): Option<Proposal> {
    self.proposal
}

public fun digest(self: &Proposal): vector<u8> {
    self.digest
}

public fun ready_ms(self: &Proposal): u64 {
    self.ready_ms
}

fun assert_key(self: &UpgradePolicy, key: &UpgradeKey) {
    assert!(self.key == object::id(key), EWrongKey)
}
