import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { EMPTY_NODE, merkleLeaf, merkleProof, merkleRoot, verifyMerkleProof } from '../../src/crypto/merkle.ts'

describe('Merkle tree', () => {
  it('gives the leaf, row and column hashes of the n = 4 vector (walrus-protocol.md §19)', () => {
    const row0 = ['0001', '0203', '0400', '0602'].map((hex) => merkleLeaf(fromHex(hex)))
    expect(toHex(row0[0]!)).toBe('85ab460a6564d1e5ded17716cd5866650d7fbb9cada7fecabd5fe21e2f80e43a')
    expect(toHex(merkleRoot(row0))).toBe('f907c80590268803cbdceb3a4798bb375a3e0bf4f3d26bb1ea6a5e98a222b66a')
    const column3 = ['0602', '0000', '9101', '9703'].map((hex) => merkleLeaf(fromHex(hex)))
    expect(toHex(merkleRoot(column3))).toBe('cb4140de97af047e3a177e8a420653bf8853dc6c7b172be407844c7c3e8821c9')
  })

  it('of no leaves is the empty node, of one leaf the leaf', () => {
    expect(merkleRoot([])).toEqual(EMPTY_NODE)
    expect(merkleRoot([merkleLeaf(Uint8Array.of(1))])).toEqual(merkleLeaf(Uint8Array.of(1)))
  })

  it('proves every leaf at its own index and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.nat(), (count, pick, other) => {
        const leaves = Array.from({ length: count }, (_, i) => merkleLeaf(Uint8Array.of(i)))
        const index = pick % count
        const root = merkleRoot(leaves)
        const path = merkleProof(leaves, index)
        expect(verifyMerkleProof(root, leaves[index]!, index, count, path)).toBe(true)
        const wrong = other % count
        if (wrong !== index) expect(verifyMerkleProof(root, leaves[index]!, wrong, count, path)).toBe(false)
        expect(verifyMerkleProof(root, leaves[index]!, index, count, [...path, EMPTY_NODE])).toBe(false)
      }),
    )
  })
})
