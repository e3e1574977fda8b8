/** History without certain paths: every commit that holds one of them, or descends from one that did, made again without.
 *
 *  Author, time and message stay. A commit that changed nothing else disappears, as in `git filter-repo`. Attachments go:
 *  a statement names the tree and parents of the commit that it was made for. The outcome depends on the history alone. */

import { throwIfAborted } from '../base/abort.ts'
import { encodeCommit } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import { comparePaths } from '../objects/path.ts'
import type { ReadObject, WriteObject } from '../objects/reader.ts'
import { type TreeEntry, updateTree, walkTree } from '../objects/tree.ts'
import { readCommit } from './commits.ts'
import { newCommits } from './missing-objects.ts'

export interface RewriteOptions {
  /** Files and folders that are to go. */
  paths: readonly string[]
  /** Told of every entry that goes, once for each tree that holds it. */
  onEntry?: ((entry: TreeEntry) => Promise<void>) | undefined
  signal?: AbortSignal | undefined
}

/** Rewrites everything reachable from the tips.
 *  @param read - reads what `write` has stored as well
 *  @returns what each commit has become: itself, another one, or the parent of one that changed nothing else
 *  @throws {ObjectMissingError} OBJECT_MISSING if a part of the history cannot be read */
export async function rewriteHistory(
  read: ReadObject,
  write: WriteObject,
  tips: readonly ObjectId[],
  options: RewriteOptions,
): Promise<Map<ObjectId, ObjectId>> {
  const trees = new Map<ObjectId, ObjectId>()
  const become = new Map<ObjectId, ObjectId>()
  for (const { id, commit } of await newCommits(read, { wanted: tips, have: [], signal: options.signal })) {
    throwIfAborted(options.signal)
    const tree = trees.get(commit.tree) ?? (await treeWithout(read, write, commit.tree, options))
    trees.set(commit.tree, tree)
    const parents = [...new Set(commit.parents.map((parent) => become.get(parent)!))]
    const isSame = tree === commit.tree && commit.parents.every((parent, i) => parent === parents[i])
    if (isSame) {
      become.set(id, id)
      continue
    }
    const [parent] = parents
    if (parents.length === 1 && commit.parents.length === 1 && tree === (await treeOf(read, parent!))) {
      const before = await treeOf(read, commit.parents[0]!)
      // What was empty from the start is kept: somebody meant it.
      if (before !== commit.tree) {
        become.set(id, parent!)
        continue
      }
    }
    become.set(id, await write('commit', encodeCommit({ ...commit, tree, parents, attachments: new Map() })))
  }
  return become
}

async function treeOf(read: ReadObject, commit: ObjectId): Promise<ObjectId> {
  return (await readCommit(read, commit)).tree
}

async function treeWithout(
  read: ReadObject,
  write: WriteObject,
  tree: ObjectId,
  { paths, onEntry, signal }: RewriteOptions,
): Promise<ObjectId> {
  const gone = new Map<string, TreeEntry>()
  for (const prefix of paths)
    for await (const entry of walkTree(read, tree, { prefix, signal })) gone.set(entry.path, entry)
  if (gone.size === 0) return tree
  for (const entry of gone.values()) await onEntry?.(entry)
  const changes = [...gone.keys()].sort(comparePaths).map((path) => ({ path, entry: null }))
  return updateTree(read, write, tree, changes, { signal })
}
