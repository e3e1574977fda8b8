/** Conflicts that are settled by staging, as with git: who adds or removes a path has decided on it. */

import type { Workspace } from '../store/workspace.ts'
import type { OperationKind } from './merge-errors.ts'
import { hasMarkers, unresolved } from './open-conflicts.ts'
import { type OperationConflict, soundOperation, writeOperation } from './operation.ts'
import { readVersions } from './versions.ts'

/** What became of conflicts by staging. */
export interface SettledConflicts {
  kind: OperationKind
  paths: string[]
  /** Of these, files that still have the lines that mark a conflict. */
  marked: string[]
  /** How many are left to be settled. */
  open: number
}

/** Takes what is staged at these paths for the decision. Under the lock, after staging.
 *  @returns null if none of them was in conflict */
export async function settleByStaging(
  workspace: Workspace,
  isStaged: (conflict: OperationConflict) => boolean,
): Promise<SettledConflicts | null> {
  const operation = soundOperation(workspace)
  const chosen = operation?.conflicts.filter((conflict) => conflict.resolved === null && isStaged(conflict)) ?? []
  if (!operation || chosen.length === 0) return null
  for (const conflict of chosen) conflict.resolved = 'file'
  await writeOperation(workspace, operation)
  return {
    kind: operation.kind,
    paths: chosen.map(({ path }) => path),
    marked: chosen.filter((conflict) => hasMarkers(workspace, conflict)).map(({ path }) => path),
    open: (await unresolved(await readVersions(workspace), operation)).length,
  }
}

/** Undecides conflicts whose paths were brought back to what was staged before. Under the lock. */
export async function reopen(workspace: Workspace, isBack: (path: string) => boolean): Promise<void> {
  const operation = soundOperation(workspace)
  const chosen = operation?.conflicts.filter(({ path, resolved }) => resolved !== null && isBack(path)) ?? []
  if (!operation || chosen.length === 0) return
  for (const conflict of chosen) conflict.resolved = null
  await writeOperation(workspace, operation)
}
