/** `mv`: renames tracked files and folders, on disk and in staging. */

import { dirname, posix } from 'node:path'
import { assertPath, isAtOrBelow } from '../objects/path.ts'
import { findEntry, type TreeEntry, walkTree } from '../objects/tree.ts'
import { syncParents } from '../store/held-batch.ts'
import type { Workspace } from '../store/workspace.ts'
import { foldedPath } from '../worktree/folding.ts'
import { PathGuard } from '../worktree/guard.ts'
import { type PathBefore, pathsBefore } from './before.ts'
import { PathsUnknownError } from './errors.ts'
import { MoveRefusedError } from './merge-errors.ts'
import { overlay } from './overlay.ts'
import { readVersions, type Versions } from './versions.ts'

export interface MoveOptions {
  /** Workspace paths; several only into a folder. */
  sources: readonly string[]
  /** A new name, or a folder to move into. */
  destination: string
  /** Replace a file that is there. */
  force?: boolean | undefined
  dryRun?: boolean | undefined
}

export interface MoveResult {
  moved: { from: string; to: string }[]
  /** Files that gave way, with `force`. */
  replaced: PathBefore[]
}

/** Changes to the files that are not staged stay unstaged. A move that was cut off after the files had been renamed is
 *  finished by repeating it.
 *  @throws {PathsUnknownError} PATH_UNKNOWN (exit 2) for what is not tracked
 *  @throws {MoveRefusedError} MOVE_REFUSED (exit 2) */
export async function move(workspace: Workspace, options: MoveOptions): Promise<MoveResult> {
  return workspace.withLock('mv', async () => {
    const versions = await readVersions(workspace)
    const guard = new PathGuard(workspace.fs, workspace.root)
    const steps: Step[] = []
    for (const source of options.sources) steps.push(await plan(versions, guard, source, options))
    const changes = new Map<string, TreeEntry | null>()
    const moved: MoveResult['moved'] = []
    for (const { entries } of steps)
      for (const { entry, to } of entries) {
        if (changes.has(entry.path)) throw new MoveRefusedError(entry.path, to, 'it is named twice')
        changes.set(entry.path, null)
        moved.push({ from: entry.path, to })
      }
    for (const { entries } of steps)
      for (const { entry, to } of entries) {
        if (changes.get(to)) throw new MoveRefusedError(entry.path, to, 'two files would have this name')
        changes.set(to, { ...entry, path: to })
      }
    const open = steps.filter(({ isDone }) => !isDone)
    const places = open.filter(({ from, to, entries }) => entries[0]!.to === to && !isSameFile(guard, from, to))
    const taken = options.force ? places.map(({ to }) => to) : []
    const replaced = await pathsBefore(workspace, versions, taken)
    if (options.dryRun) return { moved, replaced }
    const { keeper } = workspace.store
    // What gives way first: from then on lists of its name are of what is to come.
    for (const { from, to } of open)
      if (guard.stat(to)?.kind === 'file' && !isSameFile(guard, from, to)) await keeper.keep(to)
    const renamed = await keeper.renaming(open)
    // Files first: what is staged then names files that are there.
    for (const { from, to, isDone } of steps) {
      if (isDone) continue
      const isNew = workspace.fs.stat(dirname(guard.absolute(to))) === undefined
      guard.makeParents(to)
      // A power cut must not leave the file in a folder that is gone.
      if (isNew) await syncParents(workspace, [to])
      workspace.fs.rename(guard.absolute(from), guard.absolute(to))
      // The new name first: what is not committed must not fall between two folders.
      for (const path of [to, from]) await workspace.fs.syncDirectory(dirname(guard.absolute(path)))
    }
    await renamed()
    await workspace.writeStaging(await overlay(versions, changes))
    for (const { from, isDone } of steps) if (!isDone) guard.removeEmptyParents(from)
    return { moved, replaced }
  })
}

interface Step {
  from: string
  to: string
  entries: { entry: TreeEntry; to: string }[]
  /** The files have been renamed already. */
  isDone: boolean
}

async function plan(versions: Versions, guard: PathGuard, source: string, options: MoveOptions): Promise<Step> {
  const { read, stagedTree } = versions
  const entries: TreeEntry[] = []
  if (source !== '') for await (const entry of walkTree(read, stagedTree, { prefix: source })) entries.push(entry)
  if (entries.length === 0) throw new PathsUnknownError([source === '' ? '.' : source], 'what is tracked')
  const to = target(guard, source, options)
  assertPath(to)
  if (isAtOrBelow(to, source)) throw new MoveRefusedError(source, to, 'it cannot be moved into itself')
  const here = guard.stat(source)
  const found = guard.stat(to)
  // Where names fold, `mv a A` finds the file itself under the new name.
  const isItself = here !== undefined && found?.inode === here.inode && foldedPath(to) === foldedPath(source)
  const there = isItself ? undefined : found
  const step = {
    from: source,
    to,
    entries: entries.map((entry) => ({ entry, to: to + entry.path.slice(source.length) })),
  }
  if (!here && there) return { ...step, isDone: true }
  if (!here) throw new MoveRefusedError(source, to, `${source} is not on disk`, ['bring it back with `floe restore`'])
  if (there?.kind === 'directory') throw new MoveRefusedError(source, to, 'a folder of that name is there')
  const isTracked = (await findEntry(read, stagedTree, to)) !== undefined
  if ((there || isTracked) && !(options.force && here.kind !== 'directory'))
    throw new MoveRefusedError(source, to, 'it exists', ['replace a file with --force'])
  for (let slash = to.indexOf('/'); slash > 0; slash = to.indexOf('/', slash + 1)) {
    const parent = to.slice(0, slash)
    if (await findEntry(read, stagedTree, parent)) throw new MoveRefusedError(source, to, `${parent} is a file`)
  }
  return { ...step, isDone: false }
}

/** Where names fold, one file under two names. */
function isSameFile(guard: PathGuard, from: string, to: string): boolean {
  return guard.stat(from)?.inode === guard.stat(to)?.inode
}

function target(guard: PathGuard, source: string, { sources, destination }: MoveOptions): string {
  const inside = posix.join(destination, posix.basename(source))
  if (destination === '') return inside
  const kind = guard.stat(destination)?.kind
  if (sources.length > 1 && kind !== 'directory')
    throw new MoveRefusedError(sources.join(', '), destination, 'several files can only be moved into a folder')
  if (kind !== 'directory') return destination
  // Cut off after the rename of a folder: `mv a b` has made b, and a is gone.
  if (!guard.stat(source) && guard.stat(inside) === undefined) return destination
  return inside
}
