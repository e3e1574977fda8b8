/** Storage for packs of a push: what the pusher has paid for already, and buying the rest. */

import { sleep } from '../base/abort.ts'
import type { EncodedBlob } from '../erasure/api.ts'
import { type BlobRecord, blobObjectType, fetchOwnedBlobs, parseBlobObject } from '../ledger/blob-object.ts'
import { type ExecutedTransaction, paidBy } from '../ledger/client.ts'
import { LedgerError } from '../ledger/errors.ts'
import { walCoinType } from '../ledger/networks.ts'
import { fetchOwnStorage } from '../ledger/own-storage.ts'
import { blobKey } from '../ledger/repository-state.ts'
import { addRegistration, registrationCost } from '../ledger/transactions/register.ts'
import { fetchWalFunds } from '../ledger/transactions/wal-payment.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { ensureLocalFunds } from './local-funds.ts'
import type { PreparePacks, ReadyPack } from './push-packs.ts'

/** Blobs that the signer owns and that would do as packs of this push. */
export async function usableOwnedBlobs(
  options: PreparePacks,
): Promise<Map<string, BlobRecord> & { certified: Set<string> }> {
  const { context, state, signer, epochs, signal } = options
  const blobs = await fetchOwnedBlobs(context.ledger, state, signer.address, signal ? { signal } : {})
  // An interrupted push may have bought its epochs a little earlier: paid is paid.
  const earliestEnd = state.epoch + Math.max(1, epochs - EPOCHS_LOST_TO_A_BREAK)
  const usable = new Map<string, BlobRecord>()
  const certified = new Set<string>()
  for (const blob of blobs) {
    if (!blob.deletable || blob.endEpoch < earliestEnd) continue
    usable.set(blobKey(blob.blobId), blob)
    if (blob.certifiedEpoch !== null) certified.add(blob.objectId)
  }
  return Object.assign(usable, { certified })
}

const EPOCHS_LOST_TO_A_BREAK = 2

/** Buys storage for packs and registers them, in one transaction. Fills in their object ids. */
export async function register(
  fresh: readonly EncodedBlob[],
  packs: readonly ReadyPack[],
  options: PreparePacks,
): Promise<void> {
  if (fresh.length === 0) return
  const { context, state, signer, epochs, budget, signal, onProgress, journal } = options
  const laterFrost = options.laterFrost()
  const { ledger, profile } = context
  const request = signal ? { signal } : {}
  const registration = {
    state,
    packs: fresh.map(({ blobId, rootHash, metadata }) => ({ blobId, rootHash, blobBytes: metadata.blobBytes })),
    epochs,
    // What an attempt that was given up has left.
    owned: await fetchOwnStorage(ledger, state, signer.address, request),
  }
  const cost = registrationCost(registration)
  budget.assertEnough(cost + laterFrost)
  const limitFrost = budget.limitFor(cost, laterFrost)
  await ensureLocalFunds(context, signer, limitFrost)
  const coinType = walCoinType(profile)
  const executed = await ledger.execute(
    async (transaction) =>
      addRegistration(transaction, {
        ...registration,
        funds: await fetchWalFunds(ledger, signer.address, coinType, request),
        limitFrost,
        owner: signer.address,
        network: { name: profile.name, faucet: profile.faucetUrl !== undefined },
      }),
    signer,
    request,
  )
  budget.paid(cost, paidBy(executed, signer.address, coinType))
  const byBlobId = await registeredBlobs(fresh, executed, options)
  for (const pack of packs) {
    const blob = byBlobId.get(blobKey(pack.blobId))
    if (!blob || pack.blobObjectId !== null) continue
    pack.blobObjectId = blob.objectId
    pack.endEpoch = blob.endEpoch
    await journal.record({
      $kind: 'registered',
      blobId: blobIdText(pack.blobId),
      objectId: blob.objectId,
      endEpoch: blob.endEpoch,
      digest: executed.digest,
    })
  }
  onProgress?.({ $kind: 'registered', packs: fresh.length, digest: executed.digest })
}

/** The blobs that a transaction has registered. A replica that lags behind may not show all of them at once.
 *  @throws {LedgerError} LEDGER_RESULT_UNSEEN (exit 14) */
async function registeredBlobs(
  fresh: readonly EncodedBlob[],
  executed: ExecutedTransaction,
  options: PreparePacks,
): Promise<Map<string, BlobRecord>> {
  const { context, state, signal } = options
  const type = blobObjectType(state)
  const created = executed.changed.filter((changed) => changed.change === 'created' && changed.type === type)
  const found = new Map<string, BlobRecord>()
  for (const object of await context.ledger.fetchObjects(created.map(({ id }) => id)))
    if (object) {
      const blob = parseBlobObject(object)
      found.set(blobKey(blob.blobId), blob)
    }
  for (let round = 0; ; round++) {
    const unseen = fresh.filter(({ blobId }) => !found.has(blobKey(blobId)))
    if (unseen.length === 0) return found
    if (round >= UNSEEN_WAITS_MS.length) throw blobsUnseen(unseen, executed, options)
    await sleep(UNSEEN_WAITS_MS[round]!, signal)
    for (const [key, blob] of await usableOwnedBlobs(options)) if (!found.has(key)) found.set(key, blob)
  }
}

const UNSEEN_WAITS_MS = [0, 500, 2_000]

function blobsUnseen(
  unseen: readonly EncodedBlob[],
  { digest }: ExecutedTransaction,
  { context }: PreparePacks,
): LedgerError {
  const { name: network, rpcUrl } = context.profile
  return new LedgerError(
    'LEDGER_RESULT_UNSEEN',
    `transaction ${digest} has registered packs, but the ledger does not show ${unseen.length} of them yet`,
    {
      data: { digest, network, rpcUrl, blobIds: unseen.map(({ blobId }) => blobIdText(blobId)) },
      retryable: true,
      hints: ['They are paid for: push again in a moment, it finds them and pays for nothing twice'],
    },
  )
}
