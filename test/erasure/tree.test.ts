import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { blake2b256 as reference } from '../../src/crypto/hash.ts'
import { merkleProof } from '../../src/crypto/merkle.ts'
import { blake2b256, merkleProofs } from '../../src/erasure/tree.ts'

const random = (seed: number, bytes: number) => createRng(seed).fill(new Uint8Array(bytes))

describe('the tree that needs no Node', () => {
  it('hashes as src/crypto does', () => {
    for (const bytes of [0, 1, 40, 127, 128, 129, 1000])
      expect(blake2b256(random(bytes, bytes), random(1, 9))).toEqual(reference(random(bytes, bytes), random(1, 9)))
  })

  it('proves as src/crypto does, at every leaf of trees of 1 to 20 leaves', () => {
    for (let count = 1; count <= 20; count++) {
      const leaves = Array.from({ length: count }, (_, i) => random(i, 32))
      const targets = leaves.map((_, i) => i)
      expect(merkleProofs(leaves, targets)).toEqual(targets.map((target) => merkleProof(leaves, target)))
    }
  })
})
