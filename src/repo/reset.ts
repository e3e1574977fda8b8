/** `reset`: the current branch, and on request staging and files, back to a version. */

import { UsageError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import { resolveRevision } from '../history/revision.ts'
import type { ObjectId } from '../objects/id.ts'
import { comparePaths } from '../objects/path.ts'
import { createMemoryObjects, type ReadObject } from '../objects/reader.ts'
import { buildTree, diffTrees } from '../objects/tree.ts'
import type { StagedChange } from '../store/staging.ts'
import type { Workspace } from '../store/workspace.ts'
import { lostBy, type PathBefore, pathsBefore } from './before.ts'
import { moveHead } from './commit.ts'
import type { OperationKind } from './merge-errors.ts'
import { moveToTree } from './move-files.ts'
import { endOperation, operationKind, refuseOperation } from './operation.ts'
import type { OnProgress } from './progress.ts'
import { readVersions, revisionSource, type Versions } from './versions.ts'

export type ResetMode = 'soft' | 'mixed' | 'hard'

export interface ResetOptions {
  /** Default: HEAD, or where there is no version yet what `root` means. */
  revision?: string | undefined
  /** To where the branch was before its first version, instead of to a revision. */
  root?: boolean | undefined
  /** `soft` moves the branch and keeps what was committed since as staged; `mixed` (default) empties staging and keeps the
   *  files; `hard` brings the files back too. */
  mode?: ResetMode | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface ResetResult {
  mode: ResetMode
  branch: string | null
  from: ObjectId | null
  /** Null with `root`. */
  to: ObjectId | null
  /** Files written or deleted. */
  files: number
  /** With `hard`: paths whose contents were thrown away, and neither the version before nor this one has them. */
  lost: string[]
  /** Of what `mixed` no longer has staged. */
  unstaged: PathBefore[]
  /** What was in progress, and is no more. */
  ended: OperationKind | null
}

/** Untracked files stay, except one that stands where `hard` has to put a tracked one. A merge under way ends with `mixed`
 *  and `hard`. What was cut off is finished by repeating it.
 *  @throws {OperationError} OPERATION_IN_PROGRESS (exit 1), with `soft`, or in a rebase
 *  @throws {UsageError} BRANCH_NEEDED (exit 2), with `root` where HEAD is on no branch */
export async function reset(workspace: Workspace, options: ResetOptions = {}): Promise<ResetResult> {
  const { mode = 'mixed', revision = 'HEAD' } = options
  return workspace.withLock('reset', async () => {
    const { root = options.revision === undefined && isUnborn(workspace) } = options
    const operation = operationKind(workspace)
    // A rebase has a branch to go back to, which only its own --abort knows.
    if (mode === 'soft' || operation === 'rebase') refuseOperation(workspace)
    const { versions, to, tree } = root ? await beforeFirst(workspace) : await atRevision(workspace, revision)
    const move = () => moveHead(workspace, versions.head, to, `reset: ${mode} to ${root ? 'no version' : revision}`)
    const unstaged = mode === 'mixed' ? await pathsBefore(workspace, versions, [...versions.staging.paths()]) : []
    let files = 0
    let lost: string[] = []
    if (mode === 'soft') await keepStaged(workspace, versions, tree, move)
    else {
      if (mode === 'hard') {
        const gone = lostBy(workspace, versions, tree)
        const { onOverwrite } = gone
        const moved = await moveToTree(workspace, versions, tree, { ...options, onOverwrite, force: true })
        files = moved.written + moved.deleted
        lost = await gone.paths()
      }
      await move()
      if (versions.staging.count > 0) await workspace.writeStaging([])
      await endOperation(workspace)
    }
    const head = workspace.refs.readHead()
    const branch = head.$kind === 'branch' ? head.branch : null
    return { mode, branch, from: versions.head, to, files, lost, unstaged, ended: mode === 'soft' ? null : operation }
  })
}

/** On a branch without a version, of which nothing but staging can be reset. */
export function isUnborn({ refs }: Workspace): boolean {
  return refs.readHead().$kind === 'branch' && refs.headCommit() === null
}

interface Goal {
  versions: Versions
  to: ObjectId | null
  tree: ObjectId
}

async function atRevision(workspace: Workspace, revision: string): Promise<Goal> {
  const to = await resolveRevision(await revisionSource(workspace), revision)
  const versions = await readVersions(workspace)
  return { versions, to, tree: (await readCommit(versions.read, to)).tree }
}

/** The state that a branch begins in: nothing is tracked. */
async function beforeFirst(workspace: Workspace): Promise<Goal> {
  if (workspace.refs.readHead().$kind === 'detached')
    throw new UsageError('BRANCH_NEEDED', 'HEAD is on no branch that could be left without a version')
  const versions = await readVersions(workspace)
  const memory = createMemoryObjects()
  const tree = await buildTree([], memory.write)
  const read: ReadObject = (kind, id, how) =>
    kind === 'tree' && id === tree ? memory.read(kind, id) : versions.read(kind, id, how)
  return { versions: { ...versions, read }, to: null, tree }
}

/** Staging is an overlay over HEAD, so it has to change with it. What is written first gives the same tree over the old
 *  HEAD as over the new one: a crash in between shows neither too much nor too little. */
async function keepStaged(
  workspace: Workspace,
  versions: Versions,
  tree: ObjectId,
  move: () => Promise<void>,
): Promise<void> {
  const over = new Map<string, StagedChange>()
  for await (const { path, after } of diffTrees(versions.read, tree, versions.stagedTree))
    over.set(path, { path, entry: after ?? null })
  const either = new Map(over)
  for (const change of versions.staging.changes()) either.set(change.path, change)
  await workspace.writeStaging(inOrder(either))
  await move()
  if (either.size > over.size) await workspace.writeStaging(inOrder(over))
}

function inOrder(changes: ReadonlyMap<string, StagedChange>): StagedChange[] {
  return [...changes.values()].sort((a, b) => comparePaths(a.path, b.path))
}
