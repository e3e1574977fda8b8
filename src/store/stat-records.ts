/** Records of the stat cache's main file, by place: what the threads of a survey share, so it needs little code. */

import { ID_BYTES, type ObjectId, objectIdFromBytes } from '../objects/id.ts'
import type { FileStat, QuickStat } from './file-system.ts'
import type { SharedMemory } from './shared-memory.ts'
import { SortedFile, type SortedRecord } from './sorted-file.ts'

export const STAT_MAGIC = 'FLOE.STAT.1\n'
/** Size, times and inode, of 8 bytes each; then the file's id. */
export const STAT_BYTES = 32
export const RECORD_BYTES = STAT_BYTES + ID_BYTES
/** Behind the records, in memory that modules share: room for each that may work there. */
export const ROOM_BYTES = 0x60000
export const ROOMS = 4

/** Address of a room behind records of that length; that of the one after the last is where they end. */
export function roomAt(recordBytes: number, room: number): number {
  return Math.ceil(recordBytes / 8) * 8 + room * ROOM_BYTES
}

export class StatRecords {
  readonly #file: SortedFile | undefined
  readonly count: number
  /** Where `bytes` lie, from its start, if that is memory to be shared with modules; room to work in follows. */
  readonly memory: SharedMemory | undefined

  constructor(file?: SortedFile, memory?: SharedMemory) {
    this.#file = file
    this.count = file?.count ?? 0
    this.memory = memory
  }

  /** Records that another thread has checked. */
  static shared(bytes: Uint8Array, memory?: SharedMemory): StatRecords {
    return new StatRecords(bytes.length === 0 ? undefined : new SortedFile(STAT_MAGIC, bytes, true), memory)
  }

  /** Names the records as they are on disk. */
  get checksum(): string {
    return this.#file?.checksum ?? ''
  }

  /** To be given to `shared`; empty if there are none. */
  get bytes(): Uint8Array {
    return this.#file?.bytes ?? new Uint8Array()
  }

  /** The same as `pathAt`, in as few steps as can be. */
  pathTextAt(index: number): string {
    return this.#file!.pathTextAt(index)
  }

  pathBytesAt(index: number): Buffer {
    return this.#file!.pathBytesAt(index)
  }

  pathAt(index: number): string {
    return this.#file!.at(index).path
  }

  /** Order of the path recorded at this place against another path. */
  comparePathAt(index: number, path: string): number {
    return index < this.count ? this.#file!.comparePathAt(index, path) : 1
  }

  /** Place of the first record at or after the path. */
  lowerBound(path: string): number {
    return this.#file?.lowerBound(path) ?? 0
  }

  /** True if the file has not changed since the record at this place was made. */
  isSame(index: number, stat: FileStat): boolean {
    if (stat.kind !== 'file') return false
    const file = this.#file!
    const at = file.payloadOffsetAt(index, RECORD_BYTES)
    return at > 0 && isSameStat(file.view, at, stat)
  }

  /** The same by a stat whose times are doubles. They tell less than a µs apart from nothing, which is enough: a record
   *  is kept only of a file that last changed before the clock was read, and that was before the file was. */
  isSameQuick(index: number, stat: QuickStat): boolean {
    const file = this.#file!
    const at = file.payloadOffsetAt(index, RECORD_BYTES)
    if (at < 0 || (stat.mode & FORMAT_BITS) !== REGULAR_FILE) return false
    const { view } = file
    return (
      view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32 === stat.size &&
      Math.abs(msAt(view, at + 8) - stat.mtimeMs) < MAX_ROUNDING_MS &&
      Math.abs(msAt(view, at + 16) - stat.ctimeMs) < MAX_ROUNDING_MS &&
      view.getUint32(at + 24, true) + view.getUint32(at + 28, true) * 2 ** 32 === stat.ino
    )
  }

  fileIdAt(index: number): ObjectId {
    return fileIdOf(this.#file!.at(index).payload)
  }

  all(): Iterable<SortedRecord> {
    return this.#file?.records() ?? []
  }
}

/** Times are compared as doubles too (`isSameQuick`): what changes later must differ by more than those leave out. */
const MARGIN_NS = 4096n

/** True if a file with these times had rested when the file system's clock said that: any later change shows in its stat. */
export function isSettledStat({ mtimeNs, ctimeNs }: Pick<FileStat, 'mtimeNs' | 'ctimeNs'>, clockNs: bigint): boolean {
  const before = clockNs - MARGIN_NS
  return mtimeNs < before && ctimeNs < before
}

/** As in every POSIX system, and in Node on Windows. */
const FORMAT_BITS = 0o170000
const REGULAR_FILE = 0o100000
const MAX_ROUNDING_MS = 0.001

/** A time in ns as ms: rounded twice, by at most a quarter of a µs each until the year 2255. */
function msAt(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * (2 ** 32 / 1e6) + view.getUint32(at, true) / 1e6
}

/** @param at - where in the view a record's payload begins */
export function isSameStat(view: DataView, at: number, stat: FileStat): boolean {
  return (
    view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32 === stat.bytes &&
    view.getBigInt64(at + 8, true) === stat.mtimeNs &&
    view.getBigInt64(at + 16, true) === stat.ctimeNs &&
    view.getBigUint64(at + 24, true) === stat.inode
  )
}

export function fileIdOf(payload: Uint8Array): ObjectId {
  return objectIdFromBytes(payload.subarray(STAT_BYTES))
}
