/** `wallet`: which address signs on a network, what it has, and how to get more. */

import { FloeError, UsageError } from '../base/errors.ts'
import { ByteReader, CodecError } from '../codec/cursor.ts'
import * as exchange from '../ledger/bindings/wal-exchange/wal-exchange.ts'
import { ChainRecordError, LedgerError } from '../ledger/errors.ts'
import { type NetworkProfile, walCoinType } from '../ledger/networks.ts'
import { parseAddress, parseStructType } from '../ledger/object-id.ts'
import { fetchOwnStorage } from '../ledger/own-storage.ts'
import { listNetworks } from './network-profiles.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { parseToken } from './token-amount.ts'

export interface WalletRow {
  network: string
  /** `null` where no key is chosen. */
  address: string | null
  /** `null` where it could not be asked. */
  suiMist: string | null
  walFrost: string | null
  /** Of these, what is in the address balance and not in coins. Both pay. */
  addressSuiMist: string | null
  addressWalFrost: string | null
  /** Space on storage nodes that is paid for and holds nothing, in encoded bytes: the next push uses it. Null if unknown. */
  storage: { bytes: number; endEpoch: number }[] | null
  /** What is wrong, if something is. */
  error: { code: string; message: string } | null
  /** How to get SUI and WAL there, or what to do first. */
  advice: string[]
}

const SUI = '0x2::sui::SUI'

/** One row per network, in the order of names; a network that fails says so in its row.
 *  @param names - none: every network there is
 *  @throws {UsageError} NETWORK_UNKNOWN */
export async function showWallet(options: RemoteOptions & { names?: readonly string[] }): Promise<WalletRow[]> {
  const names = options.names ?? (await listNetworks(options.homeDir, options.networks)).map(({ name }) => name)
  return Promise.all(names.map(async (name) => walletRow(await openRemoteContext(name, options), options)))
}

async function walletRow(context: RemoteContext, { signal }: RemoteOptions): Promise<WalletRow> {
  const { profile, ledger } = context
  const row: WalletRow = {
    network: profile.name,
    address: null,
    suiMist: null,
    walFrost: null,
    addressSuiMist: null,
    addressWalFrost: null,
    storage: null,
    error: null,
    advice: adviceFor(profile),
  }
  try {
    const { address } = await context.signer()
    row.address = address
    const request = signal ? { signal } : {}
    const sui = await ledger.fetchHolding(address, SUI, request)
    row.suiMist = String(sui.coins + sui.address)
    row.addressSuiMist = String(sui.address)
    const wal = await ledger.fetchHolding(address, walCoinType(profile), request)
    row.walFrost = String(wal.coins + wal.address)
    row.addressWalFrost = String(wal.address)
    const owned = await fetchOwnStorage(ledger, await context.walrus(), address, request)
    row.storage = owned.map(({ bytes, endEpoch }) => ({ bytes, endEpoch })).sort((a, b) => a.endEpoch - b.endEpoch)
  } catch (error) {
    if (!(error instanceof FloeError) || error.kind === 'cancelled') throw error
    row.error = { code: error.code, message: error.message }
    if (error.hints.length > 0) row.advice = [...error.hints]
  }
  return row
}

function adviceFor({ name, faucetUrl, exchangeObjectIds = [], local }: NetworkProfile): string[] {
  const advice: string[] = []
  if (faucetUrl !== undefined) advice.push(`${local ? 'SUI and WAL' : 'SUI'}: \`floe faucet --network ${name}\``)
  else advice.push('SUI: buy it, and send it to this address')
  if (exchangeObjectIds.length > 0) advice.push(`WAL for SUI: \`floe faucet --network ${name} --exchange AMOUNT\``)
  else if (!local) advice.push('WAL: buy it, and send it to this address')
  return advice
}

export interface ExchangeResult {
  network: string
  address: string
  digest: string
  paidMist: string
  walFrost: string
}

/** Exchanges SUI for WAL where the network has an exchange; on testnets, where both are worth nothing.
 *  @param options.amount - of SUI, decimal text
 *  @throws {UsageError} EXCHANGE_MISSING, AMOUNT_MALFORMED
 *  @throws {LedgerError} EXCHANGE_EMPTY if none has so much WAL */
export async function exchangeForWal(
  options: RemoteOptions & { network: string; amount: string },
): Promise<ExchangeResult> {
  const paid = parseToken(options.amount, 'SUI')
  const context = await openRemoteContext(options.network, options)
  const { ledger, profile } = context
  const ids = profile.exchangeObjectIds ?? []
  if (ids.length === 0 || paid === 0n)
    throw new UsageError(
      ids.length === 0 ? 'EXCHANGE_MISSING' : 'AMOUNT_MALFORMED',
      ids.length === 0 ? `network ${profile.name} has no exchange of SUI for WAL` : 'nothing is to be exchanged',
      { data: { network: profile.name }, hints: ['`floe wallet` says how to get WAL'] },
    )
  const signer = await context.signer()
  const found = await ledger.fetchObjects(ids, options.signal ? { signal: options.signal } : {})
  const open = found.flatMap((object) => {
    const type = object && parseStructType(object.type)
    if (!object || type?.module !== exchange.Exchange.module || type.name !== exchange.Exchange.name) return []
    const { wal, rate } = readExchange(object.id, object.content)
    const out = rate.sui === 0n ? 0n : (paid * rate.wal) / rate.sui
    return wal >= out && out > 0n ? [{ id: object.id, package: type.address, wal, out }] : []
  })
  const best = open.sort((a, b) => (a.out === b.out ? (a.wal < b.wal ? 1 : -1) : a.out < b.out ? 1 : -1))[0]
  if (!best)
    throw new LedgerError('EXCHANGE_EMPTY', 'no exchange of this network has so much WAL', {
      data: { network: profile.name, exchanges: ids },
      hints: ['Try a smaller amount'],
    })
  const coinType = walCoinType(profile)
  const before = await ledger.fetchBalance(signer.address, coinType)
  const { digest } = await ledger.execute((transaction) => {
    const [sui] = transaction.splitCoins(transaction.gas, [paid])
    const wal = exchange.exchangeAllForWal(transaction, best.package, { self: best.id, sui: sui! })
    transaction.transferObjects([wal], signer.address)
  }, signer)
  const got = (await ledger.fetchBalance(signer.address, coinType)) - before
  return {
    network: profile.name,
    address: parseAddress(signer.address),
    digest,
    paidMist: String(paid),
    walFrost: String(got),
  }
}

function readExchange(id: string, content: Uint8Array): exchange.Exchange {
  try {
    const reader = new ByteReader(content)
    const value = exchange.Exchange.read(reader)
    reader.end()
    return value
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new ChainRecordError('LEDGER_RECORD_MALFORMED', `exchange ${id} has an unknown layout`, {
      data: { id },
      cause: error,
    })
  }
}
