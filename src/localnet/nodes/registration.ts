/** What a storage node has to know of the chain. Nodes never talk to the ledger: they are given this view. */

import type { EventRef } from '../../protocol/status.ts'

/** One Blob object, as its events told. */
export interface BlobRegistration {
  /** Object id of the Blob: `0x` and 64 hex digits. */
  readonly objectId: string
  readonly deletable: boolean
  /** Exclusive. */
  readonly endEpoch: number
  readonly certifiedEpoch: number | null
  /** Event that put it into this state. */
  readonly event: EventRef
}

export interface RegistrationSource {
  /** Current storage epoch; nodes sign with it. */
  readonly epoch: number
  /** Number of events seen: health reports it. */
  readonly eventCount: number
  /** Registrations of a blob (base64url id) that are neither deleted nor expired, oldest first. */
  registrations(blobIdText: string): readonly BlobRegistration[]
  /** The event that declared the blob id invalid. */
  invalidated(blobIdText: string): EventRef | undefined
  /** Calls back when a blob may have lost its last registration (deletion, expiry, invalidation). */
  onRelease(callback: (blobIdText: string) => void): () => void
}
