/** What the official client throws, as errors of ours. */

import { FloeError } from '../base/errors.ts'
import { type AbortHints, failureOf } from './abort.ts'
import { AuthError, LedgerError } from './errors.ts'
import type { NetworkProfile } from './networks.ts'

/** Its classes carry the Move abort where there is one. */
export function mapTransport(error: unknown, what: string, profile: NetworkProfile, aborts?: AbortHints): FloeError {
  if (error instanceof FloeError) return error
  const execution =
    error instanceof Error && 'executionError' in error && error.executionError ? error.executionError : undefined
  if (execution) return failureOf(execution as Parameters<typeof failureOf>[0], aborts)
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (/no valid gas coins|insufficient.*(gas|balance)|not enough.*gas|gas.*insufficient/i.test(message))
    return new AuthError('FUNDS_SUI_SHORT', 'the address has not enough SUI to pay for gas', {
      data: { network: profile.name, ledgerSays: message.slice(0, 300) },
      hints: [
        profile.faucetUrl ? 'Get coins with `floe faucet`' : 'Send SUI to the address that `floe key show` prints',
      ],
      cause: error,
    })
  const unreachable =
    error instanceof TypeError || /fetch failed|ECONN|socket|network/i.test(message) || code === 'UNAVAILABLE'
  const timedOut =
    error instanceof Error &&
    (error.name === 'TimeoutError' || code === 'DEADLINE_EXCEEDED' || /due to timeout/.test(message))
  if (unreachable || timedOut)
    return new LedgerError(
      'LEDGER_UNREACHABLE',
      `cannot ${what}: the ledger at ${profile.rpcUrl} ${timedOut ? 'gave no answer in time' : 'cannot be reached'}`,
      {
        data: { network: profile.name, rpcUrl: profile.rpcUrl },
        retryable: true,
        hints: [
          profile.local ? 'Start the local network with `floe localnet up`' : 'Check the connection and the end point',
        ],
        cause: error,
      },
    )
  return new LedgerError('LEDGER_REFUSED', `cannot ${what}: ${message.slice(0, 300)}`, {
    data: { network: profile.name, rpcUrl: profile.rpcUrl, ...(code ? { grpc: code } : {}) },
    cause: error,
  })
}

/** The ledger looked at it and said no; nothing on the way failed. */
export function isRefusal(error: unknown): error is LedgerError {
  return error instanceof LedgerError && error.code === 'LEDGER_REFUSED' && !leavesOpen(error)
}

/** Whether a request may have been served although it failed: no answer came, or one of a gateway, or half of one. */
export function leavesOpen(error: unknown): boolean {
  return error instanceof LedgerError && (error.retryable || OPEN_CODES.has(String(error.data['grpc'])))
}

/** Ledgers refuse with other codes. The official client says INTERNAL and DATA_LOSS for an answer that ends too soon or is
 *  none, UNKNOWN for HTTP 500 and 502. */
const OPEN_CODES: ReadonlySet<string> = new Set(['CANCELLED', 'DATA_LOSS', 'INTERNAL', 'UNKNOWN'])
