/** `floe::events`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, bool, bytes, option, string, struct, u256, u32, u64, u8 } from '../../layout.ts'

export const RepositoryCreated = struct('events', 'RepositoryCreated', {
  repository: address,
  adminCap: address,
  creator: address,
  name: string,
})
export type RepositoryCreated = LayoutOf<typeof RepositoryCreated>

export const Migrated = struct('events', 'Migrated', {
  repository: address,
  version: u64,
})
export type Migrated = LayoutOf<typeof Migrated>

export const RolesChanged = struct('events', 'RolesChanged', {
  repository: address,
  who: address,
  roles: u8,
})
export type RolesChanged = LayoutOf<typeof RolesChanged>

export const AdminIssued = struct('events', 'AdminIssued', {
  repository: address,
  adminCap: address,
})
export type AdminIssued = LayoutOf<typeof AdminIssued>

export const AdminRevoked = struct('events', 'AdminRevoked', {
  repository: address,
  adminCap: address,
})
export type AdminRevoked = LayoutOf<typeof AdminRevoked>

export const FundChanged = struct('events', 'FundChanged', {
  repository: address,
  balance: u64,
  by: address,
})
export type FundChanged = LayoutOf<typeof FundChanged>

export const PackDeposited = struct('events', 'PackDeposited', {
  repository: address,
  pack: u64,
  blobId: u256,
  objectId: address,
  bytes: u64,
  kind: u8,
  endEpoch: u32,
  pusher: address,
})
export type PackDeposited = LayoutOf<typeof PackDeposited>

export const PackRenewed = struct('events', 'PackRenewed', {
  repository: address,
  pack: u64,
  objectId: address,
  endEpoch: u32,
})
export type PackRenewed = LayoutOf<typeof PackRenewed>

export const RemovalProposed = struct('events', 'RemovalProposed', {
  repository: address,
  pack: u64,
  removableMs: u64,
  generation: u64,
  by: address,
})
export type RemovalProposed = LayoutOf<typeof RemovalProposed>

export const RemovalCancelled = struct('events', 'RemovalCancelled', {
  repository: address,
  pack: u64,
  by: address,
})
export type RemovalCancelled = LayoutOf<typeof RemovalCancelled>

export const PackRemoved = struct('events', 'PackRemoved', {
  repository: address,
  pack: u64,
  blobId: u256,
  generation: u64,
  by: address,
})
export type PackRemoved = LayoutOf<typeof PackRemoved>

export const RefMoved = struct('events', 'RefMoved', {
  repository: address,
  push: u64,
  ref: string,
  old: option(bytes),
  new: option(bytes),
  forced: bool,
  pusher: address,
})
export type RefMoved = LayoutOf<typeof RefMoved>

export const ForceRuleChanged = struct('events', 'ForceRuleChanged', {
  repository: address,
  ref: option(string),
  forbidden: bool,
})
export type ForceRuleChanged = LayoutOf<typeof ForceRuleChanged>

export const Attested = struct('events', 'Attested', {
  repository: address,
  attestation: u64,
  commit: bytes,
  predicateType: string,
  statement: bytes,
  attester: address,
})
export type Attested = LayoutOf<typeof Attested>

export const AdminTransferred = struct('events', 'AdminTransferred', {
  repository: address,
  old: address,
  new: address,
  to: address,
})
export type AdminTransferred = LayoutOf<typeof AdminTransferred>

export const StatusSet = struct('events', 'StatusSet', {
  repository: address,
  record: u64,
  commit: bytes,
  status: u8,
  by: address,
})
export type StatusSet = LayoutOf<typeof StatusSet>

export const DerivationRecorded = struct('events', 'DerivationRecorded', {
  repository: address,
  derivation: u64,
  output: bytes,
  inputRepository: address,
  input: bytes,
  attester: address,
})
export type DerivationRecorded = LayoutOf<typeof DerivationRecorded>

export const TakedownProposed = struct('events', 'TakedownProposed', {
  repository: address,
  takedown: u64,
  pack: u64,
  status: u64,
  removableMs: u64,
  by: address,
})
export type TakedownProposed = LayoutOf<typeof TakedownProposed>

export const RenewalRuleSet = struct('events', 'RenewalRuleSet', {
  repository: address,
  renewBelow: u32,
  renewTo: u32,
  maxPrice: u64,
  maxPerPack: u64,
  maxPerEpoch: u64,
})
export type RenewalRuleSet = LayoutOf<typeof RenewalRuleSet>

export const RenewalRuleCleared = struct('events', 'RenewalRuleCleared', {
  repository: address,
})
export type RenewalRuleCleared = LayoutOf<typeof RenewalRuleCleared>

export const RenewedFromFund = struct('events', 'RenewedFromFund', {
  repository: address,
  pack: u64,
  endEpoch: u32,
  spent: u64,
  by: address,
})
export type RenewedFromFund = LayoutOf<typeof RenewedFromFund>

export const EpochShown = struct('events', 'EpochShown', {
  repository: address,
  seenEpoch: u32,
})
export type EpochShown = LayoutOf<typeof EpochShown>

export const UpgradePolicyCreated = struct('events', 'UpgradePolicyCreated', {
  policy: address,
  key: address,
  packageId: address,
  delayMs: u64,
})
export type UpgradePolicyCreated = LayoutOf<typeof UpgradePolicyCreated>

export const UpgradeProposed = struct('events', 'UpgradeProposed', {
  policy: address,
  packageId: address,
  digest: bytes,
  readyMs: u64,
})
export type UpgradeProposed = LayoutOf<typeof UpgradeProposed>

export const UpgradeCancelled = struct('events', 'UpgradeCancelled', {
  policy: address,
  digest: bytes,
})
export type UpgradeCancelled = LayoutOf<typeof UpgradeCancelled>

export const Upgraded = struct('events', 'Upgraded', {
  policy: address,
  packageId: address,
  version: u64,
})
export type Upgraded = LayoutOf<typeof Upgraded>

export const UpgradeDelayRaised = struct('events', 'UpgradeDelayRaised', {
  policy: address,
  delayMs: u64,
})
export type UpgradeDelayRaised = LayoutOf<typeof UpgradeDelayRaised>

export const UpgradesEnded = struct('events', 'UpgradesEnded', {
  policy: address,
  packageId: address,
})
export type UpgradesEnded = LayoutOf<typeof UpgradesEnded>
