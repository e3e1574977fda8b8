import { describe, expect, it } from 'vitest'
import { assertNoCollisions, foldedPath, probeFolding } from '../../src/worktree/folding.ts'
import { CrashFs } from '../faults/crash-fs.ts'

async function* each(paths: readonly string[]) {
  yield* paths
}

const byCase = { byCase: true, byComposition: false }

describe('names that a file system takes for one', () => {
  it.each([[['a', 'A']], [['dir/x', 'Dir/y']], [['a/b/c', 'a/B/d']], [['straße', 'STRASSE']]])(
    '%j collide by case',
    async (paths) => {
      await expect(assertNoCollisions(each(paths), byCase)).rejects.toMatchObject({
        code: 'WORKTREE_NAME_COLLISION',
        exitCode: 13,
      })
    },
  )

  it('collide by composition only where that is folded', async () => {
    const paths = ['caf\u00e9', 'cafe\u0301']
    await assertNoCollisions(each(paths), byCase)
    await expect(assertNoCollisions(each(paths), { byCase: false, byComposition: true })).rejects.toMatchObject({
      code: 'WORKTREE_NAME_COLLISION',
    })
  })

  it('leave different names and shared folders in peace', async () => {
    await assertNoCollisions(each(['a/x', 'a/y', 'ab', 'b/a/x']), { byCase: true, byComposition: true })
    expect(foldedPath('A/É')).toBe(foldedPath('a/e\u0301'))
  })

  it('are told apart by a file system that does not fold', () => {
    const fs = new CrashFs()
    fs.makeDirectory('/tmp')
    expect(probeFolding(fs, '/tmp')).toEqual({ byCase: false, byComposition: false })
    expect(fs.contents('/tmp').size).toBe(0)
  })
})
