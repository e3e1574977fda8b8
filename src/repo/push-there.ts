/** When a ref is at the commit to be pushed before the push: whether that is to be believed.
 *
 *  Any writer can move a ref to a commit whose objects nobody has, also to one that was made here and never sent. What this
 *  workspace or this key has brought there is there; anything else is looked for in live packs. */

import { FloeError } from '../base/errors.ts'
import type { MissingObject } from '../history/missing-objects.ts'
import type { ObjectId } from '../objects/id.ts'
import type { Workspace } from '../store/workspace.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import type { LocalTarget, RemotePosition } from './push-target.ts'

/** True if the ref is at the commit because this workspace or this key has brought it there.
 *  @param owner - the address that pushes from here
 *  @param doubts - commits of its history that were here before the remote named them
 *  @param isRead - false if it was moved there anew since it was read */
export async function isTaken(
  workspace: Workspace,
  remote: string,
  target: LocalTarget,
  { current, pushes }: RemotePosition,
  { owner, doubts, isRead }: { owner(): Promise<string>; doubts(): Promise<readonly ObjectId[]>; isRead: boolean },
): Promise<boolean> {
  // A tag never moves: what it lacks comes with a branch.
  if (!isBranch(target)) return true
  const tracked = workspace.refs.read(`remotes/${remote}/${target.ref.slice('heads/'.length)}`)
  if (isRead && tracked === target.commit && (await doubts()).length === 0) return true
  return pushes.get(current!.push)!.pusher === (await owner())
}

export function isBranch({ ref }: LocalTarget): boolean {
  return ref.startsWith('heads/')
}

/** True if nothing is lacking but commits, which are sent in any case, and those are there as well. */
export async function areThere(remote: RemoteObjects, lacking: readonly MissingObject[]): Promise<boolean> {
  if (lacking.some(({ kind }) => kind !== 'commit')) return false
  try {
    for (const { kind, id } of lacking) await remote.read(kind, id)
    return true
  } catch (error) {
    if (!(error instanceof FloeError) || error.kind === 'cancelled' || error.kind === 'internal') throw error
    return false
  }
}
