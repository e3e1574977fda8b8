/** The list of chunks that one file holds: a file of the user's that was committed in place, or a copy of one that Floe
 *  keeps beside it. What a pack's index is to a pack, this is to such a file. Lists are never changed, only replaced.
 *
 *  A list only says where to look: whoever reads a chunk hashes it. Layout: README.md. */

import { createHash } from 'node:crypto'
import { utf8 } from '../base/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import { ID_BYTES, type ObjectId, putObjectId } from '../objects/id.ts'
import type { FileStat } from './file-system.ts'

export const HELD_MAGIC = 'FLOE.HELD.1\n'
export const HASH_BYTES = 32
/** Magic, place, stat is trusted, path length, copy, file id, size, mtime, ctime, inode, and three counts. */
export const FIXED_BYTES: number = 12 + 1 + 1 + 2 + 32 + ID_BYTES + 8 * 4 + 4 * 3
/** id, offset u64, length u32, state u8. */
export const HELD_RECORD_BYTES: number = ID_BYTES + 8 + 4 + 1
/** Chunks of one file: 4 TiB of chunks of 1 MiB. */
export const MAX_HELD_CHUNKS = 4_000_000
const PIECE_BYTES = 1 << 20

/** `held`: the file has it, and perhaps nothing else does. `certified`: a remote has it too, by what the chain said, so it
 *  may go. `lost`: the file had it and was changed since. */
export type HeldState = 'held' | 'certified' | 'lost'
export const STATES: readonly HeldState[] = ['held', 'certified', 'lost']

export interface HeldFacts {
  /** Path in the workspace of the file, or of the file that the copy was. */
  path: string
  /** Name of a file of Floe's that holds the chunks (64 hex digits); null: the file at `path` does. */
  copy: string | null
  /** SHA-256 of the whole file when the list was made. */
  fileId: ObjectId
  bytes: number
  mtimeNs: bigint
  ctimeNs: bigint
  inode: bigint
  /** False if the file was so young that its stat may not tell of a change. */
  isSettled: boolean
}

export interface HeldChunk {
  id: ObjectId
  offset: number
  bytes: number
  state: HeldState
}

/** The bytes are no list as this program writes it. */
export class HeldListDamage extends Error {
  override name = 'HeldListDamage'
}

export interface HeldList {
  /** Hex of the checksum, and the name of its file. */
  readonly name: string
  readonly facts: HeldFacts
  /** Chunks in each state. */
  readonly counts: Readonly<Record<HeldState, number>>
  /** @throws {HeldListDamage} */
  find(id: ObjectId): HeldChunk | undefined
  /** By id.
   *  @throws {HeldListDamage} */
  chunks(): Generator<HeldChunk>
  /** What the merged index takes of it. */
  indexRecords(): Uint8Array
  close(): void
}

/** True if the stat is that of the file the list was made of, and would not be after a change. A copy has lost a name since,
 *  or is about to, which moves its ctime; nobody but Floe is meant to change it. */
export function isAsListed({ facts }: HeldList, stat: FileStat | undefined): boolean {
  return (
    stat?.kind === 'file' &&
    facts.isSettled &&
    stat.bytes === facts.bytes &&
    stat.mtimeNs === facts.mtimeNs &&
    (stat.ctimeNs === facts.ctimeNs || facts.copy !== null) &&
    stat.inode === facts.inode
  )
}

/** What a list says of the file that holds its chunks. */
export function factsOfStat({ bytes, mtimeNs, ctimeNs, inode }: FileStat, stampNs: bigint) {
  return { bytes, mtimeNs, ctimeNs, inode, isSettled: mtimeNs < stampNs && ctimeNs < stampNs }
}

/** Collects the chunks of a list in any order, 45 bytes each. */
export class HeldRecords {
  #bytes: Uint8Array<ArrayBuffer>
  #count = 0

  /** @param expected - chunks, more or less */
  constructor(expected = 64) {
    this.#bytes = new Uint8Array(Math.max(1, expected) * HELD_RECORD_BYTES)
  }

  get count(): number {
    return this.#count
  }

  add({ id, offset, bytes, state }: HeldChunk): void {
    const at = this.#count * HELD_RECORD_BYTES
    if (at === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytes.length)
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    putObjectId(id, this.#bytes, at)
    const view = new DataView(this.#bytes.buffer)
    view.setBigUint64(at + ID_BYTES, BigInt(offset), true)
    view.setUint32(at + ID_BYTES + 8, bytes, true)
    this.#bytes[at + ID_BYTES + 12] = STATES.indexOf(state)
    this.#count++
  }

  /** By id, each once: of several places the first that was added. Nothing is left here afterwards. */
  sorted(): Uint8Array {
    const view = new DataView(this.#bytes.buffer)
    // Ids are hashes: six bytes of them nearly always settle the order.
    const keys = new Float64Array(this.#count)
    for (let i = 0; i < this.#count; i++) {
      const at = i * HELD_RECORD_BYTES
      keys[i] = view.getUint32(at) * 65536 + view.getUint16(at + 4)
    }
    const order = Uint32Array.from(keys, (_, i) => i)
    order.sort((a, b) => keys[a]! - keys[b]! || this.#compareIds(a, b) || a - b)
    const sorted = new Uint8Array(this.#count * HELD_RECORD_BYTES)
    let used = 0
    for (let i = 0; i < order.length; i++) {
      if (i > 0 && this.#compareIds(order[i - 1]!, order[i]!) === 0) continue
      const at = order[i]! * HELD_RECORD_BYTES
      sorted.set(this.#bytes.subarray(at, at + HELD_RECORD_BYTES), used)
      used += HELD_RECORD_BYTES
    }
    this.#bytes = new Uint8Array(HELD_RECORD_BYTES)
    this.#count = 0
    return sorted.subarray(0, used)
  }

  #compareIds(a: number, b: number): number {
    for (let k = 0; k < ID_BYTES; k++) {
      const difference = this.#bytes[a * HELD_RECORD_BYTES + k]! - this.#bytes[b * HELD_RECORD_BYTES + k]!
      if (difference !== 0) return difference
    }
    return 0
  }
}

/** Encodes a list as pieces to be written one after the other.
 *  @param records - as `HeldRecords.sorted` gives them */
export function encodeHeldList(facts: HeldFacts, records: Uint8Array): { name: string; pieces: Uint8Array[] } {
  const path = utf8(facts.path)
  const head = new Uint8Array(FIXED_BYTES + path.length + HASH_BYTES)
  const view = new DataView(head.buffer)
  head.set(utf8(HELD_MAGIC))
  head[12] = facts.copy === null ? 0 : 1
  head[13] = facts.isSettled ? 1 : 0
  view.setUint16(14, path.length, true)
  if (facts.copy !== null) head.set(Buffer.from(facts.copy, 'hex'), 16)
  putObjectId(facts.fileId, head, 48)
  view.setBigUint64(80, BigInt(facts.bytes), true)
  view.setBigInt64(88, facts.mtimeNs, true)
  view.setBigInt64(96, facts.ctimeNs, true)
  view.setBigUint64(104, facts.inode, true)
  const counts = [0, 0, 0]
  for (let at = 0; at < records.length; at += HELD_RECORD_BYTES) {
    const state = records[at + HELD_RECORD_BYTES - 1]!
    counts[state] = counts[state]! + 1
  }
  for (const [index, count] of counts.entries()) view.setUint32(112 + 4 * index, count, true)
  head.set(path, FIXED_BYTES)
  head.set(sha256(head.subarray(0, head.length - HASH_BYTES)), head.length - HASH_BYTES)
  const hash = createHash('sha256').update(head)
  const pieces = [head]
  for (let at = 0; at < records.length; at += PIECE_BYTES) {
    const piece = records.subarray(at, at + PIECE_BYTES) as Uint8Array<ArrayBuffer>
    hash.update(piece)
    pieces.push(piece)
  }
  const checksum = new Uint8Array(hash.digest())
  pieces.push(checksum)
  return { name: Buffer.from(checksum).toString('hex'), pieces }
}
