/** What a node does when shards come to it: it gets the slivers of everything stored from the nodes that have them, and
 *  computes those that nobody has, or nobody has whole, from symbols of other slivers. Every sliver is checked against the
 *  blob's metadata, as an upload is. On the real network this goes over HTTP (shard sync, then shard recovery); here all
 *  stores are in one process. */

import { fromBase64Url } from '../../codec/base64url.ts'
import type { BlobId } from '../../protocol/blob-id.ts'
import { primarySourceCount, secondarySourceCount } from '../../protocol/limits.ts'
import { encodeMetadata } from '../../protocol/metadata.ts'
import { otherAxis, pairOnShard, type SliverAxis, sliverOfPair } from '../../protocol/shards.ts'
import { encodeSliver, parseSliver } from '../../protocol/sliver.ts'
import type { StoredBlob } from './blob-store.ts'
import { liveRegistrations, type NodeContext } from './node-context.ts'

export interface ShardSync {
  /** Slivers taken from another node. */
  readonly copied: number
  /** Slivers computed from symbols. */
  readonly recovered: number
  /** Slivers that cannot be had now: too little of the blob is stored. */
  readonly missing: number
}

const AXES: readonly SliverAxis[] = ['primary', 'secondary']

/** @param shards - those the node is to hold
 *  @param others - nodes that can be asked */
export async function receiveShards(
  node: NodeContext,
  shards: readonly number[],
  others: readonly NodeContext[],
): Promise<ShardSync> {
  const texts = new Set<string>()
  for (const { store } of [node, ...others]) for (const text of await store.list()) texts.add(text)
  const sum = { copied: 0, recovered: 0, missing: 0 }
  for (const text of texts) {
    const blobId = fromBase64Url(text) as BlobId
    if (liveRegistrations(node, blobId).length === 0) continue
    await receiveBlob(node, blobId, shards, others, sum)
  }
  return sum
}

async function receiveBlob(
  node: NodeContext,
  blobId: BlobId,
  shards: readonly number[],
  others: readonly NodeContext[],
  sum: { copied: number; recovered: number; missing: number },
): Promise<void> {
  const sources: StoredBlob[] = []
  for (const { store } of others) {
    const stored = await store.find(blobId)
    if (stored) sources.push(stored)
  }
  const known = (await node.store.find(blobId)) ?? sources[0]
  if (!known) return
  await node.store.putMetadata(blobId, encodeMetadata(known.metadata))
  const own = (await node.store.find(blobId))!
  for (const shard of shards) {
    const pair = pairOnShard(blobId, shard, node.shardCount)
    for (const axis of AXES) {
      if (own.file.has(axis, pair)) continue
      const copy = await copyOf(node, sources, axis, pair)
      const bytes = copy ?? (await recover(node, [own, ...sources], axis, pair))
      if (bytes) await own.file.appendSliver(axis, pair, bytes)
      if (copy) sum.copied++
      else if (bytes) sum.recovered++
      else sum.missing++
    }
  }
  if (node.sync) await own.file.sync()
}

/** The sliver as the first node has it that has it whole. */
async function copyOf(
  node: NodeContext,
  sources: readonly StoredBlob[],
  axis: SliverAxis,
  pair: number,
): Promise<Uint8Array | undefined> {
  for (const { file, metadata } of sources) {
    const bytes = file.has(axis, pair) ? await file.readSliver(axis, pair) : undefined
    if (!bytes) continue
    try {
      await node.coder.verifySliver(metadata, axis, parseSliver(bytes, node.shardCount))
      return bytes
    } catch (error) {
      if ((error as { kind?: unknown }).kind !== 'integrity') throw error
    }
  }
  return undefined
}

/** The sliver from symbols of the other axis: each stored sliver there gives one. */
async function recover(
  node: NodeContext,
  sources: readonly StoredBlob[],
  axis: SliverAxis,
  pair: number,
): Promise<Uint8Array | undefined> {
  const { shardCount, coder } = node
  const index = sliverOfPair(axis, pair, shardCount)
  const needed = axis === 'primary' ? secondarySourceCount(shardCount) : primarySourceCount(shardCount)
  const sourceAxis = otherAxis(axis)
  const symbols = new Map<number, { sourceIndex: number; bytes: Uint8Array }>()
  for (let from = 0; from < shardCount && symbols.size < needed; from++) {
    const bytes = await copyOf(node, sources, sourceAxis, from)
    if (!bytes) continue
    const source = parseSliver(bytes, shardCount)
    const [symbol] = await coder.recoverySymbols(sources[0]!.metadata, sourceAxis, source, [index])
    if (symbol) symbols.set(symbol.sourceIndex, symbol)
  }
  if (symbols.size < needed) return undefined
  return encodeSliver(await coder.recoverSliver(sources[0]!.metadata, axis, index, [...symbols.values()]))
}
