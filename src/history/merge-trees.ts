/** Merging two versions that were made from a third, path by path (git's rules, without rename detection): what one side
 *  alone changed is taken, what both changed to the same is taken, all else needs the contents, or a person. */

import type { ObjectId } from '../objects/id.ts'
import { comparePaths, isAtOrBelow } from '../objects/path.ts'
import type { ReadObject } from '../objects/reader.ts'
import {
  diffTrees,
  findEntry,
  sameEntry,
  type TreeChange,
  type TreeDifference,
  type TreeEntry,
  walkTree,
} from '../objects/tree.ts'

export interface TreeSides {
  /** Null if the two have nothing in common. */
  base: ObjectId | null
  ours: ObjectId
  theirs: ObjectId
}

export type ConflictKind =
  /** Both changed its contents, or both made it, differently. */
  | 'both-changed'
  /** One side changed it, the other deleted it. */
  | 'changed-deleted'
  /** A file on one side, a folder on the other. */
  | 'file-folder'

export interface TreeConflict {
  /** A file; of `file-folder`, it and all below it. */
  path: string
  kind: ConflictKind
  base: TreeEntry | null
  ours: TreeEntry | null
  theirs: TreeEntry | null
}

export interface MergedTrees {
  /** What becomes of our tree, in path order; nothing at or below a conflict. */
  changes: TreeChange[]
  /** In path order, none below another. */
  conflicts: TreeConflict[]
}

/** Merges a file that both sides changed; undefined if it cannot. Base is null if both made it. */
export type MergeContents = (
  base: TreeEntry | null,
  ours: TreeEntry,
  theirs: TreeEntry,
) => Promise<TreeEntry | undefined>

/** Reads only what differs.
 *  @param read - has base and theirs as well as ours */
export async function mergeTrees(
  read: ReadObject,
  sides: TreeSides,
  mergeContents: MergeContents,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<MergedTrees> {
  const ourSide = diffTrees(read, sides.base, sides.ours, options)
  const changes = new Map<string, TreeEntry | null>()
  const conflicts = new Map<string, TreeConflict>()
  const added: string[] = []
  let mine = await ourSide.next()
  for await (const theirs of diffTrees(read, sides.base, sides.theirs, options)) {
    const { path } = theirs
    while (!mine.done && comparePaths(mine.value.path, path) < 0) mine = await ourSide.next()
    const own = mine.done || mine.value.path !== path ? undefined : mine.value
    if (!own) {
      changes.set(path, theirs.after ?? null)
      if (!theirs.before) added.push(path)
      continue
    }
    if (isSameOutcome(own, theirs)) continue
    const base = theirs.before ?? null
    const merged = own.after && theirs.after && (await mergeEntries(base, own.after, theirs.after, mergeContents))
    if (merged) {
      if (!sameEntry(merged, own.after!)) changes.set(path, merged)
    } else {
      const kind = own.after && theirs.after ? 'both-changed' : 'changed-deleted'
      conflicts.set(path, { path, kind, base, ours: own.after ?? null, theirs: theirs.after ?? null })
    }
  }
  // What they changed and we deleted may have lost its place as well.
  const placed = [...conflicts.values()].filter(({ theirs }) => theirs).map(({ path }) => path)
  for (const path of [...added, ...placed]) {
    const place = await collision(read, sides.ours, path, changes)
    if (place !== undefined) conflicts.set(place, await fileFolder(read, sides, place))
  }
  // Where one side deletes a file that the other changed and puts a folder in its place, the folder is part of it.
  const outermost = [...conflicts.values()].sort((a, b) => comparePaths(a.path, b.path))
  const kept: TreeConflict[] = []
  for (const conflict of outermost) {
    const last = kept.at(-1)
    if (!last || !isAtOrBelow(conflict.path, last.path)) kept.push(conflict)
  }
  const places = new Set(kept.map(({ path }) => path))
  return {
    conflicts: kept,
    changes: [...changes]
      .filter(([path]) => !isBelowOne(path, places))
      .map(([path, entry]) => ({ path, entry }))
      .sort((a, b) => comparePaths(a.path, b.path)),
  }
}

function isSameOutcome(a: TreeDifference, b: TreeDifference): boolean {
  if (!a.after || !b.after) return !a.after && !b.after
  return sameEntry(a.after, b.after)
}

/** Contents and the executable bit are merged each for itself. */
async function mergeEntries(
  base: TreeEntry | null,
  ours: TreeEntry,
  theirs: TreeEntry,
  mergeContents: MergeContents,
): Promise<TreeEntry | undefined> {
  if (ours.kind !== 'file' || theirs.kind !== 'file' || (base && base.kind !== 'file')) return undefined
  // Both made it: there is no version in which the bit was different, so a difference cannot be decided.
  if (!base && ours.executable !== theirs.executable) return undefined
  const executable = base && ours.executable === base.executable ? theirs.executable : ours.executable
  const content = await mergedContent(base, ours, theirs, mergeContents)
  return content && { ...content, executable }
}

async function mergedContent(
  base: TreeEntry | null,
  ours: TreeEntry,
  theirs: TreeEntry,
  mergeContents: MergeContents,
): Promise<TreeEntry | undefined> {
  if (ours.fileId === theirs.fileId || theirs.fileId === base?.fileId) return ours
  if (ours.fileId === base?.fileId) return theirs
  return mergeContents(base, ours, theirs)
}

/** Where a path that they added cannot stand in our tree: at a file above it, or at itself, if it has ours below. */
async function collision(
  read: ReadObject,
  ours: ObjectId,
  path: string,
  changes: ReadonlyMap<string, TreeEntry | null>,
): Promise<string | undefined> {
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const above = path.slice(0, slash)
    if (changes.get(above) !== null && (await findEntry(read, ours, above))) return above
  }
  for await (const entry of walkTree(read, ours, { prefix: path }))
    if (entry.path !== path && changes.get(entry.path) !== null) return path
  return undefined
}

async function fileFolder(read: ReadObject, { base, ours, theirs }: TreeSides, path: string): Promise<TreeConflict> {
  const entryOf = async (tree: ObjectId | null) => (tree && (await findEntry(read, tree, path))) ?? null
  return {
    path,
    kind: 'file-folder',
    base: await entryOf(base),
    ours: await entryOf(ours),
    theirs: await entryOf(theirs),
  }
}

function isBelowOne(path: string, places: ReadonlySet<string>): boolean {
  if (places.has(path)) return true
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1))
    if (places.has(path.slice(0, slash))) return true
  return false
}
