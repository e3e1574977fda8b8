/** A certificate of a blob that the nodes hold already, without the blob: their confirmations are asked for anew. */

import { equalBytes } from '../base/bytes.ts'
import { mapLimited } from '../base/limit.ts'
import { type BlobId, blobIdText } from '../protocol/blob-id.ts'
import { type Certificate, combineConfirmations, type SignedConfirmation } from '../protocol/certificate.ts'
import { type BlobPersistence, encodeMessage, type StorageMessage } from '../protocol/messages.ts'
import { quorumWeight } from '../protocol/quorum.ts'
import { type Committee, noteNodeFailure } from './committee.ts'
import { TransferError } from './errors.ts'

const CONCURRENCY = 16

/** For what was confirmed in an epoch that has ended since: the chain takes certificates of the present one only.
 *  @throws {TransferError} CONFIRM_QUORUM if fewer than 2f+1 shards hold the blob in this epoch, as when shards moved */
export async function confirmBlob(
  committee: Committee,
  blobId: BlobId,
  persistence: BlobPersistence,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Certificate> {
  const { state } = committee
  const expected: StorageMessage = { $kind: 'blob-certificate', epoch: state.epoch, blobId, persistence }
  const expectedBytes = encodeMessage(expected)
  const confirmations = new Map<number, SignedConfirmation>()
  await mapLimited([...committee.nodes.keys()], CONCURRENCY, async (position) => {
    try {
      const confirmation = await committee
        .client(position)
        .fetchConfirmation(blobId, persistence, signal ? { signal } : {})
      if (equalBytes(confirmation.message, expectedBytes)) confirmations.set(position, confirmation)
      else committee.report(position, 'CONFIRMATION_FOREIGN', false)
    } catch (error) {
      noteNodeFailure(committee, position, error)
    }
  })
  const { certificate, weight, refused } = combineConfirmations(state.committee, expected, confirmations)
  for (const liar of refused.keys()) committee.report(liar, 'CONFIRMATION_FALSE', true)
  if (certificate) return certificate
  throw new TransferError(
    'CONFIRM_QUORUM',
    `${weight} of ${state.shardCount} shards confirmed in epoch ${state.epoch}, ${quorumWeight(state.shardCount)} needed`,
    {
      data: {
        blobId: blobIdText(blobId),
        epoch: state.epoch,
        confirmedShards: weight,
        neededShards: quorumWeight(state.shardCount),
        nodes: committee.reports(),
      },
      hints: ['Run `floe push` again: what is missing is sent again, nothing is paid twice'],
      retryable: true,
    },
  )
}
