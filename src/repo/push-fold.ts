/** Folding small packs: each blob carries its metadata to every node, 64 MB of it at 1,000 shards, so many small pushes
 *  must not leave many small packs (DESIGN §4). A push that would leave too many takes their objects along and proposes
 *  the removal of the packs, in the transaction that moves the ref.
 *
 *  A pack is folded only if everything in it is reachable from what is pushed, which is known when the push that brought
 *  it moved a ref to an ancestor, and if no other ref is read through it. */

import { walkCommits } from '../history/commits.ts'
import type { MissingObject } from '../history/missing-objects.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import { blobKey, type RepositoryReader } from '../ledger/repository-state.ts'
import { type ObjectId, objectKey } from '../objects/id.ts'
import type { LocatorSegment } from '../objects/locator.ts'
import { objectsInOrder } from '../objects/pack-order.ts'
import { openPack } from '../objects/pack-reader.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import { type LivePacks, unfinishedPushes } from './live-packs.ts'
import { isLost } from './push-locator.ts'
import type { RemotePosition } from './push-target.ts'

/** Small packs that a push leaves at most. */
const MAX_SMALL_PACKS = 16
/** A pack below this is small, and below this share of the largest: folding the pieces of a full pack would make the
 *  very same pack again, and it cannot both go and be part of the push. */
const SMALL_PACK_BYTES = 16 * 1024 * 1024
const SMALL_PACK_SHARE = 1 / 8
/** Records of the log that are looked at, newest first. */
const MAX_RECORDS = 256
/** Ancestors that are looked at. */
const MAX_ANCESTORS = 10_000
/** Folding rewrites the whole locator: not if that is longer. */
const MAX_LOCATOR_ENTRIES = 2_000_000

export interface FoldOptions {
  reader: RepositoryReader
  position: RemotePosition
  remote: RemoteObjects
  /** Segments that the push builds on, opened; all of them are swallowed by a fold. */
  segments: readonly LocatorSegment[]
  /** The ref as on chain, and the commit it is to move to. */
  ref: string
  commit: ObjectId
  read: ReadObject
  /** Address of the pusher. Only one's own packs are folded: what others put into theirs would have to be checked. */
  pusher: string
  /** Packs that the push itself is going to make, at least. */
  freshPacks: number
  /** Largest pack that the push makes. */
  maxPackBytes: number
  epoch: number
  maxSmallPacks?: number | undefined
  signal?: AbortSignal | undefined
}

export interface Fold {
  /** Numbers of the packs whose removal is to be proposed. */
  packs: number[]
  blobKeys: ReadonlySet<string>
  /** Everything in them. */
  objects: MissingObject[]
}

/** What to fold into this push; `null` if little enough is lying about. */
export async function planFold(options: FoldOptions): Promise<Fold | null> {
  const { reader, position, segments, pusher, signal } = options
  const limit = options.maxSmallPacks ?? MAX_SMALL_PACKS
  if (position.state.packs.size + options.freshPacks <= limit) return null
  if (segments.reduce((sum, { entries }) => sum + entries, 0) > MAX_LOCATOR_ENTRIES) return null
  const small = await smallPacks(options)
  if (small.length + options.freshPacks <= limit) return null
  const unfinished = await unfinishedPushes(reader, position.state, small, { signal })
  const needed = await neededElsewhere(options)
  // Somebody's broken locator stops no push, only its tidying.
  if (!needed) return null
  const chosen = small.filter(
    (pack) =>
      pack.pusher === pusher &&
      !pack.permanent &&
      !unfinished.has(pack.pushId) &&
      !needed.numbers.has(pack.number) &&
      !needed.blobs.has(blobKey(pack.blobId)),
  )
  // With many packs of others about, folding a few of one's own each time would only be work.
  if (chosen.length < Math.max(2, limit / 2)) return null
  return {
    packs: chosen.map((pack) => pack.number),
    blobKeys: new Set(chosen.map((pack) => blobKey(pack.blobId))),
    objects: await objectsOfPacks(chosen, options),
  }
}

/** Small live packs of pushes whose commits are ancestors of what is pushed. */
async function smallPacks(options: FoldOptions): Promise<PackRecord[]> {
  const { reader, position, commit, read, epoch, maxPackBytes, signal } = options
  const { size } = position.state.log
  const records = await reader.fetchPushes(position.state, Math.max(0, size - MAX_RECORDS), size, { signal })
  const ancestors = new Set<string>()
  for await (const { id } of walkCommits(read, [commit], { signal, onAbsent: () => undefined })) {
    ancestors.add(id)
    if (ancestors.size >= MAX_ANCESTORS) break
  }
  const numbers = records
    .filter((record) => record.new !== null && ancestors.has(record.new))
    .flatMap(({ packs }) => packs.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i)))
  const packs = await reader.fetchPacks(position.state, [...new Set(numbers)], { signal })
  const limit = Math.min(SMALL_PACK_BYTES, maxPackBytes * SMALL_PACK_SHARE)
  return packs.filter((pack) => pack.state === 'live' && pack.bytes < limit && pack.endEpoch > epoch)
}

/** Packs through which other refs are read; null if that cannot be told, because a locator is broken. */
async function neededElsewhere({ position, remote, ref, reader, signal }: FoldOptions) {
  const numbers = new Set<number>()
  const blobs = new Set<string>()
  for (const row of position.refs) {
    if (row.name === ref) continue
    numbers.add(row.commitPack)
    for (const segment of position.pushes.get(row.push)!.segments) {
      numbers.add(segment.pack)
      const [pack] = await reader.fetchPacks(position.state, [segment.pack], { signal })
      try {
        const opened = await remote.openSegment({ ...segment, blobId: pack!.blobId })
        for (const blobId of opened.packs) blobs.add(blobKey(blobId))
      } catch (error) {
        if (!isLost(error)) throw error
        return null
      }
    }
  }
  return { numbers, blobs }
}

/** Everything in packs, by their own indexes. */
export async function objectsOfPacks(
  packs: readonly PackRecord[],
  { remote, signal }: Pick<FoldOptions, 'remote' | 'signal'>,
): Promise<MissingObject[]> {
  const objects = new Map<string, MissingObject>()
  // Oldest pack first: what an object refers to comes before it, as in every push.
  for (const { blobId } of packs.toSorted((a, b) => a.number - b.number)) {
    const { index } = await openPack(await remote.openPack(blobId), { signal })
    for (const object of objectsInOrder(index)) objects.set(objectKey(object.kind, object.id), object)
  }
  return [...objects.values()]
}

/** Folded objects first: they are older than what is new, and the last object of a push is its commit. */
export function withFolded(fold: Fold, lacking: readonly MissingObject[]): MissingObject[] {
  const own = new Set(lacking.map(({ kind, id }) => objectKey(kind, id)))
  return [...fold.objects.filter(({ kind, id }) => !own.has(objectKey(kind, id))), ...lacking]
}

/** Numbers of the packs that may go once the ref has moved: none that the push itself consists of. */
export function obsoletePacks(fold: Fold | null, used: readonly { packNumber: number | null }[]): number[] {
  const needed = new Set(used.map((pack) => pack.packNumber))
  return (fold?.packs ?? []).filter((number) => !needed.has(number))
}

export function withoutFolded(live: LivePacks, fold: Fold): LivePacks {
  const isLeft = (blobId: Uint8Array) => fold.blobKeys.has(blobKey(blobId))
  return {
    ...live,
    isReliable: (blobId) => !isLeft(blobId) && live.isReliable(blobId),
    isStored: (blobId) => !isLeft(blobId) && live.isStored(blobId),
  }
}
