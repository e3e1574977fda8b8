/** The two coders behind one interface, so that one suite runs on both. */

import type { ErasureCoder } from '../../src/erasure/api.ts'
import { createErasurePool } from '../../src/erasure/pool.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'

export interface NamedCoder {
  readonly name: string
  readonly coder: ErasureCoder
  close(): Promise<void>
}

export function openCoders(): NamedCoder[] {
  const sync = createSyncCoder()
  const pool = createErasurePool({ threads: 2 })
  const promised: ErasureCoder = {
    allocate: sync.allocate,
    release: sync.release,
    encodeBlob: async (shardCount, blob) => sync.encodeBlob(shardCount, blob),
    computeBlobId: async (shardCount, blob) => sync.computeBlobId(shardCount, blob),
    verifySliver: async (metadata, axis, sliver) => sync.verifySliver(metadata, axis, sliver),
    decodeBlob: async (metadata, axis, slivers, options) => sync.decodeBlob(metadata, axis, slivers, options),
    decodeRange: async (metadata, axis, slivers, range, options) =>
      sync.decodeRange(metadata, axis, slivers, range, options),
    recoverSliver: async (metadata, axis, index, symbols) => sync.recoverSliver(metadata, axis, index, symbols),
    recoverySymbols: async (metadata, axis, source, targets) => sync.recoverySymbols(metadata, axis, source, targets),
  }
  return [
    { name: 'on this thread', coder: promised, close: async () => {} },
    { name: 'on the pool', coder: pool, close: () => pool.close() },
  ]
}
