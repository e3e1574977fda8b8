/** Whether the file on disk is the one that a tree entry describes, reading it only if the stat cache cannot tell. */

import type { ObjectId } from '../objects/id.ts'
import type { TreeEntry } from '../objects/tree-node.ts'
import type { FileStat, FileSystem } from '../store/file-system.ts'
import { type Settled, type StatCache, type StatUpdates, statRecord } from '../store/stat-cache.ts'
import { hashFile, readLinkTarget } from './read-file.ts'

export interface LocalFiles {
  fs: FileSystem
  root: string
  cache: StatCache
  /** Filled with what had to be hashed. */
  updates: StatUpdates
  /** The file system's clock before anything was read. */
  stampNs: bigint
  /** The same for one file, where not all are on the file system that was asked. */
  stampOf?: ((stat: FileStat) => bigint) | undefined
  /** A tree, and the paths of which the cache's records do not tell whether they are as in it. */
  settled?: Settled | undefined
  /** False for paths that need not be on disk: where they are not, they are absent, not deleted (default: all true). */
  wants?: ((path: string) => boolean) | undefined
}

/** File id of what is on disk. */
export async function localFileId(files: LocalFiles, path: string, stat: FileStat): Promise<ObjectId> {
  if (stat.kind === 'symlink') return readLinkTarget(files.fs, files.root, path).fileId
  const known = files.cache.lookup(path, stat)
  if (known) return known
  const { result, stat: read } = await hashFile(files.fs, files.root, path)
  files.updates.set(path, statRecord(read, result, stampFor(files, read)))
  return result
}

/** What a file must have changed before, for its stat to tell that it has not since. */
export function stampFor({ stampNs, stampOf }: LocalFiles, stat: FileStat): bigint {
  return stampOf ? stampOf(stat) : stampNs
}

export type LocalDifference = 'same' | 'mode' | 'content' | 'type'

/** How the file on disk differs from the entry. A size that differs settles it without reading.
 *  @param tracksExecutable - false where the file system has no such bit */
export async function compareLocal(
  files: LocalFiles,
  entry: TreeEntry,
  stat: FileStat,
  tracksExecutable = tracksExecutableBit,
): Promise<LocalDifference> {
  if (stat.kind !== entry.kind) return 'type'
  if (stat.bytes !== entry.bytes && (stat.kind === 'file' || !isWindows)) return 'content'
  if ((await localFileId(files, entry.path, stat)) !== entry.fileId) return 'content'
  return tracksExecutable && entry.kind === 'file' && stat.executable !== entry.executable ? 'mode' : 'same'
}

const isWindows = process.platform === 'win32'

/** Windows has no executable bit: there the committed one stands. */
export const tracksExecutableBit: boolean = !isWindows
