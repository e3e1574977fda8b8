/** Which files need not be read again: path and stat → file id.
 *
 *  A cache in the strict sense: damaged or missing it is empty, and everything is hashed once more.
 *
 *  Racy-clean rule (git's, made a little stricter): a file that changes twice within one tick of the file system's clock
 *  keeps its stat, so a record is kept only if the tick in which the file last changed was over before its contents were
 *  looked at. `stampNs` is the file system's own clock, taken from a file created for it. */

import { utf8 } from '../base/bytes.ts'
import { ByteWriter } from '../codec/cursor.ts'
import { ID_BYTES, isObjectId, type ObjectId, objectIdFromBytes, objectIdToBytes } from '../objects/id.ts'
import { comparePaths } from '../objects/path.ts'
import { discard, replaceFile, uniquePath } from './atomic-file.ts'
import { type FileStat, type FileSystem, FileSystemError, isErrno, type OpenFile } from './file-system.ts'

import {
  encodeSortedFile,
  MAX_SORTED_FILE_BYTES,
  SortedFile,
  SortedFileDamage,
  type SortedRecord,
} from './sorted-file.ts'

const MAGIC = 'FLOE.STAT.1\n'

export interface StatCache {
  /** The file's id, if the file has not changed since it was recorded. Asked in path order it takes no search. */
  lookup(path: string, stat: FileStat): ObjectId | undefined
  /** True if the record at this place is of that path and the file has not changed since. */
  isSame(index: number, path: string, stat: FileStat): boolean
  /** Order of the path recorded at this place against another path. */
  comparePathAt(index: number, path: string): number
  pathAt(index: number): string
  /** Names the records as they are on disk. */
  readonly checksum: string
  records(): Iterable<SortedRecord>
  readonly count: number
}

/** What a walk learned: a record to keep, or `null` for a path that is gone. */
export type StatUpdates = Map<string, Uint8Array | null>

/** The cache on disk, or an empty one. */
export function readStatCache(fs: FileSystem, path: string): StatCache {
  try {
    return createStatCache(new SortedFile(MAGIC, fs.readFile(path, MAX_SORTED_FILE_BYTES)))
  } catch (error) {
    if (error instanceof SortedFileDamage || isErrno(error, 'ENOENT', 'EFBIG', 'ELOOP', 'EISDIR')) return emptyCache
    throw error
  }
}

const emptyCache: StatCache = {
  lookup: () => undefined,
  isSame: () => false,
  comparePathAt: () => 1,
  pathAt: () => '',
  records: () => [],
  count: 0,
  checksum: '',
}

function createStatCache(file: SortedFile): StatCache {
  /** Where the next lookup is expected. */
  let expected = 0
  const isAt = (index: number, path: string) => index < file.count && file.comparePathAt(index, path) === 0
  return {
    lookup(path, stat) {
      try {
        const index = isAt(expected, path) ? expected : file.lowerBound(path)
        expected = index + 1
        if (!isAt(index, path)) return undefined
        const { payload } = file.at(index)
        return matches(payload, stat) ? fileIdOf(payload) : undefined
      } catch (error) {
        if (error instanceof SortedFileDamage) return undefined
        throw error
      }
    },
    isSame: (index, path, stat) => isAt(index, path) && matches(file.payloadAt(index), stat),
    comparePathAt: (index, path) => file.comparePathAt(index, path),
    pathAt: (index) => file.at(index).path,
    records: () => file.records(),
    count: file.count,
    checksum: file.checksum,
  }
}

/** Replaces the cache by its records with the updates applied. */
export async function writeStatCache(
  fs: FileSystem,
  path: string,
  cache: StatCache,
  updates: StatUpdates,
  tmpDir: string,
): Promise<void> {
  if (updates.size === 0) return
  await replaceFile(fs, path, encodeSortedFile(MAGIC, merged(cache, updates)), { tmpDir })
}

function* merged(cache: StatCache, updates: StatUpdates): Generator<SortedRecord> {
  const changes = [...updates].sort(([a], [b]) => comparePaths(a, b))
  let next = 0
  for (const record of cache.records()) {
    for (; next < changes.length && comparePaths(changes[next]![0], record.path) < 0; next++)
      yield* kept(changes[next]!)
    if (changes[next]?.[0] === record.path) yield* kept(changes[next++]!)
    else yield record
  }
  for (; next < changes.length; next++) yield* kept(changes[next]!)
}

function* kept([path, payload]: [string, Uint8Array | null]): Generator<SortedRecord> {
  if (payload !== null) yield { path, payload }
}

/** A record for a file whose contents were looked at after `stampNs`, or `null` where its stat proves nothing. */
export function statRecord(stat: FileStat, fileId: ObjectId, stampNs: bigint): Uint8Array | null {
  if (stat.kind !== 'file' || stat.mtimeNs >= stampNs || stat.ctimeNs >= stampNs) return null
  return encodeStat(stat).bytes(objectIdToBytes(fileId)).finish()
}

function encodeStat(stat: FileStat): ByteWriter {
  return new ByteWriter(64)
    .u64(stat.bytes)
    .u64(BigInt.asUintN(64, stat.mtimeNs))
    .u64(BigInt.asUintN(64, stat.ctimeNs))
    .u64(stat.inode)
}

const STAT_BYTES = 32

function matches(payload: Uint8Array, stat: FileStat): boolean {
  if (stat.kind !== 'file' || payload.length !== STAT_BYTES + ID_BYTES) return false
  const view = new DataView(payload.buffer, payload.byteOffset, STAT_BYTES)
  return (
    view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32 === stat.bytes &&
    view.getBigInt64(8, true) === stat.mtimeNs &&
    view.getBigInt64(16, true) === stat.ctimeNs &&
    view.getBigUint64(24, true) === stat.inode
  )
}

function fileIdOf(payload: Uint8Array): ObjectId {
  return objectIdFromBytes(payload.subarray(STAT_BYTES))
}

/** The file system's own clock in ns: what a file changed now would be stamped with.
 *  0 where no file can be created: then nothing is recorded. */
export function fileSystemNow(fs: FileSystem, tmpDir: string): bigint {
  const probe = uniquePath(tmpDir, 'clock')
  let file: OpenFile
  try {
    file = fs.open(probe, 'create')
  } catch (error) {
    if (error instanceof FileSystemError) return 0n
    throw error
  }
  try {
    return file.stat().mtimeNs
  } finally {
    file.close()
    discard(fs, probe)
  }
}

/** What the file `settled` says: the tree whose files, all of them, the records are of, and of nothing else. */
export function readSettled(fs: FileSystem, path: string, cache: StatCache): ObjectId | undefined {
  if (cache.count === 0) return undefined
  try {
    const [checksum, tree = ''] = Buffer.from(fs.readFile(path, MAX_SETTLED_BYTES)).toString('latin1').trim().split(' ')
    return checksum === cache.checksum && isObjectId(tree) ? tree : undefined
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EFBIG', 'ELOOP', 'EISDIR')) return undefined
    throw error
  }
}

export async function writeSettled(
  fs: FileSystem,
  path: string,
  cache: StatCache,
  tree: ObjectId,
  tmpDir: string,
): Promise<void> {
  await replaceFile(fs, path, [utf8(`${cache.checksum} ${tree}\n`)], { tmpDir })
}

const MAX_SETTLED_BYTES = 1024
