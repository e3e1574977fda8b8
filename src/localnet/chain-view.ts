/** What the storage nodes know of the chain, built from its events alone; replayed from the first one at each start. */

import { toHex } from '../base/bytes.ts'
import { ByteReader } from '../codec/cursor.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import type { EventRef } from '../protocol/status.ts'
import type { BlobRegistration, RegistrationSource } from './nodes/registration.ts'

/** An event as the ledger hands it over. */
export interface ChainEvent {
  /** Normalised struct type. */
  readonly type: string
  /** BCS. */
  readonly contents: Uint8Array
  readonly transactionDigest: string
  readonly eventIndex: number
}

/** `selected`: the next committee is known; `syncing`: the epoch has begun, and nodes have not all their shards. */
export type EpochPhase = 'done' | 'selected' | 'syncing'

export interface ChainView extends RegistrationSource {
  readonly phase: EpochPhase
  /** How often the epoch changed with another committee. */
  readonly rotations: number
  /** Epoch of the last time; 0 before the first. */
  readonly rotatedEpoch: number
  apply(event: ChainEvent): void
}

/** @param walrusPackageId - address of the event types */
export function createChainView(walrusPackageId: string): ChainView {
  const prefix = `${walrusPackageId}::events::`
  const blobs = new Map<string, BlobRegistration[]>()
  const invalid = new Map<string, EventRef>()
  const listeners = new Set<(blobIdText: string) => void>()
  let epoch = 0
  let eventCount = 0
  let phase: EpochPhase = 'done'
  let rotations = 0
  let rotatedEpoch = 0

  const release = (text: string) => {
    for (const listener of listeners) listener(text)
  }

  /** Replaces the registration of an object; undefined removes it. */
  const change = (text: string, objectId: string, next: BlobRegistration | undefined) => {
    const others = (blobs.get(text) ?? []).filter((registration) => registration.objectId !== objectId)
    if (next) others.push(next)
    if (others.length > 0) blobs.set(text, others)
    else blobs.delete(text)
    if (!next) release(text)
  }

  const handlers: Record<string, (reader: ByteReader, event: EventRef) => void> = {
    BlobRegistered(reader, event) {
      reader.u32()
      const text = readBlobId(reader)
      reader.u64()
      reader.u8()
      const endEpoch = reader.u32()
      const deletable = reader.bool()
      const objectId = readObjectId(reader)
      change(text, objectId, { objectId, deletable, endEpoch, certifiedEpoch: null, event })
    },
    // Also told of extensions, with the new end epoch.
    BlobCertified(reader, event) {
      const certifiedEpoch = reader.u32()
      const text = readBlobId(reader)
      const endEpoch = reader.u32()
      const deletable = reader.bool()
      const objectId = readObjectId(reader)
      const known = blobs.get(text)?.find((registration) => registration.objectId === objectId)
      change(text, objectId, {
        objectId,
        deletable,
        endEpoch,
        certifiedEpoch: known?.certifiedEpoch ?? certifiedEpoch,
        event,
      })
    },
    BlobDeleted(reader) {
      reader.u32()
      const text = readBlobId(reader)
      reader.u32()
      change(text, readObjectId(reader), undefined)
    },
    InvalidBlobID(reader, event) {
      reader.u32()
      const text = readBlobId(reader)
      invalid.set(text, event)
      release(text)
    },
    EpochParametersSelected() {
      phase = 'selected'
    },
    EpochChangeDone() {
      phase = 'done'
    },
    EpochChangeStart(reader) {
      epoch = reader.u32()
      if (phase === 'selected') {
        rotations++
        rotatedEpoch = epoch
      }
      phase = 'syncing'
      for (const [text, registrations] of blobs)
        for (const { objectId, endEpoch } of registrations) if (endEpoch <= epoch) change(text, objectId, undefined)
    },
  }

  return {
    get epoch() {
      return epoch
    },
    get phase() {
      return phase
    },
    get rotations() {
      return rotations
    },
    get rotatedEpoch() {
      return rotatedEpoch
    },
    get eventCount() {
      return eventCount
    },
    registrations: (text) => blobs.get(text) ?? [],
    invalidated: (text) => invalid.get(text),
    onRelease(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    apply({ type, contents, transactionDigest, eventIndex }) {
      eventCount++
      const name = type.startsWith(prefix) ? type.slice(prefix.length) : ''
      if (!Object.hasOwn(handlers, name)) return
      handlers[name]!(new ByteReader(contents), { txDigest: transactionDigest, eventSeq: String(eventIndex) })
    },
  }
}

/** The u256 on chain is the 32 bytes of the id as they are. */
function readBlobId(reader: ByteReader): string {
  return blobIdText(reader.bytes(32))
}

function readObjectId(reader: ByteReader): string {
  return `0x${toHex(reader.bytes(32))}`
}
