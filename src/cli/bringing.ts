/** Doing something with a version, and doing it again once the version has been brought, if it was not here. */

import { FloeError } from '../base/errors.ts'
import { findRef } from '../history/find-ref.ts'
import { refNameProblem } from '../objects/ref-name.ts'
import { readingRemote } from '../repo/reading-remote.ts'
import { isVersionHere } from '../repo/version-here.ts'
import type { Workspace } from '../store/workspace.ts'
import type { Context } from './context.ts'
import { withProgress } from './progress.ts'

/** What says that something is not here; of files committed in place, why. */
const MISSING: ReadonlySet<string> = new Set(['OBJECT_MISSING', 'STORE_HELD_LOST'])

/** @param revision - a revision, or a branch that only the remote has
 *  @param work - may be cut off by a missing object, and is continued by repeating it */
export async function bringing<T>(
  context: Context,
  workspace: Workspace,
  revision: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof FloeError) || !MISSING.has(error.code) || !readingRemote(workspace)) throw error
    await bring(context, workspace, revision).catch((failure: unknown) => {
      // Never pushed: then what the file has become is all there is to say.
      const isNowhere = failure instanceof FloeError && failure.kind === 'integrity'
      throw isNowhere && error.code !== 'OBJECT_MISSING' ? error : failure
    })
    return work()
  }
}

/** Brings a version that HEAD is about to move to, if its tree is not here: every command looks at HEAD's, and most of
 *  them without a network. */
export async function bringFirst(context: Context, workspace: Workspace, revision: string): Promise<void> {
  if (!readingRemote(workspace) || (await isVersionHere(workspace, revision, { signal: context.signal }))) return
  await bring(context, workspace, revision)
}

async function bring(context: Context, workspace: Workspace, revision: string): Promise<void> {
  const { name: remote, network } = readingRemote(workspace)!
  const { bringRevision } = await import('../repo/bring-revision.ts')
  const { withNetwork } = await import('./network.ts')
  const tracking = `remotes/${remote}/${revision}`
  const isRemoteOnly = isRefThere(workspace, tracking) && !findRef(workspace.refs, revision)
  await withProgress(context, 'fetch', (onProgress) =>
    withNetwork(
      context,
      network,
      {},
      (options) => bringRevision(workspace.root, isRemoteOnly ? tracking : revision, { ...options, remote }),
      onProgress,
    ),
  )
  workspace.store.refresh()
}

/** What is typed may be a revision that no ref can be called. */
function isRefThere({ refs }: Workspace, name: string): boolean {
  return refNameProblem(name) === null && refs.read(name) !== null
}
