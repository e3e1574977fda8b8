/** Buying storage and registering packs as deletable blobs. They belong to the pusher until they are deposited. */

import type { Transaction } from '@mysten/sui/transactions'
import { u256FromBytes } from '../../protocol/blob-id.ts'
import { encodedBlobBytes, type StoragePrices, storageCost, writeCost } from '../../protocol/cost.ts'
import { ENCODING_RS2 } from '../../protocol/limits.ts'
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
  const { coin, giveBack } = openPayment(transaction, funds, limitFrost, network)
  const system = transaction.object(state.systemObjectId)
  const blobs = packs.map(({ blobId, rootHash, blobBytes }) => {
    const storage = transaction.moveCall({
      target: `${state.packageId}::system::reserve_space`,
      arguments: [
        system,
        transaction.pure.u64(encodedBlobBytes(state.shardCount, blobBytes)),
        transaction.pure.u32(epochs),
        coin,
      ],
    })
    return transaction.moveCall({
      target: `${state.packageId}::system::register_blob`,
      arguments: [
        system,
        storage,
        transaction.pure.u256(u256FromBytes(blobId)),
        transaction.pure.u256(u256FromBytes(rootHash)),
        transaction.pure.u64(blobBytes),
        transaction.pure.u8(ENCODING_RS2),
        transaction.pure.bool(true),
        coin,
      ],
    })
  })
  giveBack()
  transaction.transferObjects(blobs, owner)
}
