/** `add`: stages files. */

import { UsageError } from '../base/errors.ts'
import type { Workspace } from '../store/workspace.ts'
import { compareWithTree } from '../worktree/compare.ts'
import { PathGuard } from '../worktree/guard.ts'
import { PathSpecialError, PathsIgnoredError, PathsUnknownError } from './errors.ts'
import type { InPlaceOption } from './in-place.ts'
import { openConflicts } from './open-conflicts.ts'
import { isSelected } from './paths.ts'
import type { OnProgress } from './progress.ts'
import { type SettledConflicts, settleByStaging } from './settle.ts'
import { type StageResult, stage } from './stage.ts'
import { type StageWarning, stageWarnings } from './stage-warnings.ts'
import { localFiles, readVersions } from './versions.ts'

export interface AddOptions {
  /** Workspace paths, `''` for all. */
  paths?: readonly string[] | undefined
  /** Stage deletions too; without paths, everything. */
  all?: boolean | undefined
  /** Only files that are tracked: changes and deletions, nothing new; without paths, everywhere. */
  update?: boolean | undefined
  /** Add what `.floeignore` excludes. */
  force?: boolean | undefined
  dryRun?: boolean | undefined
  /** Large files hold their contents themselves, and are not copied (default: as `store.inPlace` says). */
  inPlace?: InPlaceOption
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface AddResult {
  readonly added: StageResult['added']
  removed: string[]
  /** Number and size of what was staged. */
  files: number
  bytes: number
  /** Bytes that the store did not have. */
  newBytes: number
  /** Files that hold their contents themselves from now on. */
  inPlace: StageResult['inPlace']
  /** Conflicts that this has settled. */
  settled: SettledConflicts | null
  warnings: StageWarning[]
}

/** @throws {PathsUnknownError} PATH_UNKNOWN (exit 2)
 *  @throws {PathsIgnoredError} PATH_IGNORED (exit 2)
 *  @throws {PathSpecialError} PATH_SPECIAL (exit 2)
 *  @throws {UnreadableError} WORKTREE_UNREADABLE, with nothing staged */
export async function add(workspace: Workspace, options: AddOptions = {}): Promise<AddResult> {
  const paths = options.paths && options.paths.length > 0 ? options.paths : options.all || options.update ? [''] : []
  if (paths.length === 0)
    throw new UsageError('ADD_NOTHING', 'nothing is named to add', {
      hints: [
        '`floe add .` adds everything here, `floe add -A` also stages deletions, `floe add -u` only what is tracked',
      ],
    })
  const request = {
    ...options,
    paths,
    scope: options.update ? 'tracked' : options.all ? 'all' : 'named',
    includeIgnored: options.force,
  } as const
  const result = options.dryRun ? await preview(workspace, request) : await staged(workspace, request)
  const { removed, files, bytes, newBytes, inPlace, settled } = result
  return {
    get added() {
      return result.added
    },
    removed,
    files,
    bytes,
    newBytes,
    inPlace,
    settled,
    warnings: stageWarnings(workspace, { added: () => result.added, inPlace }),
  }
}

interface Unmatched {
  unknown: string[]
  ignored: string[]
  /** Neither files nor folders nor links. */
  special: string[]
}

type Request = Parameters<typeof stage>[1]

type Staged = StageResult & Pick<AddResult, 'settled'>

async function staged(workspace: Workspace, request: Request): Promise<Staged> {
  return workspace.withLock('add', async () => {
    refuseUnmatched(workspace, await unmatchedPaths(workspace, request))
    const result = await stage(workspace, request)
    const { paths, scope } = request
    const guard = new PathGuard(workspace.fs, workspace.root)
    const isTaken = (path: string) =>
      scope === 'all' || paths?.includes(path) || result.removed.includes(path) || guard.stat(path) !== undefined
    const settled = await settleByStaging(workspace, (conflict) => {
      const isTracked = conflict.ours !== null || scope !== 'tracked'
      return isTracked && isSelected(conflict.path, paths) && isTaken(conflict.path)
    })
    return Object.assign(result, { settled })
  })
}

/** What would be staged, from stats and hashes, with nothing stored. */
async function preview(workspace: Workspace, request: Request): Promise<Staged> {
  const versions = await readVersions(workspace)
  const added: StageResult['added'] = []
  const removed: string[] = []
  refuseUnmatched(workspace, await unmatchedPaths(workspace, request))
  for await (const state of compareWithTree(localFiles(workspace), versions.read, versions.stagedTree, request)) {
    const { path } = state
    if (state.$kind === 'problem') throw state.error
    if (state.$kind === 'deleted') {
      if (request.scope !== 'named' || request.paths?.includes(path)) removed.push(path)
    } else if (state.$kind === 'untracked') {
      if (request.scope !== 'tracked') added.push({ path, bytes: state.stat.bytes, status: 'added' })
    } else if (state.difference !== 'same') added.push({ path, bytes: state.stat.bytes, status: 'modified' })
  }
  const bytes = added.reduce((sum, file) => sum + file.bytes, 0)
  return { added, removed, files: added.length, bytes, newBytes: 0, inPlace: [], settled: null }
}

/** Named paths that are neither on disk nor tracked; looked at before anything is read. */
async function unmatchedPaths(workspace: Workspace, request: Request): Promise<Unmatched> {
  const guard = new PathGuard(workspace.fs, workspace.root)
  const unknown: string[] = []
  const ignored: string[] = []
  const special: string[] = []
  const versions = await readVersions(workspace)
  const files = localFiles(workspace)
  const conflicts = new Set(openConflicts(workspace).map(({ path }) => path))
  for (const path of request.paths ?? []) {
    // Where there is no file, that is what is decided on.
    if (path === '' || conflicts.has(path)) continue
    const there = guard.stat(path)
    const states = compareWithTree(files, versions.read, versions.stagedTree, {
      paths: [path],
      includeIgnored: request.includeIgnored,
    })
    const first = await states.next()
    await states.return(undefined)
    if (!first.done) continue
    if (!there) unknown.push(path)
    else if (there.kind === 'other') special.push(path)
    else if (there.kind !== 'directory' || !isEmpty(workspace, path)) ignored.push(path)
  }
  return { unknown, ignored, special }
}

function isEmpty(workspace: Workspace, path: string): boolean {
  return workspace.fs.readDirectory(`${workspace.root}/${path}`).length === 0
}

function refuseUnmatched(workspace: Workspace, found: Unmatched): void {
  if (found.unknown.length > 0) throw new PathsUnknownError(found.unknown, workspace.root)
  if (found.special.length > 0) throw new PathSpecialError(found.special)
  if (found.ignored.length > 0) throw new PathsIgnoredError(found.ignored)
}
