/** Proofs that a tree has an entry with a path, or has none: the nodes from the root to the leaf where it stands or would
 *  stand. An auditor needs the tree id from a commit and nothing else.
 *
 *  A proof of absence holds for a tree that keeps the rules of the format; that all of it does, `verifyTree` shows. */

import { FloeError } from '../base/errors.ts'
import { ObjectMissingError, TreeProofError } from './errors.ts'
import { assertObjectBytes, type ObjectId } from './id.ts'
import type { ReadObject } from './reader.ts'
import { MAX_TREE_LEVEL, type TreeEntry } from './tree-node.ts'
import { findEntry } from './tree-walk.ts'

export interface TreeProof {
  /** Bytes of the nodes, root first. */
  nodes: readonly Uint8Array[]
}

/** The proof about a path. */
export async function proveEntry(
  read: ReadObject,
  root: ObjectId,
  path: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<TreeProof & { entry: TreeEntry | undefined }> {
  const nodes: Uint8Array[] = []
  const recording: ReadObject = async (kind, id) => {
    const bytes = await read(kind, id, options)
    nodes.push(bytes)
    return bytes
  }
  const entry = await findEntry(recording, root, path)
  return { nodes, entry }
}

/** Checks a proof from outside.
 *  @returns the entry, or undefined if the proof shows that there is none
 *  @throws {TreeProofError} TREE_PROOF_INVALID if it shows neither */
export async function verifyEntryProof(root: ObjectId, path: string, proof: TreeProof): Promise<TreeEntry | undefined> {
  if (proof.nodes.length === 0 || proof.nodes.length > MAX_TREE_LEVEL + 1)
    throw new TreeProofError(path, `${proof.nodes.length} nodes`)
  let used = 0
  const read: ReadObject = async (kind, id) => {
    const bytes = proof.nodes[used]
    if (!bytes) throw new ObjectMissingError(kind, id)
    used++
    assertObjectBytes(kind, id, bytes)
    return bytes
  }
  try {
    const entry = await findEntry(read, root, path)
    if (used !== proof.nodes.length) throw new TreeProofError(path, 'it has more nodes than the way to the path')
    return entry
  } catch (error) {
    if (error instanceof TreeProofError || !(error instanceof FloeError)) throw error
    throw new TreeProofError(path, error.message, error)
  }
}
