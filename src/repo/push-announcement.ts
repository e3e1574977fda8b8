/** What a push is about to do, in the lines that git gives its pre-push hooks: `<local ref> <local id> <remote ref> <remote id>`. */

import type { Workspace } from '../store/workspace.ts'
import { trackingName } from './fetch.ts'
import { findLocalTarget } from './push-target.ts'
import { chainRefName } from './remote.ts'

/** Of a ref that the remote does not have. */
const NO_ID = '0'.repeat(64)

/** Where the remote is, as far as this workspace knows: nothing is asked of a network. A tag never moves, so one that is
 *  pushed is not there.
 *  @param names - one line each; undefined: the current branch
 *  @throws {UsageError} PUSH_DETACHED, PUSH_NOTHING, REF_UNKNOWN (exit 2) */
export async function announcePush(
  workspace: Workspace,
  remote: string,
  names: readonly (string | undefined)[],
): Promise<string> {
  const lines: string[] = []
  for (const name of names) {
    const { ref, commit } = await findLocalTarget(workspace, name)
    const there = ref.startsWith('heads/') ? workspace.refs.read(trackingName(remote, ref)) : null
    const full = chainRefName(ref)
    lines.push(`${full} ${commit} ${full} ${there ?? NO_ID}\n`)
  }
  return lines.join('')
}
