/** The shared clock object 0x6.
 *
 *  On Sui a system transaction writes it with every consensus commit. Here it is written just before a transaction that
 *  uses it, at ledger time; its previous transaction is a digest of its own, since no user transaction made it. */

import { toBase58 } from '@mysten/sui/utils'
import { ByteWriter } from '../../codec/cursor.ts'
import { saltedBlake2b256 } from '../../crypto/hash.ts'
import { addressBytes, normalizeAddress, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { createObject, type LedgerObject } from './object.ts'

export const CLOCK_ID = normalizeAddress('0x6')
const CLOCK_TYPE = `${SUI_FRAMEWORK_ADDRESS}::clock::Clock`

function clockContents(timestampMs: number): Uint8Array {
  return new ByteWriter(40).bytes(addressBytes(CLOCK_ID)).u64(timestampMs).finish()
}

function tickDigest(version: bigint): string {
  return toBase58(saltedBlake2b256('floe::localnet::ClockTick::', new ByteWriter(8).u64(version).finish()))
}

/** The clock of genesis: version and initial shared version 1, as clients assume. */
export function createClock(timestampMs: number, previousTransaction: string): LedgerObject {
  return createObject({
    id: CLOCK_ID,
    version: 1n,
    owner: { kind: 'shared', initialVersion: 1n },
    previousTransaction,
    storageRebate: 0n,
    data: { kind: 'move', type: CLOCK_TYPE, hasPublicTransfer: false, contents: clockContents(timestampMs) },
  })
}

/** The next version of the clock, showing `timestampMs`. */
export function tickClock(clock: LedgerObject, timestampMs: number): LedgerObject {
  if (clock.data.kind !== 'move') throw new TypeError('the clock is a Move object')
  return createObject({
    ...clock,
    version: clock.version + 1n,
    previousTransaction: tickDigest(clock.version + 1n),
    data: { ...clock.data, contents: clockContents(timestampMs) },
  })
}

/** Milliseconds that the clock shows. */
export function clockTimestampMs(clock: LedgerObject): number {
  if (clock.data.kind !== 'move') throw new TypeError('the clock is a Move object')
  const { contents } = clock.data
  return Number(new DataView(contents.buffer, contents.byteOffset, contents.length).getBigUint64(32, true))
}
