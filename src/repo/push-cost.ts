/** What a push sends and what that costs, here and on mainnet. Amounts are decimal strings: FROST (10^-9 WAL) and MIST
 *  (10^-9 SUI). */

import { MAINNET_REFERENCE } from '../ledger/networks.ts'
import { epochStartEstimateMs, type WalrusState } from '../ledger/system-state.ts'
import { blobCost } from '../ledger/transactions/register.ts'
import { encodedBlobBytes, storageCost } from '../protocol/cost.ts'

export interface PushCost {
  /** Raw bytes of the objects that the remote lacks. */
  newBytes: number
  newObjects: number
  packs: number
  /** Bytes of the packs: after compression, with their indexes. */
  packBytes: number
  /** What storage is charged for. */
  encodedBytes: number
  /** Packs of earlier pushes that are extended, so that the ref does not outlive them, and what that costs. */
  extendedPacks: number
  extendFrost: string
  /** All of it. */
  walFrost: string
  /** Gas and storage deposit; most of the deposit comes back when objects are deleted. An estimate until it is paid. */
  suiMist: string
  epochs: number
  /** First epoch without the data, unless it is renewed. */
  endEpoch: number
  /** When that epoch begins, as far as can be told: `2026-12-24`. */
  endDate: string
  mainnetWalFrost: string
  mainnetEncodedBytes: number
  mainnetEpochDays: number
}

/** Gas and deposit of a push, in MIST: two transactions and, per pack, the blob object and its three table rows.
 *  Measured on the local network, whose storage metering is Sui's. */
const SUI_BASE_MIST = 12_000_000n
const SUI_PER_PACK_MIST = 16_000_000n

export function pushCost(
  state: WalrusState,
  facts: {
    newBytes: number
    newObjects: number
    packBytes: readonly number[]
    epochs: number
    nowMs: number
    /** Of packs of earlier pushes; `packBytes`: before encoding. */
    extensions?: readonly { extraEpochs: number; costFrost: bigint; packBytes: number }[] | undefined
  },
): PushCost {
  const { packBytes, epochs, extensions = [] } = facts
  const extendFrost = extensions.reduce((total, { costFrost }) => total + costFrost, 0n)
  const sum = (amount: (bytes: number) => bigint) => packBytes.reduce((total, bytes) => total + amount(bytes), 0n)
  const encoded = (shardCount: number) =>
    packBytes.reduce((total, bytes) => total + encodedBlobBytes(shardCount, bytes), 0)
  const endEpoch = state.epoch + epochs
  const { shardCount, storagePricePerUnit, writePricePerUnit, epochDays } = MAINNET_REFERENCE
  const mainnetPrices = { storagePerUnit: storagePricePerUnit, writePerUnit: writePricePerUnit }
  const mainnetExtendFrost = extensions.reduce(
    (total, { packBytes: bytes, extraEpochs }) =>
      total + storageCost(encodedBlobBytes(shardCount, bytes), extraEpochs, mainnetPrices),
    0n,
  )
  return {
    newBytes: facts.newBytes,
    newObjects: facts.newObjects,
    packs: packBytes.length,
    packBytes: packBytes.reduce((total, bytes) => total + bytes, 0),
    encodedBytes: encoded(state.shardCount),
    extendedPacks: extensions.length,
    extendFrost: String(extendFrost),
    walFrost: String(sum((bytes) => blobCost(state.shardCount, bytes, epochs, state.prices)) + extendFrost),
    suiMist: String(packBytes.length === 0 ? 0n : SUI_BASE_MIST + SUI_PER_PACK_MIST * BigInt(packBytes.length)),
    epochs,
    endEpoch,
    endDate: dateOf(epochStartEstimateMs(state, endEpoch, facts.nowMs)),
    mainnetWalFrost: String(sum((bytes) => blobCost(shardCount, bytes, epochs, mainnetPrices)) + mainnetExtendFrost),
    mainnetEncodedBytes: encoded(shardCount),
    mainnetEpochDays: epochDays,
  }
}

function dateOf(timeMs: number): string {
  const latest = 8.64e15
  return new Date(Math.min(timeMs, latest)).toISOString().slice(0, 10)
}
