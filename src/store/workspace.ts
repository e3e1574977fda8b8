/** A workspace: a directory with `.floe/` in it, and what lives there.
 *
 *  Opening reads one small file. Nothing on disk changes outside `withLock`, save probes in `tmp/` that carry their
 *  process in their name. */

import { dirname, resolve } from 'node:path'
import { sleep } from '../base/abort.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { ReadObject } from '../objects/reader.ts'
import { assertRefName } from '../objects/ref-name.ts'
import { discard, discardFolder, ensureDirectory } from './atomic-file.ts'
import { setAside } from './cache-file.ts'
import { type Config, readConfig, WORKSPACE_VERSION, writeConfig } from './config.ts'
import { ConfigInvalidError, LockedError, NotAWorkspaceError } from './errors.ts'
import type { FileSystem } from './file-system.ts'
import { FLOE_DIR } from './floe-dir.ts'
import { createLocalStore, type LocalStore } from './local-store.ts'
import { acquireLock, isLocked, type Lock } from './lock.ts'
import { nodeFs } from './node-fs.ts'
import type { SortedUpdates } from './path-table.ts'
import { type ProcessIdentity, systemProcesses } from './process-identity.ts'
import { RefStore } from './refs.ts'
import { readStaging, type StagedChange, type Staging, writeStagedRecords, writeStaging } from './staging.ts'
import {
  readSettled,
  readStatCache,
  type Settled,
  type StatCache,
  type StatUpdates,
  writeSettled,
  writeStatCache,
} from './stat-cache.ts'

export { FLOE_DIR }

export interface WorkspaceOptions {
  /** Default: the disk of this machine. */
  fs?: FileSystem
  clock?: Clock
  processes?: ProcessIdentity
  /** Asked for objects that the local packs lack (history is lazy). */
  fetchObject?: ReadObject
  /** Told of a name that a branch and a tag have, when it is looked up: the tag is taken. */
  onAmbiguous?: (name: string) => void
  /** Pack size at which a new one is begun, in bytes (default 256 MiB). */
  packBytes?: number
}

export interface LockOptions {
  patienceMs?: number
  signal?: AbortSignal | undefined
}

export class Workspace implements AsyncDisposable {
  readonly root: string
  readonly floeDir: string
  readonly tmpDir: string
  readonly fs: FileSystem
  readonly clock: Clock
  readonly store: LocalStore
  readonly refs: RefStore
  readonly #processes: ProcessIdentity

  /** Use `openWorkspace`. */
  constructor(root: string, options: WorkspaceOptions) {
    this.root = root
    this.floeDir = `${root}/${FLOE_DIR}`
    this.tmpDir = `${this.floeDir}/tmp`
    this.fs = options.fs ?? nodeFs
    this.clock = options.clock ?? systemClock
    this.#processes = options.processes ?? systemProcesses
    this.store = createLocalStore(this.fs, this.floeDir, { ...options, root })
    this.refs = new RefStore(this.fs, this.floeDir, this.clock, options.onAmbiguous)
  }

  readConfig(): Config {
    return readConfig(this.fs, `${this.floeDir}/config.json`)
  }

  /** Under the lock. */
  async writeConfig(config: Config): Promise<void> {
    await writeConfig(this.fs, `${this.floeDir}/config.json`, config, this.tmpDir)
  }

  /** @throws {StoreCorruptError} STORE_STAGING_CORRUPT */
  readStaging(): Staging {
    return readStaging(this.fs, `${this.floeDir}/staging`)
  }

  /** Under the lock. Replaces the whole overlay. */
  async writeStaging(changes: Iterable<StagedChange>): Promise<void> {
    await writeStaging(this.fs, `${this.floeDir}/staging`, changes, this.tmpDir)
  }

  /** Under the lock. What cannot be read is moved to `.floe/damaged/`: nothing is staged then. */
  async setStagingAside(): Promise<void> {
    await setAside(this.fs, `${this.floeDir}/staging`, this.floeDir)
  }

  readStatCache(): StatCache {
    return readStatCache(this.fs, `${this.floeDir}/stat`)
  }

  /** Under the lock. */
  /** `writeStaging` for what is encoded already (`encodeStagedRecords`). */
  async writeStagedRecords(pieces: Iterable<Uint8Array>): Promise<void> {
    await writeStagedRecords(this.fs, `${this.floeDir}/staging`, pieces, this.tmpDir)
  }

  async writeStatCache(
    cache: StatCache,
    updates: StatUpdates | SortedUpdates,
    options: { compact?: boolean } = {},
  ): Promise<void> {
    const { fs, floeDir, tmpDir } = this
    await writeStatCache(fs, `${floeDir}/stat`, cache, updates, { ...options, tmpDir })
  }

  /** The tree that the stat cache is settled on, if any. */
  readSettled(cache: StatCache): Settled | undefined {
    return readSettled(this.fs, `${this.floeDir}/settled`, cache.records)
  }

  /** Under the lock. */
  async writeSettled(cache: StatCache, settled: Settled): Promise<void> {
    await writeSettled(this.fs, `${this.floeDir}/settled`, cache.records, settled, this.tmpDir)
  }

  /** Runs a job as the only writer. What a dead process left unfinished is removed first.
   *  @param options.patienceMs - how long to wait for other writers (default 0)
   *  @throws {LockedError} LOCKED (exit 11); a job must not lock again */
  async withLock<T>(purpose: string, job: () => Promise<T>, options: LockOptions = {}): Promise<T> {
    await ensureDirectory(this.fs, this.tmpDir)
    const lock = await this.#acquire(purpose, options)
    try {
      this.#removeLeftovers()
      return await job()
    } finally {
      lock.release()
    }
  }

  /** A lock of its own, for work that takes long and must not keep others out of the workspace.
   *  @throws {LockedError} LOCKED if a living process holds it */
  lockFile(path: string, purpose: string): Lock {
    return acquireLock(this.fs, path, { tmpDir: this.tmpDir, processes: this.#processes, clock: this.clock, purpose })
  }

  /** True if somebody holds such a lock. */
  isFileLocked(path: string): boolean {
    return isLocked(this.fs, path, this.#processes)
  }

  /** A `status` that saves its cache holds the lock for a moment: nobody should fail because of that. */
  async #acquire(purpose: string, { patienceMs = 0, signal }: LockOptions): Promise<Lock> {
    const deadline = performance.now() + patienceMs
    const options = { tmpDir: this.tmpDir, processes: this.#processes, clock: this.clock, purpose }
    for (let pause = 0; ; pause++) {
      try {
        return acquireLock(this.fs, `${this.floeDir}/lock`, options)
      } catch (error) {
        if (!(error instanceof LockedError)) throw error
        const isBrief = error.data.purpose === STATUS_PURPOSE && purpose !== STATUS_PURPOSE && pause < MAX_PAUSES
        if (!isBrief && performance.now() >= deadline) throw error
        await sleep(PAUSE_MS, signal)
      }
    }
  }

  async close(): Promise<void> {
    this.store.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #removeLeftovers(): void {
    for (const entry of this.fs.readDirectory(this.tmpDir)) {
      const name = Buffer.from(entry.name).toString('latin1')
      const path = `${this.tmpDir}/${name}`
      // Others may be creating these two right now, without the lock; they are tiny and an hour is patient.
      const ageMs = this.clock.now() - Number((this.fs.stat(path)?.mtimeNs ?? 0n) / 1_000_000n)
      if (/^(lock|clock|probe)-/.test(name) && ageMs < LEFTOVER_AGE_MS) continue
      if (entry.kind === 'file' || entry.kind === 'symlink') discard(this.fs, path)
      else if (entry.kind === 'directory') discardFolder(this.fs, path)
    }
  }
}

const LEFTOVER_AGE_MS = 3_600_000
/** What `status` calls itself while it saves its cache. */
export const STATUS_PURPOSE = 'status'
const MAX_PAUSES = 100
const PAUSE_MS = 10

/** The workspace that the directory is in.
 *  @throws {NotAWorkspaceError} NOT_A_WORKSPACE (exit 10)
 *  @throws {ConfigInvalidError} STORE_CONFIG_INVALID (exit 2) */
export async function openWorkspace(dir: string, options: WorkspaceOptions = {}): Promise<Workspace> {
  const fs = options.fs ?? nodeFs
  const start = resolve(dir)
  for (let at = start; ; at = dirname(at)) {
    if (fs.stat(`${at}/${FLOE_DIR}/config.json`)?.kind === 'file') {
      const workspace = new Workspace(at === '/' ? '' : at, { ...options, fs })
      workspace.readConfig()
      return workspace
    }
    // A workspace above must not be taken for this one.
    if (holdsPacks(fs, `${at}/${FLOE_DIR}`)) throw new ConfigInvalidError(`${at}/${FLOE_DIR}/config.json`, 'is missing')
    if (dirname(at) === at) throw new NotAWorkspaceError(start)
  }
}

/** True if versions were made there: one that was cut off while it was created has none. */
function holdsPacks(fs: FileSystem, floeDir: string): boolean {
  const packs = `${floeDir}/packs`
  return (
    fs.stat(packs)?.kind === 'directory' &&
    fs.stat(`${floeDir}/HEAD`) !== undefined &&
    fs.readDirectory(packs).length > 0
  )
}

export interface CreatedWorkspace {
  $kind: 'created' | 'existing'
  root: string
  branch: string
}

/** Makes `.floe/` in a directory. The configuration is written last: a run that was cut off is simply repeated. One that has lost
 *  its configuration gets a new one, and stays as it is otherwise. */
export async function createWorkspace(
  dir: string,
  options: WorkspaceOptions & { branch?: string } = {},
): Promise<CreatedWorkspace> {
  const fs = options.fs ?? nodeFs
  const root = resolve(dir)
  const branch = options.branch ?? 'main'
  assertRefName(branch)
  const floeDir = `${root}/${FLOE_DIR}`
  if (fs.stat(`${floeDir}/config.json`)) {
    await using workspace = await openWorkspace(root, options)
    const head = workspace.refs.readHead()
    return { $kind: 'existing', root, branch: head.$kind === 'branch' ? head.branch : branch }
  }
  const isKept = holdsPacks(fs, floeDir)
  for (const name of ['refs/heads', 'refs/tags', 'refs/remotes', 'reflog', 'packs', 'pushes', 'tmp'])
    await ensureDirectory(fs, `${floeDir}/${name}`)
  const clock = options.clock ?? systemClock
  const refs = new RefStore(fs, floeDir, clock)
  if (!isKept) await refs.setHead({ $kind: 'branch', branch }, 'init')
  await writeConfig(fs, `${floeDir}/config.json`, { version: WORKSPACE_VERSION }, `${floeDir}/tmp`)
  if (!isKept) return { $kind: 'created', root, branch }
  const head = refs.readHead()
  return { $kind: 'existing', root, branch: head.$kind === 'branch' ? head.branch : branch }
}
