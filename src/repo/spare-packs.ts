/** Which packs can go without a loss, by what is found in the packs themselves: locators and indexes are hints, and what is
 *  deleted because of one does not come back. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import { blobKey } from '../ledger/repository-state.ts'
import { createFrameCache } from '../objects/frame-cache.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import { openPack, type PackReader } from '../objects/pack-reader.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import type { PackUse } from './pack-use.ts'

/** Pack indexes kept in memory. */
const MAX_INDEXES = 64
const FRAME_CACHE_BYTES = 32 * 1024 * 1024

/** Opens packs, and keeps some of them open. */
export type ReaderOf = (blobId: Uint8Array) => Promise<PackReader>

export function packReaders(
  { openPack: open }: Pick<RemoteObjects, 'openPack'>,
  signal: AbortSignal | undefined,
): ReaderOf {
  const frames = createFrameCache(FRAME_CACHE_BYTES)
  const readers = new Map<string, Promise<PackReader>>()
  return (blobId) => {
    const key = blobKey(blobId)
    const make = async () => openPack(await open(blobId), { signal, cache: { frames, name: key } })
    const reader = readers.get(key) ?? make()
    readers.delete(key)
    readers.set(key, reader)
    if (readers.size > MAX_INDEXES) readers.delete(readers.keys().next().value!)
    return reader
  }
}

/** @param own - address whose packs are what their indexes say */
export function spareTest(
  use: PackUse,
  packs: readonly PackRecord[],
  own: string | null,
  readerOf: ReaderOf,
  signal: AbortSignal | undefined,
): (pack: PackRecord) => Promise<boolean> {
  const byBlob = new Map<string, PackRecord>()
  for (const pack of packs)
    if (pack.state !== 'removed' && (!byBlob.has(blobKey(pack.blobId)) || use.needed.has(pack.number)))
      byBlob.set(blobKey(pack.blobId), pack)
  return (pack) => isSpare(use, pack, (blobId) => byBlob.get(blobKey(blobId)), readerOf, { own, signal })
}

/** Whether a pack can go without a loss: each of its objects is needed by nobody, or a needed pack has it, whose own
 *  index says so; if somebody else pushed that, the object is read from it. Where not all that refs need could be looked at,
 *  nothing is known to be needed by nobody.
 *  @param packOf - the stored pack with this blob id
 *  @param own - address whose packs are what their indexes say */
async function isSpare(
  use: PackUse,
  pack: PackRecord,
  packOf: (blobId: Uint8Array) => PackRecord | undefined,
  readerOf: ReaderOf,
  options: { own: string | null; signal?: AbortSignal | undefined },
): Promise<boolean> {
  const { index } = await readerOf(pack.blobId)
  for (let i = 0; i < index.objectCount; i++) {
    throwIfAborted(options.signal)
    const [kind, id] = [index.kindAt(i), index.idAt(i)]
    const isReached = use.reached.has(kind, id)
    if (!isReached && use.unread === 0) continue
    if (isReached && !use.reached.isMarked(kind, id)) return false
    let isElsewhere = false
    for await (const place of use.remote.locator.locate(kind, id, options)) {
      const other = packOf(place.blobId)
      if (!other || other.number === pack.number || !use.needed.has(other.number)) continue
      const reader = await readerOf(place.blobId)
      isElsewhere = reader.has(kind, id) && (other.pusher === options.own || (await isTrue(reader, kind, id, options)))
      if (isElsewhere) break
    }
    if (!isElsewhere) return false
  }
  return true
}

/** Whether a pack has what its index says. */
export async function isTrue(
  pack: PackReader,
  kind: ObjectKind,
  id: ObjectId,
  options: { signal?: AbortSignal | undefined },
): Promise<boolean> {
  try {
    await pack.readObject(kind, id, options)
    return true
  } catch (error) {
    if (!(error instanceof FloeError) || error.kind !== 'integrity') throw error
    return false
  }
}
