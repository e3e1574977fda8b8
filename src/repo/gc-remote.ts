/** `gc --remote`: gives back the storage of packs that no ref of a repository needs any more.
 *
 *  A removal is proposed first and carried out by a later run, when the grace period and what pushes have promised are
 *  over. Whatever a push relies on cannot be lost in between: a proposal raises the repository's generation, so a push that
 *  began before it fails, and one that begins after it sees the proposal and sends what it needs. One that ended just
 *  before the proposal has its ref by the next run, which then takes the proposal back.
 *
 *  So the order of reading matters: the packs first, then the refs. A pack that was proposed when it was read is taken only
 *  if refs that were read later do not need it. */

import { FloeError } from '../base/errors.ts'
import { fetchChainTimeMs } from '../ledger/chain-clock.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import { fetchTakedowns, isOpenTakedown, type TakedownRecord } from '../ledger/repository-takedowns.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { addRemovePack, PROPOSALS_PER_TRANSACTION, REMOVALS_PER_TRANSACTION } from '../ledger/transactions/removal.ts'
import { addCancelRemoval, addProposeRemoval, ROLES } from '../ledger/transactions/repository.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { encodedBlobBytes } from '../protocol/cost.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { readAllPacks } from './expiry.ts'
import { unfinishedPushes } from './live-packs.ts'
import { ensureLocalFunds } from './local-funds.ts'
import { localNeeds, NO_LOCAL_NEEDS } from './needed-here.ts'
import { inBatches } from './pack-extension.ts'
import { findPackUse, type PackUse } from './pack-use.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource } from './remote-source.ts'
import { placeOf, type RepositoryPlace } from './repository-place.ts'
import { packReaders, spareTest } from './spare-packs.ts'

export interface GcRemoteOptions extends RemoteOptions {
  /** A remote of the workspace (default: the remote that the branch follows, else `origin`), or `NETWORK:OBJECT_ID`. */
  remote?: string | undefined
  /** Only say what would be done. */
  dryRun?: boolean | undefined
  /** Only take proposals back: these, or `all` that this key may and that are no takedowns. Nothing else is done. */
  cancel?: readonly number[] | 'all' | undefined
  /** Packs to deal with (default all). */
  only?: ((pack: PackRecord) => boolean) | undefined
  /** Bring here what only this workspace needs of packs that go, instead of keeping them for it. */
  bringNeeded?: boolean | undefined
  /** Fewer packs in one transaction than the protocol allows. */
  perTransaction?: number | undefined
}

export interface RemovablePack {
  number: number
  blobId: string
  kind: 'data' | 'meta'
  /** Of the pack, and what the network stores for it. */
  bytes: number
  storedBytes: number
  /** From when on it can be taken; ISO. */
  removableAt: string
  /** First epoch without it if nobody removes it. */
  endEpoch: number
  /** Why it goes in spite of what was promised. */
  takedown: { reason: string; commit: string } | null
}

export interface KeptPack {
  number: number
  bytes: number
  /** `permanent`: nobody can remove it. `not-yours`: its pusher or a revoker can. `unfinished`: a push is under way.
   *  `unsure`: refs need something in it, and no locator says where else that is. `unread`: they may need something in it, as
   *  not all of older versions can be read. `needed-here`: a branch, tag, stash or log of this workspace needs something in it
   *  that is not here. */
  reason: 'permanent' | 'not-yours' | 'unfinished' | 'unsure' | 'unread' | 'needed-here'
}

export interface RemoteGcResult {
  $kind: 'changed' | 'nothing' | 'dry-run'
  network: string
  repository: string
  epoch: number
  /** Packs that are stored, those of them that refs need, and their bytes. */
  packs: { stored: number; needed: number; bytes: number; neededBytes: number }
  /** Not needed: proposed by this run. */
  proposed: RemovablePack[]
  /** Proposed earlier, and not due yet. */
  waiting: RemovablePack[]
  /** Taken by this run. Their storage is free, for the rest of its epochs, as an object of the key. */
  taken: RemovablePack[]
  /** Proposed earlier and needed after all, or called off on request: back in use. */
  cancelled: number[]
  /** Needed by no ref, and staying. */
  kept: KeptPack[]
  /** Parts of older versions that can be read nowhere, as their packs have expired: what only they lead to is not known. */
  unread: number
  /** What was brought here because it would have gone. */
  brought: { objects: number; bytes: number }
  digests: string[]
}

/** Rounds of looking again after a push came in between: after that it is left to the next run. */
const MAX_ROUNDS = 3

/** Where older versions can be read no more, since their packs have expired, what is proposed is what they cannot need.
 *  @throws {FloeError} whatever else keeps something that refs need from being read: then nothing is changed */
export async function gcRemote(dir: string, options: GcRemoteOptions): Promise<RemoteGcResult> {
  const place = await placeOf(dir, options.remote)
  const context = await openRemoteContext(place.network, options)
  if (options.cancel !== undefined) return cancelProposals(place, context, options.cancel, options)
  await using local = await workspaceAt(dir)
  const plan = await planRemoval(place, context, local.workspace, options)
  const { result } = plan
  if (options.dryRun) return { ...result, $kind: 'dry-run' }
  result.digests.push(...(await carryOut(place, context, result, plan.walrus, options)))
  let seen = plan.pushes
  for (let round = 0; round < MAX_ROUNDS && result.proposed.length > 0; round++) {
    const { log } = await context.repository(place.repository).fetchState(options)
    if (log.size === seen) break
    // Somebody pushed while this was found out, and may rely on what was proposed: then that is taken back.
    const again = await planRemoval(place, context, local.workspace, options)
    const cancelled = again.result.cancelled
    result.digests.push(
      ...(await carryOut(place, context, { cancelled, proposed: [], taken: [] }, plan.walrus, options)),
    )
    result.cancelled.push(...cancelled)
    result.proposed = result.proposed.filter(({ number }) => !cancelled.includes(number))
    seen = again.pushes
  }
  return { ...result, $kind: result.digests.length > 0 ? 'changed' : 'nothing' }
}

/** The workspace that holds the directory, if there is one: with an address none is needed. */
async function workspaceAt(dir: string): Promise<AsyncDisposable & { workspace: Workspace | null }> {
  try {
    const workspace = await openWorkspace(dir)
    return { workspace, [Symbol.asyncDispose]: () => workspace[Symbol.asyncDispose]() }
  } catch (error) {
    if (!(error instanceof FloeError) || error.code !== 'NOT_A_WORKSPACE') throw error
    return { workspace: null, [Symbol.asyncDispose]: async () => undefined }
  }
}

interface RemovalPlan {
  result: RemoteGcResult
  walrus: WalrusState
  /** Pushes that there were. */
  pushes: number
}

async function planRemoval(
  place: RepositoryPlace,
  context: RemoteContext,
  workspace: Workspace | null,
  options: GcRemoteOptions,
): Promise<RemovalPlan> {
  const { signal } = options
  const reader = context.repository(place.repository)
  const before = await reader.fetchState(options)
  const packs = await readAllPacks(reader, before, options)
  await using source = await openRemoteSource(place.network, place.repository, options)
  const { state } = source
  // What was deposited since is somebody's push: needed by its ref, or none of our business.
  const since = await readAllPacks(reader, state, options).then((all) => all.slice(packs.length))
  const walrus = await context.walrus()
  const store = workspace?.store ?? null
  const use = await findPackUse({ source, packs: [...packs, ...since], store, epoch: walrus.epoch, signal }).catch(
    (error: unknown) => {
      throw needsUnknown(error)
    },
  )
  const readerOf = packReaders(use.remote, signal)
  const local = workspace ? await localNeeds(workspace, use, readerOf, options) : NO_LOCAL_NEEDS
  const facts: Facts = {
    packs,
    use,
    walrus,
    nowMs: await fetchChainTimeMs(context.ledger, options),
    graceMs: state.graceMs,
    unfinished: await unfinishedPushes(reader, state, packs, options),
    takedowns: await fetchTakedowns(
      reader,
      state,
      packs.filter((pack) => pack.state === 'removal-proposed').map((pack) => pack.number),
      options,
    ),
    mayRemove: await removalRights(context, state.roles, options.dryRun ?? false),
    isSpare: spareTest(use, packs, await ownAddress(context, options.dryRun ?? false), readerOf, signal),
    isNeededHere: local.isNeeded,
    only: options.only ?? (() => true),
  }
  const result = await classify(place, facts)
  result.brought = local.brought
  return { result, walrus, pushes: state.log.size }
}

interface Facts {
  packs: readonly PackRecord[]
  use: PackUse
  walrus: WalrusState
  nowMs: number
  graceMs: number
  unfinished: ReadonlySet<string>
  takedowns: ReadonlyMap<number, TakedownRecord>
  mayRemove(pack: PackRecord): boolean
  isSpare(pack: PackRecord): Promise<boolean>
  isNeededHere(pack: PackRecord): Promise<boolean>
  only(pack: PackRecord): boolean
}

/** Somebody has moved a ref to what is not whole, or with a locator that is none. */
function needsUnknown(error: unknown): unknown {
  if (!(error instanceof FloeError) || error.kind !== 'integrity' || error.hints.length > 0) return error
  return new FloeError('integrity', 'GC_REMOTE_UNREADABLE', `what refs need cannot be told: ${error.message}`, {
    data: error.data,
    hints: [
      'Nothing was changed; `floe fetch` names the branch that cannot be read: have it pushed again, or take it off the remote with `floe push --delete --force BRANCH`',
    ],
    cause: error,
  })
}

async function classify(place: RepositoryPlace, facts: Facts): Promise<RemoteGcResult> {
  const { use, walrus, nowMs, graceMs, unfinished, takedowns, mayRemove } = facts
  const stored = facts.packs.filter((pack) => pack.state !== 'removed')
  const needed = stored.filter((pack) => use.needed.has(pack.number))
  const result: RemoteGcResult = {
    $kind: 'nothing',
    ...place,
    epoch: walrus.epoch,
    packs: { stored: stored.length, needed: needed.length, bytes: bytesOf(stored), neededBytes: bytesOf(needed) },
    proposed: [],
    waiting: [],
    taken: [],
    cancelled: [],
    kept: [],
    unread: use.unread,
    brought: { objects: 0, bytes: 0 },
    digests: [],
  }
  for (const pack of stored.filter(facts.only)) {
    const isProposed = pack.state === 'removal-proposed'
    const takedown = isOpenTakedown(pack, takedowns.get(pack.number)) ? takedowns.get(pack.number)! : null
    const keep = (reason: KeptPack['reason']) => result.kept.push({ number: pack.number, bytes: pack.bytes, reason })
    if (use.needed.has(pack.number) && !takedown) {
      if (isProposed && mayRemove(pack)) result.cancelled.push(pack.number)
      continue
    }
    if (unfinished.has(pack.pushId)) keep('unfinished')
    else if (pack.permanent) keep('permanent')
    else if (!mayRemove(pack)) keep('not-yours')
    else if (!takedown && pack.endEpoch > walrus.epoch && !(await facts.isSpare(pack))) {
      // Whoever proposed it may have seen all: what is not known is no reason to carry it out, nor to call it off.
      if (use.unread > 0) keep('unread')
      else if (isProposed) result.cancelled.push(pack.number)
      else keep('unsure')
    } else if (!takedown && pack.endEpoch > walrus.epoch && (await facts.isNeededHere(pack))) {
      if (isProposed) result.cancelled.push(pack.number)
      keep('needed-here')
    } else {
      const removableMs = isProposed ? pack.removableMs : Math.max(pack.retainUntilMs, nowMs + graceMs)
      const list = !isProposed ? result.proposed : removableMs <= nowMs ? result.taken : result.waiting
      list.push(removable(pack, removableMs, takedown, walrus))
    }
  }
  return result
}

export function removable(
  pack: PackRecord,
  removableMs: number,
  takedown: TakedownRecord | null,
  walrus: WalrusState,
): RemovablePack {
  return {
    number: pack.number,
    blobId: blobIdText(pack.blobId),
    kind: pack.kind,
    bytes: pack.bytes,
    storedBytes: encodedBlobBytes(walrus.shardCount, pack.bytes),
    removableAt: new Date(Math.min(removableMs, 8.64e15)).toISOString(),
    endEpoch: pack.endEpoch,
    takedown: takedown && { reason: takedown.ground?.reason ?? '', commit: takedown.ground?.commit ?? '' },
  }
}

function bytesOf(packs: readonly PackRecord[]): number {
  return packs.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** The contract's rule: a revoker, or the pusher of the pack who is a writer still. A dry run works without a key. */
export async function removalRights(
  context: RemoteContext,
  roles: ReadonlyMap<string, number>,
  isDryRun: boolean,
): Promise<(pack: PackRecord) => boolean> {
  const address = await ownAddress(context, isDryRun)
  if (address === null) return () => true
  const own = roles.get(address) ?? 0
  const isRevoker = (own & ROLES.revoker) !== 0
  const isWriter = (own & ROLES.writer) !== 0
  return (pack) => isRevoker || (isWriter && pack.pusher === address)
}

/** `null` in a dry run without a key, or where none is needed. */
export async function ownAddress(context: RemoteContext, isDryRun: boolean): Promise<string | null> {
  try {
    return (await context.signer()).address
  } catch (error) {
    if (isDryRun && error instanceof FloeError && error.kind === 'auth') return null
    throw error
  }
}

/** In this order, so that what is cut off leaves less done and never too much. @returns digests */
export async function carryOut(
  place: RepositoryPlace,
  context: RemoteContext,
  { cancelled, proposed, taken }: Pick<RemoteGcResult, 'cancelled' | 'proposed' | 'taken'>,
  walrus: WalrusState,
  options: GcRemoteOptions,
): Promise<string[]> {
  if (cancelled.length + proposed.length + taken.length === 0) return []
  const signer = await context.signer()
  const { repository } = place
  const { packageId } = await context.repository(repository).fetchState(options)
  const digests: string[] = []
  const execute = async (build: Parameters<RemoteContext['ledger']['execute']>[0]) => {
    await ensureLocalFunds(context, signer, 0n)
    const executed = await context.ledger.execute(build, signer, options.signal ? { signal: options.signal } : {})
    digests.push(executed.digest)
  }
  const size = (limit: number) => Math.min(limit, options.perTransaction ?? limit)
  for (const batch of inBatches(cancelled, size(PROPOSALS_PER_TRANSACTION)))
    await execute((transaction) => {
      const target = transaction.object(repository)
      for (const pack of batch) addCancelRemoval(transaction, packageId, target, pack)
    })
  for (const batch of inBatches(proposed, size(PROPOSALS_PER_TRANSACTION)))
    await execute((transaction) => {
      const target = transaction.object(repository)
      for (const pack of batch) addProposeRemoval(transaction, packageId, target, pack.number)
    })
  for (const batch of inBatches(taken, size(REMOVALS_PER_TRANSACTION)))
    await execute((transaction) => {
      for (const { number, endEpoch } of batch)
        addRemovePack(transaction, walrus, packageId, {
          repository,
          pack: number,
          expired: endEpoch <= walrus.epoch,
          owner: signer.address,
        })
    })
  return digests
}

/** Calls proposals off. @throws {FloeError} GC_REMOTE_NOT_PROPOSED */
async function cancelProposals(
  place: RepositoryPlace,
  context: RemoteContext,
  wanted: readonly number[] | 'all',
  options: GcRemoteOptions,
): Promise<RemoteGcResult> {
  const reader = context.repository(place.repository)
  const state = await reader.fetchState(options)
  const stored = (await readAllPacks(reader, state, options)).filter((pack) => pack.state !== 'removed')
  const mayRemove = await removalRights(context, state.roles, false)
  const proposed = stored.filter((pack) => pack.state === 'removal-proposed')
  const numbers = proposed.map((pack) => pack.number)
  const takedowns = await fetchTakedowns(reader, state, numbers, options)
  const isOwn = (pack: PackRecord) => mayRemove(pack) && !isOpenTakedown(pack, takedowns.get(pack.number))
  // Takedowns are called off by name only.
  const chosen = wanted === 'all' ? proposed.filter(isOwn).map((pack) => pack.number) : [...wanted]
  const unknown = chosen.filter((number) => !proposed.some((pack) => pack.number === number))
  if (unknown.length > 0)
    throw new FloeError('other', 'GC_REMOTE_NOT_PROPOSED', `no removal is proposed of pack ${unknown.join(', ')}`, {
      data: { packs: unknown },
      hints: ['What is removed cannot be called off; see what is proposed with `floe gc --remote --dry-run`'],
    })
  const walrus = await context.walrus()
  const work = { cancelled: chosen, proposed: [], taken: [] }
  const digests = await carryOut(place, context, work, walrus, options)
  return {
    $kind: digests.length > 0 ? 'changed' : 'nothing',
    ...place,
    epoch: walrus.epoch,
    packs: { stored: stored.length, needed: 0, bytes: bytesOf(stored), neededBytes: 0 },
    ...work,
    waiting: [],
    kept: [],
    unread: 0,
    brought: { objects: 0, bytes: 0 },
    digests,
  }
}
