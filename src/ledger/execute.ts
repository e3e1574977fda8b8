/** Transactions on their way: built, signed, sent, and their fate asked of the chain.
 *
 *  Two rules. A transaction that may still take effect is never followed by another one for the same purpose. And one that
 *  was refused because others of the same key used its coins or objects is built anew, once the chain shows that it never
 *  can: this is how a training job and a person push with one key at the same time. */

import type { SuiGrpcClient } from '@mysten/sui/grpc'
import type { Transaction } from '@mysten/sui/transactions'
import { sleep } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import { type AbortHints, failureOf } from './abort.ts'
import type { LedgerObject } from './checked-object.ts'
import type {
  BuildTransaction,
  ExecutedTransaction,
  ExecuteOptions,
  LedgerHolding,
  LedgerRequestOptions,
} from './client.ts'
import { ChainRecordError, LedgerError } from './errors.ts'
import { type InputState, readInputState, type TransactionContents } from './input-state.ts'
import type { LedgerSigner } from './keystore.ts'
import type { NetworkProfile } from './networks.ts'
import { parseAddress } from './object-id.ts'
import { transactionDigest } from './transaction-digest.ts'
import { isRefusal, leavesOpen } from './transport-error.ts'

/** What it is done with: one end point. */
export interface Connection {
  profile: NetworkProfile
  /** @throws {FloeError} whatever goes wrong, mapped */
  request<T>(what: string, signal: AbortSignal | undefined, ask: (client: SuiGrpcClient) => Promise<T>): Promise<T>
  aborts: AbortHints | undefined
  /** Uniform in [0, 1). */
  random(): number
  fetchObjects(ids: readonly string[]): Promise<(LedgerObject | null)[]>
  fetchHolding(owner: string, coinType: string): Promise<LedgerHolding>
}

export interface Executor {
  simulate(build: BuildTransaction, sender: string, options?: LedgerRequestOptions): Promise<{ gasMist: bigint }>
  execute(build: BuildTransaction, signer: LedgerSigner, options?: ExecuteOptions): Promise<ExecutedTransaction>
  fetchExecuted(digest: string): Promise<ExecutedTransaction | null>
}

/** For a transaction that took effect to be read back, all attempts together. */
const WAIT_TIMEOUT_MS = 60_000
const RESEND_WAITS_MS = [300, 1_000]
/** Times a transaction is built before it is given up to others that use the same coins. One of those that meet always gets
 *  through, so this is how many may be under way at once with one key. */
const MAX_BUILDS = 16
/** The wait after losing, at first and at most; the half of it is random. */
const LOST_WAIT_MS = { first: 40, most: 1_500 }
/** How long validators may hold an object for a transaction before it has a new version, or is free again. */
const RESERVED_WAIT_MS = 10_000
const RESERVED_POLL_MS = 400

/** What is asked for of a transaction. */
const OUTCOME = { effects: true, objectTypes: true, events: true, balanceChanges: true } as const

type Attempt = { $kind: 'executed'; executed: ExecutedTransaction } | { $kind: 'overtaken'; refusal: LedgerError }

export function createExecutor(connection: Connection): Executor {
  const { profile, request, aborts, random } = connection

  async function simulate(
    build: BuildTransaction,
    sender: string,
    { signal }: LedgerRequestOptions = {},
  ): Promise<{ gasMist: bigint }> {
    const transaction = await prepare(build, sender)
    const result = await request('simulate a transaction', signal, (client) =>
      client.simulateTransaction({ transaction, include: { effects: true } }),
    )
    const outcome = result.$kind === 'Transaction' ? result.Transaction : result.FailedTransaction
    if (!outcome.status.success) throw failureOf(outcome.status.error, aborts)
    return { gasMist: netGas(outcome.effects.gasUsed) }
  }

  async function execute(
    build: BuildTransaction,
    signer: LedgerSigner,
    options: ExecuteOptions = {},
  ): Promise<ExecutedTransaction> {
    const { signal } = options
    for (let builds = 1; ; builds++) {
      const attempt = await executeOnce(build, signer, options)
      if (attempt.$kind === 'executed') return attempt.executed
      if (builds >= MAX_BUILDS) throw contended(attempt.refusal, builds)
      const most = Math.min(LOST_WAIT_MS.first * 2 ** (builds - 1), LOST_WAIT_MS.most)
      await sleep((most * (1 + random())) / 2, signal)
    }
  }

  async function executeOnce(
    build: BuildTransaction,
    signer: LedgerSigner,
    { signal, onSigned }: ExecuteOptions,
  ): Promise<Attempt> {
    const transaction = await prepare(build, signer.address)
    const named = transaction.getData()
    let bytes: Uint8Array<ArrayBuffer>
    try {
      bytes = await request('prepare a transaction', signal, (client) => transaction.build({ client }))
    } catch (error) {
      // Nothing was signed, so building anew is harmless; it is of use if what is named has changed.
      if (!isRefusal(error)) throw error
      const state = await inputState(named, signer.address)
      if (state.$kind === 'gone') throw inputGone(state.id, error)
      if (state.$kind === 'unmoved') throw error
      return { $kind: 'overtaken', refusal: error }
    }
    const digest = transactionDigest(bytes)
    const signature = await signer.signTransaction(bytes)
    await onSigned?.(digest)
    // From here on the transaction may take effect whatever happens to the connection, so the caller's signal is
    // honoured before it is sent and never while its fate is unknown.
    let result: Awaited<ReturnType<typeof sendSigned>> | null
    let isLost = false
    try {
      result = await decided(digest, () => sendSigned(bytes, signature, () => void (isLost = true)))
    } catch (error) {
      if (isRefusal(error) && (await isImpossible(transaction.getData(), signer.address, error))) {
        // What moved may have been moved by this very transaction, sent again after its first answer was lost.
        result = await lookUp(digest)
        if (!result) return { $kind: 'overtaken', refusal: error }
      } else {
        // A refusal says nothing about what was sent before it, and may still be on its way.
        throw isLost && error instanceof FloeError && !error.retryable ? outcomeUnknown(digest, error) : error
      }
    }
    return { $kind: 'executed', executed: await settled(result, digest, signal) }
  }

  function sendSigned(bytes: Uint8Array, signature: string, onLost: () => void) {
    return resending(
      'execute a transaction',
      (client) => client.executeTransaction({ transaction: bytes, signatures: [signature], include: OUTCOME }),
      { onLost },
    )
  }

  function inputState(contents: TransactionContents, sender: string): Promise<InputState> {
    return readInputState(contents, parseAddress(sender), {
      fetchObjects: connection.fetchObjects,
      fetchAddressBalance: async (owner, coinType) => (await connection.fetchHolding(owner, coinType)).address,
    })
  }

  /** Whether a signed transaction that was refused can never take effect, because something it names was used by another.
   *  Where validators say that they hold something for another transaction, what becomes of that one is waited for. */
  async function isImpossible(contents: TransactionContents, sender: string, refusal: LedgerError): Promise<boolean> {
    const isReserved = RESERVED.test(refusal.message)
    for (let round = 0; ; round++) {
      const { $kind } = await inputState(contents, sender)
      if ($kind === 'moved' || $kind === 'gone') return true
      if (!(isReserved || $kind === 'behind') || round >= RESERVED_WAIT_MS / RESERVED_POLL_MS) return false
      await sleep(RESERVED_POLL_MS)
    }
  }

  /** @param signal - honoured: what happened is known, only reading it back is waited for
   *  @throws {FloeError} if it was executed and failed; LEDGER_RESULT_UNSEEN if it cannot be read back, or that was
   *    given up */
  async function settled(
    result: Awaited<ReturnType<typeof sendSigned>>,
    digest: string,
    signal?: AbortSignal,
  ): Promise<ExecutedTransaction> {
    const outcome = result.$kind === 'Transaction' ? result.Transaction : result.FailedTransaction
    if (outcome.digest !== digest)
      throw new ChainRecordError('LEDGER_DIGEST_MISMATCH', 'the ledger answered about another transaction', {
        data: { expected: digest, got: outcome.digest, rpcUrl: profile.rpcUrl },
      })
    if (!outcome.status.success) throw failureOf(outcome.status.error, aborts, digest)
    const deadline = performance.now() + WAIT_TIMEOUT_MS
    await resending(
      'wait for a transaction',
      (client) =>
        client.waitForTransaction({
          digest,
          timeout: Math.max(1, Math.round(deadline - performance.now())),
          pollSchedule: [0, 20, 60, 150, 300, 600, 1500, 3500],
          ...(signal ? { signal } : {}),
        }),
      { signal },
    ).catch((cause: unknown) => {
      throw new LedgerError('LEDGER_RESULT_UNSEEN', `transaction ${digest} took effect, but cannot be read back yet`, {
        data: { digest, network: profile.name, rpcUrl: profile.rpcUrl },
        hints: ['It is done and paid for: look what there is before running the command again'],
        cause,
      })
    })
    return {
      digest,
      changed: outcome.effects.changedObjects.map((changed) => ({
        id: parseAddress(changed.objectId),
        type: outcome.objectTypes[changed.objectId] ?? null,
        change:
          changed.idOperation === 'Created' ? 'created' : changed.idOperation === 'Deleted' ? 'deleted' : 'mutated',
      })),
      gasMist: netGas(outcome.effects.gasUsed),
      events: outcome.events.map((event) => ({ type: event.eventType, content: event.bcs })),
      balances: outcome.balanceChanges.map(({ address, coinType, amount }) => ({
        address: parseAddress(address),
        coinType,
        amount: BigInt(amount),
      })),
    }
  }

  async function fetchExecuted(digest: string): Promise<ExecutedTransaction | null> {
    const result = await lookUp(digest)
    return result?.$kind === 'Transaction' ? settled(result, digest) : null
  }

  function inputGone(id: string, cause: Error): LedgerError {
    return new LedgerError(
      'LEDGER_INPUT_GONE',
      `object ${id} cannot be used any more: it is gone, or of another owner`,
      {
        data: { objectId: id, network: profile.name },
        retryable: true,
        hints: ['Another command used it in this moment: run this one again, it looks first what there is'],
        cause,
      },
    )
  }

  function contended(cause: LedgerError, builds: number): LedgerError {
    return new LedgerError('LEDGER_CONTENDED', `other transactions of this key were faster, ${builds} times`, {
      data: { network: profile.name, builds },
      retryable: true,
      hints: [
        'Nothing of it happened: run it again when the other commands with this key are done, or use another key',
      ],
      cause,
    })
  }

  /** Sends a signed transaction, again if the connection failed: its digest makes sending it twice harmless, while not
   *  knowing whether it took effect would not be. */
  async function resending<T>(
    what: string,
    ask: (client: SuiGrpcClient) => Promise<T>,
    { signal, onLost }: { signal?: AbortSignal | undefined; onLost?: () => void } = {},
  ): Promise<T> {
    for (let round = 0; ; round++) {
      try {
        return await request(what, signal, ask)
      } catch (error) {
        if (!leavesOpen(error) || round >= RESEND_WAITS_MS.length) throw error
        onLost?.()
        await sleep(RESEND_WAITS_MS[round]!, signal)
      }
    }
  }

  /** What became of a transaction is decided by the chain: if sending it failed in a way that leaves that open, its digest
   *  is looked up. Only if that cannot be answered either, nobody knows.
   *  @throws {LedgerError} LEDGER_OUTCOME_UNKNOWN naming the digest */
  async function decided<T>(digest: string, send: () => Promise<T>) {
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof FloeError)) throw error
      const found = await lookUp(digest).catch(() => undefined)
      if (found) return found
      // Refused, and the chain does not have it: it did not happen. Lost on the way, it still may.
      if (found === null && !leavesOpen(error)) throw error
      throw outcomeUnknown(digest, error)
    }
  }

  function outcomeUnknown(digest: string, cause: Error): LedgerError {
    return new LedgerError('LEDGER_OUTCOME_UNKNOWN', `it is not known whether transaction ${digest} took effect`, {
      data: { digest, network: profile.name, rpcUrl: profile.rpcUrl },
      retryable: true,
      hints: [
        'Run the command again when the ledger can be reached: pushes and renewals look first, and pay for nothing twice',
        'What moves money or publishes a package is done once more: look first whether that transaction took effect',
      ],
      cause,
    })
  }

  /** `null` if the ledger says that it has no such transaction. */
  async function lookUp(digest: string) {
    return resending('look a transaction up', async (client) => {
      try {
        return await client.getTransaction({ digest, include: OUTCOME })
      } catch (error) {
        if (error instanceof Error && 'reason' in error && error.reason === 'notFound') return null
        throw error
      }
    })
  }

  async function prepare(build: BuildTransaction, sender: string): Promise<Transaction> {
    const { Transaction } = await import('@mysten/sui/transactions')
    const transaction = new Transaction()
    transaction.setSender(sender)
    await build(transaction)
    return transaction
  }

  return { simulate, execute, fetchExecuted }
}

/** Validators hold an object for the first transaction that they saw it in. */
const RESERVED = /reserved for another transaction|locked by a different transaction|equivocat/i

function netGas(used: { computationCost: string; storageCost: string; storageRebate: string }): bigint {
  return BigInt(used.computationCost) + BigInt(used.storageCost) - BigInt(used.storageRebate)
}
