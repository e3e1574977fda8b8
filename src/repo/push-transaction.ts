/** The transactions that make a push visible. The last one certifies, deposits and moves the ref: all of it or nothing.
 *
 *  Few packs need one transaction. Many are deposited in batches, into a `Push` object that belongs to the pusher, and
 *  nothing shows before the last (limits: 1,024 commands, 1,000 children loaded per transaction). */

import type { Transaction, TransactionArgument } from '@mysten/sui/transactions'
import { FloeError } from '../base/errors.ts'
import { type BuildTransaction, type ExecutedTransaction, paidBy } from '../ledger/client.ts'
import type { LedgerSigner } from '../ledger/keystore.ts'
import { originalFloeId, walCoinType } from '../ledger/networks.ts'
import { pushNumberOf } from '../ledger/ref-moves.ts'
import type { PackRange, SegmentRecord } from '../ledger/repository-records.ts'
import type { RepositoryState } from '../ledger/repository-state.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { addRenewal } from '../ledger/transactions/renew.ts'
import {
  addAttestation,
  addBeginPush,
  addCancelRemoval,
  addCertify,
  addCreate,
  addDeposit,
  addFinishPush,
  addPromise,
  addProposeRemoval,
  addReplace,
  addRetarget,
  addSegment,
  addShare,
  PACKS_PER_PROMISE,
  ROLES,
} from '../ledger/transactions/repository.ts'
import { fetchWalFunds } from '../ledger/transactions/wal-payment.ts'
import { COMMIT_PREDICATE_TYPE, STATEMENT_ATTACHMENT } from '../provenance/statement.ts'
import { ensureLocalFunds } from './local-funds.ts'
import { type Extension, extendPacks, inBatches, totalCost } from './pack-extension.ts'
import { MAX_LIVE_LOCATORS, type ReadyPack } from './push-packs.ts'
import { numberRanges, type Reuse } from './push-reuse.ts'
import { chainRefName } from './remote.ts'
import type { RemoteContext } from './remote-context.ts'
import { StalePushError } from './remote-errors.ts'
import type { Budget } from './spending.ts'

export interface PublishPush {
  context: RemoteContext
  state: WalrusState
  signer: LedgerSigner
  packs: readonly ReadyPack[]
  /** Number of the pack with the commit, if it is none of the new ones. */
  commitPack: bigint | null
  /** Older locator segments that stay live. */
  keptSegments: readonly SegmentRecord[]
  repository: { id: string; state: RepositoryState; openPush: string | null } | { name: string; graceMs: number }
  /** Packs of earlier pushes that the ref needs: extended and promised before it moves, or with it. */
  reuse: Pick<Reuse, 'extensions' | 'promises'>
  budget: Budget
  /** Packs that nothing needs any more once the ref has moved: their removal is proposed. */
  obsoletePacks?: readonly number[] | undefined
  /** `heads/main` */
  ref: string
  expectedOld: string | null
  commit: string
  tree: string
  statement: string | null
  forced: boolean
  retainUntilMs: number
  packsPerTransaction?: number | undefined
  /** Told before a transaction is sent that makes the repository. */
  onCreating?: ((digest: string) => Promise<void>) | undefined
  /** Told as soon as a new repository exists: what follows may still fail. */
  onCreated(repository: string): Promise<void>
  signal: AbortSignal | undefined
}

export interface PublishedPush {
  repository: string
  digest: string
  logIndex: number
  gasMist: bigint
}

/** Each pack loads some four children and takes two commands. */
const PACKS_PER_TRANSACTION = 150
/** Reused packs that the last transaction extends or promises beside that: four children and five commands each. */
const REUSED_PER_TRANSACTION = 60

/** @throws {StalePushError} PUSH_STALE if somebody else moved the ref in the meantime */
export async function publishPush(push: PublishPush): Promise<PublishedPush> {
  const { context, signer, repository } = push
  const existing = 'id' in repository ? repository : null
  const floe = existing?.state.packageId ?? context.profile.floePackageIds.at(-1)!
  const definedIn = existing?.state.originalPackageId ?? originalFloeId(context.profile, floe)
  const fresh = push.packs.filter((pack) => pack.packNumber === null)
  const perTransaction = push.packsPerTransaction ?? PACKS_PER_TRANSACTION
  const last = fresh.slice(-perTransaction)
  const earlier = fresh.slice(0, -perTransaction)
  let gasMist = 0n
  let repositoryId = existing?.id ?? null
  const execute = async (build: BuildTransaction): Promise<ExecutedTransaction> => {
    const request = push.signal ? { signal: push.signal } : {}
    const onSigned = repositoryId === null ? push.onCreating : undefined
    const executed = await context.ledger.execute(build, signer, { ...request, onSigned })
    gasMist += executed.gasMist
    return executed
  }
  const reuse = splitReuse(push.reuse)
  try {
    if (existing) await prepareReused(push, existing.id, floe, reuse, execute)
    if (existing) await recallMany(push, existing.id, floe, execute)
    let pushId = existing?.openPush ?? null
    // An interrupted push is continued with its deposited packs, from where the ref is now.
    let retarget = pushId !== null
    const handleOf = (transaction: Transaction, argument: TransactionArgument) => {
      if (pushId === null) return begin(transaction, push, floe, argument)
      const handle = transaction.object(pushId)
      if (retarget)
        addRetarget(transaction, floe, handle, argument, {
          expectedOld: push.expectedOld,
          generation: generationOf(push),
        })
      return handle
    }
    const created = async (executed: ExecutedTransaction) => {
      retarget = false
      if (repositoryId !== null) return
      repositoryId = createdId(executed, `${definedIn}::repository::Repository`)
      await push.onCreated(repositoryId)
    }
    for (let from = 0; from < earlier.length; from += perTransaction) {
      const batch = earlier.slice(from, from + perTransaction)
      const executed = await execute((transaction) => {
        const opened = openRepository(transaction, push, floe, repositoryId)
        const handle = handleOf(transaction, opened.argument)
        for (const pack of batch) depositPack(transaction, push, floe, handle, opened.argument, pack)
        if (!pushId) transaction.transferObjects([handle], signer.address)
        opened.close()
      })
      await created(executed)
      pushId ??= createdId(executed, `${definedIn}::push::Push`)
    }
    const extendFrost = totalCost(reuse.last.extensions)
    if (extendFrost > 0n) {
      push.budget.assertEnough(extendFrost)
      await ensureLocalFunds(context, signer, push.budget.limitFor(extendFrost, 0n))
    }
    const executed = await execute(async (transaction) => {
      const opened = openRepository(transaction, push, floe, repositoryId)
      if (existing && reuse.last.extensions.length > 0)
        addRenewal(transaction, {
          state: push.state,
          floe,
          repository: existing.id,
          packs: reuse.last.extensions,
          funds: await fetchWalFunds(context.ledger, signer.address, walCoinType(context.profile), {
            ...(push.signal ? { signal: push.signal } : {}),
          }),
          limitFrost: push.budget.limitFor(extendFrost, 0n),
          network: { name: context.profile.name, faucet: context.profile.faucetUrl !== undefined },
        })
      for (const range of reuse.last.promises)
        addPromise(transaction, floe, opened.argument, { ...range, untilMs: push.retainUntilMs })
      const handle = handleOf(transaction, opened.argument)
      finish(transaction, push, floe, handle, opened.argument, last)
      for (const pack of push.obsoletePacks ?? []) addProposeRemoval(transaction, floe, opened.argument, pack)
      if (attests(push, signer.address))
        addAttestation(transaction, floe, opened.argument, {
          commit: push.commit,
          predicateType: COMMIT_PREDICATE_TYPE,
          statement: push.statement!,
          location: `floe:attachment/${STATEMENT_ATTACHMENT}`,
        })
      opened.close()
    })
    push.budget.paid(extendFrost, paidBy(executed, signer.address, walCoinType(context.profile)))
    await created(executed)
    const repository = context.repository(repositoryId!).repositoryId
    const ref = chainRefName(push.ref)
    const logIndex = pushNumberOf(executed, { repository, ref }) ?? (await newestPush(push, repository))
    return { repository, digest: executed.digest, logIndex, gasMist }
  } catch (error) {
    if (error instanceof FloeError && error.code === 'PUSH_STALE' && existing) {
      const reader = context.repository(existing.id)
      const now = await reader.fetchRef(await reader.fetchState(), chainRefName(push.ref))
      throw new StalePushError(push.ref, now?.commit ?? null, push.expectedOld)
    }
    throw error
  }
}

/** Records that are searched for the one of this push, where the ledger tells no events. */
const MAX_RECORDS = 64

async function newestPush({ context, commit, signer }: PublishPush, repository: string): Promise<number> {
  const reader = context.repository(repository)
  const state = await reader.fetchState()
  const { size } = state.log
  const records = await reader.fetchPushes(state, Math.max(0, size - MAX_RECORDS), size)
  return records.findLast((record) => record.new === commit && record.pusher === signer.address)?.number ?? size - 1
}

interface SplitReuse {
  /** In transactions of their own, before the others. */
  before: { extensions: readonly Extension[]; promises: PackRange[] }
  /** With the ref: lost with it, if somebody else is faster. */
  last: { extensions: readonly Extension[]; promises: PackRange[] }
}

/** Few reused packs go along with the ref, many go before it. */
export function splitReuse({ extensions, promises }: PublishPush['reuse']): SplitReuse {
  const numbers = new Set([...extensions.map(({ number }) => number), ...promises])
  const ranges = numberRanges(promises, PACKS_PER_PROMISE)
  const none = { extensions: [], promises: [] }
  const all = { extensions, promises: ranges }
  return numbers.size <= REUSED_PER_TRANSACTION ? { before: none, last: all } : { before: all, last: none }
}

async function prepareReused(
  push: PublishPush,
  repository: string,
  floe: string,
  { before }: SplitReuse,
  execute: (build: BuildTransaction) => Promise<ExecutedTransaction>,
): Promise<void> {
  const { context, budget, state, signal } = push
  await extendPacks(context, { walrus: state, floe, repository, extensions: before.extensions, budget, signal })
  for (const ranges of promiseBatches(before.promises))
    await execute((transaction) => {
      const argument = transaction.object(repository)
      for (const range of ranges) addPromise(transaction, floe, argument, { ...range, untilMs: push.retainUntilMs })
    })
}

/** Recalled packs that the last transaction takes along: of more, all are recalled before. A recall changes nothing that the
 *  push rests on, and is proposed again by the next `gc` if the push comes to nothing. */
const RECALLED_WITH_REF = 5
/** Four children each. */
const RECALLED_PER_TRANSACTION = 200

const isRecalled = (pack: ReadyPack): boolean => pack.packNumber !== null && pack.recalled

function recall(
  transaction: Transaction,
  { retainUntilMs }: PublishPush,
  floe: string,
  repository: TransactionArgument,
  pack: number,
): void {
  addCancelRemoval(transaction, floe, repository, pack)
  addPromise(transaction, floe, repository, { first: pack, count: 1, untilMs: retainUntilMs })
}

async function recallMany(
  push: PublishPush,
  repository: string,
  floe: string,
  execute: (build: (transaction: Transaction) => void) => Promise<ExecutedTransaction>,
): Promise<void> {
  const recalled = push.packs.filter(isRecalled)
  if (recalled.length <= RECALLED_WITH_REF) return
  for (const batch of inBatches(recalled, RECALLED_PER_TRANSACTION))
    await execute((transaction) => {
      const argument = transaction.object(repository)
      for (const { packNumber } of batch) recall(transaction, push, floe, argument, packNumber!)
    })
}

/** Ranges that fit into one transaction together: each pack is a child that it loads. */
export function promiseBatches(ranges: readonly PackRange[]): PackRange[][] {
  const batches: PackRange[][] = []
  let room = 0
  for (const range of ranges) {
    if (room < range.count) {
      batches.push([])
      room = PROMISES_PER_TRANSACTION
    }
    batches.at(-1)!.push(range)
    room -= range.count
  }
  return batches
}

const PROMISES_PER_TRANSACTION = 800

/** The repository as an argument: the shared object, or a new one that is shared at the end. */
function openRepository(
  transaction: Transaction,
  push: PublishPush,
  floe: string,
  id: string | null,
): { argument: TransactionArgument; close(): void } {
  if (id !== null) return { argument: transaction.object(id), close: () => undefined }
  const { name, graceMs } = push.repository as { name: string; graceMs: number }
  const created = addCreate(transaction, floe, name, graceMs)
  return {
    argument: created.repository,
    close: () => addShare(transaction, floe, created, push.signer.address),
  }
}

function begin(
  transaction: Transaction,
  push: PublishPush,
  floe: string,
  repository: TransactionArgument,
): TransactionArgument {
  return addBeginPush(transaction, floe, repository, {
    ref: chainRefName(push.ref),
    expectedOld: push.expectedOld,
    generation: generationOf(push),
    retainUntilMs: push.retainUntilMs,
  })
}

function generationOf(push: PublishPush): bigint {
  return 'id' in push.repository ? push.repository.state.generation : 0n
}

function depositPack(
  transaction: Transaction,
  push: PublishPush,
  floe: string,
  handle: TransactionArgument,
  repository: TransactionArgument,
  pack: ReadyPack,
): TransactionArgument | bigint {
  const blob = transaction.object(pack.blobObjectId!)
  if (pack.certificate) addCertify(transaction, push.state, blob, pack.certificate)
  if (pack.replaces) {
    const { number, isProposed } = pack.replaces
    if (isProposed) addCancelRemoval(transaction, floe, repository, number)
    addReplace(transaction, push.state, floe, repository, number, blob)
    return BigInt(number)
  }
  return addDeposit(transaction, floe, handle, repository, blob, pack.kind)
}

/** Deposits the last packs, the meta packs among them, names the live locator segments and moves the ref. */
function finish(
  transaction: Transaction,
  push: PublishPush,
  floe: string,
  handle: TransactionArgument,
  repository: TransactionArgument,
  last: readonly ReadyPack[],
): void {
  const numbers = new Map<ReadyPack, TransactionArgument | bigint>()
  for (const pack of push.packs) {
    const number = pack.packNumber ?? pack.replaces?.number
    if (number !== undefined) numbers.set(pack, BigInt(number))
  }
  for (const pack of last) numbers.set(pack, depositPack(transaction, push, floe, handle, repository, pack))
  if (push.packs.filter(isRecalled).length <= RECALLED_WITH_REF)
    for (const { packNumber } of push.packs.filter(isRecalled)) recall(transaction, push, floe, repository, packNumber!)
  const withLocator = push.packs.filter((pack) => pack.locatorBytes > 0)
  const segments = [
    ...withLocator.map((pack) => ({ pack: numbers.get(pack)!, offset: pack.locatorOffset, bytes: pack.locatorBytes })),
    ...push.keptSegments.map(({ pack, offset, bytes }) => ({ pack: BigInt(pack), offset, bytes })),
  ]
  if (segments.length > MAX_LIVE_LOCATORS)
    throw new FloeError('internal', 'PUSH_SEGMENTS', `${segments.length} locator segments are too many`, {})
  for (const segment of segments) addSegment(transaction, floe, handle, repository, segment)
  // Objects follow what they refer to, so the commit pushed is the last object of the last meta pack.
  const holder = push.packs.findLast((pack) => pack.index.has('commit', push.commit as never))
  addFinishPush(transaction, floe, handle, repository, {
    commit: push.commit,
    tree: push.tree,
    commitPack: holder ? numbers.get(holder)! : push.commitPack!,
    statement: push.statement,
    forced: push.forced,
  })
}

/** An attestation needs the role; who creates a repository has it. */
function attests(push: PublishPush, address: string): boolean {
  if (push.statement === null) return false
  if (!('id' in push.repository)) return true
  return ((push.repository.state.roles.get(address) ?? 0) & ROLES.attester) !== 0
}

function createdId(executed: ExecutedTransaction, type: string): string {
  const created = executed.changed.find((changed) => changed.change === 'created' && changed.type === type)
  if (created) return created.id
  throw new FloeError('internal', 'PUSH_EFFECTS', `transaction ${executed.digest} made no ${type}`, {
    data: { digest: executed.digest, type },
  })
}
