/** `ls`: the files of a version. */

import { PathUnknownError } from '../history/errors.ts'
import { walkTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { type FileRecord, fileRecord } from './file-record.ts'
import { treeAt } from './versions.ts'

export interface ListOptions {
  /** Default: HEAD. */
  revision?: string | undefined
  /** A file or folder; default: everything. */
  prefix?: string | undefined
  signal?: AbortSignal | undefined
}

/** Files in path order, read as they are asked for.
 *  @throws {PathUnknownError} PATH_UNKNOWN (exit 2) if nothing is at the prefix */
export async function* listFiles(workspace: Workspace, options: ListOptions = {}): AsyncGenerator<FileRecord> {
  const { revision = 'HEAD', signal } = options
  const prefix = options.prefix?.replace(/\/+$/, '') ?? ''
  const { tree, read } = await treeAt(workspace, revision)
  let found = prefix === ''
  for await (const entry of walkTree(read, tree, { signal, ...(prefix === '' ? {} : { prefix }) })) {
    found = true
    yield fileRecord(entry)
  }
  if (!found) throw new PathUnknownError(prefix, revision)
}
