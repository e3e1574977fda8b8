/** `pull`: fetches, brings what the branch's version needs, and merges it where no path was changed on both sides. */

import { UsageError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import type { StatusRecord } from '../ledger/repository-marks.ts'
import type { CommitAuthor } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { bringTree } from './bring.ts'
import { cachedObjects } from './download.ts'
import type { ExpiryWarning } from './expiry-memory.ts'
import { fetchRefs, type UnreadRef } from './fetch.ts'
import { checkMarks } from './marks.ts'
import { type MergeResult, mergeDisjoint } from './merge-disjoint.ts'
import { refuseOperation } from './operation.ts'
import { type RebaseResult, rebase } from './rebase.ts'
import { noteRefExpiry } from './ref-expiry.ts'
import { chainRefName, readRemote } from './remote.ts'
import { seenPushes } from './remote-memory.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource } from './remote-source.ts'
import { readSparse } from './sparse.ts'

export interface PullOptions extends RemoteOptions {
  /** Default: the one that the current branch follows, else `origin`, else the only one. */
  remote?: string | undefined
  /** Branch of the remote (default: the one that the current branch follows, else of the same name). */
  ref?: string | undefined
  /** Author of a merge commit (default: `user.*` of the configuration). */
  author?: CommitAuthor | undefined
  /** Make the commits that the remote lacks again on what it has, instead of merging. */
  rebase?: boolean | undefined
  /** Refuse to merge: what is here must be part of what the remote has. */
  fastForwardOnly?: boolean | undefined
  /** Bring a version that was taken down all the same. */
  allowTakedown?: boolean | undefined
}

export type PullResult = (MergeResult | RebaseResult) & {
  remote: string
  ref: string
  /** What the ref needs that is about to be lost, or is; `null` if the chain did not say. */
  expiring: ExpiryWarning[] | null
  /** What is said about the version, if it is not simply active. */
  marks: StatusRecord[]
  /** Other refs of the remote, which cannot be read and stay as they are here. */
  unread: UnreadRef[]
}

/** @throws {MergeConflictError} MERGE_CONFLICT with the paths, and nothing changed; with `rebase` a conflict is a result,
 *  and is settled as that of any rebase */
export async function pull(dir: string, options: PullOptions): Promise<PullResult> {
  await using workspace = await openWorkspace(dir)
  const remote = readRemote(workspace, options.remote)
  const ref = followedRef(workspace, remote.name, options.ref)
  const seen = seenPushes(workspace, remote.name, remote.repository)
  await using source = await openRemoteSource(remote.network, remote.repository, options, seen)
  const { unread } = await fetchRefs(workspace, remote.name, source, options)
  const needed = unread.find((one) => one.ref === ref)
  if (needed) throw needed.error
  const row = source.refs.find((candidate) => candidate.name === chainRefName(ref))
  if (!row)
    throw new UsageError('REMOTE_REF_UNKNOWN', `the remote has no ${ref}`, {
      data: { ref, remote: remote.name },
      hints: ['See what it has with `floe remote show`'],
    })
  const theirs = row.commit as ObjectId
  const marks = await checkMarks(workspace, remote.name, source, theirs, {
    allow: options.allowTakedown ?? false,
    signal: options.signal,
  })
  const record = source.recordOf(row)
  const objects = await source.objects([record])
  const { tree } = await readCommit(workspace.store.read, theirs, options)
  await workspace.withLock('pull', async () => {
    // Only the tree of HEAD is known to be complete: history is lazy.
    const head = workspace.refs.headCommit()
    const bases = head ? [(await readCommit(workspace.store.read, head)).tree] : []
    const blame = { ref, push: record.number, pusher: record.pusher }
    const request = { tree, bases, includes: readSparse(workspace)?.includes, tip: theirs, blame }
    await bringTree(workspace, objects, source.cache, request, options)
  })
  // Where the two sides parted may be a version that was never brought here: its tree is read from the remote.
  await using lazy = await openWorkspace(workspace.root, { fetchObject: cachedObjects(source.cache, objects.read) })
  const { author, fastForwardOnly, signal, onProgress } = options
  const label = `${remote.name}/${ref.replace(/^heads\//, '')}`
  const merged =
    options.rebase && lazy.refs.headCommit() !== null
      ? await rebase(lazy, { upstream: theirs, label, signal, onProgress })
      : await mergeDisjoint(lazy, { theirs, label, author, fastForwardOnly, signal, onProgress })
  const expiring = await noteRefExpiry(workspace, remote.name, source, objects, record, options)
  return { ...merged, remote: remote.name, ref, expiring, marks, unread }
}

function followedRef(workspace: Workspace, remote: string, name: string | undefined): string {
  if (name !== undefined) return /^(heads|tags)\//.test(name) ? name : `heads/${name}`
  const head = workspace.refs.readHead()
  if (head.$kind === 'detached') {
    refuseOperation(workspace)
    throw new UsageError('PULL_DETACHED', 'HEAD is on no branch, so the ref to pull must be named', {
      hints: ['Name it: `floe pull origin main`, or switch to a branch first'],
    })
  }
  const followed = workspace.readConfig().branches?.[head.branch]
  return followed?.remote === remote ? followed.ref : `heads/${head.branch}`
}
