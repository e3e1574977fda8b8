import { expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { statusOf } from '../../src/repo/status.ts'
import type { Workspace } from '../../src/store/workspace.ts'
import { atEveryCut } from './every-cut.ts'
import { memoryWorkspace, ROOT, writeTo } from './memory-workspace.ts'

const stage = (workspace: Workspace) => add(workspace, { all: true })

it('a power cut while a folder is moved out of the place of the stat cache loses nothing that is in it', async () => {
  const memory = await memoryWorkspace()
  memory.write('file', 'first')
  await memory.commitAll('first')
  memory.write('file', 'second, and longer')
  if (memory.fs.stat(`${ROOT}/.floe/stat`)) memory.fs.unlink(`${ROOT}/.floe/stat`)
  memory.fs.makeDirectory(`${ROOT}/.floe/stat`)
  writeTo(memory.fs, '.floe/stat/notes', 'somebody put this here')
  await memory.close()
  await atEveryCut(memory.fs.clone(), 1, stage, async (workspace, fs, where) => {
    const notes = () =>
      [...fs.contents(`${ROOT}/.floe`)]
        .filter(([path]) => path.endsWith('/notes'))
        .map(([, text]) => `${Buffer.from(text)}`)
    expect(notes(), where).toEqual(['somebody put this here'])
    await stage(workspace)
    expect((await statusOf(workspace)).staged, where).toHaveLength(1)
    expect(fs.stat(`${ROOT}/.floe/stat`)?.kind, where).toBe('file')
    expect(notes(), where).toEqual(['somebody put this here'])
  })
})
