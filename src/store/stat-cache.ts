/** Which files need not be read again: path and stat → file id.
 *
 *  A cache in the strict sense: damaged or missing it is empty, and everything is hashed once more.
 *
 *  Racy-clean rule (git's, made a little stricter): a file that changes twice within one tick of the file system's clock
 *  keeps its stat, so a record is kept only if the tick in which the file last changed was over before its contents were
 *  looked at. `stampNs` is the file system's own clock, taken from a file created for it. */

import { concatBytes } from '../base/bytes.ts'
import { ID_BYTES, type ObjectId, objectIdFromBytes, objectIdToBytes, putObjectId } from '../objects/id.ts'
import { comparePaths } from '../objects/path.ts'
import { discard, uniquePath } from './atomic-file.ts'
import { replaceCacheFile } from './cache-file.ts'
import { type FileStat, type FileSystem, FileSystemError, isErrno, type OpenFile } from './file-system.ts'
import { PathTable, type SortedUpdates, sortedByPath } from './path-table.ts'
import { createSharedMemory, type SharedMemory } from './shared-memory.ts'
import {
  encodeSortedBytes,
  encodeSortedFile,
  MAX_SORTED_FILE_BYTES,
  type RecordCursor,
  SortedFile,
  SortedFileDamage,
  type SortedRecord,
} from './sorted-file.ts'
import {
  fileIdOf,
  isSameStat,
  isSettledStat,
  RECORD_BYTES,
  ROOMS,
  roomAt,
  STAT_BYTES,
  STAT_MAGIC,
  StatRecords,
} from './stat-records.ts'

/** Recent records stand in a file of their own until there are this many of them, or a share of all. */
const MIN_RECENT = 64
const MAX_RECENT_SHARE = 1 / 64

export interface StatCache {
  /** The file's id, if the file has not changed since it was recorded. Asked in path order it takes no search. */
  lookup(path: string, stat: FileStat): ObjectId | undefined
  /** Those of the main file, without the recent ones. */
  readonly records: StatRecords
  /** What was learned since that file was written: records that come before its own. */
  readonly recent: ReadonlyMap<string, Uint8Array>
}

/** What a walk learned: a record to keep, or `null` for a path of which nothing is known. */
export type StatUpdates = Map<string, Uint8Array | null> | PathTable

const recentPath = (path: string) => `${path}-recent`

/** The files that a cache at the path consists of, as far as they are there. */
export const statCacheFiles = (path: string): string[] => [path, recentPath(path)]

/** The cache on disk, or an empty one. */
export function readStatCache(fs: FileSystem, path: string): StatCache {
  const recent = readSorted(fs, recentPath(path))
  const isRecord = ({ payload }: SortedRecord) => payload.length === RECORD_BYTES
  const newer = new Map(
    [...(recent?.records() ?? [])]
      .filter(isRecord)
      .map((record): [string, Uint8Array] => [record.path, record.payload]),
  )
  const memory: { of?: SharedMemory } = {}
  return createStatCache(new StatRecords(readSorted(fs, path, memory), memory.of), newer)
}

/** The cache of files that nothing is known of. */
export function emptyStatCache(): StatCache {
  return createStatCache(new StatRecords(), new Map())
}

/** @param memory - filled with what the bytes lie in, if modules can share it */
function readSorted(fs: FileSystem, path: string, memory?: { of?: SharedMemory }): SortedFile | undefined {
  try {
    return new SortedFile(STAT_MAGIC, memory ? readShared(fs, path, memory) : fs.readFile(path, MAX_SORTED_FILE_BYTES))
  } catch (error) {
    if (error instanceof SortedFileDamage || isErrno(error, 'ENOENT', 'EFBIG', 'ELOOP', 'EISDIR')) return undefined
    throw error
  }
}

function readShared(fs: FileSystem, path: string, memory: { of?: SharedMemory }): Uint8Array {
  const file = fs.open(path, 'read')
  try {
    const { bytes } = file.stat()
    if (bytes > MAX_SORTED_FILE_BYTES) throw new FileSystemError('EFBIG', 'read', path)
    // Threads look at them too.
    memory.of = createSharedMemory(roomAt(bytes, ROOMS))
    const contents = new Uint8Array(memory.of?.buffer ?? new SharedArrayBuffer(bytes), 0, bytes)
    return contents.subarray(0, file.read(contents, 0))
  } finally {
    file.close()
  }
}

function createStatCache(records: StatRecords, recent: ReadonlyMap<string, Uint8Array>): StatCache {
  /** Where the next lookup is expected. */
  let expected = 0
  return {
    records,
    recent,
    lookup(path, stat) {
      if (stat.kind !== 'file') return undefined
      const newer = recent.get(path)
      if (newer && isSameStat(new DataView(newer.buffer, newer.byteOffset, newer.length), 0, stat))
        return fileIdOf(newer)
      try {
        const index = records.comparePathAt(expected, path) === 0 ? expected : records.lowerBound(path)
        expected = index + 1
        const isHere = records.comparePathAt(index, path) === 0
        return isHere && records.isSame(index, stat) ? records.fileIdAt(index) : undefined
      } catch (error) {
        if (error instanceof SortedFileDamage) return undefined
        throw error
      }
    },
  }
}

/** Keeps what was learned. Few records go into a file of their own: a million need not be written again for one.
 *  @param compact - write all into the main file */
export async function writeStatCache(
  fs: FileSystem,
  path: string,
  cache: StatCache,
  updates: StatUpdates | SortedUpdates,
  options: { tmpDir: string; compact?: boolean | undefined },
): Promise<void> {
  if (updates.size === 0 && !options.compact) return
  const { records } = cache
  const fewest = Math.max(MIN_RECENT, records.count * MAX_RECENT_SHARE)
  if (records.count > MIN_RECENT && !options.compact) {
    const recent = new Map(cache.recent)
    for (const [at, payload] of updates) {
      if (payload) recent.set(at, payload.slice())
      else recent.delete(at)
    }
    // A record never becomes false, it only stops matching: that of the main file may stay where no better one is known.
    if (recent.size <= fewest) {
      const sorted = [...recent].sort(([a], [b]) => comparePaths(a, b)).map(([at, payload]) => ({ path: at, payload }))
      await replaceCacheFile(fs, recentPath(path), encodeSortedFile(STAT_MAGIC, sorted), options)
      return
    }
  }
  const all = cache.recent.size > 0 ? withOlder(updates, cache.recent) : updates
  const isFirst = records.count === 0 && 'toWrite' in all && all.toWrite
  const pieces = isFirst
    ? (all.pieces ?? encodeStats(all.toWrite!()))
    : encodeSortedFile(STAT_MAGIC, merged(records, all))
  await replaceCacheFile(fs, path, pieces, options)
  // Cut off in between, both are there and say the same.
  if (cache.recent.size > 0) discard(fs, recentPath(path))
}

/** Pieces of a main file with these records alone. */
export function encodeStats(records: RecordCursor): Generator<Uint8Array> {
  return encodeSortedBytes(STAT_MAGIC, records)
}

function withOlder(updates: StatUpdates | SortedUpdates, older: ReadonlyMap<string, Uint8Array>): PathTable {
  const all = new PathTable(older)
  for (const [path, payload] of updates) all.set(path, payload)
  return all
}

function* merged(records: StatRecords, updates: StatUpdates | SortedUpdates): Generator<SortedRecord> {
  const changes = sortedByPath(updates)[Symbol.iterator]()
  let change = changes.next()
  for (const record of records.all()) {
    let isReplaced = false
    while (!change.done && !isReplaced) {
      const [path, payload] = change.value
      const order = comparePaths(path, record.path)
      if (order > 0) break
      if (payload) yield { path, payload }
      isReplaced = order === 0
      change = changes.next()
    }
    if (!isReplaced) yield record
  }
  for (; !change.done; change = changes.next()) {
    const [path, payload] = change.value
    if (payload) yield { path, payload }
  }
}

/** A record for a file whose contents were looked at after `stampNs`, or `null` where its stat proves nothing. */
export function statRecord(stat: FileStat, fileId: ObjectId, stampNs: bigint): Uint8Array | null {
  if (stat.kind !== 'file' || !isSettledStat(stat, stampNs)) return null
  scratch.setBigUint64(0, BigInt(stat.bytes), true)
  scratch.setBigInt64(8, stat.mtimeNs, true)
  scratch.setBigInt64(16, stat.ctimeNs, true)
  scratch.setBigUint64(24, stat.inode, true)
  putObjectId(fileId, scratchBytes, STAT_BYTES)
  return scratchBytes.slice()
}

const scratchBytes = new Uint8Array(RECORD_BYTES)
const scratch = new DataView(scratchBytes.buffer)

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

/** What the file `settled` says of a tree and the records of the main file: they are of that tree's files, all of them,
 *  and of nothing else, but for the paths that are named. */
export interface Settled {
  tree: ObjectId
  /** A commit of that tree, if one was checked out then: whoever still has it checked out need not read it. */
  commit?: ObjectId | undefined
  /** In path order: links, and files whose record is missing or not that of the tree. */
  loose: readonly string[]
}

const SETTLED_MAGIC = 'FLOE.SETT.1\n'
/** More than any number of loose paths that is worth it takes. */
const MAX_SETTLED_BYTES = 2 ** 30

export function readSettled(fs: FileSystem, path: string, records: StatRecords): Settled | undefined {
  if (records.count === 0) return undefined
  try {
    const [head, ...loose] = new SortedFile(SETTLED_MAGIC, fs.readFile(path, MAX_SETTLED_BYTES)).records()
    const ids = head?.path === '' ? head.payload : new Uint8Array()
    if (ids.length !== 2 * ID_BYTES && ids.length !== 3 * ID_BYTES) return undefined
    if (Buffer.from(ids.subarray(0, ID_BYTES)).toString('hex') !== records.checksum) return undefined
    return {
      tree: objectIdFromBytes(ids.subarray(ID_BYTES, 2 * ID_BYTES)),
      commit: ids.length > 2 * ID_BYTES ? objectIdFromBytes(ids.subarray(2 * ID_BYTES)) : undefined,
      loose: loose.map((record) => record.path),
    }
  } catch (error) {
    if (error instanceof SortedFileDamage || isErrno(error, 'ENOENT', 'EFBIG', 'ELOOP', 'EISDIR')) return undefined
    throw error
  }
}

export async function writeSettled(
  fs: FileSystem,
  path: string,
  records: StatRecords,
  { tree, commit, loose }: Settled,
  tmpDir: string,
): Promise<void> {
  const ids = commit ? [tree, commit] : [tree]
  const head = concatBytes(Buffer.from(records.checksum, 'hex'), ...ids.map(objectIdToBytes))
  const nothing = new Uint8Array()
  const paths = loose.map((at) => ({ path: at, payload: nothing }))
  await replaceCacheFile(fs, path, encodeSortedFile(SETTLED_MAGIC, [{ path: '', payload: head }, ...paths]), { tmpDir })
}
