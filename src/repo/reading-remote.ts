/** Which remote is meant where none is named. Without the modules of the network, for those who are about to find everything
 *  here. */

import { StoreCorruptError } from '../store/errors.ts'
import type { Workspace } from '../store/workspace.ts'

/** For what a command finds missing: any that there is, rather than none.
 *  @returns the default remote, else the first by name; undefined if there is none */
export function readingRemote(workspace: Workspace): { name: string; network: string } | undefined {
  const { remotes = {} } = workspace.readConfig()
  const candidates = [defaultRemote(workspace), ...Object.keys(remotes).sort()]
  const name = candidates.find((candidate) => Object.hasOwn(remotes, candidate))
  return name === undefined ? undefined : { name, network: remotes[name]!.network }
}

/** As in git: the one that the current branch follows, else `origin`, else the only one. Where none of these is there,
 *  `origin`, which whoever looks for it does not find. */
export function defaultRemote(workspace: Workspace): string {
  const { remotes = {}, branches = {} } = workspace.readConfig()
  const followed = branchOfHead(workspace)
  const names = Object.keys(remotes)
  const remote = followed !== undefined && Object.hasOwn(branches, followed) ? branches[followed]!.remote : undefined
  if (remote !== undefined && names.includes(remote)) return remote
  return names.includes('origin') || names.length !== 1 ? 'origin' : names[0]!
}

/** Undefined where HEAD is on none, or damaged: that is another command's to say. */
function branchOfHead({ refs }: Workspace): string | undefined {
  try {
    const head = refs.readHead()
    return head.$kind === 'branch' ? head.branch : undefined
  } catch (error) {
    if (error instanceof StoreCorruptError) return undefined
    throw error
  }
}
