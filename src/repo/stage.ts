/** Putting what is on disk into staging: what `add` and `commit -a` share. Under the lock. */

import { availableParallelism } from 'node:os'
import { type ChunkPool, createChunkPool } from '../chunking/pool.ts'
import { walkContentMap } from '../objects/content-map.ts'
import { comparePaths } from '../objects/path.ts'
import { createMemoryObjects } from '../objects/reader.ts'
import { buildTree, findEntry, sameEntry, type TreeEntry } from '../objects/tree.ts'
import type { HeldResult } from '../store/held-keep.ts'
import type { WriteSession } from '../store/local-store.ts'
import { encodeStagedRecords, type StagedChange } from '../store/staging.ts'
import { encodeStats, statRecord } from '../store/stat-cache.ts'
import type { Workspace } from '../store/workspace.ts'
import { chunkSizings, readAttributes } from '../worktree/attributes.ts'
import { createBreather } from '../worktree/breather.ts'
import { compareWithTree, outermost, type PathState } from '../worktree/compare.ts'
import { type IngestContext, ONE_CHUNK_BYTES } from '../worktree/ingest.ts'
import { createIngestQueue, type IngestQueue, type OnIngested, type UnseenFiles } from '../worktree/ingest-queue.ts'
import { type LocalFiles, tracksExecutableBit } from '../worktree/local-file.ts'
import { createSmallFileReader } from '../worktree/read-file.ts'
import { scanListings } from '../worktree/scan.ts'
import { type InPlaceOption, inPlaceFrom } from './in-place.ts'
import type { OnProgress } from './progress.ts'
import { AbsentReplacedError } from './sparse-errors.ts'
import { keepStaged } from './sparse-scope.ts'
import { type AddedFile, StagedTable } from './staged-table.ts'
import { localFiles, readVersions, saveStats, type Versions } from './versions.ts'

export interface StageOptions {
  /** Workspace paths; none means everything. */
  paths?: readonly string[] | undefined
  /** `all`: new, changed and deleted files. `named`: new and changed ones, and deleted ones that are named themselves.
   *  `tracked`: changed and deleted ones. */
  scope: 'all' | 'named' | 'tracked'
  includeIgnored?: boolean | undefined
  /** Large files hold their contents themselves (default: as `store.inPlace` says). */
  inPlace?: InPlaceOption
  signal?: AbortSignal | undefined
  /** Told of each file that was read. */
  onProgress?: OnProgress | undefined
}

export interface StageResult {
  /** Made when it is asked for: of a million files it takes more memory than all the rest. */
  readonly added: AddedFile[]
  removed: string[]
  /** Number and size of what was added. */
  files: number
  bytes: number
  newBytes: number
  /** Files that hold their contents themselves from now on, and what that lost of earlier versions. */
  inPlace: HeldResult[]
}

/** Reads new contents into the store, makes them durable, then replaces staging. The first file that cannot be read
 *  ends it, with nothing staged. */
export async function stage(workspace: Workspace, options: StageOptions): Promise<StageResult> {
  const versions = await readVersions(workspace)
  const files = localFiles(workspace)
  const session = await workspace.store.begin()
  try {
    await using pool = createChunkPool()
    const ahead: Ahead = {}
    const staged = await collect(workspace, versions, files, session, pool, options, ahead)
    await session.seal()
    await keepStaged(workspace, versions, staged)
    // Over nothing that was staged before, it is the overlay as it is.
    if (staged.size > 0 && versions.staging.count === 0)
      await workspace.writeStagedRecords(ahead.staging ?? encodeStagedRecords(staged.records()))
    else if (staged.size > 0) await workspace.writeStaging(await overlay(versions, staged))
    if (files.updates.size > 0) for (const [path, record] of staged.statUpdates) files.updates.set(path, record)
    const updates = files.updates.size > 0 ? files.updates : { ...staged.statUpdates, pieces: ahead.stats }
    await saveStats(workspace, { ...files, updates })
    return {
      get added() {
        return staged.added()
      },
      removed: staged.removed(),
      files: staged.files,
      bytes: staged.bytes,
      newBytes: session.newBytes,
      inPlace: [...session.held],
    }
  } finally {
    session.abort()
  }
}

/** What both files will hold where nothing else is in them, encoded while the last packs were being written. */
interface Ahead {
  staging?: Uint8Array[]
  stats?: Uint8Array[]
}

/** So many files at most are encoded ahead: in memory they take some 250 bytes each. */
const MAX_AHEAD = 200_000

async function collect(
  workspace: Workspace,
  versions: Versions,
  files: LocalFiles,
  session: WriteSession,
  pool: ChunkPool,
  options: StageOptions,
  ahead: Ahead,
): Promise<StagedTable> {
  const { fs, root } = workspace
  const readSmall = createSmallFileReader(fs, root, ONE_CHUNK_BYTES)
  const sizingOf = chunkSizings(readAttributes(fs, root))
  const fromBytes = await inPlaceFrom(workspace, options.inPlace)
  const inPlace = fromBytes === null ? undefined : { fromBytes, stampNs: files.stampNs }
  const context: IngestContext = { fs, root, session, pool, readSmall, sizingOf, inPlace, signal: options.signal }
  const changes = new StagedTable()
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
    onRow: (path, rows, row) => told(path, changes.setRow(path, rows, row)),
    onIngested({ entry, stat }) {
      const record = statRecord(stat, entry.fileId, files.stampNs)
      if (stat.kind === 'file' && !record) files.updates.set(entry.path, null)
      changes.set(entry.path, entry, 'added', record)
      told(entry.path, entry.bytes)
    },
  }
  await using queue = createIngestQueue(context, { threads: readingThreads(), unseen })
  if (versions.stagedTree === (await buildTree([], createMemoryObjects().write))) {
    if (options.scope !== 'tracked') await addEverything(files, queue, unseen.onIngested, options)
    await queue.finish(() => {
      if (changes.size > MAX_AHEAD) return
      ahead.staging = [...encodeStagedRecords(changes.records())]
      ahead.stats = [...encodeStats(changes.statUpdates.toWrite!())]
    })
    return changes
  }
  const directories = new Set<string>()
  // Asked for by name, a file that is as committed is recorded anew if what held its contents is lost.
  const isRecording = options.inPlace !== undefined && options.inPlace !== false && options.scope !== 'tracked'
  const walk = { ...options, changesOnly: !isRecording }
  const states = compareWithTree(files, versions.read, versions.stagedTree, walk)
  for await (const state of states) {
    if (state.$kind === 'problem') {
      if (options.scope === 'tracked' && !state.entry) continue
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
    if (state.$kind === 'untracked' ? options.scope === 'tracked' : state.difference === 'same') continue
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
  const isNamed = (path: string) => options.scope !== 'named' || named.has(path)
  for (const path of gone) if (isNamed(path) || isReplaced(path, changes)) changes.set(path, null)
  return changes
}

/** Where nothing is tracked, all that is found is new, and need not be compared with anything. */
async function addEverything(
  { fs, root }: LocalFiles,
  queue: IngestQueue,
  onIngested: OnIngested,
  options: StageOptions,
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

/** The new overlay, in path order: the old one with the changes, without what equals HEAD again. */
export async function overlay(
  versions: Pick<Versions, 'read' | 'headTree' | 'staging'>,
  changes: ReadonlyMap<string, TreeEntry | null> | StagedTable,
): Promise<Iterable<StagedChange>> {
  const { staging } = versions
  const asBefore = new Set<string>()
  if (staging.count > 0)
    // Only what was staged before can have come back to what HEAD has, so only that is looked up.
    for (const [path, entry] of changes)
      if (staging.get(path) !== undefined && (await equalsHead(versions, path, entry))) asBefore.add(path)
  return merged(staging.changes(), inOrder(changes), asBefore)
}

function inOrder(changes: ReadonlyMap<string, TreeEntry | null> | StagedTable): Iterator<StagedChange> {
  if (changes instanceof StagedTable) return changes.changes()
  const sorted = [...changes].sort(([a], [b]) => comparePaths(a, b))
  return sorted.map(([path, entry]) => ({ path, entry })).values()
}

/** @param left - paths to be left out */
function* merged(
  before: Iterator<StagedChange>,
  changes: Iterator<StagedChange>,
  left: ReadonlySet<string>,
): Generator<StagedChange> {
  let old = before.next()
  let change = changes.next()
  while (!old.done || !change.done) {
    const order = old.done ? 1 : change.done ? -1 : comparePaths(old.value.path, change.value.path)
    if (order < 0) yield old.value
    else if (!left.has(change.value.path)) yield change.value
    if (order <= 0) old = before.next()
    if (order >= 0) change = changes.next()
  }
}

async function equalsHead(
  { read, headTree }: Pick<Versions, 'read' | 'headTree'>,
  path: string,
  entry: TreeEntry | null,
): Promise<boolean> {
  const before = await findEntry(read, headTree, path)
  if (!before || !entry) return !before && !entry
  return sameEntry(before, entry)
}
