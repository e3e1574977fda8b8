/** The Merkle tree of Walrus for the few hashes that are not worth a kernel: proofs, and the id itself.
 *
 *  The same tree as `src/crypto/merkle.ts`, which imports node:crypto for SHA-256: the encoder runs in browsers too.
 *  A test compares the two. @see reference/walrus-protocol.md §4 */

import { blake2b } from '@noble/hashes/blake2.js'
import { concatBytes } from '../base/bytes.ts'

const INNER = Uint8Array.of(1)
/** Pads a level of odd length above one. */
const EMPTY_NODE = new Uint8Array(32)

/** BLAKE2b-256 of the parts, one after the other. */
export function blake2b256(...parts: readonly Uint8Array[]): Uint8Array {
  return blake2b(concatBytes(...parts), { dkLen: 32 })
}

/** Sibling hashes of each target, from the leaf up to below the root; levels are hashed once for all. */
export function merkleProofs(leaves: readonly Uint8Array[], targets: readonly number[]): Uint8Array[][] {
  const proofs = targets.map((): Uint8Array[] => [])
  let level = leaves
  for (let height = 0; level.length > 1; height++) {
    for (const [p, target] of targets.entries()) proofs[p]!.push(level[(target >>> height) ^ 1] ?? EMPTY_NODE)
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) above.push(blake2b256(INNER, level[i]!, level[i + 1] ?? EMPTY_NODE))
    level = above
  }
  return proofs
}
