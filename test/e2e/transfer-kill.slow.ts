import { afterAll, beforeAll, expect, it } from 'vitest'
import { type LocalWorld, startLocalWorld } from './local-world.ts'
import { killClones, killPulls, killPushes } from './transfer-kill.ts'

/** Together with 500 commits (repo/kill.slow.ts) and 500 ledgers (localnet/ledger/crash.slow.ts). */
const ROUNDS = Number(process.env.FLOE_KILLS ?? 250)

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld()
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

it(`${ROUNDS} pushes killed at random moments are all finished and paid for once`, async () => {
  expect(await killPushes(world, ROUNDS, 101)).toBeGreaterThan(ROUNDS / 4)
})

it(`${ROUNDS} pulls killed at random moments are all finished`, async () => {
  expect(await killPulls(world, ROUNDS, 103)).toBeGreaterThan(ROUNDS / 4)
})

it(`${ROUNDS} clones killed at random moments are all finished, or begun anew`, async () => {
  const { died, goneOn } = await killClones(world, ROUNDS, 107)
  expect(died).toBeGreaterThan(ROUNDS / 4)
  expect(goneOn).toBeGreaterThan(ROUNDS / 10)
})
