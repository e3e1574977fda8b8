import { expect, it } from 'vitest'
import { linePainter, plainProgress } from '../../src/cli/progress.ts'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import type { ProgressEvent } from '../../src/repo/progress.ts'
import { memoryWorkspace } from '../repo/memory-workspace.ts'
import { author } from '../repo/temporary-workspace.ts'

const staging = (doneFiles: number, path = 'a'): ProgressEvent => ({
  $kind: 'staging',
  doneFiles,
  doneBytes: 2048,
  path,
})

it('a long command paints one line over itself, not at once and not too often, and takes it away', () => {
  let nowMs = 0
  const written: string[] = []
  const painter = linePainter(
    (text) => written.push(text),
    () => nowMs,
  )
  for (const [at, files] of [
    [0, 1],
    [400, 2],
    [600, 3],
    [650, 4],
    [800, 5],
  ] as const) {
    nowMs = at
    painter.onProgress(staging(files))
  }
  painter.clear()
  expect(written).toEqual(['\r\x1b[Kreading files: 3 (2.05 kB)', '\r\x1b[Kreading files: 5 (2.05 kB)', '\r\x1b[K'])
  const short: string[] = []
  const quick = linePainter(
    (text) => short.push(text),
    () => 0,
  )
  quick.onProgress(staging(1))
  quick.clear()
  expect(short).toEqual([])
})

it('where there is no terminal, a line comes every five seconds', () => {
  let nowMs = 0
  const written: string[] = []
  const onProgress = plainProgress(
    (line) => written.push(line),
    () => nowMs,
  )
  for (; nowMs < 12_000; nowMs += 1000) onProgress(staging(nowMs / 1000))
  expect(written).toEqual(['reading files: 5 (2.05 kB)', 'reading files: 10 (2.05 kB)'])
})

it('a total that is not known is not shown', () => {
  const written: string[] = []
  let nowMs = 0
  const onProgress = plainProgress(
    (line) => written.push(line),
    () => nowMs,
  )
  for (const totalObjects of [0, 7]) {
    nowMs += 5000
    onProgress({ $kind: 'verifying', doneObjects: 3, totalObjects })
  }
  expect(written).toEqual(['verifying: 3 objects', 'verifying: 3 of 7 objects'])
})

it('add and commit -a report each file they read', async () => {
  const ws = await memoryWorkspace()
  const events: ProgressEvent[] = []
  const onProgress = (event: ProgressEvent) => events.push(event)
  ws.write('a', '12345')
  ws.write('b', '1')
  await add(ws.workspace, { all: true, onProgress })
  await commit(ws.workspace, { message: 'x', author })
  ws.write('b', '12')
  await commit(ws.workspace, { message: 'y', author, all: true, onProgress })
  expect(events).toEqual([
    { $kind: 'staging', doneFiles: 1, doneBytes: 5, path: 'a' },
    { $kind: 'staging', doneFiles: 2, doneBytes: 6, path: 'b' },
    { $kind: 'staging', doneFiles: 1, doneBytes: 2, path: 'b' },
  ])
  await ws.close()
})
