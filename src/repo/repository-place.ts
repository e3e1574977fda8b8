/** Which repository a verb is about: a remote of the workspace, or an address, for which no workspace is needed. */

import { openWorkspace } from '../store/workspace.ts'
import { parseWholeAddress, readRemote } from './remote.ts'

export interface RepositoryPlace {
  network: string
  /** Object id. */
  repository: string
}

/** @param target - name of a remote of the workspace that holds `dir` (default: the one that is meant where none is named), or
 *  `NETWORK:OBJECT_ID`
 *  @throws {RemoteMissingError} REMOTE_MISSING
 *  @throws {UsageError} ADDRESS_MALFORMED */
export async function placeOf(dir: string, target?: string): Promise<RepositoryPlace> {
  if (target?.includes(':')) return parseWholeAddress(target)
  await using workspace = await openWorkspace(dir)
  const { network, repository } = readRemote(workspace, target)
  return { network, repository }
}
