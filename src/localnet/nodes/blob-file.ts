/** What one node stores of one blob: a file that begins with the metadata and grows by one record per sliver.
 *
 *  | bytes | content |
 *  |---|---|
 *  | 8 | `FLOEBLB1` |
 *  | then records | u8 kind (0 metadata, 1 primary, 2 secondary) · u8 0 · u16 pair · u32 length · u32 CRC-32 of the 8 before · payload |
 *
 *  Little-endian; payloads are the BCS bytes as received. One file instead of 2·shards + 1: 2,000 small blobs would
 *  otherwise be 830,000 files. A record counts once all of it is there, so whatever is left of an append that was cut
 *  off is ignored and removed. The payload carries no sum: a node that rots must serve what it has, and readers
 *  check every sliver against the metadata. */

import { type FileHandle, open, rename } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { utf8 } from '../../base/bytes.ts'
import type { SliverAxis } from '../../protocol/shards.ts'

const MAGIC = utf8('FLOEBLB1')
const RECORD_HEADER_BYTES = 12
/** Metadata and two slivers per shard, at the largest shard count there is. */
const MAX_RECORDS = 2 * 4096 + 1
const KINDS = { metadata: 0, primary: 1, secondary: 2 } as const

interface Append {
  kind: number
  pair: number
  payload: Uint8Array
  resolve(isNew: boolean): void
  reject(error: unknown): void
}

interface Place {
  offset: number
  bytes: number
}

function keyOf(kind: number, pair: number): number {
  return kind * 65_536 + pair
}

function recordHeader(kind: number, pair: number, bytes: number): Buffer {
  const header = Buffer.alloc(RECORD_HEADER_BYTES)
  header.writeUInt8(kind, 0)
  header.writeUInt16LE(pair, 2)
  header.writeUInt32LE(bytes, 4)
  header.writeUInt32LE(crc32(header.subarray(0, 8)), 8)
  return header
}

export class BlobFile {
  readonly path: string
  readonly #places = new Map<number, Place>()
  #end = 0
  #dirty = false
  /** Something unfinished stands behind the last record. */
  #torn = false
  readonly #queue: Append[] = []
  /** The run that empties the queue, one record after the other: none may ever stand behind an unfinished one. */
  #running: Promise<void> | undefined

  private constructor(path: string) {
    this.path = path
  }

  /** Makes the file with its metadata: complete under its name or not there. */
  static async create(path: string, metadata: Uint8Array): Promise<BlobFile> {
    const temporary = `${path}.tmp`
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writev([MAGIC, recordHeader(KINDS.metadata, 0, metadata.length), metadata])
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    const file = new BlobFile(path)
    file.#dirty = true
    file.#end = MAGIC.length
    file.#note(KINDS.metadata, 0, metadata.length)
    return file
  }

  /** Undefined if there is no such file, or its metadata is not all there. */
  static async open(path: string): Promise<BlobFile | undefined> {
    const handle = await openExisting(path, 'r')
    if (!handle) return undefined
    try {
      const file = new BlobFile(path)
      await file.#scan(handle)
      return file.#places.has(keyOf(KINDS.metadata, 0)) ? file : undefined
    } finally {
      await handle.close()
    }
  }

  async #scan(handle: FileHandle): Promise<void> {
    const { size } = await handle.stat()
    const magic = Buffer.alloc(MAGIC.length)
    await handle.read(magic, 0, magic.length, 0)
    if (!magic.equals(MAGIC)) return
    this.#end = MAGIC.length
    const header = Buffer.alloc(RECORD_HEADER_BYTES)
    for (let count = 0; count < MAX_RECORDS && this.#end + RECORD_HEADER_BYTES <= size; count++) {
      await handle.read(header, 0, header.length, this.#end)
      const bytes = header.readUInt32LE(4)
      const whole = this.#end + RECORD_HEADER_BYTES + bytes <= size
      if (!whole || header.readUInt32LE(8) !== crc32(header.subarray(0, 8))) break
      this.#note(header.readUInt8(0), header.readUInt16LE(2), bytes)
    }
    this.#torn = this.#end < size
  }

  #note(kind: number, pair: number, bytes: number): void {
    this.#places.set(keyOf(kind, pair), { offset: this.#end + RECORD_HEADER_BYTES, bytes })
    this.#end += RECORD_HEADER_BYTES + bytes
  }

  has(axis: SliverAxis, pair: number): boolean {
    return this.#places.has(keyOf(KINDS[axis], pair))
  }

  readMetadata(): Promise<Uint8Array | undefined> {
    return this.#read(keyOf(KINDS.metadata, 0))
  }

  readSliver(axis: SliverAxis, pair: number): Promise<Uint8Array | undefined> {
    return this.#read(keyOf(KINDS[axis], pair))
  }

  /** Where a sliver's payload is in the file; undefined if it is not stored. */
  placeOf(axis: SliverAxis, pair: number): { offset: number; bytes: number } | undefined {
    return this.#places.get(keyOf(KINDS[axis], pair))
  }

  async #read(key: number): Promise<Uint8Array | undefined> {
    const place = this.#places.get(key)
    if (!place) return undefined
    const handle = await openExisting(this.path, 'r')
    if (!handle) return undefined
    try {
      const bytes = Buffer.allocUnsafeSlow(place.bytes)
      const { bytesRead } = await handle.read(bytes, 0, place.bytes, place.offset)
      return bytesRead === place.bytes ? bytes : undefined
    } finally {
      await handle.close()
    }
  }

  /** Stores a sliver unless it is there.
   *  @returns false if it was */
  appendSliver(axis: SliverAxis, pair: number, payload: Uint8Array): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ kind: KINDS[axis], pair, payload, resolve, reject })
      this.#running ??= this.#drain()
    })
  }

  /** Writes what is queued, and what is queued meanwhile, through one handle. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      let handle: FileHandle | undefined
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        try {
          handle ??= await open(this.path, 'r+')
          next.resolve(await this.#append(handle, next))
        } catch (error) {
          next.reject(error)
        }
      }
      // Something may be queued while this waits; the failure of a close has no record to belong to.
      await handle?.close().catch(() => {})
    }
    // In the same turn as the look at the queue: what comes later starts a run of its own.
    this.#running = undefined
  }

  async #append(handle: FileHandle, { kind, pair, payload }: Append): Promise<boolean> {
    if (this.#places.has(keyOf(kind, pair))) return false
    // Else the rest of what was cut off could pass for a record behind this one.
    if (this.#torn) await handle.truncate(this.#end)
    this.#torn = true
    const { bytesWritten } = await handle.writev([recordHeader(kind, pair, payload.length), payload], this.#end)
    if (bytesWritten !== RECORD_HEADER_BYTES + payload.length) throw new Error(`short write to ${this.path}`)
    this.#torn = false
    this.#note(kind, pair, payload.length)
    this.#dirty = true
    return true
  }

  /** Resolves once everything stored so far is on the disk. */
  async sync(): Promise<void> {
    await this.#running
    if (!this.#dirty) return
    this.#dirty = false
    const handle = await open(this.path, 'r+')
    try {
      await handle.datasync()
    } catch (error) {
      this.#dirty = true
      throw error
    } finally {
      await handle.close()
    }
  }

  /** Fault control: flips the lowest bit of the middle byte of every sliver's symbols.
   *  @returns slivers changed */
  async corrupt(): Promise<number> {
    await this.#running
    const handle = await open(this.path, 'r+')
    let changed = 0
    try {
      for (const [key, { offset, bytes }] of this.#places) {
        if (key < keyOf(KINDS.primary, 0)) continue
        const byte = Buffer.alloc(1)
        const at = offset + Math.floor(bytes / 2)
        await handle.read(byte, 0, 1, at)
        byte[0]! ^= 1
        await handle.write(byte, 0, 1, at)
        changed++
      }
    } finally {
      await handle.close()
    }
    return changed
  }
}

async function openExisting(path: string, flags: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
