/** Opening the workspace a command runs in. */

import { openWorkspace, type Workspace } from '../store/workspace.ts'
import type { Context } from './context.ts'

/** Runs `work` on the workspace that holds the current directory and closes it afterwards.
 *  @throws {FloeError} NOT_A_WORKSPACE (exit 10) */
export async function inWorkspace<T>(context: Context, work: (workspace: Workspace) => Promise<T>): Promise<T> {
  await using workspace = await openWorkspace(context.cwd)
  return await work(workspace)
}
