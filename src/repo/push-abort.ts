/** `push --status` and `push --abort`: what interrupted pushes have left behind, and giving it up.
 *
 *  Blobs that are registered but not deposited belong to the pusher. Deleting one gives its storage back, for the rest of
 *  its epochs; the write fee is spent. What the pushes had deposited without finishing is taken back first: no ref ever
 *  named it. Continuing needs no command of its own: any push does. */

import { FloeError } from '../base/errors.ts'
import { fetchOwnedBlobs } from '../ledger/blob-object.ts'
import type { OpenPushRecord } from '../ledger/repository-records.ts'
import { blobKey } from '../ledger/repository-state.ts'
import { addAbandonPush, addDeleteBlob, addTakeBack } from '../ledger/transactions/repository.ts'
import { blobIdText, parseBlobId } from '../protocol/blob-id.ts'
import { LockedError } from '../store/errors.ts'
import type { Lock } from '../store/lock.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { findUnfinishedPushes, forgetPushes, forgetStrayUploads, type PushStep } from '../transfer/push-journal.ts'
import { readUploadJournal } from '../transfer/upload-journal.ts'
import { fetchOpenPushes } from './open-push.ts'
import { chainRefName } from './remote.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'

export interface UnfinishedPush {
  network: string
  /** `null` if the push was to create it. */
  repository: string | null
  /** `heads/main` */
  ref: string
  commit: string
  /** Name of the repository that was about to be made, if it came so far. */
  creating?: string | undefined
  startedMs: number
  packs: UnfinishedPack[]
}

export interface UnfinishedPack {
  blobId: string
  kind: 'data' | 'meta'
  bytes: number
  /** `registered` is paid for; `uploaded` is stored and has a certificate, which holds within its epoch. */
  state: 'encoded' | 'registered' | 'uploaded'
  /** Of a registered one: what nodes have taken of it so far, and how many have confirmed that they have all of theirs. */
  sent?: { slivers: number; nodes: number; confirmed: number }
}

/** Pushes of this workspace that have not ended, oldest first. Reads the journals only; nothing is asked of the network. */
export async function pushStatus(dir: string): Promise<UnfinishedPush[]> {
  await using workspace = await openWorkspace(dir)
  return unfinished(workspace)
}

async function unfinished(workspace: Workspace): Promise<UnfinishedPush[]> {
  const journals = await findUnfinishedPushes(`${workspace.floeDir}/pushes`)
  return journals
    .map(({ steps }) => describePush(steps))
    .filter((push) => push !== null)
    .map((push) => ({ ...push, packs: push.packs.map((pack) => withSent(workspace, pack)) }))
}

function withSent(workspace: Workspace, { objectId, ...pack }: DescribedPack): UnfinishedPack {
  if (pack.state !== 'registered' || objectId === undefined) return pack
  const held = [...readUploadJournal(`${workspace.floeDir}/pushes`, objectId).values()]
  if (held.length === 0) return pack
  const slivers = held.reduce((sum, { primary, secondary }) => sum + primary.size + secondary.size, 0)
  const confirmed = held.filter(({ confirmation }) => confirmation !== null).length
  return { ...pack, sent: { slivers, nodes: held.length, confirmed } }
}

type DescribedPack = UnfinishedPack & { objectId?: string }

function describePush(steps: readonly PushStep[]): (UnfinishedPush & { packs: DescribedPack[] }) | null {
  const [started] = steps
  if (started?.$kind !== 'started') return null
  const packs = new Map<string, DescribedPack>()
  for (const step of steps)
    if (step.$kind === 'encoded')
      packs.set(step.blobId, { blobId: step.blobId, kind: step.kind, bytes: step.blobBytes, state: 'encoded' })
    else if (step.$kind === 'registered' || step.$kind === 'uploaded') {
      const pack = packs.get(step.blobId)
      if (pack) pack.state = step.$kind
      if (pack && step.$kind === 'registered') pack.objectId = step.objectId
    }
  const { network, repository, ref, timeMs } = started
  const creating = steps.find((step) => step.$kind === 'creating')?.name
  return { network, repository, ref, commit: started.new, creating, startedMs: timeMs, packs: [...packs.values()] }
}

export interface AbortedPushes {
  /** Attempts given up. */
  pushes: number
  /** Blobs deleted; their storage belongs to the pusher again. */
  blobs: { blobId: string; objectId: string; bytes: number; storageBytes: string }[]
  /** Transactions that did it. */
  digests: string[]
}

/** Blobs deleted in one transaction: each takes some four commands and children. */
const BLOBS_PER_TRANSACTION = 100

/** Gives up every unfinished push of the workspace on the network named, or on all.
 *  The journals go last, so an abort that is interrupted can be repeated. */
export async function abortPush(
  dir: string,
  options: RemoteOptions & { network?: string | undefined },
): Promise<AbortedPushes> {
  await using workspace = await openWorkspace(dir)
  return workspace.withLock('push --abort', async () => {
    const result: AbortedPushes = { pushes: 0, blobs: [], digests: [] }
    const locks = [workspace.lockFile(abortLockPath(workspace), 'push --abort')]
    try {
      const journals = await findUnfinishedPushes(`${workspace.floeDir}/pushes`)
      for (const { path } of journals) locks.push(lockJournal(workspace, path))
      const pushes = journals
        .map(({ steps }) => describePush(steps))
        .filter((push) => push !== null)
        .filter((push) => push.network === (options.network ?? push.network))
      for (const network of new Set(pushes.map((push) => push.network))) {
        const own = pushes.filter((push) => push.network === network)
        const context = await openRemoteContext(network, options)
        await takeBackDeposits(context, own, result, options)
        await deleteBlobs(context, own, result, options)
        // None is running: the locks of all of them are held here.
        for (const push of own) await forgetPushes(`${workspace.floeDir}/pushes`, push, () => false)
        await forgetStrayUploads(`${workspace.floeDir}/pushes`)
        result.pushes += own.length
      }
      return result
    } finally {
      for (const lock of locks) lock.release()
    }
  })
}

/** Held while pushes are given up: a push that begins then waits for nobody, it fails. */
export function abortLockPath(workspace: Workspace): string {
  return `${workspace.floeDir}/pushes/abort.lock`
}

/** @throws {FloeError} PUSH_RUNNING (exit 11): what a running push has paid for is not to be pulled from under it */
function lockJournal(workspace: Workspace, path: string): Lock {
  try {
    return workspace.lockFile(`${path}.lock`, 'push --abort')
  } catch (error) {
    if (!(error instanceof LockedError)) throw error
    throw new FloeError('locked', 'PUSH_RUNNING', 'a push of this workspace is running', {
      data: error.data,
      hints: ['Wait until it ends, or stop it; `floe push --status` shows how far it is'],
      cause: error,
    })
  }
}

/** Empties and ends `Push` objects; the blobs go back to the pusher, who deletes them with the others. */
async function takeBackDeposits(
  context: RemoteContext,
  pushes: readonly UnfinishedPush[],
  result: AbortedPushes,
  { signal }: RemoteOptions,
): Promise<void> {
  const signer = await context.signer()
  for (const repository of new Set(pushes.map((push) => push.repository)))
    if (repository !== null) {
      const reader = context.repository(repository)
      const state = await reader.fetchState({ signal })
      const refs = new Set(pushes.filter((push) => push.repository === repository).map(({ ref }) => chainRefName(ref)))
      const open = await fetchOpenPushes(context.ledger, signer.address, state.originalPackageId, repository)
      for (const push of open.filter(({ ref }) => refs.has(ref))) {
        const numbers = packNumbers(push)
        for (let from = 0; from === 0 || from < numbers.length; from += BLOBS_PER_TRANSACTION) {
          const executed = await context.ledger.execute(
            (transaction) => {
              const [handle, target] = [transaction.object(push.id), transaction.object(repository)]
              const batch = numbers.slice(from, from + BLOBS_PER_TRANSACTION)
              const blobs = batch.map((number) => addTakeBack(transaction, state.packageId, handle, target, number))
              if (blobs.length > 0) transaction.transferObjects(blobs, signer.address)
              if (from + BLOBS_PER_TRANSACTION >= numbers.length)
                addAbandonPush(transaction, state.packageId, handle, target)
            },
            signer,
            signal ? { signal } : {},
          )
          result.digests.push(executed.digest)
        }
      }
    }
}

function packNumbers({ packs }: OpenPushRecord): number[] {
  return packs.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i))
}

/** Blobs are found on chain by blob id: a push may have been killed after registering and before writing that down. */
async function deleteBlobs(
  context: RemoteContext,
  pushes: readonly UnfinishedPush[],
  result: AbortedPushes,
  { signal }: RemoteOptions,
): Promise<void> {
  const [state, signer] = [await context.walrus(), await context.signer()]
  const mine = new Set(pushes.flatMap(({ packs }) => packs.map(({ blobId }) => blobKey(parseBlobId(blobId)))))
  const owned = await fetchOwnedBlobs(context.ledger, state, signer.address, signal ? { signal } : {})
  const doomed = owned.filter((blob) => mine.has(blobKey(blob.blobId)) && blob.deletable && blob.endEpoch > state.epoch)
  for (let from = 0; from < doomed.length; from += BLOBS_PER_TRANSACTION) {
    const batch = doomed.slice(from, from + BLOBS_PER_TRANSACTION)
    const executed = await context.ledger.execute(
      (transaction) => {
        for (const blob of batch) addDeleteBlob(transaction, state, transaction.object(blob.objectId), signer.address)
      },
      signer,
      signal ? { signal } : {},
    )
    result.digests.push(executed.digest)
    for (const { blobId, objectId, blobBytes, storageBytes } of batch)
      result.blobs.push({ blobId: blobIdText(blobId), objectId, bytes: blobBytes, storageBytes: String(storageBytes) })
  }
}
