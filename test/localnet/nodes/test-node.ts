/** One storage node on loopback with a chain that the test writes by hand. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep } from '../../../src/base/abort.ts'
import { createRng } from '../../../src/base/rng.ts'
import type { EncodedBlob } from '../../../src/erasure/api.ts'
import { createSharedMemory } from '../../../src/erasure/memory.ts'
import { createSyncCoder } from '../../../src/erasure/sync.ts'
import { createByteBudget } from '../../../src/localnet/nodes/body.ts'
import { createNodeIdentity } from '../../../src/localnet/nodes/identity.ts'
import type { SliverCoder } from '../../../src/localnet/nodes/node-context.ts'
import type { BlobRegistration, RegistrationSource } from '../../../src/localnet/nodes/registration.ts'
import { createNetworkSigner } from '../../../src/localnet/nodes/signing.ts'
import { createStorageNode, type StorageNode } from '../../../src/localnet/nodes/storage-node.ts'
import { blobIdText } from '../../../src/protocol/blob-id.ts'
import { encodeMetadata } from '../../../src/protocol/metadata.ts'
import { routePath } from '../../../src/protocol/routes.ts'
import { pairOnShard, type SliverAxis, sliverOfPair } from '../../../src/protocol/shards.ts'
import { encodeSliver } from '../../../src/protocol/sliver.ts'

export const SHARD_COUNT = 10
export const OWN_SHARDS = [3, 4, 5]
const signer = createNetworkSigner(new Uint8Array(32).fill(7))

export const coder = createSyncCoder()

/** The coder of the nodes, on this thread. */
export const asyncCoder: SliverCoder = {
  verifySliver: async (...args) => coder.verifySliver(...args),
  recoverySymbols: async (...args) => coder.recoverySymbols(...args),
  recoverSliver: async (...args) => coder.recoverSliver(...args),
}

export interface FakeChain extends RegistrationSource {
  epoch: number
  register(text: string, registration?: Partial<BlobRegistration>): void
  unregister(text: string): void
  invalidate(text: string): void
}

export const EVENT = { txDigest: '4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi', eventSeq: '0' }

export function createFakeChain(): FakeChain {
  const blobs = new Map<string, BlobRegistration[]>()
  const invalid = new Set<string>()
  return {
    epoch: 5,
    eventCount: 0,
    registrations: (text) => blobs.get(text) ?? [],
    invalidated: (text) => (invalid.has(text) ? EVENT : undefined),
    onRelease: () => () => {},
    register(text, registration = {}) {
      const entry = {
        objectId: `0x${'ab'.repeat(32)}`,
        deletable: false,
        endEpoch: 9,
        certifiedEpoch: null,
        event: EVENT,
      }
      blobs.set(text, [...(blobs.get(text) ?? []), { ...entry, ...registration }])
    },
    unregister: (text) => void blobs.delete(text),
    invalidate: (text) => void invalid.add(text),
  }
}

export interface TestNode extends AsyncDisposable {
  readonly dir: string
  readonly chain: FakeChain
  readonly node: StorageNode
  readonly warnings: Error[]
  url(path: string): string
  /** The same folder and port, as after a restart. */
  restart(): Promise<void>
}

export async function startTestNode(options: { bodyBudgetBytes?: number } = {}): Promise<TestNode> {
  const dir = await mkdtemp(join(tmpdir(), 'floe-node-'))
  const chain = createFakeChain()
  const warnings: Error[] = []
  const create = () =>
    createStorageNode({
      dir,
      identity: createNodeIdentity(signer, 0),
      shardCount: SHARD_COUNT,
      shards: OWN_SHARDS,
      source: chain,
      coder: asyncCoder,
      budget: createByteBudget(options.bodyBudgetBytes ?? 1 << 26),
      memory: createSharedMemory(),
      sync: false,
      onWarning: (warning) => warnings.push(warning),
    })
  let node = create()
  await node.listen(0)
  node.serve()
  return {
    dir,
    chain,
    warnings,
    get node() {
      return node
    },
    url: (path) => `http://127.0.0.1:${node.port}${path}`,
    async restart() {
      const { port } = node
      await node.stop()
      // Until the client's connection pool has noticed, it would use a connection that is gone.
      await sleep(30)
      node = create()
      await node.listen(port)
      node.serve()
    },
    async [Symbol.asyncDispose]() {
      await node.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A blob with what the node under test has to store of it. */
export interface TestBlob extends EncodedBlob {
  readonly text: string
  readonly metadataBody: Uint8Array
  readonly pairs: readonly number[]
  sliverBody(axis: SliverAxis, pair: number): Uint8Array
}

export function testBlob(seed: number, bytes = 3000): TestBlob {
  const encoded = coder.encodeBlob(SHARD_COUNT, createRng(seed).fill(new Uint8Array(bytes)))
  return Object.assign(encoded, {
    text: blobIdText(encoded.blobId),
    metadataBody: encodeMetadata(encoded.metadata),
    pairs: OWN_SHARDS.map((shard) => pairOnShard(encoded.blobId, shard, SHARD_COUNT)),
    sliverBody: (axis: SliverAxis, pair: number) =>
      encodeSliver(encoded.sliver(axis, sliverOfPair(axis, pair, SHARD_COUNT))),
  })
}

export interface Reply {
  status: number
  /** Reason of an error envelope, data of a success envelope, else the bytes. */
  reason?: string
  data?: unknown
  bytes: Uint8Array
}

export async function send(url: string, init: RequestInit & { duplex?: 'half' } = {}): Promise<Reply> {
  const response = await fetch(url, init)
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (response.headers.get('content-type') !== 'application/json') return { status: response.status, bytes }
  const body = JSON.parse(Buffer.from(bytes).toString())
  return { status: response.status, reason: body.error?.details[0].reason, data: body.success?.data, bytes }
}

export function put(url: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<Reply> {
  return send(url, { method: 'PUT', body: body as Uint8Array<ArrayBuffer>, headers })
}

/** Uploads everything the node has to store. */
export async function upload(test: TestNode, blob: TestBlob): Promise<void> {
  const { blobId } = blob
  await put(test.url(routePath({ $kind: 'metadata', blobId })), blob.metadataBody)
  for (const pairIndex of blob.pairs)
    for (const axis of ['primary', 'secondary'] as const)
      await put(test.url(routePath({ $kind: 'sliver', blobId, pairIndex, axis })), blob.sliverBody(axis, pairIndex))
}
