/** Storage nodes for tests of the client: one HTTP server, all nodes by path prefix, slivers in memory, faults on demand.
 *  Written for these tests only; the real ones are `src/localnet/nodes`. */

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { blsPublicKey, blsSign } from '../../src/crypto/bls.ts'
import type { EncodedBlob } from '../../src/erasure/api.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'
import type { CommitteeNode, WalrusState } from '../../src/ledger/system-state.ts'
import { createNetworkSigner } from '../../src/localnet/nodes/signing.ts'
import { blobIdText } from '../../src/protocol/blob-id.ts'
import { confirmationData, errorEnvelope, type NodeReason, successEnvelope } from '../../src/protocol/envelope.ts'
import { maxBlobBytes } from '../../src/protocol/limits.ts'
import { encodeMessage } from '../../src/protocol/messages.ts'
import { type BlobMetadata, encodeMetadata, encodeMetadataWithId, parseMetadata } from '../../src/protocol/metadata.ts'
import { encodeDecodingSymbols, encodeGeneralRecoverySymbols } from '../../src/protocol/recovery.ts'
import { matchRoute } from '../../src/protocol/routes.ts'
import { otherAxis, pairOfSliver, pairOnShard, type SliverAxis, shardOfPair } from '../../src/protocol/shards.ts'
import { encodeSliver, parseSliver } from '../../src/protocol/sliver.ts'

export interface FakeNode {
  down: boolean
  /** Flips a bit in every sliver and symbol it serves. */
  lies: boolean
  /** Signs with a key that is not its own. */
  forges: boolean
  /** Waits so long before each answer. */
  delayMs: number
  /** Answers 429 this many times first, and asks to be left alone for so many seconds. */
  overloadedFor: number
  retryAfter: number
  /** Answers NOT_REGISTERED this many times first. */
  unregisteredFor: number
  requests: string[]
  slivers: Map<string, Uint8Array>
}

export interface FakeNodes extends AsyncDisposable {
  state: WalrusState
  nodes: FakeNode[]
  /** Of the confirmations that the nodes give. */
  epoch: number
  count(pattern: RegExp): number
  /** As if the blob had been uploaded. */
  store(blob: EncodedBlob): void
}

// Signatures of all nodes for the price of two, and keys made once: simulations start hundreds of these.
const signer = createNetworkSigner(new Uint8Array(32).fill(7))
const publicKeys = new Map<number, Uint8Array>()
function publicKeyOf(position: number): Uint8Array {
  const known = publicKeys.get(position) ?? blsPublicKey(signer.secret(position))
  publicKeys.set(position, known)
  return known
}

export async function startFakeNodes(shape: readonly number[]): Promise<FakeNodes> {
  const shardCount = shape.reduce((sum, weight) => sum + weight, 0)
  const coder = createSyncCoder()
  const metadata = new Map<string, BlobMetadata>()
  const nodes = shape.map(
    (): FakeNode => ({
      down: false,
      lies: false,
      forges: false,
      delayMs: 0,
      overloadedFor: 0,
      retryAfter: 0,
      unregisteredFor: 0,
      requests: [],
      slivers: new Map(),
    }),
  )
  let next = 0
  const shardsOf = shape.map((weight) => Array.from({ length: weight }, () => next++))

  const json = (response: ServerResponse, status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  const bytes = (response: ServerResponse, body: Uint8Array) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length })
    response.end(body)
  }
  const refuse = (response: ServerResponse, reason: NodeReason, status?: number) => {
    const envelope = errorEnvelope(reason, 'refused')
    json(response, status ?? envelope.httpStatus, envelope.body)
  }

  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part) => parts.push(part))
    request.on('end', async () => {
      const url = new URL(request.url!, 'http://localhost')
      const [, position, rest] = /^\/n(\d+)(\/.*)$/.exec(url.pathname)!
      const node = nodes[Number(position)]!
      node.requests.push(`${request.method} ${url.pathname.replace(/^\/n\d+/, '')}`)
      if (node.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, node.delayMs))
      if (node.down) return void response.destroy()
      if (node.overloadedFor > 0) {
        node.overloadedFor--
        response.writeHead(429, { 'content-type': 'text/plain', 'retry-after': String(node.retryAfter) })
        return void response.end('later')
      }
      const route = matchRoute(rest!)
      if (!route || !('blobId' in route)) return refuse(response, 'INVALID_BLOB', 404)
      const blob = blobIdText(route.blobId)
      const body = new Uint8Array(Buffer.concat(parts))
      const spoil = (sliver: Uint8Array) => {
        const spoiled = sliver.slice()
        if (node.lies) spoiled[Math.min(3, spoiled.length - 1)]! ^= 1
        return spoiled
      }
      if (request.method === 'PUT' && node.unregisteredFor > 0) {
        node.unregisteredFor--
        return refuse(response, 'NOT_REGISTERED')
      }
      switch (route.$kind) {
        case 'metadata':
          if (request.method === 'PUT') {
            metadata.set(blob, parseMetadata(body))
            node.slivers.set(`${blob}/metadata`, body)
            return json(response, 201, successEnvelope('stored', 201))
          }
          if (!node.slivers.has(`${blob}/metadata`)) return refuse(response, 'METADATA_NOT_FOUND', 404)
          return bytes(response, spoil(encodeMetadataWithId(route.blobId, metadata.get(blob)!)))
        case 'metadata-status':
          return json(response, 200, successEnvelope(node.slivers.has(`${blob}/metadata`) ? 'stored' : 'nonexistent'))
        case 'sliver': {
          const key = `${blob}/${route.pairIndex}/${route.axis}`
          if (!shardsOf[Number(position)]!.includes(shardOfPair(route.blobId, route.pairIndex, shardCount)))
            return refuse(response, 'SHARD_NOT_ASSIGNED')
          if (request.method === 'PUT') {
            coder.verifySliver(metadata.get(blob)!, route.axis, parseSliver(body, shardCount))
            node.slivers.set(key, body)
            return json(response, 201, successEnvelope('stored', 201))
          }
          const sliver = node.slivers.get(key)
          return sliver ? bytes(response, spoil(sliver)) : refuse(response, 'SLIVER_NOT_FOUND', 404)
        }
        case 'sliver-status':
          return json(
            response,
            200,
            successEnvelope(node.slivers.has(`${blob}/${route.pairIndex}/${route.axis}`) ? 'stored' : 'nonexistent'),
          )
        case 'confirmation': {
          const complete = shardsOf[Number(position)]!.every((shard) => {
            const pair = pairOnShard(route.blobId, shard, shardCount)
            return node.slivers.has(`${blob}/${pair}/primary`) && node.slivers.has(`${blob}/${pair}/secondary`)
          })
          if (!complete) return refuse(response, 'MISSING_SLIVERS')
          const { persistence, blobId } = route
          const message = encodeMessage({ $kind: 'blob-certificate', epoch: fakes.epoch, blobId, persistence })
          const signature = node.forges
            ? blsSign(message, new Uint8Array(32).fill(99))
            : signer.sign(message, Number(position))
          return json(response, 200, successEnvelope(confirmationData({ message, signature })))
        }
        case 'decoding-symbols':
        case 'recovery-symbols': {
          const axis = url.searchParams.get('targetType') as SliverAxis
          const target = Number(url.searchParams.get('targetSlivers') ?? url.searchParams.get('targetSliver'))
          const source = otherAxis(axis)
          const found = shardsOf[Number(position)]!.flatMap((shard) => {
            const pair = pairOnShard(route.blobId, shard, shardCount)
            const sliver = node.slivers.get(`${blob}/${pair}/${source}`)
            if (!sliver) return []
            const parsed = parseSliver(sliver, shardCount)
            return coder.recoverySymbols(metadata.get(blob)!, source, parsed, [target])
          })
          if (route.$kind === 'decoding-symbols')
            return bytes(
              response,
              encodeDecodingSymbols(
                new Map([
                  [
                    target,
                    found.map(({ sourceIndex, bytes: symbol }) => ({
                      axis,
                      symbol: { sourceIndex, bytes: spoil(symbol) },
                    })),
                  ],
                ]),
              ),
            )
          return bytes(
            response,
            encodeGeneralRecoverySymbols(
              found.map(({ sourceIndex, bytes: symbol, targetIndex, proof }) => ({
                axis,
                symbol: { sourceIndex, bytes: spoil(symbol) },
                targetIndex,
                proof,
              })),
            ),
          )
        }
        default:
          return refuse(response, 'INVALID_BLOB', 404)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const committeeNodes = shape.map(
    (weight, i): CommitteeNode => ({
      nodeId: `0x${String(i).padStart(64, '0')}`,
      name: `node-${i}`,
      url: `${base}/n${i}`,
      weight,
      shards: shardsOf[i]!,
      publicKey: publicKeyOf(i),
    }),
  )
  const fakes: FakeNodes = {
    epoch: 1,
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
    nodes,
    count: (pattern) => nodes.reduce((sum, node) => sum + node.requests.filter((line) => pattern.test(line)).length, 0),
    store(blob) {
      const id = blobIdText(blob.blobId)
      metadata.set(id, blob.metadata)
      for (const [position, node] of nodes.entries()) {
        node.slivers.set(`${id}/metadata`, encodeMetadata(blob.metadata))
        for (const shard of shardsOf[position]!) {
          const pair = pairOnShard(blob.blobId, shard, shardCount)
          const { primary, secondary } = blob.pair(pair)
          node.slivers.set(`${id}/${pair}/primary`, encodeSliver(primary))
          node.slivers.set(`${id}/${pair}/secondary`, encodeSliver(secondary))
        }
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return fakes
}

/** Position of the node that holds row `index` of a blob. */
export function holderOfRow(fake: FakeNodes, blobId: Uint8Array, index: number): number {
  const { shardCount, nodes } = fake.state
  const shard = shardOfPair(blobId, pairOfSliver('primary', index, shardCount), shardCount)
  return nodes.findIndex((node) => node.shards.includes(shard))
}
