/** Building a tree from sorted entries, and from another tree and a sorted list of changes. Both give the same bytes. */

import { ObjectLimitError, PathConflictError } from './errors.ts'
import { type ObjectId, objectIdFor } from './id.ts'
import { LevelBuilder, type LevelRules } from './level-builder.ts'
import { assertPath, comparePaths, isAtOrBelow } from './path.ts'
import type { ReadObject, WriteObject } from './reader.ts'
import { childPlace, loadTreeNode, rootPlace, type TreePlace } from './tree-load.ts'
import {
  closesTreeNode,
  encodeTreeNode,
  entryProblem,
  linkTo,
  MAX_TREE_LEVEL,
  parseTreeNode,
  type TreeEntry,
  type TreeLink,
  type TreeNode,
  treeItemCost,
} from './tree-node.ts'

/** A path and what it becomes; null removes it (a no-op if it is not there). */
export interface TreeChange {
  path: string
  entry: TreeEntry | null
}

/** Stores the tree of these entries, with one open node per level in memory.
 *  @param entries - in the order of `comparePaths`, each path once
 *  @returns id of the root node
 *  @throws {PathRefusedError} PATH_REFUSED (usage)
 *  @throws {PathConflictError} PATH_CONFLICT if a path is below another
 *  @throws {RangeError} if the entries are out of order or contradict themselves */
export async function buildTree(
  entries: AsyncIterable<TreeEntry> | Iterable<TreeEntry>,
  write: WriteObject,
): Promise<ObjectId> {
  const output = new TreeBuilder(write)
  if (Symbol.iterator in entries) {
    for (const entry of entries) {
      const closing = output.add(entry)
      if (closing) await closing
    }
  } else {
    for await (const entry of entries) {
      const closing = output.add(entry)
      if (closing) await closing
    }
  }
  return (await output.finish()).id
}

/** Stores the tree that results from changes to another one; reads and writes O(changes · log entries) nodes.
 *  @param changes - in the order of `comparePaths`, each path once
 *  @returns id of the new root: what `buildTree` gives for the resulting entries
 *  @throws {PathConflictError} PATH_CONFLICT if a path would be below another
 *  @throws {ObjectMalformedError} TREE_MALFORMED if a node read on the way is not as it must be */
export async function updateTree(
  read: ReadObject,
  write: WriteObject,
  root: ObjectId,
  changes: AsyncIterable<TreeChange> | Iterable<TreeChange>,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ObjectId> {
  const known = new Set<ObjectId>()
  const output = new TreeBuilder(write, known)
  const pending = new ChangeCursor(changes)
  await pending.advance()
  if (!pending.head) return root

  const putHead = async (replaces: boolean): Promise<void> => {
    if (pending.head?.entry) await output.add(pending.head.entry, { replaces })
    await pending.advance()
  }

  const copyEntry = async (entry: TreeEntry): Promise<void> => {
    while (pending.head && comparePaths(pending.head.path, entry.path) < 0) await putHead(false)
    if (pending.head?.path === entry.path) await putHead(true)
    else await output.copy(entry)
  }

  const visit = async (place: TreePlace): Promise<void> => {
    const { link, level } = place
    if (link && level !== undefined) {
      // The last node may end without a cut, so it stays whole only if nothing comes after it.
      const untouched = !pending.head || (!place.last && comparePaths(pending.head.path, link.path) > 0)
      if (untouched && (await output.takeOver(link, level))) return
    }
    const node = await loadTreeNode(read, place, options)
    known.add(place.id)
    for (const entry of node.entries) await copyEntry(entry)
    for (const index of node.links.keys()) await visit(childPlace(place, node, index))
  }

  await visit(rootPlace(root))
  while (pending.head) await putHead(false)
  let { id, level } = await output.finish()
  // A subtree taken over whole may be all that is left, and may be a chain of single children.
  for (; level > 0; level--) {
    const { links } = parseTreeNode(await read('tree', id, options))
    if (links.length !== 1) break
    id = links[0]!.id
  }
  return id
}

/** The changes, one at a time, with their order checked. */
class ChangeCursor {
  readonly #iterator: AsyncIterator<TreeChange> | Iterator<TreeChange>
  head: TreeChange | undefined

  constructor(changes: AsyncIterable<TreeChange> | Iterable<TreeChange>) {
    this.#iterator = Symbol.asyncIterator in changes ? changes[Symbol.asyncIterator]() : changes[Symbol.iterator]()
  }

  async advance(): Promise<void> {
    const previous = this.head
    const result = await this.#iterator.next()
    this.head = result.done ? undefined : result.value
    if (!this.head) return
    const { path, entry } = this.head
    if (previous && comparePaths(previous.path, path) >= 0)
      throw new RangeError(`"changes" expected sorted paths, got ${JSON.stringify(path)} after ${previous.path}`)
    if (entry && entry.path !== path)
      throw new RangeError(`"entry" expected the path ${JSON.stringify(path)}, got ${JSON.stringify(entry.path)}`)
  }
}

/** The tree being written, an entry at a time: what `buildTree` and `updateTree` use. */
export class TreeBuilder {
  readonly #builder: LevelBuilder<TreeEntry | TreeLink>
  readonly #writeNode: (level: number, items: (TreeEntry | TreeLink)[]) => Promise<{ id: ObjectId; node: TreeNode }>
  #previous: string | undefined
  /** True if the next path has to be seen, because the newest entry may be a file above it. */
  #mustSeeNext = false

  /** @param known - ids of nodes that are stored already */
  constructor(write: WriteObject, known: ReadonlySet<ObjectId> = new Set()) {
    this.#writeNode = async (level, items) => {
      const node: TreeNode = {
        level,
        entries: level === 0 ? (items as TreeEntry[]) : [],
        links: level === 0 ? [] : (items as TreeLink[]),
      }
      const encoded = encodeTreeNode(node)
      const id = objectIdFor('tree', encoded)
      if (!known.has(id)) await write('tree', encoded, id)
      return { id, node }
    }
    const rules: LevelRules<TreeEntry | TreeLink> = {
      maxLevel: MAX_TREE_LEVEL,
      cost: ({ path }) => treeItemCost(Buffer.byteLength(path)),
      closes: ({ items, cost }, level) => closesTreeNode(level, items.length, cost, items.at(-1)!.path),
      writeNode: async (level, items) => {
        const { id, node } = await this.#writeNode(level, items)
        return linkTo(id, node)
      },
      tooHigh: () => {
        throw new ObjectLimitError('tree levels', MAX_TREE_LEVEL + 2, MAX_TREE_LEVEL + 1)
      },
    }
    this.#builder = new LevelBuilder(rules)
  }

  /** An entry from outside, in the order of `comparePaths`. A promise where a node was closed: to be awaited before the next.
   *  Throws what `buildTree` throws. */
  add(entry: TreeEntry, options: { replaces?: boolean } = {}): Promise<void> | undefined {
    assertPath(entry.path)
    const problem = entryProblem(entry)
    if (problem) throw new RangeError(`"entry" ${JSON.stringify(entry.path)}: ${problem}`)
    this.#mustSeeNext = !options.replaces
    return this.#append(entry)
  }

  /** An entry of the old tree. */
  copy(entry: TreeEntry): Promise<void> | undefined {
    this.#mustSeeNext = false
    return this.#append(entry)
  }

  #append(entry: TreeEntry): Promise<void> | undefined {
    const previous = this.#previous
    if (previous !== undefined) {
      if (comparePaths(previous, entry.path) >= 0)
        throw new RangeError(`"entries" expected sorted paths, got ${JSON.stringify(entry.path)} after ${previous}`)
      if (isAtOrBelow(entry.path, previous)) throw new PathConflictError(previous, entry.path)
    }
    this.#previous = entry.path
    return this.#builder.append(entry)
  }

  /** Puts a whole subtree of the old tree in place, if one can start here.
   *  @returns false if its entries have to be copied */
  async takeOver(link: TreeLink, level: number): Promise<boolean> {
    if (this.#mustSeeNext) return false
    if (!this.#builder.isFresh(level)) return false
    this.#previous = link.path
    await this.#builder.append(link, level + 1)
    return true
  }

  async finish(): Promise<{ id: ObjectId; level: number }> {
    const root = await this.#builder.finish()
    if (root.$kind === 'link') return { id: (root.item as TreeLink).id, level: root.level }
    const { id } = await this.#writeNode(root.level, root.items)
    return { id, level: root.level }
  }
}
