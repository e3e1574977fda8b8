/** Test coins over HTTP: SUI by the interface of Sui's faucets, WAL by the route that local networks have beside it. */

import { linkSignals } from '../base/abort.ts'
import { CancelledError } from '../base/errors.ts'
import { LedgerError } from './errors.ts'

export interface FaucetCoins {
  suiMist: bigint
  /** 0 where the faucet has no WAL. */
  walFrost: bigint
}

export interface FaucetOptions {
  fetch?: typeof fetch | undefined
  signal?: AbortSignal | undefined
}

const TIMEOUT_MS = 30_000
const MAX_ANSWER_BYTES = 64 * 1024

/** @throws {LedgerError} FAUCET_REFUSED, FAUCET_UNREACHABLE */
export async function fetchFaucetCoins(
  faucetUrl: string,
  address: string,
  options: FaucetOptions = {},
): Promise<FaucetCoins> {
  const base = faucetUrl.replace(/\/+$/, '')
  const suiMist = await ask(`${base}/v2/gas`, { FixedAmountRequest: { recipient: address } }, options)
  const walFrost = await ask(`${base}/v2/wal`, { recipient: address }, options).catch((error: unknown) => {
    // Public faucets give SUI only; WAL is exchanged for it.
    if (error instanceof LedgerError && error.data['status'] === 404) return 0n
    throw error
  })
  return { suiMist, walFrost }
}

/** Sum of the coins sent. */
async function ask(url: string, body: unknown, { fetch: send = fetch, signal }: FaucetOptions): Promise<bigint> {
  let response: Response
  let text: string
  using until = linkSignals([signal], { timeoutMs: TIMEOUT_MS })
  try {
    response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: until.signal,
    })
    text = await response.text()
  } catch (error) {
    if (signal?.aborted) throw new CancelledError(signal.reason)
    throw new LedgerError('FAUCET_UNREACHABLE', `the faucet at ${url} cannot be reached`, {
      data: { url },
      retryable: true,
      cause: error,
    })
  }
  const answer = text.length <= MAX_ANSWER_BYTES ? parseAnswer(text) : null
  if (response.ok && answer?.status === 'Success') return answer.sent
  throw new LedgerError('FAUCET_REFUSED', `the faucet gave nothing: ${answer?.reason ?? `HTTP ${response.status}`}`, {
    data: { url, status: response.status },
    hints: response.status === 429 ? ['Wait a while: the faucet limits how often it gives'] : [],
    retryable: response.status === 429,
  })
}

function parseAnswer(text: string): { status: string; sent: bigint; reason?: string } | null {
  try {
    const value = JSON.parse(text) as {
      status?: 'Success' | { Failure?: { internal?: string } }
      coins_sent?: { amount?: number }[] | null
    }
    const failure = typeof value.status === 'object' ? value.status?.Failure?.internal : undefined
    const sent = (value.coins_sent ?? []).reduce((sum, coin) => sum + BigInt(coin.amount ?? 0), 0n)
    return {
      status: value.status === 'Success' ? 'Success' : 'Failure',
      sent,
      ...(failure === undefined ? {} : { reason: String(failure).slice(0, 300) }),
    }
  } catch {
    return null
  }
}
