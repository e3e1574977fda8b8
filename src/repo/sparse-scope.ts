/** Keeping the rules of a partial workspace true to what its user does: what one adds, one has. */

import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { type TreeEntry, walkTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { literalRule } from '../worktree/path-filter.ts'
import { readSparse, writeSparse } from './sparse.ts'
import type { Versions } from './versions.ts'

/** Brings staged paths that the rules leave out under them: from now on a deletion of such a file is one. A folder that is
 *  all new gets one rule. Under the lock. */
export async function keepStaged(
  workspace: Workspace,
  { read, stagedTree }: Pick<Versions, 'read' | 'stagedTree'>,
  changes: Iterable<readonly [string, TreeEntry | null]>,
): Promise<void> {
  const filter = readSparse(workspace)
  if (!filter) return
  const rules: string[] = []
  const folders = new Map<string, boolean>()
  for (const [path, entry] of changes) {
    if (!entry || filter.includes(path)) continue
    const folder = await newFolderAbove(read, stagedTree, path, folders)
    const rule = literalRule(folder ?? path)
    if (rules.at(-1) !== rule) rules.push(rule)
  }
  if (rules.length > 0) await writeSparse(workspace, [...filter.rules, ...new Set(rules)])
}

/** The outermost folder of a path in which nothing is tracked yet.
 *  @param known - answers so far */
async function newFolderAbove(
  read: ReadObject,
  tree: ObjectId,
  path: string,
  known: Map<string, boolean>,
): Promise<string | undefined> {
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const folder = path.slice(0, slash)
    let isNew = known.get(folder)
    if (isNew === undefined) {
      isNew = (await walkTree(read, tree, { prefix: folder }).next()).done === true
      known.set(folder, isNew)
    }
    if (isNew) return folder
  }
  return undefined
}
