/** The ledger as Floe uses it: objects by id, and transactions that are built, checked, signed and awaited.
 *
 *  A thin wrapper of the official gRPC client, which is loaded on first use only. The wrapper adds what that client
 *  leaves to its caller: coded errors, a digest computed on this side, and the refusal of answers about another object.
 *  @see sui-grpc reference §2 (methods), §8 (what the official client does not verify) */

import type { SuiGrpcClient } from '@mysten/sui/grpc'
import type { Transaction } from '@mysten/sui/transactions'
import { sleep, throwIfAborted } from '../base/abort.ts'
import { CancelledError, FloeError } from '../base/errors.ts'
import { mapLimited } from '../base/limit.ts'
import { CodecError } from '../codec/cursor.ts'
import { type AbortHints, failureOf } from './abort.ts'
import { AuthError, ChainRecordError, LedgerError } from './errors.ts'
import type { LedgerSigner } from './keystore.ts'
import type { NetworkProfile } from './networks.ts'
import { type LedgerOwner, readObjectBytes } from './object-bytes.ts'
import { addressFromBytes, parseAddress, parseStructType } from './object-id.ts'
import { absent, checkedPackage, type LedgerPackage } from './package-answer.ts'
import { transactionDigest } from './transaction-digest.ts'

/** A Move object as read. */
export interface LedgerObject {
  /** Full form. */
  id: string
  version: bigint
  digest: string
  /** Fully qualified Move type; addresses in full form. */
  type: string
  owner: LedgerOwner
  /** BCS of the Move struct; begins with the object's id. */
  content: Uint8Array
}

export interface ChangedObject {
  id: string
  type: string | null
  change: 'created' | 'mutated' | 'deleted'
}

export interface ExecutedTransaction {
  digest: string
  changed: ChangedObject[]
  /** Net gas in MIST: computation + storage - rebate. */
  gasMist: bigint
  events: LedgerEvent[]
  /** What addresses gained or lost, by coin type, as the ledger says. */
  balances: { address: string; coinType: string; amount: bigint }[]
}

/** What an address paid of a coin in a transaction; 0 if it gained. */
export function paidBy(executed: ExecutedTransaction, address: string, coinType: string): bigint {
  const wanted = parseStructType(coinType)
  const change = executed.balances.find((entry) => {
    const type = parseStructType(entry.coinType)
    return (
      entry.address === parseAddress(address) &&
      type?.address === wanted?.address &&
      type?.module === wanted?.module &&
      type?.name === wanted?.name
    )
  })
  return change && change.amount < 0n ? -change.amount : 0n
}

export interface LedgerEvent {
  type: string
  /** BCS of the event struct. */
  content: Uint8Array
}

export interface LedgerRequestOptions {
  signal?: AbortSignal
}

/** Adds commands to a fresh transaction. */
export type BuildTransaction = (transaction: Transaction) => void | Promise<void>

export interface LedgerClient {
  /** Name of the network profile. */
  readonly network: string
  readonly rpcUrl: string
  /** `null` where there is no such object (any more). Order of the ids. */
  fetchObjects(ids: readonly string[], options?: LedgerRequestOptions): Promise<(LedgerObject | null)[]>
  fetchObject(id: string, options?: LedgerRequestOptions): Promise<LedgerObject | null>
  /** Objects an address owns, of one type, at most `limit`. */
  fetchOwnedObjects(owner: string, type: string, limit: number, options?: LedgerRequestOptions): Promise<LedgerObject[]>
  /** Sum of all coins of a type, in its smallest unit. */
  fetchBalance(owner: string, coinType: string, options?: LedgerRequestOptions): Promise<bigint>
  /** Coin objects of an address, largest first, at most `limit`. */
  fetchCoins(
    owner: string,
    coinType: string,
    limit: number,
    options?: LedgerRequestOptions,
  ): Promise<{ id: string; balance: bigint }[]>
  /** Keys of the dynamic fields under an object: type and BCS; at most `limit`. */
  fetchFieldNames(
    parent: string,
    limit: number,
    options?: LedgerRequestOptions,
  ): Promise<{ type: string; bcs: Uint8Array; fieldId: string }[]>
  /** A published package; `null` where there is none. */
  fetchPackage(id: string, options?: LedgerRequestOptions): Promise<LedgerPackage | null>
  /** Identifier of the chain: base58 digest of its first checkpoint. */
  fetchChainId(options?: LedgerRequestOptions): Promise<string>
  /** Runs a transaction without effect and says what it would cost.
   *  @throws {FloeError} the error that execution would throw */
  simulate(build: BuildTransaction, sender: string, options?: LedgerRequestOptions): Promise<{ gasMist: bigint }>
  /** Builds, signs and executes; resolves when the result can be read back.
   *  @throws {FloeError} the mapped Move abort, FUNDS_SUI_SHORT, LEDGER_… */
  execute(build: BuildTransaction, signer: LedgerSigner, options?: LedgerRequestOptions): Promise<ExecutedTransaction>
}

export interface LedgerClientOptions {
  fetch?: typeof fetch
  /** Deadline of one request (default 30,000). */
  timeoutMs?: number
  /** What the abort codes of packages mean, beyond the built-in table. */
  aborts?: AbortHints
}

const DEFAULT_TIMEOUT_MS = 30_000
/** A transaction of many packs checks a certificate for each: on a busy machine a local ledger takes long over it. */
const RUNNING_METHODS = /\/(Simulate|Execute)Transaction$/
const RUN_FACTOR = 4
/** Pages of one listing: 1,000 items each at most. */
const MAX_PAGES = 200
const WAIT_TIMEOUT_MS = 60_000
const RESEND_WAITS_MS = [300, 1_000]
/** Objects in one request: what the official client sends at once, one request after the other. */
const OBJECTS_PER_REQUEST = 50
const OBJECT_REQUESTS = 4

/** What is asked for of a transaction. */
const OUTCOME = { effects: true, objectTypes: true, events: true, balanceChanges: true } as const

/** @example const ledger = createLedgerClient(profile); await ledger.fetchObject(profile.systemObjectId) */
export function createLedgerClient(profile: NetworkProfile, options: LedgerClientOptions = {}): LedgerClient {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const send = options.fetch ?? fetch
  let loaded: Promise<SuiGrpcClient> | undefined
  const load = () => {
    loaded ??= import('@mysten/sui/grpc').then(
      ({ SuiGrpcClient: Client }) =>
        new Client({
          network: profile.name,
          baseUrl: profile.rpcUrl,
          fetch: (input, init) => {
            const isRun = RUNNING_METHODS.test(String(input))
            const deadline = AbortSignal.timeout(isRun ? RUN_FACTOR * timeoutMs : timeoutMs)
            const signal = init?.signal ? AbortSignal.any([init.signal, deadline]) : deadline
            return send(input, { ...init, signal })
          },
        }),
    )
    return loaded
  }

  async function request<T>(
    what: string,
    signal: AbortSignal | undefined,
    ask: (client: SuiGrpcClient) => Promise<T>,
  ): Promise<T> {
    throwIfAborted(signal)
    const client = await load()
    try {
      return await ask(client)
    } catch (error) {
      if (signal?.aborted) throw new CancelledError(signal.reason)
      throw mapTransport(error, what, profile, options.aborts)
    }
  }

  /** Sends a signed transaction, again if the connection failed: its digest makes sending it twice harmless, while not
   *  knowing whether it took effect would not be. */
  async function resending<T>(what: string, ask: (client: SuiGrpcClient) => Promise<T>): Promise<T> {
    for (let round = 0; ; round++) {
      try {
        return await request(what, undefined, ask)
      } catch (error) {
        if (!(error instanceof LedgerError) || !error.retryable || round >= RESEND_WAITS_MS.length) throw error
        await sleep(RESEND_WAITS_MS[round]!)
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
      if (!(error instanceof LedgerError)) throw error
      const found = await lookUp(digest).catch(() => undefined)
      if (found) return found
      // Refused, and the chain does not have it: it did not happen. Lost on the way, it still may.
      if (found === null && !error.retryable) throw error
      throw new LedgerError('LEDGER_OUTCOME_UNKNOWN', `it is not known whether transaction ${digest} took effect`, {
        data: { digest, network: profile.name, rpcUrl: profile.rpcUrl },
        retryable: true,
        hints: ['Run the command again when the ledger can be reached: it looks first, and nothing is paid twice'],
        cause: error,
      })
    }
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

  const ledger: LedgerClient = {
    network: profile.name,
    rpcUrl: profile.rpcUrl,

    async fetchObjects(ids, { signal } = {}) {
      if (ids.length === 0) return []
      const wanted = ids.map(parseAddress)
      const pieces = Array.from({ length: Math.ceil(wanted.length / OBJECTS_PER_REQUEST) }, (_, i) =>
        wanted.slice(i * OBJECTS_PER_REQUEST, (i + 1) * OBJECTS_PER_REQUEST),
      )
      const answers = await mapLimited(pieces, OBJECT_REQUESTS, (objectIds) =>
        request('read objects', signal, (client) =>
          client.getObjects({ objectIds, include: { objectBcs: true }, ...(signal ? { signal } : {}) }),
        ),
      )
      const objects = answers.flatMap((answer) => answer.objects)
      if (objects.length !== wanted.length)
        throw new LedgerError('LEDGER_ANSWER_MALFORMED', 'the ledger answered about another number of objects', {
          data: { asked: wanted.length, got: objects.length, rpcUrl: profile.rpcUrl },
        })
      return objects.map((object, i) => {
        if (object instanceof Error) {
          if ('reason' in object && (object.reason === 'notFound' || object.reason === 'deleted')) return null
          throw mapTransport(object, `read object ${wanted[i]}`, profile, options.aborts)
        }
        return checkedObject(object, wanted[i]!)
      })
    },

    async fetchObject(id, requestOptions) {
      return (await ledger.fetchObjects([id], requestOptions))[0]!
    },

    async fetchOwnedObjects(owner, type, limit, { signal } = {}) {
      const found: LedgerObject[] = []
      let cursor: string | null = null
      for (let page = 0; page < MAX_PAGES && found.length < limit; page++) {
        const answer = await request('list owned objects', signal, (client) =>
          client.listOwnedObjects({ owner, type, cursor, include: { objectBcs: true } }),
        )
        for (const object of answer.objects) found.push(checkedObject(object, parseAddress(object.objectId)))
        cursor = answer.cursor
        if (!answer.hasNextPage) break
      }
      return found.slice(0, limit)
    },

    async fetchBalance(owner, coinType, { signal } = {}) {
      const { balance } = await request('read a balance', signal, (client) => client.getBalance({ owner, coinType }))
      return BigInt(balance.balance)
    },

    async fetchCoins(owner, coinType, limit, { signal } = {}) {
      const found: { id: string; balance: bigint }[] = []
      let cursor: string | null = null
      for (let page = 0; page < MAX_PAGES; page++) {
        const answer = await request('list coins', signal, (client) => client.listCoins({ owner, coinType, cursor }))
        for (const coin of answer.objects)
          found.push({ id: parseAddress(coin.objectId), balance: BigInt(coin.balance) })
        cursor = answer.cursor
        if (!answer.hasNextPage) break
      }
      found.sort((a, b) => (a.balance < b.balance ? 1 : a.balance > b.balance ? -1 : a.id < b.id ? -1 : 1))
      return found.slice(0, limit)
    },

    async fetchFieldNames(parent, limit, { signal } = {}) {
      const found: { type: string; bcs: Uint8Array; fieldId: string }[] = []
      let cursor: string | null = null
      for (let page = 0; page < MAX_PAGES && found.length < limit; page++) {
        const answer = await request('list dynamic fields', signal, (client) =>
          client.listDynamicFields({ parentId: parent, cursor, limit: 1000 }),
        )
        for (const field of answer.dynamicFields)
          found.push({ type: field.name.type, bcs: field.name.bcs, fieldId: parseAddress(field.fieldId) })
        cursor = answer.cursor
        if (!answer.hasNextPage) break
      }
      return found.slice(0, limit)
    },

    async fetchPackage(id, { signal } = {}) {
      const packageId = parseAddress(id)
      const answer = await request('read a package', signal, (client) =>
        client.movePackageService.getPackage({ packageId }, signal ? { abort: signal } : {}).response.catch(absent),
      )
      return answer?.package ? checkedPackage(answer.package, packageId) : null
    },

    async fetchChainId({ signal } = {}) {
      const { chainIdentifier } = await request('read the chain id', signal, (client) =>
        client.core.getChainIdentifier(),
      )
      return chainIdentifier
    },

    async simulate(build, sender, { signal } = {}) {
      const transaction = await prepare(build, sender)
      const result = await request('simulate a transaction', signal, (client) =>
        client.simulateTransaction({ transaction, include: { effects: true } }),
      )
      const outcome = result.$kind === 'Transaction' ? result.Transaction : result.FailedTransaction
      if (!outcome.status.success) throw failureOf(outcome.status.error, options.aborts)
      return { gasMist: netGas(outcome.effects.gasUsed) }
    },

    async execute(build, signer, { signal } = {}) {
      const transaction = await prepare(build, signer.address)
      const bytes = await request('prepare a transaction', signal, (client) => transaction.build({ client }))
      const digest = transactionDigest(bytes)
      const signature = await signer.signTransaction(bytes)
      // From here on the transaction may take effect whatever happens to the connection, so the caller's signal is
      // honoured before it is sent and never while its fate is unknown.
      const result = await decided(digest, () =>
        resending('execute a transaction', (client) =>
          client.executeTransaction({ transaction: bytes, signatures: [signature], include: OUTCOME }),
        ),
      )
      const outcome = result.$kind === 'Transaction' ? result.Transaction : result.FailedTransaction
      if (outcome.digest !== digest)
        throw new ChainRecordError('LEDGER_DIGEST_MISMATCH', 'the ledger answered about another transaction', {
          data: { expected: digest, got: outcome.digest, rpcUrl: profile.rpcUrl },
        })
      if (!outcome.status.success) throw failureOf(outcome.status.error, options.aborts, digest)
      await resending('wait for a transaction', (client) =>
        client.waitForTransaction({
          digest,
          timeout: WAIT_TIMEOUT_MS,
          pollSchedule: [0, 20, 60, 150, 300, 600, 1500, 3500],
        }),
      )
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
    },
  }
  return ledger
}

function netGas(used: { computationCost: string; storageCost: string; storageRebate: string }): bigint {
  return BigInt(used.computationCost) + BigInt(used.storageCost) - BigInt(used.storageRebate)
}

/** The official client passes on whatever the server says. Here everything is read from the bytes that the chain hashes;
 *  their digest must be the one named, and the id inside the contents the one asked for.
 *  @throws {ChainRecordError} LEDGER_OBJECT_MISMATCH, LEDGER_OBJECT_DIGEST, LEDGER_OBJECT_MALFORMED */
function checkedObject(
  object: { objectId: string; version: string; digest: string; objectBcs?: Uint8Array | undefined },
  wanted: string,
): LedgerObject {
  const id = parseAddress(object.objectId)
  const { digest, ...read } = objectBytesOf(object.objectBcs, wanted)
  if (digest !== object.digest || read.version !== BigInt(object.version))
    throw new ChainRecordError(
      'LEDGER_OBJECT_DIGEST',
      `the ledger answered object ${wanted} with other bytes than it names`,
      {
        data: { wanted, named: object.digest, got: digest, version: String(object.version) },
      },
    )
  const inside = read.content.length >= 32 ? addressFromBytes(read.content.subarray(0, 32)) : null
  if (id !== wanted || inside !== wanted)
    throw new ChainRecordError('LEDGER_OBJECT_MISMATCH', `the ledger answered object ${wanted} with another one`, {
      data: { wanted, got: id, inside },
    })
  return { id, digest, ...read }
}

function objectBytesOf(bytes: Uint8Array | undefined, wanted: string): ReturnType<typeof readObjectBytes> {
  try {
    return readObjectBytes(bytes ?? new Uint8Array(0))
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new ChainRecordError(
      'LEDGER_OBJECT_MALFORMED',
      `the ledger answered ${wanted} with bytes that are no object`,
      {
        data: { wanted },
        cause: error,
      },
    )
  }
}

/** What the official client throws, as an error of ours. Its classes carry the Move abort where there is one. */
function mapTransport(error: unknown, what: string, profile: NetworkProfile, aborts?: AbortHints): FloeError {
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
