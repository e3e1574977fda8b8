/** Storage nodes without a network for tests that count bytes: a `fetch` that serves metadata and rows of blobs held in
 *  memory. The systematic primary slivers are the blob itself, so no sliver has to be kept or even made. */

import type { ErasureCoder } from '../../src/erasure/api.ts'
import { blobParams } from '../../src/erasure/params.ts'
import type { CommitteeNode, WalrusState } from '../../src/ledger/system-state.ts'
import { blobIdText } from '../../src/protocol/blob-id.ts'
import { maxBlobBytes } from '../../src/protocol/limits.ts'
import { type BlobMetadata, encodeMetadataWithId } from '../../src/protocol/metadata.ts'
import { matchRoute } from '../../src/protocol/routes.ts'
import { shardOfPair } from '../../src/protocol/shards.ts'
import { encodeSliver } from '../../src/protocol/sliver.ts'

export interface MemoryNodes {
  readonly state: WalrusState
  readonly fetch: typeof fetch
  /** Paths asked for, in order, as `node/path`. */
  readonly requests: string[]
  /** Bytes of all answers' bodies. */
  wireBytes: number
  /** Bodies held and being read, and the most there ever were. */
  readonly open: { now: number; most: number }
  /** Time until an answer, by node. */
  delayMs(node: number): number
  /** Stores a blob, as if it had been uploaded; gives its id. */
  store(coder: ErasureCoder, blob: Uint8Array): Promise<Uint8Array>
}

/** @param shape - shards of each node */
export function createMemoryNodes(shape: readonly number[]): MemoryNodes {
  const shardCount = shape.reduce((sum, weight) => sum + weight, 0)
  const blobs = new Map<string, { blob: Uint8Array; metadata: BlobMetadata }>()
  let next = 0
  const committeeNodes = shape.map(
    (weight, i): CommitteeNode => ({
      nodeId: `0x${String(i).padStart(64, '0')}`,
      name: `node-${i}`,
      url: `http://memory/n${i}`,
      weight,
      shards: Array.from({ length: weight }, () => next++),
      publicKey: new Uint8Array(48),
    }),
  )
  const nodes: MemoryNodes = {
    state: {
      packageId: '0x1',
      originalPackageId: '0x1',
      systemObjectId: '0x1',
      version: 3,
      epoch: 1,
      epochDurationMs: 1000,
      epochPhase: 'done',
      epochStartMs: 0,
      shardCount,
      maxEpochsAhead: 53,
      maxBlobBytes: maxBlobBytes(shardCount),
      prices: { storagePerUnit: 1n, writePerUnit: 1n },
      totalCapacityBytes: 0n,
      usedCapacityBytes: 0n,
      nodes: committeeNodes,
      committee: { epoch: 1, shardCount, members: committeeNodes },
    },
    requests: [],
    wireBytes: 0,
    open: { now: 0, most: 0 },
    delayMs: () => 0,
    async fetch(input, init) {
      const url = new URL(String(input))
      const [, position, path] = /^\/n(\d+)(\/.*)$/.exec(url.pathname)!
      nodes.requests.push(`${position}${path}`)
      nodes.open.most = Math.max(nodes.open.most, ++nodes.open.now)
      try {
        const wait = nodes.delayMs(Number(position))
        if (wait > 0)
          await new Promise<void>((resolve, reject) => {
            const timer = setTimeout(resolve, wait)
            init?.signal?.addEventListener('abort', () => {
              clearTimeout(timer)
              reject(init.signal!.reason)
            })
          })
        const body = answer(Number(position), path!)
        if (!body) return new Response('', { status: 404 })
        nodes.wireBytes += body.length
        return new Response(body as Uint8Array<ArrayBuffer>, {
          headers: { 'content-type': 'application/octet-stream' },
        })
      } finally {
        nodes.open.now--
      }
    },
    async store(coder, blob) {
      const { blobId, metadata } = await coder.computeBlobId(shardCount, blob)
      blobs.set(blobIdText(blobId), { blob, metadata })
      return blobId
    },
  }

  function answer(position: number, path: string): Uint8Array | undefined {
    const route = matchRoute(path)
    if (!route || !('blobId' in route)) return undefined
    const held = blobs.get(blobIdText(route.blobId))
    if (!held) return undefined
    if (route.$kind === 'metadata') return encodeMetadataWithId(route.blobId, held.metadata)
    if (route.$kind !== 'sliver' || route.axis !== 'primary') return undefined
    const shard = shardOfPair(route.blobId, route.pairIndex, shardCount)
    if (!committeeNodes[position]!.shards.includes(shard)) return undefined
    const { primarySliverBytes, primarySourceCount, symbolBytes } = blobParams(shardCount, held.blob.length)
    const index = route.pairIndex
    if (index >= primarySourceCount) return undefined
    const bytes = new Uint8Array(primarySliverBytes)
    bytes.set(held.blob.subarray(index * primarySliverBytes, (index + 1) * primarySliverBytes))
    return encodeSliver({ bytes, symbolBytes, index })
  }
  return nodes
}
