/** A remote as a source of objects: refs from the chain, bytes from the storage nodes, everything checked on the way. */

import type { ErasurePool } from '../erasure/api.ts'
import { createErasurePool } from '../erasure/pool.ts'
import type { PushRecord, RefRecord, SegmentRecord } from '../ledger/repository-records.ts'
import { assertRefRecorded, type RepositoryReader, type RepositoryState } from '../ledger/repository-state.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { createRowCache } from '../transfer/blob-range.ts'
import type { NodeReport } from '../transfer/committee.ts'
import { type ObjectCache, openObjectCache } from '../transfer/object-cache.ts'
import { createRemoteObjects, type RemoteObjects } from '../transfer/remote-objects.ts'
import { segmentPlaces } from './push-target.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
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
  const state = await reader.fetchState(options)
  if (state.log.size < seenPushes)
    throw new RemoteIntegrityError(
      'REMOTE_LOG_SHRUNK',
      `the log of ${repository} became shorter: ${state.log.size} records, ${seenPushes} were seen before`,
      {
        data: { repository, records: state.log.size, seen: seenPushes },
        hints: [
          'The end point may lag behind or lie: compare with another one',
          'A local network that was reset is another network: add it under a new name',
        ],
      },
    )
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
      return createRemoteObjects(await context.committee(), coder, places, {
        signal: options.signal,
        aggregator: options.aggregator,
        fetch: options.fetch,
        rowCache,
        explainMissing: async (blobId) => packFault(reader, state, blobId, (await context.walrus()).epoch, options),
        onBytes: (doneBytes) => options.onProgress?.({ $kind: 'downloading', doneBytes, totalBytes: 0 }),
      })
    },
    badNodes: async () => (await context.committee()).reports(),
    async [Symbol.asyncDispose]() {
      await coder.close()
      await cache?.[Symbol.asyncDispose]()
    },
  }
}

/** Why the storage nodes do not know a pack, as far as the chain tells. */
async function packFault(
  reader: RepositoryReader,
  state: RepositoryState,
  blobId: Uint8Array,
  epoch: number,
  options: RemoteOptions,
): Promise<RemoteIntegrityError | null> {
  const [number] = await reader.fetchPackNumbers(state, [blobId], options)
  if (number === null || number === undefined) return null
  const [pack] = await reader.fetchPacks(state, [number], options)
  const data = { blobId: blobIdText(blobId), pack: number }
  if (pack?.state === 'removed') return new RemoteIntegrityError('PACK_REMOVED', `pack ${number} was removed`, { data })
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
