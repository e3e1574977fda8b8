/** What is staged, with further changes over it. */

import { comparePaths } from '../objects/path.ts'
import { findEntry, sameEntry, type TreeEntry } from '../objects/tree.ts'
import type { StagedChange } from '../store/staging.ts'
import { StagedTable } from './staged-table.ts'
import type { Versions } from './versions.ts'

/** The new overlay, in path order: the old one with the changes, without what equals HEAD again. May be gone through
 *  more than once. */
export async function overlay(
  versions: Pick<Versions, 'read' | 'headTree' | 'staging'>,
  changes: ReadonlyMap<string, TreeEntry | null> | StagedTable,
): Promise<Iterable<StagedChange>> {
  const { staging } = versions
  const asBefore = new Set<string>()
  if (staging.count > 0)
    // Only what was staged before can have come back to what HEAD has, so only that is looked up.
    for (const [path, entry] of changes)
      if (staging.get(path) !== undefined && (await equalsHead(versions, path, entry))) asBefore.add(path)
  return { [Symbol.iterator]: () => merged(staging.changes(), inOrder(changes), asBefore) }
}

function inOrder(changes: ReadonlyMap<string, TreeEntry | null> | StagedTable): Iterator<StagedChange> {
  if (changes instanceof StagedTable) return changes.changes()
  const sorted = [...changes].sort(([a], [b]) => comparePaths(a, b))
  return sorted.map(([path, entry]) => ({ path, entry })).values()
}

/** @param left - paths to be left out */
function* merged(
  before: Iterator<StagedChange>,
  changes: Iterator<StagedChange>,
  left: ReadonlySet<string>,
): Generator<StagedChange> {
  let old = before.next()
  let change = changes.next()
  while (!old.done || !change.done) {
    const order = old.done ? 1 : change.done ? -1 : comparePaths(old.value.path, change.value.path)
    if (order < 0) yield old.value
    else if (!left.has(change.value.path)) yield change.value
    if (order <= 0) old = before.next()
    if (order >= 0) change = changes.next()
  }
}

async function equalsHead(
  { read, headTree }: Pick<Versions, 'read' | 'headTree'>,
  path: string,
  entry: TreeEntry | null,
): Promise<boolean> {
  const before = await findEntry(read, headTree, path)
  if (!before || !entry) return !before && !entry
  return sameEntry(before, entry)
}
