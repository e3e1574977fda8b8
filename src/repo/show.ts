/** `show`: one version, and what it changed. */

import { FloeError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import { resolveRevision } from '../history/revision.ts'
import type { Commit } from '../objects/commit.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { diffTrees } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { type Change, changeBetween } from './change.ts'
import { type CommitRecord, logOf } from './log.ts'
import { isSelected } from './paths.ts'
import { copiedFrom, type RenamedChange, withRenames } from './renames.ts'
import { revisionSource } from './versions.ts'

export interface ShowResult extends CommitRecord {
  /** Against the first parent, in path order; null if that version is not here and cannot be brought. Renames are found
   *  by file id, copies only if asked for. */
  changes: (Change | RenamedChange)[] | null
}

export interface ShowOptions extends ChangesOptions {
  revision?: string | undefined
}

export interface ChangesOptions {
  /** Look for the contents of added files in all of the version before. */
  findCopies?: boolean | undefined
  /** Only what is at or below these paths; none: all. */
  paths?: readonly string[] | undefined
  signal?: AbortSignal | undefined
}

/** @throws {RevisionUnknownError} REVISION_UNKNOWN (exit 2) */
export async function showCommit(workspace: Workspace, options: ShowOptions = {}): Promise<ShowResult> {
  const id = await resolveRevision(await revisionSource(workspace), options.revision ?? 'HEAD')
  const [record] = await logOf(workspace, { revisions: [id], limit: 1, signal: options.signal })
  // A version that history does not have at all is an error of its own, thrown here.
  if (!record) throw new ObjectMissingError('commit', id)
  return { ...record, changes: await changesOf(workspace, record, options) }
}

/** What a version changed, as `ShowResult` has it. */
export async function changesOf(
  workspace: Workspace,
  { tree, parents }: Pick<Commit, 'tree' | 'parents'>,
  options: ChangesOptions = {},
): Promise<ShowResult['changes']> {
  const { paths = [] } = options
  const { read } = workspace.store
  const changes: Change[] = []
  try {
    const before = parents[0] ? (await readCommit(read, parents[0], options)).tree : null
    for await (const { path, before: old, after } of diffTrees(read, before, tree, options)) {
      if (paths.length > 0 && !isSelected(path, paths)) continue
      const change = changeBetween(path, old, after)
      if (change) changes.push(change)
    }
    return withRenames(
      changes,
      before && options.findCopies ? await copiedFrom({ read, before, changes }, options) : [],
    )
  } catch (error) {
    // The version itself is worth showing where the one before it cannot be asked for.
    if (error instanceof ObjectMissingError || (error instanceof FloeError && error.kind === 'network')) return null
    throw error
  }
}
