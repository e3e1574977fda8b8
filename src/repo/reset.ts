/** `reset`: the current branch, and on request staging and files, back to a version. */

import { readCommit } from '../history/commits.ts'
import { resolveRevision } from '../history/revision.ts'
import type { ObjectId } from '../objects/id.ts'
import { comparePaths } from '../objects/path.ts'
import { diffTrees } from '../objects/tree.ts'
import { StoreCorruptError } from '../store/errors.ts'
import type { StagedChange } from '../store/staging.ts'
import type { Workspace } from '../store/workspace.ts'
import { moveHead } from './commit.ts'
import { moveToTree } from './move-files.ts'
import { endOperation, readOperation, refuseOperation } from './operation.ts'
import type { OnProgress } from './progress.ts'
import { readVersions, revisionSource, type Versions } from './versions.ts'

export type ResetMode = 'soft' | 'mixed' | 'hard'

export interface ResetOptions {
  /** Default: HEAD. */
  revision?: string | undefined
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
  to: ObjectId
  /** Files written or deleted. */
  files: number
}

/** Untracked files stay, except one that stands where `hard` has to put a tracked one. A merge under way ends with `mixed`
 *  and `hard`. What was cut off is finished by repeating it.
 *  @throws {OperationError} OPERATION_IN_PROGRESS (exit 1), with `soft`, or in a rebase */
export async function reset(workspace: Workspace, options: ResetOptions = {}): Promise<ResetResult> {
  const { mode = 'mixed', revision = 'HEAD' } = options
  return workspace.withLock('reset', async () => {
    // A rebase has a branch to go back to, which only its own --abort knows.
    if (mode === 'soft' || isRebasing(workspace)) refuseOperation(workspace)
    const to = await resolveRevision(await revisionSource(workspace), revision)
    const versions = await readVersions(workspace)
    const { tree } = await readCommit(versions.read, to)
    const move = () => moveHead(workspace, versions.head, to, `reset: ${mode} to ${revision}`)
    let files = 0
    if (mode === 'soft') await keepStaged(workspace, versions, tree, move)
    else {
      if (mode === 'hard') {
        const { written, deleted } = await moveToTree(workspace, versions, tree, { ...options, force: true })
        files = written + deleted
      }
      await move()
      if (versions.staging.count > 0) await workspace.writeStaging([])
      await endOperation(workspace)
    }
    const head = workspace.refs.readHead()
    return { mode, branch: head.$kind === 'branch' ? head.branch : null, from: versions.head, to, files }
  })
}

/** A damaged record is no reason to refuse: `reset --hard` is the way out of it. */
function isRebasing(workspace: Workspace): boolean {
  try {
    return readOperation(workspace)?.kind === 'rebase'
  } catch (error) {
    if (error instanceof StoreCorruptError) return false
    throw error
  }
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
