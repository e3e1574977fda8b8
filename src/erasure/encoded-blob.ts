/** The slivers of an encoded blob, copied out of wherever they are kept. */

import { copyBytes } from '../base/copy.ts'
import type { BlobIdentity, EncodedBlob } from './api.ts'
import { type BlobParams, type Sliver, type SliverAxis, sliverBytesOf } from './params.ts'
import type { EncodingStore, SpillFile } from './plan.ts'
import { isMemory, type Region } from './region.ts'

/** Everything that an encoded blob is made of. */
export interface Encoding {
  /** The blob's bytes: systematic rows and columns. */
  readonly blob: Region
  /** Columns ks..n-1. */
  readonly columns: Region
  /** Rows kp..n-1. */
  readonly rows: Region
}

/** @param file - that the regions are in, if they are not in memory
 *  @param free - gives back what the encoding holds; called once */
export function createEncodedBlob(
  identity: BlobIdentity,
  encoding: Encoding,
  file: SpillFile | undefined,
  free: () => void,
  encodings: EncodingStore | undefined,
): EncodedBlob {
  const { params } = identity
  let released = false
  const read = (region: Region, position: number, into: Uint8Array): void => {
    const have = Math.max(0, Math.min(into.length, region.length - position))
    // Behind the blob's end there is padding.
    if (have < into.length) into.fill(0, have)
    if (have === 0) return
    if (isMemory(region)) copyBytes(into, 0, region, position, have)
    else file!.read(region, position, into.subarray(0, have))
  }
  const { blob } = encoding
  const fromFile = isMemory(blob) ? undefined : createColumnReader(params, blob, read)
  const assertIndex = (index: number) => {
    if (released) throw new TypeError('the encoded blob has been released')
    if (!Number.isInteger(index) || index < 0 || index >= params.shardCount)
      throw new RangeError(`"index" expected 0..${params.shardCount - 1}, got ${index}`)
  }
  const view = (axis: SliverAxis, index: number): Uint8Array | undefined => {
    assertIndex(index)
    const length = sliverBytesOf(params, axis)
    const [region, at] =
      axis === 'primary' ? placeOfRow(params, encoding, index) : placeOfColumn(params, encoding, index)
    // The blob's last row may end in padding that is nowhere.
    if (!region || !isMemory(region) || (at + 1) * length > region.length) return undefined
    return region.subarray(at * length, (at + 1) * length)
  }
  const sliver = (axis: SliverAxis, index: number, into?: Uint8Array): Sliver => {
    assertIndex(index)
    const length = sliverBytesOf(params, axis)
    if (into && into.length !== length) throw new RangeError(`"into" expected ${length} bytes, got ${into.length}`)
    const bytes = into ?? new Uint8Array(length)
    if (axis === 'primary') readRow(params, encoding, index, read, bytes)
    else if (fromFile && index < params.secondarySourceCount) fromFile(index, bytes)
    else readColumn(params, encoding, index, read, bytes)
    return { bytes, symbolBytes: params.symbolBytes, index }
  }
  const release = () => {
    if (released) return
    released = true
    encodings?.unwatch(encoded)
    free()
  }
  const encoded: EncodedBlob = {
    ...identity,
    sliver,
    view,
    pair: (pairIndex) => ({
      primary: sliver('primary', pairIndex),
      secondary: sliver('secondary', params.shardCount - 1 - pairIndex),
    }),
    release,
    [Symbol.dispose]: release,
  }
  // `free` must not lead back to what it is called for, or that is never dropped.
  encodings?.watch(encoded, free)
  return encoded
}

/** Bytes of a region from a position on; zeros behind the blob's end. */
type Read = (region: Region, position: number, into: Uint8Array) => void

/** The region that a row is in, and how many rows stand before it there. */
function placeOfRow({ primarySourceCount: kp }: BlobParams, { blob, rows }: Encoding, index: number): [Region, number] {
  return index < kp ? [blob, index] : [rows, index - kp]
}

/** As above for columns; those of the blob itself are in one piece nowhere. */
function placeOfColumn(
  { secondarySourceCount: ks }: BlobParams,
  { columns }: Encoding,
  index: number,
): [Region | undefined, number] {
  return index < ks ? [undefined, index] : [columns, index - ks]
}

function readRow(params: BlobParams, encoding: Encoding, index: number, read: Read, into: Uint8Array): void {
  const [region, at] = placeOfRow(params, encoding, index)
  read(region, at * params.primarySliverBytes, into)
}

function readColumn(params: BlobParams, encoding: Encoding, index: number, read: Read, into: Uint8Array): void {
  const { secondarySliverBytes, primarySliverBytes, symbolBytes: s } = params
  const { blob } = encoding
  const [columns, at] = placeOfColumn(params, encoding, index)
  if (columns) read(columns, at * secondarySliverBytes, into)
  else if (isMemory(blob)) copyColumn(blob, index * s, primarySliverBytes, s, into)
  else
    for (let r = 0; r < params.primarySourceCount; r++)
      read(blob, r * primarySliverBytes + index * s, into.subarray(r * s, (r + 1) * s))
}

/** Up to here a loop over bytes takes less time than making a view. */
const SHORT_SYMBOL_BYTES = 128

/** Symbols of `s` bytes, `stride` apart from `from` on, one after the other; zeros where the blob has ended. */
function copyColumn(blob: Uint8Array, from: number, stride: number, s: number, into: Uint8Array): void {
  for (let to = 0, at = from; to < into.length; to += s, at += stride) {
    const have = Math.max(0, Math.min(s, blob.length - at))
    if (have > SHORT_SYMBOL_BYTES) copyBytes(into, to, blob, at, have)
    else for (let i = 0; i < have; i++) into[to + i] = blob[at + i]!
    if (have < s) into.fill(0, to + have, to + s)
  }
}

/** One call of the system should bring so much; a symbol is less for blobs up to 900 MB at 1000 shards. */
const READ_AT_ONCE_BYTES = 4096
const KEPT_COLUMN_BYTES = 32 * 2 ** 20

/** Systematic columns out of a file: neighbours are read together and kept for a while, since those who send slivers
 *  want neighbours soon. A call for each symbol of 128 MiB at 1000 shards, 222,778 of them, took 2.5 s. */
export function createColumnReader(
  params: BlobParams,
  blob: Region,
  read: Read,
  { readAtOnceBytes = READ_AT_ONCE_BYTES, keptBytes = KEPT_COLUMN_BYTES } = {},
): (index: number, into: Uint8Array) => void {
  const { secondarySourceCount: ks, primarySourceCount: kp, primarySliverBytes, symbolBytes: s } = params
  const width = Math.min(ks, Math.ceil(readAtOnceBytes / s))
  const groupBytes = width * kp * s
  const groups = new Map<number, Uint8Array>()
  const load = (first: number): Uint8Array => {
    const most = Math.floor(keptBytes / groupBytes)
    const oldest = groups.size >= most ? groups.keys().next().value : undefined
    const group = (oldest !== undefined && groups.get(oldest)) || new Uint8Array(groupBytes)
    if (oldest !== undefined) groups.delete(oldest)
    const bytes = Math.min(width, ks - first) * s
    for (let r = 0; r < kp; r++)
      read(blob, r * primarySliverBytes + first * s, group.subarray(r * width * s, r * width * s + bytes))
    return group
  }
  return (index, into) => {
    if (groupBytes > keptBytes || width === 1) {
      for (let r = 0; r < kp; r++) read(blob, r * primarySliverBytes + index * s, into.subarray(r * s, (r + 1) * s))
      return
    }
    const first = index - (index % width)
    const group = groups.get(first) ?? load(first)
    // Last used, last to go.
    groups.delete(first)
    groups.set(first, group)
    const at = (index - first) * s
    for (let r = 0; r < kp; r++) {
      const from = r * width * s + at
      into.set(group.subarray(from, from + s), r * s)
    }
  }
}
