/** One frame of a pack: consecutive objects, compressed together where that pays.
 *
 *  Compressing frames instead of chunks keeps dedup fine without losing ratio (64 KiB chunks alone compress 20 % worse
 *  than a whole file, reference/ecosystem.md §1.4). Weights gain from grouping bytes: bf16 goes from 1.28 to 1.46,
 *  because the exponents stand together. The stored bytes may differ between zstd versions; no id depends on them. */

import { promisify } from 'node:util'
import type { ZstdOptions } from 'node:zlib'
import { concatBytes } from '../base/bytes.ts'
import { PackCorruptError } from './errors.ts'
import {
  type CodingQuestion,
  chooseCoding,
  effortParams,
  type FrameCoding,
  type FrameEffort,
  type FrameGrouping,
  savesTooLittle,
} from './frame-coding.ts'
import { MAX_OBJECT_BYTES } from './id.ts'
import { zstd } from './zstd.ts'

export type { FrameGrouping } from './frame-coding.ts'

export const CODEC_STORED = 0
export const CODEC_ZSTD = 1
/** The first bytes of all 2-byte elements are one zstd frame, the second bytes and what is left over another; before them
 *  stand their lengths (u32 each). */
export const CODEC_ZSTD_GROUPED_2 = 2
/** The same with elements of 4 bytes, in four groups. */
export const CODEC_ZSTD_GROUPED_4 = 3

/** No frame is larger raw: a frame of several objects has at most 1 MiB, one object has at most its own limit. */
export const MAX_FRAME_RAW_BYTES: number = MAX_OBJECT_BYTES.chunk
/** Window a decoder allocates at most: 4 MiB. */
const MAX_WINDOW_LOG = 22

const CODEC_OF_GROUPING: Readonly<Record<FrameGrouping, number>> = {
  1: CODEC_ZSTD,
  2: CODEC_ZSTD_GROUPED_2,
  4: CODEC_ZSTD_GROUPED_4,
}
const GROUPING_OF_CODEC: readonly (FrameGrouping | undefined)[] = [undefined, 1, 2, 4]

export interface EncodedFrame {
  codec: number
  stored: Uint8Array
}

/** Compresses a frame if a sample of it says that it pays.
 *  @param raw - 1 byte to 4 MiB */
export function encodeFrame(raw: Uint8Array, question: CodingQuestion = {}): EncodedFrame {
  const coding = chooseCoding(raw, question, compress)
  return coding ? smallerOf(raw, coding, compress(raw, coding)) : { codec: CODEC_STORED, stored: raw }
}

/** The same by the threads that Node keeps for zlib: only the sample is compressed here, before this returns. Node feeds
 *  zstd in other pieces then, so the stored bytes differ from those of `encodeFrame`, but never from one run to the next.
 *  @returns no promise where the frame is stored as it is */
export function encodeFrameAside(raw: Uint8Array, question: CodingQuestion = {}): EncodedFrame | Promise<EncodedFrame> {
  const coding = chooseCoding(raw, question, compress)
  if (!coding) return { codec: CODEC_STORED, stored: raw }
  return compressAside(raw, coding).then((stored) => smallerOf(raw, coding, stored))
}

function smallerOf(raw: Uint8Array, { grouping }: FrameCoding, stored: Uint8Array): EncodedFrame {
  if (savesTooLittle(raw.length, stored.length)) return { codec: CODEC_STORED, stored: raw }
  return { codec: CODEC_OF_GROUPING[grouping], stored }
}

/** The raw bytes of a frame from outside; memory stays within `rawBytes` and the window.
 *  @param rawBytes - length it must have, at most `MAX_FRAME_RAW_BYTES`
 *  @throws {PackCorruptError} PACK_CORRUPT if it does not decode to exactly that length */
export function decodeFrame(codec: number, stored: Uint8Array, rawBytes: number): Uint8Array {
  if (rawBytes < 1 || rawBytes > MAX_FRAME_RAW_BYTES)
    throw new PackCorruptError('the raw length of a frame is outside its limits', { rawBytes })
  if (codec === CODEC_STORED) {
    if (stored.length !== rawBytes) throw new PackCorruptError('a stored frame has another length than it says')
    return stored
  }
  const grouping = GROUPING_OF_CODEC[codec]
  if (grouping === undefined) throw new PackCorruptError('a frame has an unknown codec', { codec })
  if (grouping === 1) return decompress(stored, rawBytes)
  const table = grouping * 4
  if (stored.length < table) throw new PackCorruptError('a grouped frame has no table of lengths')
  const lengths = new DataView(stored.buffer, stored.byteOffset, table)
  const grouped = new Uint8Array(rawBytes)
  let at = table
  for (const [i, { start, end }] of groupRanges(rawBytes, grouping).entries()) {
    const length = lengths.getUint32(i * 4, true)
    if (at + length > stored.length) throw new PackCorruptError('a group is longer than its frame')
    grouped.set(decompress(stored.subarray(at, at + length), end - start), start)
    at += length
  }
  if (at !== stored.length) throw new PackCorruptError('bytes after the last group of a frame')
  return ungroupBytes(grouped, grouping)
}

/** Bytes that are exactly `rawBytes` long when decompressed. */
function decompress(stored: Uint8Array, rawBytes: number): Uint8Array {
  if (rawBytes === 0 && stored.length === 0) return stored
  let raw: Uint8Array
  try {
    raw = zstd().zstdDecompressSync(stored, {
      maxOutputLength: Math.max(1, rawBytes),
      chunkSize: Math.max(64, rawBytes),
      params: { [zstd().constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
    })
  } catch (cause) {
    throw new PackCorruptError('a frame does not decompress', { rawBytes }, cause)
  }
  if (raw.length !== rawBytes)
    throw new PackCorruptError('a frame has another raw length than it says', { rawBytes, got: raw.length })
  return raw
}

/** Zstd, each group of bytes for itself: in a common block the groups would share a Huffman table, and 100 KB of bf16
 *  would reach 1.30 instead of 1.45. Frames back to back without a table would do by RFC 8878, but Node stops after one. */
function compress(raw: Uint8Array, { grouping, effort }: FrameCoding): Uint8Array {
  if (grouping === 1) return compressPlain(raw, effort)
  return withTable(partsOf(raw, grouping).map((part) => (part.length === 0 ? part : compressPlain(part, effort))))
}

async function compressAside(raw: Uint8Array, { grouping, effort }: FrameCoding): Promise<Uint8Array> {
  const plain = async (part: Uint8Array) => (part.length === 0 ? part : zstdAside(part, zstdOptions(part, effort)))
  if (grouping === 1) return plain(raw)
  return withTable(await Promise.all(partsOf(raw, grouping).map(plain)))
}

/** The groups of bytes, one after the other. */
function partsOf(raw: Uint8Array, grouping: FrameGrouping): Uint8Array[] {
  const grouped = groupBytes(raw, grouping)
  return groupRanges(raw.length, grouping).map(({ start, end }) => grouped.subarray(start, end))
}

function withTable(parts: readonly Uint8Array[]): Uint8Array {
  const table = new Uint8Array(parts.length * 4)
  const lengths = new DataView(table.buffer)
  for (const [i, part] of parts.entries()) lengths.setUint32(i * 4, part.length, true)
  return concatBytes(table, ...parts)
}

let promised: ((bytes: Uint8Array, options: ZstdOptions) => Promise<Buffer>) | undefined

function zstdAside(bytes: Uint8Array, options: ZstdOptions): Promise<Buffer> {
  promised ??= promisify<Uint8Array, ZstdOptions, Buffer>(zstd().zstdCompress)
  return promised(bytes, options)
}

function compressPlain(bytes: Uint8Array, effort: FrameEffort): Uint8Array {
  return zstd().zstdCompressSync(bytes, zstdOptions(bytes, effort))
}

function zstdOptions(bytes: Uint8Array, effort: FrameEffort) {
  return {
    pledgedSrcSize: bytes.length,
    // In pieces of 16 KiB, noise took four times as long; room for all of it at once is mostly room for nothing, which the
    // garbage collector hurries to get back.
    chunkSize: Math.max(4096, (bytes.length >> 1) + 512),
    params: effortParams(effort, bytes.length),
  }
}

/** Where each group stands in grouped bytes; what is left over belongs to the last. */
function groupRanges(rawBytes: number, grouping: FrameGrouping): { start: number; end: number }[] {
  const length = Math.floor(rawBytes / grouping)
  return Array.from({ length: grouping }, (_, i) => ({
    start: i * length,
    end: i === grouping - 1 ? rawBytes : (i + 1) * length,
  }))
}

/** The k-th bytes of all elements stand together, for each k; bytes after the last whole element come last. */
export function groupBytes(bytes: Uint8Array, width: FrameGrouping): Uint8Array {
  if (width === 1) return bytes
  const count = Math.floor(bytes.length / width)
  const grouped = new Uint8Array(bytes.length)
  // Whole elements at once: half as long as byte by byte. Little-endian hosts only, as Node's are.
  const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : bytes.slice()
  if (width === 2) {
    const elements = new Uint16Array(buffer, byteOffset, count)
    for (let i = 0; i < count; i++) {
      const element = elements[i]!
      grouped[i] = element
      grouped[count + i] = element >>> 8
    }
  } else {
    const elements = new Uint32Array(buffer, byteOffset, count)
    for (let i = 0; i < count; i++) {
      const element = elements[i]!
      grouped[i] = element
      grouped[count + i] = element >>> 8
      grouped[2 * count + i] = element >>> 16
      grouped[3 * count + i] = element >>> 24
    }
  }
  grouped.set(bytes.subarray(count * width), count * width)
  return grouped
}

/** Inverse of `groupBytes`. */
export function ungroupBytes(grouped: Uint8Array, width: FrameGrouping): Uint8Array {
  if (width === 1) return grouped
  const count = Math.floor(grouped.length / width)
  const bytes = new Uint8Array(grouped.length)
  for (let k = 0; k < width; k++)
    for (let i = 0, to = k, from = k * count; i < count; i++, to += width, from++) bytes[to] = grouped[from]!
  bytes.set(grouped.subarray(count * width), count * width)
  return bytes
}
