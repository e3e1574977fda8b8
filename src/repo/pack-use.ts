/** Which packs of a repository its refs need: everything reachable from them is walked, and the locators that readers go
 *  by say where it is.
 *
 *  What is walked is checked against its id, wherever it comes from, so a local copy is as good as the remote's own and
 *  costs no request. Memory is bounded: half an id per object, and the segments are read through, not looked up in. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import { walkCommits } from '../history/commits.ts'
import type { PackRecord, PushRecord, SegmentRecord } from '../ledger/repository-records.ts'
import { blobKey } from '../ledger/repository-state.ts'
import { walkMapNodes } from '../objects/content-map.ts'
import type { ObjectId } from '../objects/id.ts'
import type { LocatorSegment } from '../objects/locator.ts'
import { RECORD_BYTES, recordId, recordPack } from '../objects/locator-record.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { ReadObject } from '../objects/reader.ts'
import { walkTreeNodes } from '../objects/tree.ts'
import type { LocalStore } from '../store/local-store.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import { segmentPlaces } from './push-target.ts'
import { absentWhereGone, type RemoteSource } from './remote-source.ts'

/** Objects that are held apart: more would take more than half a gigabyte. */
const MAX_OBJECTS = 10_000_000

export interface PackUse {
  /** Numbers of packs without which something that a ref needs could not be read. */
  needed: Set<number>
  /** Everything that refs need; marked is what a needed pack has, by the word of a locator. */
  reached: ObjectSet
  /** Commits, trees and maps that refs need and that can be read nowhere any more: what only they lead to may be in any pack. */
  unread: number
  remote: RemoteObjects
  read: ReadObject
}

export interface FindPackUse {
  source: RemoteSource
  /** Every pack of the repository, by number. */
  packs: readonly PackRecord[]
  /** Objects that are here need not be asked for. */
  store: LocalStore | null
  epoch: number
  /** Packs that may not be counted on, although they are there. */
  without?: ReadonlySet<number> | undefined
  signal?: AbortSignal | undefined
}

/** What has expired or was removed is passed over, and counted: a push over expired packs brings again what its own version
 *  needs, so trees of older ones are gone for good, or until `revive`.
 *  @throws {FloeError} GC_REMOTE_TOO_LARGE, or whatever else keeps something from being read: then nothing is known */
export async function findPackUse(job: FindPackUse): Promise<PackUse> {
  const { source, store, signal } = job
  const records = source.refs.map((ref) => source.recordOf(ref))
  const remote = await source.objects(records)
  const read: ReadObject = async (kind, id, options) => {
    if (!store || !(await store.has(kind, id))) return remote.read(kind, id, options)
    return store.readLocal(kind, id, options)
  }
  const readLeft = absentWhereGone(read)
  let unread = 0
  const commits = source.refs.map((ref) => ref.commit as ObjectId)
  const reached = await reachedFrom(readLeft, commits, signal, () => void unread++)
  const needed = new Set<number>(source.refs.map((ref) => ref.commitPack))
  const groups = groupRefs(source)
  for (const [i, { segments, tips }] of groups.entries()) {
    const isExact = groups.length === 1 || i < MAX_EXACT_GROUPS
    const own =
      groups.length === 1 ? reached : isExact ? await reachedFrom(readLeft, tips, signal, () => undefined) : reached
    await markNeeded(job, segments, remote, { reached, own, isExact }, needed)
  }
  return { needed, reached, unread, remote, read }
}

/** Everything reachable from commits.
 *  @param onAbsent - told of what can be read nowhere, instead of failing; it is reached all the same */
export async function reachedFrom(
  read: ReadObject,
  commits: readonly ObjectId[],
  signal: AbortSignal | undefined,
  onAbsent?: () => void,
): Promise<ObjectSet> {
  const reached = new ObjectSet()
  const add: ObjectSet['add'] = (kind, id) => {
    if (reached.size >= MAX_OBJECTS)
      throw new FloeError('other', 'GC_REMOTE_TOO_LARGE', `refs of the repository need over ${MAX_OBJECTS} objects`, {
        data: { limit: MAX_OBJECTS },
        hints: ['Nothing was changed: what a repository of this size can do without has to be found in parts'],
      })
    return reached.add(kind, id)
  }
  const absent = onAbsent && { onAbsent }
  const absentCommit = onAbsent && {
    onAbsent: (id: ObjectId) => {
      add('commit', id)
      onAbsent()
    },
  }
  for await (const { id, commit } of walkCommits(read, commits, { signal, ...absentCommit })) {
    add('commit', id)
    for (const attachment of commit.attachments.values()) add('attachment', attachment)
    for await (const node of walkTreeNodes(read, commit.tree, {
      skip: (tree) => !add('tree', tree),
      signal,
      ...absent,
    }))
      for (const entry of node.entries) {
        if (entry.content?.kind === 'chunk') add('chunk', entry.content.id)
        if (entry.content?.kind !== 'map') continue
        for await (const map of walkMapNodes(read, entry, { skip: (one) => !add('map', one), signal, ...absent }))
          if (map.level === 0) for (const chunk of map.items) add('chunk', chunk.id)
      }
  }
  return reached
}

/** Refs that are read by the same segments. Each group is walked by itself, because its locator also names what other
 *  refs need; where there are more groups, all that any ref needs stands for what the rest need, which keeps more. */
const MAX_EXACT_GROUPS = 64

function groupRefs(source: RemoteSource): { segments: SegmentRecord[]; tips: ObjectId[] }[] {
  const groups = new Map<string, { segments: SegmentRecord[]; tips: ObjectId[] }>()
  for (const ref of source.refs) {
    const { segments } = source.recordOf(ref)
    const key = segments.map(({ pack, offset }) => `${pack}:${offset}`).join(' ')
    const group = groups.get(key) ?? { segments, tips: [] }
    group.tips.push(ref.commit as ObjectId)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** Reads the segments through, newest first. Whoever reads a ref by them finds each object in the place that counts here,
 *  or in one of the places before. */
async function markNeeded(
  { source, packs, epoch, without, signal }: FindPackUse,
  segments: readonly SegmentRecord[],
  remote: RemoteObjects,
  { reached, own, isExact }: { reached: ObjectSet; own: ObjectSet; isExact: boolean },
  needed: Set<number>,
): Promise<void> {
  const places = await segmentPlaces(source.reader, source.state, segments, { signal })
  const worth = (pack: PackRecord | undefined) => {
    if (!pack || pack.state === 'removed' || pack.endEpoch <= epoch || without?.has(pack.number)) return 0
    return pack.state === 'live' ? 2 : 1
  }
  const byBlob = new Map<string, PackRecord>()
  for (const pack of packs) {
    const key = blobKey(pack.blobId)
    if (worth(pack) > worth(byBlob.get(key))) byBlob.set(key, pack)
  }
  const located = new ObjectSet()
  for (const [i, place] of places.entries()) {
    // Readers go by the segments of other refs then.
    if (place.removed || place.endEpoch <= epoch) continue
    needed.add(segments[i]!.pack)
    const segment = await remote.openSegment(place)
    const table = segment.packs.map((blobId) => byBlob.get(blobKey(blobId)))
    for await (const { kindCode, id, numbers } of placesOf(segment, signal)) {
      if (!own.hasBytes(kindCode, id) || (isExact && located.hasBytes(kindCode, id))) continue
      const found = numbers.map((number) => table[number]).filter((pack) => pack !== undefined)
      const best = found.filter((pack) => worth(pack) === Math.max(...found.map(worth)))
      // Of several that would do, one that has to stay anyway.
      const chosen = best.find((pack) => needed.has(pack.number)) ?? best[0]
      if (!chosen) continue
      needed.add(chosen.number)
      reached.markBytes(kindCode, id)
      // A place in a pack that is to go is good for nobody who can have another.
      if (segments.length > 1 && isExact && chosen.state === 'live') located.addBytes(kindCode, id)
    }
  }
}

/** Objects of a segment with the packs that it names for them. */
export async function* placesOf(
  segment: LocatorSegment,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ kindCode: number; id: Uint8Array; numbers: number[] }> {
  let current: { kindCode: number; id: Uint8Array; numbers: number[] } | undefined
  for await (const records of segment.records({ signal })) {
    throwIfAborted(signal)
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      const id = recordId(records, at)
      if (current && current.kindCode === records[at] && Buffer.compare(current.id, id) === 0) {
        current.numbers.push(recordPack(records, at))
        continue
      }
      if (current) yield current
      current = { kindCode: records[at]!, id: id.slice(), numbers: [recordPack(records, at)] }
    }
  }
  if (current) yield current
}

export function distinctSegments(records: readonly PushRecord[]): SegmentRecord[] {
  const segments = new Map<string, SegmentRecord>()
  for (const record of records)
    for (const segment of record.segments) segments.set(`${segment.pack}:${segment.offset}`, segment)
  return [...segments.values()]
}
