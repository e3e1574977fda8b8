/** Reading, cutting and hashing files into memory that threads share: what a reading thread does, and how it is asked.
 *
 *  A thread has a few slots. A batch of small files goes into one of them; a large file goes through all of them in turn,
 *  in whole chunks: a slot is handed over when it is full, and filled again once it has been given back. So bytes are read
 *  to where the store takes them from, and nobody copies them on the way. */

import { wasmEngine } from '../chunking/engine-wasm.ts'
import { type ChunkSizing, chunkParamsFor, MAX_CHUNK_BYTES } from '../chunking/profile.ts'
import { createSha256, sha256 } from '../crypto/hash.ts'
import { ID_BYTES } from '../objects/id.ts'
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
  /** Absolute paths. */
  paths: string[]
  /** What the walk saw of each: size, and the rest as `packStat` has it. */
  sizes: Float64Array
  seen: BigInt64Array
  /** What is asked for of each, if anything is. */
  sizings: (ChunkSizing | undefined)[] | undefined
  slot: SharedArrayBuffer
}

export interface LargeJob {
  $kind: 'large'
  job: number
  path: string
  sizing: ChunkSizing | undefined
  slots: SharedArrayBuffer[]
  /** One number per slot: `SLOT_FREE` or `SLOT_FULL`; and a last one, `STOP` once nobody wants the file any more. */
  states: SharedArrayBuffer
}

export type ReadJob = BatchJob | LargeJob

export const SLOT_FREE = 0
export const SLOT_FULL = 1
export const STOP = 2

/** Chunks that lie one after the other: their lengths, and their ids back to back. */
export interface Chunks {
  lengths: Uint32Array
  ids: Uint8Array
}

export interface BatchDone extends Chunks {
  $kind: 'batch'
  job: number
  /** How many chunks each file has; `NOT_READ` for a file that is not what the walk saw, or could not be read. */
  counts: Int32Array
  /** Back to back. */
  fileIds: Uint8Array
}

export interface SlotFull extends Chunks {
  $kind: 'slot'
  job: number
  slot: number
}

export interface LargeDone {
  $kind: 'large'
  job: number
  fileId: Uint8Array
  /** The stat that belongs to what was read; undefined if the file changed meanwhile or could not be read to its end. */
  stat: FileStat | undefined
}

export type ReadAnswer = BatchDone | SlotFull | LargeDone

export const NOT_READ = -1
export const STAT_NUMBERS = 3

/** Puts down what says that a file is still the same, apart from its size. */
export function packStat(stat: FileStat, seen: BigInt64Array, index: number): void {
  seen[index * STAT_NUMBERS] = stat.mtimeNs
  seen[index * STAT_NUMBERS + 1] = stat.ctimeNs
  seen[index * STAT_NUMBERS + 2] = BigInt.asIntN(64, stat.inode)
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

/** Reads small files into one slot, back to back. A file that is not what the walk saw leaves its place as it is. */
export function readBatch(fs: FileSystem, batch: BatchJob): BatchDone {
  const slot = new Uint8Array(batch.slot)
  const count = batch.paths.length
  const counts = new Int32Array(count)
  const fileIds = new Uint8Array(count * ID_BYTES)
  const lengths: number[] = []
  const ids: Uint8Array[] = []
  let at = 0
  for (const [index, path] of batch.paths.entries()) {
    const place = slot.subarray(at, at + batch.sizes[index]!)
    at += place.length
    if (!readWhole(fs, path, place, batch, index)) {
      counts[index] = NOT_READ
      continue
    }
    const fileId = sha256(place)
    fileIds.set(fileId, index * ID_BYTES)
    const cuts = cutsOf(place, batch.sizings?.[index])
    counts[index] = cuts.length
    for (const [i, cut] of cuts.entries()) {
      const chunk = place.subarray(i === 0 ? 0 : cuts[i - 1]!, cut)
      lengths.push(chunk.length)
      ids.push(cuts.length === 1 ? fileId : sha256(chunk))
    }
  }
  return { $kind: 'batch', job: batch.job, counts, fileIds, lengths: Uint32Array.from(lengths), ids: joined(ids) }
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

/** Reads a large file through the slots of the job.
 *  @param send - takes what is handed over, as it comes */
export function readLarge(fs: FileSystem, job: LargeJob, send: (answer: SlotFull) => void): LargeDone {
  const nothing = new Uint8Array(ID_BYTES)
  let file: OpenFile | undefined
  try {
    file = fs.open(job.path, 'read')
    const before = file.stat()
    // One that has grown since may have chunks that are larger than a slot.
    const fits = chunkParamsFor(before.bytes, job.sizing).maxBytes <= job.slots[0]!.byteLength
    if (before.kind !== 'file' || !fits) return { $kind: 'large', job: job.job, fileId: nothing, stat: undefined }
    const fileId = readThrough(file, before.bytes, job, send)
    const after = file.stat()
    const isSame = after.bytes === before.bytes && after.mtimeNs === before.mtimeNs && after.ctimeNs === before.ctimeNs
    return { $kind: 'large', job: job.job, fileId: fileId ?? nothing, stat: fileId && isSame ? before : undefined }
  } catch {
    return { $kind: 'large', job: job.job, fileId: nothing, stat: undefined }
  } finally {
    file?.close()
  }
}

/** @returns the file id, or undefined if the file is shorter than it was or nobody wants it any more */
function readThrough(
  file: OpenFile,
  bytes: number,
  job: LargeJob,
  send: (answer: SlotFull) => void,
): Uint8Array | undefined {
  const cutter = wasmEngine().createCutter(chunkParamsFor(bytes, job.sizing))
  const hash = createSha256()
  const states = new Int32Array(job.states)
  const slots = job.slots.map((slot) => new Uint8Array(slot))
  let done = 0
  /** The beginning of a chunk, at the end of the slot before: only this thread writes there, and not before it is copied. */
  let carried: Uint8Array = new Uint8Array(0)
  for (let turn = 0; done < bytes; turn = (turn + 1) % slots.length) {
    // Another thread may still be storing what is in it.
    Atomics.wait(states, turn, SLOT_FULL)
    if (Atomics.load(states, slots.length) === STOP) return undefined
    const slot = slots[turn]!
    slot.set(carried)
    let filled = carried.length
    let start = 0
    const lengths: number[] = []
    const ids: Uint8Array[] = []
    const take = (end: number) => {
      lengths.push(end - start)
      ids.push(sha256(slot.subarray(start, end)))
      start = end
    }
    // Piece by piece, so that what was read is still in the processor's cache when it is hashed and cut.
    while (filled < slot.length && done < bytes) {
      const piece = slot.subarray(filled, filled + Math.min(MAX_READ_BYTES, bytes - done, slot.length - filled))
      if (file.read(piece, done) !== piece.length) return undefined
      hash.update(piece)
      for (const cut of cutter.feed(piece)) take(filled + cut)
      filled += piece.length
      done += piece.length
    }
    if (done === bytes && start < filled) take(filled)
    carried = slot.subarray(start, filled)
    Atomics.store(states, turn, SLOT_FULL)
    send({ $kind: 'slot', job: job.job, slot: turn, lengths: Uint32Array.from(lengths), ids: joined(ids) })
  }
  return new Uint8Array(hash.digest())
}

function joined(ids: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(ids.length * ID_BYTES)
  for (const [index, id] of ids.entries()) bytes.set(id, index * ID_BYTES)
  return bytes
}
