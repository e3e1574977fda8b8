/** `pull --to`: a version as a plain directory that appears complete or not at all.
 *
 *  It is built beside its place, in `.NAME.floe-partial`, made durable, and renamed. Killed or without power at any moment, the
 *  directory is not there, and the next run goes on with what has been built. */

import { basename, dirname, resolve } from 'node:path'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { UsageError } from '../base/errors.ts'
import { treeObjects } from '../history/missing-objects.ts'
import type { StatusRecord } from '../ledger/repository-marks.ts'
import { walkTree } from '../objects/tree.ts'
import { discard, ensureDirectory, replaceFile } from '../store/atomic-file.ts'
import { type FileSystem, isErrno } from '../store/file-system.ts'
import { acquireLock, type Lock } from '../store/lock.ts'
import { nodeFs } from '../store/node-fs.ts'
import { systemProcesses } from '../store/process-identity.ts'
import { emptyStatCache, fileSystemNow } from '../store/stat-cache.ts'
import { syncTree } from '../store/sync-tree.ts'
import { readAheadOf } from '../transfer/sequential.ts'
import { type CheckoutItem, checkout } from '../worktree/checkout.ts'
import { assertNoCollisions, probeFolding } from '../worktree/folding.ts'
import { createPathFilter } from '../worktree/path-filter.ts'
import { openVersion } from './dataset.ts'
import { checkMarksThere } from './marks.ts'
import type { RemoteOptions } from './remote-options.ts'
import { FilterMatchesNothingError } from './sparse-errors.ts'

export interface ExportOptions extends RemoteOptions {
  /** As of `openDataset`. */
  ref?: string | undefined
  remote?: string | undefined
  /** Only these paths: rules of `worktree/path-filter.ts`. */
  filter?: readonly string[] | undefined
  /** Write a version that was taken down all the same. */
  allowTakedown?: boolean | undefined
  /** Where it is written to (default: the disk). */
  fs?: FileSystem | undefined
}

export interface ExportResult {
  dir: string
  commit: string
  files: number
  bytes: number
  downloadedBytes: number
  /** What is said about the version, if it is not simply active; of a directory nobody is asked. */
  marks: StatusRecord[]
}

const MAX_RECORD_BYTES = 1 << 20

/** Where a version grows that is to appear at a place as a whole.
 *  @param goal - absolute */
export function partialOf(goal: string): string {
  return `${dirname(goal)}/.${basename(goal)}.floe-partial`
}

/** @param target - `NETWORK:OBJECT_ID[@REVISION]`, or a directory inside a workspace
 *  @param dir - must not exist, or be empty
 *  @throws {UsageError} EXPORT_TARGET_NOT_EMPTY (exit 2)
 *  @throws {FloeError} COMMIT_TAKEN_DOWN unless `allowTakedown`
 *  @throws {LockedError} LOCKED (exit 11) if another process exports to the same place */
export async function exportVersion(target: string, dir: string, options: ExportOptions): Promise<ExportResult> {
  const goal = resolve(dir)
  const parent = dirname(goal)
  const partial = partialOf(goal)
  const [root, tmpDir] = [`${partial}/files`, `${partial}/tmp`]
  const { fs = nodeFs } = options
  refuseTaken(fs, goal)
  const filter = options.filter && createPathFilter(options.filter)
  await using version = await openVersion(target, options)
  const marks = version.source
    ? await checkMarksThere(version.source, version.commit, {
        allow: options.allowTakedown ?? false,
        signal: options.signal,
      })
    : []
  const lock = await lockPartial(fs, partial)
  try {
    // Another run may have ended just now, and taken its folders with it.
    refuseTaken(fs, goal)
    for (const made of [root, tmpDir]) await ensureDirectory(fs, made)
    // What is left of another version is taken away first: what stays has to be what this one has.
    const record = JSON.stringify({ commit: version.commit, rules: filter?.rules ?? null })
    if (readText(fs, `${partial}/version`) !== record) {
      empty(fs, root)
      await replaceFile(fs, `${partial}/version`, [utf8(record)], { tmpDir })
    }
    const items: CheckoutItem[] = []
    let bytes = 0
    for await (const entry of walkTree(version.read, version.tree, { signal: options.signal })) {
      if (filter && !filter.includes(entry.path)) continue
      items.push({ path: entry.path, after: entry })
      bytes += entry.bytes
    }
    if (filter && items.length === 0) throw new FilterMatchesNothingError(filter.rules, [])
    await assertNoCollisions(pathsOf(items), probeFolding(fs, tmpDir))
    await fill(fs, { root, tmpDir }, version, items, { ...options, includes: filter?.includes })
    await syncTree(fs, root, items.length)
    refuseTaken(fs, goal)
    if (fs.stat(goal)) fs.removeDirectory(goal)
    fs.rename(root, goal)
    await fs.syncDirectory(parent)
    const { downloadedBytes } = version
    return { dir: goal, commit: version.commit, files: items.length, bytes, downloadedBytes: downloadedBytes(), marks }
  } finally {
    // Kept for the next run if anything has come and is left to be done. The lock goes last: once it is given back, what
    // is there may be another run's.
    const isKept = fs.stat(root) !== undefined && fs.readDirectory(root).length > 0
    if (!isKept) empty(fs, partial, LOCK)
    lock.release()
    if (!isKept) removeEmpty(fs, partial)
  }
}

const LOCK = 'lock'
/** Runs that end and take the folder away while another is about to lock it. */
const MAX_LOCK_ATTEMPTS = 8

async function lockPartial(fs: FileSystem, partial: string): Promise<Lock> {
  for (let attempt = 1; ; attempt++) {
    await ensureDirectory(fs, partial)
    try {
      return acquireLock(fs, `${partial}/${LOCK}`, {
        tmpDir: partial,
        processes: systemProcesses,
        clock: systemClock,
        purpose: 'export',
      })
    } catch (error) {
      if (attempt === MAX_LOCK_ATTEMPTS || !isErrno(error, 'ENOENT')) throw error
    }
  }
}

/** Removes a folder, unless another run has begun in it. */
function removeEmpty(fs: FileSystem, path: string): void {
  try {
    fs.removeDirectory(path)
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error
  }
}

async function fill(
  fs: FileSystem,
  { root, tmpDir }: { root: string; tmpDir: string },
  version: Awaited<ReturnType<typeof openVersion>>,
  items: readonly CheckoutItem[],
  options: ExportOptions & { includes: ((path: string) => boolean) | undefined },
): Promise<void> {
  const { signal, includes, onProgress } = options
  async function* chunks() {
    for await (const object of treeObjects(version.read, version.tree, [], signal, includes))
      if (object.kind === 'chunk') yield object
  }
  const ahead = readAheadOf(version.read, chunks(), { signal })
  const totals = { files: items.length, bytes: items.reduce((sum, { after }) => sum + after!.bytes, 0) }
  const done = { files: 0, bytes: 0 }
  const onFile = (path: string, bytes: number) => {
    done.files++
    done.bytes += bytes
    onProgress?.({
      $kind: 'checking-out',
      doneFiles: done.files,
      totalFiles: totals.files,
      doneBytes: done.bytes,
      totalBytes: totals.bytes,
      path,
    })
  }
  const files = {
    fs,
    root,
    cache: emptyStatCache(),
    updates: new Map(),
    stampNs: fileSystemNow(fs, tmpDir),
  }
  try {
    // By force: what a killed run left half-way is nobody's work.
    await checkout({ fs, root, tmpDir, read: ahead.read, files, force: true, signal, onFile }, items)
  } finally {
    await ahead.close()
  }
}

async function* pathsOf(items: readonly CheckoutItem[]) {
  for (const { path } of items) yield path
}

function refuseTaken(fs: FileSystem, goal: string): void {
  const stat = fs.stat(goal)
  if (!stat || (stat.kind === 'directory' && fs.readDirectory(goal).length === 0)) return
  throw new UsageError(
    'EXPORT_TARGET_NOT_EMPTY',
    `${goal} exists${stat.kind === 'directory' ? ' and is not empty' : ''}`,
    {
      data: { dir: goal },
      hints: ['Choose another directory, or move this one away first'],
    },
  )
}

function readText(fs: FileSystem, path: string): string | undefined {
  try {
    return fromUtf8(fs.readFile(path, MAX_RECORD_BYTES))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EFBIG') || error instanceof TypeError) return undefined
    throw error
  }
}

/** Deletes what is in a directory, links themselves and not what they point to.
 *  @param kept - name of what stays */
function empty(fs: FileSystem, dir: string, kept?: string): void {
  for (const entry of fs.readDirectory(dir)) {
    const name = Buffer.from(entry.name).toString('utf8')
    if (name === kept) continue
    const path = `${dir}/${name}`
    if (entry.kind === 'directory') {
      empty(fs, path)
      fs.removeDirectory(path)
    } else discard(fs, path)
  }
}
