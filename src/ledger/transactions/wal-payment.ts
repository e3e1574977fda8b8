/** Paying in WAL with slack: prices can rise between reading and executing, so more is set aside than the price read,
 *  and what is left flows back in the same transaction. The amount set aside is a hard limit that the chain enforces. Who
 *  has the price but not the slack sets aside all there is.
 *
 *  Where the address balance suffices it pays alone: it has no versions, so transactions of one key do not get in each
 *  other's way. Otherwise coins pay, the largest first, and the address balance adds what they lack. */

import type { Transaction, TransactionArgument } from '@mysten/sui/transactions'
import type { LedgerClient, LedgerCoin } from '../client.ts'
import { AuthError } from '../errors.ts'

export interface WalFunds {
  coinType: string
  /** Whose they are. */
  owner: string
  /** Largest first. */
  coins: LedgerCoin[]
  /** The address balance: in no coin. */
  addressFrost: bigint
  total: bigint
}

/** Coins merged in one transaction: far below the limit of inputs. */
const MAX_COINS = 200

export async function fetchWalFunds(
  ledger: LedgerClient,
  owner: string,
  coinType: string,
  options: { signal?: AbortSignal } = {},
): Promise<WalFunds> {
  const [coins, { address }] = await Promise.all([
    ledger.fetchCoins(owner, coinType, MAX_COINS, options),
    ledger.fetchHolding(owner, coinType, options),
  ])
  const total = coins.reduce((sum, coin) => sum + coin.balance, address)
  return { coinType, owner, coins, addressFrost: address, total }
}

export interface WalPayment {
  /** Holds the limit. */
  coin: TransactionArgument
  /** Returns what is left of it to where it came from. */
  giveBack(): void
}

/** Sets the limit aside, or all that there is if that covers the price.
 *  @param priceFrost - what is to be paid as far as is known (default: the limit)
 *  @throws {AuthError} FUNDS_WAL_SHORT before anything is sent */
export function openPayment(
  transaction: Transaction,
  funds: WalFunds,
  wantedFrost: bigint,
  network: { name: string; faucet: boolean },
  priceFrost: bigint = wantedFrost,
): WalPayment {
  const least = priceFrost < wantedFrost ? priceFrost : wantedFrost
  if (funds.total < least) throw fundsShort(least, funds, network)
  const limitFrost = funds.total < wantedFrost ? funds.total : wantedFrost
  const typeArguments = [funds.coinType]
  if (limitFrost === 0n) {
    const coin = transaction.moveCall({ target: '0x2::coin::zero', typeArguments })
    const giveBack = () =>
      void transaction.moveCall({ target: '0x2::coin::destroy_zero', typeArguments, arguments: [coin] })
    return { coin, giveBack }
  }
  if (funds.addressFrost >= limitFrost) {
    const coin = withdraw(transaction, funds, limitFrost)
    return { coin, giveBack: () => sendToAddress(transaction, funds, coin) }
  }
  const used: LedgerCoin[] = []
  let sum = 0n
  for (const coin of funds.coins) {
    if (sum >= limitFrost) break
    used.push(coin)
    sum += coin.balance
  }
  const lacking = limitFrost > sum ? limitFrost - sum : 0n
  // At the versions that were read: if another transaction of this key is faster, it shows before anything is signed.
  const [first, ...others] = used.map(({ id, version, digest }) =>
    transaction.objectRef({ objectId: id, version: String(version), digest }),
  )
  const merged = lacking > 0n ? [...others, withdraw(transaction, funds, lacking)] : others
  if (merged.length > 0) transaction.mergeCoins(first!, merged)
  const [coin] = transaction.splitCoins(first!, [limitFrost])
  return { coin: coin!, giveBack: () => void transaction.mergeCoins(first!, [coin!]) }
}

function withdraw(transaction: Transaction, { coinType }: WalFunds, frost: bigint): TransactionArgument {
  return transaction.moveCall({
    target: '0x2::coin::redeem_funds',
    typeArguments: [coinType],
    arguments: [transaction.withdrawal({ amount: frost, type: coinType })],
  })
}

function sendToAddress(transaction: Transaction, { coinType, owner }: WalFunds, coin: TransactionArgument): void {
  transaction.moveCall({
    target: '0x2::coin::send_funds',
    typeArguments: [coinType],
    arguments: [coin, transaction.pure.address(owner)],
  })
}

function fundsShort(neededFrost: bigint, { total }: WalFunds, network: { name: string; faucet: boolean }): AuthError {
  return new AuthError(
    'FUNDS_WAL_SHORT',
    `${formatWal(neededFrost)} WAL are needed, the address has ${formatWal(total)}`,
    {
      data: { neededFrost: String(neededFrost), availableFrost: String(total), network: network.name },
      hints: [network.faucet ? 'Get coins with `floe faucet`' : 'Send WAL to the address that `floe key show` prints'],
    },
  )
}

/** 1 WAL = 10^9 FROST. At most 9 decimals, without trailing zeros. */
export function formatWal(frost: bigint): string {
  const whole = frost / 1_000_000_000n
  const rest = String(frost % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return rest ? `${whole}.${rest}` : String(whole)
}
