/** `walrus::system_state_inner`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, struct, u64 } from '../../layout.ts'
import { BlsCommittee } from '../walrus/bls-aggregate.ts'
import { EventBlobCertificationState } from '../walrus/event-blob.ts'
import { ExtendedField } from '../walrus/extended-field.ts'
import { FutureAccountingRingBuffer } from '../walrus/storage-accounting.ts'

export const SystemStateInnerV1 = struct('system_state_inner', 'SystemStateInnerV1', {
  committee: BlsCommittee,
  totalCapacitySize: u64,
  usedCapacitySize: u64,
  storagePricePerUnitSize: u64,
  writePricePerUnitSize: u64,
  futureAccounting: FutureAccountingRingBuffer,
  eventBlobCertificationState: EventBlobCertificationState,
  denyListSizes: ExtendedField,
})
export type SystemStateInnerV1 = LayoutOf<typeof SystemStateInnerV1>
