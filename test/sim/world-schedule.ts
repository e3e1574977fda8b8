/** Seeded schedules of trouble with the world around a verb: a disk that is full from one write on, ledger and nodes that
 *  restart at one request, a clock that is days off, answers of the ledger that are old or do not come, an epoch that ends. `FLOE_SIM_SEED=<seed> npx vitest run test/sim/world.test.ts` shows the
 *  same again.
 *
 *  Whatever happens, the verb ends done or with a coded error that says what to do; nothing on the disk looks complete that
 *  is not; the same verb, undisturbed, then succeeds; and what is there is what was committed. */

import { cp, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { vi } from 'vitest'
import { FloeError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { clone } from '../../src/repo/clone.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { get } from '../../src/repo/get.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot } from '../e2e/local-world.ts'
import { createFullDisk } from '../faults/full-disk.ts'

export const VERBS = ['pull', 'clone', 'get', 'fetch', 'push', 'create'] as const
export type Verb = (typeof VERBS)[number]

export type Trouble =
  /** So many writes succeed. */
  | { kind: 'disk-full'; after: number }
  /** Ledger and nodes restart at this request, which waits for that or meets nobody. */
  | { kind: 'restart'; at: number; waits: boolean }
  | { kind: 'clock'; days: number }
  /** So many answers of the ledger from this request on. `lost`: it was asked, but nobody hears of it. `stale`: it answers as
   *  it did before the last push. */
  | { kind: 'ledger'; how: 'unavailable' | 'lost' | 'stale'; at: number; count: number }
  | { kind: 'epoch'; at: number }

export interface WorldSchedule {
  seed: number
  verb: Verb
  trouble: Trouble
}

/** Somewhat more calls than the verbs make that need room, and requests: then nothing happens, which is no trouble either. */
const WRITES: Readonly<Record<Verb, number>> = { pull: 120, clone: 120, get: 70, fetch: 45, push: 35, create: 45 }
const REQUESTS = 60
/** Of these, those that a verb which reads makes to the ledger. */
const LEDGER_REQUESTS = 12
const MAX_DAYS = 400

/** Seeds from here on: verbs that read, and trouble with the ledger. For those that push see push-schedule.ts. */
export const LEDGER_SEED = 2_000_000
const READERS: readonly Verb[] = ['pull', 'clone', 'get', 'fetch']

/** Seeds from here on: a verb and the write at which the disk is full, one after the other. */
const EXACT_SEED = 1_000_000
const MAX_WRITES = 1_000

export function seedOfWrite(verb: Verb, after: number): number {
  return EXACT_SEED + VERBS.indexOf(verb) * MAX_WRITES + after
}

export function scheduleOf(seed: number): WorldSchedule {
  if (seed >= LEDGER_SEED) {
    const rng = createRng(seed)
    const verb = READERS[rng.below(READERS.length)]!
    const how = (['unavailable', 'lost', 'stale', 'epoch'] as const)[rng.below(4)]!
    if (how === 'epoch') return { seed, verb, trouble: { kind: 'epoch', at: rng.below(REQUESTS) } }
    const [at, count] = [rng.below(LEDGER_REQUESTS), 1 + rng.below(LEDGER_REQUESTS)]
    return { seed, verb, trouble: { kind: 'ledger', how, at, count } }
  }
  if (seed >= EXACT_SEED) {
    const exact = seed - EXACT_SEED
    const verb = VERBS[Math.floor(exact / MAX_WRITES)]!
    return { seed, verb, trouble: { kind: 'disk-full', after: exact % MAX_WRITES } }
  }
  const rng = createRng(seed)
  const verb = VERBS[rng.below(VERBS.length)]!
  const kind = (['disk-full', 'restart', 'clock'] as const)[rng.below(3)]!
  const trouble: Trouble =
    kind === 'disk-full'
      ? { kind, after: rng.below(WRITES[verb]) }
      : kind === 'restart'
        ? { kind, at: rng.below(REQUESTS), waits: rng.below(2) === 0 }
        : { kind, days: rng.below(2 * MAX_DAYS + 1) - MAX_DAYS }
  return { seed, verb, trouble }
}

export function replayOf({ seed, verb, trouble }: WorldSchedule): string {
  return `replay: FLOE_SIM_SEED=${seed} npx vitest run test/sim/world.test.ts  (${verb}; ${JSON.stringify(trouble)})`
}

/** What the schedules start from. */
export interface Scene {
  world: LocalWorld
  address: string
  /** Workspaces, to be copied: at the version before, a part of the last one, and with a version of its own. */
  before: string
  partial: string
  home: string
  /** Files of the version before and of the last one, by path. */
  old: Map<string, string>
  last: Map<string, string>
  /** What the ledger answered at the version before, by what it was asked. */
  answers: Map<string, KeptAnswer>
}

interface KeptAnswer {
  status: number
  headers: [string, string][]
  body: ArrayBuffer
}

function askedOf(input: Parameters<typeof fetch>[0], init: RequestInit | undefined): string {
  return `${String(input)} ${init?.body ? Buffer.from(init.body as Uint8Array).toString('base64') : ''}`
}

export async function startScene(world: LocalWorld): Promise<Scene> {
  const dir = await world.workspace('scene', {
    'a.bin': noise(40_000, 1),
    'keep/b.txt': 'b\n',
    'sub/c.bin': noise(90_000, 2),
    'sub/gone.txt': 'gone\n',
  })
  const { repository } = await push(dir, { ...world.options, create: { name: 'scene', network: 'local' } })
  const address = `local:${repository}`
  const [before, partial] = [world.path('before'), world.path('partial')]
  const answers = new Map<string, KeptAnswer>()
  const keeping: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init)
    if (!String(input).startsWith(world.profile.rpcUrl)) return answer
    const kept = { status: answer.status, headers: [...answer.headers], body: await answer.arrayBuffer() }
    answers.set(askedOf(input, init), kept as KeptAnswer)
    return new Response(kept.body.slice(0), kept as ResponseInit)
  }
  await clone(address, before, { ...world.options, fetch: keeping })
  await pull(before, { ...world.options, fetch: keeping })
  const old = await snapshot(dir)
  await rm(join(dir, 'sub/gone.txt'))
  await world.change(dir, { 'a.bin': noise(50_000, 3), 'sub/d.bin': noise(70_000, 4), 'keep/b.txt': 'changed\n' })
  await push(dir, world.options)
  await clone(address, partial, { ...world.options, filter: ['keep/**'] })
  return { world, address, before, partial, home: world.options.homeDir, old, last: await snapshot(dir), answers }
}

/** What a schedule is run in: everything that it writes is below `root`. */
interface Stage {
  root: string
  dir: string
  options: RemoteOptions
}

async function setStage({ world, before, partial, home }: Scene, { seed, verb }: WorldSchedule): Promise<Stage> {
  const root = world.path(`stage-${seed}`)
  const dir = join(root, 'ws')
  await mkdir(root)
  await cp(home, join(root, 'home'), { recursive: true })
  if (verb !== 'clone') await cp(verb === 'get' ? partial : before, dir, { recursive: true })
  // Every other one brings whole packs, however small they are.
  const wholePackBytes = seed % 2 === 0 ? 1 : undefined
  const options = { ...world.options, homeDir: join(root, 'home'), useCache: true, wholePackBytes }
  if (verb === 'create' || verb === 'push') {
    await using workspace = await openWorkspace(dir)
    await workspace.withLock('test', () => workspace.writeConfig({ version: 1 }))
  }
  // A repository of its own: what other schedules pushed would have to be pulled first.
  if (verb === 'push') await push(dir, { ...options, create: { name: `scene-${seed}`, network: 'local' } })
  if (verb === 'create' || verb === 'push') await world.change(dir, { [`own-${seed}.bin`]: noise(20_000, seed) })
  return { root, dir, options }
}

async function run({ dir, options }: Stage, scene: Scene, { verb, seed }: WorldSchedule): Promise<void> {
  const author = { name: 'Test', email: '' }
  if (verb === 'pull') await pull(dir, { ...options, author })
  else if (verb === 'clone') await clone(scene.address, dir, options)
  else if (verb === 'get') await get(dir, { ...options, paths: ['sub'] })
  else if (verb === 'fetch') await fetchRemote(dir, options)
  else if (verb === 'create') {
    const isNamed = await hasRemote(dir)
    await push(dir, { ...options, ...(isNamed ? {} : { create: { name: `scene-${seed}`, network: 'local' } }) })
  } else await push(dir, options)
}

async function hasRemote(dir: string): Promise<boolean> {
  await using workspace = await openWorkspace(dir)
  return workspace.readConfig().remotes?.['origin'] !== undefined
}

/** @returns `done`, or the code of the error that the disturbed verb ended with, and the calls that needed room
 *  @throws with the command that repeats it */
export async function runWorldSchedule(
  scene: Scene,
  schedule: WorldSchedule,
): Promise<{ outcome: string; writes: number }> {
  const stage = await setStage(scene, schedule)
  try {
    const disturbed = await disturb(stage, scene, schedule)
    if (disturbed.outcome !== 'done') await assertNothingFalse(stage, scene, schedule)
    // A directory that is there is nothing to clone into.
    if (disturbed.outcome !== 'done' || schedule.verb !== 'clone') await run(stage, scene, schedule)
    else if (schedule.trouble.kind === 'ledger') await pull(stage.dir, stage.options)
    await assertWhole(stage, scene, schedule)
    return disturbed
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${text}\n${replayOf(schedule)}`, { cause })
  } finally {
    await rm(stage.root, { recursive: true, force: true })
  }
}

async function disturb(stage: Stage, scene: Scene, schedule: WorldSchedule) {
  const { trouble } = schedule
  using disk = createFullDisk([stage.root])
  if (trouble.kind === 'disk-full') disk.fill(trouble.after)
  if (trouble.kind === 'clock') vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + trouble.days * 86_400_000 })
  let requests = 0
  let restarted: Promise<void> | undefined
  const restarting: typeof fetch = async (input, init) => {
    if (trouble.kind === 'restart' && requests++ === trouble.at) restarted = scene.world.restart()
    if (trouble.kind === 'restart' && trouble.waits) await restarted
    if (trouble.kind === 'epoch' && requests++ === trouble.at) await scene.world.net.advanceEpoch()
    if (trouble.kind !== 'ledger' || !String(input).startsWith(scene.world.profile.rpcUrl)) return fetch(input, init)
    const now = requests++
    if (now < trouble.at || now >= trouble.at + trouble.count) return fetch(input, init)
    if (trouble.how === 'unavailable') return new Response('try later', { status: 503 })
    const kept = trouble.how === 'stale' ? scene.answers.get(askedOf(input, init)) : undefined
    if (kept) return new Response(kept.body.slice(0), kept)
    const answer = await fetch(input, init)
    if (trouble.how === 'stale') return answer
    await answer.arrayBuffer()
    throw new TypeError('fetch failed')
  }
  const options = { ...stage.options, fetch: restarting }
  let outcome = 'done'
  try {
    await run({ ...stage, options }, scene, schedule)
  } catch (error) {
    outcome = codeOf(error, trouble)
  } finally {
    vi.useRealTimers()
    await restarted
  }
  return { outcome, writes: disk.writes }
}

/** What may come of the trouble: it names the cause and what to do. A clock that is off is none at all. */
function codeOf(error: unknown, trouble: Trouble): string {
  if (!(error instanceof FloeError)) throw error
  const causes: FloeError[] = []
  for (let at: unknown = error; at instanceof FloeError; at = at.cause) causes.push(at)
  const expected =
    trouble.kind === 'disk-full'
      ? causes.some(({ code }) => code === 'STORE_DISK_FULL')
      : trouble.kind === 'ledger' && trouble.how === 'stale'
        ? // A log that has become shorter, or refs that are older than it. Nobody who pushed is to blame.
          (error.kind === 'network' || error.kind === 'integrity') && error.code !== 'REMOTE_TIP_INCOMPLETE'
        : (trouble.kind === 'restart' || trouble.kind === 'ledger') && error.kind === 'network'
  if (!expected) throw error
  if (trouble.kind === 'disk-full' && error.hints.length === 0) throw new Error(`${error.code} says not what to do`)
  return error.code
}

/** After an error: every file is as it was or as it shall be, and nothing pretends to be a whole clone. */
async function assertNothingFalse({ dir }: Stage, { old, last }: Scene, { verb }: WorldSchedule): Promise<void> {
  if (verb === 'clone') {
    if (await stat(dir).catch(() => null)) throw new Error('half a clone was left behind')
    return
  }
  for (const [path, content] of await common(dir))
    if (content !== old.get(path) && content !== last.get(path))
      throw new Error(`${path} is neither as it was nor as it shall be`)
  await using workspace = await openWorkspace(dir)
  const report = await verifyLocal(workspace, { full: true })
  if (!report.ok) throw new Error(`the workspace is damaged: ${JSON.stringify(report)}`)
}

async function assertWhole({ dir }: Stage, scene: Scene, { verb }: WorldSchedule): Promise<void> {
  const { world, old, last } = scene
  const found = await common(dir)
  const expected = verb === 'pull' || verb === 'clone' || verb === 'get' ? last : old
  if (!isSame(found, verb === 'get' ? without(expected, 'a.bin') : expected)) throw new Error('files differ')
  await using workspace = await openWorkspace(dir)
  const report = await verifyLocal(workspace, { full: true })
  if (!report.ok) throw new Error(`the workspace is damaged: ${JSON.stringify(report)}`)
  if (verb !== 'push' && verb !== 'create') return
  const copy = `${dir}-copy`
  const remote = workspace.readConfig().remotes!['origin']!.repository
  await clone(remote, copy, world.options)
  if (!isSame(await snapshot(copy), await snapshot(dir))) throw new Error('a clone differs')
}

/** Files but for those that schedules push. */
async function common(dir: string): Promise<Map<string, string>> {
  return new Map([...(await snapshot(dir))].filter(([path]) => !path.startsWith('own-')))
}

function without(files: Map<string, string>, path: string): Map<string, string> {
  return new Map([...files].filter(([at]) => at !== path))
}

function isSame(a: Map<string, string>, b: Map<string, string>): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort())
}
