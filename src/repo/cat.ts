/** `cat`: the bytes of a file at a version. */

import { UsageError } from '../base/errors.ts'
import { PathIsFolderError, PathUnknownError } from '../history/errors.ts'
import { STAGED_REVISION } from '../history/revision.ts'
import { findEntry, type TreeEntry, walkTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { readEntry } from '../worktree/write-file.ts'
import { readOperation } from './operation.ts'
import { treeAt } from './versions.ts'

export { parseRevisionPath, splitRevisionPath } from '../history/revision.ts'

export interface CatOptions {
  /** Default: HEAD. `:` is what is staged, `:1` to `:3` are base, ours and theirs of a file in conflict. */
  revision?: string | undefined
  path: string
  /** First byte (default 0). */
  fromByte?: number | undefined
  /** Byte after the last one (default: the end). */
  toByte?: number | undefined
  signal?: AbortSignal | undefined
}

/** Pieces in order, each checked against its chunk id; of a link, its target.
 *  @throws {PathUnknownError} PATH_UNKNOWN (exit 2) */
export async function* catFile(workspace: Workspace, options: CatOptions): AsyncGenerator<Uint8Array> {
  const { revision = 'HEAD', path, fromByte = 0, toByte, signal } = options
  for (const value of [fromByte, toByte ?? fromByte])
    if (!Number.isSafeInteger(value) || value < fromByte)
      throw new UsageError('RANGE_MALFORMED', `the byte range ${fromByte}-${toByte} is empty or backwards`)
  const entry = await entryAt(workspace, revision, path, signal)
  const range = toByte === undefined ? { fromByte } : { fromByte, toByte }
  yield* readEntry(workspace.store.read, entry, { ...range, signal })
}

const SIDES = { ':1': 'base', ':2': 'ours', ':3': 'theirs' } as const

async function entryAt(
  workspace: Workspace,
  revision: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<TreeEntry> {
  if (Object.hasOwn(SIDES, revision)) {
    const side = SIDES[revision as keyof typeof SIDES]
    const conflict = readOperation(workspace)?.conflicts.find((candidate) => candidate.path === path)
    if (!conflict?.[side]) throw new PathUnknownError(path, `the ${side} side of what is in conflict`)
    return conflict[side]
  }
  const { tree, read } = await treeAt(workspace, revision)
  const entry = await findEntry(read, tree, path, { signal })
  if (entry) return entry
  const isStaged = revision === STAGED_REVISION
  const below = await walkTree(read, tree, { prefix: path, signal }).next()
  if (!below.done && !isStaged) throw new PathIsFolderError(path, revision)
  throw new PathUnknownError(path, isStaged ? 'what is staged' : revision)
}
