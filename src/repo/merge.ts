/** `merge`: another history into the current branch. */

import { readCommit } from '../history/commits.ts'
import { mergeBase } from '../history/merge-base.ts'
import type { TreeConflict } from '../history/merge-trees.ts'
import { resolveRevision } from '../history/revision.ts'
import type { CommitAuthor } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import type { Workspace } from '../store/workspace.ts'
import { configuredAuthor, moveHead } from './commit.ts'
import { type Integrated, integrate } from './integrate.ts'
import { NotFastForwardError } from './merge-errors.ts'
import type { RowsOption } from './merge-rules.ts'
import { moveToTree } from './move-files.ts'
import { refuseOperation } from './operation.ts'
import type { OnProgress } from './progress.ts'
import { readVersions, revisionSource } from './versions.ts'

export interface MergeOptions {
  revision: string
  /** What to call it (default: the revision). */
  label?: string | undefined
  /** Default: `Merge LABEL`. */
  message?: string | undefined
  author?: CommitAuthor | undefined
  /** Conflicts at or below these paths (`''` for all) are settled with that side. */
  ours?: readonly string[] | undefined
  theirs?: readonly string[] | undefined
  /** Columns that tell rows of CSV, TSV and JSON Lines apart: these are merged by rows. False: by lines, whatever
   *  `.floeattributes` says. */
  rows?: RowsOption
  /** Fail instead of making a merge commit. */
  fastForwardOnly?: boolean | undefined
  /** Make a merge commit even where the branch could just move. */
  noFastForward?: boolean | undefined
  /** Makes the error to be thrown at conflicts, with nothing changed, instead of leaving them to be resolved. */
  onConflicts?: ((conflicts: readonly TreeConflict[]) => Error) | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export type MergeResult =
  | {
      $kind: 'up-to-date' | 'fast-forward'
      from: ObjectId | null
      to: ObjectId
      /** Files written or deleted. */
      files: number
    }
  | Integrated

/** Of several best common ancestors (criss-cross merges) the newest is the base. Renames are not followed.
 *  @throws {OperationError} OPERATION_IN_PROGRESS (exit 1)
 *  @throws {WorkspaceDirtyError} WORKSPACE_DIRTY (exit 1) if a merge commit is needed while changes are staged
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), with nothing changed
 *  @throws {TableError} TABLE_KEY_DUPLICATE, TABLE_KEY_UNKNOWN, TABLE_MALFORMED (exit 1), with nothing changed
 *  @throws {NotFastForwardError} MERGE_NOT_FAST_FORWARD (exit 1) */
export async function merge(workspace: Workspace, options: MergeOptions): Promise<MergeResult> {
  return workspace.withLock('merge', async () => {
    refuseOperation(workspace)
    const theirs = await resolveRevision(await revisionSource(workspace), options.revision)
    const versions = await readVersions(workspace)
    const { read, head: from } = versions
    const { label = options.revision } = options
    const base = from ? await mergeBase(read, from, theirs, options) : null
    if (from && base === theirs) return { $kind: 'up-to-date', from, to: from, files: 0 }
    const { tree } = await readCommit(read, theirs)
    if (!from || (base === from && !options.noFastForward)) {
      const { overlay, written, deleted } = await moveToTree(workspace, versions, tree, options)
      await moveHead(workspace, from, theirs, `merge ${label}: fast-forward`)
      if (versions.staging.count > 0) await workspace.writeStaging(overlay)
      return { $kind: 'fast-forward', from, to: theirs, files: written + deleted }
    }
    if (options.fastForwardOnly) throw new NotFastForwardError(label)
    const request = {
      kind: 'merge',
      theirs,
      theirsTree: tree,
      base: base && (await readCommit(read, base)).tree,
      label,
      parents: [from, theirs],
      message: options.message ?? `Merge ${label}`,
      author: options.author ?? configuredAuthor(workspace),
    } as const
    return integrate(workspace, versions, { ...request, parents: [...request.parents] }, options)
  })
}
