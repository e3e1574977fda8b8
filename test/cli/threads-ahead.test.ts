import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startThreadsFor } from '../../src/cli/threads-ahead.ts'
import { startReadThreadAhead } from '../../src/worktree/read-threads.ts'
import { BYTES_PER_RECORD, startThreadsAhead } from '../../src/worktree/survey-threads.ts'

vi.mock('../../src/worktree/read-threads.ts')
vi.mock('../../src/worktree/survey-threads.ts', async (original) => ({
  ...(await original<typeof import('../../src/worktree/survey-threads.ts')>()),
  startThreadsAhead: vi.fn(),
}))

let dir = ''
beforeEach(() => {
  vi.resetAllMocks()
  dir = mkdtempSync(join(tmpdir(), 'floe-ahead-'))
  mkdirSync(join(dir, 'workspace/.floe'), { recursive: true })
  mkdirSync(join(dir, 'workspace/data/deep'), { recursive: true })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Which threads the words start. */
function started(words: string, place = 'workspace/data/deep') {
  vi.resetAllMocks()
  startThreadsFor(words.split(' '), join(dir, place))
  return {
    reading: vi.mocked(startReadThreadAhead).mock.calls.length,
    looking: vi.mocked(startThreadsAhead).mock.calls.reduce((sum, [count]) => sum + count, 0),
  }
}

const FIRST = { reading: 1, looking: 0 }
const NONE = { reading: 0, looking: 0 }

describe('threads are started before the program is loaded', () => {
  test('to read, where nothing is recorded yet and all that is there will be read', () => {
    for (const words of ['add .', 'add -A', 'commit -A -m x', 'commit -am x', 'commit -m x --all'])
      expect([words, started(words)]).toEqual([words, FIRST])
    for (const words of ['commit -m x', 'status', 'log', 'push', '--version', ''])
      expect([words, started(words)]).toEqual([words, NONE])
  })

  test('to look, where much is recorded', () => {
    writeFileSync(join(dir, 'workspace/.floe/stat'), Buffer.alloc(100_000 * BYTES_PER_RECORD))
    const looking = Math.min(3, availableParallelism() - 1)
    for (const words of ['status', 'commit -A -m x', 'commit -am x'])
      expect([words, started(words)]).toEqual([words, { reading: 0, looking }])
    for (const words of ['add .', 'commit -m x', 'log']) expect([words, started(words)]).toEqual([words, NONE])
    writeFileSync(join(dir, 'workspace/.floe/stat'), 'few')
    expect(started('status')).toEqual(NONE)
  })

  test('not outside of a workspace', () => {
    expect(started('add .', '.')).toEqual(NONE)
    expect(started('status', '.')).toEqual(NONE)
  })
})
