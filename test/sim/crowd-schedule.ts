/** Seeded schedules of two pushes to one branch and a pull, at once: each of them may stand still before one of its requests
 *  until the others have made so many more, and one of them may meet trouble. `FLOE_SIM_SEED=<seed> npx vitest run test/sim/crowd.test.ts` shows the
 *  same again, as far as requests of the three that nothing holds up come in the same order.
 *
 *  Whatever happens, one push gets through, the other too or is told why; the pull ends at a version that was pushed; whoever
 *  lost merges and pushes, without paying for its contents again; and nothing of either is lost. */

import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep } from '../../src/base/abort.ts'
import { FloeError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { clone } from '../../src/repo/clone.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { pushStatus } from '../../src/repo/push-abort.ts'
import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot } from '../e2e/local-world.ts'

export const ACTORS = ['one', 'two', 'reader'] as const
type Actor = (typeof ACTORS)[number]

/** Before its request number `at` an actor waits until the others have made so many more, or have ended. */
export interface Pause {
  actor: Actor
  at: number
  others: number
}

/** What happens to a request. `lost`: it was made, but nobody hears of it. */
export interface CrowdTrouble {
  actor: Actor
  how: 'unreachable' | 'lost' | 'unavailable' | 'epoch'
  at: number
}

export interface CrowdSchedule {
  seed: number
  pauses: Pause[]
  trouble: CrowdTrouble | null
}

/** Somewhat more than a push makes, in a network of four nodes. */
const REQUESTS = 60
const MAX_OTHERS = 80
/** A pause ends after so long: the others may be waiting for this one. */
const MAX_PAUSE_MS = 2_000
const PAUSE_STEP_MS = 5

export function crowdScheduleOf(seed: number): CrowdSchedule {
  const rng = createRng(seed)
  const pick = <T>(from: readonly T[]): T => from[rng.below(from.length)]!
  const pauses = Array.from({ length: 1 + rng.below(3) }, () => ({
    actor: pick(ACTORS),
    at: rng.below(REQUESTS),
    others: 1 + rng.below(MAX_OTHERS),
  }))
  const how = pick(['unreachable', 'lost', 'unavailable', 'epoch'] as const)
  const trouble = rng.below(2) === 0 ? { actor: pick(ACTORS), how, at: rng.below(REQUESTS) } : null
  return { seed, pauses, trouble }
}

export function crowdReplayOf({ seed, pauses, trouble }: CrowdSchedule): string {
  return `replay: FLOE_SIM_SEED=${seed} npx vitest run test/sim/crowd.test.ts  (${JSON.stringify({ pauses, trouble })})`
}

/** What the schedules start from: a workspace that has pushed, copied for each actor. */
export interface CrowdScene {
  world: LocalWorld
  dir: string
}

export async function startCrowdScene(world: LocalWorld): Promise<CrowdScene> {
  const dir = await world.workspace('crowd', { 'a.bin': noise(30_000, 1), 'sub/b.txt': 'b\n' })
  return { world, dir }
}

/** @returns what became of each, `done` or a code
 *  @throws with the command that repeats it */
export async function runCrowdSchedule(
  { world, dir }: CrowdScene,
  schedule: CrowdSchedule,
): Promise<Record<Actor, string>> {
  const root = world.path(`crowd-${schedule.seed}`)
  try {
    return await run(world, dir, root, schedule)
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${text}\n${crowdReplayOf(schedule)}`, { cause })
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function run(world: LocalWorld, dir: string, root: string, schedule: CrowdSchedule) {
  const { seed } = schedule
  const options = { ...world.options, useCache: seed % 2 === 0 }
  await mkdir(root)
  const place = (name: string) => join(root, name)
  // A repository of its own, at whose first version all three begin.
  const first = place('one')
  await cp(dir, first, { recursive: true })
  const create = { name: `crowd-${seed}`, network: 'local' }
  const address = `local:${(await push(first, { ...options, create })).repository}`
  for (const name of ['two', 'reader']) await clone(address, place(name), options)
  const base = await snapshot(first)
  for (const [i, name] of ['one', 'two'].entries())
    await world.change(place(name), { [`${name}.bin`]: noise(20_000, 10 * seed + i) })
  const [one, two] = [await snapshot(place('one')), await snapshot(place('two'))]

  const through = crowd(world, schedule)
  const jobs: Record<Actor, (options: RemoteOptions) => Promise<unknown>> = {
    one: (with_) => push(place('one'), with_),
    two: (with_) => push(place('two'), with_),
    reader: (with_) => pull(place('reader'), { ...with_, author: { name: 'Reader', email: '' } }),
  }
  const ended = await Promise.all(
    ACTORS.map((actor) =>
      jobs[actor]({ ...options, fetch: through.fetchOf(actor) })
        .then(
          () => 'done',
          (error: unknown) => codeOf(error, actor, schedule),
        )
        .finally(() => through.end(actor)),
    ),
  )
  const outcomes = Object.fromEntries(ACTORS.map((actor, i) => [actor, ended[i]!])) as Record<Actor, string>

  // Whole states only: nothing of a push that has not moved the branch.
  const seen = await snapshot(place('reader'))
  if (![base, one, two].some((state) => isSame(state, seen))) throw new Error('the pull ended between two versions')
  for (const actor of ACTORS) {
    await using workspace = await openWorkspace(place(actor))
    const report = await verifyLocal(workspace, { full: true })
    if (!report.ok) throw new Error(`${actor} is damaged: ${JSON.stringify(report)}`)
  }

  const author = { name: 'Writer', email: '' }
  for (const name of ['one', 'two']) {
    const paid = await paidContents(place(name))
    await pull(place(name), { ...options, author })
    const { packs } = await push(place(name), options)
    const used = new Set(packs.map(({ blobId }) => blobId))
    const again = packs.length > 0 ? paid.filter((blobId) => !used.has(blobId)) : []
    if (again.length > 0) throw new Error(`${name} has paid for ${again.length} packs of contents that it did not use`)
  }
  const all = new Map([...one, ...two])
  await clone(address, place('copy'), { ...options, useCache: false })
  if (!isSame(await snapshot(place('copy')), all)) throw new Error('a clone lacks what one of them has pushed')
  await pull(place('reader'), { ...options, author })
  if (!isSame(await snapshot(place('reader')), all)) throw new Error('the reader lacks what one of them has pushed')
  return outcomes
}

/** Packs of contents that interrupted pushes of a workspace have registered. */
export async function paidContents(dir: string): Promise<string[]> {
  const pushes = await pushStatus(dir)
  return pushes.flatMap(({ packs }) =>
    packs.filter(({ kind, state }) => kind === 'data' && state !== 'encoded').map(({ blobId }) => blobId),
  )
}

function crowd(world: LocalWorld, { pauses, trouble }: CrowdSchedule) {
  const made: Record<Actor, number> = { one: 0, two: 0, reader: 0 }
  const ended = new Set<Actor>()
  const madeByOthers = (actor: Actor) => ACTORS.reduce((sum, other) => sum + (other === actor ? 0 : made[other]), 0)
  const othersEnded = (actor: Actor) => ACTORS.every((other) => other === actor || ended.has(other))

  async function wait({ actor, others }: Pause): Promise<void> {
    const until = madeByOthers(actor) + others
    for (let ms = 0; ms < MAX_PAUSE_MS && madeByOthers(actor) < until && !othersEnded(actor); ms += PAUSE_STEP_MS)
      await sleep(PAUSE_STEP_MS)
  }

  return {
    end: (actor: Actor) => void ended.add(actor),
    fetchOf:
      (actor: Actor): typeof fetch =>
      async (input, init) => {
        const at = made[actor]++
        for (const pause of pauses) if (pause.actor === actor && pause.at === at) await wait(pause)
        if (trouble?.actor !== actor || trouble.at !== at) return fetch(input, init)
        if (trouble.how === 'unreachable') throw new TypeError('fetch failed')
        if (trouble.how === 'unavailable') return new Response('try later', { status: 503 })
        if (trouble.how === 'epoch') await world.net.advanceEpoch()
        const answer = await fetch(input, init)
        if (trouble.how === 'epoch') return answer
        await answer.arrayBuffer()
        throw new TypeError('fetch failed')
      },
  }
}

/** Who lost a race is told so; trouble with the network is the network's. */
function codeOf(error: unknown, actor: Actor, { trouble }: CrowdSchedule): string {
  const isRace = error instanceof FloeError && error.code === 'PUSH_STALE' && actor !== 'reader'
  const isTrouble = error instanceof FloeError && error.kind === 'network' && trouble?.actor === actor
  if (!isRace && !isTrouble) throw error
  return error.code
}

function isSame(a: Map<string, string>, b: Map<string, string>): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort())
}
