/** Paying in WAL with slack: prices can rise between reading and executing, so more is set aside than the price read,
 *  and what is left flows back in the same transaction. The amount set aside is a hard limit that the chain enforces. */

import type { Transaction, TransactionArgument } from '@mysten/sui/transactions'
import type { LedgerClient } from '../client.ts'
import { AuthError } from '../errors.ts'

export interface WalFunds {
  coinType: string
  coins: { id: string; balance: bigint }[]
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
  const coins = await ledger.fetchCoins(owner, coinType, MAX_COINS, options)
  return { coinType, coins, total: coins.reduce((sum, coin) => sum + coin.balance, 0n) }
}

/** Adds the coins, splits the limit off and hands the split coin out; `giveBack` returns what is left of it.
 *  @throws {AuthError} FUNDS_WAL_SHORT before anything is sent */
export function openPayment(
  transaction: Transaction,
  funds: WalFunds,
  limitFrost: bigint,
  network: { name: string; faucet: boolean },
): { coin: TransactionArgument; giveBack(): void } {
  if (limitFrost === 0n) {
    const coin = transaction.moveCall({ target: '0x2::coin::zero', typeArguments: [funds.coinType] })
    return {
      coin,
      giveBack: () =>
        void transaction.moveCall({
          target: '0x2::coin::destroy_zero',
          typeArguments: [funds.coinType],
          arguments: [coin],
        }),
    }
  }
  const used: string[] = []
  let sum = 0n
  for (const coin of funds.coins) {
    if (sum >= limitFrost) break
    used.push(coin.id)
    sum += coin.balance
  }
  if (sum < limitFrost)
    throw new AuthError(
      'FUNDS_WAL_SHORT',
      `${formatWal(limitFrost)} WAL are needed, the address has ${formatWal(sum)}`,
      {
        data: { neededFrost: String(limitFrost), availableFrost: String(sum), network: network.name },
        hints: [
          network.faucet ? 'Get coins with `floe faucet`' : 'Send WAL to the address that `floe key show` prints',
        ],
      },
    )
  const [first, ...others] = used.map((id) => transaction.object(id))
  if (others.length > 0) transaction.mergeCoins(first!, others)
  const [coin] = transaction.splitCoins(first!, [limitFrost])
  return { coin: coin!, giveBack: () => void transaction.mergeCoins(first!, [coin!]) }
}

/** 1 WAL = 10^9 FROST. At most 9 decimals, without trailing zeros. */
export function formatWal(frost: bigint): string {
  const whole = frost / 1_000_000_000n
  const rest = String(frost % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return rest ? `${whole}.${rest}` : String(whole)
}
