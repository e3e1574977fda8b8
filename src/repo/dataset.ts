/** `openDataset`: a version as something to read from, for training: files and ranges of them from wherever they are, in
 *  bounded memory, with nothing written to a workspace. */

import { mapAhead } from '../base/ahead.ts'
import { UsageError } from '../base/errors.ts'
import { createSha256 } from '../crypto/hash.ts'
import { readCommit } from '../history/commits.ts'
import { PathUnknownError } from '../history/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { findEntry, type TreeEntry, walkTree } from '../objects/tree.ts'
import { openWorkspace } from '../store/workspace.ts'
import { FileIdMismatchError } from '../worktree/errors.ts'
import { createPathFilter } from '../worktree/path-filter.ts'
import { readEntry } from '../worktree/write-file.ts'
import { type DatasetOrderOptions, datasetOrder } from './dataset-order.ts'
import { cachedObjects } from './download.ts'
import { type FileRecord, fileRecord } from './file-record.ts'
import { lazyObjects } from './lazy-objects.ts'
import { localRefName, parseRepositoryAddress, readRemote } from './remote.ts'
import { seenPushes } from './remote-memory.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource, type RemoteSource } from './remote-source.ts'
import { FilterMatchesNothingError } from './sparse-errors.ts'
import { treeOfRevision } from './versions.ts'

export interface DatasetOptions extends RemoteOptions {
  /** Of an address: a branch, tag or commit id (default: that of the address, else `main`). Of a directory: a revision
   *  (default HEAD). */
  ref?: string | undefined
  /** Of a directory: where contents come from that are not in it (default: the remote that the branch follows, else `origin`). */
  remote?: string | undefined
}

export interface StreamOptions extends Omit<DatasetOrderOptions, 'includes'> {
  /** Patterns of `worktree/path-filter.ts`, such as `train/**` (default all files). */
  paths?: readonly string[] | undefined
  /** Files read ahead at most (default 16), and their bytes (default 64 MiB). A larger file is read alone. */
  aheadFiles?: number | undefined
  aheadBytes?: number | undefined
}

export interface StreamedFile {
  path: string
  /** All of it; its SHA-256 is the file id. */
  bytes: Uint8Array
  fileId: string
  /** To go on after this file: give it as `from`, with the same seed and shard. */
  next: number
}

export interface Dataset extends AsyncDisposable {
  readonly commit: string
  /** Bytes taken from storage nodes so far. */
  readonly downloadedBytes: number
  /** In path order. */
  list(options?: {
    paths?: readonly string[] | undefined
    signal?: AbortSignal | undefined
  }): AsyncGenerator<FileRecord>
  /** @throws {PathUnknownError} PATH_UNKNOWN (exit 2)
   *  @throws {UsageError} DATASET_FILE_TOO_LARGE (exit 2) above 1 GiB: read it by ranges
   *  @throws {FileIdMismatchError} WORKTREE_FILE_MISMATCH (exit 13) */
  readFile(path: string, options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array>
  /** Bytes `fromByte` to before `toByte`; fewer at the end of the file. Only the chunks that they lie in are fetched. */
  readRange(
    path: string,
    fromByte: number,
    toByte: number,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<Uint8Array>
  /** Files one after the other, read ahead.
   *  @throws {FilterMatchesNothingError} FILTER_MATCHES_NOTHING (exit 2), where `paths` match no file of the version */
  stream(options?: StreamOptions): AsyncGenerator<StreamedFile>
}

const MAX_WHOLE_BYTES = 2 ** 30
const AHEAD_FILES = 16
const AHEAD_BYTES = 64 * 2 ** 20
/** Chunks of one file on their way at once. */
const AHEAD_CHUNKS = 8

/** A version, and what reads its objects wherever they are. */
export interface OpenVersion extends AsyncDisposable {
  commit: ObjectId
  tree: ObjectId
  read: ReadObject
  /** Where it is read from; null of a directory. */
  source: RemoteSource | null
  downloadedBytes(): number
}

/** @throws {UsageError} DATASET_REF_UNKNOWN (exit 2) */
export async function openVersion(target: string, options: DatasetOptions): Promise<OpenVersion> {
  return /^[a-z][a-z0-9-]*:0x/.test(target) ? openAddress(target, options) : openDirectory(target, options)
}

/** @param target - `NETWORK:OBJECT_ID[@REVISION]`, or a directory inside a workspace
 *  @throws {UsageError} DATASET_REF_UNKNOWN (exit 2) */
export async function openDataset(target: string, options: DatasetOptions): Promise<Dataset> {
  const opened = await openVersion(target, options)
  const { commit, tree, read } = opened

  const entryAt = async (path: string, signal: AbortSignal | undefined) => {
    const entry = await findEntry(read, tree, path, { signal })
    if (!entry) throw new PathUnknownError(path, commit.slice(0, 12))
    return entry
  }
  const wholeFile = async (entry: TreeEntry, signal: AbortSignal | undefined) => {
    const { path, bytes } = entry
    if (bytes > MAX_WHOLE_BYTES)
      throw new UsageError('DATASET_FILE_TOO_LARGE', `${path} has ${bytes} bytes`, {
        data: { path, bytes, limit: MAX_WHOLE_BYTES },
        hints: ['Read it in parts with `readRange`'],
      })
    const whole = await collected(read, entry, 0, bytes, signal)
    const got = createSha256().update(whole).digest('hex')
    if (got !== entry.fileId) throw new FileIdMismatchError(path, entry.fileId, got)
    return whole
  }
  return {
    commit,
    get downloadedBytes() {
      return opened.downloadedBytes()
    },
    async *list({ paths, signal } = {}) {
      const filter = paths && createPathFilter(paths)
      for await (const entry of walkTree(read, tree, { signal }))
        if (!filter || filter.includes(entry.path)) yield fileRecord(entry)
    },
    readFile: async (path, { signal } = {}) => wholeFile(await entryAt(path, signal), signal),
    async readRange(path, fromByte, toByte, { signal } = {}) {
      if (!Number.isSafeInteger(fromByte) || !Number.isSafeInteger(toByte) || fromByte < 0 || toByte < fromByte)
        throw new RangeError(`"fromByte" and "toByte" expected 0 <= from <= to, got ${fromByte} and ${toByte}`)
      const entry = await entryAt(path, signal)
      return collected(read, entry, Math.min(fromByte, entry.bytes), Math.min(toByte, entry.bytes), signal)
    },
    async *stream(streamOptions = {}) {
      const { paths, aheadFiles = AHEAD_FILES, aheadBytes = AHEAD_BYTES, ...orderOptions } = streamOptions
      const { signal } = orderOptions
      const includes = paths && createPathFilter(paths).includes
      const order = await datasetOrder(read, tree, { ...orderOptions, includes })
      // A run of training on nothing would end at once, and look done.
      if (paths && order.total === 0) throw new FilterMatchesNothingError(paths, [])
      let next = order.from
      const load = async (entry: TreeEntry) => ({
        path: entry.path,
        bytes: await wholeFile(entry, signal),
        fileId: entry.fileId,
      })
      const ahead = { slots: aheadFiles, weigh: (entry: TreeEntry) => entry.bytes, maxWeight: aheadBytes }
      for await (const file of mapAhead(order.entries(), load, ahead)) yield { ...file, next: ++next }
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
}

async function collected(
  read: ReadObject,
  entry: TreeEntry,
  fromByte: number,
  toByte: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(toByte - fromByte)
  let at = 0
  for await (const piece of readEntry(read, entry, { fromByte, toByte, signal, ahead: AHEAD_CHUNKS })) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

async function openAddress(address: string, options: DatasetOptions): Promise<OpenVersion> {
  const { network, repository, revision } = parseRepositoryAddress(address)
  const wanted = options.ref ?? revision ?? 'main'
  const source = await openRemoteSource(network, repository, options)
  try {
    const names = [wanted, `heads/${wanted}`, `tags/${wanted}`]
    const ref = names.map((name) => source.refs.find((row) => localRefName(row.name) === name)).find((row) => row)
    if (!ref && !/^[0-9a-f]{64}$/.test(wanted))
      throw new UsageError('DATASET_REF_UNKNOWN', `the repository has no branch or tag ${wanted}`, {
        data: { ref: wanted, refs: source.refs.slice(0, 100).map((row) => localRefName(row.name)) },
        hints: ['Name one that it has, or a commit by all 64 digits of its id'],
      })
    const objects = await source.objects(ref ? [source.recordOf(ref)] : source.refs.map(source.recordOf))
    const read = cachedObjects(source.cache, objects.read)
    const commit = (ref?.commit ?? wanted) as ObjectId
    const { tree } = await readCommit(read, commit, options)
    return {
      commit,
      tree,
      read,
      source,
      downloadedBytes: () => objects.downloadedBytes,
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    }
  } catch (error) {
    await source[Symbol.asyncDispose]()
    throw error
  }
}

async function openDirectory(dir: string, options: DatasetOptions): Promise<OpenVersion> {
  const local = await openWorkspace(dir)
  const remote = lazyObjects(async () => {
    const place = readRemote(local, options.remote)
    return { ...place, options, seen: seenPushes(local, place.name, place.repository) }
  })
  const workspace = await openWorkspace(dir, { fetchObject: remote.read })
  const close = async () => {
    await workspace.close()
    await remote[Symbol.asyncDispose]()
    await local.close()
  }
  try {
    const { commit, tree } = await treeOfRevision(workspace, options.ref ?? 'HEAD')
    const { read } = workspace.store
    return {
      commit,
      tree,
      read,
      source: null,
      downloadedBytes: () => remote.downloadedBytes,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
