/** The push log of a repository: who moved which ref when, and over which packs. Read from chain state, in order. */

import { openWorkspace } from '../store/workspace.ts'
import type { PushLogRow } from './export-push-log.ts'
import { readRemote } from './remote.ts'
import { openRemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'

/** Records asked for at once: one request of the chain's limit of 50 objects. */
const BATCH = 50

export interface PushLog {
  network: string
  repository: string
  pushes: AsyncIterable<PushLogRow>
}

/** @throws {RemoteMissingError} REMOTE_MISSING */
export async function pushLogOf(dir: string, options: RemoteOptions & { remote?: string }): Promise<PushLog> {
  await using workspace = await openWorkspace(dir)
  const { network, repository } = readRemote(workspace, options.remote)
  const reader = (await openRemoteContext(network, options)).repository(repository)
  const state = await reader.fetchState(options)
  async function* pushes(): AsyncGenerator<PushLogRow> {
    for (let first = 0; first < state.log.size; first += BATCH) {
      const end = Math.min(first + BATCH, state.log.size)
      for (const push of await reader.fetchPushes(state, first, end, options))
        yield {
          number: push.number,
          ref: push.ref,
          old: push.old,
          new: push.new,
          tree: push.tree === '' ? null : push.tree,
          statement: push.statement,
          pusher: push.pusher,
          packs: push.packs.map((range) => `${range.first}+${range.count}`).join(','),
          packCount: push.packs.reduce((sum, range) => sum + range.count, 0),
          commitPack: push.commitPack,
          timeMs: push.timeMs,
          epoch: push.walrusEpoch,
          forced: push.forced,
        }
    }
  }
  return { network, repository, pushes: pushes() }
}
