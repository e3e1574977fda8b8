/** Commands that meet on the way to the ledger, at a chosen transaction. */

import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import type { LocalWorld } from './local-world.ts'

/** Options with which a command's n-th signed transactions wait, before they are sent, until something else is done. */
export function meeting(
  world: LocalWorld,
  meetings: Record<number, () => Promise<unknown>>,
): RemoteOptions & { sent(): number } {
  let sent = 0
  const holding: typeof fetch = async (input, init) => {
    if (String(input).endsWith('/ExecuteTransaction')) await meetings[++sent]?.()
    return fetch(input, init)
  }
  return { ...world.options, fetch: holding, sent: () => sent }
}
