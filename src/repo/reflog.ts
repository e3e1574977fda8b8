/** `reflog`: where HEAD or a branch has been, so that nothing that was ever committed is lost by moving a name. */

import { findRef } from '../history/find-ref.ts'
import type { ObjectId } from '../objects/id.ts'
import type { Workspace } from '../store/workspace.ts'
import { RefStateError } from './errors.ts'

export interface ReflogOptions {
  /** A branch, tag or `HEAD` (default). */
  ref?: string | undefined
  limit?: number | undefined
}

export interface ReflogRecord {
  /** What to type for the version the name left: `HEAD@{1}`. */
  selector: string
  /** Where the name moved to; null if it was deleted. */
  commit: ObjectId | null
  /** Where it was before; null if it did not exist. */
  old: ObjectId | null
  timeMs: number
  reason: string
}

/** Newest first. `selector` of a record stands for its `commit`.
 *  @throws {RefStateError} REF_UNKNOWN (exit 2) */
export function reflogOf(workspace: Workspace, options: ReflogOptions = {}): ReflogRecord[] {
  const { ref = 'HEAD', limit = Number.POSITIVE_INFINITY } = options
  const full = ref === 'HEAD' || ref === '@' ? 'HEAD' : findRef(workspace.refs, ref)?.name
  if (full === undefined) throw new RefStateError('REF_UNKNOWN', `there is no ref ${ref}`, ref)
  return workspace.refs
    .reflog(full)
    .slice(0, limit)
    .map((entry, index) => ({
      selector: `${full === 'HEAD' ? 'HEAD' : ref}@{${index}}`,
      commit: entry.new,
      old: entry.old,
      timeMs: entry.timeMs,
      reason: entry.reason,
    }))
}
