/** What the request handlers of one storage node work with. */

import type { JobMemory } from '../../erasure/memory.ts'
import { type BlobId, blobIdText } from '../../protocol/blob-id.ts'
import type { SignedConfirmation } from '../../protocol/certificate.ts'
import type { StorageMessage } from '../../protocol/messages.ts'
import type { BlobMetadata } from '../../protocol/metadata.ts'
import { pairOnShard, type SliverAxis, shardOfPair } from '../../protocol/shards.ts'
import type { SliverData } from '../../protocol/sliver.ts'
import type { BlobStore, StoredBlob } from './blob-store.ts'
import type { ByteBudget } from './body.ts'
import { NodeRefusal } from './refusal.ts'
import type { BlobRegistration, RegistrationSource } from './registration.ts'

/** A symbol that a stored sliver gives, with its proof. */
export interface ServedSymbol {
  readonly sourceIndex: number
  readonly targetIndex: number
  readonly bytes: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** The part of `ErasurePool` that nodes use. */
export interface SliverCoder {
  /** Rejects with an integrity error unless the sliver is exactly the one the metadata names. */
  verifySliver(metadata: BlobMetadata, axis: SliverAxis, sliver: SliverData): Promise<void>
  recoverySymbols(
    metadata: BlobMetadata,
    sourceAxis: SliverAxis,
    source: SliverData,
    targetIndexes: readonly number[],
  ): Promise<readonly ServedSymbol[]>
  recoverSliver(
    metadata: BlobMetadata,
    axis: SliverAxis,
    index: number,
    symbols: readonly { readonly sourceIndex: number; readonly bytes: Uint8Array }[],
  ): Promise<SliverData>
}

export interface NodeContext {
  readonly name: string
  readonly shardCount: number
  /** Shards of this node. */
  readonly shards: ReadonlySet<number>
  /** Shards it had before the change of epoch that is under way: still read from it, no longer written. */
  readonly formerShards: ReadonlySet<number>
  /** 48 bytes. */
  readonly publicKey: Uint8Array
  readonly source: RegistrationSource
  readonly store: BlobStore
  readonly coder: SliverCoder
  readonly budget: ByteBudget
  /** For slivers while they are checked: threads read them where they stand. Fresh memory for each had the garbage collected
   *  seventy times in a push of 128 MiB, a third of the time of the nodes. */
  readonly memory: JobMemory
  /** Sync before a confirmation is signed. */
  readonly sync: boolean
  sign(message: StorageMessage): SignedConfirmation
  /** Milliseconds since the node was started. */
  uptimeMs(): number
}

/** Registrations that let this node store and serve a blob. */
export function liveRegistrations(node: NodeContext, blobId: BlobId): readonly BlobRegistration[] {
  const text = blobIdText(blobId)
  return node.source.invalidated(text) ? [] : node.source.registrations(text)
}

/** @throws {NodeRefusal} INVALID_BLOB, NOT_REGISTERED */
export function assertRegistered(node: NodeContext, blobId: BlobId): void {
  if (node.source.invalidated(blobIdText(blobId)))
    throw new NodeRefusal('INVALID_BLOB', 'the blob was declared invalid: its writer encoded it inconsistently')
  if (liveRegistrations(node, blobId).length === 0)
    throw new NodeRefusal('NOT_REGISTERED', 'the blob is not registered, or its registration has ended')
}

/** What is stored of a blob that may be served. */
export async function findServed(node: NodeContext, blobId: BlobId): Promise<StoredBlob | undefined> {
  return liveRegistrations(node, blobId).length > 0 ? node.store.find(blobId) : undefined
}

/** @param use - what is left of a former shard may be read
 *  @throws {NodeRefusal} INDEX_OUT_OF_RANGE, SHARD_NOT_ASSIGNED */
export function assertOwnPair(node: NodeContext, blobId: BlobId, pairIndex: number, use: 'read' | 'write'): void {
  if (pairIndex >= node.shardCount)
    throw new NodeRefusal('INDEX_OUT_OF_RANGE', `there are ${node.shardCount} sliver pairs`)
  const shard = shardOfPair(blobId, pairIndex, node.shardCount)
  if (!node.shards.has(shard) && !(use === 'read' && node.formerShards.has(shard)))
    throw new NodeRefusal('SHARD_NOT_ASSIGNED', `shard ${shard} is not assigned to ${node.name}`)
}

/** Pairs of a blob that this node holds, ascending. */
export function ownPairs(node: NodeContext, blobId: BlobId): number[] {
  return Array.from(node.shards, (shard) => pairOnShard(blobId, shard, node.shardCount)).sort((a, b) => a - b)
}
