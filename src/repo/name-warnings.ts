/** Names that are two files here and one elsewhere: by case, or by how accents are composed. A warning at commit; where
 *  the file system folds them, checkout refuses. */

import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { walkTree } from '../objects/tree.ts'
import { foldedPath } from '../worktree/folding.ts'

export interface NameWarning {
  code: 'NAME_COLLISION'
  message: string
  paths: string[]
}

/** Files of a version that are compared: to walk more would cost more than the commit. */
const MAX_COMPARED = 200_000
const MAX_WARNINGS = 100

/** Collisions that the added paths bring into the tree. Goes through the paths twice, so that it need not hold them: the
 *  first time only hashes of folded names are kept.
 *  @param tree - null if the added paths are all of it
 *  @param added - gives them anew each time
 *  @param names - of the added paths, where they are all and somebody has gone through them already */
export async function nameWarnings(
  read: ReadObject,
  tree: ObjectId | null,
  added: () => Iterable<string>,
  names?: FoldedNames,
): Promise<NameWarning[]> {
  const all = tree === null ? added : () => firstPaths(read, tree)
  const doubles = (names ?? (await foldedNames(all()))).repeated()
  if (doubles.size === 0) return []
  const groups = new Map<string, string[]>()
  for await (const path of all()) {
    const folded = foldedPath(path)
    if (!doubles.has(hashOf(folded))) continue
    const group = groups.get(folded)
    if (group) group.push(path)
    else groups.set(folded, [path])
  }
  const isNew = new Set<string>()
  for (const path of tree === null ? [] : added()) if (groups.has(foldedPath(path))) isNew.add(path)
  const warnings: NameWarning[] = []
  for (const paths of groups.values()) {
    if (paths.length < 2 || warnings.length >= MAX_WARNINGS) continue
    if (tree !== null && !paths.some((path) => isNew.has(path))) continue
    const message = `${paths.join(' and ')} are one file where the file system does not tell them apart`
    warnings.push({ code: 'NAME_COLLISION', message, paths })
  }
  return warnings
}

async function* firstPaths(read: ReadObject, tree: ObjectId): AsyncGenerator<string> {
  let compared = 0
  for await (const { path } of walkTree(read, tree)) {
    if (++compared > MAX_COMPARED) return
    yield path
  }
}

/** Hashes of folded names, in the memory of a number each. */
export class FoldedNames {
  #hashes = new Float64Array(1024)
  #count = 0

  note(path: string): void {
    if (this.#count === this.#hashes.length) {
      const larger = new Float64Array(2 * this.#count)
      larger.set(this.#hashes)
      this.#hashes = larger
    }
    this.#hashes[this.#count++] = hashOf(foldedPath(path))
  }

  /** Hashes that two or more paths have: those of one folded name, and a few by chance. */
  repeated(): Set<number> {
    const sorted = this.#hashes.slice(0, this.#count).sort()
    const repeated = new Set<number>()
    for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) repeated.add(sorted[i]!)
    return repeated
  }
}

async function foldedNames(paths: Iterable<string> | AsyncIterable<string>): Promise<FoldedNames> {
  const names = new FoldedNames()
  if (Symbol.iterator in paths) for (const path of paths) names.note(path)
  else for await (const path of paths) names.note(path)
  return names
}

/** 53 bits, so that a million names rarely share one. */
function hashOf(text: string): number {
  let low = 0x811c9dc5 | 0
  let high = 0x9747b28c | 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x5bd1e995) ^ (high >>> 13)
  }
  return (low >>> 0) + ((high >>> 11) & 0x1fffff) * 2 ** 32
}
