/** Append-only file of checksummed records.
 *
 *  File = 8 bytes magic, then frames: length u32 LE, CRC-32 of the payload u32 LE, CRC-32 of these 8 bytes u32 LE,
 *  payload. What a process or machine that dies while writing leaves behind is dropped: a last frame that is cut short
 *  or does not match its checksum, or zeros up to the end. Anything else that does not match is damage and refused: the
 *  head has a checksum of its own so that a flipped length cannot pass for a cut file and take all later records along. */

import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { concatBytes, equalBytes, utf8 } from '../../base/bytes.ts'
import { stateCorrupt, writeFailed } from './errors.ts'

const MAGIC = utf8('FLOELDG1')
const FRAME_HEAD_BYTES = 12
/** Largest payload; a transaction with all its written objects stays far below. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024
/** Bytes read from disk at a time while scanning. */
const SCAN_BYTES = 4 * 1024 * 1024

function frameHead(payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(FRAME_HEAD_BYTES)
  const view = new DataView(head.buffer)
  view.setUint32(0, payload.length, true)
  view.setUint32(4, crc32(payload), true)
  view.setUint32(8, crc32(head.subarray(0, 8)), true)
  return head
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at)
}

export interface LogScan {
  /** Bytes of the file that hold whole records. */
  validBytes: number
  /** Bytes after them, which belong to no record. */
  tornBytes: number
  records: number
}

/** A window over a file, so that a scan needs memory for one record, not for the file. */
class FileWindow {
  readonly fileBytes: number
  readonly #fd: number
  #from = 0
  #bytes: Uint8Array = new Uint8Array(0)

  constructor(fd: number) {
    this.#fd = fd
    this.fileBytes = fstatSync(fd).size
  }

  /** Up to `count` bytes at `offset`; fewer at the end of the file. */
  at(offset: number, count: number): Uint8Array {
    const wanted = Math.min(count, Math.max(0, this.fileBytes - offset))
    if (wanted === 0) return new Uint8Array(0)
    if (offset < this.#from || offset + wanted > this.#from + this.#bytes.length) {
      const buffer = new Uint8Array(Math.min(Math.max(wanted, SCAN_BYTES), this.fileBytes - offset))
      let filled = 0
      while (filled < buffer.length) {
        const read = readSync(this.#fd, buffer, filled, buffer.length - filled, offset + filled)
        if (read === 0) break
        filled += read
      }
      this.#from = offset
      this.#bytes = buffer.subarray(0, filled)
    }
    return this.#bytes.subarray(offset - this.#from, offset - this.#from + wanted)
  }
}

type Frame =
  | { kind: 'whole'; payload: Uint8Array }
  /** Cut short, or a payload that does not match; `end` is where the frame would end. */
  | { kind: 'unfinished'; end: number }
  | { kind: 'damaged' }

function frameAt(window: FileWindow, offset: number): Frame {
  const head = window.at(offset, FRAME_HEAD_BYTES)
  if (head.length < FRAME_HEAD_BYTES) return { kind: 'unfinished', end: window.fileBytes }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const length = view.getUint32(0, true)
  const checksum = view.getUint32(4, true)
  const matches = crc32(head.subarray(0, 8)) === view.getUint32(8, true)
  if (!matches || length === 0 || length > MAX_RECORD_BYTES) {
    return isZeroFrom(window, offset) ? { kind: 'unfinished', end: window.fileBytes } : { kind: 'damaged' }
  }
  const payload = window.at(offset + FRAME_HEAD_BYTES, length)
  if (payload.length === length && crc32(payload) === checksum) return { kind: 'whole', payload }
  return { kind: 'unfinished', end: offset + FRAME_HEAD_BYTES + length }
}

/** File systems may extend a file before its data arrives; after a power cut the rest reads as zeros. */
function isZeroFrom(window: FileWindow, offset: number): boolean {
  for (let at = offset; at < window.fileBytes; ) {
    const bytes = window.at(at, SCAN_BYTES)
    if (bytes.some((byte) => byte !== 0)) return false
    at += bytes.length
  }
  return true
}

/** Calls back with each record in order. The payload is valid only during the call.
 *  @throws {LedgerError} LEDGER_STATE_CORRUPT if the magic is wrong or a record before the last is damaged */
export function scanLog(path: string, onRecord: (payload: Uint8Array) => void): LogScan {
  const fd = openSync(path, 'r')
  try {
    const window = new FileWindow(fd)
    const magic = window.at(0, MAGIC.length)
    if (magic.length < MAGIC.length) {
      // Only a creation that was interrupted leaves less than the magic.
      if (!equalBytes(magic, MAGIC.subarray(0, magic.length))) throw stateCorrupt('not a ledger log', { path })
      return { validBytes: 0, tornBytes: magic.length, records: 0 }
    }
    if (!equalBytes(magic, MAGIC)) throw stateCorrupt('not a ledger log', { path })
    let offset = MAGIC.length
    let records = 0
    while (offset < window.fileBytes) {
      const frame = frameAt(window, offset)
      if (frame.kind !== 'whole') {
        const isLast = frame.kind === 'unfinished' && (frame.end >= window.fileBytes || isZeroFrom(window, frame.end))
        if (!isLast) throw stateCorrupt('a record of the log is damaged', { path, offset })
        break
      }
      onRecord(frame.payload)
      records++
      offset += FRAME_HEAD_BYTES + frame.payload.length
    }
    return { validBytes: offset, tornBytes: window.fileBytes - offset, records }
  } finally {
    closeSync(fd)
  }
}

/** A log open for appending; the only writer of its file. */
export class LogWriter {
  readonly path: string
  #fd: number
  #bytes: number
  #dirty = false
  #broken = false

  /** Creates the file, or continues it after the first `validBytes` bytes, dropping a torn tail.
   *  @param validBytes - from `scanLog`; 0 for a new file */
  constructor(path: string, validBytes: number) {
    this.path = path
    this.#fd = openSync(path, validBytes === 0 ? 'w' : 'r+')
    this.#bytes = validBytes
    if (validBytes === 0) {
      writeAll(this.#fd, MAGIC, 0)
      this.#bytes = MAGIC.length
    } else if (fstatSync(this.#fd).size > validBytes) {
      ftruncateSync(this.#fd, validBytes)
    }
    this.#dirty = true
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Hands the record to the operating system: it survives the death of this process, not yet that of the machine.
   *  A failed write (disk full) leaves the log as it was; if even that cannot be had, the log takes nothing more.
   *  @throws {LedgerError} LEDGER_WRITE_FAILED */
  append(payload: Uint8Array): void {
    if (payload.length === 0 || payload.length > MAX_RECORD_BYTES) {
      throw new RangeError(`"payload" expected 1 to ${MAX_RECORD_BYTES} bytes, got ${payload.length}`)
    }
    if (this.#broken) throw stateCorrupt('the log failed before and takes no more records', { path: this.path })
    const frame = concatBytes(frameHead(payload), payload)
    try {
      writeAll(this.#fd, frame, this.#bytes)
    } catch (error) {
      try {
        ftruncateSync(this.#fd, this.#bytes)
      } catch {
        this.#broken = true
      }
      throw writeFailed(this.path, error)
    }
    this.#bytes += frame.length
    this.#dirty = true
  }

  /** Forces what was appended onto the disk. */
  sync(): void {
    if (!this.#dirty) return
    fdatasyncSync(this.#fd)
    this.#dirty = false
  }

  close(): void {
    if (this.#fd < 0) return
    closeSync(this.#fd)
    this.#fd = -1
  }
}
