/** What changed between two trees, reading only where they differ. */

import { throwIfAborted } from '../base/abort.ts'
import type { ObjectId } from './id.ts'
import { comparePaths, isAtOrBelow } from './path.ts'
import type { ReadObject } from './reader.ts'
import { childPlace, loadTreeNode, rootPlace, type TreeNodeCache, type TreePlace } from './tree-load.ts'
import type { TreeEntry } from './tree-node.ts'

export interface TreeDifference {
  path: string
  /** Absent if the path is new. */
  before?: TreeEntry
  /** Absent if the path is gone. */
  after?: TreeEntry
}

/** True if two entries of one path stand for the same thing: kind, mode, size and file id (DESIGN §4). How the content
 *  was cut does not matter. */
export function sameEntry(a: TreeEntry, b: TreeEntry): boolean {
  return a.kind === b.kind && a.executable === b.executable && a.bytes === b.bytes && a.fileId === b.fileId
}

/** A subtree that has not been read, or an entry. */
type Head = { $kind: 'node'; place: TreePlace } | { $kind: 'entry'; entry: TreeEntry }

export interface TreeDiffOptions {
  /** Only the entry with this path and those below it (a path without trailing slash). */
  prefix?: string | undefined
  /** For a caller who compares many trees that have much in common. */
  nodes?: TreeNodeCache | undefined
  signal?: AbortSignal | undefined
}

/** The heads of one tree, next first; opening a node puts its items in its place. */
class Side {
  readonly #read: ReadObject
  readonly #options: TreeDiffOptions
  /** In reverse: the next head is the last of the array. */
  readonly #heads: Head[]

  constructor(read: ReadObject, root: ObjectId, options: TreeDiffOptions) {
    this.#read = read
    this.#options = options
    this.#heads = [{ $kind: 'node', place: rootPlace(root) }]
  }

  get head(): Head | undefined {
    return this.#heads.at(-1)
  }

  skip(): void {
    this.#heads.pop()
  }

  /** Puts the items of the node at the head in its place. */
  async open(place: TreePlace): Promise<void> {
    this.#heads.pop()
    const { prefix } = this.#options
    const node = await loadTreeNode(this.#read, place, this.#options)
    for (let i = node.entries.length - 1; i >= 0; i--) {
      const entry = node.entries[i]!
      if (prefix === undefined || isAtOrBelow(entry.path, prefix)) this.#heads.push({ $kind: 'entry', entry })
    }
    for (let i = node.links.length - 1; i >= 0; i--) {
      const child = childPlace(place, node, i)
      if (prefix === undefined || mayHold(child, node.links[i]!.path, prefix))
        this.#heads.push({ $kind: 'node', place: child })
    }
  }
}

/** Whether something at or below a path can lie in a subtree. What is wanted stands together. */
function mayHold({ after }: TreePlace, last: string, prefix: string): boolean {
  if (comparePaths(last, prefix) < 0) return false
  return after === undefined || comparePaths(after, prefix) <= 0 || isAtOrBelow(after, prefix)
}

/** Differences from `a` to `b` in order of their paths. Subtrees with the same id are skipped unread, so the cost follows
 *  the changes, not the size.
 *  @param a - root of the older tree, null for none
 *  @param b - root of the newer tree, null for none */
export async function* diffTrees(
  read: ReadObject,
  a: ObjectId | null,
  b: ObjectId | null,
  options: TreeDiffOptions = {},
): AsyncGenerator<TreeDifference> {
  const left = a === null ? null : new Side(read, a, options)
  const right = b === null ? null : new Side(read, b, options)
  for (;;) {
    throwIfAborted(options.signal)
    const l = left?.head
    const r = right?.head
    if (!l && !r) return
    if (l?.$kind === 'node' && r?.$kind === 'node') {
      if (l.place.id === r.place.id) {
        left!.skip()
        right!.skip()
        continue
      }
      // The root's level is known only once it is open: it counts as the highest.
      const levelLeft = l.place.level ?? Number.POSITIVE_INFINITY
      const levelRight = r.place.level ?? Number.POSITIVE_INFINITY
      if (levelLeft >= levelRight) await left!.open(l.place)
      if (levelRight >= levelLeft) await right!.open(r.place)
    } else if (l?.$kind === 'node') await left!.open(l.place)
    else if (r?.$kind === 'node') await right!.open(r.place)
    else {
      const order = !l ? 1 : !r ? -1 : comparePaths(l.entry.path, r.entry.path)
      if (order <= 0) left!.skip()
      if (order >= 0) right!.skip()
      if (order < 0) yield { path: l!.entry.path, before: l!.entry }
      else if (order > 0) yield { path: r!.entry.path, after: r!.entry }
      else if (!sameEntry(l!.entry, r!.entry)) yield { path: l!.entry.path, before: l!.entry, after: r!.entry }
    }
  }
}
