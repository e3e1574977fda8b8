/** `wal_exchange::wal_exchange`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, struct, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const ExchangeRate = struct('wal_exchange', 'ExchangeRate', {
  wal: u64,
  sui: u64,
})
export type ExchangeRate = LayoutOf<typeof ExchangeRate>

export const Exchange = struct('wal_exchange', 'Exchange', {
  id: address,
  wal: u64,
  sui: u64,
  rate: ExchangeRate,
  admin: address,
})
export type Exchange = LayoutOf<typeof Exchange>

export const AdminCap = struct('wal_exchange', 'AdminCap', {
  id: address,
})
export type AdminCap = LayoutOf<typeof AdminCap>

/** (&mut TxContext): AdminCap */
const new_ = moveCall('wal_exchange', 'new', {}, 1)
export { new_ as new }

/** (&mut Coin<WAL>, u64, &mut TxContext): AdminCap */
export const newFunded = moveCall('wal_exchange', 'new_funded', { wal: 'object', amount: 'u64' }, 1)

/** (&mut Exchange, &mut Coin<WAL>, u64) */
export const addWal = moveCall('wal_exchange', 'add_wal', { self: 'object', wal: 'object', amount: 'u64' }, 0)

/** (&mut Exchange, &mut Coin<SUI>, u64) */
export const addSui = moveCall('wal_exchange', 'add_sui', { self: 'object', sui: 'object', amount: 'u64' }, 0)

/** (&mut Exchange, Coin<WAL>) */
export const addAllWal = moveCall('wal_exchange', 'add_all_wal', { self: 'object', wal: 'object' }, 0)

/** (&mut Exchange, Coin<SUI>) */
export const addAllSui = moveCall('wal_exchange', 'add_all_sui', { self: 'object', sui: 'object' }, 0)

/** (&mut Exchange, u64, &AdminCap, &mut TxContext): Coin<WAL> */
export const withdrawWal = moveCall('wal_exchange', 'withdraw_wal', { self: 'object', amount: 'u64', adminCap: 'object' }, 1)

/** (&mut Exchange, u64, &AdminCap, &mut TxContext): Coin<SUI> */
export const withdrawSui = moveCall('wal_exchange', 'withdraw_sui', { self: 'object', amount: 'u64', adminCap: 'object' }, 1)

/** (&mut Exchange, u64, u64, &AdminCap) */
export const setExchangeRate = moveCall('wal_exchange', 'set_exchange_rate', { self: 'object', wal: 'u64', sui: 'u64', adminCap: 'object' }, 0)

/** (&mut Exchange, Coin<SUI>, &mut TxContext): Coin<WAL> */
export const exchangeAllForWal = moveCall('wal_exchange', 'exchange_all_for_wal', { self: 'object', sui: 'object' }, 1)

/** (&mut Exchange, &mut Coin<SUI>, u64, &mut TxContext): Coin<WAL> */
export const exchangeForWal = moveCall('wal_exchange', 'exchange_for_wal', { self: 'object', sui: 'object', amountSui: 'u64' }, 1)

/** (&mut Exchange, Coin<WAL>, &mut TxContext): Coin<SUI> */
export const exchangeAllForSui = moveCall('wal_exchange', 'exchange_all_for_sui', { self: 'object', wal: 'object' }, 1)

/** (&mut Exchange, &mut Coin<WAL>, u64, &mut TxContext): Coin<SUI> */
export const exchangeForSui = moveCall('wal_exchange', 'exchange_for_sui', { self: 'object', wal: 'object', amountWal: 'u64' }, 1)
