/** Buying storage and registering packs as deletable blobs. They belong to the pusher until they are deposited. */

import type { Transaction } from '@mysten/sui/transactions'
import { u256FromBytes } from '../../protocol/blob-id.ts'
import { encodedBlobBytes, type StoragePrices, storageCost, writeCost } from '../../protocol/cost.ts'
import { ENCODING_RS2 } from '../../protocol/limits.ts'
import * as system from '../bindings/walrus/system.ts'
import type { WalrusState } from '../system-state.ts'
import { openPayment, type WalFunds } from './wal-payment.ts'

export interface PackRegistration {
  /** 32 bytes. */
  blobId: Uint8Array
  /** 32 bytes. */
  rootHash: Uint8Array
  /** Unencoded. */
  blobBytes: number
}

/** Prices may rise by this much between reading and executing before the transaction fails. */
const SLACK_PERCENT = 10n

/** Price of storing one blob: reservation and write fee, in FROST. */
export function blobCost(shardCount: number, blobBytes: number, epochs: number, prices: StoragePrices): bigint {
  const encoded = encodedBlobBytes(shardCount, blobBytes)
  return storageCost(encoded, epochs, prices) + writeCost(encoded, prices)
}

/** @param maxFrost - the user's own limit; replaces the slack where it is lower */
export function paymentLimit(cost: bigint, maxFrost: bigint | undefined): bigint {
  const withSlack = cost + (cost * SLACK_PERCENT) / 100n
  return maxFrost !== undefined && maxFrost < withSlack ? maxFrost : withSlack
}

export interface RegisterPacks {
  state: WalrusState
  packs: readonly PackRegistration[]
  epochs: number
  funds: WalFunds
  limitFrost: bigint
  owner: string
  network: { name: string; faucet: boolean }
}

export function addRegistration(transaction: Transaction, options: RegisterPacks): void {
  const { state, packs, epochs, funds, limitFrost, owner, network } = options
  const price = packs.reduce(
    (sum, { blobBytes }) => sum + blobCost(state.shardCount, blobBytes, epochs, state.prices),
    0n,
  )
  const { coin, giveBack } = openPayment(transaction, funds, limitFrost, network, price)
  const self = transaction.object(state.systemObjectId)
  const blobs = packs.map(({ blobId, rootHash, blobBytes }) => {
    const storage = system.reserveSpace(transaction, state.packageId, {
      self,
      storageAmount: encodedBlobBytes(state.shardCount, blobBytes),
      epochsAhead: epochs,
      payment: coin,
    })
    return system.registerBlob(transaction, state.packageId, {
      self,
      storage,
      blobId: u256FromBytes(blobId),
      rootHash: u256FromBytes(rootHash),
      size: blobBytes,
      encodingType: ENCODING_RS2,
      deletable: true,
      writePayment: coin,
    })
  })
  giveBack()
  transaction.transferObjects(blobs, owner)
}
