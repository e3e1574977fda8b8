import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBranch } from '../../src/repo/branch.ts'
import { expiry } from '../../src/repo/expiry.ts'
import { push } from '../../src/repo/push.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, startLocalWorld } from './local-world.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld()
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

describe('the expiry of a repository', { timeout: 60_000 }, () => {
  it('is told by ref and pack, what ends first standing first', async () => {
    const dir = await world.workspace('expiry', { 'a.bin': noise(30_000, 1) })
    const first = await push(dir, { ...world.options, create: { name: 'expiry', network: 'local' }, epochs: 9 })
    {
      await using workspace = await openWorkspace(dir)
      await createBranch(workspace, { name: 'short' })
    }
    await world.change(dir, { 'b.bin': noise(30_000, 2) })
    await push(dir, { ...world.options, epochs: 4 })
    // The other branch needs nothing that is not there already.
    await push(dir, { ...world.options, ref: 'short', epochs: 5, extendReused: false })

    const found = await expiry(dir, world.options)
    expect(found).toMatchObject({ network: 'local', repository: first.repository, epoch: 1 })
    expect(found.refs.map((ref) => [ref.ref, ref.endEpoch, ref.reusedEndEpoch])).toEqual([
      ['heads/main', 5, 5],
      ['heads/short', 5, 5],
    ])
    const [main, short] = found.refs
    // Its commit lies in the older pack, its locator in the newer.
    expect(short!.packs.map((pack) => [pack.kind, pack.endEpoch])).toEqual([
      ['meta', 5],
      ['meta', 10],
    ])
    const ends = main!.packs.map((pack) => pack.endEpoch)
    expect(ends).toEqual([5, 5, 10, 10])
    expect(main!.packs[0]).toMatchObject({ epochsLeft: 4, endDate: main!.endDate, state: 'live' })
    const days = (Date.parse(main!.packs[3]!.endDate) - Date.parse(main!.packs[0]!.endDate)) / 86_400_000
    expect(days).toBe(5 * found.epochDays)

    // Anyone can ask, by address and without a workspace.
    expect(await expiry(world.root, { ...world.options, remote: `local:${first.repository}` })).toEqual(found)
    await world.net.advanceEpoch()
    const later = await expiry(dir, world.options)
    expect([later.epoch, later.refs[0]!.packs[0]!.epochsLeft]).toEqual([2, 3])
  })

  it('needs a remote', async () => {
    const dir = await world.workspace('alone', { 'a.txt': 'a\n' })
    await expect(expiry(dir, world.options)).rejects.toMatchObject({ code: 'REMOTE_MISSING', exitCode: 2 })
  })
})
