/** `ls`: the files of a version. */

import { PathUnknownError } from '../history/errors.ts'
import { STAGED_REVISION } from '../history/revision.ts'
import { findEntry, walkTree } from '../objects/tree.ts'
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

export interface FolderEntry {
  /** One segment. */
  name: string
  kind: 'folder' | 'file' | 'symlink'
}

/** What is directly in a folder of a version, as `git show REV:FOLDER` has it; undefined if a file has that path.
 *  @param options.prefix - the folder; `''` for the root
 *  @throws {PathUnknownError} PATH_UNKNOWN (exit 2) if nothing has it */
export async function listFolder(
  workspace: Workspace,
  { revision, prefix, signal }: { revision: string; prefix: string; signal?: AbortSignal | undefined },
): Promise<FolderEntry[] | undefined> {
  const folder = prefix.replace(/\/+$/, '')
  const { tree, read } = await treeAt(workspace, revision)
  if (folder !== '' && folder === prefix && (await findEntry(read, tree, folder, { signal }))) return undefined
  const start = folder === '' ? '' : `${folder}/`
  const entries: FolderEntry[] = []
  let after = start
  for (;;) {
    const walk = walkTree(read, tree, { signal, after, ...(folder === '' ? {} : { prefix: folder }) })
    let skipped: string | undefined
    for await (const { path, kind } of walk) {
      const [name = '', ...below] = path.slice(start.length).split('/')
      if (below.length > 0 && entries.at(-1)?.name === name) continue
      entries.push({ name, kind: below.length > 0 ? 'folder' : kind })
      // Of what is below a folder nothing more is looked at, however much it is.
      if (below.length > 0) skipped = `${start}${name}/\u{10ffff}`
      if (skipped !== undefined) break
    }
    if (skipped === undefined) break
    after = skipped
  }
  if (entries.length === 0 && folder !== '')
    throw new PathUnknownError(folder, revision === STAGED_REVISION ? 'what is staged' : revision)
  return entries
}
