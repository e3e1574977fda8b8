/** What a push knows of the remote: live locator segments, the packs they name, and a reader over both. */

import { FloeError } from '../base/errors.ts'
import type { ErasureCoder } from '../erasure/api.ts'
import type { PackRecord, PushRecord, SegmentRecord } from '../ledger/repository-records.ts'
import { blobKey, type RepositoryReader } from '../ledger/repository-state.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { createLocator, type LocatorSegment, nameAll } from '../objects/locator.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { Workspace } from '../store/workspace.ts'
import { createRemoteObjects, type RemoteObjects } from '../transfer/remote-objects.ts'
import { type LivePacks, readLivePacks } from './live-packs.ts'
import { fetchOpenPushes } from './open-push.ts'
import { isLost, type KnownSegment, openKnownSegments } from './push-locator.ts'
import { liveSegments, type RemotePosition, segmentPlaces } from './push-target.ts'
import { chainRefName } from './remote.ts'
import { presentCommittee, type RemoteContext } from './remote-context.ts'

/** What the remote has, through the locators of the refs that the push builds on. */
export interface KnownObjects {
  opened: KnownSegment[]
  /** Those that could be opened. */
  segments: LocatorSegment[]
  live: LivePacks
  remote: RemoteObjects
  /** Keys of segments, as `segmentKey` gives them: of what they name, or where they stand, some is no longer stored because its
   *  time is over. */
  expired: ReadonlySet<string>
  /** True if all that the push known to be whole named, which is built on as well, is there to stay. */
  hasWhole: boolean
  /** True if earlier pushes named something that those which stand name no more. */
  hasLeftOut: boolean
}

export function segmentKey({ pack, offset }: SegmentRecord): string {
  return `${pack}:${offset}`
}

export async function openKnown(
  context: RemoteContext,
  reader: RepositoryReader | null,
  position: RemotePosition | null,
  have: readonly ObjectId[],
  pool: ErasureCoder,
  options: {
    signal?: AbortSignal | undefined
    whole?: PushRecord | null | undefined
    /** Earlier pushes that are built on as well, besides `whole`. */
    read?: readonly PushRecord[] | undefined
  },
): Promise<KnownObjects> {
  const { whole, signal } = options
  const before = [...(whole ? [whole] : []), ...(options.read ?? [])]
  const standing = position ? liveSegments(position, have) : []
  const { epoch } = await context.walrus()
  const earlier = reader && position ? await earlierSegments(reader, position, before, epoch, options) : []
  const named = new Map([...earlier, ...standing].map((segment) => [segmentKey(segment), segment]))
  for (const segment of standing) named.delete(segmentKey(segment))
  const records = [...standing, ...named.values()]
  const places = reader && position ? await segmentPlaces(reader, position.state, records, options) : []
  // Reads that no locator answers, because its pack is new to us or the segment is broken, go by the places given.
  const remote = createRemoteObjects(await context.committee(), pool, places, {
    signal,
    renewCommittee: (stale) => presentCommittee(stale, context),
  })
  const opened = await openKnownSegments(remote, records, places)
  for (const [i, { removed, proposed }] of places.entries()) if (removed || proposed) opened[i]!.isRetired = true
  const segments = opened.map(({ segment }) => segment).filter((segment) => segment !== null)
  const blobIds = segments.flatMap((segment) => segment.packs)
  const live: LivePacks =
    reader && position
      ? await readLivePacks(reader, position.state, blobIds, { epoch, signal })
      : { isReliable: () => false, isStored: () => false, complete: true, packs: [] }
  const over = live.packs.filter((pack) => pack.state === 'live' && pack.endEpoch <= epoch)
  const overKeys = new Set(over.map((pack) => blobKey(pack.blobId)))
  const expired = new Set<string>()
  // What only the earlier push named has been done without since.
  for (const [i, { record, segment }] of opened.slice(0, standing.length).entries()) {
    const place = places[i]!
    const isOver = !place.removed && place.endEpoch <= epoch
    if (isOver || segment?.packs.some((blobId) => overKeys.has(blobKey(blobId)))) expired.add(segmentKey(record))
  }
  // What stands in a pack that is to go, as after a fold, need not be named any more.
  const lasting = lastingPacks(live, epoch)
  const isLive = (blobId: Uint8Array) => !live.complete || lasting.has(blobKey(blobId))
  const used = await withoutTakenIn(opened, { standing: standing.length, before, isLive, signal })
  return {
    opened: used,
    segments,
    live,
    remote,
    expired,
    hasWhole: live.complete && haveAll(whole?.segments ?? [], opened, lasting),
    hasLeftOut: used.length > standing.length,
  }
}

/** Those that stand in packs which are there to stay: the ledger takes no others. */
async function earlierSegments(
  reader: RepositoryReader,
  { state }: RemotePosition,
  before: readonly PushRecord[],
  epoch: number,
  options: { signal?: AbortSignal | undefined },
): Promise<SegmentRecord[]> {
  if (before.length === 0) return []
  const segments = before.flatMap((record) => record.segments)
  const packs = await reader.fetchPacks(state, [...new Set(segments.map(({ pack }) => pack))], options)
  const isThere = new Map(packs.map((pack) => [pack.number, pack.state === 'live' && pack.endEpoch > epoch]))
  return segments.filter(({ pack }) => isThere.get(pack))
}

/** Without segments of the earlier push all of whose places the later ones name, as they do where an honest push has taken
 *  them in: naming them beside those would double the locator, and have it written anew each time. */
async function withoutTakenIn(
  opened: readonly KnownSegment[],
  {
    standing,
    before,
    isLive,
    signal,
  }: {
    /** So many of them are named by the later push. */
    standing: number
    before: readonly PushRecord[]
    isLive(blobId: Uint8Array): boolean
    signal: AbortSignal | undefined
  },
): Promise<KnownSegment[]> {
  const used = opened.slice(0, standing)
  const keys = before.map(({ segments }) => new Set(segments.map(segmentKey)))
  for (const earlier of opened.slice(standing)) {
    // What stood beside it before has not taken it in.
    const beside = keys.filter((all) => all.has(segmentKey(earlier.record)))
    const since = opened.slice(0, standing).filter(({ record }) => !beside.some((all) => all.has(segmentKey(record))))
    const sources = since.flatMap(({ segment }) => segment ?? [])
    const isTakenIn =
      earlier.segment !== null &&
      (await nameAll(sources, earlier.segment, { isLive, signal }).catch((error: unknown) => {
        if (!isLost(error)) throw error
        return false
      }))
    if (!isTakenIn) used.push(earlier)
  }
  return used
}

function lastingPacks({ packs }: LivePacks, epoch: number): Set<string> {
  const live = packs.filter((pack) => pack.state === 'live' && pack.endEpoch > epoch)
  return new Set(live.map(({ blobId }) => blobKey(blobId)))
}

/** Whether segments could be opened, and all packs that they name are there to stay. */
function haveAll(
  records: readonly SegmentRecord[],
  opened: readonly KnownSegment[],
  lasting: ReadonlySet<string>,
): boolean {
  const segments = new Map(opened.map(({ record, segment }) => [segmentKey(record), segment]))
  return records.every((one) => segments.get(segmentKey(one))?.packs.every((id) => lasting.has(blobKey(id))))
}

/** The push that an interrupted one has left open; the newest, if there are several. */
export async function findOpenPush(
  context: RemoteContext,
  { state }: RemotePosition,
  owner: string,
  ref: string,
): Promise<string | null> {
  const open = await fetchOpenPushes(context.ledger, owner, state.originalPackageId, state.id)
  return open.find((push) => push.ref === chainRefName(ref))?.id ?? null
}

/** Objects of folded packs are read here, or from the remote where this workspace has dropped them. */
export function readHereOrThere(workspace: Workspace, remote: RemoteObjects): ReadObject {
  return async (kind, id, options) => {
    if (!(await workspace.store.has(kind, id))) return remote.read(kind, id, options)
    try {
      return await workspace.store.read(kind, id, options)
    } catch (error) {
      // Evicted in this moment.
      if (!(error instanceof ObjectMissingError)) throw error
      return remote.read(kind, id, options)
    }
  }
}

/** The meta pack that holds a commit which the remote has already. */
export async function findCommitPack(
  reader: RepositoryReader,
  position: RemotePosition,
  segments: readonly LocatorSegment[],
  commit: ObjectId,
  options: { epoch: number; signal?: AbortSignal | undefined },
): Promise<bigint> {
  const isStored = (pack: PackRecord | undefined) => pack?.state === 'live' && pack.endEpoch > options.epoch
  const named = position.refs.filter((row) => row.commit === commit).map((row) => row.commitPack)
  // A tag never moves: it goes on naming its first pack when that has expired and the commit has come again in another.
  const stored = (await reader.fetchPacks(position.state, named, options)).find(isStored)
  if (stored) return BigInt(stored.number)
  const seen = new Set<string>()
  for await (const place of createLocator(segments.map((segment) => async () => segment)).locate('commit', commit)) {
    if (seen.has(blobKey(place.blobId))) continue
    seen.add(blobKey(place.blobId))
    const [number] = await reader.fetchPackNumbers(position.state, [place.blobId], options)
    if (number === null || number === undefined) continue
    const [pack] = await reader.fetchPacks(position.state, [number], options)
    if (isStored(pack) && pack!.kind === 'meta') return BigInt(number)
  }
  throw new FloeError(
    'integrity',
    'PUSH_COMMIT_UNFOUND',
    `the remote's packs should hold ${commit}, but no locator names it`,
    {
      data: { commit },
      hints: ['Run `floe fetch`, then push again'],
    },
  )
}
