/** `branch` and `tag`: names for commits. */

import { reachedFrom, readCommit } from '../history/commits.ts'
import { resolveRevision } from '../history/revision.ts'
import { RefNameError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { assertRefName } from '../objects/ref-name.ts'
import type { Workspace } from '../store/workspace.ts'
import { BranchNotMergedError, RefStateError } from './errors.ts'
import { OperationError } from './merge-errors.ts'
import { readOperation } from './operation.ts'
import { renameFollowed, writeFollowed } from './upstream.ts'
import { revisionSource } from './versions.ts'

export interface NamedCommit {
  name: string
  /** Null for a branch without a commit. */
  commit: ObjectId | null
  /** True for the branch HEAD is on. */
  current: boolean
}

/** Sorted by name; the current branch is there even before its first commit. */
export async function listBranches(workspace: Workspace): Promise<NamedCommit[]> {
  const current = currentBranch(workspace)
  const branches = list(workspace, 'heads/', current)
  if (current !== null && !branches.some(({ name }) => name === current))
    branches.push({ name: current, commit: null, current: true })
  return branches.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Branches of remotes as of the last fetch, as revisions are written: `origin/main`. Sorted by name. */
export function listRemoteBranches(workspace: Workspace): NamedCommit[] {
  return list(workspace, 'remotes/', null)
}

/** Those of which a version has all commits, or has not. One whose history is not here to tell counts as not merged. */
export async function mergedInto(
  workspace: Workspace,
  branches: readonly NamedCommit[],
  revision: string,
): Promise<{ merged: NamedCommit[]; others: NamedCommit[] }> {
  const into = await commitAt(workspace, revision)
  const tips = branches.flatMap(({ commit }) => commit ?? [])
  const reached = await reachedFrom(workspace.store.read, [into], tips, { onAbsent: () => {} })
  const merged: NamedCommit[] = []
  const others: NamedCommit[] = []
  for (const branch of branches) (branch.commit && reached.has(branch.commit) ? merged : others).push(branch)
  return { merged, others }
}

/** @throws {RefStateError} REF_EXISTS, REF_IN_USE (exit 2) */
export async function createBranch(
  workspace: Workspace,
  { name, at = 'HEAD', force = false }: { name: string; at?: string | undefined; force?: boolean | undefined },
): Promise<NamedCommit> {
  assertBranchName(name)
  const commit = await commitAt(workspace, at)
  await workspace.withLock('branch', async () => {
    const before = workspace.refs.read(`heads/${name}`)
    if (before !== null && !force)
      throw new RefStateError('REF_EXISTS', `there is a branch ${name} already`, name, ['move it with --force'])
    if (before !== null && currentBranch(workspace) === name)
      throw new RefStateError('REF_IN_USE', `${name} is the current branch`, name)
    if (before !== null) refuseRebased(workspace, name)
    await workspace.refs.update({ name: `heads/${name}`, expected: before, next: commit, reason: `branch: from ${at}` })
  })
  return { name, commit, current: false }
}

/** @throws {BranchNotMergedError} BRANCH_NOT_MERGED (exit 1) if its commits would be lost
 *  @throws {RefStateError} REF_UNKNOWN, REF_IN_USE (exit 2) */
export async function deleteBranch(
  workspace: Workspace,
  { name, force = false }: { name: string; force?: boolean | undefined },
): Promise<NamedCommit> {
  return workspace.withLock('branch', async () => {
    const commit = existing(workspace, `heads/${name}`, `there is no branch ${name}`)
    if (currentBranch(workspace) === name)
      throw new RefStateError('REF_IN_USE', `${name} is the current branch`, name, ['switch to another one first'])
    refuseRebased(workspace, name)
    if (!force && !(await isHeldElsewhere(workspace, name, commit))) throw new BranchNotMergedError(name, commit)
    await writeFollowed(workspace, { [name]: null })
    await workspace.refs.update({ name: `heads/${name}`, expected: commit, next: null, reason: 'branch: deleted' })
    return { name, commit, current: false }
  })
}

/** Its log, and what it follows, go with it.
 *  @throws {RefStateError} REF_UNKNOWN, REF_EXISTS (exit 2) */
export async function renameBranch(
  workspace: Workspace,
  { from, to }: { from: string; to: string },
): Promise<NamedCommit> {
  assertBranchName(to)
  return workspace.withLock('branch', async () => {
    const current = currentBranch(workspace) === from
    const commit = workspace.refs.read(`heads/${from}`)
    if (commit === null && !current) throw new RefStateError('REF_UNKNOWN', `there is no branch ${from}`, from)
    refuseRebased(workspace, from)
    if (workspace.refs.read(`heads/${to}`)) throw new RefStateError('REF_EXISTS', `there is a branch ${to} already`, to)
    const reason = `branch: renamed ${from} to ${to}`
    // The new name first: a crash in between leaves both, never neither.
    if (commit) await workspace.refs.copy(`heads/${from}`, `heads/${to}`, reason)
    await renameFollowed(workspace, from, to)
    if (current) await workspace.refs.setHead({ $kind: 'branch', branch: to }, reason)
    if (commit) await workspace.refs.update({ name: `heads/${from}`, expected: commit, next: null, reason })
    return { name: to, commit, current }
  })
}

export async function listTags(workspace: Workspace): Promise<NamedCommit[]> {
  return list(workspace, 'tags/', null)
}

/** Tags do not move.
 *  @throws {RefStateError} REF_EXISTS (exit 2) */
export async function createTag(
  workspace: Workspace,
  { name, at = 'HEAD' }: { name: string; at?: string | undefined },
): Promise<NamedCommit> {
  assertBranchName(name)
  const commit = await commitAt(workspace, at)
  await workspace.withLock('tag', async () => {
    if (workspace.refs.read(`tags/${name}`))
      throw new RefStateError('REF_EXISTS', `there is a tag ${name} already`, name)
    await workspace.refs.update({ name: `tags/${name}`, expected: null, next: commit, reason: `tag: ${at}` })
  })
  return { name, commit, current: false }
}

/** @throws {RefStateError} REF_UNKNOWN (exit 2) */
export async function deleteTag(workspace: Workspace, { name }: { name: string }): Promise<NamedCommit> {
  return workspace.withLock('tag', async () => {
    const commit = existing(workspace, `tags/${name}`, `there is no tag ${name}`)
    await workspace.refs.update({ name: `tags/${name}`, expected: commit, next: null, reason: 'tag: deleted' })
    return { name, commit, current: false }
  })
}

/** HEAD is on no branch while one is rebased, but it is the one that the rebase comes back to.
 *  @throws {OperationError} OPERATION_IN_PROGRESS (exit 1) */
export function refuseRebased(workspace: Workspace, name: string): void {
  const operation = readOperation(workspace)
  if (operation?.rebase?.branch === name) throw new OperationError('OPERATION_IN_PROGRESS', operation.kind)
}

/** A commit that is here: a name for one that was never brought would lead nowhere. */
async function commitAt(workspace: Workspace, revision: string): Promise<ObjectId> {
  const source = await revisionSource(workspace)
  const commit = await resolveRevision(source, revision)
  await readCommit(source.read, commit)
  return commit
}

/** A name that a revision could not tell from something else is refused. */
export function assertBranchName(name: string): void {
  assertRefName(name)
  if (name === 'HEAD' || name === '@') throw new RefNameError(name, 'it stands for the current commit')
}

function list(workspace: Workspace, prefix: 'heads/' | 'tags/' | 'remotes/', current: string | null): NamedCommit[] {
  return workspace.refs.list(prefix).map(({ name, id }) => {
    const short = name.slice(prefix.length)
    return { name: short, commit: id, current: short === current }
  })
}

function currentBranch(workspace: Workspace): string | null {
  const head = workspace.refs.readHead()
  return head.$kind === 'branch' ? head.branch : null
}

function existing(workspace: Workspace, ref: string, message: string): ObjectId {
  const commit = workspace.refs.read(ref)
  if (!commit) throw new RefStateError('REF_UNKNOWN', message, ref)
  return commit
}

/** True if another ref holds the commits of a branch. */
export async function isHeldElsewhere(workspace: Workspace, branch: string, commit: ObjectId): Promise<boolean> {
  const others = workspace.refs.list().filter(({ name }) => name !== `heads/${branch}`)
  const from = others.map(({ id }) => id)
  return (await reachedFrom(workspace.store.read, from, [commit], { onAbsent: () => {} })).size > 0
}
