/** `walrus::extended_field`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, struct } from '../../layout.ts'

export const Key = struct('extended_field', 'Key', {})
export type Key = LayoutOf<typeof Key>

export const ExtendedField = struct('extended_field', 'ExtendedField', {
  id: address,
})
export type ExtendedField = LayoutOf<typeof ExtendedField>
