/** Where the space of new blobs comes from: what the owner has already, extended where it ends too soon, else bought. */

import type { Transaction, TransactionArgument } from '@mysten/sui/transactions'
import { type StoragePrices, storageCost } from '../../protocol/cost.ts'
import * as storageResource from '../bindings/walrus/storage-resource.ts'
import * as system from '../bindings/walrus/system.ts'
import type { OwnStorage } from '../own-storage.ts'
import type { WalrusState } from '../system-state.ts'

/** Pieces of the same period, which can be made one. */
export interface SpaceGroup {
  objectIds: string[]
  bytes: number
  endEpoch: number
}

export interface SpacePlan {
  groups: SpaceGroup[]
  /** Per blob, what is taken for it and from which group; null: it is bought. */
  blobs: { encodedBytes: number; group: number | null }[]
  /** First epoch without the blobs, and for how many from now on they are stored. */
  endEpoch: number
  epochs: number
}

/** Pieces used in one transaction: each is an input and a command, of which there may be 1,024. */
const MAX_PIECES = 64

/** Gives each blob the space that fits, first where it does not have to be extended, then from the smallest group.
 *  @param encoded - bytes of each blob, encoded */
export function planSpace(
  encoded: readonly number[],
  owned: readonly OwnStorage[],
  { epoch, epochs }: { epoch: number; epochs: number },
): SpacePlan {
  const endEpoch = epoch + epochs
  const groups = new Map<string, SpaceGroup>()
  for (const piece of [...owned].sort((a, b) => b.bytes - a.bytes).slice(0, MAX_PIECES)) {
    const key = `${piece.startEpoch}-${piece.endEpoch}`
    const group = groups.get(key) ?? { objectIds: [], bytes: 0, endEpoch: piece.endEpoch }
    group.objectIds.push(piece.objectId)
    group.bytes += piece.bytes
    groups.set(key, group)
  }
  const all = [...groups.values()]
  const left = all.map(({ bytes }) => bytes)
  const missing = (group: number) => Math.max(0, endEpoch - all[group]!.endEpoch)
  const blobs = encoded.map((encodedBytes) => {
    const fitting = left.flatMap((bytes, group) => (bytes >= encodedBytes ? [group] : []))
    const [best] = fitting.sort((a, b) => missing(a) - missing(b) || left[a]! - left[b]!)
    if (best === undefined) return { encodedBytes, group: null }
    left[best]! -= encodedBytes
    return { encodedBytes, group: best }
  })
  return { groups: all, blobs, endEpoch, epochs }
}

/** What is to be bought, in FROST. */
export function spaceCost({ groups, blobs, endEpoch, epochs }: SpacePlan, prices: StoragePrices): bigint {
  return blobs.reduce((sum, { encodedBytes, group }) => {
    const bought = group === null ? epochs : endEpoch - groups[group]!.endEpoch
    return bought > 0 ? sum + storageCost(encodedBytes, bought, prices) : sum
  }, 0n)
}

/** @param payment - coin that pays for what is bought
 *  @returns gives the space of each blob, once and in their order, as an argument of `register_blob` */
export function openSpace(
  transaction: Transaction,
  { state, plan, payment }: { state: WalrusState; plan: SpacePlan; payment: TransactionArgument },
): (blob: number) => TransactionArgument {
  const self = transaction.object(state.systemObjectId)
  const open = new Map<number, { storage: TransactionArgument; bytes: number }>()
  const openGroup = (group: number) => {
    const { objectIds, bytes } = plan.groups[group]!
    const [first, ...others] = objectIds.map((id) => transaction.object(id))
    for (const second of others) storageResource.fuseAmount(transaction, state.packageId, { first: first!, second })
    return { storage: first! as TransactionArgument, bytes }
  }
  return (blob) => {
    const { encodedBytes, group } = plan.blobs[blob]!
    if (group === null)
      return system.reserveSpace(transaction, state.packageId, {
        self,
        storageAmount: encodedBytes,
        epochsAhead: plan.epochs,
        payment,
      })
    const from = open.get(group) ?? openGroup(group)
    open.set(group, from)
    from.bytes -= encodedBytes
    // The piece keeps what it is told to, and stays with its owner; the rest is split off. All of it goes as it is.
    const storage =
      from.bytes === 0
        ? from.storage
        : storageResource.splitBySize(transaction, state.packageId, { storage: from.storage, splitSize: from.bytes })
    const { endEpoch } = plan.groups[group]!
    if (endEpoch < plan.endEpoch) {
      const more = { self, storageAmount: encodedBytes, startEpoch: endEpoch, endEpoch: plan.endEpoch, payment }
      const second = system.reserveSpaceForEpochs(transaction, state.packageId, more)
      storageResource.fusePeriods(transaction, state.packageId, { first: storage, second })
    }
    return storage
  }
}
