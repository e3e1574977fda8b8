/** SliverData: one row or column as it travels and rests. The index inside is the SLIVER index (row or column), while
 *  URLs carry the PAIR index. Layout: README.md §3. */

import { ByteReader, ByteWriter, CodecError } from '../codec/cursor.ts'
import { ProtocolError, parsing } from './errors.ts'
import {
  maxSliverBodyBytes,
  primarySourceCount,
  SLIVER_BODY_SLACK_BYTES,
  secondarySourceCount,
  symbolBytesFor,
} from './limits.ts'
import type { BlobMetadata } from './metadata.ts'
import type { SliverAxis } from './shards.ts'

export interface SliverData {
  /** Symbols one after the other: ks of them on the primary axis, kp on the secondary. */
  readonly bytes: Uint8Array
  readonly symbolBytes: number
  /** Row index on the primary axis, column index on the secondary. */
  readonly index: number
}

export function encodeSliver(sliver: SliverData): Uint8Array {
  return new ByteWriter(sliver.bytes.length + 9)
    .byteVector(sliver.bytes)
    .u16(sliver.symbolBytes)
    .u16(sliver.index)
    .finish()
}

/** Parses one sliver of a network of `shardCount` shards; its bytes are a view.
 *  Checks form only: compare with metadata by `assertSliverShape`, then by hash.
 *  @throws {ProtocolError} PROTOCOL_SLIVER */
export function parseSliver(body: Uint8Array, shardCount: number): SliverData {
  return parsing('PROTOCOL_SLIVER', 'sliver', () => {
    const reader = new ByteReader(body)
    const bytes = reader.byteVector(maxSliverBodyBytes(shardCount) - SLIVER_BODY_SLACK_BYTES)
    const symbolBytes = reader.u16()
    const index = reader.u16()
    reader.end()
    if (symbolBytes === 0 || symbolBytes % 2 !== 0) throw new CodecError('symbol size is not even', { symbolBytes })
    if (index >= shardCount) throw new CodecError('sliver index out of range', { index, shardCount })
    return { bytes, symbolBytes, index }
  })
}

/** Bytes of a sliver on that axis. */
export function sliverBytes(axis: SliverAxis, shardCount: number, blobBytes: number): number {
  const symbols = axis === 'primary' ? secondarySourceCount(shardCount) : primarySourceCount(shardCount)
  return symbols * symbolBytesFor(shardCount, blobBytes)
}

/** Checks index, length and symbol size against the metadata; not the content.
 *  @throws {ProtocolError} PROTOCOL_SLIVER */
export function assertSliverShape(metadata: BlobMetadata, axis: SliverAxis, sliver: SliverData): void {
  const { shardCount, blobBytes } = metadata
  const expected = {
    symbolBytes: symbolBytesFor(shardCount, blobBytes),
    bytes: sliverBytes(axis, shardCount, blobBytes),
  }
  const fault =
    !Number.isInteger(sliver.index) || sliver.index < 0 || sliver.index >= shardCount
      ? 'index'
      : sliver.symbolBytes !== expected.symbolBytes
        ? 'symbol size'
        : sliver.bytes.length !== expected.bytes
          ? 'length'
          : undefined
  if (fault)
    throw new ProtocolError('PROTOCOL_SLIVER', `the ${axis} sliver has a wrong ${fault}`, {
      axis,
      index: sliver.index,
      symbolBytes: sliver.symbolBytes,
      bytes: sliver.bytes.length,
      expected,
      shardCount,
    })
}
