/** What a purge takes away: the contents of the paths in every version in the store, unless another path needs them too,
 *  and the versions and tree nodes that nothing refers to any more. */

import { readCommit, walkCommits } from '../history/commits.ts'
import { walkMapNodes } from '../objects/content-map.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { ReadObject } from '../objects/reader.ts'
import { type TreeEntry, walkTree, walkTreeNodes } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { isSelected } from './paths.ts'

export interface DoomedContents {
  /** Chunks and maps of the paths, and commits and trees that go with them. */
  objects: ObjectSet
  /** Chunks and maps among them, and their bytes. */
  contents: number
  bytes: number
  /** Contents of the paths that other paths of some version hold as well: they stay. */
  shared: number
  /** Contents that stay, to be told apart from what goes elsewhere too. */
  keeps: ObjectSet
  /** Versions, tree nodes and maps that would have been looked into and are not here: contents that only they lead to stay,
   *  if they are here. */
  unseen: ObjectSet
}

export interface FindDoomed {
  paths: readonly string[]
  signal?: AbortSignal | undefined
}

/** @param kept - commits at which refs stand, or will */
export async function findDoomed(
  workspace: Workspace,
  read: ReadObject,
  kept: readonly ObjectId[],
  options: FindDoomed,
): Promise<DoomedContents> {
  const unseen = new ObjectSet()
  const keeps = await contentsBesides(read, kept, options, unseen)
  const staged = [...workspace.readStaging().changes()]
  for (const { path, entry } of staged)
    if (entry && !isSelected(path, options.paths))
      await contentsOf(read, entry, (kind, id) => void keeps.add(kind, id), unseen)
  const doomed: DoomedContents = { objects: new ObjectSet(), contents: 0, bytes: 0, shared: 0, keeps, unseen }
  const met = new ObjectSet()
  const take = (kind: 'chunk' | 'map', id: ObjectId, bytes: number) => {
    if (!met.add(kind, id)) return
    if (keeps.has(kind, id)) doomed.shared++
    else if (doomed.objects.add(kind, id)) {
      doomed.contents++
      doomed.bytes += bytes
    }
  }
  const local = workspace.store.readLocal
  const commits = await localCommits(workspace)
  const walk = { signal: options.signal, onAbsent: (node: ObjectId) => void unseen.add('tree', node) }
  for (const id of commits) {
    const { tree } = await readCommit(local, id)
    for (const prefix of options.paths)
      for await (const entry of walkTree(local, tree, { prefix, ...walk })) await contentsOf(local, entry, take, unseen)
  }
  // Staged files are in no commit.
  for (const { path, entry } of staged)
    if (entry && isSelected(path, options.paths)) await contentsOf(local, entry, take, unseen)
  for (const id of commits) if (!keeps.has('commit', id)) await takeVersion(id)
  return doomed

  /** Only versions that held the paths: what else nothing refers to is left to `gc`. */
  async function takeVersion(id: ObjectId): Promise<void> {
    const { tree } = await readCommit(local, id)
    let holds = false
    for (const prefix of options.paths) for await (const _ of walkTree(local, tree, { prefix, ...walk })) holds = true
    if (!holds) return
    doomed.objects.add('commit', id)
    const skip = (node: ObjectId) => keeps.has('tree', node) || !doomed.objects.add('tree', node)
    for await (const _ of walkTreeNodes(local, tree, { skip, ...walk })) void _
  }
}

/** History is lazy: what was never fetched is not here to go. */
export async function whereHere(job: () => Promise<void>): Promise<void> {
  try {
    await job()
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error
  }
}

/** Chunks and maps of a file, chunks first.
 *  @param unseen - gets maps that are not here, and the rest is taken; without it they are an error */
export async function contentsOf(
  read: ReadObject,
  entry: TreeEntry,
  take: (kind: 'chunk' | 'map', id: ObjectId, bytes: number) => void,
  unseen?: ObjectSet,
): Promise<void> {
  if (entry.content?.kind === 'chunk') take('chunk', entry.content.id, entry.bytes)
  if (entry.content?.kind !== 'map') return
  const onAbsent = unseen && ((id: ObjectId) => void unseen.add('map', id))
  for await (const node of walkMapNodes(read, entry, { onAbsent })) {
    if (node.level === 0) for (const chunk of node.items) take('chunk', chunk.id, chunk.bytes)
    take('map', node.id, 0)
  }
}

/** Everything that commits need, save the contents of the paths.
 *  @param unseen - gets what is not here and would have been looked into */
export async function contentsBesides(
  read: ReadObject,
  commits: readonly ObjectId[],
  { paths, signal }: FindDoomed,
  unseen: ObjectSet,
): Promise<ObjectSet> {
  const keeps = new ObjectSet()
  const keep = (kind: 'chunk' | 'map', id: ObjectId) => void keeps.add(kind, id)
  const isUnseen = (kind: ObjectKind) => (id: ObjectId) => void unseen.add(kind, id)
  for await (const { id, commit } of walkCommits(read, commits, { signal, onAbsent: isUnseen('commit') })) {
    keeps.add('commit', id)
    for (const attachment of commit.attachments.values()) keeps.add('attachment', attachment)
    const skip = (node: ObjectId) => !keeps.add('tree', node)
    for await (const node of walkTreeNodes(read, commit.tree, { skip, onAbsent: isUnseen('tree'), signal }))
      for (const entry of node.entries) if (!isSelected(entry.path, paths)) await contentsOf(read, entry, keep, unseen)
  }
  return keeps
}

/** Every commit in the store, whether anything refers to it or not. */
export async function localCommits({ store }: Workspace): Promise<ObjectId[]> {
  const commits = new Set<ObjectId>()
  for (const { name, kind } of await store.packs())
    if (kind === 'meta')
      for (const object of await store.packObjects(name)) if (object.kind === 'commit') commits.add(object.id)
  return [...commits]
}
