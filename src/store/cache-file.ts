/** Files that are made again from others when they are damaged, and that nothing in their place may stop. */

import { basename, dirname } from 'node:path'
import { type AtomicWriteOptions, ensureDirectory, replaceFile, uniquePath } from './atomic-file.ts'
import type { FileSystem } from './file-system.ts'

/** Where goes what Floe cannot use and no one may want to lose: nothing reads it, nothing deletes it. */
export const DAMAGED_DIR = 'damaged'

/** `replaceFile` for a cache. A folder in its place, which only somebody else can have made, is set aside. */
export async function replaceCacheFile(
  fs: FileSystem,
  path: string,
  pieces: Iterable<Uint8Array>,
  options: AtomicWriteOptions,
): Promise<void> {
  await clearFolder(fs, path, dirname(options.tmpDir))
  await replaceFile(fs, path, pieces, options)
}

/** Moves a folder that stands where a file belongs. Under the lock. */
export async function clearFolder(fs: FileSystem, path: string, floeDir: string): Promise<void> {
  if (fs.stat(path)?.kind === 'directory') await setAside(fs, path, floeDir)
}

/** Moves what cannot be used out of the way. Under the lock. */
export async function setAside(fs: FileSystem, path: string, floeDir: string): Promise<void> {
  const dir = `${floeDir}/${DAMAGED_DIR}`
  await ensureDirectory(fs, dir)
  fs.rename(path, uniquePath(dir, basename(path)))
  await fs.syncDirectory(dir)
  await fs.syncDirectory(dirname(path))
}
