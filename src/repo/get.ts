/** `get`: brings files to the disk that a partial workspace had left out, and keeps them from now on. */

import { treeObjects } from '../history/missing-objects.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { walkTree } from '../objects/tree.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import type { CheckoutItem } from '../worktree/checkout.ts'
import { PathGuard } from '../worktree/guard.ts'
import { literalRule } from '../worktree/path-filter.ts'
import { bringTree } from './bring.ts'
import { PathsUnknownError } from './errors.ts'
import { moveFiles } from './move-files.ts'
import { isSelected } from './paths.ts'
import { readRemote } from './remote.ts'
import { seenPushes } from './remote-memory.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource } from './remote-source.ts'
import { readSparse, writeSparse } from './sparse.ts'
import { readVersions, type Versions } from './versions.ts'

export interface GetOptions extends RemoteOptions {
  /** Workspace paths, files or folders; `''` for everything. */
  paths: readonly string[]
  /** Where contents come from that are not here (default: the remote that the branch follows, else `origin`). */
  remote?: string | undefined
}

export interface GetResult {
  /** Files written, and their bytes. */
  files: number
  bytes: number
  downloadedBytes: number
  /** The rules from now on; null: the workspace has everything. */
  rules: readonly string[] | null
}

/** Files that are on disk already stay as they are. Objects first, then files, then the rules: what was cut off is
 *  finished by repeating it.
 *  @throws {PathsUnknownError} PATH_UNKNOWN (exit 2)
 *  @throws {RemoteIntegrityError} REMOTE_LOG_SHRUNK (exit 13) */
export async function get(dir: string, options: GetOptions): Promise<GetResult> {
  await using workspace = await openWorkspace(dir)
  const filter = readSparse(workspace)
  const versions = await readVersions(workspace)
  const items = await absentItems(workspace, versions, options.paths)
  const downloadedBytes = (await isHere(workspace, versions, options)) ? 0 : await bring(workspace, versions, options)
  const bytes = items.reduce((sum, { after }) => sum + (after?.bytes ?? 0), 0)
  return workspace.withLock('get', async () => {
    const { read, headTree } = versions
    const { signal, onProgress } = options
    await moveFiles(workspace, read, items, headTree, { signal, onProgress })
    if (filter) await writeSparse(workspace, [...filter.rules, ...options.paths.map(literalRule)])
    return { files: items.length, bytes, downloadedBytes, rules: readSparse(workspace)?.rules ?? null }
  })
}

async function absentItems(
  { fs, root }: Workspace,
  { read, stagedTree }: Versions,
  paths: readonly string[],
): Promise<CheckoutItem[]> {
  const guard = new PathGuard(fs, root)
  const items = new Map<string, CheckoutItem>()
  const unknown: string[] = []
  for (const path of paths) {
    let found = false
    for await (const entry of walkTree(read, stagedTree, path === '' ? {} : { prefix: path })) {
      found = true
      if (!guard.stat(entry.path)) items.set(entry.path, { path: entry.path, after: entry, always: true })
    }
    if (!found && path !== '') unknown.push(path)
  }
  if (unknown.length > 0) throw new PathsUnknownError(unknown, 'what is tracked')
  return [...items.values()]
}

/** True if no content is missing. */
async function isHere({ store }: Workspace, { headTree, read }: Versions, { paths, signal }: GetOptions) {
  try {
    for await (const { kind, id } of treeObjects(read, headTree, [], signal, (path) => isSelected(path, paths)))
      if (kind !== 'tree' && !(await store.has(kind, id))) return false
  } catch (error) {
    if (error instanceof ObjectMissingError) return false
    throw error
  }
  return true
}

async function bring(workspace: Workspace, { head, headTree }: Versions, options: GetOptions): Promise<number> {
  const remote = readRemote(workspace, options.remote)
  // An end point that lags behind what has been seen would make an honest tip look incomplete.
  const seen = seenPushes(workspace, remote.name, remote.repository)
  await using source = await openRemoteSource(remote.network, remote.repository, options, seen)
  const objects = await source.objects(source.refs.map(source.recordOf))
  await workspace.withLock('get', () =>
    bringTree(
      workspace,
      objects,
      source.cache,
      {
        tree: headTree,
        bases: [],
        includes: (path) => isSelected(path, options.paths),
        tip: head!,
        blame: {},
      },
      options,
    ),
  )
  return objects.downloadedBytes
}
