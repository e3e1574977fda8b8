/** Moves the files on disk from one version to another.
 *
 *  Everything that could be refused is looked at before the first change, and each file once more right before it is
 *  replaced: somebody may edit it meanwhile. Files that already are what they shall become are left alone, so a checkout that
 *  was cut off is continued by repeating it. */

import { sleep, throwIfAborted } from '../base/abort.ts'
import { isAtOrBelow } from '../objects/path.ts'
import type { TreeEntry } from '../objects/tree-node.ts'
import type { FileStat } from '../store/file-system.ts'
import type { HeldKeeper } from '../store/held-keep.ts'
import type { LocalStore } from '../store/local-store.ts'
import { fileSystemNow, type StatUpdates, statRecord } from '../store/stat-cache.ts'
import { WouldOverwriteError } from './errors.ts'
import { foldedPath } from './folding.ts'
import { assertPossible, PathGuard, refuseObstacle } from './guard.ts'
import { compareLocal, type LocalFiles } from './local-file.ts'
import { NewFiles, type WantedFile } from './new-files.ts'
import { scan } from './scan.ts'
import { type WriteContext, writeEntry } from './write-file.ts'
import { usefulWriteThreads, WritePool } from './write-pool.ts'

/** Files that are looked for at once. */
const MAX_RUN = 256

export interface CheckoutItem {
  path: string
  /** What the workspace is supposed to have here; may be overwritten. */
  before?: TreeEntry | undefined
  /** What it shall have; none deletes the file. */
  after?: TreeEntry | undefined
  /** Write it even where the workspace need not have the path on disk. */
  always?: boolean | undefined
}

export interface CheckoutOptions extends WriteContext {
  files: LocalFiles
  /** Overwrite local changes too (default false). */
  force?: boolean
  /** Where packs on this disk hold objects: then threads may read them (default: none does). */
  placesOf?: LocalStore['placesOf'] | undefined
  /** Told before a file gives way: it may be the only one to hold chunks (default: none is). */
  keeper?: Pick<HeldKeeper, 'keep' | 'bringBack' | 'isIdle'> | undefined
  /** Called after each file. */
  onFile?: (path: string, bytes: number) => void
}

export interface CheckoutResult {
  written: number
  deleted: number
}

/** @param items - one per path, in any order
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), before anything was changed; later only for what was
 *    edited since
 *  @throws {ThroughSymlinkError} WORKTREE_THROUGH_SYMLINK (exit 13), before anything was changed
 *  @throws {PathRefusedError} PATH_REFUSED (exit 13), before anything was changed */
export async function checkout(options: CheckoutOptions, items: readonly CheckoutItem[]): Promise<CheckoutResult> {
  const guard = new PathGuard(options.fs, options.root)
  const steps = await plan(options, guard, items)
  let deleted = 0
  for (const step of steps.filter(({ action }) => action === 'delete')) {
    const { item } = step
    throwIfAborted(options.signal)
    await giveWay(options, guard, step)
    options.fs.unlink(guard.absolute(item.path))
    guard.removeEmptyParents(item.path)
    options.files.updates.set(item.path, null)
    options.onFile?.(item.path, 0)
    deleted++
  }
  // Links last: nothing written here can lie behind one of them.
  const isLink = (step: Step) => (step.item.after?.kind === 'symlink' ? 1 : 0)
  const writes = steps.filter((step) => step.action !== 'delete').sort((a, b) => isLink(a) - isLink(b))
  await write(options, guard, writes)
  return { written: writes.filter(({ action }) => action !== 'keep').length, deleted }
}

/** Steps that delete nothing, in their order, but for many small new files: those threads read and write. */
async function write(options: CheckoutOptions, guard: PathGuard, steps: readonly Step[]): Promise<void> {
  const { root, tmpDir, signal } = options
  const settled: [TreeEntry, FileStat][] = []
  const done = (entry: TreeEntry, stat: FileStat | undefined) => {
    if (stat) settled.push([entry, stat])
    options.onFile?.(entry.path, entry.bytes)
  }
  const put = async (step: Step) => {
    const { item, action, isDirectory } = step
    const entry = item.after!
    if (action === 'write') {
      guard.makeParents(entry.path)
      if (isDirectory) removeEmptyTree(options, entry.path)
      const isBack =
        entry.kind === 'file' && (await options.keeper?.bringBack(entry, () => assertUnedited(options, guard, step)))
      if (!isBack) await writeEntry(options, entry, () => giveWay(options, guard, step))
    } else if (action === 'mode') options.fs.setExecutable(guard.absolute(entry.path), entry.executable)
    // What was only looked at may have changed since; it was recorded then.
    done(entry, action === 'write' && entry.kind === 'file' ? guard.stat(entry.path) : undefined)
  }

  const isIdle = (await options.keeper?.isIdle()) ?? true
  const newFiles = new NewFiles(isIdle && options.placesOf ? steps.map(wantedFile) : [], tmpDir)
  const threads = usefulWriteThreads(options.fs, newFiles.size)
  await using pool = threads > 0 ? new WritePool({ root, tmpDir, threads }) : undefined
  /** Made, or to be made in one piece by the threads: what was handed over last is in it. */
  let parent: string | undefined
  const handOver = async (run: TreeEntry[], to: WritePool) => {
    const ids = run.map(({ fileId }) => fileId)
    const places = (await options.placesOf?.('chunk', ids)) ?? []
    for (const [i, entry] of run.entries()) {
      const packed = places[i]
      const folder = newFiles.folderOf(entry)
      assertPossible(entry.path)
      const above = folder ? `${folder.path}/` : entry.path.slice(0, entry.path.lastIndexOf('/') + 1)
      if (parent !== above) guard.makeParents(folder ? folder.path : entry.path)
      parent = above
      if (packed?.place.bytes !== entry.bytes) to.leave(entry, folder)
      else {
        const sent = to.add(entry, packed, folder)
        if (sent) await sent
      }
    }
  }
  const stepOf = new Map(pool ? steps.map((step) => [step.item.after!, step]) : [])
  const settle = async () => {
    for (const { entry, stat } of pool?.takeAnswers() ?? [])
      if (stat) done(entry, stat)
      // Somebody was quicker, or something went wrong: this judges what is there, or says what it was.
      else await put(stepOf.get(entry)!)
  }
  const settleAll = async () => {
    await pool?.finish()
    await settle()
  }
  let run: TreeEntry[] = []
  const handOverRun = async () => {
    if (pool && run.length > 0) await handOver(run, pool)
    run = []
    await settle()
  }
  for (const step of steps) {
    throwIfAborted(signal)
    const entry = step.item.after!
    const isForThreads = pool !== undefined && newFiles.has(entry)
    if (isForThreads && run.push(entry) < MAX_RUN) continue
    await handOverRun()
    if (isForThreads) continue
    // Nothing written here can lie behind a link.
    if (entry.kind === 'symlink') await settleAll()
    await put(step)
  }
  await handOverRun()
  await settleAll()
  await recordStats(options, settled)
}

function wantedFile({ item, seen, isFolderNew = false }: Step): WantedFile {
  return { entry: item.after!, isNew: seen === null, isFolderNew }
}

interface Step {
  item: CheckoutItem
  action: 'delete' | 'write' | 'mode' | 'keep'
  /** Nor is there the folder that it is in. */
  isFolderNew?: boolean
  /** There is a directory in its place, of which nothing is left once the deletions are done. */
  isDirectory?: boolean
  /** What was there when it was decided that it may go; `null`: nothing. Undefined: what is there is deleted before. */
  seen?: FileStat | null
}

async function plan(options: CheckoutOptions, guard: PathGuard, items: readonly CheckoutItem[]): Promise<Step[]> {
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
  for (const item of items) {
    throwIfAborted(options.signal)
    const { path, before, after } = item
    const stat = guard.stat(path)
    const obstacle = after && guard.obstacle(path)
    if (after) {
      if (obstacle && !leaving.has(obstacle.path)) refuseObstacle(path, obstacle)
    }
    if (!stat) {
      const isFolderNew = obstacle?.kind === 'missing'
      if (after) steps.push({ item, action: 'write', isFolderNew, seen: null })
      continue
    }
    if (stat.kind === 'directory') {
      if (!after) continue // the file had been replaced by a directory: nothing of ours is left
      const kept = [...scan(options.fs, options.root, { at: path, includeIgnored: true })].map((found) => found.path)
      lost.push(...kept.filter((found) => !leaving.has(found)))
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
    steps.push({ item, action: after ? 'write' : 'delete', seen: stat })
  }
  if (lost.length > 0) throw new WouldOverwriteError(lost)
  return steps
}

/** Right before a file is replaced or deleted. What alone holds chunks of a version gets another name.
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE */
async function giveWay(options: CheckoutOptions, guard: PathGuard, step: Step): Promise<void> {
  await assertUnedited(options, guard, step)
  await options.keeper?.keep(step.item.path)
}

/** Looks at a file again, right before it is replaced or deleted. What is as it was, or holds nothing of its own, may go.
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE */
async function assertUnedited(
  options: CheckoutOptions,
  guard: PathGuard,
  { item: { path, before, after }, seen }: Step,
): Promise<void> {
  if (options.force || seen === undefined) return
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

/** A directory whose files have all been deleted may stand where a file shall be. */
function removeEmptyTree({ fs, root }: CheckoutOptions, path: string): void {
  const visit = (at: string) => {
    for (const entry of fs.readDirectory(at))
      if (entry.kind === 'directory') visit(`${at}/${Buffer.from(entry.name).toString('utf8')}`)
    fs.removeDirectory(at)
  }
  try {
    if (fs.stat(`${root}/${path}`)?.kind === 'directory') visit(`${root}/${path}`)
  } catch {
    // Something ignorable is left in it (a socket, another workspace): the rename below says so.
  }
}

/** Pauses before giving up on a clock that has not moved past the last write. */
const MAX_PAUSES = 4
const PAUSE_MS = 5

/** Remembers what was written, once the tick it was written in is over. */
async function recordStats(options: CheckoutOptions, settled: readonly [TreeEntry, FileStat][]): Promise<void> {
  if (settled.length === 0) return
  let newest = 0n
  for (const [, { ctimeNs }] of settled) if (ctimeNs > newest) newest = ctimeNs
  let stampNs = fileSystemNow(options.fs, options.tmpDir)
  for (let pause = 0; stampNs <= newest && pause < MAX_PAUSES; pause++) {
    await sleep(PAUSE_MS)
    stampNs = fileSystemNow(options.fs, options.tmpDir)
  }
  const updates: StatUpdates = options.files.updates
  for (const [entry, stat] of settled) updates.set(entry.path, statRecord(stat, entry.fileId, stampNs))
}

/** Items at or below one of the paths; `''` is everything. */
export function selectItems<T extends { path: string }>(items: readonly T[], paths: readonly string[]): T[] {
  if (paths.includes('')) return [...items]
  return items.filter((item) => paths.some((path) => isAtOrBelow(item.path, path)))
}
