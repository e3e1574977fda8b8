import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRng, type Rng } from '../../src/base/rng.ts'
import { diffLines, MAX_LINE_EDITS } from '../../src/history/line-diff.ts'
import { hasConflictMarkers, mergeTexts, textOf } from '../../src/history/merge-text.ts'

const labels = { ours: 'HEAD', theirs: 'dev' }
const merge = (base: string, ours: string, theirs: string) => mergeTexts({ base, ours, theirs }, labels)

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-merge-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** What git makes of three files; its status is the number of conflicts. */
const gitMergeFile = () => {
  const files = ['-L', 'HEAD', '-L', 'base', '-L', 'dev', 'ours', 'base', 'theirs']
  return spawnSync('git', ['merge-file', '-p', '-q', ...files], { cwd: dir, encoding: 'utf8' })
}

/** Replaces, deletes and inserts lines; new ones occur nowhere else. */
function edited(lines: readonly string[], rng: Rng, tag: string): string[] {
  const result = [...lines]
  for (let edit = rng.below(4); edit >= 0; edit--) {
    const at = rng.below(result.length + 1)
    const remove = rng.below(3)
    const added = Array.from({ length: rng.below(3) }, (_, i) => `${tag}${edit}.${i}\n`)
    result.splice(at, remove, ...added)
  }
  return result
}

describe('a merge of two texts', () => {
  it('takes changes that keep a line between them from both sides', () => {
    expect(merge('a\nb\nc\nd\n', 'A\nb\nc\nd\n', 'a\nb\nc\nD\n')).toEqual({ text: 'A\nb\nc\nD\n', conflicts: 0 })
    expect(merge('a\nb\n', '', 'a\nb\n')).toEqual({ text: '', conflicts: 0 })
    expect(merge('a\n', 'a\nsame\n', 'a\nsame\n')).toEqual({ text: 'a\nsame\n', conflicts: 0 })
  })

  it('marks lines that both sides changed, also where the last has no end', () => {
    expect(merge('a\nb', 'a\nB', 'a\nX')).toEqual({
      text: 'a\n<<<<<<< HEAD\nB\n=======\nX\n>>>>>>> dev\n',
      conflicts: 1,
    })
    expect(hasConflictMarkers(merge('a\n', 'b\n', 'c\n')!.text)).toBe(true)
    expect(hasConflictMarkers('a <<<<<<< b\n')).toBe(false)
  })

  it('gives what git merge-file gives, conflicts as well', () => {
    const rng = createRng(61)
    let clean = 0
    for (let run = 0; run < 60; run++) {
      const base = Array.from({ length: 3 + rng.below(12) }, (_, i) => `line ${i}\n`)
      const sides = { base, ours: edited(base, rng, 'o'), theirs: rng.below(8) === 0 ? base : edited(base, rng, 't') }
      for (const [name, lines] of Object.entries(sides)) writeFileSync(join(dir, name), lines.join(''))
      const git = gitMergeFile()
      const mine = merge(base.join(''), sides.ours.join(''), sides.theirs.join(''))!
      expect(mine.conflicts, JSON.stringify(sides)).toBe(git.status)
      if (git.status === 0) clean++
      expect(mine.text, JSON.stringify(sides)).toBe(git.stdout)
    }
    expect(clean).toBeGreaterThan(10)
    expect(clean).toBeLessThan(55)
  })

  it('marks with the line end that the texts have, as git does', () => {
    const rng = createRng(63)
    let marked = 0
    for (let run = 0; run < 60; run++) {
      const base = Array.from({ length: 1 + rng.below(4) }, (_, i) => `line ${i}`)
      const change = (tag: string) => base.map((line, i) => (i === base.length - 1 ? `${line} ${tag}` : line))
      // Each side has one of the two ends, or none after its last line.
      const written = (lines: readonly string[]) => {
        const end = rng.below(3) === 0 ? '\n' : '\r\n'
        return lines.join(end) + (rng.below(3) === 0 ? '' : end)
      }
      const sides = { base: written(base), ours: written(change('o')), theirs: written(change('t')) }
      for (const [name, text] of Object.entries(sides)) writeFileSync(join(dir, name), text)
      const git = gitMergeFile()
      const mine = merge(sides.base, sides.ours, sides.theirs)!
      expect(mine.conflicts === 0).toBe(git.status === 0)
      if (mine.text.includes('<<<<<<< HEAD\r\n')) marked++
      expect(mine.text, JSON.stringify(sides)).toBe(git.stdout)
    }
    expect(marked).toBeGreaterThan(10)
    expect(marked).toBeLessThan(50)
  })

  it('is not tried on what is no text', () => {
    expect(textOf(Uint8Array.of(97, 0))).toBeUndefined()
    expect(textOf(Uint8Array.of(0xff, 97))).toBeUndefined()
    expect(textOf(Uint8Array.of(0xef, 0xbb, 0xbf, 97))).toBe('\ufeffa')
  })
})

describe('the comparison of lines', () => {
  it('turns one text into the other, with repeated lines too', () => {
    const rng = createRng(62)
    for (let run = 0; run < 300; run++) {
      const letters = 1 + rng.below(6)
      const text = () => Array.from({ length: rng.below(14) }, () => String.fromCharCode(97 + rng.below(letters)))
      const a = text()
      const b = text()
      const rebuilt: string[] = []
      let at = 0
      for (const change of diffLines(a, b)!) {
        expect(change.aFrom > at || at === 0).toBe(true)
        rebuilt.push(...a.slice(at, change.aFrom), ...b.slice(change.bFrom, change.bTo))
        at = change.aTo
      }
      expect([...rebuilt, ...a.slice(at)]).toEqual(b)
    }
  })

  it('is as short as git diff --minimal where lines repeat between no anchors', () => {
    const a = [...'abcabba']
    const b = [...'cbabac']
    const edits = diffLines(a, b)!.reduce((sum, c) => sum + (c.aTo - c.aFrom) + (c.bTo - c.bFrom), 0)
    for (const [name, lines] of [
      ['a', a],
      ['b', b],
    ] as const)
      writeFileSync(join(dir, name), `${lines.join('\n')}\n`)
    const git = spawnSync('git', ['diff', '--no-index', '--minimal', '--numstat', 'a', 'b'], {
      cwd: dir,
      encoding: 'utf8',
    })
    const [plus, minus] = git.stdout.split('\t').map(Number)
    expect(edits).toBe(plus! + minus!)
    expect(execFileSync('git', ['--version'], { encoding: 'utf8' })).toMatch(/^git version/)
  })

  it('gives up on texts that repeat and differ without end, and bears a million lines', () => {
    const noise = (seed: number) => {
      const rng = createRng(seed)
      return Array.from({ length: 3 * MAX_LINE_EDITS }, () => `${rng.below(40)}`)
    }
    expect(diffLines(noise(1), noise(2))).toBeUndefined()
    const long = Array.from({ length: 1_000_000 }, (_, i) => `${i}`)
    const changed = long.with(500_000, 'x')
    expect(diffLines(long, changed)).toEqual([{ aFrom: 500_000, aTo: 500_001, bFrom: 500_000, bTo: 500_001 }])
  })
})
