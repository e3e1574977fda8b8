/** `@mysten/walrus-wasm` as the encoder to compare with. It takes and fills BCS of whole slivers. */

import { BlobEncoder } from '@mysten/walrus-wasm'
import type { EncodedBlob } from '../../src/erasure/api.ts'
import { blobParams } from '../../src/erasure/params.ts'
import { encodeSliver } from '../../src/protocol/sliver.ts'

const ulebBytes = (value: number) => (value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : 4)

export interface PeerBuffers {
  readonly primary: Uint8Array[]
  readonly secondary: Uint8Array[]
}

/** Room for all slivers, which the peer wants from its caller. */
export function peerBuffers(shardCount: number, blobBytes: number): PeerBuffers {
  const { primarySliverBytes, secondarySliverBytes } = blobParams(shardCount, blobBytes)
  const buffers = (bytes: number) =>
    Array.from({ length: shardCount }, () => new Uint8Array(ulebBytes(bytes) + bytes + 4))
  return { primary: buffers(primarySliverBytes), secondary: buffers(secondarySliverBytes) }
}

/** Encodes and returns the blob id. */
export function peerEncode(shardCount: number, blob: Uint8Array, { primary, secondary }: PeerBuffers): Uint8Array {
  const encoder = new BlobEncoder(shardCount)
  const [{ blob_id: blobId }] = encoder.encode(blob, primary, secondary) as [{ blob_id: number[] }]
  encoder.free()
  return Uint8Array.from(blobId)
}

/** Primary slivers as the peer reads them. */
export function peerSlivers(encoded: EncodedBlob, indexes: readonly number[]): Uint8Array[] {
  return indexes.map((index) => encodeSliver(encoded.sliver('primary', index)))
}

export function peerDecode(encoded: EncodedBlob, slivers: Uint8Array[], into: Uint8Array): void {
  const { shardCount, blobBytes } = encoded.params
  const encoder = new BlobEncoder(shardCount)
  encoder.decode([...encoded.blobId], BigInt(blobBytes), slivers, into)
  encoder.free()
}

/** As `readBlob` of the official client does it: it checks no sliver, decodes, and encodes again to compare the blob id.
 *  @throws {Error} if that is another */
export function peerDecodeAndVerify(encoded: EncodedBlob, slivers: Uint8Array[], into: Uint8Array): void {
  peerDecode(encoded, slivers, into)
  const encoder = new BlobEncoder(encoded.params.shardCount)
  const [blobId] = encoder.compute_metadata(into) as [number[]]
  encoder.free()
  if (Buffer.compare(Uint8Array.from(blobId), encoded.blobId) !== 0) throw new Error('the peer finds another blob id')
}
