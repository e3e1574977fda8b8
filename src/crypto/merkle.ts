/** The Merkle tree of Walrus: BLAKE2b-256, leaf prefix 0x00, inner prefix 0x01.
 *
 *  A level of odd length above one is padded with one empty node: 32 zero bytes, not hashed and not a copy of the last.
 *  @see walrus-core merkle.rs; vectors in test/vectors/erasure */

import { equalBytes } from '../base/bytes.ts'
import { blake2b256 } from './hash.ts'

const LEAF = Uint8Array.of(0)
const INNER = Uint8Array.of(1)
export const EMPTY_NODE: Uint8Array = new Uint8Array(32)

export function merkleLeaf(bytes: Uint8Array): Uint8Array {
  return blake2b256(LEAF, bytes)
}

function merkleLevel(nodes: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = []
  for (let i = 0; i < nodes.length; i += 2) above.push(blake2b256(INNER, nodes[i]!, nodes[i + 1] ?? EMPTY_NODE))
  return above
}

/** Root over leaf hashes in index order; no leaves give the empty node. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  let level = leaves
  while (level.length > 1) level = merkleLevel(level)
  return level[0] ?? EMPTY_NODE
}

/** Sibling hashes from the leaf up to below the root. */
export function merkleProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length)
    throw new RangeError(`"index" expected 0..${leaves.length - 1}, got ${index}`)
  const path: Uint8Array[] = []
  let level = leaves
  for (let at = index; level.length > 1; at >>>= 1) {
    path.push(level[at ^ 1] ?? EMPTY_NODE)
    level = merkleLevel(level)
  }
  return path
}

/** True if the leaf hash stands at the index under the root, by a proof of exactly the tree's depth. */
export function verifyMerkleProof(
  root: Uint8Array,
  leaf: Uint8Array,
  index: number,
  leafCount: number,
  path: readonly Uint8Array[],
): boolean {
  if (index < 0 || index >= leafCount || path.length !== Math.ceil(Math.log2(leafCount))) return false
  let node = leaf
  let at = index
  for (const sibling of path) {
    node = at % 2 === 0 ? blake2b256(INNER, node, sibling) : blake2b256(INNER, sibling, node)
    at >>>= 1
  }
  return equalBytes(node, root)
}
