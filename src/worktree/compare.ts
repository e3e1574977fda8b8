/** The files on disk against a tree, path by path: the heart of status, add and commit.
 *
 *  Both sides come in path order, so this is a merge that holds one entry of each. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { comparePaths, isAtOrBelow } from '../objects/path.ts'
import type { ReadObject } from '../objects/reader.ts'
import { diffTrees, findEntry, type TreeEntry, walkTree } from '../objects/tree.ts'
import { type FileStat, isErrno } from '../store/file-system.ts'
import type { StatRecords } from '../store/stat-records.ts'
import { createBreather } from './breather.ts'
import { UnreadableError } from './errors.ts'
import { PathGuard } from './guard.ts'
import { compareLocal, type LocalDifference, type LocalFiles } from './local-file.ts'
import { type ScanItem, scan } from './scan.ts'
import { survey } from './survey.ts'

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
  /** Told of devices, sockets and pipes that are met; where the stat cache is settled, not all are. */
  onOther?: ((path: string) => void) | undefined
  /** Leave out what is as in the tree; where the stat cache is settled the tree is then not read for it. */
  changesOnly?: boolean | undefined
  /** What `looseOn` said of the same files and tree, if it has been asked already. */
  loose?: Loose | undefined
  signal?: AbortSignal | undefined
}

/** Paths of which the stat cache does not tell whether they are as in a tree. */
export interface Loose {
  /** In path order. */
  paths: readonly string[]
  /** What the tree has at some of them, met on the way; undefined for nothing. */
  entries: ReadonlyMap<string, TreeEntry | undefined>
}

/** States in path order: every tracked path, and every file that is not tracked. */
export async function* compareWithTree(
  files: LocalFiles,
  read: ReadObject,
  tree: ObjectId,
  options: CompareOptions = {},
): AsyncGenerator<PathState> {
  const breathe = createBreather(options.signal)
  const isWhole = outermost(options.paths)[0] === '' && !options.includeIgnored && !files.wants
  const loose = options.changesOnly && isWhole ? (options.loose ?? (await looseOn(files, read, tree))) : undefined
  if (loose) {
    yield* changesFrom(files, read, tree, loose, options.signal)
    return
  }
  for (const at of outermost(options.paths)) {
    const { includeIgnored = false, onOther } = options
    const found = scan(files.fs, files.root, { at, includeIgnored, onOther })
    const tracked = walkTree(read, tree, { signal: options.signal, ...(at === '' ? {} : { prefix: at }) })
    for await (const state of join(files, found, tracked, options.onAbsent)) {
      await breathe()
      if (options.changesOnly && state.$kind === 'tracked' && state.difference === 'same') continue
      yield state
    }
  }
}

/** A few, and as many more as are cheaper to look up one by one than all are to walk. */
const MIN_LOOSE = 1000
const MAX_LOOSE_SHARE = 1 / 64

export function mostLoose(records: StatRecords): number {
  return Math.max(MIN_LOOSE, records.count * MAX_LOOSE_SHARE)
}

/** The paths of which the stat cache does not tell whether they are as in the tree: those it did not tell of when it was
 *  settled, and those in which the tree differs from the one of then. Undefined if it was never settled, or so many have
 *  come together that it had better be settled again. */
export async function looseOn(files: LocalFiles, read: ReadObject, tree: ObjectId): Promise<Loose | undefined> {
  const { settled, cache } = files
  if (!settled) return undefined
  const entries = new Map<string, TreeEntry | undefined>()
  if (settled.tree === tree) return { paths: settled.loose, entries }
  const most = mostLoose(cache.records) + settled.loose.length
  const paths = new Set(settled.loose)
  try {
    for await (const { path, after } of diffTrees(read, settled.tree, tree)) {
      paths.add(path)
      entries.set(path, after)
      if (paths.size > most) return undefined
    }
  } catch (error) {
    // That tree may have been collected since.
    if (error instanceof ObjectMissingError) return undefined
    throw error
  }
  return { paths: [...paths].sort(comparePaths), entries }
}

/** What differs from a tree, found by the records of the stat cache; the tree is read for the rest alone. */
async function* changesFrom(
  files: LocalFiles,
  read: ReadObject,
  tree: ObjectId,
  { paths: loose, entries }: Loose,
  signal: AbortSignal | undefined,
): AsyncGenerator<PathState> {
  const { records } = files.cache
  const guard = new PathGuard(files.fs, files.root)
  const entryAt = async (path: string) => (entries.has(path) ? entries.get(path) : findEntry(read, tree, path))
  const isLoose = new Set(loose)
  let nextLoose = 0
  // Not found by the walk: deleted, or ignored although tracked.
  const unseen = async (path: string) => {
    const entry = await entryAt(path)
    return entry && (await stateOf(files, guard, entry))
  }
  const isDifferent = (state: PathState | undefined): state is PathState =>
    state !== undefined && (state.$kind !== 'tracked' || state.difference !== 'same')
  async function* unseenBefore(path: string | undefined): AsyncGenerator<PathState> {
    for (; nextLoose < loose.length; nextLoose++) {
      if (path !== undefined && comparePaths(loose[nextLoose]!, path) >= 0) return
      const state = await unseen(loose[nextLoose]!)
      if (isDifferent(state)) yield state
    }
  }
  for await (const findings of survey(files, records, loose, { signal })) {
    for (const { index, item } of findings) {
      throwIfAborted(signal)
      const path = item?.path ?? records.pathAt(index)
      yield* unseenBefore(path)
      if (loose[nextLoose] === path) nextLoose++
      let state: PathState | undefined
      if (!item) state = await unseen(path)
      else {
        const entry = index >= 0 || isLoose.has(path) ? await entryAt(path) : undefined
        if (item.$kind === 'problem') state = entry ? { ...item, entry } : item
        else state = entry ? await compared(files, entry, item.stat) : { $kind: 'untracked', path, stat: item.stat }
      }
      if (isDifferent(state)) yield state
    }
  }
  yield* unseenBefore(undefined)
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
  found: Iterator<ScanItem>,
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
