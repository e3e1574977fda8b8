/** What `pull` is typed with: a remote and a branch as git has them, and then paths; or paths alone. */

import { RemoteMissingError } from '../repo/remote-errors.ts'
import { pathHere } from '../repo/revisions-and-paths.ts'
import type { Workspace } from '../store/workspace.ts'

export interface PullArguments {
  remote: string | undefined
  ref: string | undefined
  /** As typed. */
  paths: string[]
}

/** A first word that is no remote, but something in the workspace or its version, begins the paths; what comes after `--` is
 *  paths whatever it looks like.
 *  @param known - how many words come after `--`; undefined: it was not typed
 *  @throws {RemoteMissingError} REMOTE_MISSING (exit 2) if it is neither */
export async function pullArguments(
  workspace: Workspace,
  cwd: string,
  words: readonly string[],
  known: number | undefined,
): Promise<PullArguments> {
  const split = known === undefined ? words.length : Math.max(0, words.length - known)
  const [before, after] = [words.slice(0, split), words.slice(split)]
  const [first] = before
  const remotes = Object.keys(workspace.readConfig().remotes ?? {})
  if (first !== undefined && !remotes.includes(first)) {
    if ((await pathHere(workspace, cwd, first)) === undefined)
      throw new RemoteMissingError(first, remotes, remotes.length > 0 ? [NEW_PATH] : [])
    return { remote: undefined, ref: undefined, paths: [...words] }
  }
  const [remote, ref, ...paths] = before
  return { remote, ref, paths: [...paths, ...after] }
}

const NEW_PATH = 'A path that only the remote has comes after `--`: `floe pull -- PATH`'
