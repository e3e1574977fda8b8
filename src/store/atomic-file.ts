/** Replacing a file so that a reader, or a machine that lost power, finds the old contents or the new, nothing between. */

import { dirname } from 'node:path'
import { type FileSystem, FileSystemError, isErrno } from './file-system.ts'

export interface AtomicWriteOptions {
  /** Directory for the unfinished file, on the same device. Leftovers in it are anyone's to delete under the lock. */
  tmpDir: string
  /** Readable by the owner only. */
  private?: boolean
}

/** Writes the pieces to a new file, syncs it, renames it over `path` and syncs the directory.
 *  On failure nothing is left behind and `path` is as before. */
export async function replaceFile(
  fs: FileSystem,
  path: string,
  pieces: Iterable<Uint8Array>,
  options: AtomicWriteOptions,
): Promise<void> {
  const unfinished = uniquePath(options.tmpDir, 'new')
  const file = fs.open(unfinished, 'create', { private: options.private ?? false })
  try {
    try {
      for (const piece of pieces) file.write(piece)
      await file.sync()
    } finally {
      file.close()
    }
    fs.rename(unfinished, path)
  } catch (error) {
    discard(fs, unfinished)
    throw error
  }
  await fs.syncDirectory(dirname(path))
}

/** Creates a directory and its missing parents, and makes their names durable. */
export async function ensureDirectory(fs: FileSystem, path: string): Promise<void> {
  if (fs.stat(path)) return
  await ensureDirectory(fs, dirname(path))
  fs.makeDirectory(path)
  await fs.syncDirectory(dirname(path))
}

let counter = 0

/** A path no other process uses: process id and a counter in its name. */
export function uniquePath(dir: string, label: string): string {
  counter += 1
  return `${dir}/${label}-${process.pid}-${Date.now().toString(36)}-${counter}`
}

/** Deletes a file if it is there; a failure does not matter, since the next lock holder cleans up. */
export function discard(fs: FileSystem, path: string): void {
  try {
    fs.unlink(path)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EIO', 'EROFS')) throw error
  }
}

/** Deletes a folder of files, as far as that goes; folders in it stay, and it with them. */
export function discardFolder(fs: FileSystem, path: string): void {
  try {
    for (const { name, kind } of fs.readDirectory(path))
      if (kind !== 'directory') discard(fs, `${path}/${Buffer.from(name).toString('utf8')}`)
    fs.removeDirectory(path)
  } catch (error) {
    if (!(error instanceof FileSystemError)) throw error
  }
}
