/** Objects on the local disk: sealed packs, found through the merged index, and write sessions that make new ones.
 *
 *  What `get` gives has been hashed, so damage on the disk is an error here and never a wrong byte later. Packs are
 *  sealed (index, footer, fsync, rename, fsync of the directory) before anything may refer to what is in them. */

import { throwIfAborted } from '../base/abort.ts'
import { IntegrityError } from '../base/errors.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { createFrameCache } from '../objects/frame-cache.ts'
import { assertObjectBytes, ID_BYTES, type ObjectId, type ObjectKind, putObjectId } from '../objects/id.ts'
import { DEFAULT_PACK_BYTES, type PackKind } from '../objects/pack.ts'
import type { PackObjects } from '../objects/pack-index.ts'
import type { ReadObject } from '../objects/reader.ts'
import { discard, ensureDirectory } from './atomic-file.ts'
import { DAMAGED_DIR } from './cache-file.ts'
import { type FileSystem, isErrno } from './file-system.ts'
import { HeldFiles } from './held-files.ts'
import { HeldKeeper } from './held-keep.ts'
import { MergedIndex, type PackObject } from './merged-index.ts'
import type { PackCheckOptions } from './pack-check.ts'
import { createColumnsReader, openPackFile, PACK_SUFFIX, type PackFile, receivePackFile } from './pack-file.ts'
import type { PackedPlace } from './place-reader.ts'
import { createWriteSession, type WriteSession } from './write-session.ts'

export type { WriteSession } from './write-session.ts'

export interface LocalStoreOptions {
  fetchObject?: ReadObject
  packBytes?: number
  /** The user's folder, where there may be files that hold chunks (default: no file there does). */
  root?: string
}

export interface PackInfo {
  /** Also its file name, without the suffix. */
  name: string
  path: string
  kind: PackKind
  bytes: number
  /** Sum of the raw lengths of its objects. */
  rawBytes: number
  objects: number
}

export interface LocalStore {
  /** Reads from the local packs, then from `fetchObject`, if there is one. */
  readonly read: ReadObject
  /** Reads from what is on this disk only: packs, and files that hold chunks. */
  readonly readLocal: ReadObject
  /** Files outside the packs that hold chunks. */
  readonly held: HeldFiles
  /** What is done with them. */
  readonly keeper: HeldKeeper
  /** True if a local pack holds it, by the merged index alone: after damage to that it may wrongly say no. Or if a file
   *  outside the packs does. */
  has(kind: ObjectKind, id: ObjectId): Promise<boolean>
  /** Those of some objects that it says no of, in their order: for those who ask a million times. */
  lacking<T extends PackObject>(objects: readonly T[]): Promise<T[]>
  /** The same without files that may give way at any time, since a remote is said to hold what they do. */
  keeps(kind: ObjectKind, id: ObjectId): Promise<boolean>
  /** Where a local pack says it holds each of some objects, for those who read and check them themselves. */
  placesOf(kind: ObjectKind, ids: readonly ObjectId[]): Promise<(PackedPlace | undefined)[]>
  /** Names of local packs that hold it, by the merged index alone. */
  packsOf(kind: ObjectKind, id: ObjectId): Promise<string[]>
  /** The same of many objects. */
  holdersOf(objects: readonly PackObject[]): Promise<string[][]>
  /** Local objects whose id starts with the hex digits. */
  withPrefix(hexPrefix: string, limit: number): Promise<PackObject[]>
  /** Begins writing. Under the workspace lock, one session at a time. */
  begin(): Promise<WriteSession>
  packs(): Promise<PackInfo[]>
  /** Objects of one pack, from its own index. */
  packObjects(name: string): Promise<PackObject[]>
  /** The same, to be gone through once, with ids as bytes. */
  walkPack(name: string): Promise<Iterable<{ kind: ObjectKind; id: Uint8Array }>>
  /** Reads and hashes every object of a pack.
   *  @throws {FloeError} of kind integrity at the first that is damaged */
  verifyPack(name: string, options?: { signal?: AbortSignal | undefined }): Promise<{ objects: number; bytes: number }>
  /** Names of the packs that there are, unopened. */
  packNames(): string[]
  /** All that is wrong with a pack; undefined if nothing is. Without `full` only its index and footer are looked at. */
  packDamage(
    name: string,
    options?: { full?: boolean | undefined; signal?: AbortSignal | undefined },
  ): Promise<PackDamage | undefined>
  /** Moves packs to `damaged/`, where nothing reads them, and makes the merged index again. Under the workspace lock. */
  setAside(names: readonly string[]): Promise<void>
  /** Compares the checksums of the merged index and makes it again from the packs if they are wrong. */
  checkIndex(): Promise<void>
  /** Deletes packs whose objects are needed no more or are in other packs by now, and makes the merged index again from
   *  those that stay. Under the workspace lock. */
  dropPacks(names: readonly string[]): Promise<void>
  /** Writes a pack that somebody else has made, and takes it once all of it has been checked. Under the workspace lock;
   *  `dropPacks` takes it into the merged index.
   *  @param pieces - its bytes, from the first to the last
   *  @returns when it is written, what checks it and takes it: that says what it holds, or nothing, with nothing stored, if it
   *    is no pack, or something in it is not what its id says */
  receivePack(
    pieces: AsyncIterable<Uint8Array>,
  ): Promise<(options?: PackCheckOptions) => Promise<PackObjects | undefined>>
  /** Looks at the disk again: another process may have added packs. */
  refresh(): void
  close(): void
}

export interface PackDamage {
  pack: string
  reason: string
  /** What cannot be read of it. */
  damaged: PackObject[]
  /** All it holds: by its own index, else as far as the merged index remembers. */
  objects: PackObject[]
}

const PACK_NAME = /^[0-9a-f]{64}\.pack$/
/** Open pack files at once. */
const MAX_OPEN_PACKS = 32
/** Decoded frames kept for their neighbours. */
const FRAME_CACHE_BYTES = 32 * 1024 * 1024
const MISSING_HINTS = [
  '`floe fsck` tells whether it was lost or never fetched; `floe fsck --repair` takes good copies from the files of the workspace and the remote',
]

export function createLocalStore(fs: FileSystem, floeDir: string, options: LocalStoreOptions = {}): LocalStore {
  return new DiskStore(fs, floeDir, options)
}

class DiskStore implements LocalStore {
  readonly fs: FileSystem
  readonly packsDir: string
  readonly tmpDir: string
  readonly packBytes: number
  readonly index: MergedIndex
  readonly held: HeldFiles
  readonly keeper: HeldKeeper
  readonly #fetch: ReadObject | undefined
  #frames = createFrameCache(FRAME_CACHE_BYTES)
  /** Least recently used first. */
  readonly #open = new Map<string, Promise<PackFile>>()
  #opening: Promise<void> | undefined

  constructor(fs: FileSystem, floeDir: string, options: LocalStoreOptions) {
    this.fs = fs
    this.packsDir = `${floeDir}/packs`
    this.tmpDir = `${floeDir}/tmp`
    this.packBytes = options.packBytes ?? DEFAULT_PACK_BYTES
    this.index = new MergedIndex(fs, this.packsDir, this.tmpDir)
    this.#fetch = options.fetchObject
    this.held = new HeldFiles(fs, options.root ?? floeDir, floeDir)
    this.keeper = new HeldKeeper(this.held, (id) => this.#packGives(id))
  }

  readonly read: ReadObject = async (kind, id, options) => {
    try {
      return await this.readLocal(kind, id, options)
    } catch (error) {
      if (!(error instanceof ObjectMissingError) || !this.#fetch) throw error
      const bytes = await this.#fetch(kind, id, options)
      assertObjectBytes(kind, id, bytes)
      return bytes
    }
  }

  readonly readLocal: ReadObject = async (kind, id, options) => {
    throwIfAborted(options?.signal)
    await this.ensureOpen()
    let damage: unknown
    for (const name of this.index.find(kind, id)) {
      try {
        const bytes = await this.#readFrom(name, kind, id)
        if (bytes) return bytes
      } catch (error) {
        damage = error
      }
    }
    let lost: unknown
    try {
      const bytes = kind === 'chunk' ? await this.held.read(id) : undefined
      if (bytes) return bytes
    } catch (error) {
      lost = error
    }
    // A wrong answer of the index, or of a pack: ask every pack before giving up.
    const copy = await this.#searchAll(kind, id, damage !== undefined)
    if (copy) return copy
    throw damage ?? lost ?? new ObjectMissingError(kind, id, { hints: MISSING_HINTS })
  }

  async #packGives(id: ObjectId): Promise<boolean> {
    await this.ensureOpen()
    for (const name of this.index.find('chunk', id))
      if (await this.#readFrom(name, 'chunk', id).catch(() => undefined)) return true
    return false
  }

  async has(kind: ObjectKind, id: ObjectId): Promise<boolean> {
    await this.ensureOpen()
    return this.index.find(kind, id).length > 0 || (kind === 'chunk' && (await this.held.has(id)))
  }

  async lacking<T extends PackObject>(objects: readonly T[]): Promise<T[]> {
    await this.ensureOpen()
    const bytes = new Uint8Array(ID_BYTES)
    const unpacked = objects.filter(({ kind, id }) => {
      putObjectId(id, bytes, 0)
      return !this.index.has(kind, bytes)
    })
    if (unpacked.length === 0 || (await this.held.isEmpty())) return unpacked
    const lacking: T[] = []
    for (const object of unpacked)
      if (object.kind !== 'chunk' || !(await this.held.has(object.id))) lacking.push(object)
    return lacking
  }

  async keeps(kind: ObjectKind, id: ObjectId): Promise<boolean> {
    await this.ensureOpen()
    return this.index.find(kind, id).length > 0 || (kind === 'chunk' && (await this.held.has(id, { mayGo: false })))
  }

  async packsOf(kind: ObjectKind, id: ObjectId): Promise<string[]> {
    await this.ensureOpen()
    return this.index.find(kind, id)
  }

  async holdersOf(objects: readonly PackObject[]): Promise<string[][]> {
    await this.ensureOpen()
    return objects.map(({ kind, id }) => this.index.find(kind, id))
  }

  readonly placesOf = async (kind: ObjectKind, ids: readonly ObjectId[]): Promise<(PackedPlace | undefined)[]> => {
    await this.ensureOpen()
    const bytes = new Uint8Array(ID_BYTES)
    const names = ids.map((id) => {
      putObjectId(id, bytes, 0)
      return this.index.packOf(kind, bytes)
    })
    const packs = new Map<string | undefined, PackFile | undefined>()
    // Whoever reads the object hears of a pack that cannot be opened.
    for (const name of new Set(names)) packs.set(name, name === undefined ? undefined : await this.#openPack(name))
    return ids.map((id, i) => {
      const place = packs.get(names[i])?.placeOf(kind, id)
      return place && { path: this.packPath(names[i]!), place }
    })
  }

  async #openPack(name: string): Promise<PackFile | undefined> {
    try {
      return await this.pack(name)
    } catch (error) {
      if (error instanceof IntegrityError || isErrno(error, 'ENOENT')) return undefined
      throw error
    }
  }

  async withPrefix(hexPrefix: string, limit: number): Promise<PackObject[]> {
    await this.ensureOpen()
    return [...this.index.withPrefix(hexPrefix, limit), ...(await this.held.withPrefix(hexPrefix, limit))]
  }

  async begin(): Promise<WriteSession> {
    // Since the lock was taken, others may have sealed packs.
    this.refresh()
    await this.ensureOpen()
    return createWriteSession(this)
  }

  async packs(): Promise<PackInfo[]> {
    const found: PackInfo[] = []
    for (const name of [...this.listPacks()].sort()) {
      const { kind, bytes, rawBytes, count } = await this.pack(name)
      found.push({ name, path: this.packPath(name), kind, bytes, rawBytes, objects: count })
    }
    return found
  }

  async packObjects(name: string): Promise<PackObject[]> {
    return (await this.pack(name)).objects()
  }

  async walkPack(name: string): Promise<Iterable<{ kind: ObjectKind; id: Uint8Array }>> {
    return (await this.pack(name)).walk()
  }

  async verifyPack(name: string, options: { signal?: AbortSignal | undefined } = {}) {
    return (await this.pack(name)).verify(options)
  }

  packNames(): string[] {
    return [...this.listPacks()].sort()
  }

  async packDamage(
    name: string,
    options: { full?: boolean | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<PackDamage | undefined> {
    let pack: PackFile | undefined
    try {
      pack = await this.pack(name)
      const damaged = options.full ? await pack.damaged(options) : []
      if (damaged.length === 0) return undefined
      return { pack: name, reason: `${damaged.length} of its objects cannot be read`, damaged, objects: pack.objects() }
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error
      const remembered = () =>
        this.ensureOpen().then(
          () => this.index.objectsOf(name),
          () => [],
        )
      const objects = pack?.objects() ?? (await remembered())
      return { pack: name, reason: error.message, damaged: pack ? [] : objects, objects }
    }
  }

  async setAside(names: readonly string[]): Promise<void> {
    this.close()
    if (names.length === 0) return
    const dir = `${this.packsDir.slice(0, -'/packs'.length)}/${DAMAGED_DIR}`
    await ensureDirectory(this.fs, dir)
    for (const name of names) this.fs.rename(this.packPath(name), `${dir}/${name}${PACK_SUFFIX}`)
    await this.fs.syncDirectory(dir)
    await this.fs.syncDirectory(this.packsDir)
    await this.ensureOpen()
    await this.index.rebuild()
  }

  async checkIndex(): Promise<void> {
    await this.ensureOpen()
    if (!this.index.dropDamaged()) return
    this.index.close()
    this.#opening = undefined
    await this.ensureOpen()
  }

  async dropPacks(names: readonly string[]): Promise<void> {
    this.close()
    for (const name of names) discard(this.fs, this.packPath(name))
    await this.fs.syncDirectory(this.packsDir)
    await this.ensureOpen()
    await this.index.rebuild()
  }

  async receivePack(pieces: AsyncIterable<Uint8Array>) {
    const received = await receivePackFile(this.fs, this.tmpDir, pieces)
    return async (options?: PackCheckOptions) => {
      const sealed = await received.check(options)
      if (!sealed) return undefined
      this.fs.rename(sealed.path, this.packPath(sealed.name))
      await this.fs.syncDirectory(this.packsDir)
      return sealed.objects
    }
  }

  refresh(): void {
    this.held.refresh()
    if (!this.index.isOpen) return
    const known = new Set(this.index.packs)
    const now = this.listPacks()
    if (known.size === now.size && [...now].every((pack) => known.has(pack))) return
    this.#opening = undefined
    this.index.close()
  }

  close(): void {
    for (const pack of this.#open.values()) pack.then((opened) => opened.close()).catch(() => {})
    this.#open.clear()
    // A pack that is repaired has the name it had.
    this.#frames = createFrameCache(FRAME_CACHE_BYTES)
    this.held.close()
    this.index.close()
    this.#opening = undefined
  }

  ensureOpen(): Promise<void> {
    if (this.#opening) return this.#opening
    const readColumns = createColumnsReader(this.fs)
    this.#opening = this.index
      .open(this.listPacks(), (name) => readColumns(this.packPath(name)))
      .catch((error: unknown) => {
        this.#opening = undefined
        throw error
      })
    return this.#opening
  }

  packPath(name: string): string {
    return `${this.packsDir}/${name}${PACK_SUFFIX}`
  }

  listPacks(): Set<string> {
    const names = new Set<string>()
    for (const entry of this.fs.readDirectory(this.packsDir)) {
      const name = Buffer.from(entry.name).toString('latin1')
      if (PACK_NAME.test(name)) names.add(name.slice(0, -PACK_SUFFIX.length))
    }
    return names
  }

  pack(name: string): Promise<PackFile> {
    const known = this.#open.get(name)
    const opened = known ?? openPackFile(this.fs, this.packPath(name), this.#frames)
    this.#open.delete(name)
    this.#open.set(name, opened)
    opened.catch(() => this.#open.delete(name))
    if (this.#open.size > MAX_OPEN_PACKS) {
      const [oldest, pack] = this.#open.entries().next().value!
      this.#open.delete(oldest)
      pack.then((file) => file.close()).catch(() => {})
    }
    return opened
  }

  /** Undefined if the pack does not hold it after all, or is gone. */
  async #readFrom(name: string, kind: ObjectKind, id: ObjectId): Promise<Uint8Array | undefined> {
    try {
      return await (await this.pack(name)).read(kind, id)
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined
      throw error
    }
  }

  async #searchAll(kind: ObjectKind, id: ObjectId, damaged: boolean): Promise<Uint8Array | undefined> {
    this.refresh()
    if (this.index.isOpen && !this.index.dropDamaged() && !damaged) return undefined
    this.index.close()
    this.#opening = undefined
    await this.ensureOpen()
    const names = damaged ? this.listPacks() : this.index.find(kind, id)
    for (const name of names) {
      const bytes = await this.#readFrom(name, kind, id).catch(() => undefined)
      if (bytes) return bytes
    }
    return undefined
  }
}
