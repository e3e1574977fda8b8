import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { isAncestor, walkCommits } from '../../src/history/commits.ts'
import { mergeBase } from '../../src/history/merge-base.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { type History, randomHistory } from './random-history.ts'

/** The same graph as a git repository. */
function toGit(history: History, dir: string): Map<ObjectId, string> {
  let input = ''
  for (const [index, { parents, timeMs }] of history.commits.entries()) {
    const lines = [
      `commit refs/heads/c${index}`,
      `mark :${index + 1}`,
      `committer a <a> ${1e9 + Math.floor(timeMs / 1000)} +0000`,
      `data ${String(index).length}`,
      String(index), // or twins would become one commit
    ]
    const marks = parents.map((parent) => history.commits.findIndex(({ id }) => id === parent) + 1)
    for (const [nth, mark] of marks.entries()) lines.push(`${nth === 0 ? 'from' : 'merge'} :${mark}`)
    input += `${lines.join('\n')}\nM 644 inline f\ndata 0\n\n`
  }
  execFileSync('git', ['init', '-q', '--bare', dir])
  execFileSync('git', ['-C', dir, 'fast-import', '--quiet', '--force'], { input })
  const refs = execFileSync('git', ['-C', dir, 'for-each-ref', '--format=%(refname:short) %(objectname)']).toString()
  const byName = new Map(
    refs
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  )
  return new Map(history.commits.map(({ id }, index) => [id, byName.get(`c${index}`)!]))
}

function gitAll(dir: string, a: string, b: string): string[] {
  try {
    return execFileSync('git', ['-C', dir, 'merge-base', '--all', a, b]).toString().trim().split('\n')
  } catch {
    return []
  }
}

describe('merge base', () => {
  it('is one of those that git finds, in random histories with merges', async () => {
    for (const seed of [1, 2, 3]) {
      const history = await randomHistory(seed, { commits: 25, files: 3, maxParents: 3 })
      const dir = mkdtempSync(join(tmpdir(), 'floe-git-'))
      try {
        const names = toGit(history, dir)
        const rng = createRng(seed)
        for (let round = 0; round < 25; round++) {
          const [a, b] = [0, 1].map(() => history.commits[rng.below(history.commits.length)]!.id) as [
            ObjectId,
            ObjectId,
          ]
          const base = await mergeBase(history.objects.read, a, b)
          const theirs = gitAll(dir, names.get(a)!, names.get(b)!)
          expect(theirs, `seed ${seed} round ${round}`).toContain(names.get(base!))
          expect(await isAncestor(history.objects.read, a, b)).toBe(theirs.includes(names.get(a)!))
        }
      } finally {
        rmSync(dir, { recursive: true })
      }
    }
  })

  it('is none for histories that share nothing, and a best common ancestor even if times lie', async () => {
    const left = await randomHistory(10, { commits: 3, files: 2 })
    const right = await randomHistory(11, { commits: 3, files: 2 })
    for (const [key, bytes] of right.objects.objects) left.objects.objects.set(key, bytes)
    expect(await mergeBase(left.objects.read, left.commits[2]!.id, right.commits[2]!.id)).toBeNull()
    const skewed = await randomHistory(12, { commits: 40, files: 3, maxParents: 2, skewMs: 20_000 })
    const { read } = skewed.objects
    const rng = createRng(12)
    for (let round = 0; round < 30; round++) {
      const [a, b] = [0, 1].map(() => skewed.commits[rng.below(40)]!.id) as [ObjectId, ObjectId]
      const base = await mergeBase(read, a, b)
      expect(base).not.toBeNull()
      expect(await isAncestor(read, base!, a)).toBe(true)
      expect(await isAncestor(read, base!, b)).toBe(true)
    }
  })

  it('walks each commit once, children before the parents they lead to', async () => {
    const history = await randomHistory(5, { commits: 40, files: 3, maxParents: 3 })
    const tip = history.commits.at(-1)!.id
    const seen: ObjectId[] = []
    for await (const { id, commit } of walkCommits(history.objects.read, [tip])) {
      for (const parent of commit.parents) expect(seen).not.toContain(parent)
      seen.push(id)
    }
    expect(new Set(seen).size).toBe(seen.length)
  })
})
