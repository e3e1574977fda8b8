/** Status records of commits as this workspace last read them, for `log` and `show`, which ask no network.
 *  `.floe/marks/<remote>.json`; losing it loses what is shown, nothing else. */

import * as v from 'valibot'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { COMMIT_STATUSES, type StatusRecord } from '../ledger/repository-marks.ts'
import { ensureDirectory, replaceFile } from '../store/atomic-file.ts'
import type { Workspace } from '../store/workspace.ts'
import { remoteFile } from './remote-files.ts'

const text = v.pipe(v.string(), v.maxLength(1024))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const memorySchema = v.object({
  repository: text,
  marks: v.pipe(
    v.array(
      v.object({
        commit: text,
        status: v.picklist(COMMIT_STATUSES),
        reason: text,
        successor: v.nullable(text),
        by: text,
        timeMs: count,
      }),
    ),
    v.maxLength(2_000),
  ),
})

export type RememberedMark = v.InferOutput<typeof memorySchema>['marks'][number]

const MAX_MARKS = 1_000
const MAX_BYTES = 2 * 1024 * 1024

/** Takes the workspace lock, if there is anything new. */
export async function rememberMarks(
  workspace: Workspace,
  remote: string,
  repository: string,
  records: readonly StatusRecord[],
): Promise<void> {
  if (records.length === 0) return
  await workspace.withLock('marks', async () => {
    const named = new Set(records.map(({ commit }) => commit))
    const before = read(workspace, remote)
    const kept = before?.repository === repository ? before.marks.filter(({ commit }) => !named.has(commit)) : []
    const fresh = records.map(({ commit, status, reason, successor, by, timeMs }) => ({
      commit,
      status,
      reason,
      successor,
      by,
      timeMs,
    }))
    const marks = [...fresh, ...kept].slice(0, MAX_MARKS)
    await ensureDirectory(workspace.fs, `${workspace.floeDir}/marks`)
    const content = utf8(`${JSON.stringify({ repository, marks })}\n`)
    await replaceFile(workspace.fs, remoteFile(workspace, 'marks', remote), [content], { tmpDir: workspace.tmpDir })
  })
}

/** What is remembered of commits that are not simply active, over all remotes. */
export function rememberedMarks(workspace: Workspace): Map<string, RememberedMark> {
  const remotes = Object.keys(workspace.readConfig().remotes ?? {})
  const marks = remotes.flatMap((remote) => read(workspace, remote)?.marks ?? [])
  return new Map(marks.filter(({ status }) => status !== 'active').map((mark) => [mark.commit, mark]))
}

function read(workspace: Workspace, remote: string): v.InferOutput<typeof memorySchema> | null {
  try {
    return v.parse(
      memorySchema,
      JSON.parse(fromUtf8(workspace.fs.readFile(remoteFile(workspace, 'marks', remote), MAX_BYTES))),
    )
  } catch {
    return null
  }
}
