/** Data packs written by a thread beside the one that holds the session: it is told which chunks to store, and hands over
 *  packs that are complete, synced and without a name yet. The session gives them their names, so that nothing of a lane is
 *  ever in use before all of it is on the device. */

import { basename, dirname } from 'node:path'
import type { ObjectId } from '../objects/id.ts'
import { discard } from './atomic-file.ts'
import type { FileSystem } from './file-system.ts'
import { createPackFile, FRAMES_ASIDE, type PackBuilder, type SealedPack } from './pack-file.ts'

/** Plain data, so that it can be sent to a thread. */
export interface PackLanePlace {
  /** What the paths of all unfinished packs begin with. */
  path: string
  packBytes: number
}

export interface PackLane {
  /** True has frames compressed by other threads from here on (default false). For where processors have nothing to do: else
   *  one that compresses what it has just read wastes no time on waiting and waking. */
  aside: boolean
  /** A promise where something has to be written or waited for; the next call must wait for it, and so must whoever changes
   *  `bytes`. Of a chunk above 1 MiB the lane keeps the bytes.
   *  @throws {FileSystemError} also for what was added before */
  add(id: ObjectId | Uint8Array, bytes: Uint8Array): Promise<void> | undefined
  /** Seals what is left, and waits until all is handed over. */
  finish(): Promise<void>
}

/** @param label - of this lane; unique among those of a session
 *  @param onSealed - takes packs as they are sealed */
export function createPackLane(
  fs: FileSystem,
  { path, packBytes }: PackLanePlace,
  label: string,
  onSealed: (pack: SealedPack) => void,
): PackLane {
  let builder: PackBuilder | undefined
  let packCount = 0
  /** The pack before, while the next is begun. */
  let sealing: Promise<void> = Promise.resolve()
  const begin = () => {
    packCount++
    return createPackFile(fs, dirname(path), 'data', packBytes, {
      path: `${path}-${label}-${packCount}`,
      framesAside: () => (lane.aside ? FRAMES_ASIDE : 0),
    })
  }
  /** @returns when the pack before it is handed over */
  const seal = (full: PackBuilder): Promise<void> => {
    const before = sealing
    sealing = inOrder(before, full.seal(), onSealed)
    // Whoever seals the next, or finishes, is told.
    sealing.catch(() => {})
    return before
  }
  const addNext = async (full: PackBuilder, id: ObjectId | Uint8Array, bytes: Uint8Array): Promise<void> => {
    await seal(full)
    builder = begin()
    await builder.add('chunk', id, bytes)
  }
  const lane: PackLane = {
    aside: false,
    add(id, bytes) {
      builder ??= begin()
      const into = builder
      const room = into.hasRoom(bytes.length)
      if (room === true) {
        const added = into.add('chunk', id, bytes)
        return typeof added === 'boolean' ? undefined : added.then(() => {})
      }
      if (room === false) return addNext(into, id, bytes)
      return room.then(async (exact) => {
        if (exact) await into.add('chunk', id, bytes)
        else await addNext(into, id, bytes)
      })
    },
    async finish() {
      if (builder) void seal(builder)
      builder = undefined
      await sealing
    },
  }
  return lane
}

/** Hands a pack over after the one before it. Both are on their way to the device together, and neither is left alone where
 *  the other fails: what they write is deleted then. */
async function inOrder(before: Promise<void>, own: Promise<SealedPack>, onSealed: (pack: SealedPack) => void) {
  const [first, second] = await Promise.allSettled([before, own])
  if (first.status === 'rejected') throw first.reason
  if (second.status === 'rejected') throw second.reason
  onSealed(second.value)
}

/** Deletes what lanes have left unfinished; no thread may write there any more. */
export function discardLanes(fs: FileSystem, { path }: PackLanePlace): void {
  const [dir, prefix] = [dirname(path), `${basename(path)}-`]
  for (const { name } of fs.readDirectory(dir)) {
    const text = Buffer.from(name).toString('latin1')
    if (text.startsWith(prefix)) discard(fs, `${dir}/${text}`)
  }
}
