/** `cat`: the bytes of a file at a version. */

import { UsageError } from '../base/errors.ts'
import { PathUnknownError } from '../history/errors.ts'
import { findEntry } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { readEntry } from '../worktree/write-file.ts'
import { treeOfRevision } from './versions.ts'

export { parseRevisionPath } from '../history/revision.ts'

export interface CatOptions {
  /** Default: HEAD. */
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
  const { tree } = await treeOfRevision(workspace, revision)
  const entry = await findEntry(workspace.store.read, tree, path, { signal })
  if (!entry) throw new PathUnknownError(path, revision)
  const range = toByte === undefined ? { fromByte } : { fromByte, toByte }
  yield* readEntry(workspace.store.read, entry, { ...range, signal })
}
