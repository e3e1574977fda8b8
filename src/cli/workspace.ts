/** Opening the workspace a command runs in. */

import { openWorkspace, type Workspace } from '../store/workspace.ts'
import type { Context } from './context.ts'
import type { Output } from './output.ts'

/** Runs `work` on the workspace that holds the current directory and closes it afterwards.
 *  @throws {FloeError} NOT_A_WORKSPACE (exit 10) */
export async function inWorkspace<T>(context: Context, work: (workspace: Workspace) => Promise<T>): Promise<T> {
  await using workspace = await openWorkspace(context.cwd, { onAmbiguous: warnOfAmbiguity(context) })
  return await work(workspace)
}

/** A command may open its workspace more than once. */
const said = new WeakMap<Output, Set<string>>()

/** As git has it: the tag is taken, and that is said, once. */
export function warnOfAmbiguity({ output }: Context): (name: string) => void {
  const names = said.get(output) ?? new Set()
  said.set(output, names)
  return (name) => {
    if (names.has(name)) return
    names.add(name)
    output.warn(`${name} is a tag and a branch, and the tag was taken: write heads/${name} for the branch`)
  }
}
