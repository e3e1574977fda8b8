/** References among payment coins that stand for a part of the payer's funds: version 0, and a digest that holds the amount,
 *  an epoch and a mark (`createCoinReservationRef` of the official client makes them). */

import { fromBase58 } from '@mysten/sui/utils'
import { equalBytes } from '../../base/bytes.ts'
import { addressBytes, addressFromBytes } from '../movevm/types.ts'
import { fundsId } from './funds.ts'
import { SUI_TYPE } from './object.ts'
import type { ObjectRef } from './transaction.ts'

const MARK = new Uint8Array(20).fill(0xac)

export interface CoinReservation {
  /** MIST. */
  readonly amount: bigint
  readonly epoch: bigint
}

/** The reservation that a reference is, if it is one. */
export function readReservation(ref: ObjectRef): CoinReservation | undefined {
  const digest = fromBase58(ref.digest)
  if (digest.length !== 32 || !equalBytes(digest.subarray(12), MARK)) return undefined
  const view = new DataView(digest.buffer, digest.byteOffset, digest.length)
  return { amount: view.getBigUint64(0, true), epoch: BigInt(view.getUint32(8, true)) }
}

/** Id that a reservation of an owner must have on a chain: that of the funds' field, exclusive or the chain's digest.
 *  @param chainId - base58 */
export function reservationId(owner: string, chainId: string): string {
  const field = addressBytes(fundsId(owner, SUI_TYPE))
  const chain = fromBase58(chainId)
  return addressFromBytes(field.map((byte, i) => byte ^ chain[i]!))
}
