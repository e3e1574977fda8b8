/** Reading, cutting and hashing files: what a reading thread does, and how it is asked.
 *
 *  A thread has a few slots of memory. A batch of small files goes into one of them; a large file goes through all of them
 *  in turn, in whole chunks: a slot is filled again once what was in it is stored. Bytes never leave the thread: the one that
 *  asked is told ids and lengths, and answers which chunks are new. */

import { wasmEngine } from '../chunking/engine-wasm.ts'
import { type ChunkSizing, chunkParamsFor, MAX_CHUNK_BYTES } from '../chunking/profile.ts'
import { createSha256, putSha256 } from '../crypto/hash.ts'
import { EMPTY_FILE_ID, ID_BYTES, type ObjectId, objectIdFromBytes } from '../objects/id.ts'
import type { FileStart, FileStat, FileSystem, OpenFile } from '../store/file-system.ts'
import { isSettledStat } from '../store/stat-records.ts'
import { type DiskClock, putRow, ROW_BYTES, ROW_ID } from './file-rows.ts'

/** Files below this are read in batches. */
export const BATCHED_BELOW_BYTES: number = 512 * 1024
/** Room for a batch, or for several of the largest chunks of files below `WIDE_FROM_BYTES`. */
export const SLOT_BYTES: number = 2 * 1024 * 1024
export const MAX_BATCH_FILES = 512
/** Files from here on have chunks of up to 4 MiB, and need wider slots. */
const WIDE_FROM_BYTES = 4 * 1024 * 1024 * 1024
const MAX_READ_BYTES = 1 << 20
/** Of most large files. */
const CHUNKS_PER_SLOT = 64

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
  /** What the walk saw of each, if it looked. A file that nobody has looked at must have rested since this clock. */
  seen: SeenStats | undefined
  clock: DiskClock | undefined
  /** What is asked for of each, if anything is. */
  sizings: (ChunkSizing | undefined)[] | undefined
}

/** Sizes, and the rest as `packStats` has it. */
export interface SeenStats {
  sizes: Float64Array
  times: BigInt64Array
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
  /** Of 32 bytes each, back to back. */
  ids: Uint8Array
}

/** A batch that was read. */
export interface BatchRead extends Chunks {
  /** How many chunks each file has, or one of the two below. */
  counts: Int32Array
  /** What `file-rows.ts` says of each; those of unread files mean nothing. */
  rows: Uint8Array
}

/** The file is not what the walk saw, or changes, or is large, or cannot be read: to be looked at alone. */
export const NOT_READ = -1
/** There was no room left for the file. */
export const NOT_TRIED = -2

export interface LargeRead {
  fileId: ObjectId
  /** The stat that belongs to what was read; undefined if the file changed meanwhile or could not be read to its end. */
  stat: FileStat | undefined
}

const STAT_NUMBERS = 3

/** What says that files are still the same. */
export function packStats(stats: readonly FileStat[]): SeenStats {
  const times = new BigInt64Array(stats.length * STAT_NUMBERS)
  for (let i = 0, at = 0; i < stats.length; i++, at += STAT_NUMBERS) {
    const { mtimeNs, ctimeNs, inode } = stats[i]!
    times[at] = mtimeNs
    times[at + 1] = ctimeNs
    times[at + 2] = BigInt.asIntN(64, inode)
  }
  return { sizes: Float64Array.from(stats, ({ bytes }) => bytes), times }
}

function isAsSeen(stat: FileStart['stat'], { sizes, times }: SeenStats, index: number): boolean {
  const at = index * STAT_NUMBERS
  return (
    Number(stat.size) === sizes[index] &&
    stat.mtimeNs === times[at] &&
    stat.ctimeNs === times[at + 1] &&
    BigInt.asIntN(64, stat.ino) === times[at + 2]
  )
}

/** True if nothing can have changed the file since that clock was read, and so while the file was. */
function hasRested(stat: FileStart['stat'], clock: DiskClock | undefined): boolean {
  return clock !== undefined && stat.dev === clock.device && isSettledStat(stat, clock.ns)
}

/** One of several ids. */
export function idBytesAt(ids: Uint8Array, index: number): Uint8Array {
  return ids.subarray(index * ID_BYTES, (index + 1) * ID_BYTES)
}

export function idAt(ids: Uint8Array, index: number): ObjectId {
  return objectIdFromBytes(idBytesAt(ids, index))
}

/** Chunks as they are found. */
class ChunkList {
  #lengths: Uint32Array
  #ids: Uint8Array
  #count = 0

  /** @param expected - how many there will be, unless more */
  constructor(expected: number) {
    this.#lengths = new Uint32Array(expected)
    this.#ids = new Uint8Array(expected * ID_BYTES)
  }

  /** Where the next id stands in `ids`. */
  get at(): number {
    return this.#count * ID_BYTES
  }

  get ids(): Uint8Array {
    return this.#ids
  }

  /** A chunk and its id, which is its hash. */
  add(bytes: Uint8Array): void {
    if (this.#count === this.#lengths.length) {
      const [lengths, ids] = [this.#lengths, this.#ids]
      this.#lengths = new Uint32Array(2 * this.#count + 1)
      this.#ids = new Uint8Array(this.#lengths.length * ID_BYTES)
      this.#lengths.set(lengths)
      this.#ids.set(ids)
    }
    this.#lengths[this.#count] = bytes.length
    putSha256(bytes, this.#ids, this.at)
    this.#count++
  }

  get chunks(): Chunks {
    return { lengths: this.#lengths.slice(0, this.#count), ids: this.#ids.slice(0, this.at) }
  }
}

/** Reads small files into one slot, those that can be read back to back. */
export function readBatch(fs: FileSystem, batch: BatchJob, slot: Uint8Array): BatchRead {
  const { seen, clock, root } = batch
  const paths = batch.paths.split('\0')
  const counts = new Int32Array(paths.length)
  const rows = new Uint8Array(paths.length * ROW_BYTES)
  const view = new DataView(rows.buffer)
  const found = new ChunkList(paths.length)
  let at = 0
  for (let index = 0; index < paths.length; index++) {
    const limit = seen ? seen.sizes[index]! : Math.min(slot.length - at, BATCHED_BELOW_BYTES - 1)
    const start = readStart(fs, `${root}/${paths[index]}`, slot, at, limit)
    const bytes = start && Number(start.stat.size)
    if (!seen && bytes !== undefined && bytes > limit && bytes < BATCHED_BELOW_BYTES) {
      counts.fill(NOT_TRIED, index)
      break
    }
    const isWhole = start && start.count === bytes
    if (!isWhole || !(seen ? isAsSeen(start.stat, seen, index) : hasRested(start.stat, clock))) {
      counts[index] = NOT_READ
      continue
    }
    const place = slot.subarray(at, at + bytes!)
    putRow(view, index, start.stat, clock?.ns ?? 0n)
    const idAt = index * ROW_BYTES + ROW_ID
    const cuts = cutsOf(place, batch.sizings?.[index])
    counts[index] = cuts.length
    if (cuts.length === 1) {
      // Hashed once, where it is the only chunk.
      const chunkAt = found.at
      found.add(place)
      for (let i = 0; i < ID_BYTES; i++) rows[idAt + i] = found.ids[chunkAt + i]!
    } else {
      putSha256(place, rows, idAt)
      for (let i = 0, from = 0; i < cuts.length; from = cuts[i]!, i++) found.add(place.subarray(from, cuts[i]))
    }
    at += place.length
  }
  return { counts, rows, ...found.chunks }
}

function readStart(fs: FileSystem, path: string, buffer: Uint8Array, at: number, limit: number): FileStart | undefined {
  if (fs.readStart) return fs.readStart(path, buffer, at, limit)
  let file: OpenFile | undefined
  try {
    file = fs.open(path, 'read')
    const count = file.read(buffer.subarray(at, at + limit), 0)
    const { kind, bytes, mtimeNs, ctimeNs, inode, device, executable } = file.stat()
    if (kind !== 'file') return undefined
    const mode = executable ? 0o100n : 0n
    return { count, stat: { size: BigInt(bytes), mtimeNs, ctimeNs, ino: inode, dev: device ?? -1n, mode } }
  } catch {
    // Who asked looks at it again, alone, and says what is wrong.
    return undefined
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

const UNREADABLE: LargeRead = { fileId: EMPTY_FILE_ID, stat: undefined }

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
    const found = new ChunkList(CHUNKS_PER_SLOT)
    const take = (end: number) => {
      found.add(slot.subarray(start, end))
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
    const stored = handOver(slot, found.chunks)
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
