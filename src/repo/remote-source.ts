/** A remote as a source of objects: refs from the chain, bytes from the storage nodes, everything checked on the way. */

import { FloeError } from '../base/errors.ts'
import type { ErasurePool } from '../erasure/api.ts'
import { createErasurePool } from '../erasure/pool.ts'
import { caughtUp } from '../ledger/lag.ts'
import type { PushRecord, RefRecord, SegmentRecord } from '../ledger/repository-records.ts'
import { assertRefRecorded, type RepositoryReader, type RepositoryState } from '../ledger/repository-state.ts'
import { fetchTakedowns, hasTakedowns } from '../ledger/repository-takedowns.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ReadObject } from '../objects/reader.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { createRowCache } from '../transfer/blob-range.ts'
import type { NodeReport } from '../transfer/committee.ts'
import { type ObjectCache, openObjectCache } from '../transfer/object-cache.ts'
import { createRemoteObjects, type RemoteObjects } from '../transfer/remote-objects.ts'
import { segmentPlaces } from './push-target.ts'
import { openRemoteContext, presentCommittee, type RemoteContext } from './remote-context.ts'
import { RemoteIntegrityError } from './remote-errors.ts'
import type { RemoteOptions } from './remote-options.ts'

export interface RemoteSource extends AsyncDisposable {
  readonly context: RemoteContext
  readonly reader: RepositoryReader
  readonly state: RepositoryState
  readonly coder: ErasurePool
  readonly refs: readonly RefRecord[]
  /** Record of the push that moved a ref last. */
  recordOf(ref: RefRecord): PushRecord
  /** Objects reachable from refs or pushes, through the locators that those name. */
  objects(records: readonly PushRecord[]): Promise<RemoteObjects>
  /** What the user's workspaces have fetched before; null if that is switched off. */
  readonly cache: ObjectCache | null
  /** Nodes that failed or lied so far. */
  badNodes(): Promise<NodeReport[]>
}

/** Reads the chain; storage nodes are asked only when objects are read.
 *  @throws {RemoteIntegrityError} REMOTE_LOG_SHRUNK if the log has fewer records than were seen before */
export async function openRemoteSource(
  network: string,
  repository: string,
  options: RemoteOptions,
  seenPushes = 0,
): Promise<RemoteSource> {
  const context = await openRemoteContext(network, options)
  const reader = context.repository(repository)
  const state = await caughtUp(() => fetchSeenState(reader, seenPushes, options), options.signal)
  const refs = await reader.fetchRefs(state, options)
  const records = await reader.fetchPushesAt(state, [...new Set(refs.map((ref) => ref.push))], options)
  const byNumber = new Map(records.map((record) => [record.number, record]))
  for (const ref of refs) assertRefRecorded(ref, byNumber.get(ref.push)!)
  const coder = createErasurePool()
  const rowCache = createRowCache()
  const cache = options.useCache === false ? null : await openObjectCache(options.homeDir)
  return {
    context,
    reader,
    state,
    coder,
    refs,
    cache,
    recordOf: (ref) => byNumber.get(ref.push)!,
    async objects(wanted) {
      const { epoch } = await context.walrus()
      const isStored = (place: { removed: boolean; endEpoch: number }) => !place.removed && place.endEpoch > epoch
      const own = await segmentPlaces(reader, state, uniqueSegments(wanted), options)
      const all = uniqueSegments([...wanted, ...refs.map((ref) => byNumber.get(ref.push)!)])
      // What removed or expired packs held may have been packed anew: then the segments of other refs name it.
      const known = own.every(isStored) ? own : await segmentPlaces(reader, state, all, options)
      const stored = known.filter(isStored)
      // With nothing left, the attempt to read says why.
      const places = stored.length > 0 ? stored : own.filter(({ removed }) => !removed)
      const committee = await context.committee()
      const open = (at: typeof places) =>
        createRemoteObjects(committee, coder, at, {
          signal: options.signal,
          aggregator: options.aggregator,
          fetch: options.fetch,
          rowCache,
          renewCommittee: (stale) => presentCommittee(stale, context),
          explainMissing: async (blobId) => packFault(reader, state, blobId, (await context.walrus()).epoch, options),
          onBytes: (doneBytes) => options.onProgress?.({ $kind: 'downloading', doneBytes, totalBytes: 0 }),
        })
      let everywhere: Promise<RemoteObjects> | undefined
      const openAll = async () => open((await segmentPlaces(reader, state, all, options)).filter(isStored))
      let past: Promise<RemoteObjects | null> | undefined
      const openPast = async () => {
        if (!(await hasTakedowns(reader, state, options))) return null
        const first = Math.max(0, state.log.size - MAX_PAST_PUSHES)
        const before = uniqueSegments(await reader.fetchPushes(state, first, state.log.size, options))
        const at = await segmentPlaces(reader, state, before.slice(0, MAX_PAST_SEGMENTS), options)
        return open(at.filter(isStored))
      }
      let over: Promise<number> | undefined
      return withOthers(open(places), {
        everywhere: () => (everywhere ??= openAll()),
        past: () => (past ??= openPast()),
        over: () => (over ??= countExpired(reader, state, epoch, options)),
      })
    },
    badNodes: async () => (await context.committee()).reports(),
    async [Symbol.asyncDispose]() {
      await coder.close()
      await cache?.[Symbol.asyncDispose]()
    },
  }
}

async function fetchSeenState(
  reader: RepositoryReader,
  seen: number,
  options: RemoteOptions,
): Promise<RepositoryState> {
  const state = await reader.fetchState(options)
  if (state.log.size >= seen) return state
  const { repositoryId: repository } = reader
  throw new RemoteIntegrityError(
    'REMOTE_LOG_SHRUNK',
    `the log of ${repository} became shorter: ${state.log.size} records, ${seen} were seen before`,
    {
      data: { repository, records: state.log.size, seen },
      hints: [
        'The end point may lag behind or lie: compare with another one',
        'A local network that was reset is another network: add it under a new name',
      ],
    },
  )
}

/** A source as if the remote had these refs only. It ends with the one that it is made from. */
export function withRefs(source: RemoteSource, refs: readonly RefRecord[]): RemoteSource {
  const { context, reader, state, coder, cache, recordOf } = source
  return {
    context,
    reader,
    state,
    coder,
    cache,
    refs,
    recordOf,
    objects: (records) => source.objects(records),
    badNodes: () => source.badNodes(),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** Pushes, and segments of theirs, that are searched for what was taken down. */
const MAX_PAST_PUSHES = 256
const MAX_PAST_SEGMENTS = 64

/** A tag never moves, and keeps naming its first packs. Where one of them is gone, what it held may have been packed anew
 *  for a branch since; so the locators of other refs are asked then, and only then.
 *
 *  A later push names no packs that were removed. Where something was taken down, earlier locators tell it from what was
 *  never pushed: nothing is read through them, because a ref has to have all it needs by itself. */
function withOthers(
  own: RemoteObjects,
  others: {
    everywhere(): Promise<RemoteObjects>
    past(): Promise<RemoteObjects | null>
    /** Packs whose time is over. */
    over(): Promise<number>
  },
): RemoteObjects {
  return {
    openPack: own.openPack,
    openSegment: own.openSegment,
    segments: own.segments,
    locator: own.locator,
    get downloadedBytes() {
      return own.downloadedBytes
    },
    async read(kind, id, options) {
      try {
        return await own.read(kind, id, options)
      } catch (error) {
        if (error instanceof ObjectMissingError) {
          const reason = await (await others.past())?.read(kind, id, options).then(
            () => undefined,
            (failure) => failure,
          )
          if (isGone(reason)) throw reason
          const expired = await others.over()
          throw expired === 0 ? error : new ObjectMissingError(kind, id, perhapsExpired(expired))
        }
        if (!isGone(error)) throw error
        try {
          return await (await others.everywhere()).read(kind, id, options)
        } catch (other) {
          throw other instanceof ObjectMissingError ? error : other
        }
      }
    },
  }
}

/** After a push over expired packs, no locator names what was in them. */
function perhapsExpired(packs: number): { data: Record<string, unknown>; hints: readonly string[] } {
  const [whose, them] =
    packs === 1 ? ['A pack of the repository has', 'it'] : [`${packs} packs of the repository have`, 'one of them']
  return {
    data: { expiredPacks: packs },
    hints: [
      `${whose} expired, and this may have been in ${them}: \`floe revive\` in a workspace that has the version brings it back`,
    ],
  }
}

/** Packs that are looked at to explain what is missing. */
const MAX_EXPLAINED_PACKS = 1_000

/** Packs that were stored and whose time is over, retired or not; of very many, among the oldest. */
async function countExpired(
  reader: RepositoryReader,
  state: RepositoryState,
  epoch: number,
  options: RemoteOptions,
): Promise<number> {
  const count = Math.min(state.packs.size, MAX_EXPLAINED_PACKS)
  const numbers = Array.from({ length: count }, (_, number) => number)
  return (await reader.fetchPacks(state, numbers, options)).filter((pack) => pack.endEpoch <= epoch).length
}

const GONE_CODES: ReadonlySet<string> = new Set(['PACK_REMOVED', 'PACK_TAKEN_DOWN', 'PACK_EXPIRED'])

/** Whether somebody removed what was there, or let it expire: nobody lied. */
export function isGone(error: unknown): boolean {
  return causeWith(GONE_CODES, error) !== undefined
}

function causeWith(codes: ReadonlySet<string>, error: unknown): FloeError | undefined {
  for (let at = error; at instanceof FloeError; at = at.cause) if (codes.has(at.code)) return at
  return undefined
}

/** With what more storage nodes than may be wrong say of a blob where the chain was not asked. */
const NOWHERE_CODES: ReadonlySet<string> = new Set([...GONE_CODES, 'BLOB_NOT_FOUND'])

/** For those who can do without what is gone: it is missing then, as what no locator names. */
export function absentWhereGone(read: ReadObject): ReadObject {
  return async (kind, id, options) => {
    try {
      return await read(kind, id, options)
    } catch (error) {
      const gone = causeWith(NOWHERE_CODES, error)
      if (!gone) throw error
      throw new ObjectMissingError(kind, id, {
        message: `${kind} ${id} is missing: ${gone.message}`,
        data: gone.data,
        hints: gone.hints,
      })
    }
  }
}

/** Why the storage nodes do not know a pack, as far as the chain tells. */
async function packFault(
  reader: RepositoryReader,
  state: RepositoryState,
  blobId: Uint8Array,
  epoch: number,
  options: RemoteOptions,
): Promise<FloeError | null> {
  const [number] = await reader.fetchPackNumbers(state, [blobId], options)
  // A locator lies: that nobody knows the blob is no trouble with the network.
  if (number === null || number === undefined)
    return new RemoteIntegrityError('PACK_NOT_DEPOSITED', `blob ${blobIdText(blobId)} is no pack of the repository`, {
      data: { blobId: blobIdText(blobId) },
    })
  const [pack] = await reader.fetchPacks(state, [number], options)
  const data = { blobId: blobIdText(blobId), pack: number }
  if (pack?.state === 'removed') {
    const takedown = (await fetchTakedowns(reader, state, [number], options)).get(number)
    if (!takedown?.ground) return new RemoteIntegrityError('PACK_REMOVED', `pack ${number} was removed`, { data })
    const { reason, commit, timeMs } = takedown.ground
    return new FloeError('other', 'PACK_TAKEN_DOWN', `contents were taken down: ${reason}`, {
      data: { ...data, reason, commit, by: takedown.by, timeMs },
      hints: ['The other files can be had: leave these out with --filter, or use another version'],
    })
  }
  if (!pack || pack.endEpoch > epoch) return null
  return new RemoteIntegrityError(
    'PACK_EXPIRED',
    `pack ${number} expired with epoch ${pack.endEpoch}; it is ${epoch}`,
    {
      data: { ...data, endEpoch: pack.endEpoch, epoch },
      hints: ['What it held is gone from the network: run `floe revive` in a workspace that has it'],
    },
  )
}

/** Newest record first. */
function uniqueSegments(records: readonly PushRecord[]): SegmentRecord[] {
  const seen = new Map<string, SegmentRecord>()
  for (const record of [...records].sort((a, b) => b.number - a.number))
    for (const segment of record.segments) {
      const key = `${segment.pack}:${segment.offset}`
      if (!seen.has(key)) seen.set(key, segment)
    }
  return [...seen.values()]
}
