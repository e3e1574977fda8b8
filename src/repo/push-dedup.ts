/** Leaving out of a push what the remote's packs hold already: a file that moved, content that came back.
 *
 *  Locators and indexes are hints that any writer of the repository can have written, so a hint is not enough to leave
 *  an object out: it is read from a live pack and hashed first. Reading costs a fraction of encoding, sending and paying
 *  for it again. What is new is not in the locators and costs a lookup only. */

import { FloeError } from '../base/errors.ts'
import { mapLimited } from '../base/limit.ts'
import type { MissingObject } from '../history/missing-objects.ts'
import { objectKey } from '../objects/id.ts'
import { createLocator, createObjectReader, type Locator, type LocatorSegment } from '../objects/locator.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import type { LivePacks } from './live-packs.ts'
import type { OnProgress } from './progress.ts'

export interface DedupOptions {
  live: LivePacks
  remote: RemoteObjects
  /** Live segments, opened. What the push keeps of them is what later readers will look things up in. */
  segments: readonly LocatorSegment[]
  onProgress?: OnProgress | undefined
  signal?: AbortSignal | undefined
}

const READ_CONCURRENCY = 24

/** The objects that have to be sent. Commits always are: a ref's record names the pack that holds its commit. */
export async function withoutPresent(
  objects: readonly MissingObject[],
  options: DedupOptions,
): Promise<MissingObject[]> {
  if (options.segments.length === 0) return [...objects]
  if (!options.live.complete) return [...objects]
  const locator = onlyReliable(createLocator(options.segments.map((segment) => async () => segment)), options.live)
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

function onlyReliable(locator: Locator, live: LivePacks): Locator {
  return {
    async *locate(kind, id, options) {
      for await (const place of locator.locate(kind, id, options)) if (live.isReliable(place.blobId)) yield place
    },
  }
}
