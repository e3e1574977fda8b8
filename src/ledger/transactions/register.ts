/** Buying storage and registering packs as deletable blobs. They belong to the pusher until they are deposited. */

import type { Transaction } from '@mysten/sui/transactions'
import { u256FromBytes } from '../../protocol/blob-id.ts'
import { encodedBlobBytes, type StoragePrices, storageCost, writeCost } from '../../protocol/cost.ts'
import { ENCODING_RS2 } from '../../protocol/limits.ts'
import * as system from '../bindings/walrus/system.ts'
import type { OwnStorage } from '../own-storage.ts'
import type { WalrusState } from '../system-state.ts'
import { openSpace, planSpace, type SpacePlan, spaceCost } from './storage-space.ts'
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
  /** Space of the owner that may be used before any is bought (default: none). */
  owned?: readonly OwnStorage[]
  funds: WalFunds
  limitFrost: bigint
  owner: string
  network: { name: string; faucet: boolean }
}

/** Price of registering packs, in FROST: what space is still to be bought, and the write fees. */
export function registrationCost(options: Pick<RegisterPacks, 'state' | 'packs' | 'epochs' | 'owned'>): bigint {
  const { prices } = options.state
  const space = spaceOf(options)
  return space.blobs.reduce((sum, { encodedBytes }) => sum + writeCost(encodedBytes, prices), spaceCost(space, prices))
}

function spaceOf({ state, packs, epochs, owned = [] }: Parameters<typeof registrationCost>[0]): SpacePlan {
  const encoded = packs.map(({ blobBytes }) => encodedBlobBytes(state.shardCount, blobBytes))
  return planSpace(encoded, owned, { epoch: state.epoch, epochs })
}

export function addRegistration(transaction: Transaction, options: RegisterPacks): void {
  const { state, packs, funds, limitFrost, owner, network } = options
  const { coin, giveBack } = openPayment(transaction, funds, limitFrost, network, registrationCost(options))
  const self = transaction.object(state.systemObjectId)
  const takeSpace = openSpace(transaction, { state, plan: spaceOf(options), payment: coin })
  const blobs = packs.map(({ blobId, rootHash, blobBytes }, i) =>
    system.registerBlob(transaction, state.packageId, {
      self,
      storage: takeSpace(i),
      blobId: u256FromBytes(blobId),
      rootHash: u256FromBytes(rootHash),
      size: blobBytes,
      encodingType: ENCODING_RS2,
      deletable: true,
      writePayment: coin,
    }),
  )
  giveBack()
  transaction.transferObjects(blobs, owner)
}
