/** What a workspace remembers of a push: where the remote's branch is now, and until when the ref has all it needs. */

import type { WalrusState } from '../ledger/system-state.ts'
import type { Workspace } from '../store/workspace.ts'
import { type ExpiryWarning, earliestEnd, rememberExpiry, warningsOf } from './expiry-memory.ts'
import type { LocalTarget } from './push-target.ts'

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

/** What is known of the remote from now on. */
export async function rememberPush(workspace: Workspace, remote: string, target: LocalTarget): Promise<void> {
  if (!target.ref.startsWith('heads/')) return
  const branch = target.ref.slice('heads/'.length)
  await workspace.withLock('push', async () => {
    await workspace.refs.update({ name: `remotes/${remote}/${branch}`, next: target.commit, reason: 'push' })
    const config = workspace.readConfig()
    if (config.branches?.[branch] === undefined)
      await workspace.writeConfig({
        ...config,
        branches: { ...config.branches, [branch]: { remote, ref: target.ref } },
      })
  })
}
