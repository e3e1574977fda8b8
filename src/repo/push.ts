/** `push`: brings what the remote lacks, and moves its ref, together or not at all (DESIGN §1). */

import { FloeError } from '../base/errors.ts'
import type { ErasurePool } from '../erasure/api.ts'
import { createErasurePool } from '../erasure/pool.ts'
import type { MissingObject } from '../history/missing-objects.ts'
import type { RepositoryReader } from '../ledger/repository-state.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { STATEMENT_ATTACHMENT } from '../provenance/statement.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { PUSH_PACK_BYTES } from '../transfer/pack-builder.ts'
import { createPushJournal, forgetPushes } from '../transfer/push-journal.ts'
import type { ExpiryWarning } from './expiry-memory.ts'
import { type Extension, totalCost } from './pack-extension.ts'
import { abortLockPath } from './push-abort.ts'
import { type PushCost, pushCost } from './push-cost.ts'
import { withoutPresent } from './push-dedup.ts'
import { doubtsIn, withDoubted } from './push-doubts.ts'
import { type Fold, obsoletePacks, planFold, withFolded, withoutFolded } from './push-fold.ts'
import { promiseOf, pushHints, type Retained } from './push-hints.ts'
import { findCommitPack, findOpenPush, type KnownObjects, openKnown, readHereOrThere } from './push-known.ts'
import { findLacking } from './push-lacking.ts'
import { createPushLocator, readPackIndexes } from './push-locator.ts'
import { kindsOf, measurePacks, rawBytes } from './push-measure.ts'
import { nameRepository, noteExpiry, noticeOf, rememberPush, unlessLocked } from './push-memory.ts'
import { ensureLocalFunds, preparePacks } from './push-packs.ts'
import { planRepack } from './push-repack.ts'
import { afterExtension, NO_REUSE, planReuse, type Reuse } from './push-reuse.ts'
import { assertAllowed, epochsOf, findPlace, pusherAddress } from './push-rules.ts'
import { type FinishedTails, finishTails } from './push-tails.ts'
import {
  assertNotStale,
  findLocalTarget,
  type LocalTarget,
  type RemotePosition,
  readRemotePosition,
  remoteTarget,
  seenCommits,
} from './push-target.ts'
import { areThere, isBranch, isTaken } from './push-there.ts'
import { publishPush } from './push-transaction.ts'
import { renewCertificates } from './push-upload.ts'
import { chainRefName } from './remote.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { revivableObjects } from './revive-objects.ts'
import { type Budget, createBudget, parseWal } from './spending.ts'

export interface PushOptions extends RemoteOptions {
  /** Branch or tag, short or full (default: the current branch). */
  ref?: string | undefined
  /** Default `origin`. */
  remote?: string | undefined
  /** Makes the repository; for a workspace that has no remote of that name yet. */
  create?: { name: string; network: string } | undefined
  /** Storage bought, in epochs (default 26, at most what the network allows). */
  epochs?: number | undefined
  /** Epochs in which the packs are promised not to be removed (default 2). */
  retainEpochs?: number | undefined
  /** False: packs of earlier pushes that the ref needs end when they end, even if that is sooner (default: they are
   *  extended as far as the push is stored). */
  extendReused?: boolean | undefined
  /** Waits, after the ref has moved, until slow nodes have their slivers too (default: they are left out once enough
   *  others have theirs; a later push with this finishes them). */
  finishTail?: boolean | undefined
  /** Moves the ref even if that drops commits from it; the chain records it. */
  force?: boolean | undefined
  dryRun?: boolean | undefined
  /** Most that may be spent, in WAL, as decimal text. */
  maxWal?: string | undefined
  yes?: boolean | undefined
  /** Blobs can be read by anyone: creating a repository outside the local network needs this to be said. */
  isPublic?: boolean | undefined
  /** For `revive`: everything of the commit that the ref is at is sent again. */
  revive?: { commit: ObjectId; have: readonly ObjectId[]; seen: readonly ObjectId[]; budget: Budget } | undefined
  /** For `purge`: packs out of which the ref is moved, from one commit to another or the same. A ref that is elsewhere by
   *  then stays there. */
  repack?: { packs: readonly number[]; from: string; commit: ObjectId; budget: Budget } | undefined
  /** Smaller packs, and fewer of them per transaction, than the protocol allows. */
  limits?: { packBytes?: number; packsPerTransaction?: number; smallPacks?: number } | undefined
}

export interface PushResult {
  $kind: 'pushed' | 'up-to-date' | 'dry-run'
  network: string
  /** Object id; `''` in a dry run of a repository that does not exist yet. */
  repository: string
  /** `heads/main` */
  ref: string
  old: string | null
  new: string
  forced: boolean
  cost: PushCost
  packs: { blobId: string; kind: 'data' | 'meta'; bytes: number; endEpoch: number; reused: boolean }[]
  digest?: string
  /** Number of the push in the repository's log. */
  logIndex?: number
  /** When reviving: older versions whose files could not be brought back. */
  lost?: string[]
  /** How long `.floeattributes` had it promise, for the sake of which path. */
  retained?: Retained
  /** What the ref needs that is about to be lost, or is. */
  expiring: ExpiryWarning[]
  /** With `finishTail`: packs of this and earlier pushes that slow nodes were still without. */
  tails?: FinishedTails
  /** What people should know although all went well. */
  notice?: string
}

/** Least time between the proposal of a removal and the removal, for repositories made here. */
const GRACE_MS = 24 * 60 * 60 * 1000

/** Others changed something that the push builds on, and nothing of its last step happened: looked at anew, it may do. What
 *  was paid for is found on chain and used, so nothing is paid twice. */
const OVERTAKEN: ReadonlySet<string> = new Set([
  'LEDGER_INPUT_GONE',
  'PACK_ALREADY_DEPOSITED',
  'PUSH_GENERATION_CHANGED',
  'RENEW_OVERTAKEN',
  'WALRUS_EPOCH_CHANGED',
  'WALRUS_UPGRADED',
])
const MAX_ATTEMPTS = 5

/** What the attempts at one push share. */
interface Attempts {
  budget: Budget
  /** Of the budget, before the push. */
  paidBefore: bigint
  /** An attempt has made the repository, and named it in the workspace. */
  isCreated: boolean
}

/** @param dir - a directory inside the workspace
 *  @throws {StalePushError} PUSH_STALE if the ref has moved on the remote; nothing is lost */
export async function push(dir: string, options: PushOptions): Promise<PushResult> {
  const budget = options.revive?.budget ?? options.repack?.budget ?? pushBudget(options)
  const attempts: Attempts = { budget, paidBefore: budget.paidFrost, isCreated: false }
  for (let count = 1; ; count++)
    try {
      return await attemptPush(dir, attempts.isCreated ? { ...options, create: undefined } : options, attempts)
    } catch (error) {
      if (!(error instanceof FloeError) || !OVERTAKEN.has(error.code) || count >= MAX_ATTEMPTS) throw error
    }
}

async function attemptPush(dir: string, options: PushOptions, attempts: Attempts): Promise<PushResult> {
  await using workspace = await openWorkspace(dir)
  const remoteName = options.remote ?? 'origin'
  const moved = options.revive?.commit ?? options.repack?.commit
  const target = moved
    ? await remoteTarget(workspace, options.ref!, moved)
    : await findLocalTarget(workspace, options.ref)
  const place = findPlace(workspace, remoteName, options)
  const context = await openRemoteContext(place.network, options)
  assertAllowed(context, place.repository === null, options)
  const reader = place.repository === null ? null : context.repository(place.repository)
  const position = reader ? await readRemotePosition(reader, target.ref, options) : null
  const state = await context.walrus()
  const epochs = epochsOf(options.epochs, state)
  const base = {
    network: place.network,
    repository: place.repository ?? '',
    ref: target.ref,
    old: position?.current?.commit ?? null,
    new: target.commit as string,
  }
  const nowMs = workspace.clock.now()
  const costOf = (
    objects: readonly MissingObject[],
    packBytes: readonly number[],
    newBytes: number,
    extensions: readonly Extension[] = [],
  ) => pushCost(state, { newBytes, newObjects: objects.length, packBytes, epochs, nowMs, extensions })

  const isThere = position?.current?.commit === target.commit && !options.revive && !options.repack
  const upToDate = { $kind: 'up-to-date' as const, ...base, forced: false, cost: costOf([], [], 0), packs: [] }
  const doubts = () => doubtsIn(workspace, remoteName, place.repository, target.commit, options)
  const owner = () => pusherAddress(context, true)
  if (isThere && (await isTaken(workspace, remoteName, target, position, { owner, doubts }))) {
    await rememberPush(workspace, remoteName, target, isBranch(target) ? await doubts() : [])
    if (!options.finishTail) return { ...upToDate, expiring: [] }
    await using coder = createErasurePool({ spill: { folder: `${workspace.floeDir}/tmp` } })
    const tails = await finishTails(`${workspace.floeDir}/pushes`, base, { context, coder, signal: options.signal })
    return { ...upToDate, expiring: [], tails }
  }
  const { forced } = position ? await assertNotStale(workspace, target, position, options) : { forced: false }
  const lack =
    options.revive || options.repack ? null : await findLacking(workspace, remoteName, target, position, options)
  const doubted = await doubts()
  const seen = options.repack && position ? seenCommits(workspace, remoteName, position) : []
  const have = options.revive?.have ?? lack?.have ?? seen
  // In the workspace: there is room for a copy of what it holds, while the system's folder is often memory.
  await using pool = createErasurePool({ spill: { folder: `${workspace.floeDir}/tmp` } })
  const known = await openKnown(context, reader, position, options.revive?.seen ?? have, pool, options)
  const read = readHereOrThere(workspace, known.remote)
  const hints = await pushHints(workspace, { tip: target.commit, have, read, options })
  const { retainUntilMs, ...retained } = promiseOf(hints, options, { epochs, nowMs, state })
  const revivable = options.revive
    ? await revivableObjects({
        tip: target.commit,
        have,
        isHere: (kind, id) => workspace.store.has(kind, id),
        read,
        signal: options.signal,
      })
    : null
  const { signal } = options
  const repack =
    options.repack && reader && position
      ? await planRepack({ reader, position, known, read, have, ...options.repack, signal })
      : null
  const needed = revivable?.objects ?? repack?.missing ?? lack?.missing ?? []
  const missing = await withDoubted(workspace, doubted, needed, signal)
  const lacking = await withoutPresent(missing, {
    live: repack ? withoutFolded(known.live, repack.fold) : known.live,
    remote: known.remote,
    segments: known.segments,
    onProgress: options.onProgress,
    signal: options.signal,
  })
  if (isThere && !options.dryRun && (await areThere(known.remote, lacking))) {
    await rememberPush(workspace, remoteName, target, doubted)
    return { ...upToDate, expiring: [] }
  }
  const fold = repack
    ? repack.fold
    : reader && position && !options.revive
      ? await planFold({
          reader,
          position,
          remote: known.remote,
          segments: known.segments,
          ref: chainRefName(target.ref),
          commit: target.commit,
          read: workspace.store.readLocal,
          pusher: await pusherAddress(context, options.dryRun ?? false),
          freshPacks: kindsOf(lacking),
          maxPackBytes: largestPack(options, state),
          epoch: state.epoch,
          maxSmallPacks: options.limits?.smallPacks,
          signal: options.signal,
        })
      : null
  const reuse =
    reader && position
      ? await planReuse({
          context,
          reader,
          position,
          known,
          fold,
          walrus: state,
          endEpoch: state.epoch + epochs,
          retainUntilMs,
          extend: options.extendReused ?? true,
          signal: options.signal,
        })
      : NO_REUSE
  const objects = fold ? withFolded(fold, lacking) : lacking
  const newBytes = await rawBytes(read, objects)
  options.onProgress?.({ $kind: 'scanned', objects: objects.length, bytes: newBytes })
  if (options.dryRun) {
    const packs = await measurePacks(read, objects, state, options, {
      segments: known.segments,
      swallowAll: fold !== null,
    })
    return {
      $kind: 'dry-run',
      ...base,
      forced,
      cost: costOf(
        objects,
        packs.map((pack) => pack.bytes),
        newBytes,
        reuse.extensions,
      ),
      packs: packs.map((pack) => ({ ...pack, blobId: '', endEpoch: state.epoch + epochs, reused: false })),
      expiring: [],
      ...retained,
      ...(revivable ? { lost: revivable.lost } : {}),
    }
  }

  const published = await run(workspace, context, {
    target,
    reader,
    position,
    pool,
    known,
    read,
    objects,
    fold,
    reuse,
    retainUntilMs,
    epochs,
    forced,
    options,
    attempts,
  })
  const facts = { ...base, repository: published.repository }
  const ends = [
    ...published.packs.map(({ endEpoch }) => ({ endEpoch, state: 'live' as const })),
    ...afterExtension(reuse),
  ]
  const expiring = await unlessLocked(async () => {
    await rememberPush(workspace, remoteName, target, doubted)
    return noteExpiry(workspace, remoteName, facts, state, ends)
  })
  const sent = published.packs.filter((pack) => pack.packNumber === null)
  const tails = options.finishTail
    ? await finishTails(
        `${workspace.floeDir}/pushes`,
        { network: place.network, repository: published.repository },
        { context, coder: pool, signal: options.signal },
      )
    : undefined
  return {
    $kind: 'pushed',
    ...base,
    repository: published.repository,
    forced,
    cost: {
      ...costOf(
        objects,
        sent.map((pack) => pack.bytes),
        newBytes,
        reuse.extensions,
      ),
      walFrost: String(published.paidFrost),
      suiMist: String(published.gasMist),
    },
    packs: published.packs.map((pack) => ({
      blobId: blobIdText(pack.blobId),
      kind: pack.kind,
      bytes: pack.bytes,
      endEpoch: pack.endEpoch,
      reused: pack.packNumber !== null,
    })),
    digest: published.digest,
    logIndex: published.logIndex,
    ...(tails ? { tails } : {}),
    ...retained,
    expiring: expiring ?? [],
    ...(revivable ? { lost: revivable.lost } : {}),
    ...noticeOf(context.profile, expiring !== null),
  }
}

interface PushRun {
  target: LocalTarget
  reader: RepositoryReader | null
  position: RemotePosition | null
  pool: ErasurePool
  known: KnownObjects
  read: ReadObject
  objects: readonly MissingObject[]
  fold: Fold | null
  reuse: Reuse
  retainUntilMs: number
  epochs: number
  forced: boolean
  options: PushOptions
  attempts: Attempts
}

async function run(workspace: Workspace, context: RemoteContext, job: PushRun) {
  const { target, reader, position, pool, known, read, objects, fold, reuse, epochs, forced, options, attempts } = job
  const { signal } = options
  const state = await context.walrus()
  const signer = await context.signer()
  const nowMs = workspace.clock.now()
  const openPush = reader && position ? await findOpenPush(context, position, signer.address, target.ref) : null
  const locator = createPushLocator({
    known: known.opened,
    live: fold ? withoutFolded(known.live, fold) : known.live,
    swallowAll: fold !== null,
    readIndexes: () => readPackIndexes(reader!, position!.state, known.remote, { epoch: state.epoch, signal }),
    signal,
  })
  const { budget } = attempts
  const laterFrost = totalCost(reuse.extensions)
  budget.assertEnough(laterFrost)
  const journal = await createPushJournal(`${workspace.floeDir}/pushes`, nowMs)
  // Journal and lock first, then the look for an abort: of a push and an abort that begin at once, one sees the other.
  const running = workspace.lockFile(`${journal.path}.lock`, `push of ${target.ref}`)
  const tails: Promise<void>[] = []
  const givenUp = new AbortController()
  try {
    workspace.lockFile(abortLockPath(workspace), 'push').release()
    await journal.record({
      $kind: 'started',
      network: context.profile.name,
      repository: reader?.repositoryId ?? null,
      ref: target.ref,
      old: position?.current?.commit ?? null,
      new: target.commit,
      timeMs: nowMs,
    })
    const packs = await preparePacks({
      context,
      state,
      signer,
      coder: pool,
      read,
      objects,
      epochs,
      budget,
      laterFrost,
      locator,
      packBytes: options.limits?.packBytes,
      repository: reader && position ? { reader, state: position.state, openPush } : null,
      journal,
      finishTail: options.finishTail ?? false,
      onTail: (tail) => void tails.push(tail),
      relay: options.relay,
      onProgress: options.onProgress,
      signal: signal ? AbortSignal.any([signal, givenUp.signal]) : givenUp.signal,
    })
    await ensureLocalFunds(context, signer, 0n)
    await renewCertificates(packs, context, signal)
    const commitPack = packs.some((pack) => pack.index.has('commit', target.commit))
      ? null
      : await findCommitPack(reader!, position!, known.segments, target.commit, options)
    const published = await publishPush({
      context,
      state: await context.walrus(),
      signer,
      packs,
      commitPack,
      keptSegments: locator.kept(),
      reuse,
      budget,
      obsoletePacks: obsoletePacks(fold, packs),
      repository:
        reader && position
          ? { id: reader.repositoryId, state: position.state, openPush }
          : { name: options.create!.name, graceMs: GRACE_MS },
      ref: target.ref,
      expectedOld: position?.current?.commit ?? null,
      commit: target.commit,
      tree: target.record.tree,
      statement: target.record.attachments.get(STATEMENT_ATTACHMENT) ?? null,
      forced,
      retainUntilMs: job.retainUntilMs,
      onCreated: async (repository) => {
        const address = `${context.profile.name}:${repository}`
        attempts.isCreated = true
        await nameRepository(workspace, options.remote ?? 'origin', address, signal)
      },
      packsPerTransaction: options.limits?.packsPerTransaction,
      signal,
    })
    await journal.record({
      $kind: 'finished',
      digest: published.digest,
      repository: published.repository,
      timeMs: workspace.clock.now(),
    })
    // What earlier attempts at this push had paid for is part of it now.
    await forgetPushes(`${workspace.floeDir}/pushes`, {
      network: context.profile.name,
      repository: published.repository,
      ref: target.ref,
    })
    options.onProgress?.({
      $kind: 'certified',
      packs: packs.length,
      digest: published.digest,
      ref: target.ref,
    })
    return { ...published, packs, paidFrost: budget.paidFrost - attempts.paidBefore }
  } catch (error) {
    givenUp.abort(error)
    throw error
  } finally {
    await Promise.all(tails)
    await journal.close()
    running.release()
  }
}

/** Bytes of the largest pack that a push makes. */
function largestPack(options: PushOptions, state: WalrusState): number {
  return Math.min(options.limits?.packBytes ?? PUSH_PACK_BYTES, state.maxBlobBytes)
}

/** What `--max-wal` allows. */
export function pushBudget({ maxWal }: Pick<PushOptions, 'maxWal'>): Budget {
  const hint = 'Raise --max-wal, or buy fewer epochs with --epochs'
  return createBudget(parseWal(maxWal), 'PUSH_MAX_WAL', 'the push', hint)
}
