/** What this workspace has seen of a remote: how long its log was, which only grows (a shorter one is a lie, exit 13),
 *  which commits it was said to have that were here first (`push-doubts.ts`), and by which pushes it knows branches to be
 *  whole, or has read them (`push-whole.ts`). Kept in `.floe/remotes/<name>.json`. */

import * as v from 'valibot'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import type { ObjectId } from '../objects/id.ts'
import { ensureDirectory, replaceFile } from '../store/atomic-file.ts'
import type { Workspace } from '../store/workspace.ts'
import { remoteFile } from './remote-files.ts'

/** Commits of this workspace that another writer can have named before they were pushed: beyond, the oldest are forgotten. */
const MAX_DOUBTS = 100_000
/** Branches: beyond, those that were pushed first are forgotten. */
const MAX_BRANCHES = 1_000
const MAX_BYTES = 8 * 1024 * 1024

const numbersSchema = v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0)))
const memorySchema = v.object({
  repository: v.pipe(v.string(), v.maxLength(66)),
  pushes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  doubts: v.optional(v.pipe(v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))), v.maxLength(MAX_DOUBTS)), []),
  whole: v.optional(numbersSchema, {}),
  read: v.optional(numbersSchema, {}),
})

export interface RemoteMemory {
  /** Records of the log seen last time. */
  pushes: number
  /** Commits that were here before the remote named them, and that nobody has shown to be there. */
  doubts: ObjectId[]
  /** Push of each branch, by its number, that this workspace made, or was cloned by. */
  whole: Readonly<Record<string, number>>
  /** Push of each branch, by its number, that this workspace made, or through whose locator it has read the commit. */
  read: Readonly<Record<string, number>>
}

/** Of a remote that was another repository, or was never seen: nothing. */
export function remoteMemory(workspace: Workspace, remote: string, repository: string): RemoteMemory {
  try {
    const text = fromUtf8(workspace.fs.readFile(remoteFile(workspace, 'remotes', remote), MAX_BYTES))
    const memory = v.parse(memorySchema, JSON.parse(text))
    if (memory.repository === repository) {
      const { pushes, doubts, whole, read } = memory
      return { pushes, doubts: doubts as ObjectId[], whole, read }
    }
  } catch {
    // Not there, or damaged: losing it loses the comparison and costs no data.
  }
  return { pushes: 0, doubts: [], whole: {}, read: {} }
}

export function seenPushes(workspace: Workspace, remote: string, repository: string): number {
  return remoteMemory(workspace, remote, repository).pushes
}

/** Under the workspace lock. What is not given stays as it is. */
export async function rememberRemote(
  workspace: Workspace,
  remote: string,
  repository: string,
  change: Partial<RemoteMemory>,
): Promise<void> {
  const { pushes, doubts, whole, read } = { ...remoteMemory(workspace, remote, repository), ...change }
  await ensureDirectory(workspace.fs, `${workspace.floeDir}/remotes`)
  const latest = (numbers: Readonly<Record<string, number>>) => Object.entries(numbers).slice(-MAX_BRANCHES)
  const [wholes, reads] = [latest(whole), latest(read)]
  const memory = {
    repository,
    pushes,
    ...(doubts.length > 0 ? { doubts: doubts.slice(-MAX_DOUBTS) } : {}),
    ...(wholes.length > 0 ? { whole: Object.fromEntries(wholes) } : {}),
    ...(reads.length > 0 ? { read: Object.fromEntries(reads) } : {}),
  }
  const content = utf8(`${JSON.stringify(memory)}\n`)
  await replaceFile(workspace.fs, remoteFile(workspace, 'remotes', remote), [content], { tmpDir: workspace.tmpDir })
}
