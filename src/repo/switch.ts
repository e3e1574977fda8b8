/** `switch`: another branch or version, and its files. */

import { readCommit } from '../history/commits.ts'
import { RevisionUnknownError, UnbornError } from '../history/errors.ts'
import { previousBranch, switchReason } from '../history/reflog-selector.ts'
import { resolveRevision } from '../history/revision.ts'
import { isObjectId, type ObjectId } from '../objects/id.ts'
import { refNameProblem } from '../objects/ref-name.ts'
import type { Head } from '../store/refs.ts'
import type { Workspace } from '../store/workspace.ts'
import { lostBy } from './before.ts'
import { assertBranchName, refuseRebased } from './branch.ts'
import { RefStateError } from './errors.ts'
import { type LeftBehind, leftBehind } from './left-behind.ts'
import type { OperationKind } from './merge-errors.ts'
import { moveToTree } from './move-files.ts'
import { endOperation, operationKind, refuseOperation } from './operation.ts'
import type { OnProgress } from './progress.ts'
import { readVersions, revisionSource } from './versions.ts'

export interface SwitchOptions {
  /** A branch, `-` for the one before; with `create`, its new name; with `detach`, any revision. */
  target: string
  create?: boolean | undefined
  /** Create it, or if it is there already move it to where a new one would start. */
  reset?: boolean | undefined
  /** With `create` or `reset`: the revision it starts at (default HEAD). */
  at?: string | undefined
  detach?: boolean | undefined
  /** Throw away local changes. */
  force?: boolean | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface SwitchResult {
  branch: string | null
  commit: ObjectId | null
  /** The branch is new. */
  created: boolean
  /** With `reset`: where the branch was, if it was there. */
  was: ObjectId | null
  written: number
  deleted: number
  /** What HEAD, on no branch before, has left that no name leads to. */
  left: LeftBehind | null
  /** With `force`: paths whose contents were thrown away, and neither the version before nor this one has them. */
  lost: string[]
  /** With `force`: what was in progress, and is no more. */
  ended: OperationKind | null
}

/** Files first, HEAD last: a switch that was cut off is finished by repeating it.
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), with nothing changed
 *  @throws {RefStateError} REF_UNKNOWN, REF_EXISTS (exit 2)
 *  @throws {OperationError} OPERATION_IN_PROGRESS (exit 1), with `force` too for a branch that is to be reset and is being rebased */
export async function switchTo(workspace: Workspace, options: SwitchOptions): Promise<SwitchResult> {
  return workspace.withLock('switch', async () => {
    if (!options.force) refuseOperation(workspace)
    const ended = options.force ? operationKind(workspace) : null
    const versions = await readVersions(workspace)
    const before = workspace.refs.readHead()
    const isBack = options.target === '-' || /^@\{-\d{1,9}\}$/.test(options.target)
    const goal = await findGoal(workspace, versions.head, isBack ? backTo(workspace, options) : options)
    const nameOf = (head: Head) => (head.$kind === 'branch' ? head.branch : head.commit)
    const reason = switchReason(nameOf(before), nameOf(goal.head))
    const branch = goal.head.$kind === 'branch' ? goal.head.branch : null
    if (goal.isNew && branch !== null) workspace.refs.assertRoom(`heads/${branch}`)
    const left = async () => (before.$kind === 'detached' ? leftBehind(workspace, before.commit, goal.commit) : null)
    const isSameTree = goal.commit === versions.head && !options.force
    if (isSameTree || !goal.commit) {
      await setHead(workspace, goal, reason)
      const unmoved = { written: 0, deleted: 0, lost: [], ended: null }
      return { branch, commit: goal.commit, created: goal.isNew, was: goal.was, ...unmoved, left: await left() }
    }
    const { tree } = await readCommit(versions.read, goal.commit)
    const gone = lostBy(workspace, versions, tree)
    const { onOverwrite } = gone
    const { overlay, ...result } = await moveToTree(workspace, versions, tree, { ...options, onOverwrite })
    const lost = options.force ? await gone.paths() : []
    await setHead(workspace, goal, reason)
    if (versions.staging.count > 0) await workspace.writeStaging(overlay)
    // Its record would be in force again wherever HEAD is at the version that it began at, with nothing left of its files.
    if (options.force) await endOperation(workspace)
    const { commit, isNew: created, was } = goal
    return { branch, commit, created, was, ...result, left: await left(), lost, ended }
  })
}

/** `-` and `@{-N}`: the branch, or the commit, that was left then. */
function backTo({ refs }: Workspace, options: SwitchOptions): SwitchOptions {
  const nth = options.target === '-' ? 1 : Number(options.target.slice(3, -1))
  const target = previousBranch({ refs }, nth)
  const isName = options.create || options.reset
  if (target === undefined || isName)
    throw new RevisionUnknownError(options.target, isName ? 'it is no name' : 'there were not that many switches')
  const isBranch = refNameProblem(target) === null && refs.read(`heads/${target}`) !== null
  return { ...options, target, detach: options.detach || (!isBranch && isObjectId(target)) }
}

interface Goal {
  head: Head
  /** Null for a branch without a commit. */
  commit: ObjectId | null
  /** The branch has to be made first. */
  isNew: boolean
  /** It is there, and has to be moved from here. */
  was: ObjectId | null
}

async function findGoal(workspace: Workspace, head: ObjectId | null, options: SwitchOptions): Promise<Goal> {
  const { target } = options
  const source = await revisionSource(workspace)
  if (options.detach) {
    const commit = await resolveRevision(source, target)
    return { head: { $kind: 'detached', commit }, commit, isNew: false, was: null }
  }
  if (options.create || options.reset) {
    assertBranchName(target)
    const was = workspace.refs.read(`heads/${target}`)
    if (was && !options.reset)
      throw new RefStateError('REF_EXISTS', `there is a branch ${target} already`, target, [
        `switch to it with \`floe switch ${target}\`, or move it with \`floe switch -C ${target}\``,
      ])
    if (was) refuseRebased(workspace, target)
    const commit = options.at === undefined ? head : await resolveRevision(source, options.at)
    if (was && !commit) throw new UnbornError('HEAD', workspace.refs.readHead())
    return { head: { $kind: 'branch', branch: target }, commit, isNew: was === null, was }
  }
  if (refNameProblem(target) === null) {
    const commit = workspace.refs.read(`heads/${target}`)
    if (commit) return { head: { $kind: 'branch', branch: target }, commit, isNew: false, was: null }
    const current = workspace.refs.readHead()
    if (current.$kind === 'branch' && current.branch === target)
      return { head: current, commit: null, isNew: false, was: null }
    const followed = remoteBranches(workspace, target)
    if (followed.length === 1)
      return { head: { $kind: 'branch', branch: target }, commit: followed[0]!, isNew: true, was: null }
  }
  const hints = ['make a new branch with `floe switch -c NAME`, or look at a version with `floe switch --detach REV`']
  const isRevision = await resolveRevision(source, target).then(
    () => true,
    () => false,
  )
  if (isRevision) throw new RefStateError('REF_UNKNOWN', `${target} is not a branch`, target, hints)
  throw new RevisionUnknownError(target, 'there is no such branch')
}

/** Tips of `<remote>/<branch>` over all remotes. */
function remoteBranches(workspace: Workspace, branch: string): ObjectId[] {
  return workspace.refs
    .list('remotes/')
    .filter(({ name }) => name.split('/').slice(2).join('/') === branch)
    .map(({ id }) => id)
}

async function setHead(workspace: Workspace, { head, commit, isNew, was }: Goal, reason: string): Promise<void> {
  // Of the branch that HEAD is on this comes into the log of HEAD as well, where it must not pass for a switch.
  const moved = was ? `switch -C: reset to ${commit?.slice(0, 12)}` : reason
  if ((isNew || was) && commit && head.$kind === 'branch')
    await workspace.refs.update({ name: `heads/${head.branch}`, expected: was, next: commit, reason: moved })
  await workspace.refs.setHead(head, reason)
}
