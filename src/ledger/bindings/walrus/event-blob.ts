/** `walrus::event_blob`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, option, struct, u16, u256, u32, u64, vecMap } from '../../layout.ts'

export const EventBlobAttestation = struct('event_blob', 'EventBlobAttestation', {
  checkpointSequenceNum: u64,
  epoch: u32,
})
export type EventBlobAttestation = LayoutOf<typeof EventBlobAttestation>

export const EventBlob = struct('event_blob', 'EventBlob', {
  blobId: u256,
  endingCheckpointSequenceNumber: u64,
})
export type EventBlob = LayoutOf<typeof EventBlob>

export const EventBlobCertificationState = struct('event_blob', 'EventBlobCertificationState', {
  latestCertifiedBlob: option(EventBlob),
  aggregateWeightPerBlob: vecMap(EventBlob, u16),
})
export type EventBlobCertificationState = LayoutOf<typeof EventBlobCertificationState>
