/** A git repository's history, commit by commit: with the contents that Git LFS and DVC keep beside it.
 *
 *  The same history gives the same commits everywhere: ids depend on the source alone. Commits are made parents first and
 *  become durable in batches, each noted in a journal, so that an import that was cut off goes on from the last batch. */

import { throwIfAborted } from '../base/abort.ts'
import { createChunkPool } from '../chunking/pool.ts'
import { readCommit } from '../history/commits.ts'
import type { DvcCache } from '../migration/dvc-cache.ts'
import { isDvcFile } from '../migration/dvc-file.ts'
import { type GitObjects, type GitStart, openGitObjects } from '../migration/git-process.ts'
import {
  type GitPlace,
  type ListedCommit,
  lfsObjectsDir,
  listDvcBlobs,
  listGitCommits,
  listSmallBlobs,
} from '../migration/git-repository.ts'
import { lfsObjectPath, MAX_LFS_POINTER_BYTES, parseLfsPointer } from '../migration/lfs-pointer.ts'
import { MAX_PARENTS } from '../objects/commit.ts'
import { pathProblem } from '../objects/path.ts'
import type { Workspace } from '../store/workspace.ts'
import { createDvcReader } from './import-dvc.ts'
import { createCommitMaker } from './import-git-commit.ts'
import { createGitTrees } from './import-git-walk.ts'
import { appendImportJournal, believedImports, type Imported, parentsOf } from './import-journal.ts'
import { type ImportCounts, ImportMissingError, type NoteBook } from './import-result.ts'
import type { OnProgress } from './progress.ts'

export interface GitImportOptions {
  name: string
  skipMissing: boolean
  dryRun: boolean
  /** The cache that a description of DVC belongs to. */
  dvcCacheOf: (description: string) => DvcCache | undefined
  notes: NoteBook
  /** Contents that are not read again (default a million). */
  rememberedContents?: number | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface GitImport extends ImportCounts {
  /** Commit of git → commit of Floe. */
  imported: ReadonlyMap<string, Imported>
}

/** A batch becomes durable after so much. */
const BATCH_COMMITS = 2000
const BATCH_BYTES = 2 ** 30
const BATCH_MS = 60_000

/** Under the workspace lock.
 *  @param tips - commits of git whose history is wanted
 *  @throws {ImportMissingError} IMPORT_CONTENT_MISSING (exit 1), before anything was read at length */
export async function importGitHistory(
  workspace: Workspace,
  start: GitStart,
  place: GitPlace,
  tips: readonly string[],
  options: GitImportOptions,
): Promise<GitImport> {
  const { signal, notes } = options
  const listed = await listGitCommits(start, tips)
  const imported = await believed(workspace, listed, options)
  const fresh = listed.filter(({ id }) => !imported.has(id))
  const counts: ImportCounts = {
    commits: fresh.length,
    known: imported.size,
    files: 0,
    lfsFiles: 0,
    dvcFiles: 0,
    bytes: 0,
    newBytes: 0,
  }
  if (fresh.length === 0) return { ...counts, imported }
  let dir: Promise<string> | undefined
  const lfsDir = () => {
    dir ??= lfsObjectsDir(start, place)
    return dir
  }
  await using blobs = openGitObjects(start)
  await inspect(workspace, start, blobs, lfsDir, { wanted: tips, have: headsOf(listed, imported) }, options, counts)
  if (notes.missingCount > 0 && !options.skipMissing) throw new ImportMissingError(notes)
  if (options.dryRun) return { ...counts, imported }
  await using structures = openGitObjects(start)
  await using pool = createChunkPool()
  const session = await workspace.store.begin()
  try {
    Object.assign(counts, { files: 0, lfsFiles: 0, dvcFiles: 0, bytes: 0 })
    const trees = createGitTrees(structures, notes.leaveOut)
    const dvc = createDvcReader(options.dvcCacheOf, (path, reason) =>
      notes.warn('IMPORT_DVC_IGNORED', `${path} is kept as it is: ${reason}`),
    )
    const { fs } = workspace
    const maker = createCommitMaker({ fs, session, pool, structures, blobs, trees, dvc, lfsDir, counts, ...options })
    let batch = new Map<string, Imported>()
    let sealedBytes = 0
    let sealedMs = workspace.clock.now()
    const seal = async () => {
      await session.seal()
      maker.sealed()
      await appendImportJournal(workspace, options.name, batch)
      batch = new Map()
      sealedBytes = session.newBytes
      sealedMs = workspace.clock.now()
    }
    for (const [index, commit] of fresh.entries()) {
      throwIfAborted(signal)
      const made = await maker.make(commit, imported)
      imported.set(commit.id, made)
      batch.set(commit.id, made)
      const { files, bytes } = counts
      options.onProgress?.({
        $kind: 'importing',
        doneCommits: index + 1,
        totalCommits: fresh.length,
        doneFiles: files,
        doneBytes: bytes,
      })
      const isFull =
        batch.size >= BATCH_COMMITS ||
        session.newBytes - sealedBytes >= BATCH_BYTES ||
        maker.isFull() ||
        workspace.clock.now() - sealedMs >= BATCH_MS
      if (isFull) await seal()
    }
    await seal()
    return { ...counts, newBytes: session.newBytes, imported }
  } finally {
    session.abort()
  }
}

/** Commits that an earlier run brought: those that are here, whole, and whose parents are what their own became. */
async function believed(
  workspace: Workspace,
  listed: readonly ListedCommit[],
  { name, skipMissing, signal }: GitImportOptions,
): Promise<Map<string, Imported>> {
  const journal = await believedImports(workspace, name, signal)
  const found = new Map<string, Imported>()
  for (const { id, parents } of listed) {
    const known = journal.get(id)
    // What was missing may be there now, and history that was cut off may have grown.
    if (!known || (known.isPartial && !skipMissing) || !parents.every((parent) => found.has(parent))) continue
    const { parents: made } = await readCommit(workspace.store.readLocal, known.commit, { signal })
    if (String(made) === String(parentsOf(parents, found).slice(0, MAX_PARENTS))) found.set(id, known)
  }
  return found
}

/** Known commits that no other known one has as its parent. */
function headsOf(listed: readonly ListedCommit[], imported: ReadonlyMap<string, Imported>): string[] {
  const heads = new Set(imported.keys())
  for (const { id, parents } of listed) if (imported.has(id)) for (const parent of parents) heads.delete(parent)
  return [...heads]
}

/** Looks what LFS and DVC would have to give, before anything is read at length: an hour later is too late to say that
 *  the last version lacks a file. */
async function inspect(
  { fs }: Workspace,
  start: GitStart,
  objects: GitObjects,
  lfsDir: () => Promise<string>,
  range: { wanted: readonly string[]; have: readonly string[] },
  { notes, dvcCacheOf }: GitImportOptions,
  counts: ImportCounts,
): Promise<void> {
  const small = new Map<string, string>()
  for await (const { id, path } of listSmallBlobs(start, range.wanted, range.have)) small.set(id, path)
  const seen = new Set<string>()
  for await (const object of objects.each(small.keys())) {
    if (object.type !== 'blob' || object.bytes > MAX_LFS_POINTER_BYTES) continue
    const pieces: Uint8Array[] = []
    for await (const piece of object.pieces) pieces.push(piece)
    const pointer = parseLfsPointer(Buffer.concat(pieces))
    if (!pointer || seen.has(pointer.id)) continue
    seen.add(pointer.id)
    const path = small.get(object.id)!
    const isThere = fs.stat(`${await lfsDir()}/${lfsObjectPath(pointer.id)}`)?.kind === 'file'
    if (!isThere || pointer.isExtended) notes.addMissing({ kind: 'lfs', id: pointer.id, path })
    else {
      counts.lfsFiles++
      counts.bytes += pointer.bytes
    }
  }
  const described = new Map<string, string>()
  // A path like `../x.dvc` would lead to the cache of another folder.
  for await (const { id, path } of listDvcBlobs(start, range.wanted, range.have))
    if (pathProblem(path) === null) described.set(id, path)
  const reader = createDvcReader(dvcCacheOf, () => {})
  for (const [id, path] of described) {
    const text = async (most: number) => {
      const blob = await objects.read(id, 'blob', most)
      return Buffer.from(blob?.bytes ?? []).toString('utf8')
    }
    // Without the pipeline beside it paths of a lock may be off, and what git keeps itself looks missing: the walk knows.
    const found = await reader.filesOf({ find: async (at) => (at === path ? { id, text } : undefined) }, path)
    const note = (missing: string, at: string) => {
      if (isDvcFile(path)) notes.addMissing({ kind: 'dvc', id: missing, path: at })
    }
    for (const { id: listing, path: at } of found?.missing ?? []) if (listing !== '') note(listing, at)
    for (const file of found?.files.values() ?? []) {
      if (seen.has(file.md5)) continue
      seen.add(file.md5)
      const source = dvcCacheOf(path)?.open(file.md5, file.isLegacy)
      if (!source) {
        note(file.md5, file.path)
        continue
      }
      counts.dvcFiles++
      counts.bytes += source.bytes
    }
  }
  counts.files = counts.lfsFiles + counts.dvcFiles
}
