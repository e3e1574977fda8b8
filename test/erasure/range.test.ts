import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { blobParams, rowsOfRange, type Sliver, type SliverAxis, sourceCount } from '../../src/erasure/params.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'
import { openCoders } from './coders.ts'

const coders = openCoders()
afterAll(() => Promise.all(coders.map((coder) => coder.close())))
const sync = createSyncCoder()
const AXES: readonly SliverAxis[] = ['primary', 'secondary']
const random = (seed: number, bytes: number) => createRng(seed).fill(new Uint8Array(bytes))

describe('the rows of a range', () => {
  it('are those that its bytes lie in', () => {
    // 10 shards: 4 rows of 7 symbols of 36 bytes.
    const params = blobParams(10, 1000)
    expect(params.primarySliverBytes).toBe(252)
    expect(rowsOfRange(params, 0, 1000)).toEqual({ first: 0, count: 4 })
    expect(rowsOfRange(params, 251, 252)).toEqual({ first: 0, count: 1 })
    expect(rowsOfRange(params, 251, 253)).toEqual({ first: 0, count: 2 })
    expect(rowsOfRange(params, 252, 504)).toEqual({ first: 1, count: 1 })
    expect(rowsOfRange(params, 500, 500)).toMatchObject({ count: 0 })
    for (const [from, to] of [
      [-1, 5],
      [6, 5],
      [0, 1001],
      [0.5, 2],
    ] as const)
      expect(() => rowsOfRange(params, from, to)).toThrow(RangeError)
  })
})

describe.each(coders)('a range decoded $name', ({ coder }) => {
  it('is what the whole blob has there, from its rows alone or from any sufficient slivers', async () => {
    const n = 31
    const blob = random(1, 9001)
    using encoded = await coder.encodeBlob(n, blob)
    const { primarySliverBytes: rowBytes } = encoded.params
    const last = (axis: SliverAxis): Sliver[] =>
      Array.from({ length: sourceCount(encoded.params, axis) }, (_, i) => encoded.sliver(axis, n - 1 - i))
    for (const [from, to] of [
      [0, 9001],
      [0, 1],
      [9000, 9001],
      [rowBytes - 1, rowBytes + 1],
      [rowBytes, 3 * rowBytes],
      [4000, 4000],
    ] as const) {
      const { first, count } = rowsOfRange(encoded.params, from, to)
      const rows = Array.from({ length: count }, (_, i) => encoded.sliver('primary', first + i))
      const expected = blob.subarray(from, to)
      for (const verified of [false, true])
        expect(await coder.decodeRange(encoded.metadata, 'primary', rows, { from, to }, { verified })).toEqual(expected)
      for (const axis of AXES)
        for (const consistency of ['default', 'strict', 'skip'] as const)
          expect(
            await coder.decodeRange(encoded.metadata, axis, last(axis), { from, to }, { consistency }),
            `${axis} ${consistency} ${from}..${to}`,
          ).toEqual(expected)
    }
  })

  it('fills the memory it is given, of exactly its length', async () => {
    using encoded = await coder.encodeBlob(7, random(2, 200))
    const rows = [0, 1, 2].map((index) => encoded.sliver('primary', index))
    const into = new Uint8Array(50)
    const range = { from: 100, to: 150 }
    expect(await coder.decodeRange(encoded.metadata, 'primary', rows, range, { into })).toBe(into)
    expect(into).toEqual(random(2, 200).subarray(100, 150))
    const whole = new Uint8Array(200)
    expect(await coder.decodeBlob(encoded.metadata, 'primary', rows, { into: whole, verified: true })).toBe(whole)
    expect(whole).toEqual(random(2, 200))
    await expect(
      coder.decodeRange(encoded.metadata, 'primary', rows, range, { into: new Uint8Array(51) }),
    ).rejects.toThrow(RangeError)
  })

  it('leaves rows where they are that were received in their places', async () => {
    using encoded = await coder.encodeBlob(7, random(2, 201))
    const { primarySliverBytes } = encoded.params
    const received = new Uint8Array(3 * primarySliverBytes)
    const rows = [0, 1, 2].map((index) => {
      const place = received.subarray(index * primarySliverBytes, (index + 1) * primarySliverBytes)
      return encoded.sliver('primary', index, place)
    })
    const into = received.subarray(0, 201)
    expect(await coder.decodeBlob(encoded.metadata, 'primary', rows, { into, verified: true })).toBe(into)
    expect(into).toEqual(random(2, 201))
    expect(await coder.decodeBlob(encoded.metadata, 'primary', rows, { into })).toEqual(random(2, 201))
  })

  it('refuses rows that are not of the blob, too few slivers, and ranges outside', async () => {
    const n = 10
    using encoded = await coder.encodeBlob(n, random(3, 1000))
    const range = { from: 300, to: 400 }
    const bad = encoded.sliver('primary', 1)
    bad.bytes[9]! ^= 4
    await expect(coder.decodeRange(encoded.metadata, 'primary', [bad], range)).rejects.toMatchObject({
      code: 'ERASURE_SLIVER_MISMATCH',
      data: expect.objectContaining({ index: 1 }),
    })
    const others = [0, 2, 3].map((index) => encoded.sliver('primary', index))
    await expect(coder.decodeRange(encoded.metadata, 'primary', others, range)).rejects.toMatchObject({
      code: 'ERASURE_NOT_ENOUGH',
      data: { axis: 'primary', got: 3, needed: 4 },
    })
    await expect(coder.decodeRange(encoded.metadata, 'primary', others, { from: 0, to: 1001 })).rejects.toThrow(
      RangeError,
    )
  })

  it('of a lying writer is found out where a row had to be rebuilt', async () => {
    const n = 7
    using honest = await coder.encodeBlob(n, random(9, 100))
    using other = await coder.encodeBlob(n, random(10, 100))
    const pairHashes = honest.metadata.pairHashes.slice()
    pairHashes.set(other.metadata.pairHashes.subarray(64 * 6, 64 * 6 + 32), 64 * 6)
    const metadata = { ...honest.metadata, pairHashes }
    const slivers = [honest.sliver('primary', 1), honest.sliver('primary', 2), other.sliver('primary', 6)]
    // Row 0 is rebuilt with the help of the false one; row 1 was given.
    const decode = (from: number, to: number) => coder.decodeRange(metadata, 'primary', slivers, { from, to })
    await expect(decode(0, 10)).rejects.toMatchObject({ code: 'ERASURE_INCONSISTENT', data: { row: 0 } })
    expect(await decode(45, 60)).toEqual(random(9, 100).subarray(45, 60))
  })
})

describe('any range of any blob', () => {
  it('comes back from random slivers of either axis', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 40 }), fc.integer({ min: 0, max: 5000 }), fc.nat(), (n, bytes, seed) => {
        const rng = createRng(seed)
        const blob = random(seed, bytes)
        const encoded = sync.encodeBlob(n, blob)
        const from = rng.below(bytes + 1)
        const to = from + rng.below(bytes - from + 1)
        for (const axis of AXES) {
          const order = Array.from({ length: n }, (_, index) => ({ index, key: rng.nextU32() }))
          order.sort((a, b) => a.key - b.key)
          const slivers = order
            .slice(0, sourceCount(encoded.params, axis))
            .map(({ index }) => encoded.sliver(axis, index))
          expect(sync.decodeRange(encoded.metadata, axis, slivers, { from, to })).toEqual(blob.slice(from, to))
        }
      }),
      { numRuns: 60, seed: 20_261_122 },
    )
  })
})
