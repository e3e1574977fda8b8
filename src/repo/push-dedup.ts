/** Leaving out of a push what the remote's packs hold already: a file that moved, content that came back.
 *
 *  Locators and indexes are hints that any writer of the repository can have written, so a hint is not enough to leave
 *  an object out: it is read from a live pack and hashed first. Reading costs a fraction of encoding, sending and paying
 *  for it again. What is new is not in the locators and costs a lookup only. */

import { FloeError } from '../base/errors.ts'
import { mapLimited } from '../base/limit.ts'
import type { MissingObject } from '../history/missing-objects.ts'
import { blobKey, type RepositoryReader } from '../ledger/repository-state.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { objectKey } from '../objects/id.ts'
import { createLocator, createObjectReader, type Locator, type LocatorSegment } from '../objects/locator.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import type { OnProgress } from './progress.ts'
import type { RemotePosition } from './push-target.ts'

export interface DedupOptions {
  reader: RepositoryReader
  position: RemotePosition
  walrus: WalrusState
  remote: RemoteObjects
  /** Live segments, opened. What the push keeps of them is what later readers will look things up in. */
  segments: readonly LocatorSegment[]
  onProgress?: OnProgress | undefined
  signal?: AbortSignal | undefined
}

const READ_CONCURRENCY = 24
/** Packs looked up on chain; a repository with more is pushed to without this saving. */
const MAX_PACKS = 20_000
/** A pack that ends before this many epochs is not relied on. */
const MIN_EPOCHS_LEFT = 1

/** The objects that have to be sent. Commits always are: a ref's record names the pack that holds its commit. */
export async function withoutPresent(
  objects: readonly MissingObject[],
  options: DedupOptions,
): Promise<MissingObject[]> {
  if (options.segments.length === 0) return [...objects]
  const live = await livePacks(options)
  if (live.size === 0) return [...objects]
  const locator = onlyLive(createLocator(options.segments.map((segment) => async () => segment)), live)
  const read = createObjectReader({ locator, openPack: (blobId) => options.remote.openPack(blobId) })
  const present = new Set<string>()
  let done = 0
  await mapLimited(
    objects.filter(({ kind }) => kind !== 'commit'),
    READ_CONCURRENCY,
    async ({ kind, id }) => {
      try {
        await read(kind, id, { signal: options.signal })
        present.add(objectKey(kind, id))
        options.onProgress?.({ $kind: 'verifying', doneObjects: ++done, totalObjects: 0 })
      } catch (error) {
        // Not there, not readable now, or not what its place says: it is sent.
        if (!(error instanceof FloeError) || error.kind === 'cancelled' || error.kind === 'internal') throw error
      }
    },
    options.signal ? { signal: options.signal } : {},
  )
  return objects.filter(({ kind, id }) => !present.has(objectKey(kind, id)))
}

/** Blobs of the segments that are packs of the repository, not removed, nor about to be or to expire. */
async function livePacks({ reader, position, walrus, segments, signal }: DedupOptions): Promise<Set<string>> {
  const blobIds = new Map<string, Uint8Array>()
  for (const segment of segments) for (const blobId of segment.packs) blobIds.set(blobKey(blobId), blobId)
  if (blobIds.size > MAX_PACKS) return new Set()
  const numbers = await reader.fetchPackNumbers(position.state, [...blobIds.values()], { signal })
  const known = numbers.filter((number) => number !== null)
  const packs = await reader.fetchPacks(position.state, known, { signal })
  const usable = packs.filter((pack) => pack.state === 'live' && pack.endEpoch > walrus.epoch + MIN_EPOCHS_LEFT)
  return new Set(usable.map((pack) => blobKey(pack.blobId)))
}

function onlyLive(locator: Locator, live: ReadonlySet<string>): Locator {
  return {
    async *locate(kind, id, options) {
      for await (const place of locator.locate(kind, id, options)) if (live.has(blobKey(place.blobId))) yield place
    },
  }
}
