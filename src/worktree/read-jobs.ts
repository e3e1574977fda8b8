/** Reading, cutting and hashing files: what a reading thread does, and how it is asked.
 *
 *  A thread has a few slots of memory. A batch of small files goes into one of them; a large file goes through all of them
 *  in turn, in whole chunks: a slot is filled again once what was in it is stored. Bytes never leave the thread: the one that
 *  asked is told ids and lengths, and answers which chunks are new. */

import { wasmEngine } from '../chunking/engine-wasm.ts'
import { type ChunkSizing, chunkParamsFor, MAX_CHUNK_BYTES } from '../chunking/profile.ts'
import { createSha256, sha256Hex } from '../crypto/hash.ts'
import type { ObjectId } from '../objects/id.ts'
import type { FileStat, FileSystem, OpenFile } from '../store/file-system.ts'

/** Files below this are read in batches. */
export const BATCHED_BELOW_BYTES: number = 512 * 1024
/** Room for a batch, or for several of the largest chunks of files below `WIDE_FROM_BYTES`. */
export const SLOT_BYTES: number = 2 * 1024 * 1024
export const MAX_BATCH_FILES = 512
/** Files from here on have chunks of up to 4 MiB, and need wider slots. */
const WIDE_FROM_BYTES = 4 * 1024 * 1024 * 1024
const MAX_READ_BYTES = 1 << 20

/** How much a slot must hold for a file of that size. */
export function slotBytesFor(fileBytes: number, sizing?: ChunkSizing): number {
  return fileBytes < WIDE_FROM_BYTES && sizing !== 'large' ? SLOT_BYTES : 2 * MAX_CHUNK_BYTES
}

export interface BatchJob {
  $kind: 'batch'
  job: number
  /** Where the paths begin. */
  root: string
  /** Paths below it, joined by NUL: one text is much cheaper to hand over than many. */
  paths: string
  /** What the walk saw of each: size, and the rest as `packStat` has it. */
  sizes: Float64Array
  seen: BigInt64Array
  /** What is asked for of each, if anything is. */
  sizings: (ChunkSizing | undefined)[] | undefined
}

export interface LargeJob {
  $kind: 'large'
  job: number
  path: string
  /** What the walk saw. */
  bytes: number
  sizing: ChunkSizing | undefined
}

/** Chunks that lie one after the other. */
export interface Chunks {
  lengths: Uint32Array
  /** Back to back, as one text: cheaper to hand over than many. */
  ids: string
}

/** A batch that was read. */
export interface BatchRead extends Chunks {
  /** How many chunks each file has; `NOT_READ` for a file that is not what the walk saw, or could not be read. */
  counts: Int32Array
  /** Back to back. Those of empty and unread files mean nothing. */
  fileIds: string
}

export interface LargeRead {
  fileId: ObjectId
  /** The stat that belongs to what was read; undefined if the file changed meanwhile or could not be read to its end. */
  stat: FileStat | undefined
}

export const NOT_READ = -1
const STAT_NUMBERS = 3
const NO_ID = '0'.repeat(64)

/** What says that files are still the same, apart from their sizes. */
export function packStats(stats: readonly FileStat[]): BigInt64Array {
  const seen = new BigInt64Array(stats.length * STAT_NUMBERS)
  for (let i = 0, at = 0; i < stats.length; i++, at += STAT_NUMBERS) {
    const { mtimeNs, ctimeNs, inode } = stats[i]!
    seen[at] = mtimeNs
    seen[at + 1] = ctimeNs
    seen[at + 2] = BigInt.asIntN(64, inode)
  }
  return seen
}

function isAsSeen(stat: FileStat, { sizes, seen }: BatchJob, index: number): boolean {
  const at = index * STAT_NUMBERS
  return (
    stat.kind === 'file' &&
    stat.bytes === sizes[index] &&
    stat.mtimeNs === seen[at] &&
    stat.ctimeNs === seen[at + 1] &&
    BigInt.asIntN(64, stat.inode) === seen[at + 2]
  )
}

/** Ids in texts that hold them back to back. */
export function idAt(ids: string, index: number): ObjectId {
  return ids.slice(index * NO_ID.length, (index + 1) * NO_ID.length) as ObjectId
}

/** Where each file of a batch lies in its slot: back to back, in the order of the batch. */
export function* placesOf({ sizes }: BatchJob): Generator<{ index: number; start: number; end: number }> {
  let start = 0
  for (let index = 0; index < sizes.length; index++) {
    const end = start + sizes[index]!
    yield { index, start, end }
    start = end
  }
}

/** Reads small files into one slot. A file that is not what the walk saw leaves its place as it is. */
export function readBatch(fs: FileSystem, batch: BatchJob, slot: Uint8Array): BatchRead {
  const paths = batch.paths.split('\0')
  const counts = new Int32Array(paths.length)
  const fileIds: string[] = []
  const lengths: number[] = []
  const ids: string[] = []
  for (const { index, start, end } of placesOf(batch)) {
    const place = slot.subarray(start, end)
    if (!readWhole(fs, `${batch.root}/${paths[index]}`, place, batch, index)) {
      counts[index] = NOT_READ
      fileIds.push(NO_ID)
      continue
    }
    const fileId = sha256Hex(place)
    fileIds.push(fileId)
    const cuts = cutsOf(place, batch.sizings?.[index])
    counts[index] = cuts.length
    let from = 0
    for (const cut of cuts) {
      lengths.push(cut - from)
      ids.push(cuts.length === 1 ? fileId : sha256Hex(place.subarray(from, cut)))
      from = cut
    }
  }
  return { counts, fileIds: fileIds.join(''), lengths: Uint32Array.from(lengths), ids: ids.join('') }
}

function readWhole(fs: FileSystem, path: string, place: Uint8Array, batch: BatchJob, index: number): boolean {
  let file: OpenFile | undefined
  try {
    file = fs.open(path, 'read')
    // A file that grew has another size by now.
    return file.read(place, 0) === place.length && isAsSeen(file.stat(), batch, index)
  } catch {
    // Who asked looks at it again, alone, and says what is wrong.
    return false
  } finally {
    file?.close()
  }
}

/** Ends of the chunks of a whole file. */
function cutsOf(bytes: Uint8Array, sizing: ChunkSizing | undefined): number[] {
  if (bytes.length === 0) return []
  const params = chunkParamsFor(bytes.length, sizing)
  if (bytes.length <= params.minBytes) return [bytes.length]
  const cuts = wasmEngine().createCutter(params).feed(bytes)
  if (cuts.at(-1) !== bytes.length) cuts.push(bytes.length)
  return cuts
}

/** Takes what a slot holds from its beginning; the slot is filled again once the promise is settled. */
export type HandOver = (slot: Uint8Array, chunks: Chunks) => Promise<void>

const UNREADABLE: LargeRead = { fileId: NO_ID as ObjectId, stat: undefined }

/** Reads a large file through the slots: two at least, each for its largest chunk and a byte more.
 *  @throws what `handOver` throws, once nothing more is handed over */
export async function readLarge(
  fs: FileSystem,
  { path, sizing }: Pick<LargeJob, 'path' | 'sizing'>,
  slots: readonly Uint8Array[],
  handOver: HandOver,
): Promise<LargeRead> {
  let file: OpenFile | undefined
  const handed = slots.map(() => Promise.resolve())
  try {
    const before = quietly(() => {
      file = fs.open(path, 'read')
      return file.stat()
    })
    if (!file || before?.kind !== 'file') return UNREADABLE
    // One that has grown since may have chunks that are larger than a slot.
    if (chunkParamsFor(before.bytes, sizing).maxBytes > slots[0]!.length) return UNREADABLE
    const fileId = await readThrough(file, before.bytes, sizing, slots, handed, handOver)
    const after = fileId && quietly(() => file?.stat())
    if (!after || after.bytes !== before.bytes) return UNREADABLE
    if (after.mtimeNs !== before.mtimeNs || after.ctimeNs !== before.ctimeNs) return UNREADABLE
    return { fileId, stat: before }
  } finally {
    file?.close()
    await Promise.all(handed)
  }
}

/** @returns the file id, or undefined if the file is shorter than it was or cannot be read */
async function readThrough(
  file: OpenFile,
  bytes: number,
  sizing: ChunkSizing | undefined,
  slots: readonly Uint8Array[],
  handed: Promise<void>[],
  handOver: HandOver,
): Promise<ObjectId | undefined> {
  const cutter = wasmEngine().createCutter(chunkParamsFor(bytes, sizing))
  const hash = createSha256()
  let done = 0
  /** The beginning of a chunk, at the end of the slot before: nobody writes there before it is copied. */
  let carried: Uint8Array = new Uint8Array(0)
  for (let turn = 0; done < bytes; turn = (turn + 1) % slots.length) {
    await handed[turn]
    const slot = slots[turn]!
    slot.set(carried)
    let filled = carried.length
    let start = 0
    const lengths: number[] = []
    const ids: string[] = []
    const take = (end: number) => {
      lengths.push(end - start)
      ids.push(sha256Hex(slot.subarray(start, end)))
      start = end
    }
    // Piece by piece, so that what was read is still in the processor's cache when it is hashed and cut.
    while (filled < slot.length && done < bytes) {
      const piece = slot.subarray(filled, filled + Math.min(MAX_READ_BYTES, bytes - done, slot.length - filled))
      if (quietly(() => file.read(piece, done)) !== piece.length) return undefined
      hash.update(piece)
      for (const cut of cutter.feed(piece)) take(filled + cut)
      filled += piece.length
      done += piece.length
    }
    if (done === bytes && start < filled) take(filled)
    carried = slot.subarray(start, filled)
    const stored = handOver(slot, { lengths: Uint32Array.from(lengths), ids: ids.join('') })
    // Looked at when the slot's next turn comes.
    stored.catch(() => {})
    handed[turn] = stored
  }
  return hash.digest('hex') as ObjectId
}

/** Undefined where the file cannot be read: who asked looks at it again, alone, and says what is wrong. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
