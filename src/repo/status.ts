/** `status`: what is staged, what has changed since, what is not tracked. */

import { diffTrees, treeTotals } from '../objects/tree.ts'
import { STATUS_PURPOSE, type Workspace } from '../store/workspace.ts'
import { compareWithTree, type PathState } from '../worktree/compare.ts'
import { type Change, changeBetween } from './change.ts'
import { type ExpiryWarning, expiryWarnings } from './expiry-memory.ts'
import { fileRecord } from './file-record.ts'
import { type ConflictRecord, conflictRecords } from './integrate.ts'
import type { OperationKind } from './merge-errors.ts'
import { readOperation } from './operation.ts'
import { isSelected } from './paths.ts'
import { readSparse } from './sparse.ts'
import { localFiles, readVersions, saveStats } from './versions.ts'

export interface StatusOptions {
  /** Workspace paths; none means everything. */
  paths?: readonly string[] | undefined
  signal?: AbortSignal | undefined
}

export interface Status {
  head: { branch: string | null; commit: string | null; detached: boolean }
  /** A merge, cherry-pick or revert that waits for its conflicts to be resolved. */
  operation: { kind: OperationKind; conflicts: ConflictRecord[] } | null
  staged: Change[]
  unstaged: Change[]
  untracked: string[]
  /** Files that cannot be read or versioned. */
  problems: { code: string; message: string; path: string }[]
  /** What of the version this workspace has on disk, if not all: its rules, and how many paths are absent. */
  sparse: { rules: readonly string[]; absent: number } | null
  clean: boolean
  /** What refs of remotes need that is about to be lost, as this workspace remembers it. */
  expiring: ExpiryWarning[]
}

/** Changes nothing but the stat cache, and that only if no one else is writing. */
export async function statusOf(workspace: Workspace, options: StatusOptions = {}): Promise<Status> {
  const versions = await readVersions(workspace)
  const files = localFiles(workspace)
  const staged: Change[] = []
  for await (const { path, before, after } of diffTrees(versions.read, versions.headTree, versions.stagedTree)) {
    const change = isSelected(path, options.paths) ? changeBetween(path, before, after) : undefined
    if (change) staged.push(change)
  }
  const unstaged: Change[] = []
  const untracked: string[] = []
  const problems: Status['problems'] = []
  let absent = 0
  // Where the cache is not settled yet, unchanged files are counted: this walk may settle it.
  const isSettled = files.settled === versions.stagedTree
  let unchangedFiles = 0
  const walk = { ...options, changesOnly: isSettled, onAbsent: () => void absent++ }
  for await (const state of compareWithTree(files, versions.read, versions.stagedTree, walk)) {
    if (state.$kind === 'untracked') untracked.push(state.path)
    else if (state.$kind === 'problem')
      problems.push({ code: state.error.code, message: state.error.message, path: state.path })
    else {
      const change = worktreeChange(state)
      if (change) unstaged.push(change)
      else if (state.entry.kind === 'file') unchangedFiles++
    }
  }
  // A cache: if someone else is writing, it is saved next time.
  if (files.updates.size > 0)
    await workspace.withLock(STATUS_PURPOSE, () => saveStats(workspace, files)).catch(() => {})
  else if (!isSettled && unchangedFiles > 0 && unchangedFiles === files.cache.count && absent === 0) {
    const { entries } = await treeTotals(versions.read, versions.stagedTree)
    if (entries === unchangedFiles)
      await workspace
        .withLock(STATUS_PURPOSE, () => workspace.writeSettled(files.cache, versions.stagedTree))
        .catch(() => {})
  }
  const head = workspace.refs.readHead()
  const operation = readOperation(workspace)
  const sparse = readSparse(workspace) ?? null
  return {
    head: {
      branch: head.$kind === 'branch' ? head.branch : null,
      commit: versions.head,
      detached: head.$kind === 'detached',
    },
    operation: operation && { kind: operation.kind, conflicts: conflictRecords(operation) },
    staged,
    unstaged,
    untracked,
    problems,
    sparse: sparse && { rules: sparse.rules, absent },
    clean: !operation && staged.length + unstaged.length + untracked.length + problems.length === 0,
    expiring: expiryWarnings(workspace, workspace.clock.now()),
  }
}

/** How a tracked file on disk differs from its entry. */
export function worktreeChange(state: Extract<PathState, { $kind: 'tracked' | 'deleted' }>): Change | undefined {
  const { path, entry } = state
  const before = fileRecord(entry)
  if (state.$kind === 'deleted') return { path, status: 'deleted', before }
  const { stat, difference } = state
  if (difference === 'same') return undefined
  const kind = stat.kind === 'symlink' ? 'symlink' : 'file'
  const after = { path, kind, executable: kind === 'file' && stat.executable, bytes: stat.bytes } as const
  const status = difference === 'type' ? 'type-changed' : difference === 'mode' ? 'mode-changed' : 'modified'
  return { path, status, before, after }
}
