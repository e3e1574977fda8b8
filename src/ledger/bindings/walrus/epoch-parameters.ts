/** `walrus::epoch_parameters`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, struct, u64 } from '../../layout.ts'

export const EpochParams = struct('epoch_parameters', 'EpochParams', {
  totalCapacitySize: u64,
  storagePricePerUnitSize: u64,
  writePricePerUnitSize: u64,
})
export type EpochParams = LayoutOf<typeof EpochParams>
