/** Writing new objects into the local store: each is written once, into packs that are sealed (index, footer, fsync, rename,
 *  fsync of the directory) before anything may refer to what is in them. */

import { type ObjectId, type ObjectKind, objectIdFor, objectKey } from '../objects/id.ts'
import type { PackKind } from '../objects/pack.ts'
import type { PackObjects } from '../objects/pack-index.ts'
import type { ReadObject, WriteObject } from '../objects/reader.ts'
import { uniquePath } from './atomic-file.ts'
import type { FileSystem } from './file-system.ts'
import type { FileToHold, HeldKeeper, HeldResult } from './held-keep.ts'
import { IdSet } from './id-set.ts'
import type { MergedIndex } from './merged-index.ts'
import { createPackFile, type PackBuilder, type SealedPack } from './pack-file.ts'
import { discardLanes, type PackLanePlace } from './pack-lane.ts'

export interface WriteSession {
  /** Stores an object unless it is there; durable after `seal`. */
  readonly put: WriteObject
  /** The same for bytes whose id is known to be right. */
  putHashed(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): Promise<void>
  /** The same without a promise where nothing has to be written or waited for: for many small objects. */
  keep(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): Promise<void> | undefined
  /** Where other threads may write packs for this session: see `pack-lane.ts`. */
  readonly lanes: PackLanePlace
  /** Asks for a chunk to be put into a pack of a lane. From then on the session takes it as stored.
   *  @param bytes - its length
   *  @returns false if it is there already */
  claim(id: ObjectId | Uint8Array, bytes: number): boolean
  /** Takes in what a lane has sealed. */
  adopt(pack: SealedPack): void
  /** The file shall hold its chunks itself, from `seal` on; they need not be put. */
  hold(file: FileToHold): void
  /** What became of those, after `seal`. */
  readonly held: readonly HeldResult[]
  /** Stores an object even if a pack claims to hold it: that pack is about to be set aside. */
  replace(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): Promise<void>
  /** Reads what the store or this session holds. */
  readonly read: ReadObject
  /** Objects and raw bytes that were new to the store. */
  readonly newObjects: number
  /** Names of the packs written so far. */
  readonly packs: readonly string[]
  readonly newBytes: number
  /** Makes all of it durable and visible. The session can go on. */
  seal(): Promise<void>
  /** Drops what was not sealed. May be called after `seal`. */
  abort(): void
}

/** What a session needs of the store it writes to. */
export interface SessionStore {
  readonly fs: FileSystem
  readonly packsDir: string
  readonly tmpDir: string
  readonly packBytes: number
  readonly index: MergedIndex
  readonly keeper: HeldKeeper
  readonly read: ReadObject
  packPath(name: string): string
  ensureOpen(): Promise<void>
}

export function createWriteSession(store: SessionStore): WriteSession {
  return new DiskSession(store)
}

/** Structures a session keeps readable without sealing: more than a tree has levels. */
const MAX_RECENT = 64

class DiskSession implements WriteSession {
  readonly #store: SessionStore
  readonly #builders = new Map<PackKind, PackBuilder>()
  /** Objects in unfinished packs. */
  #pending = new Map<ObjectKind, IdSet>()
  /** The last few structures written: a tree's builder looks at its root once more. */
  readonly #recent = new Map<string, Uint8Array>()
  /** Finished packs that are not yet in the merged index. */
  #finished = new Map<string, PackObjects>()
  /** Chunks for packs of lanes, and how many of them have yet to be sealed. */
  #claimed = new IdSet()
  #promised = 0
  newObjects = 0
  newBytes = 0
  readonly packs: string[] = []
  #toHold: FileToHold[] = []
  readonly held: HeldResult[] = []
  readonly lanes: PackLanePlace

  constructor(store: SessionStore) {
    this.#store = store
    const { packBytes, tmpDir } = store
    this.lanes = { path: uniquePath(tmpDir, 'lane'), packBytes }
  }

  readonly put: WriteObject = async (kind, bytes, id = objectIdFor(kind, bytes)) => {
    await this.putHashed(kind, id, bytes)
    return id
  }

  async putHashed(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): Promise<void> {
    await this.keep(kind, id, bytes)
  }

  keep(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): Promise<void> | undefined {
    if (this.#isHere(kind, id)) return undefined
    const { index } = this.#store
    if (!index.isOpen) return this.#store.ensureOpen().then(() => this.keep(kind, id, bytes))
    if (index.find(kind, id).length > 0) return undefined
    return this.#write(kind, id, bytes)
  }

  claim(id: ObjectId | Uint8Array, bytes: number): boolean {
    if (this.#claimed.has(id) || this.#store.index.find('chunk', id).length > 0) return false
    if (this.#pending.get('chunk')?.has(id)) return false
    this.#claimed.add(id)
    this.#promised++
    this.newObjects++
    this.newBytes += bytes
    return true
  }

  adopt({ name, path, objects }: SealedPack): void {
    this.#store.fs.rename(path, this.#store.packPath(name))
    this.#promised -= objects.kinds.length
    this.#finished.set(name, objects)
    this.packs.push(name)
  }

  hold(file: FileToHold): void {
    this.#toHold.push(file)
  }

  async replace(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): Promise<void> {
    if (!this.#isHere(kind, id)) await this.#write(kind, id, bytes)
  }

  #write(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): Promise<void> | undefined {
    const packKind: PackKind = kind === 'chunk' ? 'data' : 'meta'
    const builder = this.#builders.get(packKind) ?? this.#begin(packKind)
    const room = builder.hasRoom(bytes.length)
    if (room !== true) return this.#writeWhereRoom(packKind, builder, room, kind, id, bytes)
    const added = builder.add(kind, id, bytes)
    this.#note(kind, id, bytes)
    return typeof added === 'boolean' ? undefined : added.then(() => undefined)
  }

  async #writeWhereRoom(
    packKind: PackKind,
    full: PackBuilder,
    room: boolean | Promise<boolean>,
    ...object: [kind: ObjectKind, id: ObjectId, bytes: Uint8Array]
  ): Promise<void> {
    if (await room) {
      const [kind, id, bytes] = object
      await full.add(kind, id, bytes)
      this.#note(kind, id, bytes)
      return
    }
    await this.#finish(packKind, full)
    await this.#write(...object)
  }

  #isHere(kind: ObjectKind, id: ObjectId): boolean {
    return this.#pending.get(kind)?.has(id) || (kind === 'chunk' && this.#claimed.has(id))
  }

  #note(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): void {
    let pending = this.#pending.get(kind)
    if (!pending) {
      pending = new IdSet()
      this.#pending.set(kind, pending)
    }
    pending.add(id)
    if (kind !== 'chunk') this.#remember(objectKey(kind, id), bytes)
    this.newObjects++
    this.newBytes += bytes.length
  }

  readonly read: ReadObject = async (kind, id, options) => {
    const recent = this.#recent.get(objectKey(kind, id))
    if (recent) return recent
    // Rare: who writes a node seldom needs it much later. Then what is open is sealed, and read like anything else.
    if (this.#isHere(kind, id)) await this.seal()
    return this.#store.read(kind, id, options)
  }

  async seal(): Promise<void> {
    for (const [kind, builder] of [...this.#builders]) await this.#finish(kind, builder)
    if (this.#finished.size > 0) {
      await this.#store.fs.syncDirectory(this.#store.packsDir)
      await this.#store.index.add(this.#finished)
      this.#finished = new Map()
      this.#pending = new Map()
      // What is promised would otherwise be asked for once more.
      if (this.#promised === 0) this.#claimed = new IdSet()
    }
    const files = this.#toHold
    this.#toHold = []
    if (files.length > 0) this.held.push(...(await this.#store.keeper.hold(files)))
  }

  abort(): void {
    for (const builder of this.#builders.values()) builder.abort()
    this.#builders.clear()
    this.#pending = new Map()
    this.#claimed = new IdSet()
    if (this.#promised > 0) discardLanes(this.#store.fs, this.lanes)
    this.#promised = 0
    this.#toHold = []
  }

  #remember(key: string, bytes: Uint8Array): void {
    this.#recent.set(key, bytes)
    if (this.#recent.size > MAX_RECENT) this.#recent.delete(this.#recent.keys().next().value!)
  }

  #begin(kind: PackKind): PackBuilder {
    const builder = createPackFile(this.#store.fs, this.#store.tmpDir, kind, this.#store.packBytes)
    this.#builders.set(kind, builder)
    return builder
  }

  async #finish(kind: PackKind, builder: PackBuilder): Promise<void> {
    this.#builders.delete(kind)
    const { name, objects } = await builder.finish((finished) => this.#store.packPath(finished))
    this.#finished.set(name, objects)
    this.packs.push(name)
  }
}
