/** Writing new files of a version: what a writing thread does, and how it is asked.
 *
 *  A thread only takes what is simple: a small file that is one chunk of a pack on this disk, where nothing was. What does not go
 *  well it leaves as it was; whoever asked does that file again by itself, and finds out why. */

import { IntegrityError } from '../base/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ObjectPlace } from '../objects/pack.ts'
import type { TreeEntry } from '../objects/tree-node.ts'
import { discard, uniquePath } from '../store/atomic-file.ts'
import { type FileStat, type FileSystem, FileSystemError } from '../store/file-system.ts'
import type { PlaceReader } from '../store/place-reader.ts'

/** Contents of a batch. */
export const BATCH_BYTES: number = 1024 * 1024
export const MAX_BATCH_FILES = 256

export interface WriteBatch {
  job: number
  /** Where unfinished files go, on the same device. */
  tmpDir: string
  /** Tells the unfinished files of several threads apart. */
  label: string
  /** Absolute, joined by NUL: one text is much cheaper to hand over than many. */
  paths: string
  /** Ids of the chunks, back to back. */
  ids: string
  /** Paths of the packs that hold them. */
  packs: readonly string[]
  /** `PLACE_NUMBERS` for each file. */
  places: Float64Array
  flags: Uint8Array
}

const ID_DIGITS = 64
const PLACE_NUMBERS = 7

/** @param places - each with the number of its pack */
export function encodePlaces(places: readonly { pack: number; place: ObjectPlace }[]): Float64Array {
  const numbers = new Float64Array(places.length * PLACE_NUMBERS)
  for (const [i, { pack, place }] of places.entries()) {
    const { frameOffset, frameStoredBytes, frameRawBytes, codec, offset, bytes } = place
    numbers.set([pack, frameOffset, frameStoredBytes, frameRawBytes, codec, offset, bytes], i * PLACE_NUMBERS)
  }
  return numbers
}

function placeAt(places: Float64Array, index: number): { pack: number; place: ObjectPlace } {
  const at = index * PLACE_NUMBERS
  const [pack, frameOffset, frameStoredBytes, frameRawBytes, codec, offset, bytes] = places.subarray(
    at,
    at + PLACE_NUMBERS,
  )
  return {
    pack: pack!,
    place: {
      frameOffset: frameOffset!,
      frameStoredBytes: frameStoredBytes!,
      frameRawBytes: frameRawBytes!,
      codec: codec!,
      offset: offset!,
      bytes: bytes!,
    },
  }
}

/** The owner may execute the file. */
export const WRITE_EXECUTABLE = 1
/** Nobody sees the folder yet: the file may be unfinished in it. Others are written elsewhere and renamed. */
export const WRITE_HIDDEN = 2

export interface WrittenBatch {
  job: number
  /** A 1 for each file that is in its place. */
  placed: Uint8Array
  /** What is there, three numbers for each: mtime and ctime in ns, inode. */
  stats: BigInt64Array
}

const STAT_NUMBERS = 3

/** Writes what it can.
 *  @param source - the thread's own */
export async function writeBatch(fs: FileSystem, source: PlaceReader, batch: WriteBatch): Promise<WrittenBatch> {
  const { flags } = batch
  const placed = new Uint8Array(flags.length)
  const stats = new BigInt64Array(flags.length * STAT_NUMBERS)
  for (const [i, path] of batch.paths.split('\0').entries()) {
    const contents = await readContents(source, batch, i)
    if (!contents) continue
    const executable = (flags[i]! & WRITE_EXECUTABLE) !== 0
    const isHidden = (flags[i]! & WRITE_HIDDEN) !== 0
    const stat = isHidden ? writeAt(fs, path, contents, executable) : writeInto(fs, batch, path, contents, executable)
    if (!stat) continue
    placed[i] = 1
    stats[i * STAT_NUMBERS] = stat.mtimeNs
    stats[i * STAT_NUMBERS + 1] = stat.ctimeNs
    stats[i * STAT_NUMBERS + 2] = BigInt.asIntN(64, stat.inode)
  }
  return { job: batch.job, placed, stats }
}

/** @returns undefined if the pack cannot be read, or has something else there */
async function readContents(source: PlaceReader, batch: WriteBatch, index: number): Promise<Uint8Array | undefined> {
  const { pack, place } = placeAt(batch.places, index)
  const id = batch.ids.slice(index * ID_DIGITS, (index + 1) * ID_DIGITS) as ObjectId
  const isLast = index + 1 === batch.flags.length
  const next = isLast ? undefined : placeAt(batch.places, index + 1)
  const isAlone = next?.pack !== pack || next.place.frameOffset !== place.frameOffset
  try {
    return await source.read(batch.packs[pack]!, 'chunk', id, place, { isAlone })
  } catch (error) {
    if (!(error instanceof FileSystemError) && !(error instanceof IntegrityError)) throw error
    return undefined
  }
}

/** Makes the file and fills it. @returns nothing, and leaves nothing, where that fails */
function writeAt(fs: FileSystem, path: string, contents: Uint8Array, executable: boolean): FileStat | undefined {
  try {
    const file = fs.open(path, 'create', { executable })
    try {
      file.write(contents)
      return file.stat()
    } catch (error) {
      discard(fs, path)
      throw error
    } finally {
      file.close()
    }
  } catch (error) {
    if (!(error instanceof FileSystemError)) throw error
    return undefined
  }
}

/** Writes the file beside its place and renames it into it, unless something stands there by then. */
function writeInto(
  fs: FileSystem,
  { tmpDir, label }: WriteBatch,
  target: string,
  contents: Uint8Array,
  executable: boolean,
): FileStat | undefined {
  const unfinished = uniquePath(tmpDir, label)
  if (!writeAt(fs, unfinished, contents, executable)) return undefined
  try {
    // A rename replaces what is in its way, and only the one who asked can judge whether that may go.
    if (fs.stat(target) === undefined) {
      fs.rename(unfinished, target)
      return fs.stat(target)
    }
  } catch (error) {
    if (!(error instanceof FileSystemError)) throw error
  }
  discard(fs, unfinished)
  return undefined
}

/** What the thread saw of a file that is in its place. */
export function statOfWritten({ stats }: WrittenBatch, index: number, entry: TreeEntry): FileStat {
  const at = index * STAT_NUMBERS
  return {
    kind: 'file',
    bytes: entry.bytes,
    mtimeNs: stats[at]!,
    ctimeNs: stats[at + 1]!,
    inode: BigInt.asUintN(64, stats[at + 2]!),
    executable: entry.executable,
  }
}
