/** `push`: brings what the remote lacks, and moves its ref, together or not at all (DESIGN §1). */

import { FloeError } from '../base/errors.ts'
import { createErasurePool } from '../erasure/pool.ts'
import type { MissingObject } from '../history/missing-objects.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import type { ObjectId } from '../objects/id.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { openWorkspace } from '../store/workspace.ts'
import { PUSH_PACK_BYTES } from '../transfer/pack-builder.ts'
import type { ExpiryWarning } from './expiry-memory.ts'
import { assertHeld } from './held-check.ts'
import type { Extension } from './pack-extension.ts'
import { type PushCost, pushCost } from './push-cost.ts'
import { findCreated } from './push-created.ts'
import { withoutPresent } from './push-dedup.ts'
import { doubtsIn, withDoubted } from './push-doubts.ts'
import { withExpired } from './push-expired.ts'
import { planFold, withFolded, withoutFolded } from './push-fold.ts'
import { promiseOf, pushHints, type Retained } from './push-hints.ts'
import { openKnown, readHereOrThere } from './push-known.ts'
import { findLacking } from './push-lacking.ts'
import { kindsOf, measurePacks, rawBytes } from './push-measure.ts'
import { forgetAttempts, nameRepository, noteExpiry, noticeOf, rememberPush, unlessHindered } from './push-memory.ts'
import { planRepack } from './push-repack.ts'
import { afterExtension, NO_REUSE, planReuse } from './push-reuse.ts'
import { assertAllowed, epochsOf, findPlace, pusherAddress } from './push-rules.ts'
import { type Attempts, runPush } from './push-run.ts'
import { standingExpiry } from './push-standing.ts'
import { type FinishedTails, finishTails } from './push-tails.ts'
import { assertNotStale, findLocalTarget, readRemotePosition, remoteTarget, seenCommits } from './push-target.ts'
import { areThere, isBranch, isTaken } from './push-there.ts'
import { isAsRead, readPushes, wholePush } from './push-whole.ts'
import { defaultRemote } from './reading-remote.ts'
import { chainRefName } from './remote.ts'
import { openRemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { revivableObjects } from './revive-objects.ts'
import { type Budget, createBudget, parseWal } from './spending.ts'

export interface PushOptions extends RemoteOptions {
  /** Branch or tag, short or full (default: the current branch). */
  ref?: string | undefined
  /** Default: the one that the current branch follows, else `origin`, else the only one. */
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
  /** For several pushes that may spend so much together. */
  budget?: Budget | undefined
  /** Commits that this workspace has just pushed to the remote: with a tag, which leaves no trace of that here. */
  brought?: readonly ObjectId[] | undefined
  yes?: boolean | undefined
  /** Blobs can be read by anyone: creating a repository outside the local network needs this to be said. */
  isPublic?: boolean | undefined
  /** For `revive`: everything of the commit that the ref is at is sent again. */
  revive?: { commit: ObjectId; have: readonly ObjectId[]; seen: readonly ObjectId[]; budget: Budget } | undefined
  /** For `purge`: packs out of which the ref is moved, from one commit to another or the same. A ref that is elsewhere by
   *  then stays there. */
  repack?: { packs: readonly number[]; from: string; commit: ObjectId; budget: Budget } | undefined
  /** Smaller packs, and fewer of them per transaction, than the protocol allows. */
  limits?: { packBytes?: number; packsPerTransaction?: number; smallPacks?: number; segmentBytes?: number } | undefined
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
  /** When moving a branch out of packs: objects that the version needs, and that have expired and are not here. */
  nowhere?: number
  /** How long `.floeattributes` had it promise, for the sake of which path. */
  retained?: Retained
  /** What the ref needs that is about to be lost, or is. */
  expiring: ExpiryWarning[]
  /** With `finishTail`: packs of this and earlier pushes that slow nodes were still without. */
  tails?: FinishedTails
  /** What people should know although all went well. */
  notice?: string
}

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

/** @param dir - a directory inside the workspace
 *  @throws {InPlaceLostError} PUSH_IN_PLACE_CHANGED (exit 13), before anything is paid
 *  @throws {FloeError} PUSH_BASE_EXPIRED (exit 13), likewise
 *  @throws {StalePushError} PUSH_STALE if the ref has moved on the remote; nothing is lost */
export async function push(dir: string, options: PushOptions): Promise<PushResult> {
  const budget = options.revive?.budget ?? options.repack?.budget ?? options.budget ?? pushBudget(options)
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
  const remoteName = options.remote ?? defaultRemote(workspace)
  const moved = options.revive?.commit ?? options.repack?.commit
  const target = moved
    ? await remoteTarget(workspace, options.ref!, moved)
    : await findLocalTarget(workspace, options.ref)
  const place = findPlace(workspace, remoteName, options)
  const context = await openRemoteContext(place.network, options)
  assertAllowed(context, place.repository === null, options)
  const made =
    options.create && !options.dryRun
      ? await findCreated(workspace, context, { name: options.create.name, ref: target.ref })
      : null
  if (made !== null) {
    await nameRepository(workspace, remoteName, `${place.network}:${made}`, options.signal)
    attempts.isCreated = true
    return attemptPush(dir, { ...options, create: undefined }, attempts)
  }
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
  const standing = { repository: place.repository ?? '', logIndex: position?.current?.push ?? 0 }
  const isRead = isAsRead(workspace, remoteName, standing.repository, { ref: target.ref, push: standing.logIndex })
  if (isThere && (await isTaken(workspace, remoteName, target, position, { owner, doubts, isRead }))) {
    await rememberPush(workspace, remoteName, target, isBranch(target) ? await doubts() : [])
    // Of the attempt that has brought it there and did not hear of it, if there was one.
    await forgetAttempts(workspace, { ...base, commit: target.commit })
    const branch = { ...base, remote: remoteName }
    const expiring = isBranch(target) ? await standingExpiry(workspace, branch, reader!, position, state, options) : []
    if (!options.finishTail) return { ...upToDate, expiring }
    await using coder = createErasurePool({ spill: { folder: `${workspace.floeDir}/tmp` } })
    const tails = await finishTails(`${workspace.floeDir}/pushes`, base, { context, coder, signal: options.signal })
    return { ...upToDate, expiring, tails }
  }
  const { forced } = position ? await assertNotStale(workspace, target, position, options) : { forced: false }
  const isPlain = !options.revive && !options.repack
  const whole =
    isPlain && reader && position ? await wholePush(workspace, remoteName, target.ref, reader, position, options) : null
  const readBefore =
    isPlain && reader && position ? await readPushes(workspace, remoteName, reader, position, options) : []
  const lack = isPlain ? await findLacking(workspace, remoteName, target, position, whole, options) : null
  const doubted = await doubts()
  const seen = options.repack && position ? seenCommits(workspace, remoteName, position) : []
  const have = options.revive?.have ?? lack?.have ?? seen
  // In the workspace: there is room for a copy of what it holds, while the system's folder is often memory.
  await using pool = createErasurePool({ spill: { folder: `${workspace.floeDir}/tmp` } })
  const known = await openKnown(context, reader, position, options.revive?.seen ?? have, pool, {
    whole,
    read: readBefore,
    signal: options.signal,
  })
  if (lack?.unlessWhole && !known.hasWhole) throw lack.unlessWhole
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
  const doubtful = await withDoubted(workspace, doubted, needed, signal)
  const { store } = workspace
  const version = { commit: target.commit, tree: target.record.tree }
  let nowhere = 0
  const onLost = repack ? (objects: number) => void (nowhere = objects) : undefined
  const missing =
    (lack || repack) && position
      ? await withExpired(version, doubtful, { known, position, have, store, read, onLost, signal })
      : doubtful
  const lacking = await withoutPresent(missing, {
    live: repack ? withoutFolded(known.live, repack.fold) : known.live,
    remote: known.remote,
    segments: known.segments,
    onProgress: options.onProgress,
    signal: options.signal,
  })
  if (isThere && !options.dryRun && !known.hasLeftOut && (await areThere(known.remote, lacking))) {
    await rememberPush(workspace, remoteName, target, doubted, { read: standing })
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
  await assertHeld(workspace, lacking, signal)
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

  const published = await runPush(workspace, context, {
    target,
    reader,
    position,
    pool,
    known,
    read,
    objects,
    rawBytes: newBytes,
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
  const expiring = await unlessHindered(async () => {
    await rememberPush(workspace, remoteName, target, doubted, { made: published })
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
        published.extensions,
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
    ...(nowhere > 0 ? { nowhere } : {}),
    ...noticeOf(context.profile, {
      isRemembered: expiring !== null && published.isNoted,
      unused: published.unused,
      expired: reuse.expired.length,
    }),
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
