import { expect, it } from 'vitest'
import { quickStart } from '../examples/01-library-quick-start/main.ts'
import { trainAndResume } from '../examples/02-training-checkpoints/main.ts'
import { publishAndAudit } from '../examples/03-audit/main.ts'
import { trainFromStream } from '../examples/04-streaming-training/main.ts'

it('the quick start commits, pushes and clones a table', async () => {
  const lines: string[] = []
  await quickStart((line) => lines.push(line))
  expect(lines).toHaveLength(4)
  expect(lines[1]).toMatch(/^pushed .*main: 2 packs certified until epoch \d+$/)
  expect(lines[3]).toBe('word,label\nfloe,1\nberg,0\n')
})

it('training resumes from the last certified checkpoint, not from a save that was lost', async () => {
  const lines: string[] = []
  expect(await trainAndResume((line) => lines.push(line))).toBe(300)
  expect(lines).toContain('resumed at step 200')
})

it('an audit knows what it checked and counts what it saw', async () => {
  const report = await publishAndAudit(() => {})
  expect(report).toMatchObject({ files: 1, pushes: 2, statements: 2 })
  expect(report.checks).toEqual(expect.arrayContaining(['certificates', 'blob ids']))
})

it('four readers see every sample once per epoch, and one that died goes on where it stopped', async () => {
  const result = await trainFromStream(() => {})
  expect(result).toEqual({ samples: 120, seen: 120, resumedAt: 10, secondEpochBytes: 0 })
})
