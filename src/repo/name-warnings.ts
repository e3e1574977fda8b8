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

/** Beyond this many files the new names are compared among themselves only: the walk would cost more than the commit. */
const MAX_COMPARED = 200_000
const MAX_WARNINGS = 100

/** Collisions that the added paths bring into the tree.
 *  @param tree - null if the added paths are all of it */
export async function nameWarnings(
  read: ReadObject,
  tree: ObjectId | null,
  added: readonly string[],
): Promise<NameWarning[]> {
  if (added.length === 0) return []
  const wanted = new Map<string, string[]>()
  for (const path of added) {
    const folded = foldedPath(path)
    const same = tree === null ? wanted.get(folded) : undefined
    if (same) same.push(path)
    else wanted.set(folded, tree === null ? [path] : [])
  }
  if (tree !== null) {
    let compared = 0
    for await (const { path } of walkTree(read, tree)) {
      if (++compared > MAX_COMPARED) break
      wanted.get(foldedPath(path))?.push(path)
    }
  }
  const warnings: NameWarning[] = []
  for (const paths of wanted.values()) {
    if (paths.length < 2 || warnings.length >= MAX_WARNINGS) continue
    const message = `${paths.join(' and ')} are one file where the file system does not tell them apart`
    warnings.push({ code: 'NAME_COLLISION', message, paths })
  }
  return warnings
}
