/** GET of metadata, slivers and their status. Served while a registration lives; certification is not asked for. */

import type { BlobId } from '../../protocol/blob-id.ts'
import { encodeMetadataWithId } from '../../protocol/metadata.ts'
import type { SliverAxis } from '../../protocol/shards.ts'
import { type Answer, answerBytes, answerData } from './answer.ts'
import { assertOwnPair, findServed, type NodeContext } from './node-context.ts'
import { NodeRefusal } from './refusal.ts'

export interface SliverPath {
  blobId: BlobId
  pairIndex: number
  axis: SliverAxis
}

export async function getMetadata(node: NodeContext, blobId: BlobId): Promise<Answer> {
  const stored = await findServed(node, blobId)
  if (!stored) throw new NodeRefusal('METADATA_NOT_FOUND', 'no metadata of this blob is stored here')
  return answerBytes(encodeMetadataWithId(blobId, stored.metadata))
}

export async function getMetadataStatus(node: NodeContext, blobId: BlobId): Promise<Answer> {
  return answerData((await findServed(node, blobId)) ? 'stored' : 'nonexistent')
}

export async function getSliver(node: NodeContext, { blobId, pairIndex, axis }: SliverPath): Promise<Answer> {
  assertOwnPair(node, blobId, pairIndex, 'read')
  const stored = await findServed(node, blobId)
  const place = stored?.file.placeOf(axis, pairIndex)
  if (!stored || !place) throw new NodeRefusal('SLIVER_NOT_FOUND', 'this sliver is not stored here')
  return { $kind: 'file', path: stored.file.path, ...place }
}

export async function getSliverStatus(node: NodeContext, { blobId, pairIndex, axis }: SliverPath): Promise<Answer> {
  assertOwnPair(node, blobId, pairIndex, 'read')
  const stored = await findServed(node, blobId)
  return answerData(stored?.file.has(axis, pairIndex) ? 'stored' : 'nonexistent')
}
