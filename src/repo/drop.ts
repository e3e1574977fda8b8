/** `drop`: takes files from this disk that are safe on the network, and leaves them out from now on. */

import { readCommit } from '../history/commits.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import { findEntry, type TreeEntry } from '../objects/tree.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { compareWithTree } from '../worktree/compare.ts'
import { literalRule } from '../worktree/path-filter.ts'
import { certifiedChunks } from './certified-chunks.ts'
import { PathsUnknownError } from './errors.ts'
import { expiry } from './expiry.ts'
import { certifyHeld } from './held-upkeep.ts'
import { moveFiles } from './move-files.ts'
import { isSelected } from './paths.ts'
import { contentsOf } from './purge-contents.ts'
import { readRemote } from './remote.ts'
import { seenPushes } from './remote-memory.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource } from './remote-source.ts'
import { readSparse, writeSparse } from './sparse.ts'
import { DropRefusedError } from './sparse-errors.ts'
import { localFiles, readVersions } from './versions.ts'

export interface DropOptions extends RemoteOptions {
  /** Workspace paths, files or folders; `''` for everything. */
  paths: readonly string[]
  /** Where the files have to be safe (default: the remote that the branch follows, else `origin`). */
  remote?: string | undefined
}

export interface DropResult {
  /** Files deleted, and their bytes. */
  files: number
  bytes: number
  rules: readonly string[]
}

/** Every file has to be as committed, and part of a version at which a ref of the remote stands now, with all its packs
 *  stored beyond this epoch; where packs of it were removed or expired, those that are left have to hold the file. The chain is asked
 *  each time: what was certified once may have expired.
 *  @throws {DropRefusedError} DROP_REFUSED (exit 1), with nothing changed
 *  @throws {PathsUnknownError} PATH_UNKNOWN (exit 2) */
export async function drop(dir: string, options: DropOptions): Promise<DropResult> {
  await using workspace = await openWorkspace(dir)
  const { safe, reduced } = await safeTrees(workspace, options)
  const isThere = reduced.length > 0 ? await chunksThere(workspace, options) : () => false
  return workspace.withLock('drop', async () => {
    const versions = await readVersions(workspace)
    const entries = await droppable(workspace, versions, options)
    const unsafe: string[] = []
    for (const entry of entries) {
      if (await isIn(workspace, safe, entry)) continue
      if ((await isIn(workspace, reduced, entry)) && (await isStored(workspace, entry, isThere))) continue
      unsafe.push(entry.path)
    }
    if (unsafe.length > 0)
      throw new DropRefusedError('is in no version that is certified on the remote', unsafe, [
        'push it first: `floe push`; if it was pushed, see `floe expiry`: `floe revive` brings back what has expired',
      ])
    // Rules first: files that are left if this is cut off are only files that need not be here.
    const rules = readSparse(workspace)?.rules ?? ['**']
    await writeSparse(workspace, [...rules, ...options.paths.map((path) => `!${literalRule(path)}`)])
    const items = entries.map((entry) => ({ path: entry.path, before: entry }))
    const { signal, onProgress } = options
    await letGo(workspace, entries)
    await moveFiles(workspace, versions.read, items, undefined, { signal, onProgress })
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
    return { files: entries.length, bytes, rules: readSparse(workspace)?.rules ?? [] }
  })
}

/** Files that were committed in place need not be kept for their contents: the remote has those. */
async function letGo(workspace: Workspace, entries: readonly TreeEntry[]): Promise<void> {
  const { held, readLocal } = workspace.store
  if ((await held.lists()).length === 0) return
  const certified = new ObjectSet()
  for (const entry of entries) await contentsOf(readLocal, entry, (kind, id) => void certified.add(kind, id))
  await certifyHeld(workspace, certified)
}

async function droppable(
  workspace: Workspace,
  versions: Awaited<ReturnType<typeof readVersions>>,
  { paths, signal }: DropOptions,
): Promise<TreeEntry[]> {
  const { read, stagedTree, staging } = versions
  const entries: TreeEntry[] = []
  const changed: string[] = []
  const met: string[] = []
  const onAbsent = (entry: TreeEntry) => void met.push(entry.path)
  const walk = { paths, signal, onAbsent, includeIgnored: true }
  for await (const state of compareWithTree(localFiles(workspace), read, stagedTree, walk)) {
    if (state.$kind === 'untracked' || !state.entry) continue
    met.push(state.path)
    const isSame = state.$kind === 'tracked' && state.difference === 'same'
    if (!isSame || staging.get(state.path)) changed.push(state.path)
    else entries.push(state.entry)
  }
  const unknown = paths.filter((path) => path !== '' && !met.some((found) => isSelected(found, [path])))
  if (unknown.length > 0) throw new PathsUnknownError(unknown, 'what is tracked')
  if (changed.length > 0)
    throw new DropRefusedError('has changes that are in no commit', changed, [
      'commit and push them, or give them up with `floe restore PATH`',
    ])
  return entries
}

interface Trees {
  /** All packs of the ref are stored beyond this epoch. */
  safe: ObjectId[]
  /** Others were removed (folded and unused ones as a rule, or taken down), or had expired before the ref moved last: a push
   *  brings again what its version needs, but that is no reason to delete a file. */
  reduced: ObjectId[]
}

/** Trees of the remote's refs, as far as they are known here. */
async function safeTrees(workspace: Workspace, options: DropOptions): Promise<Trees> {
  const { epoch, refs } = await expiry(workspace.root || '/', { ...options, remote: options.remote })
  const trees: Trees = { safe: [], reduced: [] }
  for (const { commit, endEpoch, reusedEndEpoch, removed, hasExpired } of refs) {
    const isStored = endEpoch !== null && endEpoch > epoch
    if (!isStored || (reusedEndEpoch !== null && reusedEndEpoch <= epoch)) continue
    try {
      const { tree } = await readCommit(workspace.store.readLocal, commit as ObjectId)
      trees[removed.length > 0 || hasExpired ? 'reduced' : 'safe'].push(tree)
    } catch (error) {
      if (!(error instanceof ObjectMissingError)) throw error
    }
  }
  return trees
}

type IsThere = (kind: ObjectKind, id: ObjectId) => boolean

/** Which chunks the packs hold that are left. It takes a look at each of them, so only where some are gone. */
async function chunksThere(workspace: Workspace, options: DropOptions): Promise<IsThere> {
  const place = readRemote(workspace, options.remote)
  const seen = seenPushes(workspace, place.name, place.repository)
  await using source = await openRemoteSource(place.network, place.repository, options, seen)
  const { held, claimed } = await certifiedChunks(workspace, place.name, source, null, options)
  return (kind, id) => held.has(kind, id) || claimed.has(kind, id)
}

async function isStored({ store }: Workspace, entry: TreeEntry, isThere: IsThere): Promise<boolean> {
  let isWhole = true
  await contentsOf(store.readLocal, entry, (kind, id) => {
    if (kind === 'chunk' && !isThere(kind, id)) isWhole = false
  })
  return isWhole
}

async function isIn({ store }: Workspace, trees: readonly ObjectId[], entry: TreeEntry): Promise<boolean> {
  for (const tree of trees)
    try {
      const there = await findEntry(store.readLocal, tree, entry.path)
      if (there?.fileId === entry.fileId && there.content?.id === entry.content?.id) return true
    } catch (error) {
      // That version was never brought here: nothing can be said about it.
      if (!(error instanceof ObjectMissingError)) throw error
    }
  return false
}
