/** Folders in folders in folders. */

import { expect } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { restore } from '../../src/repo/restore.ts'
import { statusOf } from '../../src/repo/status.ts'
import { memoryWorkspace } from './memory-workspace.ts'
import { author, codeOf } from './temporary-workspace.ts'

/** @param levels - that are versioned
 *  @param tooDeep - a folder with a path that is not */
export async function expectDeepFolders(levels: number, tooDeep: string): Promise<void> {
  const ws = await memoryWorkspace()
  const { workspace } = ws
  const path = `${'d/'.repeat(levels)}f`
  ws.write(path, 'deep')
  await add(workspace, { all: true })
  await commit(workspace, { message: 'deep', author })
  ws.remove(path)
  await restore(workspace, { paths: [''] })
  expect(ws.files()).toEqual({ [path]: 'deep' })
  for await (const file of listFiles(workspace)) expect(file.path).toBe(path)
  ws.write(`${tooDeep}f`, 'too deep')
  const { problems, untracked } = await statusOf(workspace)
  expect(problems).toMatchObject([{ code: 'PATH_REFUSED' }])
  expect(untracked).toEqual([])
  expect(await codeOf(add(workspace, { all: true }))).toBe('PATH_REFUSED')
  ws.write('beside', 'b')
  await add(workspace, { paths: ['beside'] })
  expect((await statusOf(workspace)).staged.map((change) => change.path)).toEqual(['beside'])
  await ws.close()
}
