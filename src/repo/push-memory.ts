/** What a workspace remembers of a push: where the remote's branch is now, and until when the ref has all it needs. */

import { FloeError } from '../base/errors.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import type { ObjectId } from '../objects/id.ts'
import { LockedError } from '../store/errors.ts'
import { FileSystemError } from '../store/file-system.ts'
import type { Workspace } from '../store/workspace.ts'
import {
  forgetFinished,
  forgetPushes,
  forgetStrayUploads,
  type PaidBlobs,
  type PushSubject,
} from '../transfer/push-journal.ts'
import { type ExpiryWarning, earliestEnd, rememberExpiry, warningsOf } from './expiry-memory.ts'
import { settleDoubts } from './push-doubts.ts'
import type { LocalTarget } from './push-target.ts'
import { rememberRead, rememberWhole } from './push-whole.ts'
import { readRemote, writeRemote } from './remote.ts'

/** Remembers until when the ref has all it needs, and says so if that is soon. */
export async function noteExpiry(
  workspace: Workspace,
  remote: string,
  { network, repository, ref }: { network: string; repository: string; ref: string },
  walrus: WalrusState,
  packs: Parameters<typeof earliestEnd>[0],
): Promise<ExpiryWarning[]> {
  const endEpoch = earliestEnd(packs)
  if (endEpoch === null) return []
  const refs = [{ ref, endEpoch }]
  await rememberExpiry(workspace, { remote, network, repository, walrus, refs })
  const epochStartMs = walrus.epochStartMs ?? workspace.clock.now()
  return warningsOf(remote, { ...walrus, epochStartMs, refs }, epochStartMs)
}

interface LoggedPush {
  repository: string
  /** Its number in the repository's log. */
  logIndex: number
}

/** What is known of the remote from now on.
 *  @param settled - commits of the target's history whose presence there was doubted before
 *  @param push - by which the branch stands: it was made here, or is known to name what is needed */
export async function rememberPush(
  workspace: Workspace,
  remote: string,
  target: LocalTarget,
  settled: readonly ObjectId[],
  push: { made?: LoggedPush; read?: LoggedPush } = {},
): Promise<void> {
  const isBranch = target.ref.startsWith('heads/')
  if (!isBranch && settled.length === 0) return
  const branch = target.ref.slice('heads/'.length)
  await workspace.withLock('push', async () => {
    if (settled.length > 0) await settleDoubts(workspace, remote, readRemote(workspace, remote).repository, settled)
    if (!isBranch) return
    const { made, read } = push
    if (made) await rememberWhole(workspace, remote, made.repository, { ref: target.ref, push: made.logIndex })
    if (read) await rememberRead(workspace, remote, read.repository, { ref: target.ref, push: read.logIndex })
    await workspace.refs.update({ name: `remotes/${remote}/${branch}`, next: target.commit, reason: 'push' })
    const config = workspace.readConfig()
    if (config.branches?.[branch] === undefined)
      await workspace.writeConfig({
        ...config,
        branches: { ...config.branches, [branch]: { remote, ref: target.ref } },
      })
  })
}

/** After a push that is done: that others are at work in the workspace, or that its disk is full, makes nothing of it undone.
 *  @returns `null` if so, and it remembers nothing */
export async function unlessHindered<T>(remember: () => Promise<T>): Promise<T | null> {
  try {
    return await remember()
  } catch (error) {
    if (error instanceof LockedError || error instanceof FileSystemError) return null
    throw error
  }
}

/** What a push that is done tells people besides. */
export function noticeOf(
  { local }: { local: boolean },
  { isRemembered, unused, expired }: { isRemembered: boolean; unused: number; expired: number },
): { notice?: string } {
  if (!isRemembered)
    return { notice: 'The workspace is in use, or its disk is full, and did not note the push: run `floe fetch`' }
  if (unused > 0)
    return {
      notice: `An earlier attempt had paid for ${unused === 1 ? 'a pack' : `${unused} packs`} that this push could not use: \`floe push --abort\` gives the storage back`,
    }
  if (expired > 0)
    return {
      notice: `${expired === 1 ? 'A pack of earlier pushes has' : `${expired} packs of earlier pushes have`} expired: what only older versions need of that, \`floe revive\` brings back`,
    }
  return local ? { notice: 'The local network is this one machine, not a backup' } : {}
}

/** Drops what earlier attempts at a push that is done have left, and journals of earlier pushes that nobody needs any more.
 *  Those that are under way keep theirs, and so do those that have paid for what it did not use: `push --abort` gives that
 *  back.
 *  @param paid - undefined: the push was one of these attempts
 *  @returns blobs that were paid for and not used */
export async function forgetAttempts(workspace: Workspace, subject: PushSubject, paid?: PaidBlobs): Promise<number> {
  const isRunning = (journal: string) => workspace.isFileLocked(`${journal}.lock`)
  const dir = `${workspace.floeDir}/pushes`
  await forgetFinished(dir, isRunning)
  const unused = await forgetPushes(dir, subject, isRunning, paid)
  await forgetStrayUploads(dir)
  return unused
}

/** As long as others may be at work, as `add` is: without the name of it, the next push would make the repository anew. */
const NAMING_PATIENCE_MS = 600_000

/** Names a repository that was just made. */
export async function nameRepository(
  workspace: Workspace,
  remote: string,
  address: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = { patienceMs: NAMING_PATIENCE_MS, signal }
  try {
    await workspace.withLock('push', async () => void (await writeRemote(workspace, remote, address)), options)
  } catch (cause) {
    throw new FloeError(
      'other',
      'PUSH_REPOSITORY_UNNAMED',
      `${address} was made, but the workspace could not note it`,
      {
        data: { remote, address },
        hints: [
          `Name it with \`floe remote add ${remote} ${address}\` before the next push, which is paid anew otherwise`,
        ],
        cause,
      },
    )
  }
}
