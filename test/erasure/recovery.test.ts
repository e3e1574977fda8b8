import { afterAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { merkleLeaf, verifyMerkleProof } from '../../src/crypto/merkle.ts'
import { sliverHashOf } from '../../src/erasure/blob-id.ts'
import { type SliverAxis, sourceCount } from '../../src/erasure/params.ts'
import { openCoders } from './coders.ts'

const coders = openCoders()
afterAll(() => Promise.all(coders.map((coder) => coder.close())))
const AXES: readonly SliverAxis[] = ['primary', 'secondary']
const other = (axis: SliverAxis): SliverAxis => (axis === 'primary' ? 'secondary' : 'primary')

describe.each(coders)('recovering slivers $name', ({ coder }) => {
  it.each([4, 7, 10, 13, 31])('gives back every sliver on both axes at %i shards', async (n) => {
    using encoded = await coder.encodeBlob(n, createRng(n).fill(new Uint8Array(70 * n)))
    const rng = createRng(n)
    for (const axis of AXES) {
      const needed = sourceCount(encoded.params, other(axis))
      for (let index = 0; index < n; index++) {
        const start = rng.below(n)
        const sources = Array.from({ length: n }, (_, i) => (i + start) % n).slice(0, needed)
        const symbols = await Promise.all(
          sources.map(async (source) => {
            const sliver = encoded.sliver(other(axis), source)
            const [symbol] = await coder.recoverySymbols(encoded.metadata, other(axis), sliver, [index])
            return symbol!
          }),
        )
        const recovered = await coder.recoverSliver(encoded.metadata, axis, index, symbols)
        expect(recovered).toEqual(encoded.sliver(axis, index))
      }
    }
  })

  it('proves every symbol under the hash of its source sliver', async () => {
    const n = 10
    using encoded = await coder.encodeBlob(n, createRng(n).fill(new Uint8Array(3000)))
    const targets = Array.from({ length: n }, (_, i) => i)
    for (const axis of AXES)
      for (let source = 0; source < n; source++) {
        const symbols = await coder.recoverySymbols(encoded.metadata, axis, encoded.sliver(axis, source), targets)
        const root = sliverHashOf(encoded.metadata, axis, source)
        for (const { sourceIndex, targetIndex, bytes, proof } of symbols) {
          expect(sourceIndex).toBe(source)
          expect(verifyMerkleProof(root, merkleLeaf(bytes), targetIndex, n, proof)).toBe(true)
        }
      }
  })

  it('refuses a sliver that a wrong symbol has spoiled', async () => {
    using encoded = await coder.encodeBlob(7, createRng(1).fill(new Uint8Array(300)))
    const symbols = await Promise.all(
      [0, 1, 2, 3, 6].map(async (source) => {
        const sliver = encoded.sliver('secondary', source)
        return (await coder.recoverySymbols(encoded.metadata, 'secondary', sliver, [5]))[0]!
      }),
    )
    await expect(coder.recoverSliver(encoded.metadata, 'primary', 5, symbols)).resolves.toMatchObject({ index: 5 })
    symbols[2]!.bytes[0]! ^= 1
    await expect(coder.recoverSliver(encoded.metadata, 'primary', 5, symbols)).rejects.toMatchObject({
      code: 'ERASURE_SLIVER_MISMATCH',
      data: expect.objectContaining({ axis: 'primary', index: 5 }),
    })
  })

  it('refuses too few symbols, and symbols of a wrong size or index', async () => {
    using encoded = await coder.encodeBlob(7, createRng(1).fill(new Uint8Array(300)))
    const { symbolBytes } = encoded.params
    const symbol = (sourceIndex: number, bytes = symbolBytes) => ({ sourceIndex, bytes: new Uint8Array(bytes) })
    const recover = (...symbols: ReturnType<typeof symbol>[]) =>
      coder.recoverSliver(encoded.metadata, 'secondary', 0, symbols)
    await expect(recover(symbol(0), symbol(0), symbol(1))).rejects.toMatchObject({
      code: 'ERASURE_NOT_ENOUGH',
      data: expect.objectContaining({ got: 2, needed: 3 }),
    })
    await expect(recover(symbol(7))).rejects.toMatchObject({ code: 'ERASURE_INPUT' })
    await expect(recover(symbol(0, symbolBytes - 2))).rejects.toMatchObject({ code: 'ERASURE_INPUT' })
    await expect(coder.recoverSliver(encoded.metadata, 'primary', 7, [])).rejects.toThrow(RangeError)
    const sliver = encoded.sliver('primary', 0)
    await expect(coder.recoverySymbols(encoded.metadata, 'primary', sliver, [7])).rejects.toThrow(RangeError)
  })
})

describe.each(coders)('verifying slivers $name', ({ coder }) => {
  it('accepts every sliver of a blob and no other', async () => {
    using encoded = await coder.encodeBlob(13, createRng(2).fill(new Uint8Array(5000)))
    for (const axis of AXES)
      for (let index = 0; index < 13; index++) {
        const sliver = encoded.sliver(axis, index)
        await coder.verifySliver(encoded.metadata, axis, sliver)
        const moved = { ...sliver, index: (index + 1) % 13 }
        await expect(coder.verifySliver(encoded.metadata, axis, moved)).rejects.toMatchObject({
          code: 'ERASURE_SLIVER_MISMATCH',
        })
      }
  })

  it('works on a view into a larger buffer', async () => {
    using encoded = await coder.encodeBlob(7, createRng(2).fill(new Uint8Array(1000)))
    const sliver = encoded.sliver('primary', 4)
    const around = Buffer.alloc(10_000)
    around.set(sliver.bytes, 77)
    const view = around.subarray(77, 77 + sliver.bytes.length)
    await coder.verifySliver(encoded.metadata, 'primary', { ...sliver, bytes: view })
    const symbols = await coder.recoverySymbols(encoded.metadata, 'primary', { ...sliver, bytes: view }, [6])
    expect(symbols).toEqual(await coder.recoverySymbols(encoded.metadata, 'primary', sliver, [6]))
  })
})
