/** Blobs that are read on when an epoch ends meanwhile: shards may have moved, and the nodes of the new committee have them. */

import type { ErasureCoder } from '../erasure/api.ts'
import type { BlobId } from '../protocol/blob-id.ts'
import { type BlobSource, type BlobSourceOptions, openBlob } from './blob-source.ts'
import type { Committee } from './committee.ts'
import { TransferError } from './errors.ts'

/** The committee of the present epoch, which is the one given if that has not ended. */
export type RenewCommittee = (stale: Committee) => Promise<Committee>

/** Epochs that may end while one row is read. */
const MAX_EPOCH_CHANGES = 3

/** @param renew - asked when a blob cannot be read: whether that is because of the committee
 *  @returns what opens blobs as `openBlob` does; all of them go on with the same committee */
export function createLastingBlobs(committee: Committee, coder: ErasureCoder, renew: RenewCommittee) {
  let current = committee

  async function lasting<T>(job: (committee: Committee) => Promise<T>): Promise<T> {
    for (let changes = 0; ; changes++) {
      const used = current
      try {
        return await job(used)
      } catch (error) {
        const isPerhaps = error instanceof TransferError && error.code === 'BLOB_UNAVAILABLE'
        if (!isPerhaps || changes >= MAX_EPOCH_CHANGES) throw error
        // Another blob may have asked already.
        if (current === used) {
          const renewed = await renew(used).catch(() => used)
          if (current === used) current = renewed
        }
        if (current === used) throw error
      }
    }
  }

  return async (blobId: BlobId, options: BlobSourceOptions): Promise<BlobSource> => {
    let opened: { by: Committee; source: Promise<BlobSource> } | undefined
    const sourceOf = (by: Committee): Promise<BlobSource> => {
      if (opened?.by !== by) opened = { by, source: openBlob(by, coder, blobId, options) }
      return opened.source
    }
    const use = <T>(job: (source: BlobSource) => Promise<T>) => lasting(async (by) => job(await sourceOf(by)))
    return {
      ...(await use(async (source) => source)),
      readRow: (index, with_) => use((source) => source.readRow(index, with_)),
      lendRow: (index, with_) => use((source) => source.lendRow(index, with_)),
      readAll: (with_) => use((source) => source.readAll(with_)),
    }
  }
}
