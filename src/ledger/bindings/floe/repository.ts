/** `floe::repository`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { AttestationList } from '../floe/attestation-list.ts'
import { Members } from '../floe/members.ts'
import { PackTable } from '../floe/pack-table.ts'
import { PushLog } from '../floe/push-log.ts'
import { RefTable } from '../floe/ref-table.ts'
import { type LayoutOf, address, string, struct, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Repository = struct('repository', 'Repository', {
  id: address,
  version: u64,
  name: string,
  createdMs: u64,
  graceMs: u64,
  members: Members,
  packs: PackTable,
  refs: RefTable,
  log: PushLog,
  attestations: AttestationList,
  fund: u64,
})
export type Repository = LayoutOf<typeof Repository>

export const AdminCap = struct('repository', 'AdminCap', {
  id: address,
  repository: address,
})
export type AdminCap = LayoutOf<typeof AdminCap>

/** (String, u64, &Clock, &mut TxContext): (Repository, AdminCap) */
export const create = moveCall('repository', 'create', { name: 'string', graceMs: 'u64', clock: 'clock' }, 2)

/** (Repository) */
export const share = moveCall('repository', 'share', { repository: 'object' }, 0)

/** (&mut Repository, &AdminCap, String) */
export const rename = moveCall('repository', 'rename', { self: 'object', cap: 'object', name: 'string' }, 0)

/** (&mut Repository, &AdminCap, u64) */
export const raiseGrace = moveCall('repository', 'raise_grace', { self: 'object', cap: 'object', graceMs: 'u64' }, 0)

/** (&mut Repository, &AdminCap) */
export const migrate = moveCall('repository', 'migrate', { self: 'object', cap: 'object' }, 0)

/** (&mut Repository, Coin<WAL>, &TxContext) */
export const donate = moveCall('repository', 'donate', { self: 'object', coin: 'object' }, 0)

/** (&mut Repository, &AdminCap, u64, &mut TxContext): Coin<WAL> */
export const withdraw = moveCall('repository', 'withdraw', { self: 'object', cap: 'object', amount: 'u64' }, 1)

/** (&Repository): u64 */
export const version = moveCall('repository', 'version', { self: 'object' }, 1)

/** (&Repository): String */
export const name = moveCall('repository', 'name', { self: 'object' }, 1)

/** (&Repository): u64 */
export const createdMs = moveCall('repository', 'created_ms', { self: 'object' }, 1)

/** (&Repository): u64 */
export const graceMs = moveCall('repository', 'grace_ms', { self: 'object' }, 1)

/** (&Repository): u64 */
export const fundValue = moveCall('repository', 'fund_value', { self: 'object' }, 1)

/** (&Repository, &AdminCap): bool */
export const isAdmin = moveCall('repository', 'is_admin', { self: 'object', cap: 'object' }, 1)

/** (&AdminCap): ID */
export const repositoryOf = moveCall('repository', 'repository_of', { cap: 'object' }, 1)
