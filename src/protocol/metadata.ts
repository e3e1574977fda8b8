/** Blob metadata V1: the Merkle roots of every sliver pair. It is what makes slivers from strangers checkable.
 *
 *  PUT takes `BlobMetadata`, GET returns `BlobMetadataWithId` (32 bytes more). Layout: README.md §2. */

import { equalBytes } from '../base/bytes.ts'
import { ByteReader, ByteWriter, CodecError } from '../codec/cursor.ts'
import { merkleLeaf, merkleRoot } from '../crypto/merkle.ts'
import { assertBlobId, type BlobId, blobIdFor, blobIdText } from './blob-id.ts'
import { ProtocolError, parsing } from './errors.ts'
import { ENCODING_RS2, HASH_BYTES, MAX_SHARD_COUNT, MIN_SHARD_COUNT, maxBlobBytes } from './limits.ts'
import type { SliverAxis } from './shards.ts'

export interface BlobMetadata {
  /** Bytes of the unencoded blob. */
  readonly blobBytes: number
  readonly shardCount: number
  /** 64 bytes per pair, in pair order: primary root ‖ secondary root. The secondary of pair p is column n-1-p. */
  readonly pairHashes: Uint8Array
}

const PAIR_HASH_BYTES = 2 * HASH_BYTES
const VERSION_V1 = 0
const NODE_EMPTY = 0
const NODE_DIGEST = 1
const PAIR_WIRE_BYTES = 2 * (1 + HASH_BYTES)

/** Largest encoded metadata, with id: version, type, length, count, pairs. */
export const MAX_METADATA_BYTES = 32 + 1 + 1 + 8 + 2 + MAX_SHARD_COUNT * PAIR_WIRE_BYTES

/** Bytes of the PUT body at a shard count. */
export function metadataWireBytes(shardCount: number): number {
  return 1 + 1 + 8 + (shardCount < 128 ? 1 : 2) + shardCount * PAIR_WIRE_BYTES
}

/** Merkle root of a sliver: of row `index` on the primary axis, of column `index` on the secondary. A view. */
export function sliverHash(metadata: BlobMetadata, axis: SliverAxis, index: number): Uint8Array {
  if (!Number.isInteger(index) || index < 0 || index >= metadata.shardCount)
    throw new RangeError(`"index" expected 0..${metadata.shardCount - 1}, got ${index}`)
  const from =
    axis === 'primary' ? index * PAIR_HASH_BYTES : (metadata.shardCount - 1 - index) * PAIR_HASH_BYTES + HASH_BYTES
  return metadata.pairHashes.subarray(from, from + HASH_BYTES)
}

/** Root over the pair leaves; registration needs it beside the id. */
export function blobRoot(metadata: BlobMetadata): Uint8Array {
  const leaves: Uint8Array[] = []
  for (let at = 0; at < metadata.pairHashes.length; at += PAIR_HASH_BYTES)
    leaves.push(merkleLeaf(metadata.pairHashes.subarray(at, at + PAIR_HASH_BYTES)))
  return merkleRoot(leaves)
}

/** The blob id that the metadata implies. */
export function metadataBlobId(metadata: BlobMetadata): BlobId {
  return blobIdFor(blobRoot(metadata), metadata.blobBytes)
}

/** @throws {ProtocolError} PROTOCOL_METADATA if the metadata belongs to another blob or another shard count */
export function verifyMetadata(metadata: BlobMetadata, id: BlobId, shardCount: number): void {
  if (metadata.shardCount !== shardCount)
    throw new ProtocolError('PROTOCOL_METADATA', `metadata of ${metadata.shardCount} shards, expected ${shardCount}`, {
      blobId: blobIdText(id),
      expected: shardCount,
      got: metadata.shardCount,
    })
  const got = metadataBlobId(metadata)
  if (!equalBytes(got, id))
    throw new ProtocolError('PROTOCOL_METADATA', 'metadata belongs to another blob', {
      blobId: blobIdText(id),
      got: blobIdText(got),
    })
}

function writeMetadata(writer: ByteWriter, metadata: BlobMetadata): ByteWriter {
  const { shardCount, pairHashes } = metadata
  if (pairHashes.length !== shardCount * PAIR_HASH_BYTES)
    throw new RangeError(`"pairHashes" expected ${shardCount * PAIR_HASH_BYTES} bytes, got ${pairHashes.length}`)
  writer.u8(VERSION_V1).uleb(ENCODING_RS2).u64(metadata.blobBytes).uleb(shardCount)
  for (let at = 0; at < pairHashes.length; at += HASH_BYTES)
    writer.u8(NODE_DIGEST).bytes(pairHashes.subarray(at, at + HASH_BYTES))
  return writer
}

/** The PUT body. */
export function encodeMetadata(metadata: BlobMetadata): Uint8Array {
  return writeMetadata(new ByteWriter(metadataWireBytes(metadata.shardCount)), metadata).finish()
}

/** The GET body. */
export function encodeMetadataWithId(id: BlobId, metadata: BlobMetadata): Uint8Array {
  assertBlobId(id)
  return writeMetadata(new ByteWriter(32 + metadataWireBytes(metadata.shardCount)).bytes(id), metadata).finish()
}

function readMetadata(reader: ByteReader): BlobMetadata {
  const version = reader.uleb()
  if (version !== VERSION_V1) throw new CodecError('unknown metadata version', { version })
  const encoding = reader.uleb()
  if (encoding !== ENCODING_RS2) throw new CodecError('unsupported encoding type', { encoding })
  const blobBytes = reader.safeU64()
  const shardCount = reader.length(MAX_SHARD_COUNT, PAIR_WIRE_BYTES)
  if (shardCount < MIN_SHARD_COUNT) throw new CodecError('too few sliver pairs', { shardCount })
  if (blobBytes > maxBlobBytes(shardCount)) throw new CodecError('blob length above the largest', { blobBytes })
  const pairHashes = new Uint8Array(shardCount * PAIR_HASH_BYTES)
  for (let at = 0; at < pairHashes.length; at += HASH_BYTES) {
    const node = reader.uleb()
    // A sliver has n ≥ 4 leaves, so its root is never the empty node.
    if (node === NODE_EMPTY) throw new CodecError('empty node in place of a sliver hash')
    if (node !== NODE_DIGEST) throw new CodecError('unknown Merkle node', { node })
    pairHashes.set(reader.bytes(HASH_BYTES), at)
  }
  reader.end()
  return { blobBytes, shardCount, pairHashes }
}

/** Parses a PUT body. The content is not yet checked against an id: see `verifyMetadata`.
 *  @throws {ProtocolError} PROTOCOL_METADATA */
export function parseMetadata(bytes: Uint8Array): BlobMetadata {
  return parsing('PROTOCOL_METADATA', 'blob metadata', () => readMetadata(new ByteReader(bytes)))
}

/** Parses a GET body and checks that the id it carries is the id of its content.
 *  @throws {ProtocolError} PROTOCOL_METADATA */
export function parseMetadataWithId(bytes: Uint8Array): { id: BlobId; metadata: BlobMetadata } {
  return parsing('PROTOCOL_METADATA', 'blob metadata', () => {
    const reader = new ByteReader(bytes)
    const id = reader.bytes(32).slice()
    const metadata = readMetadata(reader)
    verifyMetadata(metadata, id, metadata.shardCount)
    return { id, metadata }
  })
}
