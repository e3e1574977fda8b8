import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { createRng, type Rng } from '../../src/base/rng.ts'
import { merkleLeaf, merkleRoot } from '../../src/crypto/merkle.ts'
import { blobIdOf } from '../../src/erasure/blob-id.ts'
import { createNaiveEngine } from '../../src/erasure/engine-naive.ts'
import { blobParams, type Sliver, type SliverAxis, sourceCount } from '../../src/erasure/params.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'
import { openCoders } from './coders.ts'

const coders = openCoders()
afterAll(() => Promise.all(coders.map((coder) => coder.close())))
const sync = createSyncCoder()
const AXES: readonly SliverAxis[] = ['primary', 'secondary']

const random = (seed: number, bytes: number) => createRng(seed).fill(new Uint8Array(bytes))

/** `missing` of the systematic slivers are absent, recovery slivers stand in for them; order shuffled. */
function choose(rng: Rng, shardCount: number, sources: number, missing: number): number[] {
  const shuffled = (from: number, count: number) => {
    const indexes = Array.from({ length: count }, (_, i) => from + i)
    for (let i = count - 1; i > 0; i--) {
      const j = rng.below(i + 1)
      ;[indexes[i], indexes[j]] = [indexes[j]!, indexes[i]!]
    }
    return indexes
  }
  const systematic = shuffled(0, sources).slice(0, sources - missing)
  return [...shuffled(sources, shardCount - sources).slice(0, missing), ...systematic]
}

describe.each(coders)('decoding $name', ({ coder }) => {
  it.each([4, 7, 10, 13, 21, 31])('restores the blob at every erasure weight on both axes (%i shards)', async (n) => {
    const blob = random(n, 40 * n + 1)
    using encoded = await coder.encodeBlob(n, blob)
    const rng = createRng(n)
    for (const axis of AXES) {
      const sources = sourceCount(encoded.params, axis)
      for (let missing = 0; missing <= Math.min(sources, n - sources); missing++) {
        const slivers = choose(rng, n, sources, missing).map((index) => encoded.sliver(axis, index))
        const back = await coder.decodeBlob(encoded.metadata, axis, slivers)
        expect(Buffer.compare(back, blob), `${axis}, ${missing} missing`).toBe(0)
      }
    }
  })

  it.each([100, 208])('restores from the fewest systematic slivers at %i shards, under each consistency', async (n) => {
    const blob = random(n, 30_001)
    using encoded = await coder.encodeBlob(n, blob)
    for (const axis of AXES) {
      const sources = sourceCount(encoded.params, axis)
      const indexes = choose(createRng(n), n, sources, Math.min(sources, n - sources))
      const slivers = indexes.map((index) => encoded.sliver(axis, index))
      for (const consistency of ['default', 'strict', 'skip'] as const) {
        const back = await coder.decodeBlob(encoded.metadata, axis, slivers, { consistency })
        expect(Buffer.compare(back, blob)).toBe(0)
      }
    }
  })

  it('handles the empty blob and blobs of a byte', async () => {
    for (const bytes of [0, 1]) {
      using encoded = await coder.encodeBlob(7, random(1, bytes))
      for (const axis of AXES) {
        const slivers = Array.from({ length: 5 }, (_, i) => encoded.sliver(axis, 6 - i))
        expect(await coder.decodeBlob(encoded.metadata, axis, slivers)).toEqual(random(1, bytes))
      }
    }
  })

  it('returns memory of its own, unshared', async () => {
    using encoded = await coder.encodeBlob(7, random(1, 100))
    const slivers = [0, 1, 2].map((index) => encoded.sliver('primary', index))
    const blob = await coder.decodeBlob(encoded.metadata, 'primary', slivers, { verified: true })
    expect(blob.buffer).toBeInstanceOf(ArrayBuffer)
    expect(slivers[0]!.bytes.buffer).toBeInstanceOf(ArrayBuffer)
  })

  it('ignores surplus and repeated slivers', async () => {
    using encoded = await coder.encodeBlob(10, random(3, 500))
    const slivers = [9, 9, 8, 8, 7, 6, 5, 0].map((index) => encoded.sliver('primary', index))
    expect(await coder.decodeBlob(encoded.metadata, 'primary', slivers)).toEqual(random(3, 500))
  })

  it('says how many are missing', async () => {
    using encoded = await coder.encodeBlob(10, random(3, 500))
    const slivers = [9, 9, 9, 8, 7].map((index) => encoded.sliver('primary', index))
    await expect(coder.decodeBlob(encoded.metadata, 'primary', slivers)).rejects.toMatchObject({
      code: 'ERASURE_NOT_ENOUGH',
      kind: 'network',
      data: { axis: 'primary', got: 3, needed: 4 },
    })
    await expect(coder.decodeBlob(encoded.metadata, 'secondary', [])).rejects.toMatchObject({
      code: 'ERASURE_NOT_ENOUGH',
    })
  })

  it('names a sliver with one flipped bit, wherever it is', async () => {
    using encoded = await coder.encodeBlob(13, random(5, 3000))
    const rng = createRng(5)
    for (const axis of AXES) {
      const sources = sourceCount(encoded.params, axis)
      const indexes = choose(rng, 13, sources, 2)
      for (const bad of [0, sources - 1]) {
        const slivers = indexes.map((index) => encoded.sliver(axis, index))
        slivers[bad]!.bytes[rng.below(slivers[bad]!.bytes.length)]! ^= 1 << rng.below(8)
        await expect(coder.decodeBlob(encoded.metadata, axis, slivers)).rejects.toMatchObject({
          code: 'ERASURE_SLIVER_MISMATCH',
          kind: 'integrity',
          data: expect.objectContaining({ axis, index: indexes[bad] }),
        })
      }
    }
  })

  it('refuses slivers of a wrong index, symbol size or length', async () => {
    using encoded = await coder.encodeBlob(7, random(5, 100))
    const good = [0, 1, 2].map((index) => encoded.sliver('primary', index))
    const changes: [string, Partial<Sliver>][] = [
      ['index', { index: 7 }],
      ['index', { index: -1 }],
      ['index', { index: 0.5 }],
      ['symbol size', { symbolBytes: 10 }],
      ['length', { bytes: new Uint8Array(38) }],
      ['length', { bytes: new Uint8Array(42) }],
    ]
    for (const [fault, change] of changes) {
      const refused = { code: 'ERASURE_SLIVER_SHAPE', data: expect.objectContaining({ fault }) }
      const sliver = { ...good[0]!, ...change }
      await expect(coder.decodeBlob(encoded.metadata, 'primary', [sliver, ...good])).rejects.toMatchObject(refused)
      await expect(coder.verifySliver(encoded.metadata, 'primary', sliver)).rejects.toMatchObject(refused)
    }
  })

  it('refuses metadata that no blob can have', async () => {
    using encoded = await coder.encodeBlob(7, random(5, 100))
    const slivers = [0, 1, 2].map((index) => encoded.sliver('primary', index))
    for (const [change, code] of [
      [{ shardCount: 3 }, 'ERASURE_SHARD_COUNT'],
      [{ shardCount: 8 }, 'ERASURE_INPUT'],
      [{ blobBytes: 983_011 }, 'ERASURE_BLOB_TOO_LARGE'],
      [{ pairHashes: new Uint8Array(64) }, 'ERASURE_INPUT'],
    ] as const)
      await expect(coder.decodeBlob({ ...encoded.metadata, ...change }, 'primary', slivers)).rejects.toMatchObject({
        code,
      })
  })
})

describe('an inconsistent encoding', () => {
  const n = 7
  const blob = random(9, 100)
  const honest = sync.encodeBlob(n, blob)

  /** A writer that swapped in a sliver of another blob and signed metadata over it. */
  function lie(axis: SliverAxis, index: number) {
    const other = sync.encodeBlob(n, random(10, 100))
    const pairHashes = honest.metadata.pairHashes.slice()
    const from = axis === 'primary' ? 64 * index : 64 * (n - 1 - index) + 32
    pairHashes.set(other.metadata.pairHashes.subarray(from, from + 32), from)
    return {
      metadata: { ...honest.metadata, pairHashes },
      sliver: (at: number) => (at === index ? other : honest).sliver(axis, at),
    }
  }

  it('is found by the default check when the lying sliver takes part in decoding', () => {
    const { metadata, sliver } = lie('primary', 6)
    const slivers = [6, 1, 2].map(sliver)
    expect(() => sync.decodeBlob(metadata, 'primary', slivers)).toThrow(
      expect.objectContaining({ code: 'ERASURE_INCONSISTENT', kind: 'integrity' }),
    )
  })

  it('is found by the strict check even when the slivers read are honest', () => {
    const { metadata, sliver } = lie('primary', 6)
    const slivers = [0, 1, 2].map(sliver)
    expect(sync.decodeBlob(metadata, 'primary', slivers)).toEqual(blob)
    expect(() => sync.decodeBlob(metadata, 'primary', slivers, { consistency: 'strict' })).toThrow(
      expect.objectContaining({ code: 'ERASURE_INCONSISTENT' }),
    )
  })

  it('two default readers of one lying blob agree or fail, whatever they read', () => {
    const { metadata, sliver } = lie('primary', 1)
    const outcomes = new Set<string>()
    for (const indexes of [
      [0, 1, 2],
      [1, 2, 3],
      [4, 5, 6],
      [0, 1, 6],
    ]) {
      try {
        outcomes.add(Buffer.from(sync.decodeBlob(metadata, 'primary', indexes.map(sliver))).toString('hex'))
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERASURE_INCONSISTENT' })
      }
    }
    expect(outcomes.size).toBe(1)
  })

  it('gives an id to what it claims, which is why only re-encoding tells', () => {
    const { metadata } = lie('primary', 6)
    const root = ({ pairHashes }: { pairHashes: Uint8Array }) =>
      merkleRoot(Array.from({ length: n }, (_, p) => merkleLeaf(pairHashes.subarray(64 * p, 64 * (p + 1)))))
    expect(root(honest.metadata)).toEqual(honest.rootHash)
    expect(blobIdOf(root(metadata), 100)).not.toEqual(honest.blobId)
  })
})

describe('the coder over the naive engine', () => {
  const naive = createSyncCoder(createNaiveEngine())

  it('encodes and decodes to the same bytes as the fast one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 16 }), fc.integer({ min: 0, max: 1500 }), fc.nat(), (n, bytes, seed) => {
        const blob = random(seed, bytes)
        const [slow, fast] = [naive.encodeBlob(n, blob), sync.encodeBlob(n, blob)]
        expect(slow.metadata).toEqual(fast.metadata)
        const rng = createRng(seed)
        for (const axis of AXES) {
          const sources = sourceCount(blobParams(n, bytes), axis)
          const missing = rng.below(Math.min(sources, n - sources) + 1)
          const slivers = choose(rng, n, sources, missing).map((index) => slow.sliver(axis, index))
          expect(slivers).toEqual(slivers.map(({ index }) => fast.sliver(axis, index)))
          expect(naive.decodeBlob(fast.metadata, axis, slivers)).toEqual(blob)
          expect(sync.decodeBlob(slow.metadata, axis, slivers)).toEqual(blob)
        }
      }),
      { numRuns: 40, seed: 20_261_122 },
    )
  })
})
