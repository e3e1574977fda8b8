/** When a ref that was just read loses its data: over the packs that its locator names. A hint for people, so a segment
 *  that cannot be read stands for itself, and of very many packs the oldest are looked at. */

import { FloeError } from '../base/errors.ts'
import type { PackRecord, PushRecord } from '../ledger/repository-records.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import type { Workspace } from '../store/workspace.ts'
import type { RemoteObjects, SegmentPlace } from '../transfer/remote-objects.ts'
import { type ExpiryWarning, earliestEnd, rememberExpiry, warningsOf } from './expiry-memory.ts'
import { unlessHindered } from './push-memory.ts'
import { segmentPlaces } from './push-target.ts'
import { localRefName } from './remote.ts'
import type { RemoteSource } from './remote-source.ts'

/** Packs looked at: twenty requests of each of two tables. */
const MAX_PACKS = 1_000

/** When a ref ends, as was read a moment ago. */
export interface RefEnd {
  walrus: WalrusState
  /** `heads/main` */
  ref: string
  /** None without packs. */
  endEpoch: number | null
}

/** Remembers when a ref ends, and says so if that is soon.
 *  @param remote - name of the remote in the workspace
 *  @returns `null` if it cannot be told: that makes nothing undone of what was read */
export async function noteRefExpiry(
  workspace: Workspace,
  remote: string,
  source: RemoteSource,
  objects: RemoteObjects,
  record: PushRecord,
  options: { signal?: AbortSignal | undefined },
): Promise<ExpiryWarning[] | null> {
  return noteRefEnd(workspace, remote, source, await findRefEnd(source, objects, record, options))
}

/** @returns `null` if the chain does not say, for whatever reason */
export async function findRefEnd(
  source: RemoteSource,
  objects: RemoteObjects,
  record: PushRecord,
  options: { signal?: AbortSignal | undefined },
): Promise<RefEnd | null> {
  try {
    const walrus = await source.context.walrus()
    const packs = await refPacks(source, objects, record, options)
    // What had expired by then is named for the sake of older versions: the push has brought again what its own needs.
    const endEpoch = earliestEnd(packs.filter((pack) => pack.endEpoch > record.walrusEpoch))
    return { walrus, ref: localRefName(record.ref), endEpoch }
  } catch (error) {
    if (isHindrance(error)) return null
    throw error
  }
}

/** Takes the workspace lock.
 *  @returns `null` if it is not known */
export async function noteRefEnd(
  workspace: Workspace,
  remote: string,
  { context, reader }: RemoteSource,
  end: RefEnd | null,
): Promise<ExpiryWarning[] | null> {
  if (end === null) return null
  const { walrus, ref, endEpoch } = end
  if (endEpoch === null) return []
  const network = context.profile.name
  const refs = [{ ref, endEpoch }]
  // That the workspace is in use, or its disk full, takes nothing from what is known now.
  await unlessHindered(() =>
    rememberExpiry(workspace, { remote, network, repository: reader.repositoryId, walrus, refs }),
  )
  const nowMs = workspace.clock.now()
  // The epoch was read a moment ago: the clock has nothing to say about it.
  return warningsOf(
    remote,
    { ...walrus, epochStartMs: walrus.epochStartMs ?? nowMs, refs },
    walrus.epochStartMs ?? nowMs,
  )
}

/** Packs that the newest version of a ref may be read from: those of its last push, and what its locator names. */
export async function refPacks(
  { reader, state, cache }: RemoteSource,
  objects: RemoteObjects,
  record: PushRecord,
  options: { signal?: AbortSignal | undefined },
): Promise<PackRecord[]> {
  const packsNamed = async (place: SegmentPlace): Promise<readonly Uint8Array[]> => {
    const known = cache?.segments.packsOf(place)
    if (known) return known
    const { packs } = await objects.openSegment(place)
    await cache?.segments.note(place, packs)
    return packs
  }
  const numbers = new Set<number>([record.commitPack, ...record.segments.map(({ pack }) => pack)])
  for (const { first, count } of record.packs)
    for (let at = 0; at < count && numbers.size < MAX_PACKS; at++) numbers.add(first + at)
  const places = await segmentPlaces(reader, state, record.segments, options)
  const named: Uint8Array[] = []
  for (const place of places)
    try {
      if (!place.removed) named.push(...(await packsNamed(place)))
    } catch (error) {
      if (!isHindrance(error)) throw error
    }
  for (const number of await reader.fetchPackNumbers(state, named.slice(0, MAX_PACKS), options))
    if (number !== null) numbers.add(number)
  return reader.fetchPacks(state, [...numbers], options)
}

/** What a hint may be left out for: neither the user's wish nor a mistake of ours. */
function isHindrance(error: unknown): boolean {
  return error instanceof FloeError && error.kind !== 'cancelled' && error.kind !== 'internal'
}
