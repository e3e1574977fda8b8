/** What a push relies on without sending it: packs of earlier pushes. A ref must not outlive them, so the push extends
 *  them to its own end, and promises that they stay (DESIGN §7). Which packs these are, the live locator segments say;
 *  where one of them is broken, every published pack counts. */

import type { PackRecord } from '../ledger/repository-records.ts'
import { blobKey, type RepositoryReader } from '../ledger/repository-state.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { readAllPacks } from './expiry.ts'
import { unfinishedPushes } from './live-packs.ts'
import { type Extension, planExtensions } from './pack-extension.ts'
import type { Fold } from './push-fold.ts'
import type { KnownObjects } from './push-known.ts'
import type { RemotePosition } from './push-target.ts'
import type { RemoteContext } from './remote-context.ts'

export interface Reuse {
  /** Packs of earlier pushes that the ref needs, as the chain has them. */
  packs: PackRecord[]
  /** Those that end before the push does; empty if the push is not to extend them. */
  extensions: Extension[]
  /** Numbers of the packs that are promised for a shorter time than the push promises. */
  promises: number[]
  /** Numbers of the packs that have expired: what only they held, and the push does not bring again, is gone. */
  expired: number[]
}

export const NO_REUSE: Reuse = { packs: [], extensions: [], promises: [], expired: [] }

export interface PlanReuse {
  context: RemoteContext
  reader: RepositoryReader
  position: RemotePosition
  known: KnownObjects
  fold: Fold | null
  walrus: WalrusState
  /** First epoch without the packs of the push. */
  endEpoch: number
  retainUntilMs: number
  /** False: reused packs end when they end. */
  extend: boolean
  signal?: AbortSignal | undefined
}

export async function planReuse(plan: PlanReuse): Promise<Reuse> {
  const { context, walrus, endEpoch, extend, signal } = plan
  const packs = await reusedPacks(plan)
  const stored = packs.filter((pack) => pack.endEpoch > walrus.epoch)
  return {
    packs,
    extensions: extend ? await planExtensions(context, stored, walrus, endEpoch, { signal }) : [],
    promises: stored.filter((pack) => pack.retainUntilMs < leastPromise(plan)).map((pack) => pack.number),
    expired: packs.filter((pack) => pack.endEpoch <= walrus.epoch).map((pack) => pack.number),
  }
}

/** Packs of this very content that the repository turned out to hold, whoever brought them: used like those that the push
 *  relied on from the start.
 *  @param found - neither removed nor expired, and of no push under way but this */
export async function withFound(
  reuse: Reuse,
  found: readonly PackRecord[],
  plan: Omit<PlanReuse, 'reader' | 'position' | 'known' | 'fold'>,
): Promise<Reuse> {
  const known = new Set(reuse.packs.map((pack) => pack.number))
  const more = found.filter((pack) => !known.has(pack.number))
  if (more.length === 0) return reuse
  const { context, walrus, endEpoch, extend, signal } = plan
  const extensions = extend ? await planExtensions(context, more, walrus, endEpoch, { signal }) : []
  // What is called back is promised with that.
  const promised = more.filter((pack) => pack.state === 'live' && pack.retainUntilMs < leastPromise(plan))
  return {
    ...reuse,
    packs: [...reuse.packs, ...more],
    extensions: [...reuse.extensions, ...extensions],
    promises: [...reuse.promises, ...promised.map((pack) => pack.number)].sort((a, b) => a - b),
  }
}

/** The packs as they end when the push has extended them. Without those that have expired: what the version needs of these,
 *  the push has brought again. */
export function afterExtension({ packs, extensions, expired }: Reuse): Pick<PackRecord, 'endEpoch' | 'state'>[] {
  const extra = new Map(extensions.map(({ number, extraEpochs }) => [number, extraEpochs]))
  const gone = new Set(expired)
  const stored = packs.filter(({ number }) => !gone.has(number))
  return stored.map(({ number, endEpoch, state }) => ({ endEpoch: endEpoch + (extra.get(number) ?? 0), state }))
}

/** Promises move with the clock: those that are shorter by less than half an epoch are not worth a write each. */
function leastPromise({ retainUntilMs, walrus }: Pick<PlanReuse, 'retainUntilMs' | 'walrus'>): number {
  return retainUntilMs - walrus.epochDurationMs / 2
}

/** Live packs of finished pushes, by number. */
async function reusedPacks({ reader, position, known, fold, signal }: PlanReuse): Promise<PackRecord[]> {
  const { state } = position
  const sound = known.live.complete && known.opened.every(({ segment }) => segment !== null)
  const named = sound ? await namedPacks() : await readAllPacks(reader, state, { signal })
  const live = named.filter((pack) => pack.state === 'live' && !fold?.blobKeys.has(blobKey(pack.blobId)))
  const unfinished = await unfinishedPushes(reader, state, live, { signal })
  return live.filter((pack) => !unfinished.has(pack.pushId)).sort((a, b) => a.number - b.number)

  /** What the segments name, and where they stand themselves. */
  async function namedPacks(): Promise<PackRecord[]> {
    const have = new Set(known.live.packs.map((pack) => pack.number))
    const places = new Set(known.opened.map(({ record }) => record.pack))
    const more = [...places].filter((number) => !have.has(number))
    return [...known.live.packs, ...(await reader.fetchPacks(state, more, { signal }))]
  }
}

/** Consecutive numbers as ranges of at most `max`.
 *  @param numbers - rising */
export function numberRanges(numbers: readonly number[], max: number): { first: number; count: number }[] {
  const ranges: { first: number; count: number }[] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last && last.first + last.count === number && last.count < max) last.count++
    else ranges.push({ first: number, count: 1 })
  }
  return ranges
}
