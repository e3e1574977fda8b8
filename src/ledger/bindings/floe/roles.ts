/** `floe::roles`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { moveCall } from '../../move-call.ts'

/** (&mut Repository, &AdminCap, address, u8) */
export const grant = moveCall('roles', 'grant', { repository: 'object', cap: 'object', who: 'address', roles: 'u8' }, 0)

/** (&mut Repository, &AdminCap, address, u8) */
export const revoke = moveCall('roles', 'revoke', { repository: 'object', cap: 'object', who: 'address', roles: 'u8' }, 0)

/** (&mut Repository, &AdminCap, &mut TxContext): AdminCap */
export const issueAdmin = moveCall('roles', 'issue_admin', { repository: 'object', cap: 'object' }, 1)

/** (&mut Repository, &AdminCap, ID) */
export const revokeAdmin = moveCall('roles', 'revoke_admin', { repository: 'object', cap: 'object', adminCap: 'id' }, 0)

/** (&mut Repository, &AdminCap, address, address, u8) */
export const transfer = moveCall('roles', 'transfer', { repository: 'object', cap: 'object', from: 'address', to: 'address', roles: 'u8' }, 0)

/** (&mut Repository, u8, &TxContext) */
export const renounce = moveCall('roles', 'renounce', { repository: 'object', roles: 'u8' }, 0)

/** (&mut Repository, AdminCap, address, &mut TxContext) */
export const transferAdmin = moveCall('roles', 'transfer_admin', { repository: 'object', cap: 'object', to: 'address' }, 0)

/** (&Repository, address): u8 */
export const rolesOf = moveCall('roles', 'roles_of', { repository: 'object', who: 'address' }, 1)
