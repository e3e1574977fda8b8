/** What this workspace has seen of a remote: how long its log was. A log only grows; a shorter one is a lie (exit 13).
 *  Kept in `.floe/remotes/<name>.json`; losing it loses the comparison, nothing else. */

import * as v from 'valibot'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { ensureDirectory, replaceFile } from '../store/atomic-file.ts'
import type { Workspace } from '../store/workspace.ts'

const memorySchema = v.object({
  repository: v.pipe(v.string(), v.maxLength(66)),
  pushes: v.pipe(v.number(), v.integer(), v.minValue(0)),
})

const MAX_BYTES = 4096

/** Records of the log seen last time; 0 if it was another repository, or never. */
export function seenPushes(workspace: Workspace, remote: string, repository: string): number {
  try {
    const text = fromUtf8(workspace.fs.readFile(memoryPath(workspace, remote), MAX_BYTES))
    const memory = v.parse(memorySchema, JSON.parse(text))
    return memory.repository === repository ? memory.pushes : 0
  } catch {
    return 0
  }
}

/** Under the workspace lock. */
export async function rememberPushes(
  workspace: Workspace,
  remote: string,
  repository: string,
  pushes: number,
): Promise<void> {
  await ensureDirectory(workspace.fs, `${workspace.floeDir}/remotes`)
  await replaceFile(
    workspace.fs,
    memoryPath(workspace, remote),
    [utf8(`${JSON.stringify({ repository, pushes })}\n`)],
    { tmpDir: workspace.tmpDir },
  )
}

function memoryPath(workspace: Workspace, remote: string): string {
  return `${workspace.floeDir}/remotes/${remote}.json`
}
