/** When what each ref needs expires. Read from the chain alone: push records, pack records, Walrus epochs.
 *
 *  A ref needs the packs of its own pushes, the one with its commit, and those that hold its locator. A push leaves out
 *  what packs of earlier pushes have, and the chain does not say which; so the earliest end of all published packs that
 *  were there by then is given beside it: no ref loses anything before that. */

import { FloeError } from '../base/errors.ts'
import type { PackRecord, PushRecord } from '../ledger/repository-records.ts'
import type { RepositoryReader, RepositoryState } from '../ledger/repository-state.ts'
import { epochStartEstimateMs, type WalrusState } from '../ledger/system-state.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { localRefName } from './remote.ts'
import { openRemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { placeOf } from './repository-place.ts'

export interface PackExpiry {
  number: number
  /** base64url */
  blobId: string
  kind: 'data' | 'meta'
  bytes: number
  state: 'live' | 'removal-proposed'
  /** First epoch without it. */
  endEpoch: number
  /** It had expired when the ref moved last. What the ref needed of it came again with that push: older versions alone may miss
   *  it. */
  wasOver: boolean
  epochsLeft: number
  /** When that epoch begins, as far as can be told: `2026-12-24`. */
  endDate: string
}

export interface RefExpiry {
  /** `heads/main` */
  ref: string
  commit: string
  /** First epoch in which a pack of its own pushes is gone that it may need; `null` if it has none that is stored. */
  endEpoch: number | null
  endDate: string | null
  /** The same over every published pack that its pushes may have built on. */
  reusedEndEpoch: number | null
  reusedEndDate: string | null
  /** Packs of its pushes that were removed: mostly what they held is in others by now, or nobody needed it. What was taken
   *  down can be read no more. */
  removed: number[]
  /** Some of what its pushes may have built on has expired and was not retired. */
  hasExpired: boolean
  /** Earliest end first. */
  packs: PackExpiry[]
}

export interface Expiry {
  network: string
  repository: string
  epoch: number
  epochDays: number
  /** Earliest end first. */
  refs: RefExpiry[]
}

const MAX_PUSHES = 100_000
const MAX_PACKS = 100_000
/** Push records asked for at once. */
const BATCH = 1_000

/** @throws {FloeError} EXPIRY_TOO_LARGE for a repository beyond the bounds */
export async function expiry(dir: string, options: RemoteOptions & { remote?: string | undefined }): Promise<Expiry> {
  const place = await placeOf(dir, options.remote)
  const context = await openRemoteContext(place.network, options)
  const reader = context.repository(place.repository)
  const [walrus, state] = await Promise.all([context.walrus(), reader.fetchState(options)])
  const refs = await reader.fetchRefs(state, options)
  const pushes = await readPushes(reader, state, options)
  const packs = await readAllPacks(reader, state, options)
  const described = refs.map((ref) => refExpiry(ref, pushes, packs, walrus))
  return {
    ...place,
    epoch: walrus.epoch,
    epochDays: walrus.epochDurationMs / 86_400_000,
    refs: described.sort((a, b) => (a.endEpoch ?? 0) - (b.endEpoch ?? 0) || (a.ref < b.ref ? -1 : 1)),
  }
}

/** Every pack record of a repository, by number.
 *  @throws {FloeError} EXPIRY_TOO_LARGE */
export function readAllPacks(
  reader: RepositoryReader,
  state: RepositoryState,
  options: { signal?: AbortSignal | undefined },
): Promise<PackRecord[]> {
  assertSize(state.packs.size, MAX_PACKS, 'packs')
  return reader.fetchPacks(
    state,
    Array.from({ length: state.packs.size }, (_, number) => number),
    options,
  )
}

async function readPushes(
  reader: RepositoryReader,
  state: RepositoryState,
  options: { signal?: AbortSignal | undefined },
): Promise<PushRecord[]> {
  assertSize(state.log.size, MAX_PUSHES, 'pushes')
  const pushes: PushRecord[] = []
  for (let first = 0; first < state.log.size; first += BATCH)
    pushes.push(...(await reader.fetchPushes(state, first, Math.min(first + BATCH, state.log.size), options)))
  return pushes
}

function assertSize(count: number, limit: number, what: string): void {
  if (count > limit)
    throw new FloeError('other', 'EXPIRY_TOO_LARGE', `the repository has ${count} ${what}, more than can be listed`, {
      data: { count, limit, what },
    })
}

function refExpiry(
  ref: { name: string; commit: string | null; commitPack: number; push: number },
  pushes: readonly PushRecord[],
  packs: readonly PackRecord[],
  walrus: WalrusState,
): RefExpiry {
  const needed = new Set<number>([ref.commitPack])
  const before = new Set<number>()
  for (const push of pushes.slice(0, ref.push + 1)) {
    const numbers = push.packs.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i))
    for (const number of numbers) before.add(number)
    if (push.ref === ref.name) for (const number of numbers) needed.add(number)
  }
  for (const segment of pushes[ref.push]?.segments ?? []) needed.add(segment.pack)
  const of = (numbers: ReadonlySet<number>) => packs.filter((pack) => numbers.has(pack.number))
  const stored = (list: readonly PackRecord[]) => list.filter((pack) => pack.state !== 'removed')
  const own = of(needed)
  const movedEpoch = pushes[ref.push]?.walrusEpoch ?? 0
  const described = stored(own)
    .map((pack) => packExpiry(pack, walrus, movedEpoch))
    .sort((a, b) => a.endEpoch - b.endEpoch || a.number - b.number)
  // What is to be removed has been packed anew before that was proposed.
  const live = (list: readonly PackRecord[]) =>
    list.filter((pack) => pack.state === 'live' && pack.endEpoch > movedEpoch)
  const endEpoch = earliest(live(own)) ?? earliest(stored(own))
  const reused = of(new Set([...before, ...needed]))
  const reusedEndEpoch = earliest(live(reused)) ?? endEpoch
  return {
    ref: localRefName(ref.name),
    commit: ref.commit!,
    endEpoch,
    endDate: endEpoch === null ? null : epochDate(walrus, endEpoch),
    reusedEndEpoch,
    reusedEndDate: reusedEndEpoch === null ? null : epochDate(walrus, reusedEndEpoch),
    removed: own.filter((pack) => pack.state === 'removed').map((pack) => pack.number),
    hasExpired: reused.some((pack) => pack.state === 'live' && pack.endEpoch <= walrus.epoch),
    packs: described,
  }
}

function packExpiry(pack: PackRecord, walrus: WalrusState, movedEpoch: number): PackExpiry {
  return {
    number: pack.number,
    blobId: blobIdText(pack.blobId),
    kind: pack.kind,
    bytes: pack.bytes,
    state: pack.state as 'live' | 'removal-proposed',
    endEpoch: pack.endEpoch,
    wasOver: pack.endEpoch <= movedEpoch,
    epochsLeft: Math.max(0, pack.endEpoch - walrus.epoch),
    endDate: epochDate(walrus, pack.endEpoch),
  }
}

function earliest(packs: readonly PackRecord[]): number | null {
  return packs.reduce<number | null>((end, pack) => (end === null || pack.endEpoch < end ? pack.endEpoch : end), null)
}

/** Day on which an epoch begins, as far as can be told. */
export function epochDate(walrus: WalrusState, epoch: number): string {
  const latest = 8.64e15
  return new Date(Math.min(epochStartEstimateMs(walrus, epoch, Date.now()), latest)).toISOString().slice(0, 10)
}
