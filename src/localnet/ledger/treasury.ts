/** The coins that genesis gave to `SYSTEM_ADDRESS`, from which the faucet pays. */

import { toBase64 } from '@mysten/sui/utils'
import { utf8 } from '../../base/bytes.ts'
import { ByteReader, ByteWriter } from '../../codec/cursor.ts'
import { blake2b256 } from '../../crypto/hash.ts'
import { addressBytes, addressFromBytes, normalizeAddress, parseType } from '../movevm/types.ts'
import { GRPC, invalidArgument, LedgerError } from './errors.ts'
import { SYSTEM_ADDRESS, type TransactionPlan } from './handle.ts'
import {
  coinContents,
  coinType,
  coinValue,
  createObject,
  type LedgerObject,
  objectType,
  SUI_COIN_TYPE,
  SUI_TYPE,
  ZERO_DIGEST,
} from './object.ts'
import type { LedgerState } from './state.ts'

/** 10 billion SUI, the supply of the real chain. */
const TOTAL_SUPPLY_MIST = 10_000_000_000_000_000_000n

/** The SUI coin of genesis. It carries no storage rebate: nobody paid for it. */
export function createTreasury(): LedgerObject {
  const id = addressFromBytes(blake2b256(utf8('floe::localnet::Treasury')))
  return createObject({
    id,
    version: 1n,
    owner: { kind: 'address', address: SYSTEM_ADDRESS },
    previousTransaction: ZERO_DIGEST,
    storageRebate: 0n,
    data: {
      kind: 'move',
      type: SUI_COIN_TYPE,
      hasPublicTransfer: true,
      contents: coinContents(id, TOTAL_SUPPLY_MIST),
    },
  })
}

/** Normalised type of the coin that ends with `::wal::WAL` in the treasury: the local network has one. */
export function walType(state: LedgerState): string {
  for (const id of state.ownedIds(SYSTEM_ADDRESS)) {
    const { data } = state.getObject(id)!
    const type = data.kind === 'move' ? coinType(data.type) : undefined
    if (type?.endsWith('::wal::WAL')) return type
  }
  throw new LedgerError('LEDGER_NO_WAL', GRPC.FAILED_PRECONDITION, 'the treasury holds no WAL')
}

/** The richest treasury coin of a type.
 *  @throws {LedgerError} LEDGER_FAUCET_EMPTY */
function treasuryCoin(state: LedgerState, type: string, amount: bigint): LedgerObject {
  let richest: LedgerObject | undefined
  for (const id of state.ownedIds(SYSTEM_ADDRESS)) {
    const object = state.getObject(id)!
    if (object.data.kind !== 'move' || coinType(object.data.type) !== type) continue
    if (!richest || coinValue(object) > coinValue(richest)) richest = object
  }
  if (!richest || coinValue(richest) < amount) {
    throw new LedgerError(
      'LEDGER_FAUCET_EMPTY',
      GRPC.RESOURCE_EXHAUSTED,
      `the treasury has less than ${amount} ${type}`,
    )
  }
  return richest
}

/** The exchange that was found in a state last. */
const exchanges = new WeakMap<LedgerState, string>()

/** A shared `wal_exchange::Exchange` with at least this much WAL in it. */
function walExchange(state: LedgerState, amount: bigint): LedgerObject | undefined {
  const isExchange = ({ data, owner }: LedgerObject) =>
    data.kind === 'move' && data.type.endsWith('::wal_exchange::Exchange') && owner.kind === 'shared'
  const known = state.getObject(exchanges.get(state) ?? '')
  const exchange = known ?? [...state.liveObjects()].find(isExchange)
  if (exchange?.data.kind !== 'move') return undefined
  exchanges.set(state, exchange.id)
  const reader = new ByteReader(exchange.data.contents)
  reader.bytes(32)
  return reader.u64() >= amount ? exchange : undefined
}

/** Splits an amount off the treasury and sends it. WAL is bought for SUI where there is an exchange that has it.
 *  @param type - coin type, default SUI
 *  @throws {LedgerError} LEDGER_FAUCET_EMPTY, LEDGER_INVALID_ARGUMENT */
export function fundingPlan(state: LedgerState, recipient: string, amount: bigint, type = SUI_TYPE): TransactionPlan {
  if (amount <= 0n || amount >= 1n << 64n) throw invalidArgument('amount is not a positive u64')
  const coinType = parseType(type).key
  const exchange = coinType.endsWith('::wal::WAL') ? walExchange(state, amount) : undefined
  const coin = treasuryCoin(state, exchange ? SUI_TYPE : coinType, amount)
  const ref = { objectId: coin.id, version: String(coin.version), digest: coin.digest }
  const address = addressBytes(normalizeAddress(recipient))
  const inputs: TransactionPlan['inputs'] = [
    { $kind: 'Object', Object: { $kind: 'ImmOrOwnedObject', ImmOrOwnedObject: ref } },
    { $kind: 'Pure', Pure: { bytes: toBase64(new ByteWriter(8).u64(amount).finish()) } },
    { $kind: 'Pure', Pure: { bytes: toBase64(address) } },
  ]
  const split = { $kind: 'SplitCoins' as const, SplitCoins: { coin: inputArgument(0), amounts: [inputArgument(1)] } }
  const send = (command: number) => ({
    $kind: 'TransferObjects' as const,
    TransferObjects: {
      objects: [{ $kind: 'NestedResult' as const, NestedResult: [command, 0] as [number, number] }],
      address: inputArgument(2),
    },
  })
  if (!exchange) return { inputs, commands: [split, send(0)] }
  const call = {
    package: exchangePackage(exchange),
    module: 'wal_exchange',
    function: 'exchange_all_for_wal',
    typeArguments: [],
    arguments: [inputArgument(3), { $kind: 'NestedResult' as const, NestedResult: [0, 0] as [number, number] }],
  }
  return {
    inputs: [...inputs, { $kind: 'UnresolvedObject', UnresolvedObject: { objectId: exchange.id } }],
    commands: [split, { $kind: 'MoveCall', MoveCall: call }, send(1)],
  }
}

function exchangePackage({ data }: LedgerObject): string {
  return data.kind === 'move' ? objectType(data.type).address : ''
}

function inputArgument(index: number) {
  return { $kind: 'Input' as const, Input: index }
}
