/** Bringing what a version needs into the local store: from packs that other workspaces of the user fetched, where they
 *  have it, else from the remote. What comes from the remote is shared with them. */

import { FloeError } from '../base/errors.ts'
import { treeObjectRuns } from '../history/missing-objects.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { Workspace } from '../store/workspace.ts'
import type { ObjectCache } from '../transfer/object-cache.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import { bringPacks } from './bring-packs.ts'
import { type DownloadedTree, downloadTree } from './download.ts'

export interface BringRequest {
  tree: ObjectId
  /** Trees that are complete here, as far as they are wanted; what they share is not looked at. */
  bases: readonly ObjectId[]
  /** Paths whose contents are wanted (default all). Tree nodes are always brought: paths, sizes and ids of everything. */
  includes?: ((path: string) => boolean) | undefined
  /** The commit whose tree it is, and who pushed it, for errors. */
  tip: ObjectId
  blame: Readonly<Record<string, unknown>>
  /** The workspace is new: nothing of it is here. */
  isFirst?: boolean | undefined
}

/** Under the lock of the workspace.
 *  @param remote - reads and checks what is in the remote's packs */
export async function bringTree(
  workspace: Workspace,
  remote: RemoteObjects,
  cache: ObjectCache | null,
  request: BringRequest,
  options: { signal?: AbortSignal | undefined; wholePackBytes?: number | undefined },
): Promise<DownloadedTree> {
  const { store } = workspace
  const { signal, wholePackBytes } = options
  const { tree, bases, includes, tip, blame } = request
  const borrowed = cache ? await borrow(workspace, cache, request, signal) : 'nothing'
  if (borrowed === 'all') return { objects: 0, bytes: 0 }
  const isFirst = request.isFirst && borrowed === 'nothing'
  const before = packFiles(workspace)
  const brought: DownloadedTree = { objects: 0, bytes: 0 }
  if (!(await bringPacks(store, remote, { tree, bases, includes, isFirst, signal, wholePackBytes }))) {
    const session = await store.begin()
    try {
      const rest = { signal, cache, includes }
      Object.assign(brought, await downloadTree(store, session, remote.read, tree, bases, tip, blame, rest))
      await session.seal()
    } finally {
      session.abort()
    }
  }
  await cache?.takePacks([...packFiles(workspace)].filter((path) => !before.has(path)))
  return brought
}

/** Gives the packs of the cache that hold any of it a name in the workspace.
 *  @returns how much of it was there; all: it is here now */
async function borrow(
  { store, floeDir }: Workspace,
  cache: ObjectCache,
  { tree, bases, includes }: BringRequest,
  signal: AbortSignal | undefined,
): Promise<'all' | 'some' | 'nothing'> {
  const read: ReadObject = async (kind, id) => {
    if (await store.has(kind, id)) return store.readLocal(kind, id, { signal })
    const found = await cache.find(kind, id)
    if (!found) throw new ObjectMissingError(kind, id)
    return found
  }
  let isWalked = false
  const { names, hasAll } = await cache.lendPacks(lacking, `${floeDir}/packs`, { signal })
  // Takes them into the index.
  if (names.length > 0) await store.dropPacks([])
  if (hasAll && isWalked) return 'all'
  return names.length > 0 ? 'some' : 'nothing'

  async function* lacking() {
    isWalked = false
    try {
      for await (const run of treeObjectRuns(read, tree, bases, signal, includes)) yield await store.lacking(run)
      isWalked = true
    } catch (error) {
      // From here on the network knows more than the cache.
      if (!(error instanceof FloeError) || (error.kind !== 'integrity' && !(error instanceof ObjectMissingError)))
        throw error
    }
  }
}

function packFiles({ fs, floeDir }: Workspace): Set<string> {
  const names = fs.readDirectory(`${floeDir}/packs`).map(({ name }) => Buffer.from(name).toString('latin1'))
  return new Set(names.filter((name) => name.endsWith('.pack')).map((name) => `${floeDir}/packs/${name}`))
}
