/** A workspace whose missing objects come from its remote, which is connected only if one is missing. */

import type { LazyObjects } from '../repo/lazy-objects.ts'
import { readingRemote } from '../repo/reading-remote.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import type { Context } from './context.ts'
import { warnOfAmbiguity } from './workspace.ts'

/** Runs `work` on the workspace that holds the current directory and closes it afterwards.
 *  @throws {FloeError} NOT_A_WORKSPACE (exit 10) */
export async function inLazyWorkspace<T>(context: Context, work: (workspace: Workspace) => Promise<T>): Promise<T> {
  let lazy: LazyObjects | undefined
  let release = async () => {}
  const connect = async (remote: string) => {
    // The modules of the network are not loaded by those who need nothing from it.
    const { readRemote } = await import('../repo/remote.ts')
    const { seenPushes } = await import('../repo/remote-memory.ts')
    const { openNetwork } = await import('./network.ts')
    const { network, repository } = readRemote(workspace, remote)
    const opened = await openNetwork(context, network, {})
    release = opened.release
    return { network, repository, options: opened.options, seen: seenPushes(workspace, remote, repository) }
  }
  const workspace = await openWorkspace(context.cwd, {
    onAmbiguous: warnOfAmbiguity(context),
    async fetchObject(kind, id, options) {
      if (!lazy) {
        const remote = readingRemote(workspace)
        // It says what is missing.
        if (!remote) return workspace.store.readLocal(kind, id, options)
        const { lazyObjects } = await import('../repo/lazy-objects.ts')
        lazy ??= lazyObjects(() => connect(remote.name))
      }
      return lazy.read(kind, id, options)
    },
  })
  try {
    return await work(workspace)
  } finally {
    await workspace[Symbol.asyncDispose]()
    await lazy?.[Symbol.asyncDispose]()
    await release()
  }
}
