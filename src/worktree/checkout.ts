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
import { assertUnedited, type CheckoutItem, type PlanOptions, planSteps, type Step } from './checkout-plan.ts'
import { assertPossible, PathGuard } from './guard.ts'
import { NewFiles, type WantedFile } from './new-files.ts'
import { type WriteContext, writeEntry } from './write-file.ts'
import { usefulWriteThreads, WritePool } from './write-pool.ts'

/** Files that are looked for at once. */
const MAX_RUN = 256

export type { CheckoutItem } from './checkout-plan.ts'

export interface CheckoutOptions extends WriteContext, PlanOptions {
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

/** A checkout that was looked at and has changed nothing yet. Threads may wait for it: to be disposed of. */
export interface PlannedCheckout extends AsyncDisposable {
  /** Once. What was there when it was planned may have changed since.
   *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE for what was edited since */
  carryOut(): Promise<CheckoutResult>
}

/** @param items - one per path, in any order
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), before anything was changed; later only for what was
 *    edited since
 *  @throws {ThroughSymlinkError} WORKTREE_THROUGH_SYMLINK (exit 13), before anything was changed
 *  @throws {PathRefusedError} PATH_REFUSED (exit 13), before anything was changed */
export async function checkout(options: CheckoutOptions, items: readonly CheckoutItem[]): Promise<CheckoutResult> {
  await using planned = await planCheckout(options, items)
  return await planned.carryOut()
}

/** The same, for those who wait for the contents of files meanwhile: nothing is read but what is on disk. */
export async function planCheckout(options: CheckoutOptions, items: readonly CheckoutItem[]): Promise<PlannedCheckout> {
  const steps = await planSteps(options, new PathGuard(options.fs, options.root), items)
  const deletions = steps.filter(({ action }) => action === 'delete')
  // Links last: nothing written here can lie behind one of them.
  const isLink = (step: Step) => (step.item.after?.kind === 'symlink' ? 1 : 0)
  const writes = steps.filter(({ action }) => action !== 'delete').sort((a, b) => isLink(a) - isLink(b))
  // What gives way may be kept for others, and they must be asked for it before a thread is.
  const early = deletions.length === 0 ? await startWriting(options, writes) : undefined
  return {
    async carryOut() {
      // Another one: which folders were real ones then may be minutes ago.
      const guard = new PathGuard(options.fs, options.root)
      for (const step of deletions) await remove(options, guard, step)
      await using late = early ? undefined : await startWriting(options, writes)
      await write(options, guard, writes, early ?? late!)
      return { written: writes.filter(({ action }) => action !== 'keep').length, deleted: deletions.length }
    },
    async [Symbol.asyncDispose]() {
      await early?.[Symbol.asyncDispose]()
    },
  }
}

async function remove(options: CheckoutOptions, guard: PathGuard, step: Step): Promise<void> {
  const { path } = step.item
  throwIfAborted(options.signal)
  await giveWay(options, guard, step)
  options.fs.unlink(guard.absolute(path))
  guard.removeEmptyParents(path)
  options.files.updates.set(path, null)
  options.onFile?.(path, 0)
}

/** What threads write of a checkout, and those threads, if there are enough such files. */
interface ThreadedWriting extends AsyncDisposable {
  newFiles: NewFiles
  pool: WritePool | undefined
}

async function startWriting(options: CheckoutOptions, steps: readonly Step[]): Promise<ThreadedWriting> {
  const { fs, root, tmpDir, keeper, placesOf } = options
  const isIdle = (await keeper?.isIdle()) ?? true
  const newFiles = new NewFiles(isIdle && placesOf ? steps.map(wantedFile) : [], tmpDir)
  const threads = usefulWriteThreads(fs, newFiles.size)
  const pool = threads > 0 ? new WritePool({ root, tmpDir, threads }) : undefined
  return { newFiles, pool, [Symbol.asyncDispose]: async () => pool?.[Symbol.asyncDispose]() }
}

/** Steps that delete nothing, in their order, but for many small new files: those threads read and write. */
async function write(
  options: CheckoutOptions,
  guard: PathGuard,
  steps: readonly Step[],
  { newFiles, pool }: ThreadedWriting,
): Promise<void> {
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
    throwIfAborted(options.signal)
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

/** Right before a file is replaced or deleted. What alone holds chunks of a version gets another name.
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE */
async function giveWay(options: CheckoutOptions, guard: PathGuard, step: Step): Promise<void> {
  await assertUnedited(options, guard, step)
  await options.keeper?.keep(step.item.path)
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
    // Something has come into it since it was looked at: the rename below says so.
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
