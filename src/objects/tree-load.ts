/** Reading a node where it stands in a tree: what its parent promised is checked, so that a tree read piece by piece is
 *  held to the same rules as one read whole. */

import { ObjectMalformedError } from './errors.ts'
import type { ObjectId } from './id.ts'
import type { ReadObject } from './reader.ts'
import {
  assertFollows,
  closesTreeNode,
  parseTreeNode,
  type TreeLink,
  type TreeNode,
  treeItemCost,
} from './tree-node.ts'

/** A node to be read, with all that is known about it. */
export interface TreePlace {
  id: ObjectId
  /** What the parent says; undefined at the root. */
  link?: TreeLink | undefined
  /** Level the node must have; undefined at the root. */
  level?: number | undefined
  /** The last path before the node, if there is one. */
  after?: string | undefined
  /** True on the right edge of the tree, where a node may end without a cut. */
  last: boolean
}

export function rootPlace(id: ObjectId): TreePlace {
  return { id, last: true }
}

/** Place of a child. */
export function childPlace(place: TreePlace, node: TreeNode, index: number): TreePlace {
  const link = node.links[index]!
  return {
    id: link.id,
    link,
    level: node.level - 1,
    after: index === 0 ? place.after : node.links[index - 1]!.path,
    last: place.last && index === node.links.length - 1,
  }
}

/** Nodes that were read last, for one who compares a version with the next, and that with the one after it. */
export interface TreeNodeCache {
  get(id: ObjectId): TreeNode | undefined
  set(id: ObjectId, node: TreeNode): void
}

/** A node is some 30 KB at most. */
const MAX_CACHED_NODES = 16

export function createTreeNodeCache(): TreeNodeCache {
  // No Map: what leaves one is held, by tables it has outgrown, until all of the heap is collected. That doubled the memory.
  const slots: { id: ObjectId; node: TreeNode }[] = []
  let next = 0
  return {
    get: (id) => slots.find((slot) => slot.id === id)?.node,
    set(id, node) {
      slots[next] = { id, node }
      next = (next + 1) % MAX_CACHED_NODES
    },
  }
}

export interface LoadTreeNodeOptions {
  nodes?: TreeNodeCache | undefined
  signal?: AbortSignal | undefined
}

/** Reads and checks the node at a place.
 *  @throws {ObjectMalformedError} TREE_MALFORMED if it is not what `buildTree` puts there */
export async function loadTreeNode(
  read: ReadObject,
  place: TreePlace,
  { nodes, signal }: LoadTreeNodeOptions = {},
): Promise<TreeNode> {
  let node = nodes?.get(place.id)
  if (!node) {
    node = parseTreeNode(await read('tree', place.id, { signal }))
    nodes?.set(place.id, node)
  }
  assertTreePlace(place, node)
  return node
}

export function assertTreePlace(place: TreePlace, node: TreeNode): void {
  const refuse = (reason: string): never => {
    throw new ObjectMalformedError('tree', reason, { id: place.id })
  }
  const { level, entries, links } = node
  const { link } = place
  if (!link) {
    if (level > 0 && links.length < 2) refuse('the root has one child')
    return
  }
  if (level !== place.level) refuse('its level is not one below its parent')
  const items: readonly { path: string }[] = level === 0 ? entries : links
  if (items.length === 0) refuse('an empty node below the root')
  let count = entries.length
  let bytes = 0
  for (const item of entries) bytes += item.bytes
  for (const item of links) {
    count += item.entries
    bytes += item.bytes
  }
  if (items.at(-1)!.path !== link.path) refuse('its last path is not what its parent says')
  if (count !== link.entries || bytes !== link.bytes) refuse('its counts are not what its parent says')
  if (place.after !== undefined) assertFollows(place.after, items[0]!.path, level)
  // Most nodes end where the hash of a path says so, whatever they cost.
  if (!place.last && !closesTreeNode(level, items.length, 0, link.path)) {
    let cost = 0
    for (const { path } of items) cost += treeItemCost(Buffer.byteLength(path))
    if (!closesTreeNode(level, items.length, cost, link.path)) refuse('it ends before a cut')
  }
}
