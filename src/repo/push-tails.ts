/** Nodes that were too slow for a push get its packs later: `push --finish-tail`.
 *
 *  The packs are certified, so they can be read from the other nodes, encoded again, and sent to those who lack them.
 *  Nothing is paid and no ref moves. */

import { unlink } from 'node:fs/promises'
import type { ErasureCoder } from '../erasure/api.ts'
import { addressToBytes } from '../ledger/object-id.ts'
import { parseBlobId } from '../protocol/blob-id.ts'
import { openBlob } from '../transfer/blob-source.ts'
import { TransferError } from '../transfer/errors.ts'
import { findTails } from '../transfer/push-journal.ts'
import { uploadBlob } from '../transfer/upload.ts'
import type { RemoteContext } from './remote-context.ts'

export interface FinishedTails {
  /** Packs of which every node has its slivers now. */
  finished: number
  /** Packs of which some node still lacks slivers; the next `--finish-tail` tries again. */
  unfinished: number
}

/** @param dir - `.floe/pushes`
 *  @param place - network and repository whose pushes are meant */
export async function finishTails(
  dir: string,
  place: { network: string; repository: string },
  { context, coder, signal }: { context: RemoteContext; coder: ErasureCoder; signal?: AbortSignal | undefined },
): Promise<FinishedTails> {
  const result: FinishedTails = { finished: 0, unfinished: 0 }
  for (const { path, tails } of await findTails(dir, place)) {
    let isWhole = true
    for (const { blobId, objectId } of tails) {
      if (await finishTail(parseBlobId(blobId), addressToBytes(objectId), { context, coder, signal })) result.finished++
      else {
        result.unfinished++
        isWhole = false
      }
    }
    if (isWhole) await unlink(path)
  }
  return result
}

async function finishTail(
  blobId: Uint8Array,
  objectId: Uint8Array,
  { context, coder, signal }: { context: RemoteContext; coder: ErasureCoder; signal?: AbortSignal | undefined },
): Promise<boolean> {
  const committee = await context.committee()
  try {
    const source = await openBlob(committee, coder, blobId, { signal })
    const bytes = await source.readAll({ signal })
    using blob = await coder.encodeBlob(committee.state.shardCount, bytes, signal ? { signal } : {})
    const persistence = { $kind: 'deletable' as const, objectId }
    const { tail } = await uploadBlob(committee, blob, persistence, { resuming: true, finishTail: true, signal })
    return (await tail).length === 0
  } catch (error) {
    // What has ended or was removed since needs nothing any more, and what cannot be had now may be had later.
    if (error instanceof TransferError) return error.code === 'BLOB_NOT_FOUND'
    throw error
  }
}
