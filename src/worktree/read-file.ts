/** Reading one of the user's files as it was at one moment. */

import { createSha256, sha256Hex } from '../crypto/hash.ts'
import type { ObjectId } from '../objects/id.ts'
import { type FileStat, type FileSystem, FileSystemError, isErrno, type OpenFile } from '../store/file-system.ts'
import { FileChangedError, UnreadableError } from './errors.ts'

const PIECE_BYTES = 1 << 20
/** A file that changes under every one of these attempts is being written to. */
const MAX_ATTEMPTS = 3

export interface Snapshot<T> {
  result: T
  /** The stat that belongs to the contents read. */
  stat: FileStat
}

/** Opens the file and reads it, again if it changed meanwhile.
 *  @param read - called with the pieces and the size they add up to; may be called several times
 *  @throws {UnreadableError} WORKTREE_UNREADABLE
 *  @throws {FileChangedError} WORKTREE_FILE_CHANGED */
export async function readSnapshot<T>(
  fs: FileSystem,
  root: string,
  path: string,
  read: (pieces: Generator<Uint8Array>, bytes: number) => Promise<T>,
): Promise<Snapshot<T>> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const file = openForReading(fs, root, path)
    try {
      const before = file.stat()
      if (before.kind !== 'file') throw new FileChangedError(path)
      const progress = { bytes: 0 }
      let result: T
      try {
        result = await read(pieces(file, before.bytes, progress), before.bytes)
      } catch (error) {
        // A file that shrank or grew makes the reader fail; say so only if that was the reason.
        if (sameFile(before, file.stat()) && !isErrno(error, 'ESTALE')) throw error
        continue
      }
      if (sameFile(before, file.stat())) return { result, stat: before }
    } catch (error) {
      throw asUnreadable(path, error)
    } finally {
      file.close()
    }
  }
  throw new FileChangedError(path)
}

/** Reads small files whose stat is known already, each into the place of the one before.
 *  @param maxBytes - no file is larger
 *  @returns a function that gives the file's bytes, valid until the next call; or undefined if the file is not (any more)
 *    what the walk saw: then `readSnapshot` settles it */
export function createSmallFileReader(
  fs: FileSystem,
  root: string,
  maxBytes: number,
): (path: string, seen: FileStat) => Uint8Array | undefined {
  const room = new Uint8Array(maxBytes)
  return (path, seen) => {
    const place = room.subarray(0, seen.bytes)
    const file = openForReading(fs, root, path)
    try {
      const isWhole = file.read(place, 0) === seen.bytes
      const after = file.stat()
      // A file that grew has another size by now.
      const isSame = after.kind === 'file' && after.inode === seen.inode && sameFile(seen, after)
      return isWhole && isSame ? place : undefined
    } catch (error) {
      throw asUnreadable(path, error)
    } finally {
      file.close()
    }
  }
}

/** SHA-256 of a file's contents: its file id. */
export async function hashFile(fs: FileSystem, root: string, path: string): Promise<Snapshot<ObjectId>> {
  return readSnapshot(fs, root, path, async (parts) => {
    const hash = createSha256()
    for (const piece of parts) hash.update(piece)
    return hash.digest('hex') as ObjectId
  })
}

/** The bytes of a link's target. */
export function readLinkTarget(fs: FileSystem, root: string, path: string): { target: Uint8Array; fileId: ObjectId } {
  try {
    const target = fs.readLink(`${root}/${path}`)
    return { target, fileId: sha256Hex(target) as ObjectId }
  } catch (error) {
    throw asUnreadable(path, error)
  }
}

/** Contents in pieces; each is valid until the next is asked for. */
function* pieces(file: OpenFile, bytes: number, progress: { bytes: number }): Generator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, bytes))
  while (progress.bytes < bytes) {
    const count = file.read(buffer.subarray(0, Math.min(buffer.length, bytes - progress.bytes)), progress.bytes)
    if (count === 0) return // it shrank: the caller sees a short file and compares stats
    progress.bytes += count
    yield buffer.subarray(0, count)
  }
}

function sameFile(a: FileStat, b: FileStat): boolean {
  return a.bytes === b.bytes && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs
}

function openForReading(fs: FileSystem, root: string, path: string): OpenFile {
  try {
    return fs.open(`${root}/${path}`, 'read')
  } catch (error) {
    throw asUnreadable(path, error)
  }
}

const READ_FAILURES = ['EACCES', 'EPERM', 'EIO', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'EINVAL', 'EBUSY', 'ENXIO']

function asUnreadable(path: string, error: unknown): unknown {
  // Only failures of this very file: an object store on the same disk reports its own.
  if (!(error instanceof FileSystemError) || !error.path.endsWith(`/${path}`)) return error
  return READ_FAILURES.includes(error.errno) ? new UnreadableError(path, error.errno, error) : error
}
