/** `import`: brings what a folder, a git repository (with Git LFS) or a DVC repository holds, with its history. Branches
 *  appear as those of a remote do, tags as tags. Run again it goes on where it stopped, and brings only what is new. */

import { realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { UsageError } from '../base/errors.ts'
import { type DvcCache, dvcCacheDir, openDvcCache } from '../migration/dvc-cache.ts'
import { DVC_DIR } from '../migration/dvc-file.ts'
import { ImportSourceError } from '../migration/errors.ts'
import { openGitObjects } from '../migration/git-process.ts'
import { findGitRepository, type GitPlace, type GitRefs, readGitRefs } from '../migration/git-repository.ts'
import type { CommitAuthor } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import { isAtOrBelow } from '../objects/path.ts'
import { refNameProblem } from '../objects/ref-name.ts'
import { GIT_SETTINGS, gitEnvironment } from '../provenance/git-environment.ts'
import type { FileSystem } from '../store/file-system.ts'
import { statCacheFiles } from '../store/stat-cache.ts'
import { FLOE_DIR, type Workspace } from '../store/workspace.ts'
import { configuredAuthor } from './commit.ts'
import { importFolder } from './import-folder.ts'
import { importGitHistory } from './import-git.ts'
import { journalPath, statCachePath } from './import-journal.ts'
import { placeRefs, type WantedRef } from './import-refs.ts'
import { createNoteBook, type ImportCounts, type ImportResult, type SourceKind } from './import-result.ts'
import { readOperation } from './operation.ts'
import type { OnProgress } from './progress.ts'
import { writeFollowed } from './upstream.ts'

export interface ImportOptions {
  /** Absolute path. */
  source: string
  /** Its branches are `name/branch` here (default: made of the source's own name). */
  name?: string | undefined
  /** Of the version that a folder becomes. */
  message?: string | undefined
  author?: CommitAuthor | undefined
  /** A cache of DVC, or a remote in a folder, instead of the one that the source names. */
  dvcCache?: string | undefined
  /** Import without contents that are not at the source: pointers stay in their place. */
  skipMissing?: boolean | undefined
  /** Write the files where the workspace had no version before (default true). */
  checkout?: boolean | undefined
  /** Only look what is there. */
  dryRun?: boolean | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

/** @throws {ImportSourceError} IMPORT_SOURCE_MISSING, IMPORT_SOURCE_FLOE, IMPORT_SOURCE_OVERLAPS (exit 2)
 *  @throws {ImportMissingError} IMPORT_CONTENT_MISSING (exit 1)
 *  @throws {ForeignObjectCorruptError} IMPORT_OBJECT_CORRUPT (exit 13)
 *  @throws {GitFailedError} IMPORT_GIT_ABSENT, IMPORT_GIT_FAILED (exit 1) */
export async function importSource(workspace: Workspace, options: ImportOptions): Promise<ImportResult> {
  const { fs } = workspace
  const source = await leadsTo(fs, options.source)
  if (fs.stat(source)?.kind !== 'directory')
    throw new ImportSourceError('IMPORT_SOURCE_MISSING', `${options.source} is no folder`, options.source, [
      'name a folder, a git repository or a DVC repository on this machine; `git clone` brings one from elsewhere',
    ])
  const git = findGitRepository(fs, source)
  const isDvc = fs.stat(`${source}/${DVC_DIR}`)?.kind === 'directory'
  if (!git) refuseOverlap(workspace, source)
  const name = options.name ?? defaultName(options.source, git)
  refuseName(workspace, name)
  const there = { ...options, source, message: options.message ?? `Import ${basename(options.source)}` }
  return workspace.withLock('import', () =>
    git ? fromGit(workspace, git, name, isDvc, there) : fromFolder(workspace, name, isDvc, there),
  )
}

/** Where a link leads, as people name folders by links; what leads nowhere is left to be refused. */
async function leadsTo(fs: FileSystem, source: string): Promise<string> {
  if (fs.stat(source)?.kind !== 'symlink') return source
  return realpath(source).catch(() => source)
}

async function fromGit(
  workspace: Workspace,
  place: GitPlace,
  name: string,
  isDvc: boolean,
  options: ImportOptions,
): Promise<ImportResult> {
  const notes = createNoteBook()
  const start = {
    gitDir: place.gitDir,
    environment: gitEnvironment(),
    settings: GIT_SETTINGS,
    signal: options.signal,
  }
  const { skipMissing = false, dryRun = false } = options
  let found: GitRefs
  {
    await using objects = openGitObjects(start)
    found = await readGitRefs(start, objects)
  }
  if (found.refs.length === 0)
    throw new ImportSourceError('IMPORT_SOURCE_EMPTY', `${options.source} has no branch or tag yet`, options.source, [
      'commit something there first; what is not committed is not imported',
    ])
  for (const tag of found.odd) notes.leaveOut(tag, 'it is a tag of something else than a commit')
  const tips = [...new Set(found.refs.map(({ commit }) => commit))]
  const counts = await importGitHistory(workspace, start, place, tips, {
    name,
    skipMissing,
    dryRun,
    dvcCacheOf: dvcCaches(workspace.fs, place.workTree, options.dvcCache),
    notes,
    signal: options.signal,
    onProgress: options.onProgress,
  })
  const { imported, ...rest } = counts
  const wanted: WantedRef[] = found.refs.flatMap(({ name: ref, commit, isLocal }) => {
    const made = imported.get(commit)
    return made ? [{ name: ref, commit: made.commit, isLocal }] : []
  })
  return finish(workspace, name, isDvc ? 'dvc' : 'git', rest, wanted, found.head, notes, options)
}

async function fromFolder(
  workspace: Workspace,
  name: string,
  isDvc: boolean,
  options: ImportOptions,
): Promise<ImportResult> {
  const notes = createNoteBook()
  const { source, skipMissing = false, dryRun = false } = options
  const parent = workspace.refs.read(`remotes/${name}/${FOLDER_BRANCH}`)
  const { commit, ...counts } = await importFolder(workspace, source, parent, {
    name,
    message: options.message ?? `Import ${basename(source)}`,
    author: options.author ?? configuredAuthor(workspace),
    dvcCacheOf: isDvc ? dvcCaches(workspace.fs, source, options.dvcCache) : undefined,
    skipMissing,
    dryRun,
    notes,
    signal: options.signal,
    onProgress: options.onProgress,
  })
  const branch = `heads/${FOLDER_BRANCH}`
  const wanted: WantedRef[] = commit ? [{ name: branch, commit, isLocal: true }] : []
  return finish(workspace, name, isDvc ? 'dvc' : 'folder', counts, wanted, branch, notes, options)
}

const FOLDER_BRANCH = 'main'

async function finish(
  workspace: Workspace,
  name: string,
  kind: SourceKind,
  counts: ImportCounts,
  wanted: readonly WantedRef[],
  head: string | null,
  notes: ReturnType<typeof createNoteBook>,
  options: ImportOptions,
): Promise<ImportResult> {
  const isDry = options.dryRun ?? false
  const placed: Pick<ImportResult, 'updated' | 'keptTags' | 'branch' | 'written'> = isDry
    ? { updated: [], keptTags: [], branch: null, written: null }
    : await placeRefs(workspace, name, wanted, head, notes, options)
  const { missing, leftOut, warnings, missingCount, leftOutCount } = notes
  const isNew = counts.commits > 0 || placed.updated.length > 0
  return {
    $kind: isDry ? 'dry-run' : isNew ? 'imported' : 'up-to-date',
    source: { kind, path: options.source },
    name,
    ...counts,
    ...placed,
    missing,
    leftOut,
    warnings,
    missingCount,
    leftOutCount,
  }
}

/** The cache of the DVC repository that a description belongs to: the nearest folder above with `.dvc` in it. */
function dvcCaches(fs: FileSystem, root: string | null, given: string | undefined) {
  const known = new Map<string, DvcCache | undefined>()
  const only = given === undefined ? undefined : openDvcCache(fs, given)
  const at = (folder: string): DvcCache | undefined => {
    if (known.has(folder)) return known.get(folder)
    const dir = folder === '.' ? root! : `${root}/${folder}`
    const isTop = fs.stat(`${dir}/${DVC_DIR}`)?.kind === 'directory'
    const cache = isTop ? openDvcCache(fs, dvcCacheDir(fs, dir)) : folder === '.' ? undefined : at(dirname(folder))
    known.set(folder, cache)
    return cache
  }
  return (description: string) => only ?? (root === null ? undefined : at(dirname(description)))
}

/** A folder that holds the workspace, or lies in it, would be imported into itself. */
function refuseOverlap(workspace: Workspace, source: string): void {
  if (workspace.fs.stat(`${source}/${FLOE_DIR}`) && source !== workspace.root)
    throw new ImportSourceError('IMPORT_SOURCE_FLOE', `${source} is a workspace of Floe`, source, [
      '`floe bundle create` there and `floe bundle unbundle` here carry its versions over',
    ])
  if (isAtOrBelow(source, workspace.root) || isAtOrBelow(workspace.root, source))
    throw new ImportSourceError('IMPORT_SOURCE_OVERLAPS', `${source} and the workspace contain one another`, source, [
      'files of the workspace are versioned with `floe add` and `floe commit`',
    ])
}

/** The name of the folder, of a bare repository without `.git`, as far as a ref can be called so. */
function defaultName(source: string, git: GitPlace | null): string {
  const base = git && git.workTree === null ? basename(source).replace(/\.git$/, '') : basename(source)
  const name = base.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '')
  return name === '' ? 'import' : name.slice(0, 64)
}

function refuseName(workspace: Workspace, name: string): void {
  const problem = refNameProblem(`remotes/${name}/main`) ?? (name.includes('/') ? 'it contains "/"' : null)
  const isRemote = Object.hasOwn(workspace.readConfig().remotes ?? {}, name)
  if (!problem && !isRemote) return
  // What is known of a remote decides what a push leaves out.
  throw new UsageError(
    'IMPORT_NAME_REFUSED',
    isRemote ? `there is a remote called "${name}"` : `"${name}" cannot name an import: ${problem}`,
    { data: { name }, hints: ['`--name NAME` gives the import another name'] },
  )
}

export interface ForgottenImport {
  name: string
  /** What is gone: `remotes/old/main`, and with `all` also `heads/main` and `tags/v1`. */
  refs: string[]
  /** Where these were. */
  commits: ObjectId[]
  /** Branches and tags of this workspace that the import made, which stay. */
  kept: { ref: string; isMoved: boolean; isCurrent: boolean }[]
}

export interface ForgetImportOptions {
  /** Its tags and branches of this workspace as well, save the current one and those that have moved since. */
  all?: boolean | undefined
}

/** Takes back what an import brought, save its tags, branches of this workspace, and what was made of it. The objects go
 *  with the next `gc`.
 *  @throws {UsageError} IMPORT_UNKNOWN (exit 2) */
export async function forgetImport(
  workspace: Workspace,
  name: string,
  { all = false }: ForgetImportOptions = {},
): Promise<ForgottenImport> {
  refuseName(workspace, name)
  return workspace.withLock('import', async () => {
    const made = all ? refsOfImport(workspace, name).filter(({ isMoved, isCurrent }) => !isMoved && !isCurrent) : []
    const doomed = new Set(made.map(({ ref }) => ref))
    const refs = workspace.refs.list().filter((ref) => ref.name.startsWith(`remotes/${name}/`) || doomed.has(ref.name))
    const kept = [journalPath(workspace, name), ...statCacheFiles(statCachePath(workspace, name))]
    const files = kept.filter((path) => workspace.fs.stat(path))
    if (refs.length + files.length === 0)
      throw new UsageError('IMPORT_UNKNOWN', `nothing was imported as "${name}"`, { data: { name } })
    const branches = refs.filter((ref) => ref.name.startsWith('heads/'))
    await writeFollowed(workspace, Object.fromEntries(branches.map((ref) => [ref.name.slice('heads/'.length), null])))
    for (const ref of refs) await workspace.refs.update({ name: ref.name, next: null, reason: 'import: forgotten' })
    for (const path of files) workspace.fs.unlink(path)
    const commits = refs.map(({ id }) => id)
    return { name, refs: refs.map((ref) => ref.name), commits, kept: refsOfImport(workspace, name) }
  })
}

/** Branches and tags of this workspace that the import made: their logs begin with it. What else is in them is work of
 *  somebody. */
export function refsOfImport(workspace: Workspace, name: string): ForgottenImport['kept'] {
  const { refs } = workspace
  const reason = `import: ${name}`
  const head = refs.readHead()
  const current = head.$kind === 'branch' ? head.branch : readOperation(workspace)?.rebase?.branch
  return [...refs.list('heads/'), ...refs.list('tags/')].flatMap(({ name: ref }) => {
    const log = refs.reflog(ref)
    if (log.at(-1)?.reason !== reason) return []
    const isCurrent = ref === `heads/${current}`
    return [{ ref, isMoved: log.some((move) => move.reason !== reason), isCurrent }]
  })
}
