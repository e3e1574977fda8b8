/** `status`: what is staged, what has changed since, what is not tracked. */

import { comparePaths } from '../objects/path.ts'
import { diffTrees } from '../objects/tree.ts'
import type { StatCache } from '../store/stat-cache.ts'
import type { StatRecords } from '../store/stat-records.ts'
import { STATUS_PURPOSE, type Workspace } from '../store/workspace.ts'
import { compareWithTree, looseOn, mostLoose, outermost, type PathState } from '../worktree/compare.ts'
import type { LocalFiles } from '../worktree/local-file.ts'
import { type Change, changeBetween } from './change.ts'
import { type ExpiryWarning, expiryWarnings } from './expiry-memory.ts'
import { fileRecord } from './file-record.ts'
import { type HeldChange, heldChanges } from './held-check.ts'
import type { OperationKind } from './merge-errors.ts'
import { unresolved } from './open-conflicts.ts'
import { type ConflictRecord, conflictRecords, type Operation, readOperation } from './operation.ts'
import { isSelected } from './paths.ts'
import { readSparse } from './sparse.ts'
import { localFiles, readVersions, type Versions } from './versions.ts'

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
  /** Files that were committed in place and changed since: what was overwritten cannot be had from here. */
  inPlace: HeldChange[]
  clean: boolean
  /** What refs of remotes need that is about to be lost, as this workspace remembers it. */
  expiring: ExpiryWarning[]
}

/** Changes nothing but the stat cache, and that only if no one else is writing. */
export async function statusOf(workspace: Workspace, options: StatusOptions = {}): Promise<Status> {
  const files = localFiles(workspace)
  const versions = await readVersions(workspace, files.settled)
  const staged: Change[] = []
  for await (const { path, before, after } of diffTrees(versions.read, versions.headTree, versions.stagedTree)) {
    const change = isSelected(path, options.paths) ? changeBetween(path, before, after) : undefined
    if (change) staged.push(change)
  }
  const unstaged: Change[] = []
  const untracked: string[] = []
  const problems: Status['problems'] = []
  let absent = 0
  const loose = await looseOn(files, versions.read, versions.stagedTree)
  const settling = loose || outermost(options.paths)[0] !== '' ? undefined : new Settling(files.cache)
  const walk = { ...options, changesOnly: !settling, loose, onAbsent: () => void absent++ }
  for await (const state of compareWithTree(files, versions.read, versions.stagedTree, walk)) {
    settling?.note(state)
    if (state.$kind === 'untracked') untracked.push(state.path)
    else if (state.$kind === 'problem')
      problems.push({ code: state.error.code, message: state.error.message, path: state.path })
    else {
      const change = worktreeChange(state)
      if (change) unstaged.push(change)
    }
  }
  for (const { name, reason } of await workspace.store.held.damaged())
    problems.push({ code: 'STORE_HELD_CORRUPT', message: reason, path: `.floe/held/${name}.list` })
  const { changes: inPlace, proven } = await heldChanges(workspace, files)
  if (proven.length > 0)
    await workspace.withLock(STATUS_PURPOSE, () => workspace.store.keeper.settle(proven)).catch(() => {})
  // A cache: if someone else is writing, it is saved next time.
  if (files.updates.size > 0 || (settling && absent === 0))
    await workspace.withLock(STATUS_PURPOSE, () => keep(workspace, files, settling, versions)).catch(() => {})
  const head = workspace.refs.readHead()
  const operation = readOperation(workspace)
  const sparse = readSparse(workspace) ?? null
  return {
    head: {
      branch: head.$kind === 'branch' ? head.branch : null,
      commit: versions.head,
      detached: head.$kind === 'detached',
    },
    operation: operation && { kind: operation.kind, conflicts: await conflictStates(versions, operation) },
    staged,
    unstaged,
    untracked,
    problems,
    sparse: sparse && { rules: sparse.rules, absent },
    inPlace,
    clean: !operation && staged.length + unstaged.length + untracked.length + problems.length === 0,
    expiring: expiryWarnings(workspace, workspace.clock.now()),
  }
}

/** A path of which another version is staged has been decided on, too. */
async function conflictStates(versions: Versions, operation: Operation): Promise<ConflictRecord[]> {
  const open = new Set(await unresolved(versions, operation))
  return conflictRecords(operation).map((conflict) => ({
    ...conflict,
    resolved: conflict.resolved ?? (open.has(conflict.path) ? null : 'file'),
  }))
}

/** Records that are of no file any more are dropped once they are this many. */
const MANY_STALE = 1000

/** Keeps what the walk has learned; after a whole one, also which records tell that files are as in the tree. */
async function keep(
  workspace: Workspace,
  files: LocalFiles,
  settling: Settling | undefined,
  { head, headTree, stagedTree }: Versions,
): Promise<void> {
  const learned = files.updates.size > 0 || (settling && files.cache.recent.size > 0)
  if (learned) {
    // What is settled on are the records of the main file: next time.
    await workspace.writeStatCache(files.cache, files.updates, { compact: settling !== undefined })
    return
  }
  if (!settling) return
  const { loose, stale } = settling.finish()
  if (stale.length > MANY_STALE) {
    for (const path of stale) files.updates.set(path, null)
    await workspace.writeStatCache(files.cache, files.updates, { compact: true })
  } else if (loose.length <= mostLoose(files.cache.records))
    await workspace.writeSettled(files.cache, {
      tree: stagedTree,
      commit: head !== null && headTree === stagedTree ? head : undefined,
      loose,
    })
}

/** Follows a walk over everything to tell which records prove that a file is as in the tree. */
class Settling {
  readonly #records: StatRecords
  readonly #loose: string[] = []
  readonly #seen: Uint8Array
  #next = 0

  constructor({ records }: StatCache) {
    this.#records = records
    this.#seen = new Uint8Array(records.count)
  }

  note(state: PathState): void {
    const { path } = state
    const records = this.#records
    // States come in path order, so the record is mostly the next one.
    if (records.comparePathAt(this.#next, path) !== 0) this.#next = records.lowerBound(path)
    const isRecorded = records.comparePathAt(this.#next, path) === 0
    const index = this.#next
    if (isRecorded) {
      this.#seen[index] = 1
      this.#next++
    }
    const isProven =
      isRecorded && state.$kind === 'tracked' && state.difference === 'same' && records.isSame(index, state.stat)
    if (!isProven && (isRecorded || 'entry' in state)) this.#loose.push(path)
  }

  /** Paths of which the records prove nothing, among them those whose record no state was met for. */
  finish(): { loose: string[]; stale: string[] } {
    const stale: string[] = []
    for (let index = this.#seen.indexOf(0); index >= 0; index = this.#seen.indexOf(0, index + 1))
      stale.push(this.#records.pathAt(index))
    return { loose: [...new Set([...this.#loose, ...stale])].sort(comparePaths), stale }
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
