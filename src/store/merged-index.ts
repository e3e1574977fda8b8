/** Which local pack holds an object: a few sorted segments over all packs, merged geometrically as packs are added, so
 *  that a million ids cost one or two small reads each and every id is rewritten O(log n) times.
 *
 *  All of it can be made again from the packs; whatever is damaged is, without a word. */

import { sha256Hex } from '../crypto/hash.ts'
import {
  ID_BYTES,
  KIND_CODES,
  kindOfCode,
  type ObjectId,
  type ObjectKind,
  objectIdFromBytes,
  objectIdToBytes,
} from '../objects/id.ts'
import type { PackObjects } from '../objects/pack-index.ts'
import { discard } from './atomic-file.ts'
import { replaceCacheFile } from './cache-file.ts'
import { type FileSystem, isErrno } from './file-system.ts'
import {
  encodeSegment,
  findRecord,
  mergeRecords,
  openSegment,
  packOf,
  putRecord,
  RecordMerger,
  recordsWithPrefix,
  SEGMENT_RECORD_BYTES,
  type Segment,
  SegmentDamage,
  setPackOf,
} from './index-segment.ts'

export interface PackObject {
  kind: ObjectKind
  id: ObjectId
}

/** Objects of one pack; or records of a segment of one pack, sorted, where they are many: the index may change these. */
export type PackRecords = readonly PackObject[] | PackObjects | Uint8Array

/** Objects of one pack, from its own index. */
export type ReadPackIndex = (pack: string) => Promise<PackRecords>

const SEGMENT_NAME = /^[0-9a-f]{32}\.midx$/
/** A segment is merged into the next one when that is at most this many times larger. */
const GROWTH = 2

const NONE = { packs: [], records: new Uint8Array(0) }

export class MergedIndex {
  readonly #fs: FileSystem
  readonly #dir: string
  readonly #tmpDir: string
  #segments: Segment[] = []
  /** Packs that no segment covers yet, and the records of all of them. */
  #loose: { packs: readonly string[]; records: Uint8Array } = NONE
  #opened = false
  /** Whether the segments' checksums have been compared since they were opened. */
  #checked = false

  constructor(fs: FileSystem, packsDir: string, tmpDir: string) {
    this.#fs = fs
    this.#dir = packsDir
    this.#tmpDir = tmpDir
  }

  get packs(): string[] {
    return [...new Set([...this.#segments.flatMap((segment) => segment.packs), ...this.#loose.packs])]
  }

  /** Brings the index up to date with the packs that exist. */
  async open(packs: ReadonlySet<string>, readIndex: ReadPackIndex): Promise<void> {
    this.close()
    const found = this.#openSegments(packs)
    const covered = new Set<string>()
    for (const segment of found) {
      if (segment.packs.every((pack) => covered.has(pack))) segment.close()
      else {
        this.#segments.push(segment)
        for (const pack of segment.packs) covered.add(pack)
      }
    }
    const loose = [...packs].filter((pack) => !covered.has(pack))
    const merger = new RecordMerger()
    for (const [number, pack] of loose.entries()) merger.add(renumbered(toRecords(await readIndex(pack)), number))
    this.#loose = { packs: loose, records: merger.finish() }
    this.#opened = true
  }

  get isOpen(): boolean {
    return this.#opened
  }

  /** Names of packs that claim to hold the object; at most one per segment. */
  find(kind: ObjectKind, id: ObjectId | Uint8Array): string[] {
    const found: string[] = []
    if (this.#segments.length === 0 && this.#loose.packs.length === 0) return found
    const bytes = typeof id === 'string' ? objectIdToBytes(id) : id
    for (const segment of this.#segments) {
      const pack = quietly(() => segment.find(kind, bytes))
      if (pack !== undefined) found.push(pack)
    }
    const { packs, records } = this.#loose
    const at = findRecord(records, bytes, KIND_CODES[kind])
    if (at >= 0) found.push(packs[packOf(records, at)]!)
    return found
  }

  /** The first pack that claims to hold the object. */
  packOf(kind: ObjectKind, id: Uint8Array): string | undefined {
    for (const segment of this.#segments) {
      const pack = quietly(() => segment.find(kind, id))
      if (pack !== undefined) return pack
    }
    const { packs, records } = this.#loose
    const at = findRecord(records, id, KIND_CODES[kind])
    return at < 0 ? undefined : packs[packOf(records, at)]
  }

  /** True if a pack claims to hold the object. */
  has(kind: ObjectKind, id: Uint8Array): boolean {
    return this.packOf(kind, id) !== undefined
  }

  /** Objects of a pack as far as this index knows them, for when the pack cannot tell any more. */
  objectsOf(pack: string): PackObject[] {
    const found = [...objectsIn(this.#loose.records, this.#loose.packs.indexOf(pack))]
    for (const segment of this.#segments) {
      const index = segment.packs.indexOf(pack)
      const records = index < 0 ? undefined : quietly(() => segment.readAll())
      for (const object of objectsIn(records, index)) found.push(object)
    }
    return found
  }

  /** Objects whose id starts with the hex digits, at most `limit` per segment. */
  withPrefix(hexPrefix: string, limit: number): PackObject[] {
    const isOdd = hexPrefix.length % 2 === 1
    const prefix = Uint8Array.from(Buffer.from(isOdd ? `${hexPrefix}0` : hexPrefix, 'hex'))
    const found = new Map<string, PackObject>()
    for (const segment of this.#segments)
      for (const object of quietly(() => segment.withPrefix(prefix, isOdd ? 4 : 8, limit)) ?? [])
        found.set(`${object.kind}:${object.id}`, object)
    for (const object of recordsWithPrefix(this.#loose.records, prefix, isOdd ? 4 : 8, limit))
      found.set(`${object.kind}:${object.id}`, object)
    return [...found.values()]
  }

  /** Compares the checksums, once; drops what is damaged.
   *  @returns true if a segment was dropped, so that the packs have to be looked at again */
  dropDamaged(): boolean {
    if (this.#checked) return false
    this.#checked = true
    const damaged = this.#segments.filter((segment) => quietly(() => segment.readAll()) === undefined)
    for (const segment of damaged) {
      segment.close()
      discard(this.#fs, segment.path)
    }
    this.#segments = this.#segments.filter((segment) => !damaged.includes(segment))
    return damaged.length > 0
  }

  /** Adds packs that were just sealed, under the lock. Loose packs are taken in as well. */
  async add(sealed: ReadonlyMap<string, PackRecords>): Promise<void> {
    const packs: string[] = []
    const parts: Uint8Array[] = []
    /** @param records - changed, unless they are the first */
    const addPart = (names: readonly string[], records: Uint8Array) => {
      parts.push(renumbered(records, packs.length))
      for (const name of names) packs.push(name)
    }
    // First, so that their numbers stay: should this fail, they are needed as they are.
    addPart(this.#loose.packs, this.#loose.records)
    for (const [pack, objects] of sealed) addPart([pack], toRecords(objects))
    let count = parts.reduce((sum, part) => sum + part.length / SEGMENT_RECORD_BYTES, 0)
    const kept = [...this.#segments].sort((a, b) => b.count - a.count)
    const replaced: Segment[] = []
    for (let last = kept.at(-1); last && last.count <= GROWTH * count; last = kept.at(-1)) {
      kept.pop()
      replaced.push(last)
      const records = quietly(() => last.readAll())
      // A damaged one is forgotten here; its packs are found uncovered at the next start.
      if (records) addPart(last.packs, records)
      count += last.count
    }
    const name = sha256Hex(Buffer.from(packs.join('\n'))).slice(0, 32)
    const path = `${this.#dir}/${name}.midx`
    await replaceCacheFile(this.#fs, path, encodeSegment(packs, mergeRecords(parts)), { tmpDir: this.#tmpDir })
    for (const segment of replaced) {
      segment.close()
      if (segment.path !== path) discard(this.#fs, segment.path)
    }
    this.#segments = [...kept, openSegment(this.#fs, path)]
    this.#loose = NONE
  }

  /** Takes in the packs that no segment covers, and deletes segments that are in use no more. */
  async rebuild(): Promise<void> {
    if (this.#loose.packs.length > 0) await this.add(new Map())
    const used = new Set(this.#segments.map(({ path }) => path))
    for (const entry of this.#fs.readDirectory(this.#dir)) {
      const path = `${this.#dir}/${Buffer.from(entry.name).toString('latin1')}`
      if (SEGMENT_NAME.test(path.slice(this.#dir.length + 1)) && !used.has(path)) discard(this.#fs, path)
    }
  }

  close(): void {
    for (const segment of this.#segments) segment.close()
    this.#segments = []
    this.#loose = NONE
    this.#opened = false
    this.#checked = false
  }

  /** Segments whose packs all exist, largest first. */
  #openSegments(packs: ReadonlySet<string>): Segment[] {
    const found: Segment[] = []
    for (const entry of this.#fs.readDirectory(this.#dir)) {
      const name = Buffer.from(entry.name).toString('latin1')
      if (!SEGMENT_NAME.test(name)) continue
      const segment = quietly(() => openSegment(this.#fs, `${this.#dir}/${name}`))
      if (segment?.packs.every((pack) => packs.has(pack))) found.push(segment)
      else segment?.close()
    }
    return found.sort((a, b) => b.packs.length - a.packs.length || b.count - a.count)
  }
}

/** Adds to the number of the pack in each record. */
function renumbered(records: Uint8Array, by: number): Uint8Array {
  if (by > 0)
    for (let at = 0; at < records.length; at += SEGMENT_RECORD_BYTES) setPackOf(records, at, packOf(records, at) + by)
  return records
}

/** The same as `toRecords`, for columns that are in order already, but by kind first. */
function recordsOf({ kinds, ids }: PackObjects): Uint8Array {
  const runs: Uint8Array[] = []
  for (let from = 0, to = 0; from < kinds.length; from = to) {
    while (to < kinds.length && kinds[to] === kinds[from]) to++
    const records = new Uint8Array((to - from) * SEGMENT_RECORD_BYTES)
    for (let i = from, at = 0; i < to; i++, at += SEGMENT_RECORD_BYTES) {
      records.set(ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES), at)
      records[at + ID_BYTES] = kinds[i]!
    }
    runs.push(records)
  }
  return mergeRecords(runs)
}

/** @param pack - number of the one that is asked for */
function* objectsIn(records: Uint8Array | undefined, pack: number): Generator<PackObject> {
  for (let at = 0; records && at < records.length; at += SEGMENT_RECORD_BYTES) {
    const kind = kindOfCode(records[at + ID_BYTES]!)
    if (kind && packOf(records, at) === pack) yield { kind, id: objectIdFromBytes(records.subarray(at, at + ID_BYTES)) }
  }
}

function toRecords(objects: PackRecords): Uint8Array {
  if (objects instanceof Uint8Array) return objects
  if ('ids' in objects) return recordsOf(objects)
  const records = new Uint8Array(objects.length * SEGMENT_RECORD_BYTES)
  const sorted = objects
    .map((object) => ({ object, key: Buffer.from(objectIdToBytes(object.id)) }))
    .sort((a, b) => Buffer.compare(a.key, b.key) || kindOrder(a.object.kind) - kindOrder(b.object.kind))
  for (const [index, { object, key }] of sorted.entries())
    putRecord(records, index * SEGMENT_RECORD_BYTES, object.kind, key.subarray(0, ID_BYTES), 0)
  return records
}

function kindOrder(kind: ObjectKind): number {
  return KIND_CODES[kind]
}

/** Undefined where the cache is damaged or gone: its reader then asks the packs. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof SegmentDamage || isErrno(error, 'ENOENT', 'EIO', 'ELOOP', 'EISDIR')) return undefined
    throw error
  }
}
