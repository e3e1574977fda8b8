/** Reading what is new on disk into the store: what `add` stages, and `commit -a` commits without staging it. Under the lock. */

import { availableParallelism } from 'node:os'
import { createChunkPool } from '../chunking/pool.ts'
import { walkContentMap } from '../objects/content-map.ts'
import { createMemoryObjects } from '../objects/reader.ts'
import { buildTree, findEntry, type TreeEntry } from '../objects/tree.ts'
import type { WriteSession } from '../store/local-store.ts'
import { encodeStagedRecords } from '../store/staging.ts'
import { encodeStats, statRecord } from '../store/stat-cache.ts'
import type { Workspace } from '../store/workspace.ts'
import { chunkSizings, readAttributes } from '../worktree/attributes.ts'
import { createBreather } from '../worktree/breather.ts'
import { compareWithTree, outermost, type PathState } from '../worktree/compare.ts'
import { entryOfRow } from '../worktree/file-rows.ts'
import { type IngestContext, ONE_CHUNK_BYTES } from '../worktree/ingest.ts'
import { createIngestQueue, type IngestQueue, type OnIngested, type UnseenFiles } from '../worktree/ingest-queue.ts'
import { type LocalFiles, tracksExecutableBit } from '../worktree/local-file.ts'
import { createSmallFileReader } from '../worktree/read-file.ts'
import { scanListings } from '../worktree/scan.ts'
import { type BuiltTree, FirstTree } from './first-tree.ts'
import { type InPlaceOption, inPlaceFrom } from './in-place.ts'
import type { OnProgress } from './progress.ts'
import { AbsentReplacedError } from './sparse-errors.ts'
import { StagedTable } from './staged-table.ts'
import { localFiles, readVersions, saveStats, type Versions } from './versions.ts'

export interface CollectOptions {
  /** What becomes of it, for what is prepared while the last packs are being written. */
  for: 'staging' | 'commit'
  /** Workspace paths; none means everything. */
  paths?: readonly string[] | undefined
  /** `all`: new, changed and deleted files. `named`: new and changed ones, and deleted ones that are named themselves.
   *  `tracked`: changed and deleted ones. `known`: these, and files that only staging has deleted. */
  scope: 'all' | 'named' | 'tracked' | 'known'
  includeIgnored?: boolean | undefined
  /** Large files hold their contents themselves (default: as `store.inPlace` says). */
  inPlace?: InPlaceOption
  signal?: AbortSignal | undefined
  /** Told of each file that was read. */
  onProgress?: OnProgress | undefined
}

export interface Collected {
  /** What it was compared with. */
  readonly versions: Versions
  readonly files: LocalFiles
  /** What differs from what was staged before. */
  readonly changes: StagedTable
  /** Where nothing was tracked or staged before, and files came in path order: the tree of them all,
   *  which is in the session. */
  tree?: BuiltTree | undefined
  /** What the files `staging` and `stat` will hold where nothing else is in them, encoded already. */
  staging?: Uint8Array[]
  stats?: Uint8Array[]
}

/** So many files at most are encoded ahead: in memory they take some 250 bytes each. */
const MAX_AHEAD = 200_000

/** Remembers what was seen of the files that were read. Once the session is sealed. */
export async function saveCollectedStats(workspace: Workspace, collected: Collected): Promise<void> {
  const { files, changes, stats: pieces } = collected
  if (files.updates.size > 0) for (const [path, record] of changes.statUpdates) files.updates.set(path, record)
  const updates = files.updates.size > 0 ? files.updates : { ...changes.statUpdates, pieces }
  await saveStats(workspace, { ...files, updates })
}

/** Reads new contents into the session; what became of them is durable once that is sealed. The first file that cannot be
 *  read ends it.
 *  @throws {UnreadableError} WORKTREE_UNREADABLE */
export async function collect(
  workspace: Workspace,
  session: WriteSession,
  options: CollectOptions,
): Promise<Collected> {
  const versions = await readVersions(workspace)
  const files = localFiles(workspace)
  await using pool = createChunkPool()
  const { fs, root } = workspace
  const readSmall = createSmallFileReader(fs, root, ONE_CHUNK_BYTES)
  const sizingOf = chunkSizings(readAttributes(fs, root))
  const fromBytes = await inPlaceFrom(workspace, options.inPlace)
  const inPlace = fromBytes === null ? undefined : { fromBytes, stampNs: files.stampNs }
  const context: IngestContext = { fs, root, session, pool, readSmall, sizingOf, inPlace, signal: options.signal }
  const changes = new StagedTable()
  const collected: Collected = { versions, files, changes }
  const { scope } = options
  const takesNew = (path: string) =>
    scope === 'known' ? versions.staging.get(path) === null : scope === 'all' || scope === 'named'
  const isFirst = scope !== 'known' && versions.stagedTree === (await buildTree([], createMemoryObjects().write))
  const tree = isFirst && versions.staging.count === 0 && options.for === 'commit' ? new FirstTree() : undefined
  const gone: string[] = []
  let doneFiles = 0
  let doneBytes = 0
  const told = (path: string, bytes: number) => {
    doneFiles++
    doneBytes += bytes
    options.onProgress?.({ $kind: 'staging', doneFiles, doneBytes, path })
  }
  const unseen: UnseenFiles = {
    clock: { ns: files.stampNs, device: fs.stat(workspace.tmpDir)?.device ?? -1n },
    onRow(path, rows, row) {
      const bytes = changes.setRow(path, rows, row)
      tree?.add(entryOfRow(path, rows, row))
      told(path, bytes)
    },
    onIngested({ entry, stat }) {
      const record = statRecord(stat, entry.fileId, files.stampNs)
      if (stat.kind === 'file' && !record) files.updates.set(entry.path, null)
      changes.set(entry.path, entry, 'added', record)
      tree?.add(entry)
      told(entry.path, entry.bytes)
    },
  }
  await using queue = createIngestQueue(context, { threads: readingThreads(), unseen })
  if (isFirst) {
    if (scope !== 'tracked') await addEverything(files, queue, unseen.onIngested, options)
    await queue.finish(async () => {
      collected.tree = await tree?.finish(session.put)
      if (changes.count > MAX_AHEAD) return
      if (options.for === 'staging') collected.staging = [...encodeStagedRecords(changes.records())]
      collected.stats = [...encodeStats(changes.statUpdates.toWrite!())]
    })
    return collected
  }
  const directories = new Set<string>()
  // Asked for by name, a file that is as committed is recorded anew if what held its contents is lost.
  const isRecording = options.inPlace !== undefined && options.inPlace !== false && scope !== 'tracked'
  const walk = { ...options, changesOnly: !isRecording }
  const states = compareWithTree(files, versions.read, versions.stagedTree, walk)
  for await (const state of states) {
    if (state.$kind === 'problem') {
      if (!state.entry && !takesNew(state.path)) continue
      throw state.error
    }
    if (state.$kind === 'deleted') {
      gone.push(state.path)
      continue
    }
    // Nobody here has seen what this would replace.
    if (state.$kind === 'tracked' && isUnseen(versions, files, state) && !options.includeIgnored)
      throw new AbsentReplacedError(state.path)
    if (isRecording && (await lacksContents(workspace, versions, state, fromBytes))) {
      const room = queue.add(state.path, state.stat, () => {})
      if (room) await room
    }
    if (state.$kind === 'untracked' ? !takesNew(state.path) : state.difference === 'same') continue
    const status = statusOf(state)
    const take = (entry: TreeEntry, record?: Uint8Array | null) => {
      changes.set(entry.path, entry, status, record)
      told(entry.path, entry.bytes)
    }
    if (state.$kind === 'untracked') await dropFileAbove(versions, changes, state.path, directories)
    if (state.$kind === 'tracked' && state.difference === 'mode') {
      take({ ...state.entry, executable: state.stat.executable })
      continue
    }
    const room = queue.add(state.path, state.stat, ({ entry, stat }) => {
      const record = statRecord(stat, entry.fileId, files.stampNs)
      // Where a stat proves nothing, what was known of the path is forgotten.
      if (stat.kind === 'file' && !record) files.updates.set(state.path, null)
      // Where the system has no executable bit, the one that was committed stands.
      const keepsBit = !tracksExecutableBit && state.$kind === 'tracked' && state.entry.kind === entry.kind
      take(keepsBit ? { ...entry, executable: state.entry.executable } : entry, record)
    })
    if (room) await room
  }
  await queue.finish()
  const named = new Set(options.paths)
  const isNamed = (path: string) => scope !== 'named' || named.has(path)
  for (const path of gone) if (isNamed(path) || isReplaced(path, changes)) changes.set(path, null)
  return collected
}

/** Where nothing is tracked, all that is found is new, and need not be compared with anything. */
async function addEverything(
  { fs, root }: LocalFiles,
  queue: IngestQueue,
  onIngested: OnIngested,
  options: CollectOptions,
): Promise<void> {
  const breathe = createBreather(options.signal)
  for (const at of outermost(options.paths)) {
    for (const item of scanListings(fs, root, { at, includeIgnored: options.includeIgnored ?? false })) {
      if (item.$kind === 'problem') throw item.error
      const room = item.$kind === 'listed' ? queue.addUnseen(item.path) : queue.add(item.path, item.stat, onIngested)
      if (room) await room
      const pause = breathe()
      if (pause) await pause
    }
  }
}

/** A large file that is as it was committed, and of which not all chunks can be had from this disk. */
async function lacksContents(
  { store }: Workspace,
  { read }: Versions,
  state: PathState,
  fromBytes: number | null,
): Promise<boolean> {
  if (state.$kind !== 'tracked' || state.difference !== 'same' || state.stat.kind !== 'file') return false
  if (fromBytes === null || state.entry.bytes < fromBytes) return false
  for await (const { id } of walkContentMap(read, state.entry)) if (!(await store.has('chunk', id))) return true
  return false
}

/** A path that was left out of the workspace, and on which there is another file now. */
function isUnseen(
  { staging }: Versions,
  files: LocalFiles,
  { path, difference }: Extract<PathState, { $kind: 'tracked' }>,
): boolean {
  return difference !== 'same' && files.wants?.(path) === false && !staging.get(path)
}

/** More threads than this only wait for the one that stores what they read. */
const MAX_READING_THREADS = 4

/** None where there is one processor only. */
function readingThreads(): number {
  const processors = availableParallelism()
  return processors < 2 ? 0 : Math.min(processors, MAX_READING_THREADS)
}

function statusOf(state: Extract<PathState, { $kind: 'tracked' | 'untracked' }>) {
  if (state.$kind === 'untracked') return 'added'
  return state.difference === 'type' ? 'type-changed' : state.difference === 'mode' ? 'mode-changed' : 'modified'
}

/** A deleted path where a staged one needs the place: `a` gave way to `a/b`, or `a/b` to `a`. */
function isReplaced(path: string, changes: StagedTable): boolean {
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1))
    if (changes.get(path.slice(0, slash))) return true
  return false
}

/** A tracked file in whose place there is a directory now. It may lie outside the paths that were named.
 *  @param known - directories already seen not to be tracked files */
async function dropFileAbove(
  versions: Versions,
  changes: StagedTable,
  path: string,
  known: Set<string>,
): Promise<void> {
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const above = path.slice(0, slash)
    if (known.has(above)) continue
    known.add(above)
    if (await findEntry(versions.read, versions.stagedTree, above)) changes.set(above, null)
  }
}
