/** Reading trees: in order, one path, all nodes, the difference of two. Only nodes on the way are read. */

import { throwIfAborted } from '../base/abort.ts'
import { ObjectMissingError } from './errors.ts'
import type { ObjectId } from './id.ts'
import { comparePaths, isAtOrBelow } from './path.ts'
import type { ReadObject } from './reader.ts'
import {
  childPlace,
  createTreeNodeCache,
  loadTreeNode,
  rootPlace,
  type TreeNodeCache,
  type TreePlace,
} from './tree-load.ts'
import type { TreeEntry, TreeNode } from './tree-node.ts'

export interface TreeReadOptions {
  signal?: AbortSignal | undefined
}

export interface TreeWalkOptions extends TreeReadOptions {
  /** Called for a node that is not here, instead of failing: the walk goes on beside it. */
  onAbsent?: ((id: ObjectId) => void) | undefined
}

/** The node, or undefined if it is absent and somebody wants to be told. */
async function loadUnlessAbsent(
  read: ReadObject,
  place: TreePlace,
  { signal, onAbsent }: TreeWalkOptions,
): Promise<TreeNode | undefined> {
  try {
    return await loadTreeNode(read, place, { signal })
  } catch (error) {
    if (!(error instanceof ObjectMissingError) || !onAbsent) throw error
    onAbsent(place.id)
    return undefined
  }
}

/** Entries in order.
 *  @param options.prefix - only the entry with this path and those below it (a path without trailing slash)
 *  @param options.after - only entries after this path
 *  @throws {ObjectMalformedError} TREE_MALFORMED if a node read on the way is not as it must be */
export async function* walkTree(
  read: ReadObject,
  root: ObjectId,
  options: TreeWalkOptions & { prefix?: string | undefined; after?: string | undefined } = {},
): AsyncGenerator<TreeEntry> {
  const { prefix, after, signal } = options
  const stack: TreePlace[] = [rootPlace(root)]
  for (let place = stack.pop(); place; place = stack.pop()) {
    throwIfAborted(signal)
    const node = await loadUnlessAbsent(read, place, options)
    if (!node) continue
    for (const entry of node.entries) {
      if (after !== undefined && comparePaths(entry.path, after) <= 0) continue
      if (prefix === undefined || isAtOrBelow(entry.path, prefix)) yield entry
      else if (comparePaths(entry.path, prefix) > 0) return
    }
    for (let i = node.links.length - 1; i >= 0; i--) {
      const child = childPlace(place, node, i)
      const lastPath = node.links[i]!.path
      if (after !== undefined && comparePaths(lastPath, after) <= 0) continue
      if (prefix !== undefined) {
        if (comparePaths(lastPath, prefix) < 0) continue
        // What is wanted stands together, so a subtree that begins behind it has nothing.
        const before = child.after
        if (before !== undefined && comparePaths(before, prefix) > 0 && !isAtOrBelow(before, prefix)) continue
      }
      stack.push(child)
    }
  }
}

/** By reader, so that what is read through one is not given to another. */
const nodesFound = new WeakMap<ReadObject, TreeNodeCache>()

/** The entry with a path, or undefined if the tree has none. Who asks for many through one reader had better ask in path
 *  order: the nodes on the way to the last are remembered, and the next shares most of them. */
export async function findEntry(
  read: ReadObject,
  root: ObjectId,
  path: string,
  options: TreeReadOptions = {},
): Promise<TreeEntry | undefined> {
  let nodes = nodesFound.get(read)
  if (!nodes) nodesFound.set(read, (nodes = createTreeNodeCache()))
  let place: TreePlace = rootPlace(root)
  // Bounded by the number of levels: each child is one level lower.
  for (;;) {
    const node: TreeNode = await loadTreeNode(read, place, { ...options, nodes })
    if (node.level === 0) return node.entries.find((entry) => entry.path === path)
    const index = node.links.findIndex((link) => comparePaths(path, link.path) <= 0)
    if (index < 0) return undefined
    place = childPlace(place, node, index)
  }
}

/** True if a file has this path, or a folder that has files. */
export async function isInTree(read: ReadObject, root: ObjectId, path: string): Promise<boolean> {
  return !(await walkTree(read, root, { prefix: path }).next()).done
}

/** Number and summed size of the files in a tree, as its root says. */
export async function treeTotals(
  read: ReadObject,
  root: ObjectId,
  options: TreeReadOptions = {},
): Promise<{ entries: number; bytes: number }> {
  const { entries, links } = await loadTreeNode(read, rootPlace(root), options)
  const totals = { entries: entries.length, bytes: 0 }
  for (const entry of entries) totals.bytes += entry.bytes
  for (const link of links) {
    totals.entries += link.entries
    totals.bytes += link.bytes
  }
  return totals
}

/** Every node from the root down, each before its children and left before right. Walking all of them proves that the
 *  tree is the one `buildTree` gives for its entries.
 *  @param options.skip - true for a node whose subtree is not wanted; it is not read */
export async function* walkTreeNodes(
  read: ReadObject,
  root: ObjectId,
  options: TreeWalkOptions & { skip?: (id: ObjectId) => boolean | Promise<boolean> } = {},
): AsyncGenerator<TreeNode & { id: ObjectId }> {
  const { skip, signal } = options
  const stack: TreePlace[] = [rootPlace(root)]
  for (let place = stack.pop(); place; place = stack.pop()) {
    throwIfAborted(signal)
    if (await skip?.(place.id)) continue
    const node = await loadUnlessAbsent(read, place, options)
    if (!node) continue
    yield { id: place.id, ...node }
    for (let i = node.links.length - 1; i >= 0; i--) stack.push(childPlace(place, node, i))
  }
}

/** Ids of all nodes of a tree. */
export async function* treeNodeIds(
  read: ReadObject,
  root: ObjectId,
  options: TreeReadOptions & { skip?: (id: ObjectId) => boolean | Promise<boolean> } = {},
): AsyncGenerator<ObjectId> {
  for await (const { id } of walkTreeNodes(read, root, options)) yield id
}

/** Reads a whole tree and holds it to every rule of the format.
 *  @returns number of its nodes, entries and the summed size
 *  @throws {ObjectMalformedError} TREE_MALFORMED at the first node that is not as it must be */
export async function verifyTree(
  read: ReadObject,
  root: ObjectId,
  options: TreeReadOptions = {},
): Promise<{ nodes: number; entries: number; bytes: number }> {
  const totals = { nodes: 0, entries: 0, bytes: 0 }
  for await (const node of walkTreeNodes(read, root, options)) {
    totals.nodes++
    totals.entries += node.entries.length
    for (const { bytes } of node.entries) totals.bytes += bytes
  }
  return totals
}
