/** Reading and writing the primitive types of BCS (Binary Canonical Serialization) with bounds.
 *
 *  The reader is for bytes from outside: it refuses lengths that exceed what is left before anything is allocated,
 *  and non-canonical ULEB128. It throws `CodecError`; each format turns that into its own coded error.
 *  @see BCS specification (diem/bcs): integers little-endian, lengths ULEB128 of at most 32 bits */

import { fromUtf8, utf8 } from '../base/bytes.ts'
import { FloeError } from '../base/errors.ts'

export class CodecError extends FloeError {
  override name = 'CodecError'
  constructor(message: string, data: Record<string, unknown> = {}) {
    super('integrity', 'CODEC_MALFORMED', message, { data })
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get offset(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** Passes over the next bytes.
   *  @returns the place where they begin */
  skip(count: number): number {
    const from = this.#at
    if (count > this.#bytes.length - from)
      throw new CodecError('unexpected end of bytes', { needed: count, left: this.remaining })
    this.#at = from + count
    return from
  }

  u8(): number {
    return this.#bytes[this.skip(1)]!
  }

  u16(): number {
    return this.#view.getUint16(this.skip(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true)
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.skip(8), true)
  }

  /** A u64 that must fit a JavaScript safe integer. */
  safeU64(): number {
    const at = this.skip(8)
    const high = this.#view.getUint32(at + 4, true)
    if (high >= 2 ** 21)
      throw new CodecError('integer above 2^53-1', { value: String(this.#view.getBigUint64(at, true)) })
    return high * 2 ** 32 + this.#view.getUint32(at, true)
  }

  bool(): boolean {
    const value = this.u8()
    if (value > 1) throw new CodecError('boolean is neither 0 nor 1', { value })
    return value === 1
  }

  /** ULEB128 of at most 32 bits, shortest form only. */
  uleb(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw new CodecError('ULEB128 is not in shortest form')
        if (value > 0xffffffff) break
        return value
      }
    }
    throw new CodecError('ULEB128 above 32 bits')
  }

  /** A length that cannot exceed `max` nor, at `minItemBytes` each, what is left. */
  length(max: number, minItemBytes = 1): number {
    const count = this.uleb()
    if (count > max) throw new CodecError('length above its limit', { length: count, max })
    if (count * minItemBytes > this.remaining) throw new CodecError('length exceeds the bytes left', { length: count })
    return count
  }

  /** A view of the next bytes; not a copy. */
  bytes(count: number): Uint8Array {
    const from = this.skip(count)
    return this.#bytes.subarray(from, from + count)
  }

  /** ULEB128 length, then that many bytes (a view). */
  byteVector(max: number): Uint8Array {
    return this.bytes(this.length(max))
  }

  string(max: number): string {
    const bytes = this.byteVector(max)
    try {
      return fromUtf8(bytes)
    } catch {
      throw new CodecError('text is not valid UTF-8')
    }
  }

  /** Refuses bytes after the end of the structure. */
  end(): void {
    if (this.remaining !== 0) throw new CodecError('bytes after the end', { left: this.remaining })
  }
}

export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  #at = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  #reserve(count: number): number {
    const from = this.#at
    const needed = from + count
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, from))
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#at = needed
    return from
  }

  get length(): number {
    return this.#at
  }

  u8(value: number): this {
    const at = this.#reserve(1)
    this.#bytes[at] = value
    return this
  }

  u16(value: number): this {
    const at = this.#reserve(2)
    this.#view.setUint16(at, value, true)
    return this
  }

  u32(value: number): this {
    const at = this.#reserve(4)
    this.#view.setUint32(at, value, true)
    return this
  }

  u64(value: bigint | number): this {
    const at = this.#reserve(8)
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
      this.#view.setUint32(at, value % 2 ** 32, true)
      this.#view.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
    } else this.#view.setBigUint64(at, BigInt(value), true)
    return this
  }

  bool(value: boolean): this {
    return this.u8(value ? 1 : 0)
  }

  uleb(value: number): this {
    let left = value
    while (left >= 0x80) {
      this.u8((left % 0x80) | 0x80)
      left = Math.floor(left / 0x80)
    }
    return this.u8(left)
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length)
    this.#bytes.set(value, at)
    return this
  }

  byteVector(value: Uint8Array): this {
    return this.uleb(value.length).bytes(value)
  }

  string(value: string): this {
    const start = this.#at
    const length = value.length
    this.uleb(length)
    const at = this.#reserve(length)
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 0x7f) {
        this.#at = start
        return this.byteVector(utf8(value))
      }
      this.#bytes[at + i] = unit
    }
    return this
  }

  /** Room for so many bytes, to be written into `target` at the place that is returned, before anything else is. */
  room(count: number): number {
    return this.#reserve(count)
  }

  /** What is written so far, until more is. */
  get target(): Uint8Array {
    return this.#bytes
  }

  /** To be used once more: its room stays. */
  clear(): this {
    this.#at = 0
    return this
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at)
  }
}
