import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { createBranch } from '../../src/repo/branch.ts'
import { merge } from '../../src/repo/merge.ts'
import { rebase } from '../../src/repo/rebase.ts'
import { abortOperation } from '../../src/repo/resolve.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { type MemoryWorkspace, memoryWorkspace } from './memory-workspace.ts'
import { author, codeOf } from './temporary-workspace.ts'

let ws: MemoryWorkspace
const BASE = 'id,label\n1,cat\n2,dog\n'
const OURS = 'id,label\n1,CAT\n2,dog\n'
const THEIRS = 'id,label\n1,cat\n2,DOG\n'
const BOTH = 'id,label\n1,CAT\n2,DOG\n'

async function parted(files: Record<string, [string, string, string]>): Promise<void> {
  const put = (side: 0 | 1 | 2) => {
    for (const [path, sides] of Object.entries(files)) ws.write(path, sides[side])
  }
  put(0)
  await ws.commitAll('base')
  await createBranch(ws.workspace, { name: 'dev' })
  put(1)
  await ws.commitAll('ours')
  await switchTo(ws.workspace, { target: 'dev' })
  put(2)
  await ws.commitAll('theirs')
  await switchTo(ws.workspace, { target: 'main' })
}
const mergeDev = (more = {}) => merge(ws.workspace, { revision: 'dev', author, ...more })

beforeEach(async () => {
  ws = await memoryWorkspace()
})
afterEach(() => ws.close())

describe('a merge by rows', () => {
  it('is made where it is asked for, and neighbouring rows are a conflict where it is not', async () => {
    const lines = [
      '{"id":1,"a":1}\n{"id":2,"a":1}\n',
      '{"id":1,"a":9}\n{"id":2,"a":1}\n',
      '{"id":1,"a":1}\n{"id":2,"a":9}\n',
    ] as const
    await parted({ 'd/t.csv': [BASE, OURS, THEIRS], 't.jsonl': [...lines], 't.txt': [BASE, BASE, THEIRS] })
    expect(await mergeDev()).toMatchObject({
      $kind: 'conflicts',
      conflicts: [{ path: 'd/t.csv' }, { path: 't.jsonl' }],
    })
    await abortOperation(ws.workspace, { kind: 'merge' })
    expect(await mergeDev({ rows: ['id'] })).toMatchObject({ $kind: 'merged' })
    expect(ws.files()).toMatchObject({
      'd/t.csv': BOTH,
      't.jsonl': '{"id":1,"a":9}\n{"id":2,"a":9}\n',
      't.txt': THEIRS,
    })
    expect((await statusOf(ws.workspace)).clean).toBe(true)
  })

  it('is made by .floeattributes, in a rebase too, and --no-rows goes without', async () => {
    ws.write('.floeattributes', '*.csv merge=rows key=id\nraw.* merge=binary\n')
    await parted({ 't.csv': [BASE, OURS, THEIRS], 'raw.txt': ['1\n2\n3\n', 'x\n2\n3\n', '1\n2\ny\n'] })
    expect(await mergeDev({ rows: false })).toMatchObject({ conflicts: [{ path: 'raw.txt' }, { path: 't.csv' }] })
    await abortOperation(ws.workspace, { kind: 'merge' })
    expect(await mergeDev()).toMatchObject({ conflicts: [{ path: 'raw.txt' }] })
    await abortOperation(ws.workspace, { kind: 'merge' })
    expect(await rebase(ws.workspace, { upstream: 'dev', ours: ['raw.txt'] })).toMatchObject({ $kind: 'rebased' })
    expect(ws.files()['t.csv']).toBe(BOTH)
  })

  it('names the lines of .floeattributes that say nothing, when files are staged', async () => {
    ws.write('.floeattributes', '*.csv merge=rows key=id colour=red\n')
    expect((await add(ws.workspace, { all: true })).warnings).toEqual([
      {
        code: 'ATTRIBUTES_UNKNOWN',
        message: '.floeattributes, line 1: there is no attribute colour',
        paths: ['.floeattributes'],
      },
    ])
  })

  it('shows the rows that conflict, and refuses two rows of one key with nothing changed', async () => {
    await parted({ 't.csv': [BASE, OURS, BASE.replace('cat', 'lynx').replace('dog', 'wolf')] })
    expect(await mergeDev({ rows: ['id'] })).toMatchObject({ conflicts: [{ path: 't.csv', kind: 'both-changed' }] })
    expect(ws.files()['t.csv']).toBe('id,label\n<<<<<<< HEAD\n1,CAT\n=======\n1,lynx\n>>>>>>> dev\n2,wolf\n')
    await abortOperation(ws.workspace, { kind: 'merge' })
    ws.write('t.csv', `${OURS}1,again\n`)
    await ws.commitAll('twice')
    const before = ws.files()
    await expect(mergeDev({ rows: ['id'] })).rejects.toMatchObject({
      code: 'TABLE_KEY_DUPLICATE',
      exitCode: 1,
      data: { table: 't.csv (ours)', line: 4, what: '1' },
    })
    expect(await codeOf(mergeDev({ rows: ['key'] }))).toBe('TABLE_KEY_UNKNOWN')
    expect(await codeOf(mergeDev({ rows: [''] }))).toBe('MERGE_KEYS')
    expect(ws.files()).toEqual(before)
    expect((await statusOf(ws.workspace)).operation).toBe(null)
  })
})
