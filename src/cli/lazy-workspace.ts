/** A workspace whose missing objects come from its remote, which is connected only if one is missing. */

import type { LazyObjects } from '../repo/lazy-objects.ts'
import { readRemote } from '../repo/remote.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import type { Context } from './context.ts'

/** Runs `work` on the workspace that holds the current directory and closes it afterwards.
 *  @throws {FloeError} NOT_A_WORKSPACE (exit 10) */
export async function inLazyWorkspace<T>(context: Context, work: (workspace: Workspace) => Promise<T>): Promise<T> {
  await using plain = await openWorkspace(context.cwd)
  if (!plain.readConfig().remotes?.origin) return await work(plain)
  let lazy: LazyObjects | undefined
  let release = async () => {}
  const connect = async () => {
    // The modules of the network are not loaded by those who need nothing from it.
    const { openNetwork } = await import('./network.ts')
    const { network, repository } = readRemote(plain, 'origin')
    const opened = await openNetwork(context, network, {})
    release = opened.release
    return { network, repository, options: opened.options }
  }
  try {
    await using workspace = await openWorkspace(context.cwd, {
      async fetchObject(kind, id, options) {
        lazy ??= (await import('../repo/lazy-objects.ts')).lazyObjects(connect)
        return lazy.read(kind, id, options)
      },
    })
    return await work(workspace)
  } finally {
    await lazy?.[Symbol.asyncDispose]()
    await release()
  }
}
