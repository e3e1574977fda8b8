/** The slivers of an encoded blob, copied out of wherever they are kept. */

import type { BlobIdentity, EncodedBlob } from './api.ts'
import type { BlobParams, Sliver, SliverAxis } from './params.ts'
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
    if (have === 0) return
    if (isMemory(region)) into.set(region.subarray(position, position + have))
    else file!.read(region, position, into.subarray(0, have))
  }
  const sliver = (axis: SliverAxis, index: number): Sliver => {
    if (released) throw new TypeError('the encoded blob has been released')
    if (!Number.isInteger(index) || index < 0 || index >= params.shardCount)
      throw new RangeError(`"index" expected 0..${params.shardCount - 1}, got ${index}`)
    const bytes = axis === 'primary' ? row(params, encoding, index, read) : column(params, encoding, index, read)
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

type Read = (region: Region, position: number, into: Uint8Array) => void

function row(params: BlobParams, { blob, rows }: Encoding, index: number, read: Read): Uint8Array {
  const { primarySliverBytes: length, primarySourceCount: kp } = params
  const bytes = new Uint8Array(length)
  if (index < kp) read(blob, index * length, bytes)
  else read(rows, (index - kp) * length, bytes)
  return bytes
}

function column(params: BlobParams, { blob, columns }: Encoding, index: number, read: Read): Uint8Array {
  const { secondarySliverBytes: length, secondarySourceCount: ks, primarySliverBytes, symbolBytes: s } = params
  const bytes = new Uint8Array(length)
  if (index >= ks) read(columns, (index - ks) * length, bytes)
  else
    for (let r = 0; r < params.primarySourceCount; r++)
      read(blob, r * primarySliverBytes + index * s, bytes.subarray(r * s, (r + 1) * s))
  return bytes
}
