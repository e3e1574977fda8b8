/** Which objects the remote lacks, and what it has, as far as this workspace knows. */

import type { MissingObject } from '../history/missing-objects.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { fetchRemote } from './fetch.ts'
import { findMissing, type LocalTarget, type RemotePosition, seenCommits } from './push-target.ts'
import type { RemoteOptions } from './remote-options.ts'

export interface Lacking {
  /** Commits that the remote has, with all they need. */
  have: readonly ObjectId[]
  missing: MissingObject[]
}

/** A clone holds one version's contents; what older ones need is on the remote alone. When the remote's branches have
 *  moved on unseen, nothing here says so any more, and the push would look for it here: then the remote is fetched from
 *  first. Branches and files stay as they are.
 *  @throws {ObjectMissingError} OBJECT_MISSING if what has to be sent is not here */
export async function findLacking(
  workspace: Workspace,
  remote: string,
  target: LocalTarget,
  position: RemotePosition | null,
  options: RemoteOptions & { brought?: readonly ObjectId[] | undefined },
): Promise<Lacking> {
  const { brought } = options
  const have = position ? seenCommits(workspace, remote, position, brought) : []
  try {
    return { have, missing: await findMissing(workspace, target, have, options.signal) }
  } catch (error) {
    if (!position || !(error instanceof ObjectMissingError)) throw error
    await fetchRemote(workspace.root, { ...options, remote })
    await using fetched = await openWorkspace(workspace.root)
    const now = seenCommits(fetched, remote, position, brought)
    if (now.length === have.length) throw error
    return { have: now, missing: await findMissing(fetched, target, now, options.signal) }
  }
}
