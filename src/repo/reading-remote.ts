/** Which remote the objects come from that a command finds missing. Without the modules of the network, for those who are
 *  about to find everything here. */

import type { Workspace } from '../store/workspace.ts'

/** The one that the current branch follows, else `origin`, else the first by name; undefined if there is none. */
export function readingRemote(workspace: Workspace): { name: string; network: string } | undefined {
  const { remotes = {}, branches = {} } = workspace.readConfig()
  const head = workspace.refs.readHead()
  const followed = head.$kind === 'branch' && Object.hasOwn(branches, head.branch) ? branches[head.branch] : undefined
  const candidates = [followed?.remote, 'origin', ...Object.keys(remotes).sort()]
  const name = candidates.find((candidate) => candidate !== undefined && Object.hasOwn(remotes, candidate))
  return name === undefined ? undefined : { name, network: remotes[name]!.network }
}
