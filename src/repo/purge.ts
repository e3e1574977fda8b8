/** `purge PATH…`: takes files out of all history: out of this workspace, out of the user's cache, and out of what the
 *  remote's branches need, so that their packs can be deleted there.
 *
 *  The order makes it safe to be cut off at any point and repeated: the new history is written first, then files, refs and
 *  logs move, then the remote follows, and what the old contents consist of goes last. What is to go is found from the
 *  commits in the store, whether anything refers to them or not, so a second run finds what a first one left. */

import { UsageError } from '../base/errors.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { ObjectSet } from '../objects/object-set.ts'
import { createMemoryObjects, type ReadObject } from '../objects/reader.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { openObjectCache } from '../transfer/object-cache.ts'
import { PathsUnknownError } from './errors.ts'
import { lazyObjects } from './lazy-objects.ts'
import { refuseOperation } from './operation.ts'
import { findDoomed } from './purge-contents.ts'
import { dropPurged, filesOnDisk, moveToNewHistory, newHistory, type PurgedHistory } from './purge-local.ts'
import { type PurgeRemoteResult, planPurgeRemote, purgeRemote } from './purge-remote.ts'
import { defaultRemote, readingRemote } from './reading-remote.ts'
import { readRemote } from './remote.ts'
import { seenPushes } from './remote-memory.ts'
import type { RemoteOptions } from './remote-options.ts'
import { absentWhereGone } from './remote-source.ts'
import { packsWith } from './repack.ts'

export interface PurgeOptions extends RemoteOptions {
  /** Files and folders. */
  paths: readonly string[]
  /** Default: the one that the branch follows, else `origin`, else the only one; none if the workspace has none. */
  remote?: string | undefined
  /** Leave every remote as it is. */
  localOnly?: boolean | undefined
  dryRun?: boolean | undefined
  /** As of `push`. */
  epochs?: number | undefined
  maxWal?: string | undefined
  yes?: boolean | undefined
}

export interface PurgeResult {
  $kind: 'purged' | 'dry-run'
  paths: readonly string[]
  /** Branches, tags and stashes that moved, and what was imported. */
  refs: { ref: string; from: string; to: string }[]
  /** Versions that were made again. */
  commits: number
  /** Contents that are gone here: objects and their bytes; what other paths hold as well stays. */
  contents: { objects: number; bytes: number; stays: number }
  /** Parts of versions (commits, tree nodes, maps) that are not here and could not be looked into. */
  unseen: number
  /** Local packs written anew or deleted, and how much smaller they are. */
  packs: { rewritten: number; freed: number }
  /** Bytes of the packs that went from the cache of the user's workspaces. */
  cacheFreed: number
  /** Files deleted from the workspace, and files that stay because they are in no version. */
  deleted: string[]
  left: string[]
  /** Packs that `fsck` set aside: what they hold cannot be told. */
  damagedPacks: number
  /** `null` without a remote. */
  remote: PurgeRemoteResult | null
}

/** @throws {PathsUnknownError} PATH_UNKNOWN (exit 2) if no version here or there has the paths
 *  @throws {FloeError} PURGE_HISTORY_ABSENT if a part of the history is not here and cannot be brought */
export async function purge(dir: string, options: PurgeOptions): Promise<PurgeResult> {
  if (options.paths.length === 0 || options.paths.includes(''))
    throw new UsageError('PURGE_PATHS', 'name the files or folders that are to go; all of history cannot be purged')
  const remote = options.localOnly ? null : await remoteName(dir, options.remote)
  return options.dryRun ? planned(dir, remote, options) : carriedOut(dir, remote, options)
}

/** A workspace whose missing objects come from the remote: of older versions, a clone has the names only. */
async function openLazily(dir: string, remote: string | null, options: PurgeOptions) {
  if (remote === null) return { workspace: await openWorkspace(dir), [Symbol.asyncDispose]: async () => undefined }
  const lazy = lazyObjects(async () => {
    await using plain = await openWorkspace(dir)
    const { name, network, repository } = readRemote(plain, remote)
    return { network, repository, options, seen: seenPushes(plain, name, repository) }
  })
  const workspace = await openWorkspace(dir, { fetchObject: absentWhereGone(lazy.read) })
  return {
    workspace,
    async [Symbol.asyncDispose]() {
      await workspace[Symbol.asyncDispose]()
      await lazy[Symbol.asyncDispose]()
    },
  }
}

async function remoteName(dir: string, wanted: string | undefined): Promise<string | null> {
  await using workspace = await openWorkspace(dir)
  if (wanted !== undefined) return wanted
  return readingRemote(workspace) ? defaultRemote(workspace) : null
}

async function planned(dir: string, remote: string | null, options: PurgeOptions): Promise<PurgeResult> {
  await using lazy = await openLazily(dir, remote, options)
  const { workspace } = lazy
  refuseOperation(workspace)
  const memory = createMemoryObjects()
  const read: ReadObject = async (kind, id, readOptions) => {
    try {
      return await memory.read(kind, id)
    } catch (error) {
      if (!(error instanceof ObjectMissingError)) throw error
      return workspace.store.read(kind, id, readOptions)
    }
  }
  const history = await newHistory(workspace, read, memory.write, options)
  const doomed = await findDoomed(workspace, read, history.kept, options)
  const packs = await packsWith(workspace, doomed.objects)
  const files = await filesOnDisk(workspace, options)
  const plan = remote === null ? null : await planPurgeRemote(dir, remote, doomed, options)
  if (history.moves.length === 0 && doomed.objects.size === 0 && !plan?.packs.length)
    throw new PathsUnknownError(options.paths, 'any version')
  return {
    ...described(options, 'dry-run', { history, doomed, files }),
    packs: { rewritten: packs.length, freed: 0 },
    cacheFreed: 0,
    damagedPacks: damagedPacks(workspace),
    remote: plan,
  }
}

async function carriedOut(dir: string, remote: string | null, options: PurgeOptions): Promise<PurgeResult> {
  await using lazy = await openLazily(dir, remote, options)
  const { workspace } = lazy
  const moved = await workspace.withLock('purge', () => moveToNewHistory(workspace, options))
  const result: PurgeResult = {
    ...described(options, 'purged', moved),
    packs: { rewritten: 0, freed: 0 },
    cacheFreed: 0,
    damagedPacks: damagedPacks(workspace),
    remote: null,
  }
  const elsewhere = new ObjectSet()
  if (remote !== null) result.remote = await purgeRemote(dir, remote, moved.doomed, options, elsewhere)
  if (result.refs.length === 0 && moved.doomed.objects.size === 0 && !result.remote?.packs.length)
    throw new PathsUnknownError(options.paths, 'any version')
  const { doomed, packs, freed } = await workspace.withLock('purge', () => dropPurged(workspace, moved, options))
  result.packs = { rewritten: packs, freed }
  moved.doomed.unseen.addAll(doomed.unseen)
  result.unseen = moved.doomed.unseen.size
  result.cacheFreed = await dropFromCache(options.homeDir, [doomed.objects, elsewhere])
  return result
}

function described(
  { paths }: PurgeOptions,
  $kind: PurgeResult['$kind'],
  { history: { become, moves }, doomed, files }: PurgedHistory,
): Pick<PurgeResult, '$kind' | 'paths' | 'refs' | 'commits' | 'contents' | 'unseen' | 'deleted' | 'left'> {
  return {
    $kind,
    paths,
    refs: moves,
    commits: [...become].filter(([from, to]) => from !== to).length,
    contents: { objects: doomed.contents, bytes: doomed.bytes, stays: doomed.shared },
    unseen: doomed.unseen.size,
    deleted: files.items.map(({ path }) => path),
    left: files.left,
  }
}

function damagedPacks({ fs, floeDir }: Workspace): number {
  return fs.stat(`${floeDir}/damaged`) ? fs.readDirectory(`${floeDir}/damaged`).length : 0
}

/** Contents of versions that are not here may be in the cache all the same. */
async function dropFromCache(homeDir: string, doomed: readonly ObjectSet[]): Promise<number> {
  await using cache = await openObjectCache(homeDir, { evenIfOff: true })
  if (!cache) return 0
  return cache.withLock(() => cache.dropHolding((kind, id) => doomed.some((objects) => objects.has(kind, id))))
}
