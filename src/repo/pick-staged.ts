/** `cherry-pick -n` and `revert -n`: what versions changed, done again or taken back in the files and in staging, over what is
 *  staged already, and no version made of it. All of it or, at a conflict, nothing: without a version to come there is
 *  nothing that `--continue` could finish. */

import { throwIfAborted } from '../base/abort.ts'
import { readCommit } from '../history/commits.ts'
import { UnbornError } from '../history/errors.ts'
import { parseRange, resolveRevision } from '../history/revision.ts'
import type { Commit } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import { diffTrees, type TreeChange, updateTree } from '../objects/tree.ts'
import type { WriteSession } from '../store/local-store.ts'
import { emptyStaging } from '../store/staging.ts'
import type { Workspace } from '../store/workspace.ts'
import type { CheckoutItem } from '../worktree/checkout.ts'
import { type PathBefore, pathsBefore } from './before.ts'
import { type IntegrateOptions, mergeSides, refuseChanged } from './integrate.ts'
import { NothingToApplyError, PickConflictError } from './merge-errors.ts'
import { mergeRules } from './merge-rules.ts'
import { moveFiles } from './move-files.ts'
import { refuseOperation } from './operation.ts'
import { treeBefore } from './pick.ts'
import { commitsToPick, type SeveralKind } from './pick-several.ts'
import { readVersions, revisionSource, type Versions } from './versions.ts'

export interface PickStagedOptions extends Pick<IntegrateOptions, 'ours' | 'theirs' | 'signal' | 'onProgress'> {
  kind: SeveralKind
  /** A version, or a range: `A..B`, `A...B`. */
  revision: string
  /** Of one merge: the parent, from 1, against which its changes count. */
  mainline?: number | undefined
}

export interface PickedStaged {
  $kind: 'staged'
  kind: SeveralKind
  /** Versions whose changes came. */
  picked: number
  /** Versions that made no difference. */
  skipped: ObjectId[]
  /** Files written or deleted. */
  files: number
  /** Of all paths that changed. */
  before: PathBefore[]
  /** The other kind, with the same versions, gives back what was staged before. */
  isReversible: boolean
}

/** Files first, then staging: what was cut off is finished by repeating it.
 *  @throws {PickConflictError} MERGE_CONFLICT (exit 1), with nothing changed
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), with nothing changed
 *  @throws {NothingToApplyError} PICK_NOTHING (exit 1)
 *  @throws {MainlineError} PICK_MAINLINE (exit 2)
 *  @throws {UsageError} RANGE_EMPTY (exit 2) */
export async function pickStaged(workspace: Workspace, options: PickStagedOptions): Promise<PickedStaged> {
  const { kind, revision, signal } = options
  return workspace.withLock(kind, async () => {
    refuseOperation(workspace)
    const versions = await readVersions(workspace)
    if (!versions.head) throw new UnbornError('HEAD', workspace.refs.readHead())
    const chosen = await chosenCommits(workspace, options)
    const session = await workspace.store.begin()
    try {
      const { tree, picked, skipped } = await apply(workspace, session, versions, chosen, options)
      if (picked === 0) throw new NothingToApplyError(kind, revision)
      const items: CheckoutItem[] = []
      const changes: TreeChange[] = []
      for await (const { path, before, after } of diffTrees(session.read, versions.stagedTree, tree, { signal })) {
        items.push({ path, ...(before ? { before } : {}), ...(after ? { after } : {}) })
        changes.push({ path, entry: after ?? null })
      }
      await refuseChanged(workspace, session.read, versions.stagedTree, { changes, conflicts: [], tree })
      await session.seal()
      const isReversible = await givesBack(workspace, tree, versions.stagedTree, chosen, options)
      const paths = items.map(({ path }) => path)
      const before = await pathsBefore(workspace, versions, paths)
      const { written, deleted } = await moveFiles(workspace, versions.read, items, tree, options)
      const staged: TreeChange[] = []
      for await (const { path, after } of diffTrees(versions.read, versions.headTree, tree))
        staged.push({ path, entry: after ?? null })
      await workspace.writeStaging(staged)
      return { $kind: 'staged', kind, picked, skipped, files: written + deleted, before, isReversible }
    } finally {
      session.abort()
    }
  })
}

interface Chosen {
  id: ObjectId
  commit: Commit
  /** What conflicts call it. */
  label: string
}

/** In the order in which they are done. */
async function chosenCommits(workspace: Workspace, options: PickStagedOptions): Promise<Chosen[]> {
  const { kind, revision } = options
  if (parseRange(revision)) {
    const commits = await commitsToPick(workspace, kind, options)
    return commits.map(({ id, commit }) => ({ id, commit, label: id.slice(0, 12) }))
  }
  const source = await revisionSource(workspace)
  const id = await resolveRevision(source, revision)
  return [{ id, commit: await readCommit(source.read, id), label: revision }]
}

/** One on another in the store alone, the first on what is staged. */
async function apply(
  workspace: Workspace,
  session: WriteSession,
  { headTree, staging }: Pick<Versions, 'headTree' | 'staging'>,
  chosen: readonly Chosen[],
  options: PickStagedOptions,
): Promise<{ tree: ObjectId; picked: number; skipped: ObjectId[] }> {
  const rules = mergeRules(workspace, undefined)
  const skipped: ObjectId[] = []
  let tree = staging.count === 0 ? headTree : await updateTree(session.read, session.put, headTree, staging.changes())
  for (const { id, commit, label } of chosen) {
    throwIfAborted(options.signal)
    const before = await treeBefore(workspace, commit, { revision: label, mainline: options.mainline })
    const sides =
      options.kind === 'revert'
        ? { base: commit.tree, theirsTree: before, label }
        : { base: before, theirsTree: commit.tree, label }
    const merged = await mergeSides(session, tree, sides, rules, options)
    if (merged.conflicts.length > 0)
      throw new PickConflictError(
        options.kind,
        label,
        merged.conflicts.map(({ path }) => path),
      )
    if (merged.tree === tree) skipped.push(id)
    tree = merged.tree
  }
  return { tree, picked: chosen.length - skipped.length, skipped }
}

/** What was there already, or was settled with a side, does not come back in this way. */
async function givesBack(
  workspace: Workspace,
  tree: ObjectId,
  goal: ObjectId,
  chosen: readonly Chosen[],
  options: PickStagedOptions,
): Promise<boolean> {
  const kind = options.kind === 'revert' ? 'cherry-pick' : 'revert'
  const session = await workspace.store.begin()
  try {
    const from = { headTree: tree, staging: emptyStaging }
    const { mainline, revision, signal } = options
    return (
      (await apply(workspace, session, from, [...chosen].reverse(), { kind, mainline, revision, signal })).tree === goal
    )
  } catch (error) {
    if (error instanceof PickConflictError) return false
    throw error
  } finally {
    session.abort()
  }
}
