/** What a command may spend. The limit that a user sets holds over all transactions of the command, and each of them
 *  enforces its part: money is split off a coin before anything is bought, and what is left flows back. */

import { UsageError } from '../base/errors.ts'
import { AuthError } from '../ledger/errors.ts'
import { paymentLimit } from '../ledger/transactions/register.ts'
import { formatWal } from '../ledger/transactions/wal-payment.ts'
import { parseToken } from './token-amount.ts'

/** Decimal WAL as FROST.
 *  @throws {UsageError} AMOUNT_MALFORMED */
export function parseWal(text: string): bigint
export function parseWal(text: string | undefined): bigint | undefined
export function parseWal(text: string | undefined): bigint | undefined {
  return text === undefined ? undefined : parseToken(text, 'WAL')
}

export interface Budget {
  /** `undefined`: no limit. */
  readonly maxFrost: bigint | undefined
  /** Paid so far. */
  readonly paidFrost: bigint
  /** @param costFrost - everything that is still to be bought
   *  @throws {AuthError} with the code of the budget if that is more than is left */
  assertEnough(costFrost: bigint): void
  /** What to set aside for a transaction: its price with some slack, but never so much that the rest of the command
   *  could go beyond the limit.
   *  @param laterFrost - what later transactions of the command cost */
  limitFor(costFrost: bigint, laterFrost: bigint): bigint
  /** @param costFrost - price as it was read; it counts even if the ledger claims that less was paid */
  paid(costFrost: bigint, paidFrost: bigint): void
}

/** @param code - of the error, for example `PUSH_MAX_WAL`
 *  @param what - `the push`
 *  @param hint - what to do about it */
export function createBudget(maxFrost: bigint | undefined, code: string, what: string, hint: string): Budget {
  let counted = 0n
  let paid = 0n
  const left = () => (maxFrost === undefined ? undefined : maxFrost - counted)
  return {
    maxFrost,
    get paidFrost() {
      return paid
    },
    assertEnough(costFrost) {
      const rest = left()
      if (rest === undefined || costFrost <= rest) return
      throw new AuthError(code, `${what} costs ${formatWal(counted + costFrost)} WAL, more than --max-wal allows`, {
        data: { costFrost: String(counted + costFrost), maxFrost: String(maxFrost) },
        hints: [hint],
      })
    },
    limitFor(costFrost, laterFrost) {
      const rest = left()
      return paymentLimit(costFrost, rest === undefined ? undefined : rest - laterFrost)
    },
    paid(costFrost, paidFrost) {
      counted += paidFrost > costFrost ? paidFrost : costFrost
      paid += paidFrost
    },
  }
}

/** The rules for spending real money (DESIGN §9): outside the local network it is said beforehand, with a limit.
 *  @param code - `RENEW_LIMIT_MISSING`
 *  @param verb - `floe renew`, for the hint
 *  @throws {UsageError} with that code */
export function assertLimitGiven(
  profile: { name: string; local: boolean },
  options: { yes?: boolean | undefined; maxWal?: string | undefined },
  code: string,
  verb: string,
  costFrost?: bigint,
): void {
  if (profile.local || (options.yes && options.maxWal !== undefined)) return
  throw new UsageError(code, `\`${verb}\` on ${profile.name} spends WAL: it needs --yes and --max-wal`, {
    data: { network: profile.name, ...(costFrost === undefined ? {} : { costFrost: String(costFrost) }) },
    hints: [`See the cost with \`${verb} --dry-run\`, then repeat with --yes --max-wal AMOUNT`],
  })
}
