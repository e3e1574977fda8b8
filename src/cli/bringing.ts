/** Doing something with a version, and doing it again once the version has been brought, if it was not here. */

import { FloeError } from '../base/errors.ts'
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
    const address = workspace.readConfig().remotes?.origin
    if (!(error instanceof FloeError) || !MISSING.has(error.code) || !address) throw error
    const { bringRevision } = await import('../repo/bring-revision.ts')
    const { withNetwork } = await import('./network.ts')
    const isRemoteOnly = workspace.refs.read(`remotes/origin/${revision}`) && !workspace.refs.read(`heads/${revision}`)
    await withProgress(context, 'fetch', (onProgress) =>
      withNetwork(
        context,
        address.network,
        {},
        (options) => bringRevision(workspace.root, isRemoteOnly ? `origin/${revision}` : revision, options),
        onProgress,
      ),
    ).catch((failure: unknown) => {
      // Never pushed: then what the file has become is all there is to say.
      const isNowhere = failure instanceof FloeError && failure.kind === 'integrity'
      throw isNowhere && error.code !== 'OBJECT_MISSING' ? error : failure
    })
    workspace.store.refresh()
    return work()
  }
}
