/** `push --delete`: takes a branch off the remote. Its versions stay in the packs until these are removed
 *  (`gc-remote.ts`), and the log of pushes says who deleted it. */

import { FloeError, UsageError } from '../base/errors.ts'
import { addDeleteRef } from '../ledger/transactions/repository.ts'
import type { ObjectId } from '../objects/id.ts'
import { openWorkspace } from '../store/workspace.ts'
import { trackingName } from './fetch.ts'
import { ensureLocalFunds } from './local-funds.ts'
import { rememberWhole } from './push-whole.ts'
import { chainRefName, localRefName, readRemote } from './remote.ts'
import { openRemoteContext } from './remote-context.ts'
import { StalePushError } from './remote-errors.ts'
import type { RemoteOptions } from './remote-options.ts'

export interface DeleteBranchOptions extends RemoteOptions {
  /** Default: the one that the current branch follows, else `origin`, else the only one. */
  remote?: string | undefined
  /** Branch of the remote, short or full. */
  branch: string
  /** Delete it also where it is at a version that this workspace has not seen there. */
  force?: boolean | undefined
}

export interface DeletedBranch {
  $kind: 'deleted'
  remote: string
  network: string
  repository: string
  /** `heads/main` */
  ref: string
  /** Where it was. */
  old: ObjectId
  digest: string
}

/** Needs the writer role. Repeating it after a lost answer says that there is no such branch.
 *  @throws {UsageError} REMOTE_REF_UNKNOWN (exit 2)
 *  @throws {StalePushError} PUSH_STALE (exit 1) if it is not where this workspace has seen it, unless forced
 *  @throws {FloeError} TAG_IMMUTABLE (exit 1), FORCE_FORBIDDEN, ACCESS_ROLE_MISSING (exit 12) */
export async function deleteBranchThere(dir: string, options: DeleteBranchOptions): Promise<DeletedBranch> {
  await using workspace = await openWorkspace(dir)
  const remote = readRemote(workspace, options.remote)
  const ref = /^(heads|tags)\//.test(options.branch) ? options.branch : `heads/${options.branch}`
  const context = await openRemoteContext(remote.network, options)
  const reader = context.repository(remote.repository)
  const state = await reader.fetchState(options)
  const refs = await reader.fetchRefs(state, options)
  const names = new Set(refs.map(({ name }) => localRefName(name)))
  const data = { ref, remote: remote.name }
  if (names.has(ref.replace(/^heads\//, 'tags/')) && !names.has(ref))
    throw new FloeError('other', 'TAG_IMMUTABLE', `${options.branch} is a tag of ${remote.name}, and stays`, { data })
  const there = refs.find(({ name }) => name === chainRefName(ref))
  if (!there)
    throw new UsageError('REMOTE_REF_UNKNOWN', `${remote.name} has no ${ref}`, {
      data,
      hints: ['See what it has with `floe remote show`'],
    })
  const old = there.commit as ObjectId
  const tracking = trackingName(remote.name, ref)
  const seen = workspace.refs.read(tracking)
  if (seen !== old && !options.force) throw new StalePushError(ref, old, seen, 'delete')
  const signer = await context.signer()
  await ensureLocalFunds(context, signer, 0n)
  const { signal } = options
  const { digest } = await context.ledger.execute(
    (transaction) =>
      addDeleteRef(transaction, state.packageId, { repository: remote.repository, ref: there.name, expectedOld: old }),
    signer,
    signal ? { signal } : {},
  )
  await workspace.withLock('push', async () => {
    if (workspace.refs.read(tracking) === old)
      await workspace.refs.update({ name: tracking, expected: old, next: null, reason: 'push: deleted there' })
    await rememberWhole(workspace, remote.name, remote.repository, { ref, push: null })
  })
  return {
    $kind: 'deleted',
    remote: remote.name,
    network: remote.network,
    repository: remote.repository,
    ref,
    old,
    digest,
  }
}
