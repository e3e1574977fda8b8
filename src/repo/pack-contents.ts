/** Which stored packs hold certain objects, by their own indexes: locators name eight places of an object at most and are
 *  written by others, and what a branch has dropped is stored until it is removed. */

import { mapLimited } from '../base/limit.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import { blobKey } from '../ledger/repository-state.ts'
import { KIND_CODES } from '../objects/id.ts'
import type { LocatorSegment } from '../objects/locator.ts'
import { ObjectSet } from '../objects/object-set.ts'
import { openPack } from '../objects/pack-reader.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import { distinctSegments, placesOf } from './pack-use.ts'
import { isLost } from './push-locator.ts'
import { segmentPlaces } from './push-target.ts'
import type { RemoteSource } from './remote-source.ts'

export interface HoldingPacks {
  /** Numbers of the stored data packs that hold any of the objects. */
  holding: Set<number>
  /** Chunks that can be read from these packs only: what is lost to everyone if they go. */
  onlyThere: ObjectSet
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
  await mapLimited(
    there.filter(({ kind }) => kind === 'data'),
    INDEX_CONCURRENCY,
    async ({ number, blobId }) => {
      if (await holds(blobId, named.has(number))) holding.add(number)
    },
    options.signal ? { signal: options.signal } : {},
  )

  const onlyThere = new ObjectSet()
  const elsewhere = new ObjectSet()
  for (const segment of segments)
    for await (const { kindCode, id, numbers } of placesOf(segment, options.signal)) {
      if (kindCode !== KIND_CODES.chunk) continue
      const places = numbersOf(segment, numbers)
      if (places.some((number) => !holding.has(number))) elsewhere.addBytes(kindCode, id)
      else if (places.length > 0) onlyThere.addBytes(kindCode, id)
    }
  return { holding, onlyThere: onlyThere.without(elsewhere), stored }

  /** Asked of its own index: what a locator leaves out would stay, and what it names wrongly would go. */
  async function holds(blobId: Uint8Array, isNamed: boolean): Promise<boolean> {
    try {
      const { index } = await openPack(await remote.openPack(blobId), options)
      for (let i = 0; i < index.objectCount; i++) if (targets.has(index.kindAt(i), index.idAt(i))) return true
      return false
    } catch (error) {
      if (!isLost(error)) throw error
      return isNamed
    }
  }
}
