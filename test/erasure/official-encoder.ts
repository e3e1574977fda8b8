/** The official encoder as an oracle: every sliver, hash and id of a blob. */

import { BlobEncoder } from '@mysten/walrus-wasm'
import { expect } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import type { EncodedBlob } from '../../src/erasure/api.ts'
import { blobParams, type Sliver } from '../../src/erasure/params.ts'
import { encodeSliver } from '../../src/protocol/sliver.ts'

interface OfficialHashes {
  blob_id: number[]
  metadata: {
    V1: { hashes: { primary_hash: { Digest: number[] }; secondary_hash: { Digest: number[] } }[] }
  }
}

export interface OfficialEncoding {
  readonly blobId: Uint8Array
  readonly rootHash: Uint8Array
  readonly pairHashes: Uint8Array
  /** BCS of SliverData by pair index. */
  readonly primary: readonly Uint8Array[]
  readonly secondary: readonly Uint8Array[]
}

const ulebBytes = (value: number) => (value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : 4)

export function officialEncoding(shardCount: number, blob: Uint8Array): OfficialEncoding {
  const params = blobParams(shardCount, blob.length)
  const buffers = (bytes: number) =>
    Array.from({ length: shardCount }, () => new Uint8Array(ulebBytes(bytes) + bytes + 4))
  const primary = buffers(params.primarySliverBytes)
  const secondary = buffers(params.secondarySliverBytes)
  const encoder = new BlobEncoder(shardCount)
  const [{ blob_id, metadata }, root] = encoder.encode(blob, primary, secondary) as [
    OfficialHashes,
    { Digest: number[] },
  ]
  encoder.free()
  const pairHashes = Uint8Array.from(
    metadata.V1.hashes.flatMap((pair) => [...pair.primary_hash.Digest, ...pair.secondary_hash.Digest]),
  )
  return {
    blobId: Uint8Array.from(blob_id),
    rootHash: Uint8Array.from(root.Digest),
    pairHashes,
    primary,
    secondary,
  }
}

/** The blob as the official decoder gives it back from primary slivers. */
export function officialDecoding(encoded: EncodedBlob, slivers: readonly Sliver[]): Uint8Array {
  const { shardCount, blobBytes } = encoded.params
  const into = new Uint8Array(blobBytes)
  const encoder = new BlobEncoder(shardCount)
  encoder.decode([...encoded.blobId], BigInt(blobBytes), slivers.map(encodeSliver), into)
  encoder.free()
  return into
}

/** Every byte of an encoding against the oracle. */
export function expectOfficial(encoded: EncodedBlob, official: OfficialEncoding): void {
  const { shardCount, blobBytes } = encoded.params
  const label = `${shardCount} shards, ${blobBytes} bytes`
  expect(toHex(encoded.blobId), label).toBe(toHex(official.blobId))
  expect(toHex(encoded.rootHash), label).toBe(toHex(official.rootHash))
  expect(Buffer.compare(encoded.metadata.pairHashes, official.pairHashes), label).toBe(0)
  for (let p = 0; p < shardCount; p++) {
    const { primary, secondary } = encoded.pair(p)
    // One comparison per sliver: matchers are slow on bulk data.
    if (Buffer.compare(encodeSliver(primary), official.primary[p]!) !== 0) expect.fail(`${label}: primary sliver ${p}`)
    if (Buffer.compare(encodeSliver(secondary), official.secondary[p]!) !== 0)
      expect.fail(`${label}: secondary sliver of pair ${p}`)
  }
}

/** Lengths around every border: no byte, one symbol each, symbol sizes around blocks of 64 bytes. */
export function borderSizes(shardCount: number, symbolSizes: readonly number[] = [2, 64, 66, 128]): number[] {
  const { primarySourceCount, secondarySourceCount } = blobParams(shardCount, 0)
  const symbols = primarySourceCount * secondarySourceCount
  const sizes = symbolSizes.flatMap((size) => [symbols * size - 1, symbols * size, symbols * size + 1])
  return [...new Set([0, 1, symbols - 1, symbols, symbols + 1, ...sizes])]
}
