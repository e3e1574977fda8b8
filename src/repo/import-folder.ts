/** A plain folder, or one that DVC keeps without git, as one more version on what was imported of it before. Files that
 *  have not changed since are not read again: what their stats were is remembered beside the journal. */

import { createChunkPool } from '../chunking/pool.ts'
import { CHUNK_PROFILE } from '../chunking/profile.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { readCommit } from '../history/commits.ts'
import type { DvcCache } from '../migration/dvc-cache.ts'
import { DVC_DIR } from '../migration/dvc-file.ts'
import { type CommitAuthor, encodeCommit } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import { comparePaths, isAtOrBelow } from '../objects/path.ts'
import { createMemoryObjects } from '../objects/reader.ts'
import { buildTree, findEntry, sameEntry, type TreeEntry, updateTree, walkTree } from '../objects/tree.ts'
import { ensureDirectory } from '../store/atomic-file.ts'
import type { WriteSession } from '../store/local-store.ts'
import { PathTable } from '../store/path-table.ts'
import { fileSystemNow, readStatCache, statRecord, writeStatCache } from '../store/stat-cache.ts'
import type { Workspace } from '../store/workspace.ts'
import { compareWithTree, type PathState } from '../worktree/compare.ts'
import { ingest, ONE_CHUNK_BYTES } from '../worktree/ingest.ts'
import { type LocalFiles, stampFor } from '../worktree/local-file.ts'
import { createSmallFileReader } from '../worktree/read-file.ts'
import { type ContentStore, contentsOfPath, entryOf, storeContent } from './import-contents.ts'
import { createDvcReader, type DvcFile, type DvcPlace, descriptionOf, isDvcInternal } from './import-dvc.ts'
import { statCachePath } from './import-journal.ts'
import { type ImportCounts, ImportMissingError, type NoteBook } from './import-result.ts'
import type { OnProgress } from './progress.ts'

export interface FolderImportOptions {
  name: string
  message: string
  author: CommitAuthor
  /** Of a folder that DVC keeps: what it describes is imported in place of what it describes it with. */
  dvcCacheOf: ((description: string) => DvcCache | undefined) | undefined
  skipMissing: boolean
  dryRun: boolean
  notes: NoteBook
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface FolderImport extends ImportCounts {
  /** The version that stands for the folder now; null in a dry run that found changes. */
  commit: ObjectId | null
}

/** The clock is that of the workspace's file system, since nothing is written into a source. On another one the clock may go
 *  wrong by hours, as where local time is kept, and tick in seconds: what has been at rest there for a day, by either
 *  clock, is known by its stat. */
const FOREIGN_REST_NS = 86_400_000_000_000n

/** Under the workspace lock.
 *  @param parent - what was imported of it before
 *  @throws {UnreadableError} WORKTREE_UNREADABLE, with nothing imported */
export async function importFolder(
  workspace: Workspace,
  source: string,
  parent: ObjectId | null,
  options: FolderImportOptions,
): Promise<FolderImport> {
  const { fs, store } = workspace
  const statPath = statCachePath(workspace, options.name)
  const memory = createMemoryObjects()
  const base = parent ? (await readCommit(store.read, parent)).tree : await buildTree([], memory.write)
  const read = parent ? store.read : memory.read
  const stampNs = fileSystemNow(fs, workspace.tmpDir)
  const { device } = fs.stat(workspace.tmpDir)!
  const files: LocalFiles = {
    fs,
    root: source,
    cache: readStatCache(fs, statPath),
    updates: new PathTable(),
    stampNs,
    stampOf: (stat) => (stat.device === device ? stampNs : stampNs - FOREIGN_REST_NS),
  }
  const counts: ImportCounts = {
    commits: 0,
    known: parent ? 1 : 0,
    files: 0,
    lfsFiles: 0,
    dvcFiles: 0,
    bytes: 0,
    newBytes: 0,
  }
  const session = await store.begin()
  try {
    await using pool = createChunkPool()
    const described = options.dvcCacheOf ? await describedFiles(files, options) : undefined
    if (options.notes.missingCount > 0 && !options.skipMissing) throw new ImportMissingError(options.notes)
    const changes = new Map<string, TreeEntry | null>()
    const context = {
      fs,
      root: source,
      session,
      pool,
      readSmall: createSmallFileReader(fs, source, ONE_CHUNK_BYTES),
      signal: options.signal,
    }
    const others = { count: 0, first: '' }
    const onOther = (path: string) => {
      if (others.count++ === 0) others.first = path
    }
    for await (const state of compareWithTree(files, read, base, {
      changesOnly: true,
      signal: options.signal,
      onOther,
    })) {
      if (described?.covers(state.path)) continue
      if (state.$kind === 'problem') throw state.error
      if (state.$kind === 'deleted') {
        changes.set(state.path, null)
        continue
      }
      counts.files++
      counts.bytes += state.stat.bytes
      const { files: doneFiles, bytes: doneBytes } = counts
      options.onProgress?.({ $kind: 'staging', doneFiles, doneBytes, path: state.path })
      if (options.dryRun) changes.set(state.path, null)
      else changes.set(state.path, await entryFor(context, files, state))
    }
    if (others.count > 0)
      options.notes.warn(
        'IMPORT_SPECIAL_FILES',
        `${others.first}${others.count > 1 ? ` and ${others.count - 1} more` : ''} left out: pipes, sockets and devices have no contents`,
      )
    if (described) await dropForgotten(described, read, base, changes, options.signal)
    if (described)
      await addDescribed(described, { session, pool, signal: options.signal }, read, base, changes, counts, options)
    if (changes.size === 0 && parent) return { ...counts, commit: parent }
    counts.commits = 1
    if (options.dryRun) return { ...counts, commit: null }
    const commit = await commitChanges(workspace, session, parent, base, changes, options)
    await ensureDirectory(fs, `${workspace.floeDir}/imports`)
    await writeStatCache(fs, statPath, files.cache, files.updates, { tmpDir: workspace.tmpDir })
    return { ...counts, newBytes: session.newBytes, commit }
  } finally {
    session.abort()
  }
}

async function entryFor(
  context: Parameters<typeof ingest>[0],
  files: LocalFiles,
  state: Extract<PathState, { $kind: 'tracked' | 'untracked' }>,
): Promise<TreeEntry> {
  if (state.$kind === 'tracked' && state.difference === 'mode')
    return { ...state.entry, executable: state.stat.executable }
  const { entry, stat } = await ingest(context, state.path, state.stat)
  if (stat.kind === 'file') files.updates.set(state.path, statRecord(stat, entry.fileId, stampFor(files, stat)))
  return entry
}

async function commitChanges(
  workspace: Workspace,
  session: WriteSession,
  parent: ObjectId | null,
  base: ObjectId,
  changes: ReadonlyMap<string, TreeEntry | null>,
  options: FolderImportOptions,
): Promise<ObjectId> {
  const sorted = [...changes].map(([path, entry]) => ({ path, entry })).sort((a, b) => comparePaths(a.path, b.path))
  const tree = parent
    ? await updateTree(session.read, session.put, base, sorted, { signal: options.signal })
    : await buildTree(
        sorted.flatMap(({ entry }) => entry ?? []),
        session.put,
      )
  const commit = encodeCommit({
    tree,
    parents: parent ? [parent] : [],
    author: options.author,
    timeMs: workspace.clock.now(),
    message: options.message,
    profile: CHUNK_PROFILE,
    attachments: new Map(),
  })
  const id = await session.put('commit', commit)
  await session.seal()
  return id
}

interface Described {
  files: Map<string, { file: DvcFile; description: string }>
  /** True for what is described, what describes it, and DVC's own folder. */
  covers(path: string): boolean
}

async function describedFiles(files: LocalFiles, options: FolderImportOptions): Promise<Described> {
  const { fs, root } = files
  const { notes, dvcCacheOf } = options
  const reader = createDvcReader(dvcCacheOf!, (path, reason) =>
    notes.warn('IMPORT_DVC_IGNORED', `${path} is kept as it is: ${reason}`),
  )
  const place: DvcPlace = {
    async find(path) {
      const stat = fs.stat(`${root}/${path}`)
      if (stat?.kind !== 'file') return undefined
      const text = async (most: number) => new TextDecoder().decode(fs.readFile(`${root}/${path}`, most))
      return { id: sha256Hex(fs.readFile(`${root}/${path}`, MAX_DESCRIPTION_BYTES)), text }
    },
  }
  const memory = createMemoryObjects()
  const found = new Map<string, { file: DvcFile; description: string }>()
  const outputs: string[] = []
  const replaced = new Set<string>()
  const descriptions = new Set<string>()
  for await (const state of compareWithTree(files, memory.read, await buildTree([], memory.write))) {
    if (isDvcInternal(state.path)) continue
    const description = descriptionOf(state.path)
    if (description !== undefined) descriptions.add(description)
  }
  for (const description of descriptions) {
    const described = await reader.filesOf(place, description)
    if (!described) continue
    const cache = dvcCacheOf!(description)
    let isWhole = described.missing.length === 0 && described.outputs.length > 0
    for (const { path, md5 } of described.outputs) if (md5 !== null) outputs.push(path)
    for (const { id, path } of described.missing) if (id !== '') notes.addMissing({ kind: 'dvc', id, path })
    for (const file of described.files.values()) {
      if (cache?.open(file.md5, file.isLegacy)) found.set(file.path, { file, description })
      else {
        isWhole = false
        notes.addMissing({ kind: 'dvc', id: file.md5, path: file.path })
      }
    }
    if (isWhole && description.endsWith('.dvc')) replaced.add(description)
  }
  return {
    files: found,
    covers: (path) =>
      path === DVC_DIR ||
      isDvcInternal(path) ||
      replaced.has(path) ||
      outputs.some((output) => isAtOrBelow(path, output)),
  }
}

const MAX_DESCRIPTION_BYTES = 32 << 20

/** What the version before has in places where descriptions decide, and they do not name any more. */
async function dropForgotten(
  described: Described,
  read: Parameters<typeof findEntry>[0],
  base: ObjectId,
  changes: Map<string, TreeEntry | null>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const { path } of walkTree(read, base, { signal }))
    if (described.covers(path) && !described.files.has(path)) changes.set(path, null)
}

async function addDescribed(
  described: Described,
  store: ContentStore,
  read: Parameters<typeof findEntry>[0],
  base: ObjectId,
  changes: Map<string, TreeEntry | null>,
  counts: ImportCounts,
  options: FolderImportOptions,
): Promise<void> {
  for (const [path, { file, description }] of described.files) {
    const source = options.dvcCacheOf!(description)!.open(file.md5, file.isLegacy)!
    counts.dvcFiles++
    if (options.dryRun) continue
    counts.files++
    counts.bytes += source.bytes
    const stored = await contentsOfPath(path, () => storeContent(store, source.pieces(), source.bytes))
    const entry = entryOf(path, file.isExecutable ? 'executable' : 'file', stored)
    const before = await findEntry(read, base, path)
    if (!before || !sameEntry(before, entry)) changes.set(path, entry)
  }
}
