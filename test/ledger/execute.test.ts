/** What is said of a transaction after the ledger failed at it: with a ledger that is played. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LedgerObject } from '../../src/ledger/checked-object.ts'
import { AuthError, LedgerError } from '../../src/ledger/errors.ts'
import { type Connection, createExecutor } from '../../src/ledger/execute.ts'
import { TESTNET } from '../../src/ledger/networks.ts'
import { isRefusal, leavesOpen, mapTransport } from '../../src/ledger/transport-error.ts'

const OWNER = `0x${'a1'.repeat(32)}`
const COIN = `0x${'c0'.repeat(32)}`
const DIGEST = '11111111111111111111111111111111'
const signer = { address: OWNER, signTransaction: async () => '' }

const grpc = (message: string, code: string) => mapTransport(Object.assign(new Error(message), { code }), 'x', TESTNET)
const unreachable = () => mapTransport(new TypeError('fetch failed'), 'x', TESTNET)

/** @param answers - to sending it, in turn; the last again and again
 *  @param coinVersions - of the coin that pays (named: 10), as it is read in turn */
function executor(answers: readonly unknown[], coinVersions: readonly bigint[] = [10n], stop?: AbortController) {
  let [sent, read, looked] = [0, 0, 0]
  const timeouts: number[] = []
  const waiting = {
    async waitForTransaction({ timeout }: { timeout: number }) {
      timeouts.push(timeout)
      // It takes whole milliseconds, of a clock that has fractions.
      AbortSignal.timeout(timeout)
      clock.now += timeout
      stop?.abort()
      throw unreachable()
    },
  }
  const request = async (what: string, ask: (client: never) => Promise<unknown>) => {
    if (what === 'look a transaction up') {
      looked++
      return null
    }
    if (what === 'wait for a transaction') return ask(waiting as never)
    const answer = answers[Math.min(sent++, answers.length - 1)]
    if (answer instanceof Error) throw answer
    return answer
  }
  const connection: Connection = {
    profile: TESTNET,
    request: ((what, _signal, ask) =>
      what === 'prepare a transaction' ? ask(undefined as never) : request(what, ask)) as Connection['request'],
    aborts: undefined,
    random: () => 0,
    fetchObjects: async (ids) => {
      const version = coinVersions[Math.min(read++, coinVersions.length - 1)]!
      return ids.map((id) => ({ id, version, owner: { $kind: 'address', address: OWNER } }) as unknown as LedgerObject)
    },
    fetchHolding: async () => ({ coins: 0n, address: 0n }),
  }
  const { execute } = createExecutor(connection)
  return {
    run: () =>
      execute(
        (transaction) => {
          transaction.setGasPayment([{ objectId: COIN, version: '10', digest: DIGEST }])
          transaction.setGasBudget(1_000_000)
          transaction.setGasPrice(1_000)
          transaction.transferObjects([transaction.gas], transaction.pure.address(OWNER))
        },
        signer,
        stop ? { signal: stop.signal } : {},
      ),
    sent: () => sent,
    looked: () => looked,
    timeouts,
  }
}

const clock = { now: 0 }
const unknown = { code: 'LEDGER_OUTCOME_UNKNOWN', retryable: true }

describe('a transaction that was sent', () => {
  beforeEach(() => {
    vi.spyOn(performance, 'now').mockImplementation(() => {
      clock.now += 0.1
      return clock.now
    })
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('may have taken effect when a gateway answers, or an answer ends too soon', async () => {
    for (const [message, code] of [
      ['UNKNOWN', 'UNKNOWN'],
      ['terminated', 'INTERNAL'],
      ['missing trailers', 'DATA_LOSS'],
    ] as const) {
      const error = grpc(message, code)
      expect([isRefusal(error), leavesOpen(error)]).toEqual([false, true])
    }
    expect(isRefusal(grpc('stale', 'FAILED_PRECONDITION'))).toBe(true)
    const ledger = executor([grpc('UNKNOWN', 'UNKNOWN')])
    await expect(ledger.run()).rejects.toMatchObject(unknown)
    expect([ledger.sent(), ledger.looked()]).toEqual([3, 1])
  })

  it('is not refused by what a second sending is told while the first may be on its way', async () => {
    for (const answer of [grpc('too busy', 'RESOURCE_EXHAUSTED'), grpc('insufficient gas balance', 'INVALID_ARGUMENT')])
      await expect(executor([unreachable(), answer]).run()).rejects.toMatchObject({ ...unknown, cause: answer })
    const refused = grpc('insufficient gas balance', 'INVALID_ARGUMENT')
    expect(refused).toBeInstanceOf(AuthError)
    await expect(executor([refused]).run()).rejects.toBe(refused)
  })

  it('is built anew when what it names has moved on, not when a server lags behind', async () => {
    const stale = grpc('stale', 'FAILED_PRECONDITION')
    const moved = executor([stale, stale, new AuthError('END', 'end')], [11n])
    await expect(moved.run()).rejects.toMatchObject({ code: 'END' })
    expect(moved.sent()).toBe(3)
    const behind = executor([stale], [9n, 10n, 9n, 10n])
    await expect(behind.run()).rejects.toBe(stale)
    expect(behind.sent()).toBe(1)
  })

  it('is said to be done where it was, though its result cannot be read', async () => {
    const done = (digest: string) => ({ $kind: 'Transaction', Transaction: { digest, status: { success: true } } })
    const elsewhere = await executor([done('another')])
      .run()
      .catch((error: unknown) => error)
    const digest = (elsewhere as LedgerError).data['expected'] as string
    const ledger = executor([done(digest)])
    const error = await ledger.run().catch((error: unknown) => error)
    // A minute in all, however often it is asked.
    expect(ledger.timeouts).toEqual([60_000, 1, 1])
    expect(error).toBeInstanceOf(LedgerError)
    expect(error).toMatchObject({ code: 'LEDGER_RESULT_UNSEEN', data: { digest }, retryable: false })
    // Whoever stops waiting for it is told the same, at once.
    const given = executor([done(digest)], [10n], new AbortController())
    await expect(given.run()).rejects.toMatchObject({ code: 'LEDGER_RESULT_UNSEEN', data: { digest } })
    expect(given.timeouts).toHaveLength(1)
  })
})
