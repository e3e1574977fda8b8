/** What a checkout will do, found out before it changes anything; and the last look at a file before it gives way. */

import type { TreeEntry } from '../objects/tree-node.ts'
import type { FileStat, FileSystem } from '../store/file-system.ts'
import { BESIDE_NETWORK_MS, createBreather } from './breather.ts'
import { WouldOverwriteError } from './errors.ts'
import { foldedPath } from './folding.ts'
import { type PathGuard, refuseObstacle } from './guard.ts'
import { compareLocal, type LocalFiles } from './local-file.ts'
import { isOurs } from './own-names.ts'
import { scan } from './scan.ts'

export interface CheckoutItem {
  path: string
  /** What the workspace is supposed to have here; may be overwritten. */
  before?: TreeEntry | undefined
  /** What it shall have; none deletes the file. */
  after?: TreeEntry | undefined
  /** Write it even where the workspace need not have the path on disk. */
  always?: boolean | undefined
}

export interface PlanOptions {
  fs: FileSystem
  /** Absolute. */
  root: string
  files: LocalFiles
  /** Overwrite local changes too (default false). */
  force?: boolean
  /** With `force`: what is edited once this has looked at it stays all the same (default false). */
  sparesEdits?: boolean | undefined
  /** Told, with `force`, of a file that is neither as it is supposed to be nor as it shall become. */
  onOverwrite?: ((path: string, stat: FileStat) => Promise<void>) | undefined
  signal?: AbortSignal | undefined
}

export interface Step {
  item: CheckoutItem
  action: 'delete' | 'write' | 'mode' | 'keep'
  /** Nor is there the folder that it is in. */
  isFolderNew?: boolean
  /** There is a directory in its place, of which nothing is left once the deletions are done. */
  isDirectory?: boolean
  /** What was there when it was decided that it may go; `null`: nothing. Undefined: what is there is deleted before. */
  seen?: FileStat | null
}

/** What is to be done for each item that is not so already. Changes nothing.
 *  @param items - one per path, in any order
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1)
 *  @throws {ThroughSymlinkError} WORKTREE_THROUGH_SYMLINK (exit 13)
 *  @throws {PathRefusedError} PATH_REFUSED (exit 13) */
export async function planSteps(
  options: PlanOptions,
  guard: PathGuard,
  items: readonly CheckoutItem[],
): Promise<Step[]> {
  const leaving = new Set(items.filter(({ after }) => !after).map(({ path }) => path))
  const renamed = new Map(items.filter(({ after }) => !after).map(({ path }) => [foldedPath(path), path]))
  /** True if what is there is a file that goes, under a name that this file system takes for the same. */
  const isLeaving = (path: string, { inode }: FileStat) => {
    const twin = renamed.get(foldedPath(path))
    const there = twin === undefined || twin === path ? undefined : guard.stat(twin)
    return there !== undefined && there.inode === inode
  }
  const steps: Step[] = []
  const lost: string[] = []
  const breathe = createBreather(options.signal, BESIDE_NETWORK_MS)
  for (const item of items) {
    const breath = breathe()
    if (breath) await breath
    const { path, before, after } = item
    const stat = guard.stat(path)
    const obstacle = after && passableObstacle(guard, leaving, path)
    if (!stat) {
      const isFolderNew = obstacle?.kind === 'missing'
      if (after) steps.push({ item, action: 'write', isFolderNew, seen: null })
      continue
    }
    if (stat.kind === 'directory') {
      if (!after) continue // the file had been replaced by a directory: nothing of ours is left
      const kept = [...scan(options.fs, options.root, { at: path, includeIgnored: true })].map((found) => found.path)
      const staying = kept.filter((found) => !leaving.has(found))
      lost.push(...(staying.length > 0 ? staying : unversionedIn(options, path)))
      steps.push({ item, action: 'write', isDirectory: true })
      continue
    }
    if (after && isLeaving(path, stat)) {
      // Deleted first, so it is written even where it would be right: only the name has changed.
      steps.push({ item, action: 'write' })
      continue
    }
    const difference = after ? await compareLocal(options.files, after, stat) : 'type'
    if (difference === 'same' || difference === 'mode') {
      steps.push({ item, action: difference === 'same' ? 'keep' : 'mode' })
      continue
    }
    const expected = before !== undefined && (await isSame(options.files, before, stat))
    if (!expected && !options.force) lost.push(path)
    else if (!expected) await options.onOverwrite?.(path, stat)
    steps.push({ item, action: after ? 'write' : 'delete', seen: stat })
  }
  if (lost.length > 0) throw new WouldOverwriteError(lost)
  return steps
}

/** What is in the way of a file and will not be once others have left, or where its folder is to be made.
 *  @throws {ThroughSymlinkError} WORKTREE_THROUGH_SYMLINK (exit 13)
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1) */
export function passableObstacle(
  guard: PathGuard,
  leaving: ReadonlySet<string>,
  path: string,
): ReturnType<PathGuard['obstacle']> {
  const obstacle = guard.obstacle(path)
  if (obstacle && !leaving.has(obstacle.path)) refuseObstacle(path, obstacle)
  return obstacle
}

/** What a scan passes over: sockets and pipes, and what another workspace keeps there. */
function unversionedIn({ fs, root }: PlanOptions, path: string): string[] {
  const found: string[] = []
  const folders = [path]
  for (let at = folders.pop(); at !== undefined; at = folders.pop())
    for (const entry of fs.readDirectory(`${root}/${at}`)) {
      const name = Buffer.from(entry.name).toString('utf8')
      if (isOurs(name) || entry.kind === 'other') found.push(`${at}/${name}`)
      else if (entry.kind === 'directory') folders.push(`${at}/${name}`)
    }
  return found
}

/** Looks at a file again, right before it is replaced or deleted. What is as it was, or holds nothing of its own, may go.
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE */
export async function assertUnedited(
  options: PlanOptions,
  guard: PathGuard,
  { item: { path, before, after }, seen }: Step,
): Promise<void> {
  if ((options.force && !options.sparesEdits) || seen === undefined) return
  let expected = seen
  for (let look = 0; look < MAX_LOOKS; look++) {
    const now = guard.stat(path)
    if (now === undefined || (expected !== null && isUntouched(expected, now))) return
    const isOurs = async (entry: TreeEntry | undefined) =>
      entry !== undefined && (await isSame(options.files, entry, now))
    if (!(await isOurs(before)) && !(await isOurs(after))) break
    expected = now
  }
  throw new WouldOverwriteError([path])
}

/** Looks at a file that changes while it is looked at. */
const MAX_LOOKS = 4

function isUntouched(before: FileStat, now: FileStat): boolean {
  return (
    before.kind === now.kind &&
    before.inode === now.inode &&
    before.bytes === now.bytes &&
    before.mtimeNs === now.mtimeNs &&
    before.ctimeNs === now.ctimeNs
  )
}

async function isSame(files: LocalFiles, entry: TreeEntry, stat: FileStat): Promise<boolean> {
  const difference = await compareLocal(files, entry, stat)
  // A mode bit alone is no work that could be lost.
  return difference === 'same' || difference === 'mode'
}
