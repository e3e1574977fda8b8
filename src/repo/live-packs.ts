/** Which packs of a repository a push may rely on, and which it may name in its locator.
 *
 *  Relied on is only what nobody can take away before the push is visible: live, of a finished push (packs of a push
 *  under way can be taken back by its owner at once), with epochs left. Named is whatever is still stored: a pack whose
 *  removal is proposed can be read until it is carried out. */

import type { PackRecord } from '../ledger/repository-records.ts'
import { blobKey, type RepositoryReader, type RepositoryState } from '../ledger/repository-state.ts'

export interface LivePacks {
  /** True if a push may leave out what it has read from this blob. */
  isReliable(blobId: Uint8Array): boolean
  /** True if the blob is a pack of the repository that has neither been removed nor expired. */
  isStored(blobId: Uint8Array): boolean
  /** True if a promise of epochs stands behind every answer; false if there were too many packs to ask about. */
  readonly complete: boolean
  /** Records of the packs asked about, whatever their state. */
  readonly packs: readonly PackRecord[]
}

/** Packs looked up on chain; a repository with more is pushed to without the savings. */
const MAX_PACKS = 20_000
/** A pack that ends before this many epochs is not relied on. */
const MIN_EPOCHS_LEFT = 1

/** @param epoch - current Walrus epoch
 *  @param ownPush - the `Push` that goes on with this push: its packs are there already */
export async function readLivePacks(
  reader: RepositoryReader,
  state: RepositoryState,
  blobIds: readonly Uint8Array[],
  options: { epoch: number; ownPush?: string | null | undefined; signal?: AbortSignal | undefined },
): Promise<LivePacks> {
  const unique = [...new Map(blobIds.map((blobId) => [blobKey(blobId), blobId])).values()]
  if (unique.length > MAX_PACKS) return { isReliable: () => false, isStored: () => true, complete: false, packs: [] }
  const numbers = await reader.fetchPackNumbers(state, unique, options)
  const packs = await reader.fetchPacks(
    state,
    numbers.filter((number) => number !== null),
    options,
  )
  const { stored, reliable } = await sortPacks(reader, state, packs, options)
  return {
    isReliable: (blobId) => reliable.has(blobKey(blobId)),
    isStored: (blobId) => stored.has(blobKey(blobId)),
    complete: true,
    packs,
  }
}

/** Blob keys of the packs that are stored, and of those that can be relied on. */
async function sortPacks(
  reader: RepositoryReader,
  state: RepositoryState,
  packs: readonly PackRecord[],
  options: { epoch: number; ownPush?: string | null | undefined; signal?: AbortSignal | undefined },
): Promise<{ stored: Set<string>; reliable: Set<string> }> {
  const unfinished = await unfinishedPushes(reader, state, packs, options)
  const stored = packs.filter((pack) => pack.state !== 'removed' && pack.endEpoch > options.epoch)
  const reliable = stored.filter(
    (pack) =>
      pack.state === 'live' &&
      pack.endEpoch > options.epoch + MIN_EPOCHS_LEFT &&
      (pack.pushId === options.ownPush || !unfinished.has(pack.pushId)),
  )
  const keys = (of: readonly PackRecord[]) => new Set(of.map((pack) => blobKey(pack.blobId)))
  return { stored: keys(stored), reliable: keys(reliable) }
}

/** Those of the packs' pushes that have not ended. */
export function unfinishedPushes(
  reader: RepositoryReader,
  state: RepositoryState,
  packs: readonly PackRecord[],
  options: { signal?: AbortSignal | undefined },
): Promise<Set<string>> {
  return reader.fetchUnfinishedPushes(state, [...new Set(packs.map((pack) => pack.pushId))], options)
}
