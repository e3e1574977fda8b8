/** Append-only file of checksummed records.
 *
 *  File = 8 bytes magic, then frames: length u32 LE, CRC-32 u32 LE of the payload, payload. A frame that is cut short
 *  or does not match its checksum at the end of the file is the trace of a process or machine that died while writing:
 *  it is dropped. The same in the middle of the file is damage and refused. */

import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { concatBytes, equalBytes, utf8 } from '../../base/bytes.ts'
import { stateCorrupt } from './errors.ts'

const MAGIC = utf8('FLOELDG1')
const FRAME_HEAD_BYTES = 8
/** Largest payload; a transaction with all its written objects stays far below. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024
/** Bytes read from disk at a time while scanning. */
const SCAN_BYTES = 4 * 1024 * 1024

function frameHead(payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(FRAME_HEAD_BYTES)
  const view = new DataView(head.buffer)
  view.setUint32(0, payload.length, true)
  view.setUint32(4, crc32(payload), true)
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

/** The payload of the frame at `offset`, or undefined if there is no whole, matching frame. */
function frameAt(window: FileWindow, offset: number): Uint8Array | undefined {
  const head = window.at(offset, FRAME_HEAD_BYTES)
  if (head.length < FRAME_HEAD_BYTES) return undefined
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const length = view.getUint32(0, true)
  const checksum = view.getUint32(4, true)
  if (length === 0 || length > MAX_RECORD_BYTES || offset + FRAME_HEAD_BYTES + length > window.fileBytes)
    return undefined
  const payload = window.at(offset + FRAME_HEAD_BYTES, length)
  return payload.length === length && crc32(payload) === checksum ? payload : undefined
}

/** True if a whole frame follows the broken one: then the damage is not a torn tail. */
function recordFollows(window: FileWindow, offset: number): boolean {
  const head = window.at(offset, FRAME_HEAD_BYTES)
  if (head.length < FRAME_HEAD_BYTES) return false
  const length = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(0, true)
  if (length === 0 || length > MAX_RECORD_BYTES) return false
  return frameAt(window, offset + FRAME_HEAD_BYTES + length) !== undefined
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
      const payload = frameAt(window, offset)
      if (payload === undefined) {
        if (recordFollows(window, offset))
          throw stateCorrupt('a record in the middle of the log is damaged', { path, offset })
        break
      }
      onRecord(payload)
      records++
      offset += FRAME_HEAD_BYTES + payload.length
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
   *  After a failed write (disk full) the log takes nothing more, since what is on disk is no longer known. */
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
      throw error
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
