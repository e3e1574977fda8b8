/** The part of a push that pays and sends: packs are prepared, the ref moves, and the journal says how far it got. */

import { dirname } from 'node:path'
import { linkSignals } from '../base/abort.ts'
import type { ErasurePool } from '../erasure/api.ts'
import type { MissingObject } from '../history/missing-objects.ts'
import { fetchOwnedBlobs } from '../ledger/blob-object.ts'
import type { RepositoryReader } from '../ledger/repository-state.ts'
import type { ReadObject } from '../objects/reader.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { STATEMENT_ATTACHMENT } from '../provenance/statement.ts'
import type { Workspace } from '../store/workspace.ts'
import { createPushJournal } from '../transfer/push-journal.ts'
import { ensureLocalFunds } from './local-funds.ts'
import { totalCost } from './pack-extension.ts'
import type { PushOptions } from './push.ts'
import { abortLockPath } from './push-abort.ts'
import { type Fold, obsoletePacks, withoutFolded } from './push-fold.ts'
import { findCommitPack, findOpenPush, type KnownObjects } from './push-known.ts'
import { createPushLocator, locatorLimits, readPackIndexes } from './push-locator.ts'
import { forgetAttempts, nameRepository, unlessHindered } from './push-memory.ts'
import { preparePacks } from './push-packs.ts'
import { type Reuse, withFound } from './push-reuse.ts'
import type { LocalTarget, RemotePosition } from './push-target.ts'
import { publishPush } from './push-transaction.ts'
import { renewCertificates } from './push-upload.ts'
import { paidCommits } from './push-uploaded.ts'
import { defaultRemote } from './reading-remote.ts'
import type { RemoteContext } from './remote-context.ts'
import type { Budget } from './spending.ts'

/** Least time between the proposal of a removal and the removal, for repositories made here. */
const GRACE_MS = 24 * 60 * 60 * 1000

/** What the attempts at one push share. */
export interface Attempts {
  budget: Budget
  /** Of the budget, before the push. */
  paidBefore: bigint
  /** An attempt has made the repository, and named it in the workspace. */
  isCreated: boolean
}

export interface PushRun {
  target: LocalTarget
  reader: RepositoryReader | null
  position: RemotePosition | null
  pool: ErasurePool
  known: KnownObjects
  read: ReadObject
  objects: readonly MissingObject[]
  /** Bytes of these objects as they are, not compressed. */
  rawBytes: number
  fold: Fold | null
  reuse: Reuse
  retainUntilMs: number
  epochs: number
  forced: boolean
  options: PushOptions
  attempts: Attempts
}

/** @returns what was published, whether the workspace could note it, and what this push has paid */
export async function runPush(workspace: Workspace, context: RemoteContext, job: PushRun) {
  const { target, reader, position, pool, known, read, objects, fold, epochs, forced, options, attempts } = job
  const { signal } = options
  const state = await context.walrus()
  const signer = await context.signer()
  const nowMs = workspace.clock.now()
  const openPush = reader && position ? await findOpenPush(context, position, signer.address, target.ref) : null
  const limits = locatorLimits(state.maxBlobBytes, options.limits?.segmentBytes)
  const locator = createPushLocator({
    fullEntries: limits.fullEntries,
    known: known.opened,
    live: fold ? withoutFolded(known.live, fold) : known.live,
    swallowAll: fold !== null,
    readIndexes: () => readPackIndexes(reader!, position!.state, known.remote, { epoch: state.epoch, signal }),
    signal,
  })
  const { budget } = attempts
  let reuse = job.reuse
  budget.assertEnough(totalCost(reuse.extensions))
  const journal = await createPushJournal(`${workspace.floeDir}/pushes`, nowMs)
  // Journal and lock first, then the look for an abort: of a push and an abort that begin at once, one sees the other.
  const running = workspace.lockFile(`${journal.path}.lock`, `push of ${target.ref}`)
  const tails: Promise<void>[] = []
  const givenUp = new AbortController()
  using untilGivenUp = linkSignals([signal, givenUp.signal])
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
      rawBytes: job.rawBytes,
      epochs,
      budget,
      laterFrost: () => totalCost(reuse.extensions),
      onFound: async (records) => {
        reuse = await withFound(reuse, records, {
          context,
          walrus: state,
          endEpoch: state.epoch + epochs,
          retainUntilMs: job.retainUntilMs,
          extend: options.extendReused ?? true,
          signal,
        })
      },
      locator,
      packBytes: options.limits?.packBytes,
      locatorLimits: limits,
      repository: reader && position ? { reader, state: position.state, openPush } : null,
      journal,
      paidUpTo: await paidCommits(dirname(journal.path), {
        network: context.profile.name,
        repository: reader?.repositoryId ?? null,
        ref: target.ref,
      }),
      finishTail: options.finishTail ?? false,
      onTail: (tail) => void tails.push(tail),
      relay: options.relay,
      onProgress: options.onProgress,
      signal: untilGivenUp.signal,
    })
    for (const { number, endEpoch, extraEpochs } of reuse.extensions)
      for (const pack of packs) if (pack.packNumber === number) pack.endEpoch = endEpoch + extraEpochs
    await ensureLocalFunds(context, signer, 0n)
    await renewCertificates(packs, context, signal)
    const commitPack = packs.some((pack) => pack.index.has('commit', target.commit))
      ? null
      : await findCommitPack(reader!, position!, known.segments, target.commit, { epoch: state.epoch, signal })
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
      onCreating: (digest) => journal.record({ $kind: 'creating', name: options.create!.name, digest }),
      onCreated: async (repository) => {
        const address = `${context.profile.name}:${repository}`
        attempts.isCreated = true
        await nameRepository(workspace, options.remote ?? defaultRemote(workspace), address, signal)
      },
      packsPerTransaction: options.limits?.packsPerTransaction,
      signal,
    })
    let unused = 0
    const isNoted = await unlessHindered(async () => {
      await journal.record({
        $kind: 'finished',
        digest: published.digest,
        repository: published.repository,
        timeMs: workspace.clock.now(),
      })
      // What earlier attempts at this push had paid for is part of it now, unless they were about another commit.
      const { name: network } = context.profile
      const subject = { network, repository: published.repository, ref: target.ref }
      unused = await forgetAttempts(workspace, subject, {
        used: new Set(packs.map(({ blobId }) => blobIdText(blobId))),
        async owned() {
          const blobs = await fetchOwnedBlobs(context.ledger, state, signer.address, signal ? { signal } : {})
          return new Set(blobs.map(({ blobId }) => blobIdText(blobId)))
        },
      })
      return (await Promise.allSettled(tails)).every(({ status }) => status === 'fulfilled')
    })
    options.onProgress?.({
      $kind: 'certified',
      packs: packs.length,
      digest: published.digest,
      ref: target.ref,
    })
    const paidFrost = budget.paidFrost - attempts.paidBefore
    return { ...published, packs, extensions: reuse.extensions, isNoted: isNoted ?? false, unused, paidFrost }
  } catch (error) {
    givenUp.abort(error)
    throw error
  } finally {
    // A tail that could not be noted undoes nothing, and must not hide why the push ended.
    await Promise.allSettled(tails)
    running.release()
    await journal.close()
  }
}
