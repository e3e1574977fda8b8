/** What a push knows of the remote: live locator segments, the packs they name, and a reader over both. */

import { FloeError } from '../base/errors.ts'
import type { ErasureCoder } from '../erasure/api.ts'
import type { SegmentRecord } from '../ledger/repository-records.ts'
import { blobKey, type RepositoryReader } from '../ledger/repository-state.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { createLocator, type LocatorSegment } from '../objects/locator.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { Workspace } from '../store/workspace.ts'
import { createRemoteObjects, type RemoteObjects } from '../transfer/remote-objects.ts'
import { type LivePacks, readLivePacks } from './live-packs.ts'
import { fetchOpenPushes } from './open-push.ts'
import { type KnownSegment, openKnownSegments } from './push-locator.ts'
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
  options: { signal?: AbortSignal | undefined },
): Promise<KnownObjects> {
  const { signal } = options
  const { epoch } = await context.walrus()
  const records = position ? liveSegments(position, have) : []
  const places = reader && position ? await segmentPlaces(reader, position.state, records, options) : []
  // Reads that no locator answers, because its pack is new to us or the segment is broken, go by the places given.
  const remote = createRemoteObjects(await context.committee(), pool, places, {
    signal,
    renewCommittee: (stale) => presentCommittee(stale, context),
  })
  const opened = await openKnownSegments(remote, records, places)
  const segments = opened.map(({ segment }) => segment).filter((segment) => segment !== null)
  const blobIds = segments.flatMap((segment) => segment.packs)
  const live: LivePacks =
    reader && position
      ? await readLivePacks(reader, position.state, blobIds, { epoch, signal })
      : { isReliable: () => false, isStored: () => false, complete: true, packs: [] }
  const over = live.packs.filter((pack) => pack.state === 'live' && pack.endEpoch <= epoch)
  const overKeys = new Set(over.map((pack) => blobKey(pack.blobId)))
  const expired = new Set<string>()
  for (const [i, { record, segment }] of opened.entries()) {
    const place = places[i]!
    const isOver = !place.removed && place.endEpoch <= epoch
    if (isOver || segment?.packs.some((blobId) => overKeys.has(blobKey(blobId)))) expired.add(segmentKey(record))
  }
  return { opened, segments, live, remote, expired }
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
  options: { signal?: AbortSignal | undefined },
): Promise<bigint> {
  const named = position.refs.find((row) => row.commit === commit)
  if (named) return BigInt(named.commitPack)
  const seen = new Set<string>()
  for await (const place of createLocator(segments.map((segment) => async () => segment)).locate('commit', commit)) {
    if (seen.has(blobKey(place.blobId))) continue
    seen.add(blobKey(place.blobId))
    const [number] = await reader.fetchPackNumbers(position.state, [place.blobId], options)
    if (number === null || number === undefined) continue
    const [pack] = await reader.fetchPacks(position.state, [number], options)
    if (pack?.state === 'live' && pack.kind === 'meta') return BigInt(number)
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
