/** The files on disk against a tree, path by path: the heart of status, add and commit.
 *
 *  Both sides come in path order, so this is a merge that holds one entry of each. */

import { FloeError } from '../base/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { comparePaths, isAtOrBelow } from '../objects/path.ts'
import type { ReadObject } from '../objects/reader.ts'
import { findEntry, type TreeEntry, walkTree } from '../objects/tree.ts'
import { type FileStat, isErrno } from '../store/file-system.ts'
import { createBreather } from './breather.ts'
import { UnreadableError } from './errors.ts'
import { PathGuard } from './guard.ts'
import { compareLocal, type LocalDifference, type LocalFiles } from './local-file.ts'
import { type ScanItem, scan } from './scan.ts'

export type PathState =
  | { $kind: 'tracked'; path: string; entry: TreeEntry; stat: FileStat; difference: LocalDifference }
  | { $kind: 'deleted'; path: string; entry: TreeEntry }
  | { $kind: 'untracked'; path: string; stat: FileStat }
  /** Cannot be read or versioned; if `entry` is there, it is tracked. */
  | { $kind: 'problem'; path: string; error: FloeError; entry?: TreeEntry }

export interface CompareOptions {
  /** Only what is at or below these paths (default: everything). */
  paths?: readonly string[] | undefined
  includeIgnored?: boolean | undefined
  /** Told of paths that are absent: the workspace need not have them on disk, and they are no state otherwise. */
  onAbsent?: ((entry: TreeEntry) => void) | undefined
  /** Leave out what is as in the tree; where the stat cache is settled the tree is then not read for it. */
  changesOnly?: boolean | undefined
  signal?: AbortSignal | undefined
}

/** Items between two looks at the clock. */
const ITEMS_PER_BREATH = 64

/** States in path order: every tracked path, and every file that is not tracked. */
export async function* compareWithTree(
  files: LocalFiles,
  read: ReadObject,
  tree: ObjectId,
  options: CompareOptions = {},
): AsyncGenerator<PathState> {
  const breathe = createBreather(options.signal)
  const isWhole = outermost(options.paths)[0] === '' && !options.includeIgnored && !files.wants
  if (options.changesOnly && isWhole && files.settled === tree) {
    yield* changesFrom(files, read, tree, breathe)
    return
  }
  for (const at of outermost(options.paths)) {
    const found = scan(files.fs, files.root, { at, includeIgnored: options.includeIgnored ?? false })
    const tracked = walkTree(read, tree, { signal: options.signal, ...(at === '' ? {} : { prefix: at }) })
    for await (const state of join(files, found, tracked, options.onAbsent)) {
      await breathe()
      if (options.changesOnly && state.$kind === 'tracked' && state.difference === 'same') continue
      yield state
    }
  }
}

/** What differs from a tree whose files the stat cache has records of: a merge of the walk with those records. */
async function* changesFrom(
  files: LocalFiles,
  read: ReadObject,
  tree: ObjectId,
  breathe: () => Promise<void> | undefined,
): AsyncGenerator<PathState> {
  const { cache } = files
  const guard = new PathGuard(files.fs, files.root)
  let index = 0
  let sinceBreath = 0
  const isDifferent = (state: PathState) => state.$kind !== 'tracked' || state.difference !== 'same'
  async function* goneUntil(path: string | undefined): AsyncGenerator<PathState> {
    for (; index < cache.count && (path === undefined || cache.comparePathAt(index, path) < 0); index++) {
      // Deleted, or ignored although tracked.
      const entry = await findEntry(read, tree, cache.pathAt(index))
      const state = entry && (await stateOf(files, guard, entry))
      if (state && isDifferent(state)) yield state
    }
  }
  for (const item of scan(files.fs, files.root)) {
    const { path } = item
    if (++sinceBreath >= ITEMS_PER_BREATH) {
      sinceBreath = 0
      await breathe()
    }
    if (item.$kind === 'entry' && cache.isSame(index, path, item.stat)) {
      index++
      continue
    }
    if (index < cache.count && cache.comparePathAt(index, path) < 0) yield* goneUntil(path)
    const isTracked = index < cache.count && cache.comparePathAt(index, path) === 0
    const entry = isTracked ? await findEntry(read, tree, path) : undefined
    if (isTracked) index++
    if (item.$kind === 'problem') yield entry ? { ...item, entry } : item
    else if (!entry) yield { $kind: 'untracked', path, stat: item.stat }
    else {
      const state = await compared(files, entry, item.stat)
      if (isDifferent(state)) yield state
    }
  }
  yield* goneUntil(undefined)
}

/** Sorted paths without those below another one; `['']` if there are none. */
export function outermost(paths: readonly string[] | undefined): string[] {
  if (!paths || paths.length === 0 || paths.includes('')) return ['']
  const kept: string[] = []
  // In path order, what is below a path follows it.
  for (const path of [...paths].sort(comparePaths)) {
    const last = kept.at(-1)
    if (last === undefined || !isAtOrBelow(path, last)) kept.push(path)
  }
  return kept
}

async function* join(
  files: LocalFiles,
  found: Generator<ScanItem>,
  tracked: AsyncGenerator<TreeEntry>,
  onAbsent: ((entry: TreeEntry) => void) | undefined,
): AsyncGenerator<PathState> {
  const guard = new PathGuard(files.fs, files.root)
  let disk = found.next()
  let entry = await tracked.next()
  while (!disk.done || !entry.done) {
    const order = disk.done ? 1 : entry.done ? -1 : comparePaths(disk.value.path, entry.value.path)
    if (order < 0) {
      const item = disk.value as ScanItem
      yield item.$kind === 'entry' ? { $kind: 'untracked', path: item.path, stat: item.stat } : item
    } else if (order > 0) {
      // Not found by the walk: deleted, absent, or ignored although tracked.
      const state = await stateOf(files, guard, entry.value as TreeEntry)
      if (state.$kind === 'deleted' && files.wants?.(state.path) === false) onAbsent?.(state.entry)
      else yield state
    } else {
      const item = disk.value as ScanItem
      yield item.$kind === 'entry'
        ? await compared(files, entry.value as TreeEntry, item.stat)
        : { ...item, entry: entry.value as TreeEntry }
    }
    if (order <= 0) disk = found.next()
    if (order >= 0) entry = await tracked.next()
  }
}

async function stateOf(files: LocalFiles, guard: PathGuard, entry: TreeEntry): Promise<PathState> {
  const { path } = entry
  let stat: FileStat | undefined
  try {
    stat = guard.stat(path)
  } catch (error) {
    // Below an unreadable directory: unknown is not deleted.
    if (!isErrno(error, 'EACCES', 'EPERM', 'EIO', 'ELOOP', 'ENAMETOOLONG')) throw error
    return { $kind: 'problem', path, error: new UnreadableError(path, 'EACCES', error), entry }
  }
  if (!stat || stat.kind === 'directory' || stat.kind === 'other') return { $kind: 'deleted', path, entry }
  return compared(files, entry, stat)
}

async function compared(files: LocalFiles, entry: TreeEntry, stat: FileStat): Promise<PathState> {
  const { path } = entry
  try {
    return { $kind: 'tracked', path, entry, stat, difference: await compareLocal(files, entry, stat) }
  } catch (error) {
    if (error instanceof FloeError && error.kind !== 'cancelled') return { $kind: 'problem', path, error, entry }
    throw error
  }
}
