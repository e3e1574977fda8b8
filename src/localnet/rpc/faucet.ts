/** Test money over HTTP.
 *
 *  `POST /v2/gas` is the interface of the official faucet client (`requestSuiFromFaucetV2`); `POST /v2/wal` takes
 *  `{ "recipient": "0x…", "amount": "1000000000" }` (FROST, a string or an integer) and answers in the same form. */

import { fromUtf8 } from '../../base/bytes.ts'
import { FloeError } from '../../base/errors.ts'
import { invalidArgument } from '../ledger/errors.ts'
import { normalizeAddress } from '../movevm/types.ts'
import type { PlainRoute } from './server.ts'

/** As a local network of the real chain gives: five coins of 200 SUI. */
const SUI_COINS = 5
const SUI_PER_COIN = 200_000_000_000n
const DEFAULT_WAL = 1_000_000_000_000n

/** Sends one new coin. */
export type Fund = (recipient: string, amount: bigint) => { coinId: string; digest: string }

export interface FaucetOptions {
  sui: Fund
  wal: Fund
}

function parseBody(body: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(fromUtf8(body))
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Falls through.
  }
  throw invalidArgument('the body is not a JSON object')
}

function parseRecipient(value: unknown): string {
  if (typeof value !== 'string') throw invalidArgument('missing recipient')
  return normalizeAddress(value)
}

function parseAmount(value: unknown): bigint {
  if (value === undefined) return DEFAULT_WAL
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== 'string' || !/^[1-9]\d{0,18}$/.test(text))
    throw invalidArgument('amount is not a positive integer')
  return BigInt(text)
}

/** The client library expects failures in the body of a successful answer. */
function answering(
  send: (request: Record<string, unknown>) => { amount: bigint; coinId: string; digest: string }[],
): PlainRoute {
  return async (body) => {
    try {
      const coins = send(parseBody(body))
      return {
        status: 200,
        json: {
          status: 'Success',
          coins_sent: coins.map(({ amount, coinId, digest }) => ({
            amount: Number(amount),
            id: coinId,
            transferTxDigest: digest,
          })),
        },
      }
    } catch (error) {
      if (!(error instanceof FloeError)) throw error
      return { status: 400, json: { status: { Failure: { internal: error.message } }, coins_sent: null } }
    }
  }
}

export function faucetRoutes({ sui, wal }: FaucetOptions): Readonly<Record<string, PlainRoute>> {
  return {
    '/v2/gas': answering((request) => {
      const fixed = request['FixedAmountRequest'] as { recipient?: unknown } | undefined
      const recipient = parseRecipient(fixed?.recipient)
      return Array.from({ length: SUI_COINS }, () => ({ amount: SUI_PER_COIN, ...sui(recipient, SUI_PER_COIN) }))
    }),
    '/v2/wal': answering((request) => {
      const recipient = parseRecipient(request['recipient'])
      const amount = parseAmount(request['amount'])
      return [{ amount, ...wal(recipient, amount) }]
    }),
  }
}
