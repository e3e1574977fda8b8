/** Doing something with a version, and doing it again once the version has been brought, if it was not here. */

import { FloeError } from '../base/errors.ts'
import type { Workspace } from '../store/workspace.ts'
import type { Context } from './context.ts'
import { withNetwork } from './network.ts'
import { withProgress } from './progress.ts'

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
    const address = workspace.readConfig().remotes?.origin
    if (!(error instanceof FloeError) || error.code !== 'OBJECT_MISSING' || !address) throw error
    const { bringRevision } = await import('../repo/bring-revision.ts')
    const isRemoteOnly = workspace.refs.read(`remotes/origin/${revision}`) && !workspace.refs.read(`heads/${revision}`)
    await withProgress(context, 'fetch', (onProgress) =>
      withNetwork(
        context,
        address.network,
        {},
        (options) => bringRevision(workspace.root, isRemoteOnly ? `origin/${revision}` : revision, options),
        onProgress,
      ),
    )
    workspace.store.refresh()
    return work()
  }
}
