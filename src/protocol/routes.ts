/** Paths of a storage node's HTTP API, built by clients and matched by nodes.
 *  Blob ids are base64url, pair indices decimal, object ids 0x-hex. @see reference/walrus-protocol.md §9 */

import { fromHex, toHex } from '../base/bytes.ts'
import { type BlobId, blobIdText, parseBlobId } from './blob-id.ts'
import type { BlobPersistence } from './messages.ts'
import type { SliverAxis } from './shards.ts'

export const API_VERSION_PATH = '/v1'

export type NodeRoute =
  | { readonly $kind: 'metadata'; readonly blobId: BlobId }
  | { readonly $kind: 'metadata-status'; readonly blobId: BlobId }
  | { readonly $kind: 'sliver'; readonly blobId: BlobId; readonly pairIndex: number; readonly axis: SliverAxis }
  | { readonly $kind: 'sliver-status'; readonly blobId: BlobId; readonly pairIndex: number; readonly axis: SliverAxis }
  | { readonly $kind: 'confirmation'; readonly blobId: BlobId; readonly persistence: BlobPersistence }
  | { readonly $kind: 'blob-status'; readonly blobId: BlobId }
  | { readonly $kind: 'recovery-symbols'; readonly blobId: BlobId }
  | { readonly $kind: 'decoding-symbols'; readonly blobId: BlobId }
  | { readonly $kind: 'inconsistency-proof'; readonly blobId: BlobId; readonly axis: SliverAxis }
  | { readonly $kind: 'health' }

/** The path of a route, without query. */
export function routePath(route: NodeRoute): string {
  if (route.$kind === 'health') return `${API_VERSION_PATH}/health`
  const blob = `${API_VERSION_PATH}/blobs/${blobIdText(route.blobId)}`
  switch (route.$kind) {
    case 'metadata':
      return `${blob}/metadata`
    case 'metadata-status':
      return `${blob}/metadata/status`
    case 'sliver':
      return `${blob}/slivers/${route.pairIndex}/${route.axis}`
    case 'sliver-status':
      return `${blob}/slivers/${route.pairIndex}/${route.axis}/status`
    case 'confirmation':
      return route.persistence.$kind === 'permanent'
        ? `${blob}/confirmation/permanent`
        : `${blob}/confirmation/deletable/0x${toHex(route.persistence.objectId)}`
    case 'blob-status':
      return `${blob}/status`
    case 'recovery-symbols':
      return `${blob}/recoverySymbols`
    case 'decoding-symbols':
      return `${blob}/decodingSymbols`
    case 'inconsistency-proof':
      return `${blob}/inconsistencyProof/${route.axis}`
  }
}

const BLOB = '([A-Za-z0-9_-]{43})'
const PAIR = '([0-9]{1,5})'
const AXIS = '(primary|secondary)'

const PATTERNS: readonly (readonly [RegExp, (parts: string[]) => NodeRoute])[] = [
  [/^\/health$/, () => ({ $kind: 'health' })],
  [blobPattern('/metadata'), ([blob]) => ({ $kind: 'metadata', blobId: parseBlobId(blob!) })],
  [blobPattern('/metadata/status'), ([blob]) => ({ $kind: 'metadata-status', blobId: parseBlobId(blob!) })],
  [
    blobPattern(`/slivers/${PAIR}/${AXIS}`),
    ([blob, pair, axis]) => ({
      $kind: 'sliver',
      blobId: parseBlobId(blob!),
      pairIndex: Number(pair),
      axis: axis as SliverAxis,
    }),
  ],
  [
    blobPattern(`/slivers/${PAIR}/${AXIS}/status`),
    ([blob, pair, axis]) => ({
      $kind: 'sliver-status',
      blobId: parseBlobId(blob!),
      pairIndex: Number(pair),
      axis: axis as SliverAxis,
    }),
  ],
  [
    blobPattern('/confirmation/permanent'),
    ([blob]) => ({ $kind: 'confirmation', blobId: parseBlobId(blob!), persistence: { $kind: 'permanent' } }),
  ],
  [
    blobPattern('/confirmation/deletable/0x([0-9a-fA-F]{64})'),
    ([blob, objectId]) => ({
      $kind: 'confirmation',
      blobId: parseBlobId(blob!),
      persistence: { $kind: 'deletable', objectId: fromHex(objectId!) },
    }),
  ],
  [blobPattern('/status'), ([blob]) => ({ $kind: 'blob-status', blobId: parseBlobId(blob!) })],
  [blobPattern('/recoverySymbols'), ([blob]) => ({ $kind: 'recovery-symbols', blobId: parseBlobId(blob!) })],
  [blobPattern('/decodingSymbols'), ([blob]) => ({ $kind: 'decoding-symbols', blobId: parseBlobId(blob!) })],
  [
    blobPattern(`/inconsistencyProof/${AXIS}`),
    ([blob, axis]) => ({ $kind: 'inconsistency-proof', blobId: parseBlobId(blob!), axis: axis as SliverAxis }),
  ],
]

function blobPattern(rest: string): RegExp {
  return new RegExp(`^/blobs/${BLOB}${rest}$`)
}

/** The route of a path without query; undefined if there is none.
 *  The pair index may exceed the shard count: that is the node's to refuse (INDEX_OUT_OF_RANGE).
 *  @throws {ProtocolError} PROTOCOL_BLOB_ID if 43 characters stand where the id belongs but are not canonical */
export function matchRoute(path: string): NodeRoute | undefined {
  if (!path.startsWith(`${API_VERSION_PATH}/`)) return undefined
  const rest = path.slice(API_VERSION_PATH.length)
  for (const [pattern, build] of PATTERNS) {
    const match = pattern.exec(rest)
    if (match) return build(match.slice(1))
  }
  return undefined
}
