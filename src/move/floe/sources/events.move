/// Notifications. The state of the repository is the source of truth; nothing needs these to be read.
module floe::events;

use std::string::String;
use sui::event;

public struct RepositoryCreated has copy, drop {
    repository: ID,
    admin_cap: ID,
    creator: address,
    name: String,
}

public struct Migrated has copy, drop {
    repository: ID,
    version: u64,
}

public struct RolesChanged has copy, drop {
    repository: ID,
    who: address,
    roles: u8,
}

public struct AdminIssued has copy, drop {
    repository: ID,
    admin_cap: ID,
}

public struct AdminRevoked has copy, drop {
    repository: ID,
    admin_cap: ID,
}

public struct FundChanged has copy, drop {
    repository: ID,
    balance: u64,
    by: address,
}

public struct PackDeposited has copy, drop {
    repository: ID,
    pack: u64,
    blob_id: u256,
    object_id: ID,
    bytes: u64,
    kind: u8,
    end_epoch: u32,
    pusher: address,
}

public struct PackRenewed has copy, drop {
    repository: ID,
    pack: u64,
    object_id: ID,
    end_epoch: u32,
}

public struct RemovalProposed has copy, drop {
    repository: ID,
    pack: u64,
    removable_ms: u64,
    generation: u64,
    by: address,
}

public struct RemovalCancelled has copy, drop {
    repository: ID,
    pack: u64,
    by: address,
}

public struct PackRemoved has copy, drop {
    repository: ID,
    pack: u64,
    blob_id: u256,
    generation: u64,
    by: address,
}

public struct RefMoved has copy, drop {
    repository: ID,
    push: u64,
    ref: String,
    old: Option<vector<u8>>,
    new: Option<vector<u8>>,
    forced: bool,
    pusher: address,
}

public struct ForceRuleChanged has copy, drop {
    repository: ID,
    /// None: all refs.
    ref: Option<String>,
    forbidden: bool,
}

public struct Attested has copy, drop {
    repository: ID,
    attestation: u64,
    commit: vector<u8>,
    predicate_type: String,
    statement: vector<u8>,
    attester: address,
}

public struct AdminTransferred has copy, drop {
    repository: ID,
    old: ID,
    new: ID,
    to: address,
}

public struct StatusSet has copy, drop {
    repository: ID,
    record: u64,
    commit: vector<u8>,
    status: u8,
    by: address,
}

public struct DerivationRecorded has copy, drop {
    repository: ID,
    derivation: u64,
    output: vector<u8>,
    input_repository: ID,
    input: vector<u8>,
    attester: address,
}

public struct TakedownProposed has copy, drop {
    repository: ID,
    takedown: u64,
    pack: u64,
    status: u64,
    removable_ms: u64,
    by: address,
}

public struct RenewalRuleSet has copy, drop {
    repository: ID,
    renew_below: u32,
    renew_to: u32,
    max_price: u64,
    max_per_pack: u64,
    max_per_epoch: u64,
}

public struct RenewalRuleCleared has copy, drop {
    repository: ID,
}

public struct RenewedFromFund has copy, drop {
    repository: ID,
    pack: u64,
    end_epoch: u32,
    /// FROST.
    spent: u64,
    by: address,
}

public struct EpochShown has copy, drop {
    repository: ID,
    seen_epoch: u32,
}

public struct UpgradePolicyCreated has copy, drop {
    policy: ID,
    key: ID,
    package_id: ID,
    delay_ms: u64,
}

public struct UpgradeProposed has copy, drop {
    policy: ID,
    package_id: ID,
    digest: vector<u8>,
    ready_ms: u64,
}

public struct UpgradeCancelled has copy, drop {
    policy: ID,
    digest: vector<u8>,
}

public struct Upgraded has copy, drop {
    policy: ID,
    package_id: ID,
    version: u64,
}

public struct UpgradeDelayRaised has copy, drop {
    policy: ID,
    delay_ms: u64,
}

public struct UpgradesEnded has copy, drop {
    policy: ID,
    package_id: ID,
}

public(package) fun emit_repository_created(
    repository: ID,
    admin_cap: ID,
    creator: address,
    name: String,
) {
    event::emit(RepositoryCreated { repository, admin_cap, creator, name })
}

public(package) fun emit_migrated(repository: ID, version: u64) {
    event::emit(Migrated { repository, version })
}

public(package) fun emit_roles_changed(repository: ID, who: address, roles: u8) {
    event::emit(RolesChanged { repository, who, roles })
}

public(package) fun emit_admin_issued(repository: ID, admin_cap: ID) {
    event::emit(AdminIssued { repository, admin_cap })
}

public(package) fun emit_admin_revoked(repository: ID, admin_cap: ID) {
    event::emit(AdminRevoked { repository, admin_cap })
}

public(package) fun emit_fund_changed(repository: ID, balance: u64, by: address) {
    event::emit(FundChanged { repository, balance, by })
}

public(package) fun emit_pack_deposited(
    repository: ID,
    pack: u64,
    blob_id: u256,
    object_id: ID,
    bytes: u64,
    kind: u8,
    end_epoch: u32,
    pusher: address,
) {
    event::emit(PackDeposited {
        repository,
        pack,
        blob_id,
        object_id,
        bytes,
        kind,
        end_epoch,
        pusher,
    })
}

public(package) fun emit_pack_renewed(repository: ID, pack: u64, object_id: ID, end_epoch: u32) {
    event::emit(PackRenewed { repository, pack, object_id, end_epoch })
}

public(package) fun emit_removal_proposed(
    repository: ID,
    pack: u64,
    removable_ms: u64,
    generation: u64,
    by: address,
) {
    event::emit(RemovalProposed { repository, pack, removable_ms, generation, by })
}

public(package) fun emit_removal_cancelled(repository: ID, pack: u64, by: address) {
    event::emit(RemovalCancelled { repository, pack, by })
}

public(package) fun emit_pack_removed(
    repository: ID,
    pack: u64,
    blob_id: u256,
    generation: u64,
    by: address,
) {
    event::emit(PackRemoved { repository, pack, blob_id, generation, by })
}

public(package) fun emit_ref_moved(
    repository: ID,
    push: u64,
    ref: String,
    old: Option<vector<u8>>,
    new: Option<vector<u8>>,
    forced: bool,
    pusher: address,
) {
    event::emit(RefMoved { repository, push, ref, old, new, forced, pusher })
}

public(package) fun emit_force_rule_changed(
    repository: ID,
    ref: Option<String>,
    forbidden: bool,
) {
    event::emit(ForceRuleChanged { repository, ref, forbidden })
}

public(package) fun emit_attested(
    repository: ID,
    attestation: u64,
    commit: vector<u8>,
    predicate_type: String,
    statement: vector<u8>,
    attester: address,
) {
    event::emit(Attested { repository, attestation, commit, predicate_type, statement, attester })
}

public(package) fun emit_admin_transferred(repository: ID, old: ID, new: ID, to: address) {
    event::emit(AdminTransferred { repository, old, new, to })
}

public(package) fun emit_status_set(
    repository: ID,
    record: u64,
    commit: vector<u8>,
    status: u8,
    by: address,
) {
    event::emit(StatusSet { repository, record, commit, status, by })
}

public(package) fun emit_derivation_recorded(
    repository: ID,
    derivation: u64,
    output: vector<u8>,
    input_repository: ID,
    input: vector<u8>,
    attester: address,
) {
    event::emit(DerivationRecorded { repository, derivation, output, input_repository, input, attester })
}

public(package) fun emit_takedown_proposed(
    repository: ID,
    takedown: u64,
    pack: u64,
    status: u64,
    removable_ms: u64,
    by: address,
) {
    event::emit(TakedownProposed { repository, takedown, pack, status, removable_ms, by })
}

public(package) fun emit_renewal_rule_set(
    repository: ID,
    renew_below: u32,
    renew_to: u32,
    max_price: u64,
    max_per_pack: u64,
    max_per_epoch: u64,
) {
    event::emit(RenewalRuleSet {
        repository,
        renew_below,
        renew_to,
        max_price,
        max_per_pack,
        max_per_epoch,
    })
}

public(package) fun emit_renewal_rule_cleared(repository: ID) {
    event::emit(RenewalRuleCleared { repository })
}

public(package) fun emit_renewed_from_fund(
    repository: ID,
    pack: u64,
    end_epoch: u32,
    spent: u64,
    by: address,
) {
    event::emit(RenewedFromFund { repository, pack, end_epoch, spent, by })
}

public(package) fun emit_epoch_shown(repository: ID, seen_epoch: u32) {
    event::emit(EpochShown { repository, seen_epoch })
}

public(package) fun emit_upgrade_policy_created(policy: ID, key: ID, package_id: ID, delay_ms: u64) {
    event::emit(UpgradePolicyCreated { policy, key, package_id, delay_ms })
}

public(package) fun emit_upgrade_proposed(
    policy: ID,
    package_id: ID,
    digest: vector<u8>,
    ready_ms: u64,
) {
    event::emit(UpgradeProposed { policy, package_id, digest, ready_ms })
}

public(package) fun emit_upgrade_cancelled(policy: ID, digest: vector<u8>) {
    event::emit(UpgradeCancelled { policy, digest })
}

public(package) fun emit_upgraded(policy: ID, package_id: ID, version: u64) {
    event::emit(Upgraded { policy, package_id, version })
}

public(package) fun emit_upgrade_delay_raised(policy: ID, delay_ms: u64) {
    event::emit(UpgradeDelayRaised { policy, delay_ms })
}

public(package) fun emit_upgrades_ended(policy: ID, package_id: ID) {
    event::emit(UpgradesEnded { policy, package_id })
}
