import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { push } from '../../src/repo/push.ts'
import { type LocalWorld, noise, startLocalWorld } from '../e2e/local-world.ts'
import { eventsOf, replayOf, runPushSchedule, seedOfEpoch, startPushWorld } from './push-schedule.ts'

const asked = process.env['FLOE_SIM_SEED']
const seeds = asked === undefined ? [2] : [Number(asked)]

let world: LocalWorld
let dir: string
beforeAll(async () => {
  world = await startLocalWorld()
  dir = await startPushWorld(world)
})
afterAll(() => world?.[Symbol.asyncDispose]())

describe('a push to which things happen', () => {
  for (const seed of seeds)
    it(`ends, is paid once, and is whole after the next, seed ${seed}`, async () => {
      expect(await runPushSchedule(world, dir, seed)).toMatch(/^(pushed|[A-Z_]+)$/)
    })

  it('leaves a slow node out, notes what it lacks, and a later one with finishTail brings it', async () => {
    const slow = world.net.nodes[3]!
    const held: typeof fetch = (input, init) =>
      String(input).startsWith(`${slow.url}/`)
        ? new Promise((_, reject) => init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason)))
        : fetch(input, init)
    await world.change(dir, { 'slow.bin': noise(4_000, 4) })
    const pushed = await push(dir, { ...world.options, fetch: held })
    expect(pushed).toMatchObject({ $kind: 'pushed' })
    const stored = () =>
      Promise.all(
        pushed.packs
          .filter(({ reused }) => !reused)
          .map(async ({ blobId }) => (await fetch(`${slow.url}/v1/blobs/${blobId}/metadata`)).status),
      )
    expect(new Set(await stored())).toEqual(new Set([404]))
    const count = pushed.packs.filter(({ reused }) => !reused).length
    expect(await push(dir, { ...world.options, finishTail: true })).toMatchObject({
      $kind: 'up-to-date',
      tails: { finished: count, unfinished: 0 },
    })
    expect(new Set(await stored())).toEqual(new Set([200]))
    const again = await push(dir, { ...world.options, finishTail: true })
    expect(again.tails).toEqual({ finished: 0, unfinished: 0 })
  })

  it('comes from the seed alone, and names the command that repeats it', () => {
    expect(eventsOf(7)).toEqual(eventsOf(7))
    expect(eventsOf(seedOfEpoch(31, 'epoch-after'))).toMatchObject([{ kind: 'epoch-after', at: 31 }])
    expect(replayOf(7)).toContain('FLOE_SIM_SEED=7 npx vitest run test/sim/push.test.ts')
  })
})
