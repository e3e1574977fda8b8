/** Bringing another history into the current branch as `pull` does: what cannot be merged without a person is refused, and
 *  nothing is changed. */

import type { CommitAuthor } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import type { Workspace } from '../store/workspace.ts'
import { MergeConflictError } from './errors.ts'
import { merge } from './merge.ts'
import type { OnProgress } from './progress.ts'

export interface MergeOptions {
  /** The commit to bring in. Its objects are here. */
  theirs: ObjectId
  /** What to call it, e.g. `origin/main`. */
  label?: string | undefined
  /** Default: `Merge LABEL`. */
  message?: string | undefined
  author?: CommitAuthor | undefined
  /** Throw MERGE_NOT_FAST_FORWARD (exit 1) rather than merge. */
  fastForwardOnly?: boolean | undefined
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
  const { theirs, label = theirs.slice(0, 12), ...rest } = options
  const ours = workspace.refs.headCommit()
  const refuse = (paths: string[]) => new MergeConflictError(paths, ours ?? '', theirs, label)
  const onConflicts = (conflicts: readonly { path: string }[]) => refuse(conflicts.map(({ path }) => path))
  const result = await merge(workspace, { ...rest, revision: theirs, label, onConflicts })
  if (result.$kind === 'conflicts') throw refuse(result.conflicts.map(({ path }) => path))
  return result
}
