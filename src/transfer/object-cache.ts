/** Objects that this user has fetched, shared by all workspaces: `cache/` in Floe's data directory.
 *
 *  It is a store of packs like that of a workspace, so every object is hashed when it is read and damage is found. A pack
 *  that was downloaded into a workspace gets a second name here, and a pack from here a second name in a workspace: packs
 *  never change, so neither costs a copy. Several processes use it at once: readers need no lock; what changes the set of
 *  packs happens under one, briefly, and whoever does not get it goes without the cache. Nothing in here is needed:
 *  whatever is missing or damaged comes from the network. */

import { sleep } from '../base/abort.ts'
import { systemClock } from '../base/clock.ts'
import { FloeError } from '../base/errors.ts'
import { createLimit } from '../base/limit.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import { discard, ensureDirectory } from '../store/atomic-file.ts'
import { clearFolder } from '../store/cache-file.ts'
import { LockedError } from '../store/errors.ts'
import { type FileSystem, FileSystemError } from '../store/file-system.ts'
import { createLocalStore, type LocalStore } from '../store/local-store.ts'
import { acquireLock, type Lock } from '../store/lock.ts'
import type { PackObject } from '../store/merged-index.ts'
import { nodeFs } from '../store/node-fs.ts'
import { CHECKS_AT_ONCE, isPackWhole } from '../store/pack-check.ts'
import { systemProcesses } from '../store/process-identity.ts'
import { type CacheShelf, createCacheShelf } from './cache-shelf.ts'
import { createSegmentMemory, type SegmentMemory } from './segment-memory.ts'

export interface ObjectCache extends AsyncDisposable {
  readonly dir: string
  /** Checked bytes; undefined if it does not hold the object whole. Damaged packs are dropped. Never throws for damage. */
  find(kind: ObjectKind, id: ObjectId): Promise<Uint8Array | undefined>
  /** Keeps an object that was read and checked. It is on disk after `flush` or the end, and found at once. */
  put(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): Promise<void>
  flush(): Promise<void>
  /** Gives sealed packs of a workspace a second name here. Those on another device are left out. */
  takePacks(paths: readonly string[]): Promise<void>
  /** Gives the packs that hold any of some objects a second name in another directory of packs.
   *  @param walk - gives the objects, some at a time; called again where a pack turned out to be damaged */
  lendPacks(
    walk: () => AsyncIterable<readonly PackObject[]>,
    packsDir: string,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<LentPacks>
  /** Whether this user has read the commit from live packs of the repository before. */
  isProven(repository: string, commit: ObjectId): boolean
  noteProven(repository: string, commit: ObjectId): void
  /** Packs with their size and last use, most lately used first. */
  packs(): Promise<CachedPack[]>
  packsOf(kind: ObjectKind, id: ObjectId): Promise<string[]>
  /** Drops every pack that holds one of the objects, pinned or not. Under the lock. @returns their bytes */
  dropHolding(doomed: (kind: ObjectKind, id: ObjectId) => boolean): Promise<number>
  readonly shelf: CacheShelf
  readonly segments: SegmentMemory
  /** Runs a job that changes the cache. @throws {LockedError} LOCKED (exit 11) if others hold it for too long */
  withLock<T>(job: () => Promise<T>): Promise<T>
  /** Brings it under its limit: the longest unused packs go first, pinned ones stay. Under the lock.
   *  @param limitBytes - default: the limit that was set
   *  @returns bytes of the packs that went */
  trim(limitBytes?: number): Promise<number>
  /** What the job adds stays until it is done, whatever the limit: for who pins it then. */
  growing<T>(job: () => Promise<T>): Promise<T>
}

export interface LentPacks {
  names: string[]
  /** Each of the objects is in one of them. */
  hasAll: boolean
}

export interface CachedPack {
  name: string
  bytes: number
  objects: number
  usedMs: number
  pins: string[]
}

/** Objects held in memory until they are worth a pack. */
const FLUSH_BYTES = 32 * 2 ** 20
/** A pack below this size is small, and so many of a kind are left alone. */
const SMALL_PACK_BYTES = 8 * 2 ** 20
const MAX_SMALL_PACKS = 16
const LOCK_PAUSES = 100
const LOCK_PAUSE_MS = 20
/** Tips remembered as read from their repository: more are forgotten, and read again. */
const MAX_PROVEN = 10_000
/** Segments whose packs are remembered, 32 KB each at most. */
const MAX_SEGMENTS = 1_000
/** Failures for which no pack is found to blame that could go, before the cache is left alone for the rest of the process. */
const MAX_UNEXPLAINED = 8
/** The same of one read: what it asks for is not to be had from here. */
const MAX_UNEXPLAINED_OF_A_READ = 2

/** Opens the cache, making it if there is none. Reads nothing yet.
 *  @param homeDir - Floe's data directory
 *  @param options.evenIfOff - for those who manage it
 *  @returns null if the cache is switched off (a limit of 0) or its directory cannot be made */
export async function openObjectCache(
  homeDir: string,
  options: { fs?: FileSystem; evenIfOff?: boolean } = {},
): Promise<ObjectCache | null> {
  const { fs = nodeFs, evenIfOff = false } = options
  const dir = `${homeDir}/cache`
  try {
    for (const name of ['packs', 'tmp', 'used', 'proven', 'segments']) await ensureDirectory(fs, `${dir}/${name}`)
  } catch (error) {
    if (error instanceof FileSystemError) return null
    throw error
  }
  const cache = new DiskCache(fs, dir)
  return cache.shelf.limitBytes() === 0 && !evenIfOff ? null : cache
}

class DiskCache implements ObjectCache {
  readonly dir: string
  readonly shelf: CacheShelf
  readonly segments: SegmentMemory
  readonly #fs: FileSystem
  #store: LocalStore
  /** Not on disk yet. */
  #pending = new Map<string, { kind: ObjectKind; id: ObjectId; bytes: Uint8Array }>()
  #pendingBytes = 0
  #unexplained = 0
  #isGrowing = false

  constructor(fs: FileSystem, dir: string) {
    this.#fs = fs
    this.dir = dir
    this.shelf = createCacheShelf(fs, dir)
    this.segments = createSegmentMemory(fs, dir)
    this.#store = createLocalStore(fs, dir)
  }

  async find(kind: ObjectKind, id: ObjectId): Promise<Uint8Array | undefined> {
    const pending = this.#pending.get(objectKey(kind, id))
    if (pending) return pending.bytes
    let holders: string[] = []
    return this.#whole(
      async () => {
        holders = await this.#store.packsOf(kind, id)
        if (holders.length === 0) return undefined
        for (const pack of holders) this.shelf.touch(pack)
        return this.#store.readLocal(kind, id)
      },
      () => holders,
    )
  }

  async put(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): Promise<void> {
    const key = objectKey(kind, id)
    if (this.#pending.has(key)) return
    // The bytes may be a view of a frame or a row, which would be kept whole.
    this.#pending.set(key, { kind, id, bytes: bytes.slice() })
    this.#pendingBytes += bytes.length
    if (this.#pendingBytes >= FLUSH_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    const objects = this.#pending
    if (objects.size === 0) return
    this.#pending = new Map()
    this.#pendingBytes = 0
    await this.#best(async () => {
      const session = await this.#store.begin()
      try {
        for (const { kind, id, bytes } of objects.values()) await session.putHashed(kind, id, bytes)
        await session.seal()
      } finally {
        session.abort()
      }
      await this.#fold()
      if (!this.#isGrowing) await this.trim()
    })
  }

  async takePacks(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return
    await this.#best(async () => {
      for (const path of paths) {
        const name = path.slice(path.lastIndexOf('/') + 1)
        if (link(this.#fs, path, `${this.dir}/packs/${name}`)) this.shelf.touch(name.replace(/\.pack$/, ''))
      }
      // Takes the packs into the index.
      await this.#store.dropPacks([])
      await this.#fold()
      await this.trim()
    })
  }

  async lendPacks(
    walk: () => AsyncIterable<readonly PackObject[]>,
    packsDir: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<LentPacks> {
    const lending = new Map<string, Promise<Lending>>()
    const refused = new Set<string>()
    const checks = createLimit(CHECKS_AT_ONCE)
    const lend = (name: string) => {
      const outcome = checks.run(() => this.#lend(name, packsDir, options.signal))
      // Thrown when the walk is over; until then it must not count as unhandled.
      outcome.catch(() => {})
      return outcome
    }
    let hasAll: boolean
    let isAnyDamaged: boolean
    try {
      // Every round but the last refuses a pack, and none is asked twice.
      do {
        hasAll = true
        for await (const run of walk()) {
          const found = (await this.#whole(() => this.#store.holdersOf(run))) ?? run.map(() => [])
          for (const holders of found) {
            if (holders.some((name) => lending.has(name))) continue
            const name = holders.find((holder) => !refused.has(holder))
            if (name === undefined) hasAll = false
            else lending.set(name, lend(name))
          }
        }
        const lent = await settle(lending, refused)
        hasAll &&= lent.hasAll
        isAnyDamaged = lent.isAnyDamaged
        // Its index may name the damaged one alone for what is in others too.
        if (isAnyDamaged) this.#reopen()
      } while (isAnyDamaged)
    } finally {
      await Promise.allSettled(lending.values())
    }
    if (lending.size > 0) await this.#fs.syncDirectory(packsDir)
    return { names: [...lending.keys()], hasAll }
  }

  async #lend(name: string, packsDir: string, signal: AbortSignal | undefined): Promise<Lending> {
    const path = this.#packPath(name)
    // Damage must not spread: what is lent is taken for whole by its new owner.
    if (!(await this.#isWhole(name, signal))) {
      discard(this.#fs, path)
      return 'damaged'
    }
    if (!link(this.#fs, path, `${packsDir}/${name}.pack`)) return 'elsewhere'
    this.shelf.touch(name)
    return 'lent'
  }

  isProven(repository: string, commit: ObjectId): boolean {
    return this.#fs.stat(this.#provenPath(repository, commit)) !== undefined
  }

  noteProven(repository: string, commit: ObjectId): void {
    try {
      this.#fs.open(this.#provenPath(repository, commit), 'append').close()
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error
    }
  }

  async packs(): Promise<CachedPack[]> {
    const pins = this.shelf.pins()
    const found = ((await this.#whole(() => this.#store.packs())) ?? []).map(({ name, path, bytes, objects }) => ({
      name,
      bytes,
      objects,
      usedMs: this.shelf.usedMs(name) ?? Number((this.#fs.stat(path)?.mtimeNs ?? 0n) / 1_000_000n),
      pins: pins.filter((pin) => pin.packs.includes(name)).map(({ label }) => label),
    }))
    return found.sort((a, b) => b.usedMs - a.usedMs || (a.name < b.name ? -1 : 1))
  }

  async packsOf(kind: ObjectKind, id: ObjectId): Promise<string[]> {
    return (await this.#whole(() => this.#store.packsOf(kind, id))) ?? []
  }

  async dropHolding(doomed: (kind: ObjectKind, id: ObjectId) => boolean): Promise<number> {
    const gone: CachedPack[] = []
    for (const pack of await this.packs())
      if ((await this.#store.packObjects(pack.name)).some(({ kind, id }) => doomed(kind, id))) gone.push(pack)
    await this.#drop(gone.map(({ name }) => name))
    return gone.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async withLock<T>(job: () => Promise<T>): Promise<T> {
    const lock = await this.#acquire()
    try {
      for (const entry of this.#fs.readDirectory(`${this.dir}/tmp`)) {
        const name = Buffer.from(entry.name).toString('latin1')
        // Whatever a killed process left: nobody else writes here without the lock, save who is taking it.
        if (!name.startsWith('lock-')) discard(this.#fs, `${this.dir}/tmp/${name}`)
      }
      return await job()
    } finally {
      lock.release()
    }
  }

  async growing<T>(job: () => Promise<T>): Promise<T> {
    this.#isGrowing = true
    try {
      return await job()
    } finally {
      this.#isGrowing = false
    }
  }

  async trim(limitBytes = this.shelf.limitBytes()): Promise<number> {
    const packs = await this.packs()
    let total = packs.reduce((sum, { bytes }) => sum + bytes, 0)
    const gone: CachedPack[] = []
    for (const pack of packs.toReversed()) {
      if (total <= limitBytes) break
      if (pack.pins.length > 0) continue
      gone.push(pack)
      total -= pack.bytes
    }
    await this.#drop(gone.map(({ name }) => name))
    if (this.#fs.readDirectory(`${this.dir}/proven`).length > MAX_PROVEN || limitBytes === 0) this.#forgetProven()
    this.segments.trim(limitBytes === 0 ? 0 : MAX_SEGMENTS)
    return gone.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush()
    this.#store.close()
  }

  async #drop(names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    await this.#store.dropPacks(names)
    for (const name of names) this.shelf.forget(name)
  }

  #forgetProven(): void {
    for (const { name } of this.#fs.readDirectory(`${this.dir}/proven`))
      discard(this.#fs, `${this.dir}/proven/${Buffer.from(name).toString('latin1')}`)
  }

  #provenPath(repository: string, commit: ObjectId): string {
    return `${this.dir}/proven/${sha256Hex(Buffer.from(`${repository}\0${commit}`)).slice(0, 40)}`
  }

  /** Puts small packs together: every `cat` of an absent file makes one. */
  async #fold(): Promise<void> {
    const small = (await this.packs()).filter(({ bytes, pins }) => bytes < SMALL_PACK_BYTES && pins.length === 0)
    if (small.length <= MAX_SMALL_PACKS) return
    const session = await this.#store.begin()
    // What is in an old pack is "there" already for this session: the new ones are written after the old ones went.
    const kept: { kind: ObjectKind; id: ObjectId; bytes: Uint8Array }[] = []
    for (const { name } of small)
      for (const { kind, id } of await this.#store.packObjects(name))
        kept.push({ kind, id, bytes: (await this.#store.readLocal(kind, id)).slice() })
    await this.#drop(small.map(({ name }) => name))
    try {
      for (const { kind, id, bytes } of kept) await session.putHashed(kind, id, bytes)
      await session.seal()
    } finally {
      session.abort()
    }
  }

  async #acquire(): Promise<Lock> {
    const options = { tmpDir: `${this.dir}/tmp`, processes: systemProcesses, clock: systemClock, purpose: 'cache' }
    for (let pause = 0; ; pause++) {
      try {
        return acquireLock(this.#fs, `${this.dir}/lock`, options)
      } catch (error) {
        if (!(error instanceof LockedError) || pause >= LOCK_PAUSES) throw error
        await sleep(LOCK_PAUSE_MS)
      }
    }
  }

  /** Changes the cache if that is possible now: a cache that is busy, full or damaged must stop nobody. */
  async #best(job: () => Promise<void>): Promise<void> {
    try {
      await this.withLock(() => this.#whole(job))
    } catch (error) {
      if (!(error instanceof LockedError) && !(error instanceof FileSystemError)) throw error
    }
  }

  /** Reads from the packs; where one is damaged, it goes, and the read is tried again: each round but a few takes one away.
   *  @param suspects - packs that may be to blame (default: those that cannot even be opened) */
  async #whole<T>(read: () => Promise<T>, suspects?: () => readonly string[]): Promise<T | undefined> {
    for (let unexplained = 0; unexplained < MAX_UNEXPLAINED_OF_A_READ && this.#unexplained < MAX_UNEXPLAINED; ) {
      try {
        return await read()
      } catch (error) {
        // Gone since it was looked for: another process has made room.
        if (error instanceof FloeError && error.code === 'OBJECT_MISSING') return undefined
        if (!(error instanceof FloeError) || error.kind !== 'integrity') throw error
        this.#store.close()
        const named = suspects?.() ?? []
        let gone = 0
        for (const pack of named.length > 0 ? named : this.#allPacks())
          if (!(await this.#isWhole(pack)) && (await this.#takeAway(pack))) gone++
        if (gone === 0) {
          unexplained++
          // Of a pack that cannot go, the rest of the cache knows nothing.
          if (named.length === 0) this.#unexplained++
        }
        // It may remember frames of what was damaged.
        this.#reopen()
      }
    }
    return undefined
  }

  #reopen(): void {
    this.#store.close()
    this.#store = createLocalStore(this.#fs, this.dir)
  }

  #allPacks(): string[] {
    return this.#fs
      .readDirectory(`${this.dir}/packs`)
      .map(({ name }) => Buffer.from(name).toString('latin1'))
      .filter((name) => name.endsWith('.pack'))
      .map((name) => name.slice(0, -'.pack'.length))
  }

  /** Not under the lock: a name that goes is something every reader expects.
   *  @returns false if it is still there */
  async #takeAway(pack: string): Promise<boolean> {
    const path = this.#packPath(pack)
    discard(this.#fs, path)
    try {
      await clearFolder(this.#fs, path, this.dir)
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error
    }
    if (this.#fs.stat(path)) return false
    this.shelf.forget(pack)
    return true
  }

  #packPath(pack: string): string {
    return `${this.dir}/packs/${pack}.pack`
  }

  /** Every object of a pack is read and hashed: its name stands for its footer only. */
  async #isWhole(pack: string, signal?: AbortSignal): Promise<boolean> {
    try {
      return await isPackWhole(this.#fs, this.#packPath(pack), { signal })
    } catch (error) {
      if (error instanceof FileSystemError) return false
      throw error
    }
  }
}

/** What becomes of a pack that is to be lent: it got its name; it is damaged, and gone; it cannot have a name there. */
type Lending = 'lent' | 'damaged' | 'elsewhere'

/** Waits for packs that are being lent, and moves those that were not to the refused. */
async function settle(lending: Map<string, Promise<Lending>>, refused: Set<string>) {
  const settled = { hasAll: true, isAnyDamaged: false }
  for (const [name, outcome] of [...lending]) {
    if ((await outcome) === 'lent') continue
    lending.delete(name)
    refused.add(name)
    settled.hasAll = false
    settled.isAnyDamaged ||= (await outcome) === 'damaged'
  }
  return settled
}

/** @returns false if the file cannot have another name there: another device, or a file system without links */
function link(fs: FileSystem, path: string, name: string): boolean {
  try {
    if (!fs.stat(name)) fs.link(path, name)
    return true
  } catch (error) {
    if (error instanceof FileSystemError) return error.errno === 'EEXIST'
    throw error
  }
}
