/** Which objects the remote lacks, and what it has, as far as this workspace knows. */

import { FloeError } from '../base/errors.ts'
import type { MissingObject } from '../history/missing-objects.ts'
import type { PushRecord } from '../ledger/repository-records.ts'
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
  /** Why the push cannot be made, unless all that `whole` was made with is still there: then that is what it builds on. */
  unlessWhole?: unknown
}

/** A clone holds one version's contents; what older ones need is on the remote alone. When the remote's branches have
 *  moved on unseen, nothing here says so any more, and the push would look for it here: then the remote is fetched from
 *  first. Branches and files stay as they are.
 *  Where somebody has moved them to what cannot be read, it builds on the push that this workspace knows to be whole.
 *  @param whole - that one, if another stands
 *  @throws {ObjectMissingError} OBJECT_MISSING if what has to be sent is not here */
export async function findLacking(
  workspace: Workspace,
  remote: string,
  target: LocalTarget,
  position: RemotePosition | null,
  whole: PushRecord | null,
  options: RemoteOptions & { brought?: readonly ObjectId[] | undefined },
): Promise<Lacking> {
  const { brought } = options
  const have = position ? seenCommits(workspace, remote, position, brought) : []
  try {
    return { have, missing: await findMissing(workspace, target, have, options.signal) }
  } catch (error) {
    if (!position || !(error instanceof ObjectMissingError)) throw error
    let now = have
    let reason: unknown = error
    try {
      const { unread } = await fetchRemote(workspace.root, { ...options, remote })
      reason = unread[0]?.error ?? error
      await using fetched = await openWorkspace(workspace.root)
      now = seenCommits(fetched, remote, position, brought)
      if (now.length > have.length)
        return { have: now, missing: await findMissing(fetched, target, now, options.signal) }
    } catch (failure) {
      if (!(failure instanceof FloeError) || failure.kind !== 'integrity') throw failure
      reason = failure
    }
    if (!whole?.new) throw reason
    const all = [...now, whole.new as ObjectId]
    await using again = await openWorkspace(workspace.root)
    return { have: all, missing: await findMissing(again, target, all, options.signal), unlessWhole: reason }
  }
}
