/** `walrus::auth`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, variants } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Authorized = variants('auth', 'Authorized', {
  Address: {
    pos0: address,
  },
  ObjectID: {
    pos0: address,
  },
})
export type Authorized = LayoutOf<typeof Authorized>

/** (&TxContext): Authenticated */
export const authenticateSender = moveCall('auth', 'authenticate_sender', {}, 1)

/** (&T0): Authenticated */
export const authenticateWithObject = moveCall('auth', 'authenticate_with_object', { obj: 'object' }, 1)

/** (address): Authorized */
export const authorizedAddress = moveCall('auth', 'authorized_address', { addr: 'address' }, 1)

/** (ID): Authorized */
export const authorizedObject = moveCall('auth', 'authorized_object', { id: 'id' }, 1)
