/** Files outside the packs that hold chunks: files of the user's that were committed in place, and copies that Floe keeps.
 *
 *  Each has a list of its chunks (`held-list.ts`), written and synced before anything refers to them, like a pack. Which
 *  list has a chunk is told by a merged index of their own. Nothing here is believed: what is read is hashed, and a file
 *  that has been changed since is one that does not hold the chunk. */

import { sha256Hex } from '../crypto/hash.ts'
import { type ObjectId, objectIdFor } from '../objects/id.ts'
import { discard, ensureDirectory, replaceFile } from './atomic-file.ts'
import { HeldLostError, StoreCorruptError } from './errors.ts'
import { type FileStat, type FileSystem, isErrno, type OpenFile } from './file-system.ts'
import {
  encodeHeldList,
  type HeldChunk,
  type HeldFacts,
  type HeldList,
  HeldListDamage,
  isAsListed,
} from './held-list.ts'
import { openHeldList } from './held-list-reader.ts'
import { MergedIndex } from './merged-index.ts'

export const HELD_DIR = 'held'
const LIST_SUFFIX = '.list'
const COPY_SUFFIX = '.copy'
const LIST_NAME = /^[0-9a-f]{64}\.list$/
const COPY_NAME = /^[0-9a-f]{64}\.copy$/
/** Open user files and copies at once. */
const MAX_OPEN_FILES = 8
/** Lists whose records are open at once. */
const MAX_OPEN_LISTS = 32

/** A list to be written. */
export interface HeldDraft {
  facts: HeldFacts
  /** As `HeldRecords.sorted` gives them. */
  records: Uint8Array
}

export interface DamagedList {
  name: string
  reason: string
}

export class HeldFiles {
  readonly fs: FileSystem
  readonly root: string
  readonly dir: string
  readonly tmpDir: string
  readonly #floeDir: string
  readonly #index: MergedIndex
  #lists = new Map<string, HeldList>()
  #damaged: DamagedList[] = []
  #opening: Promise<void> | undefined
  /** Least recently used first. */
  readonly #files = new Map<string, OpenFile>()
  readonly #openLists = new Set<HeldList>()

  constructor(fs: FileSystem, root: string, floeDir: string) {
    this.fs = fs
    this.root = root
    this.dir = `${floeDir}/${HELD_DIR}`
    this.tmpDir = `${floeDir}/tmp`
    this.#floeDir = floeDir
    this.#index = new MergedIndex(fs, this.dir, this.tmpDir)
  }

  /** All lists that can be opened. */
  async lists(): Promise<HeldList[]> {
    await this.#open()
    return [...this.#lists.values()]
  }

  /** True if there is none, as in nearly every workspace. */
  async isEmpty(): Promise<boolean> {
    await this.#open()
    return this.#lists.size === 0
  }

  /** Lists of which not even the head can be read: what they held is not known. */
  async damaged(): Promise<readonly DamagedList[]> {
    await this.#open()
    return this.#damaged
  }

  /** @throws {StoreCorruptError} STORE_HELD_CORRUPT: nobody knows any more which file is not to be touched */
  async assertWhole(): Promise<void> {
    const [first] = await this.damaged()
    if (first) throw this.#corrupt(first)
  }

  /** Lists that name the path, and not a copy, as what holds their chunks. */
  async listsAt(path: string): Promise<HeldList[]> {
    return (await this.lists()).filter(({ facts }) => facts.copy === null && facts.path === path)
  }

  /** True if a file still holds the chunk. A stat that is as it was settles it; else the chunk is read.
   *  @param options.mayGo - whether one counts that may give way, since a remote holds the chunk too (default true) */
  async has(id: ObjectId, { mayGo = true }: { mayGo?: boolean } = {}): Promise<boolean> {
    for await (const [list, chunk] of this.#candidates(id)) {
      if (!mayGo && chunk.state === 'certified') continue
      const stat = chunk.state === 'lost' ? undefined : this.statOf(list)
      if (isAsListed(list, stat) || this.readChunk(list, chunk)) return true
    }
    return false
  }

  /** True if a list names the chunk, whatever has become of the file. */
  async names(id: ObjectId): Promise<boolean> {
    for await (const _ of this.#candidates(id)) return true
    return false
  }

  /** The chunk, hashed; undefined if no list here promises it.
   *  @throws {HeldLostError} STORE_HELD_LOST (exit 13)
   *  @throws {StoreCorruptError} STORE_HELD_CORRUPT (exit 13) if a damaged list might have known it */
  async read(id: ObjectId): Promise<Uint8Array | undefined> {
    let promised: string | undefined
    for await (const [list, chunk] of this.#candidates(id)) {
      // Of a lost one too: the file may have come back.
      const bytes = this.readChunk(list, chunk)
      if (bytes) return bytes
      if (chunk.state !== 'certified') promised ??= list.facts.path
    }
    if (promised !== undefined) throw new HeldLostError(id, promised)
    const [damaged] = this.#damaged
    if (damaged) throw this.#corrupt(damaged)
    return undefined
  }

  /** A chunk as the list says, if the file still has it there. */
  readChunk(list: HeldList, chunk: HeldChunk): Uint8Array | undefined {
    const path = this.pathOf(list)
    const wasOpen = this.#files.has(path)
    const found = this.#readAt(path, chunk)
    if (found || !wasOpen) return found
    // What is open may be a file that another has replaced.
    this.#files.get(path)?.close()
    this.#files.delete(path)
    return this.#readAt(path, chunk)
  }

  #readAt(path: string, { id, offset, bytes }: HeldChunk): Uint8Array | undefined {
    const buffer = new Uint8Array(bytes)
    try {
      if (this.#file(path).read(buffer, offset) !== bytes) return undefined
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'EACCES', 'EPERM', 'EIO', 'ENXIO', 'ESTALE'))
        return undefined
      throw error
    }
    return objectIdFor('chunk', buffer) === id ? buffer : undefined
  }

  /** The file that holds a list's chunks. */
  pathOf({ facts }: HeldList): string {
    return facts.copy === null ? `${this.root}/${facts.path}` : this.copyPath(facts.copy)
  }

  statOf(list: HeldList): FileStat | undefined {
    try {
      return this.fs.stat(this.pathOf(list))
    } catch (error) {
      if (isErrno(error, 'EACCES', 'EPERM', 'EIO', 'ELOOP')) return undefined
      throw error
    }
  }

  copyPath(copy: string): string {
    return `${this.dir}/${copy}${COPY_SUFFIX}`
  }

  /** A name that no copy has.
   *  @param seed - what it is made of */
  freeCopyName(seed: string): string {
    for (let count = 0; ; count++) {
      const name = sha256Hex(Buffer.from(`${seed} ${count}`))
      if (!this.fs.stat(this.copyPath(name))) return name
    }
  }

  /** Writes lists, then takes others away, with the copies that nothing names any more. A crash in between leaves lists of
   *  both kinds, each of which is true. Under the workspace lock. @returns the lists written, in the order given */
  async change(drafts: readonly HeldDraft[], removed: readonly HeldList[]): Promise<HeldList[]> {
    await ensureDirectory(this.fs, this.dir)
    await this.#open()
    const made: HeldList[] = []
    const fresh = new Map<string, Uint8Array>()
    for (const { facts, records } of drafts) {
      const { name, pieces } = encodeHeldList(facts, records)
      if (!this.#lists.has(name)) {
        await replaceFile(this.fs, this.#listPath(name), pieces, { tmpDir: this.tmpDir })
        const list = openHeldList(this.fs, this.#listPath(name), name)
        this.#lists.set(name, list)
        fresh.set(name, list.indexRecords())
      }
      made.push(this.#lists.get(name)!)
    }
    if (fresh.size > 0) await this.#index.add(fresh)
    await this.#remove(removed.filter(({ name }) => !made.some((list) => list.name === name)))
    return made
  }

  /** Copies that no list names: of a command that was cut off. */
  async strayCopies(): Promise<string[]> {
    await this.#open()
    // A list that cannot be read may name one.
    if (this.#damaged.length > 0 || !this.fs.stat(this.dir)) return []
    const named = new Set([...this.#lists.values()].map(({ facts }) => facts.copy))
    return this.#names(COPY_NAME, COPY_SUFFIX).filter((copy) => !named.has(copy))
  }

  /** Moves lists that cannot be read to a folder where nothing looks. Under the workspace lock. */
  async setAside(names: readonly string[], folder: string): Promise<void> {
    if (names.length === 0) return
    this.close()
    await ensureDirectory(this.fs, folder)
    for (const name of names) this.fs.rename(this.#listPath(name), `${folder}/${name}${LIST_SUFFIX}`)
    await this.fs.syncDirectory(folder)
    await this.fs.syncDirectory(this.dir)
  }

  /** Compares all checksums. */
  async checkAll(): Promise<readonly DamagedList[]> {
    await this.#open()
    for (const list of [...this.#lists.values()]) {
      this.#quietly(list, () => void list.chunks().next())
      list.close()
    }
    return this.#damaged
  }

  /** Forgets what is open: files may have moved. */
  closeFiles(): void {
    for (const file of this.#files.values()) file.close()
    this.#files.clear()
  }

  /** Looks at the disk again: another process may have changed lists. */
  refresh(): void {
    if (!this.#opening) return
    const known = new Set([...this.#lists.keys(), ...this.#damaged.map(({ name }) => name)])
    const now = this.fs.stat(this.dir) ? this.#names(LIST_NAME, LIST_SUFFIX) : []
    if (now.length !== known.size || now.some((name) => !known.has(name))) this.close()
  }

  /** Looks at the disk again when next asked. */
  close(): void {
    this.closeFiles()
    for (const list of this.#lists.values()) list.close()
    this.#lists = new Map()
    this.#openLists.clear()
    this.#damaged = []
    this.#index.close()
    this.#opening = undefined
  }

  /** Chunks whose id starts with the hex digits. */
  async withPrefix(hexPrefix: string, limit: number) {
    await this.#open()
    return this.#index.withPrefix(hexPrefix, limit)
  }

  #open(): Promise<void> {
    this.#opening ??= this.#openAll().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #openAll(): Promise<void> {
    if (!this.fs.stat(this.dir)) return
    for (const name of this.#names(LIST_NAME, LIST_SUFFIX)) {
      try {
        this.#lists.set(name, openHeldList(this.fs, this.#listPath(name), name))
      } catch (error) {
        if (!(error instanceof HeldListDamage)) throw error
        this.#damaged.push({ name, reason: error.message })
      }
    }
    await this.#index.open(new Set(this.#lists.keys()), async (name) => {
      const list = this.#lists.get(name)!
      return this.#quietly(list, () => list.indexRecords()) ?? []
    })
  }

  async #remove(lists: readonly HeldList[]): Promise<void> {
    if (lists.length === 0) return
    this.closeFiles()
    const copies = new Set<string>()
    for (const list of lists) {
      list.close()
      this.#openLists.delete(list)
      this.#lists.delete(list.name)
      if (list.facts.copy !== null) copies.add(list.facts.copy)
      discard(this.fs, this.#listPath(list.name))
    }
    await this.fs.syncDirectory(this.dir)
    for (const { facts } of this.#lists.values()) if (facts.copy !== null) copies.delete(facts.copy)
    for (const copy of copies) discard(this.fs, this.copyPath(copy))
    this.close()
    await this.#open()
    await this.#index.rebuild()
  }

  /** Lists that name the chunk. The index knows one per segment, and is asked first; who goes on gets the others. */
  async *#candidates(id: ObjectId): AsyncGenerator<[HeldList, HeldChunk]> {
    await this.#open()
    if (this.#lists.size === 0) return
    let first = this.#index.find('chunk', id)
    if (first.length === 0) {
      // The index is a cache over the lists: what it does not know is in none, unless it was damaged.
      if (!this.#index.dropDamaged()) return
      this.close()
      await this.#open()
      first = this.#index.find('chunk', id)
      if (first.length === 0) return
    }
    const others = [...this.#lists.keys()].filter((name) => !first.includes(name))
    for (const name of [...first, ...others]) {
      const list = this.#lists.get(name)
      const chunk = list && this.#quietly(list, () => this.#findIn(list, id))
      if (chunk) yield [list, chunk]
    }
  }

  #findIn(list: HeldList, id: ObjectId): HeldChunk | undefined {
    this.#openLists.delete(list)
    this.#openLists.add(list)
    if (this.#openLists.size > MAX_OPEN_LISTS) {
      const [oldest] = this.#openLists
      oldest!.close()
      this.#openLists.delete(oldest!)
    }
    return list.find(id)
  }

  #quietly<T>(list: HeldList, look: () => T): T | undefined {
    try {
      return look()
    } catch (error) {
      if (!(error instanceof HeldListDamage)) throw error
      this.#lists.delete(list.name)
      list.close()
      this.#damaged.push({ name: list.name, reason: error.message })
      return undefined
    }
  }

  #file(path: string): OpenFile {
    const known = this.#files.get(path)
    const file = known ?? this.fs.open(path, 'read')
    this.#files.delete(path)
    this.#files.set(path, file)
    if (this.#files.size > MAX_OPEN_FILES) {
      const [oldest, opened] = this.#files.entries().next().value!
      opened.close()
      this.#files.delete(oldest)
    }
    return file
  }

  #names(pattern: RegExp, suffix: string): string[] {
    return this.fs
      .readDirectory(this.dir)
      .map(({ name }) => Buffer.from(name).toString('latin1'))
      .filter((name) => pattern.test(name))
      .map((name) => name.slice(0, -suffix.length))
      .sort()
  }

  #listPath(name: string): string {
    return `${this.dir}/${name}${LIST_SUFFIX}`
  }

  #corrupt({ name, reason }: DamagedList): StoreCorruptError {
    return new StoreCorruptError('STORE_HELD_CORRUPT', this.#listPath(name).slice(this.#floeDir.length - 5), reason, [
      '`floe fsck --repair` sets it aside; `floe add --in-place PATH` then records the files of the version again',
    ])
  }
}
