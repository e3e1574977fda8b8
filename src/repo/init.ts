/** `init`: makes a directory a workspace. */

import { type CreatedWorkspace, createWorkspace, type WorkspaceOptions } from '../store/workspace.ts'

/** @param dir - created if missing
 *  @throws {RefNameError} REF_NAME_REFUSED (exit 2) */
export async function initWorkspace(
  dir: string,
  options: WorkspaceOptions & { branch?: string } = {},
): Promise<CreatedWorkspace> {
  return createWorkspace(dir, options)
}
