/** A clone of a version that no branch or tag stands at: what a job pins, and an auditor looks for. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clone } from '../../src/repo/clone.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { logOf } from '../../src/repo/log.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { reset } from '../../src/repo/reset.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let origin: string
let address: string
/** Oldest first; the last is of no branch any more. */
const commits: string[] = []

beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  origin = await world.workspace('origin', { 'a.txt': '0\n' })
  const create = { name: 'versions', network: 'local' }
  for (let i = 1; i <= 4; i++) commits.push(await world.change(origin, { 'a.txt': `${i}\n` }))
  address = `local:${(await push(origin, { ...world.options, create })).repository}`
  commits.push(await world.change(origin, { 'a.txt': 'dropped\n' }))
  await push(origin, world.options)
  {
    await using workspace = await openWorkspace(origin)
    await reset(workspace, { revision: 'HEAD~1', mode: 'hard' })
  }
  await push(origin, { ...world.options, force: true })
})
afterAll(() => world[Symbol.asyncDispose]())

async function historyOf(dir: string): Promise<string[]> {
  await using workspace = await openWorkspace(dir)
  await verifyLocal(workspace, { full: true })
  return (await logOf(workspace, {})).map(({ commit }) => commit)
}

describe('a clone of a commit by its id', () => {
  it('has it beyond the depth, and so much of its history', async () => {
    const dir = world.path('pinned')
    const pinned = commits[1]!
    await clone(`${address}@${pinned}`, dir, { ...world.options, depth: 2 })
    expect((await snapshot(dir)).get('a.txt')).toBe(`- ${Buffer.from('2\n').toString('base64')}`)
    expect(await historyOf(dir)).toEqual([pinned, commits[0]])
    await fetchRemote(dir, { ...world.options, deepen: Number.POSITIVE_INFINITY })
    await pull(dir, { ...world.options, ref: 'main' })
    expect(await historyOf(dir)).toHaveLength(5)
  })

  it('has it where no branch leads to it any more', async () => {
    const dir = world.path('dropped')
    expect(await clone(`${address}@${commits[4]}`, dir, world.options)).toMatchObject({ commit: commits[4] })
    expect((await snapshot(dir)).get('a.txt')).toBe(`- ${Buffer.from('dropped\n').toString('base64')}`)
    expect(await historyOf(dir)).toHaveLength(6)
  })

  it('can be named by the branch that it is of', async () => {
    expect(await clone(`${address}@main~2`, world.path('counted'), world.options)).toMatchObject({ commit: commits[1] })
  })

  it('is no trouble with the repository where there is none', async () => {
    expect(await failure(clone(`${address}@${'ab'.repeat(32)}`, world.path('none'), world.options))).toMatchObject({
      code: 'REVISION_UNKNOWN',
      exitCode: 2,
      hints: ['the repository has heads/main'],
    })
    expect(await failure(clone(`${address}@main~2`, world.path('none'), { ...world.options, depth: 1 }))).toMatchObject(
      { code: 'HISTORY_CUT', exitCode: 2, hints: [expect.stringContaining('--depth')] },
    )
  })
})
