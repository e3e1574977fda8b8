/** Which objects a push must bring: everything reachable from the wanted commits that is not part of what the other side
 *  has already.
 *
 *  New commits are compared with their parents, node by node: where a tree or a map shares a node with a parent's, nothing
 *  below is read. So the work follows the changes, not the size of the repository. What the other side holds besides
 *  (from other branches) the caller knows better. */

import { throwIfAborted } from '../base/abort.ts'
import { type ContentRef, walkMapNodes } from '../objects/content-map.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import { comparePaths } from '../objects/path.ts'
import type { ReadObject } from '../objects/reader.ts'
import { parseTreeNode, type TreeEntry, type TreeLink, type TreeNode } from '../objects/tree-node.ts'
import type { QueuedCommit } from './commit-queue.ts'
import { walkCommits } from './commits.ts'

export interface MissingObject {
  kind: ObjectKind
  id: ObjectId
  /** Length, for chunks. */
  bytes?: number
}

export interface MissingObjectsOptions {
  /** Tips whose history shall be complete on the other side. */
  wanted: readonly ObjectId[]
  /** Commits the other side has, with all that is reachable from them. */
  have: readonly ObjectId[]
  /** Told of a node of a map that can be read nowhere, instead of failing. */
  onAbsentMap?: ((id: ObjectId) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Each object once, oldest commit first; within a commit the tree's nodes, maps and chunks come in (path, offset)
 *  order, then attachments, then the commit itself: whatever an object refers to has come before it or is there.
 *  @throws {ObjectMissingError} OBJECT_MISSING if something that has to be pushed is not here */
export async function* missingObjects(read: ReadObject, options: MissingObjectsOptions): AsyncGenerator<MissingObject> {
  const sent = new Set<string>()
  const fresh = (kind: ObjectKind, id: ObjectId) => {
    const key = objectKey(kind, id)
    if (sent.has(key)) return false
    sent.add(key)
    return true
  }
  for (const { id, commit } of await newCommits(read, options)) {
    const bases: ObjectId[] = []
    for await (const parent of walkParents(read, commit.parents)) bases.push(parent)
    for await (const run of treeObjectRuns(read, commit.tree, bases, options.signal, undefined, options.onAbsentMap))
      for (const object of run) if (fresh(object.kind, object.id)) yield object
    for (const attachment of commit.attachments.values())
      if (fresh('attachment', attachment)) yield { kind: 'attachment', id: attachment }
    if (fresh('commit', id)) yield { kind: 'commit', id }
  }
}

/** Commits that are not reachable from `have`, parents before children. */
export async function newCommits(read: ReadObject, options: MissingObjectsOptions): Promise<QueuedCommit[]> {
  const { wanted, have, signal } = options
  const known = new Set<ObjectId>()
  const fresh = new Map<ObjectId, QueuedCommit>()
  // Both histories are walked side by side, newest first, and the walk ends when only known commits are left.
  const knownWalk = walkCommits(read, have, { signal, onAbsent: (id) => known.add(id) })
  let knownHead = await knownWalk.next()
  for await (const item of walkCommits(read, wanted, { signal, skip: (id) => known.has(id) })) {
    while (!knownHead.done && knownHead.value.commit.timeMs >= item.commit.timeMs) {
      known.add(knownHead.value.id)
      knownHead = await knownWalk.next()
    }
    // What a known commit leads to is known, and is not walked.
    if (known.has(item.id)) for (const parent of item.commit.parents) known.add(parent)
    else fresh.set(item.id, item)
  }
  for (const id of have) known.add(id)
  // Claimed times may lie: a commit taken for new can still be an ancestor of a known one. Sending it again is harmless.
  return parentsFirst([...fresh.values()].filter(({ id }) => !known.has(id)))
}

function parentsFirst(commits: readonly QueuedCommit[]): QueuedCommit[] {
  const byId = new Map(commits.map((commit) => [commit.id, commit]))
  const ordered: QueuedCommit[] = []
  const state = new Map<ObjectId, 'open' | 'done'>()
  for (const start of [...commits].reverse()) {
    const stack = [start.id]
    while (stack.length > 0) {
      const id = stack.at(-1)!
      const item = byId.get(id)!
      if (state.get(id) === 'done') stack.pop()
      else if (state.get(id) === 'open') {
        stack.pop()
        state.set(id, 'done')
        ordered.push(item)
      } else {
        state.set(id, 'open')
        for (const parent of item.commit.parents) if (byId.has(parent) && !state.has(parent)) stack.push(parent)
      }
    }
  }
  return ordered
}

/** Trees of those parents that are here. */
async function* walkParents(read: ReadObject, parents: readonly ObjectId[]): AsyncGenerator<ObjectId> {
  for (const parent of parents) {
    let step: IteratorResult<QueuedCommit>
    try {
      step = await walkCommits(read, [parent]).next()
    } catch (error) {
      if (error instanceof ObjectMissingError) continue
      throw error
    }
    if (!step.done) yield step.value.commit.tree
  }
}

/** Objects of a tree that none of the base trees has in the same place.
 *  @param bases - roots of complete or partial trees; what is absent from them is taken as not shared
 *  @param includes - paths whose contents count (default all); tree nodes always do */
export async function* treeObjects(
  read: ReadObject,
  root: ObjectId,
  bases: readonly ObjectId[],
  signal?: AbortSignal,
  includes?: (path: string) => boolean,
): AsyncGenerator<MissingObject> {
  for await (const run of treeObjectRuns(read, root, bases, signal, includes)) yield* run
}

/** As many at most come together, and one node's files at most. */
const MAX_RUN = 1024

/** The same in runs: to hand over a million one by one takes longer than to find them.
 *  @param onAbsentMap - told of a node of a map that is not here, instead of failing */
export async function* treeObjectRuns(
  read: ReadObject,
  root: ObjectId,
  bases: readonly ObjectId[],
  signal?: AbortSignal,
  includes: (path: string) => boolean = () => true,
  onAbsentMap?: (id: ObjectId) => void,
): AsyncGenerator<MissingObject[]> {
  if (bases.includes(root)) return
  const loadBase = async (id: ObjectId): Promise<TreeNode | undefined> => {
    try {
      return parseTreeNode(await read('tree', id, { signal }))
    } catch (error) {
      if (error instanceof ObjectMissingError) return undefined
      throw error
    }
  }
  const baseRoots: BaseNode[] = []
  for (const id of bases) {
    const node = await loadBase(id)
    if (node) baseRoots.push({ id, level: node.level, from: undefined, to: undefined })
  }
  yield* visit(root, undefined, undefined, baseRoots)

  async function* visit(
    id: ObjectId,
    from: string | undefined,
    to: string | undefined,
    overlapping: readonly BaseNode[],
  ): AsyncGenerator<MissingObject[]> {
    throwIfAborted(signal)
    if (overlapping.some((base) => base.id === id)) return
    const node = parseTreeNode(await read('tree', id, { signal }))
    const below = await openBases(overlapping, node.level, from, to)
    let start = from
    for (const link of node.links) {
      const shared = below.nodes.filter((base) => overlaps(base, start, link.path))
      yield* visit(link.id, start, link.path, shared)
      start = link.path
    }
    let run: MissingObject[] = []
    for (const entry of node.entries) {
      if (!includes(entry.path)) continue
      const older = below.entries.get(entry.path)
      if (entry.content?.kind === 'chunk' && !older) {
        run.push({ kind: 'chunk', id: entry.content.id, bytes: entry.bytes })
        continue
      }
      for await (const object of contentObjects(read, entry, older ?? [], signal, onAbsentMap)) {
        if (run.push(object) < MAX_RUN) continue
        yield run
        run = []
      }
    }
    run.push({ kind: 'tree', id })
    yield run
  }

  /** Base nodes one level below `level` that overlap the range; at level 0, the entries there. */
  async function openBases(
    bases: readonly BaseNode[],
    level: number,
    from: string | undefined,
    to: string | undefined,
  ) {
    const nodes: BaseNode[] = []
    const entries = new Map<string, TreeEntry[]>()
    let open = [...bases]
    while (open.length > 0) {
      const next: BaseNode[] = []
      for (const base of open) {
        // Trees differ in height: a lower base waits until the walk has come down to it.
        if (base.level < level) {
          nodes.push(base)
          continue
        }
        const node = await loadBase(base.id)
        for (const entry of node?.entries ?? []) entries.set(entry.path, [...(entries.get(entry.path) ?? []), entry])
        for (const child of childrenOf(base, node?.links ?? [])) if (overlaps(child, from, to)) next.push(child)
      }
      open = next
    }
    return { nodes, entries }
  }
}

/** A node of a base tree and the paths it can hold: after `from`, up to `to`. */
interface BaseNode {
  id: ObjectId
  level: number
  from: string | undefined
  to: string | undefined
}

function childrenOf(base: BaseNode, links: readonly TreeLink[]): BaseNode[] {
  let from = base.from
  return links.map((link) => {
    const child = { id: link.id, level: base.level - 1, from, to: link.path }
    from = link.path
    return child
  })
}

function overlaps(base: BaseNode, from: string | undefined, to: string | undefined): boolean {
  if (from !== undefined && base.to !== undefined && comparePaths(base.to, from) <= 0) return false
  return !(to !== undefined && base.from !== undefined && comparePaths(base.from, to) >= 0)
}

/** Map nodes and chunks of a file that its older versions lack. */
async function* contentObjects(
  read: ReadObject,
  entry: TreeEntry,
  older: readonly TreeEntry[],
  signal: AbortSignal | undefined,
  onAbsent: ((id: ObjectId) => void) | undefined,
): AsyncGenerator<MissingObject> {
  const { content } = entry
  if (content === null || older.some((other) => sameContent(other.content, content))) return
  if (content.kind === 'chunk') {
    yield { kind: 'chunk', id: content.id, bytes: entry.bytes }
    return
  }
  const shared = await olderContent(read, older, signal)
  const maps: MissingObject[] = []
  const skip = (id: ObjectId) => shared.has(objectKey('map', id))
  for await (const node of walkMapNodes(read, entry, { signal, skip, onAbsent })) {
    maps.push({ kind: 'map', id: node.id })
    if (node.level > 0) continue
    for (const chunk of node.items)
      if (!shared.has(objectKey('chunk', chunk.id))) yield { kind: 'chunk', id: chunk.id, bytes: chunk.bytes }
  }
  yield* maps.reverse()
}

async function olderContent(read: ReadObject, older: readonly TreeEntry[], signal: AbortSignal | undefined) {
  const keys = new Set<string>()
  for (const entry of older) {
    if (entry.content?.kind === 'chunk') keys.add(objectKey('chunk', entry.content.id))
    try {
      for await (const node of walkMapNodes(read, entry, { signal })) {
        keys.add(objectKey('map', node.id))
        if (node.level === 0) for (const { id } of node.items) keys.add(objectKey('chunk', id))
      }
    } catch (error) {
      // A map that was never fetched shares nothing we can know of.
      if (!(error instanceof ObjectMissingError)) throw error
    }
  }
  return keys
}

function sameContent(a: ContentRef | null, b: ContentRef): boolean {
  return a?.kind === b.kind && a.id === b.id
}
