/** The ledger as Floe uses it: objects by id, and transactions that are built, checked, signed and awaited.
 *
 *  A thin wrapper of the official gRPC client, which is loaded on first use only. The wrapper adds what that client
 *  leaves to its caller: coded errors, a digest computed on this side, and the refusal of answers about another object.
 *  @see sui-grpc reference §2 (methods), §8 (what the official client does not verify) */

import type { SuiGrpcClient } from '@mysten/sui/grpc'
import type { Transaction } from '@mysten/sui/transactions'
import { linkSignals, throwIfAborted } from '../base/abort.ts'
import { CancelledError } from '../base/errors.ts'
import { mapLimited } from '../base/limit.ts'
import type { AbortHints } from './abort.ts'
import { checkedObject, type LedgerObject } from './checked-object.ts'
import { LedgerError } from './errors.ts'
import { createExecutor } from './execute.ts'
import { httpFetch } from './http-fetch.ts'
import type { LedgerSigner } from './keystore.ts'
import type { NetworkProfile } from './networks.ts'
import { parseAddress, parseStructType } from './object-id.ts'
import { absent, checkedPackage, type LedgerPackage } from './package-answer.ts'
import { mapTransport } from './transport-error.ts'

export type { LedgerObject }

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

export interface ExecuteOptions extends LedgerRequestOptions {
  /** Told the digest of each transaction that is about to be sent, and awaited: with it, `fetchExecuted` tells later what
   *  became of a transaction whose answer is lost. */
  onSigned?: ((digest: string) => Promise<void>) | undefined
}

/** What an address has of a coin type, in its smallest unit. */
export interface LedgerHolding {
  /** In coin objects. */
  coins: bigint
  /** The address balance: in no coin. */
  address: bigint
}

/** A coin at the version that was read. */
export interface LedgerCoin {
  id: string
  version: bigint
  /** Of the object. */
  digest: string
  balance: bigint
}

/** Adds commands to a fresh transaction. It is called again where the transaction has to be built anew because what it names
 *  was used by another one meanwhile: what it spends it reads itself. */
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
  /** Everything that an address has of a coin type, in its smallest unit. */
  fetchBalance(owner: string, coinType: string, options?: LedgerRequestOptions): Promise<bigint>
  fetchHolding(owner: string, coinType: string, options?: LedgerRequestOptions): Promise<LedgerHolding>
  /** Coin objects of an address, largest first, at most `limit`. */
  fetchCoins(owner: string, coinType: string, limit: number, options?: LedgerRequestOptions): Promise<LedgerCoin[]>
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
  /** Builds, signs and executes; resolves when the result can be read back. Where another transaction has used up what this
   *  one names, and the chain shows that it can never take effect, it is built anew.
   *  @throws {FloeError} the mapped Move abort, FUNDS_SUI_SHORT, LEDGER_INPUT_GONE if it names what is not there any more,
   *  LEDGER_CONTENDED if others are always faster, LEDGER_… */
  execute(build: BuildTransaction, signer: LedgerSigner, options?: ExecuteOptions): Promise<ExecutedTransaction>
  /** What a transaction did; `null` if the ledger has none with this digest, or it failed. */
  fetchExecuted(digest: string): Promise<ExecutedTransaction | null>
}

export interface LedgerClientOptions {
  fetch?: typeof fetch
  /** Deadline of one request (default 30,000). */
  timeoutMs?: number
  /** What the abort codes of packages mean, beyond the built-in table. */
  aborts?: AbortHints
  /** Uniform in [0, 1): how long to wait for others (default Math.random). */
  random?: () => number
}

const DEFAULT_TIMEOUT_MS = 30_000
/** A transaction of many packs checks a certificate for each: on a busy machine a local ledger takes long over it. */
const RUNNING_METHODS = /\/(Simulate|Execute)Transaction$/
const RUN_FACTOR = 4
/** Pages of one listing: 1,000 items each at most. */
const MAX_PAGES = 200
/** Objects in one request: what the official client sends at once, one request after the other. */
const OBJECTS_PER_REQUEST = 50
const OBJECT_REQUESTS = 4

/** @example const ledger = createLedgerClient(profile); await ledger.fetchObject(profile.systemObjectId) */
export function createLedgerClient(profile: NetworkProfile, options: LedgerClientOptions = {}): LedgerClient {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const send = options.fetch ?? httpFetch
  let loaded: Promise<SuiGrpcClient> | undefined
  const load = () => {
    loaded ??= import('@mysten/sui/grpc').then(
      ({ SuiGrpcClient: Client }) =>
        new Client({
          network: profile.name,
          baseUrl: profile.rpcUrl,
          fetch: (input, init) => {
            const isRun = RUNNING_METHODS.test(String(input))
            // Not disposed of: the deadline is also that of the body, which is read after this.
            const { signal } = linkSignals([init?.signal ?? undefined], {
              timeoutMs: isRun ? RUN_FACTOR * timeoutMs : timeoutMs,
            })
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

  const executor = createExecutor({
    profile,
    request,
    aborts: options.aborts,
    random: options.random ?? Math.random,
    fetchObjects: (ids) => ledger.fetchObjects(ids),
    fetchHolding: (owner, coinType) => ledger.fetchHolding(owner, coinType),
  })

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

    async fetchBalance(owner, coinType, requestOptions) {
      const { coins, address } = await ledger.fetchHolding(owner, coinType, requestOptions)
      return coins + address
    },

    async fetchHolding(owner, coinType, { signal } = {}) {
      const { balance } = await request('read a balance', signal, (client) => client.getBalance({ owner, coinType }))
      return { coins: BigInt(balance.coinBalance), address: BigInt(balance.addressBalance) }
    },

    async fetchCoins(owner, coinType, limit, { signal } = {}) {
      const found: LedgerCoin[] = []
      let cursor: string | null = null
      for (let page = 0; page < MAX_PAGES; page++) {
        const answer = await request('list coins', signal, (client) => client.listCoins({ owner, coinType, cursor }))
        for (const coin of answer.objects)
          found.push({
            id: parseAddress(coin.objectId),
            version: BigInt(coin.version),
            digest: coin.digest,
            balance: BigInt(coin.balance),
          })
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

    simulate: (build, sender, requestOptions) => executor.simulate(build, sender, requestOptions),
    execute: (build, signer, executeOptions) => executor.execute(build, signer, executeOptions),
    fetchExecuted: (digest) => executor.fetchExecuted(digest),
  }

  return ledger
}
