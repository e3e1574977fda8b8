/** Packs of 64 KiB chunks on nodes in memory, for tests that count what a read costs. */

import { createCipheriv } from 'node:crypto'
import { concatBytes } from '../../src/base/bytes.ts'
import type { ErasureCoder } from '../../src/erasure/api.ts'
import { type ObjectId, objectIdFor } from '../../src/objects/id.ts'
import { indexSource, mergeSegments } from '../../src/objects/locator.ts'
import { createPackWriter } from '../../src/objects/pack-writer.ts'
import { createCommittee } from '../../src/transfer/committee.ts'
import { createRemoteObjects, type RemoteObjects } from '../../src/transfer/remote-objects.ts'
import { createMemoryNodes, type MemoryNodes } from './memory-nodes.ts'

export const CHUNK_BYTES = 64 * 1024

/** Bytes that do not compress, the same in every run. */
export function noise(bytes: number): Uint8Array {
  return createCipheriv('aes-128-ctr', new Uint8Array(16), new Uint8Array(16)).update(new Uint8Array(bytes))
}

export interface PackedRemote {
  nodes: MemoryNodes
  /** Of the chunks, in order. */
  ids: ObjectId[]
  /** A new client that knows nothing yet. */
  connect(): RemoteObjects
}

/** A data pack with the contents, and a meta pack whose locator leads to them.
 *  @param shape - shards of each node */
export async function packedRemote(
  coder: ErasureCoder,
  shape: readonly number[],
  contents: Uint8Array,
): Promise<PackedRemote> {
  const nodes = createMemoryNodes(shape)
  const pieces: Uint8Array[] = []
  const data = createPackWriter({ kind: 'data', write: (piece) => void pieces.push(piece) })
  const ids: ObjectId[] = []
  for (let at = 0; at < contents.length; at += CHUNK_BYTES) {
    const chunk = contents.subarray(at, at + CHUNK_BYTES)
    ids.push(objectIdFor('chunk', chunk))
    await data.add('chunk', ids.at(-1)!, chunk)
  }
  const { index } = await data.finish()
  const dataBlob = await nodes.store(coder, concatBytes(...pieces.splice(0)))
  const meta = createPackWriter({ kind: 'meta', write: (piece) => void pieces.push(piece) })
  const note = new TextEncoder().encode('a meta pack holds something')
  await meta.add('attachment', objectIdFor('attachment', note), note)
  const summary = await meta.finish({
    locator: (own) => mergeSegments([indexSource(own, null), indexSource(index, dataBlob)]),
  })
  const metaBlob = await nodes.store(coder, concatBytes(...pieces))
  const place = { blobId: metaBlob, offset: summary.locatorOffset, bytes: summary.locatorBytes }
  return {
    nodes,
    ids,
    connect: () =>
      createRemoteObjects(createCommittee(nodes.state, { fetch: nodes.fetch, random: () => 0.5 }), coder, [place]),
  }
}
