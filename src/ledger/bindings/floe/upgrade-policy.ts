/** `floe::upgrade_policy`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, bytes, option, struct, u64, upgradeCap } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Proposal = struct('upgrade_policy', 'Proposal', {
  digest: bytes,
  proposedMs: u64,
  readyMs: u64,
})
export type Proposal = LayoutOf<typeof Proposal>

export const UpgradePolicy = struct('upgrade_policy', 'UpgradePolicy', {
  id: address,
  cap: upgradeCap,
  key: address,
  delayMs: u64,
  proposal: option(Proposal),
})
export type UpgradePolicy = LayoutOf<typeof UpgradePolicy>

export const UpgradeKey = struct('upgrade_policy', 'UpgradeKey', {
  id: address,
  policy: address,
})
export type UpgradeKey = LayoutOf<typeof UpgradeKey>

/** (UpgradeCap, u64, &mut TxContext): UpgradeKey */
export const lock = moveCall('upgrade_policy', 'lock', { cap: 'object', delayMs: 'u64' }, 1)

/** (&mut UpgradePolicy, &UpgradeKey, u64) */
export const raiseDelay = moveCall('upgrade_policy', 'raise_delay', { self: 'object', key: 'object', delayMs: 'u64' }, 0)

/** (&mut UpgradePolicy, &UpgradeKey, vector<u8>, &Clock) */
export const propose = moveCall('upgrade_policy', 'propose', { self: 'object', key: 'object', digest: 'vector<u8>', clock: 'clock' }, 0)

/** (&mut UpgradePolicy, &UpgradeKey) */
export const cancel = moveCall('upgrade_policy', 'cancel', { self: 'object', key: 'object' }, 0)

/** (&mut UpgradePolicy, &UpgradeKey, &Clock): UpgradeTicket */
export const authorize = moveCall('upgrade_policy', 'authorize', { self: 'object', key: 'object', clock: 'clock' }, 1)

/** (&mut UpgradePolicy, UpgradeReceipt) */
export const commit = moveCall('upgrade_policy', 'commit', { self: 'object', receipt: 'object' }, 0)

/** (UpgradePolicy, UpgradeKey) */
export const endUpgrades = moveCall('upgrade_policy', 'end_upgrades', { self: 'object', key: 'object' }, 0)

/** (&UpgradePolicy): ID */
export const packageId = moveCall('upgrade_policy', 'package_id', { self: 'object' }, 1)

/** (&UpgradePolicy): u64 */
export const version = moveCall('upgrade_policy', 'version', { self: 'object' }, 1)

/** (&UpgradePolicy): u64 */
export const delayMs = moveCall('upgrade_policy', 'delay_ms', { self: 'object' }, 1)

/** (&UpgradePolicy): Option<Proposal> */
export const proposal = moveCall('upgrade_policy', 'proposal', { self: 'object' }, 1)

/** (&Proposal): vector<u8> */
export const digest = moveCall('upgrade_policy', 'digest', { self: 'object' }, 1)

/** (&Proposal): u64 */
export const readyMs = moveCall('upgrade_policy', 'ready_ms', { self: 'object' }, 1)
