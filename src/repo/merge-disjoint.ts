/** Bringing another history into the current branch, as `pull` does: a fast-forward, or a merge commit where no path was
 *  changed on both sides. Contents are never merged: datasets have no lines. */

import { CHUNK_PROFILE } from '../chunking/profile.ts'
import { readCommit } from '../history/commits.ts'
import { mergeBase } from '../history/merge-base.ts'
import { type CommitAuthor, encodeCommit } from '../objects/commit.ts'
import { PathConflictError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { comparePaths } from '../objects/path.ts'
import type { ReadObject } from '../objects/reader.ts'
import { diffTrees, sameEntry, type TreeDifference, type TreeEntry, updateTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { configuredAuthor, moveHead } from './commit.ts'
import { MergeConflictError, WorkspaceDirtyError } from './errors.ts'
import { moveToTree } from './move-files.ts'
import type { OnProgress } from './progress.ts'
import { readVersions, type Versions } from './versions.ts'

export interface MergeOptions {
  /** The commit to bring in. Its objects are here. */
  theirs: ObjectId
  /** What to call it, e.g. `origin/main`. */
  label?: string | undefined
  /** Default: `Merge LABEL`. */
  message?: string | undefined
  author?: CommitAuthor | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface MergeResult {
  $kind: 'up-to-date' | 'fast-forward' | 'merged'
  from: ObjectId | null
  to: ObjectId
  /** Files written or deleted. */
  files: number
}

/** @throws {MergeConflictError} MERGE_CONFLICT (exit 1), with nothing changed
 *  @throws {WorkspaceDirtyError} WORKSPACE_DIRTY (exit 1) if a merge commit is needed while changes are staged
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), with nothing changed */
export async function mergeDisjoint(workspace: Workspace, options: MergeOptions): Promise<MergeResult> {
  return workspace.withLock('merge', async () => {
    const versions = await readVersions(workspace)
    const { read, head: from } = versions
    const { theirs, label = theirs.slice(0, 12) } = options
    const base = from ? await mergeBase(read, from, theirs, options) : null
    if (from && base === theirs) return { $kind: 'up-to-date', from, to: from, files: 0 }
    if (!from || base === from) {
      const { tree } = await readCommit(read, theirs)
      const files = await arrive(workspace, versions, tree, theirs, `merge ${label}: fast-forward`, options)
      return { $kind: 'fast-forward', from, to: theirs, files }
    }
    await refuseStaged(versions)
    const merged = await writeMerge(workspace, { ours: from, theirs, base, label }, options)
    const files = await arrive(workspace, versions, merged.tree, merged.commit, `merge ${label}`, options)
    return { $kind: 'merged', from, to: merged.commit, files }
  })
}

/** Files first, then the branch: what was cut off is finished by repeating it. */
async function arrive(
  workspace: Workspace,
  versions: Versions,
  tree: ObjectId,
  commit: ObjectId,
  reason: string,
  options: MergeOptions,
): Promise<number> {
  const { overlay, written, deleted } = await moveToTree(workspace, versions, tree, options)
  await moveHead(workspace, versions.head, commit, reason)
  if (versions.staging.count > 0) await workspace.writeStaging(overlay)
  return written + deleted
}

async function refuseStaged(versions: Versions): Promise<void> {
  const staged: string[] = []
  for await (const { path } of diffTrees(versions.read, versions.headTree, versions.stagedTree)) staged.push(path)
  if (staged.length > 0) throw new WorkspaceDirtyError(staged)
}

async function writeMerge(
  workspace: Workspace,
  sides: { ours: ObjectId; theirs: ObjectId; base: ObjectId | null; label: string },
  options: MergeOptions,
): Promise<{ commit: ObjectId; tree: ObjectId }> {
  const author = options.author ?? configuredAuthor(workspace)
  const { read } = workspace.store
  const { ours, theirs, base } = sides
  const treeOf = async (id: ObjectId) => (await readCommit(read, id)).tree
  const trees = { ours: await treeOf(ours), theirs: await treeOf(theirs), base: base && (await treeOf(base)) }
  const changes = await theirChanges(read, trees, sides, options.signal)
  const session = await workspace.store.begin()
  try {
    const tree = await updateTree(session.read, session.put, trees.ours, changes, options)
    const commit = await session.put(
      'commit',
      encodeCommit({
        tree,
        parents: [ours, theirs],
        author,
        timeMs: workspace.clock.now(),
        message: options.message ?? `Merge ${sides.label}`,
        profile: CHUNK_PROFILE,
        attachments: new Map(),
      }),
    )
    await session.seal()
    return { commit, tree }
  } catch (error) {
    // A file on one side, a folder of that name on the other.
    if (error instanceof PathConflictError)
      throw new MergeConflictError([String(error.data.path), String(error.data.below)], ours, theirs)
    throw error
  } finally {
    session.abort()
  }
}

/** What they changed and we did not.
 *  @throws {MergeConflictError} if a path was changed on both sides, to different things */
async function theirChanges(
  read: ReadObject,
  trees: { ours: ObjectId; theirs: ObjectId; base: ObjectId | null },
  sides: { ours: ObjectId; theirs: ObjectId },
  signal: AbortSignal | undefined,
): Promise<{ path: string; entry: TreeEntry | null }[]> {
  const ourSide = diffTrees(read, trees.base, trees.ours, { signal })
  const changes: { path: string; entry: TreeEntry | null }[] = []
  const conflicts: string[] = []
  let mine = await ourSide.next()
  for await (const theirs of diffTrees(read, trees.base, trees.theirs, { signal })) {
    while (!mine.done && comparePaths(mine.value.path, theirs.path) < 0) mine = await ourSide.next()
    const own = mine.done || mine.value.path !== theirs.path ? undefined : mine.value
    if (!own) changes.push({ path: theirs.path, entry: theirs.after ?? null })
    else if (!isSameOutcome(own, theirs)) conflicts.push(theirs.path)
  }
  if (conflicts.length > 0) throw new MergeConflictError(conflicts, sides.ours, sides.theirs)
  return changes
}

function isSameOutcome(a: TreeDifference, b: TreeDifference): boolean {
  if (!a.after || !b.after) return !a.after && !b.after
  return sameEntry(a.after, b.after)
}
