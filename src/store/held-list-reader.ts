/** Opening and checking a list of chunks that one file holds. */

import { createHash } from 'node:crypto'
import { equalBytes, fromUtf8, utf8 } from '../base/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import { ID_BYTES, type ObjectId, objectIdFromBytes } from '../objects/id.ts'
import { pathProblem } from '../objects/path.ts'
import type { FileSystem, OpenFile } from './file-system.ts'
import {
  FIXED_BYTES,
  HASH_BYTES,
  HELD_MAGIC,
  HELD_RECORD_BYTES,
  type HeldChunk,
  type HeldFacts,
  type HeldList,
  HeldListDamage,
  type HeldState,
  MAX_HELD_CHUNKS,
  STATES,
} from './held-list.ts'
import { putRecord, SEGMENT_RECORD_BYTES } from './index-segment.ts'

const MAX_PATH_BYTES = 4095
/** Longer than any chunk that a chunking profile makes. */
const MAX_CHUNK_BYTES = 64 * 2 ** 20
const PIECE_BYTES = 1 << 20
/** Records of a list are held in memory up to this. */
const MAX_KEPT_BYTES = 4 * 2 ** 20

/** Opens a list by its head; the records are checked when the first of them is asked for.
 *  @param name - what the file is called
 *  @throws {HeldListDamage} */
export function openHeldList(fs: FileSystem, path: string, name: string): HeldList {
  const file = fs.open(path, 'read')
  try {
    const { facts, counts, recordsAt } = parseHead(file)
    return new DiskList(fs, path, name, facts, counts, recordsAt)
  } finally {
    file.close()
  }
}

function parseHead(file: OpenFile) {
  const fileBytes = file.stat().bytes
  const fixed = readExactly(file, 0, FIXED_BYTES)
  const view = new DataView(fixed.buffer)
  if (!equalBytes(fixed.subarray(0, 12), utf8(HELD_MAGIC))) throw new HeldListDamage('it has another format')
  const [place, settled] = [fixed[12]!, fixed[13]!]
  const pathBytes = view.getUint16(14, true)
  if (place > 1 || settled > 1 || pathBytes > MAX_PATH_BYTES) throw new HeldListDamage('its head lies')
  const head = readExactly(file, 0, FIXED_BYTES + pathBytes + HASH_BYTES)
  const hashAt = head.length - HASH_BYTES
  if (!equalBytes(sha256(head.subarray(0, hashAt)), head.subarray(hashAt)))
    throw new HeldListDamage('the checksum of its head does not match')
  const [held, certified, lost] = [112, 116, 120].map((at) => view.getUint32(at, true)) as [number, number, number]
  const count = held + certified + lost
  if (count > MAX_HELD_CHUNKS || head.length + count * HELD_RECORD_BYTES + HASH_BYTES !== fileBytes)
    throw new HeldListDamage('it has another length')
  const path = textOf(head.subarray(FIXED_BYTES, hashAt))
  const bytes = view.getBigUint64(80, true)
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw new HeldListDamage('its head lies')
  const facts: HeldFacts = {
    path,
    copy: place === 0 ? null : Buffer.from(fixed.subarray(16, 48)).toString('hex'),
    fileId: objectIdFromBytes(fixed.subarray(48, 80)),
    bytes: Number(bytes),
    mtimeNs: view.getBigInt64(88, true),
    ctimeNs: view.getBigInt64(96, true),
    inode: view.getBigUint64(104, true),
    isSettled: settled === 1,
  }
  return { facts, counts: { held, certified, lost }, recordsAt: head.length }
}

function textOf(bytes: Uint8Array): string {
  let path: string
  try {
    path = fromUtf8(bytes)
  } catch {
    throw new HeldListDamage('its path is not UTF-8')
  }
  // What is named here is opened, renamed and deleted.
  if (pathProblem(path)) throw new HeldListDamage('it names a path that no version may contain')
  return path
}

class DiskList implements HeldList {
  readonly name: string
  readonly facts: HeldFacts
  readonly counts: Readonly<Record<HeldState, number>>
  readonly #fs: FileSystem
  readonly #path: string
  readonly #recordsAt: number
  readonly #count: number
  #file: OpenFile | undefined
  #kept: Uint8Array | undefined

  constructor(
    fs: FileSystem,
    path: string,
    name: string,
    facts: HeldFacts,
    counts: Readonly<Record<HeldState, number>>,
    recordsAt: number,
  ) {
    this.#fs = fs
    this.#path = path
    this.name = name
    this.facts = facts
    this.counts = counts
    this.#recordsAt = recordsAt
    this.#count = counts.held + counts.certified + counts.lost
  }

  find(id: ObjectId): HeldChunk | undefined {
    const wanted = Buffer.from(id, 'hex')
    const file = this.#checked()
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      const record = this.#record(file, middle)
      const order = Buffer.compare(record.subarray(0, ID_BYTES), wanted)
      if (order === 0) return chunkOf(record)
      if (order < 0) low = middle + 1
      else high = middle
    }
    return undefined
  }

  *chunks(): Generator<HeldChunk> {
    const file = this.#checked()
    const piece = Math.floor(PIECE_BYTES / HELD_RECORD_BYTES)
    for (let from = 0; from < this.#count; from += piece) {
      const bytes = this.#records(file, from, Math.min(this.#count, from + piece))
      for (let at = 0; at < bytes.length; at += HELD_RECORD_BYTES)
        yield chunkOf(bytes.subarray(at, at + HELD_RECORD_BYTES))
    }
  }

  indexRecords(): Uint8Array {
    const records = new Uint8Array(this.#count * SEGMENT_RECORD_BYTES)
    let at = 0
    for (const { id } of this.chunks()) {
      putRecord(records, at, 'chunk', Buffer.from(id, 'hex'), 0)
      at += SEGMENT_RECORD_BYTES
    }
    return records
  }

  close(): void {
    this.#file?.close()
    this.#file = undefined
    this.#kept = undefined
  }

  /** The file, once every byte of it has been checked. */
  #checked(): OpenFile {
    if (this.#file) return this.#file
    const file = this.#fs.open(this.#path, 'read')
    try {
      const hashAt = this.#recordsAt + this.#count * HELD_RECORD_BYTES
      const hash = createHash('sha256').update(readExactly(file, 0, this.#recordsAt))
      const keeps = this.#count * HELD_RECORD_BYTES <= MAX_KEPT_BYTES
      let previous: Uint8Array | undefined
      const perPiece = Math.floor(PIECE_BYTES / HELD_RECORD_BYTES)
      const kept: Uint8Array[] = []
      for (let from = 0; from < this.#count; from += perPiece) {
        const count = Math.min(perPiece, this.#count - from)
        const bytes = readExactly(file, this.#recordsAt + from * HELD_RECORD_BYTES, count * HELD_RECORD_BYTES)
        hash.update(bytes)
        previous = checkRecords(bytes, previous)
        if (keeps) kept.push(bytes)
      }
      const checksum = Buffer.from(hash.digest())
      if (!equalBytes(checksum, readExactly(file, hashAt, HASH_BYTES)) || checksum.toString('hex') !== this.name)
        throw new HeldListDamage('its checksum does not match')
      if (keeps) this.#kept = Buffer.concat(kept)
      this.#file = file
      return file
    } catch (error) {
      file.close()
      throw error
    }
  }

  #record(file: OpenFile, index: number): Uint8Array {
    return this.#records(file, index, index + 1)
  }

  #records(file: OpenFile, from: number, to: number): Uint8Array {
    if (this.#kept) return this.#kept.subarray(from * HELD_RECORD_BYTES, to * HELD_RECORD_BYTES)
    return readExactly(file, this.#recordsAt + from * HELD_RECORD_BYTES, (to - from) * HELD_RECORD_BYTES)
  }
}

/** @returns the last of them
 *  @throws {HeldListDamage} if they are not in order, or say what cannot be */
function checkRecords(bytes: Uint8Array, before: Uint8Array | undefined): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  let previous = before
  for (let at = 0; at < bytes.length; at += HELD_RECORD_BYTES) {
    const id = bytes.subarray(at, at + ID_BYTES)
    if (previous && Buffer.compare(previous, id) >= 0) throw new HeldListDamage('its chunks are not in order')
    previous = id
    const end = view.getBigUint64(at + ID_BYTES, true) + BigInt(view.getUint32(at + ID_BYTES + 8, true))
    const isPossible =
      end <= BigInt(Number.MAX_SAFE_INTEGER) && view.getUint32(at + ID_BYTES + 8, true) <= MAX_CHUNK_BYTES
    if (!isPossible || bytes[at + ID_BYTES + 12]! >= STATES.length) throw new HeldListDamage('a record lies')
  }
  return previous
}

function chunkOf(record: Uint8Array): HeldChunk {
  const view = new DataView(record.buffer, record.byteOffset)
  return {
    id: objectIdFromBytes(record.subarray(0, ID_BYTES)),
    offset: Number(view.getBigUint64(ID_BYTES, true)),
    bytes: view.getUint32(ID_BYTES + 8, true),
    state: STATES[record[ID_BYTES + 12]!]!,
  }
}

function readExactly(file: OpenFile, position: number, bytes: number): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(bytes)
  if (file.read(buffer, position) !== bytes) throw new HeldListDamage('it ends early')
  return buffer
}
