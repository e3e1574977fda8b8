/** Which stored packs hold certain objects, by their own indexes: locators name eight places of an object at most and are
 *  written by others, and what a branch has dropped is stored until it is removed. */

import { mapLimited } from '../base/limit.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import { blobKey } from '../ledger/repository-state.ts'
import { KIND_CODES } from '../objects/id.ts'
import type { LocatorSegment } from '../objects/locator.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { PackIndex } from '../objects/pack-index.ts'
import { openPack, type PackReader } from '../objects/pack-reader.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import { distinctSegments, placesOf } from './pack-use.ts'
import { isLost } from './push-locator.ts'
import { segmentPlaces } from './push-target.ts'
import type { RemoteSource } from './remote-source.ts'
import { isTrue } from './spare-packs.ts'

export interface HoldingPacks {
  /** Numbers of the stored data packs that hold any of the objects. */
  holding: Set<number>
  /** Chunks that can be read from these packs only: what is lost to everyone if they go. Locators say where else a chunk is,
   *  and the pack there has to bear it out: of packs of other keys than `own` it is read. */
  onlyThere(own: string | null): Promise<ObjectSet>
  /** By number, without those that were removed or have expired. */
  stored: ReadonlyMap<number, PackRecord>
}

const INDEX_CONCURRENCY = 6

/** @param targets - chunks
 *  @param packs - every pack of the repository */
export async function findHoldingPacks(
  source: RemoteSource,
  remote: RemoteObjects,
  packs: readonly PackRecord[],
  targets: ObjectSet,
  options: { epoch: number; signal?: AbortSignal | undefined },
): Promise<HoldingPacks> {
  const there = packs.filter((pack) => pack.state !== 'removed' && pack.endEpoch > options.epoch)
  const stored = new Map(there.map((pack) => [pack.number, pack]))
  const byBlob = new Map<string, number[]>()
  for (const pack of there) byBlob.set(blobKey(pack.blobId), [...(byBlob.get(blobKey(pack.blobId)) ?? []), pack.number])
  const segments: LocatorSegment[] = []
  const records = distinctSegments(source.refs.map((ref) => source.recordOf(ref)))
  for (const place of await segmentPlaces(source.reader, source.state, records, options))
    if (!place.removed && place.endEpoch > options.epoch) segments.push(await remote.openSegment(place))
  const numbersOf = (segment: LocatorSegment, numbers: readonly number[]) =>
    numbers.flatMap((number) => byBlob.get(blobKey(segment.packs[number]!)) ?? [])

  const named = new Set<number>()
  for (const segment of segments)
    for await (const { kindCode, id, numbers } of placesOf(segment, options.signal))
      if (kindCode === KIND_CODES.chunk && targets.hasBytes(kindCode, id))
        for (const number of numbersOf(segment, numbers)) named.add(number)
  const holding = new Set<number>()
  /** Those whose index cannot be read: locators have to do. */
  const unread = new Set<number>()
  await mapLimited(
    there.filter(({ kind }) => kind === 'data'),
    INDEX_CONCURRENCY,
    async (pack) => {
      // Asked of its own index: what a locator leaves out would stay, and what it names wrongly would go.
      const opened = await openIfPack(pack)
      if (!opened && named.has(pack.number)) unread.add(pack.number)
      if (opened ? holdsAny(opened.index, targets) : named.has(pack.number)) holding.add(pack.number)
    },
    options.signal ? { signal: options.signal } : {},
  )
  return { holding, onlyThere, stored }

  async function onlyThere(own: string | null): Promise<ObjectSet> {
    const held = new ObjectSet()
    for (const number of holding) {
      const index = (await openIfPack(stored.get(number)!))?.index
      for (let i = 0; i < (index?.objectCount ?? 0); i++) held.add(index!.kindAt(i), index!.idAt(i))
    }
    const elsewhere = new Map<number, ObjectSet>()
    for (const segment of segments)
      for await (const { kindCode, id, numbers } of placesOf(segment, options.signal)) {
        if (kindCode !== KIND_CODES.chunk) continue
        const places = numbersOf(segment, numbers)
        if (places.some((number) => unread.has(number))) held.addBytes(kindCode, id)
        if (!held.hasBytes(kindCode, id)) continue
        for (const number of places) {
          // What is to go itself is no place.
          if (holding.has(number) || stored.get(number)!.state !== 'live') continue
          const said = elsewhere.get(number) ?? new ObjectSet()
          said.addBytes(kindCode, id)
          elsewhere.set(number, said)
        }
      }
    const safe = new ObjectSet()
    for (const [number, said] of elsewhere) {
      const record = stored.get(number)!
      const pack = await openIfPack(record)
      // In pack order, so that a frame is read once.
      for (const position of pack?.index.positionsInPackOrder() ?? []) {
        const [kind, id] = [pack!.index.kindAt(position), pack!.index.idAt(position)]
        if (!said.has(kind, id) || safe.has(kind, id)) continue
        if (record.pusher === own || (await isTrue(pack!, kind, id, options))) safe.add(kind, id)
      }
    }
    return held.without(safe)
  }

  async function openIfPack({ blobId }: PackRecord): Promise<PackReader | null> {
    try {
      return await openPack(await remote.openPack(blobId), options)
    } catch (error) {
      if (!isLost(error)) throw error
      return null
    }
  }
}

function holdsAny(index: PackIndex, targets: ObjectSet): boolean {
  for (let i = 0; i < index.objectCount; i++) if (targets.has(index.kindAt(i), index.idAt(i))) return true
  return false
}
