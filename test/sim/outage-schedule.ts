/** Seeded schedules of push, clone and pull in a world where something is away or out of order for a while, one thing or two at
 *  once: ledger and nodes that restart and stay away, nodes of up to f shards or of more that stop, a clock of the client's
 *  that is off or jumps, a disk that fills up, an epoch that ends. `FLOE_SIM_SEED=<seed> npx vitest run test/sim/outage.test.ts`
 *  shows the same again, as far as requests that nothing holds up come in the same order.
 *
 *  Whatever happens, the verb ends in time: done, and always done while no more than f shards are away, or what is to be
 *  read has its slivers left; or with a coded error of that trouble's kind that says what to do. The workspace is whole, the
 *  verb undisturbed then is done, nothing is paid twice, nothing unfinished stays, and a clone is what was committed. */

import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FloeError } from '../../src/base/errors.ts'
import { createRng, type Rng } from '../../src/base/rng.ts'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { clone } from '../../src/repo/clone.ts'
import { showAddress } from '../../src/repo/key.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { pushStatus } from '../../src/repo/push-abort.ts'
import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from '../e2e/local-world.ts'
import { createFullDisk } from '../faults/full-disk.ts'
import { createOwnClock } from '../faults/own-clock.ts'

/** `resume`: a push after one that lost all connection in the middle. */
const VERBS = ['push', 'resume', 'clone', 'pull'] as const
export type OutageVerb = (typeof VERBS)[number]

export type OutageTrouble =
  /** Ledger and nodes restart at this request, which waits for them or meets nobody. */
  | { kind: 'restart'; at: number; awayMs: number; waits: boolean }
  | { kind: 'nodes'; at: number; stopped: number[] }
  /** So many days off, and so many others from this request on. */
  | { kind: 'clock'; days: number; at: number; later: number }
  /** So many calls that need room succeed, or so many bytes of contents. */
  | { kind: 'disk'; unit: 'writes' | 'bytes'; after: number }
  /** `rotate`: with another committee, to which shards are handed on. */
  | { kind: 'epoch'; at: number; rotate: boolean }

export interface OutageSchedule {
  seed: number
  verb: OutageVerb
  /** Nodes that were away when the version was pushed that is to be read: none, or f shards. */
  without: number[]
  /** Request of the first push of `resume` from which on it reaches nobody. */
  brokenAt: number
  useCache: boolean
  wholePacks: boolean
  troubles: OutageTrouble[]
}

/** 13 shards on 10 nodes, so f = 4. Four of those with one shard may stop, though that is more than a third of the nodes;
 *  three with two may not, though that is less. */
const SHARDS_OF = [1, 1, 1, 2, 1, 1, 2, 1, 1, 2] as const
const SHARDS = 13
const MAX_FAULTY = 4
/** Primary slivers from which a blob can be read. */
const NEEDED_TO_READ = SHARDS - 2 * MAX_FAULTY
/** No verb may take longer under any schedule. */
export const DEADLINE_MS = 60_000

/** Somewhat more than the verbs make. */
const REQUESTS: Readonly<Record<OutageVerb, number>> = { push: 120, resume: 120, clone: 50, pull: 35 }
const WRITES: Readonly<Record<OutageVerb, number>> = { push: 40, resume: 40, clone: 120, pull: 120 }
const WRITTEN: Readonly<Record<OutageVerb, number>> = { push: 5_000, resume: 5_000, clone: 200_000, pull: 130_000 }
const MAX_AWAY_MS = 1_500
const MAX_DAYS = 400

/** Seeds from here on: the committee changes. In networks of their own: from then on, who was away catches up. */
export const ROTATING_SEED = 1_000_000

export function shardsOf(nodes: Iterable<number>): number {
  return [...new Set(nodes)].reduce((sum, index) => sum + SHARDS_OF[index]!, 0)
}

/** Random nodes with as many shards together, or almost. */
function nodesWith(rng: Rng, shards: number): number[] {
  const nodes = new Set<number>()
  for (let tries = 0; tries < 100 && shardsOf(nodes) < shards; tries++) {
    const index = rng.below(SHARDS_OF.length)
    if (shardsOf([...nodes, index]) <= shards) nodes.add(index)
  }
  return [...nodes].sort((a, b) => a - b)
}

const isReader = (verb: OutageVerb) => verb === 'clone' || verb === 'pull'

export function outageScheduleOf(seed: number): OutageSchedule {
  const rng = createRng(seed)
  const pick = <T>(from: readonly T[]): T => from[rng.below(from.length)]!
  const rotate = seed >= ROTATING_SEED
  const verb = pick(VERBS)
  const without = isReader(verb) && !rotate ? nodesWith(rng, pick([0, MAX_FAULTY])) : []
  const troubleOf = (kind: OutageTrouble['kind']): OutageTrouble => {
    const at = rng.below(REQUESTS[verb])
    const days = () => rng.below(2 * MAX_DAYS + 1) - MAX_DAYS
    if (kind === 'restart') return { kind, at, awayMs: rng.below(MAX_AWAY_MS), waits: rng.below(2) === 0 }
    if (kind === 'clock') return { kind, days: days(), at, later: days() }
    if (kind === 'epoch') return { kind, at, rotate }
    if (kind === 'disk') {
      const unit = pick(['writes', 'bytes'] as const)
      return { kind, unit, after: rng.below((unit === 'writes' ? WRITES : WRITTEN)[verb]) }
    }
    if (rotate) return { kind, at: pick([0, at]), stopped: nodesWith(rng, 1 + rng.below(MAX_FAULTY)) }
    // Often just what may be away, or one shard more.
    const most = isReader(verb) ? SHARDS - NEEDED_TO_READ : MAX_FAULTY
    const stopped = nodesWith(rng, pick([1 + rng.below(most), most, most + 1, most + 1 + rng.below(SHARDS - most)]))
    return { kind, at: pick([0, at]), stopped }
  }
  const first = rotate ? 'epoch' : pick(['restart', 'nodes', 'nodes', 'clock', 'disk', 'epoch'] as const)
  const second = pick(['restart', 'nodes', 'clock', 'disk', 'epoch'] as const)
  const kinds = rng.below(3) === 0 && second !== first ? [first, second] : [first]
  const troubles = kinds.map(troubleOf)
  // What comes from the cache meets no node.
  const useCache = rng.below(2) === 0 && !kinds.includes('nodes')
  return {
    seed,
    verb,
    without,
    brokenAt: rng.below(REQUESTS[verb]),
    useCache,
    wholePacks: rng.below(2) === 0,
    troubles,
  }
}

export function outageReplayOf({ seed, ...schedule }: OutageSchedule): string {
  return `replay: FLOE_SIM_SEED=${seed} npx vitest run test/sim/outage.test.ts  (${JSON.stringify(schedule)})`
}

/** What a schedule comes to if it is only about how many shards are away: `done`, the code, or `null` if both are right. */
export function outcomeByShards({ verb, without, troubles }: OutageSchedule): string | null {
  let away = 0
  let fromStart = true
  for (const trouble of troubles) {
    if (trouble.kind === 'disk' || trouble.kind === 'restart') return null
    if (trouble.kind !== 'nodes') continue
    away = shardsOf(isReader(verb) ? [...without, ...trouble.stopped] : trouble.stopped)
    fromStart = trouble.at === 0
  }
  if (away <= (isReader(verb) ? SHARDS - NEEDED_TO_READ : MAX_FAULTY)) return 'done'
  // The push before may have sent enough to enough.
  if (!fromStart || troubles.length > 1 || verb === 'resume') return null
  return isReader(verb) ? 'BLOB_UNAVAILABLE' : 'UPLOAD_QUORUM'
}

export async function startOutageWorld(): Promise<LocalWorld> {
  const world = await startLocalWorld({ nodes: 10, shards: SHARDS })
  const found = world.net.nodes.map(({ shards }) => shards.length)
  if (JSON.stringify(found) !== JSON.stringify(SHARDS_OF)) throw new Error(`shards are divided otherwise: ${found}`)
  return world
}

export interface OutageResult {
  /** `done`, or the code of the error that the disturbed verb ended with. */
  outcome: string
  ms: number
  /** What the disturbed verb made and wrote. */
  requests: number
  writes: number
  bytes: number
}

/** @throws with the command that repeats it */
export async function runOutageSchedule(world: LocalWorld, schedule: OutageSchedule): Promise<OutageResult> {
  const root = world.path(`outage-${schedule.seed}`)
  // What nobody waits for ends the process of a user.
  const strays: unknown[] = []
  const note = (reason: unknown) => void strays.push(reason)
  process.on('unhandledRejection', note)
  try {
    const result = await run(world, root, schedule)
    if (strays.length > 0) throw strays[0]
    return result
  } catch (cause) {
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    throw new Error(`${text}\n${outageReplayOf(schedule)}`, { cause })
  } finally {
    process.off('unhandledRejection', note)
    await heal(world)
    await rm(root, { recursive: true, force: true })
  }
}

/** What a verb works on; all that it writes is below `root`. */
interface Stage {
  root: string
  dir: string
  address: string
  options: RemoteOptions
  /** Files of the version before, and of the one that is pushed or read. */
  old: Map<string, string>
  last: Map<string, string>
}

async function setStage(world: LocalWorld, root: string, schedule: OutageSchedule): Promise<Stage> {
  const { seed, verb, without, useCache, wholePacks } = schedule
  const options = {
    ...world.options,
    homeDir: join(root, 'home'),
    useCache: false,
    wholePackBytes: wholePacks ? 1 : undefined,
    // Older packs are left as they are: how far they would be extended depends on the epochs that end meanwhile.
    extendReused: false,
  }
  await mkdir(root)
  const { address: owner } = await showAddress(options)
  // Enough for all: a visit at the faucet would look like money back.
  await world.net.fund(owner, { sui: 10n ** 12n, wal: 10n ** 13n })
  const from = await world.workspace(`outage-${seed}/from`, {
    'a.bin': noise(40_000, seed),
    'keep/b.txt': 'b\n',
    'sub/c.bin': noise(30_000, seed + 1),
    'sub/gone.txt': 'gone\n',
  })
  const create = { name: `outage-${seed}`, network: 'local' }
  const address = `local:${(await push(from, { ...options, create, finishTail: true })).repository}`
  const dir = isReader(verb) ? join(root, 'copy') : from
  if (verb === 'pull') await clone(address, dir, options)
  const old = await snapshot(from)
  await rm(join(from, 'sub/gone.txt'))
  await world.change(from, {
    'a.bin': noise(20_000, seed + 2),
    'keep/b.txt': 'changed\n',
    'sub/d.bin': noise(30_000, seed + 3),
  })
  if (isReader(verb)) {
    for (const index of without) await world.net.stopNode(index)
    // Without so many all the others are needed.
    await push(from, { ...options, finishTail: without.length === 0 })
    await heal(world)
  }
  return { root, dir, address, options: { ...options, useCache }, old, last: await snapshot(from) }
}

/** All nodes run. */
async function heal({ net }: LocalWorld): Promise<void> {
  for (const { index, running } of net.nodes) if (!running) await net.startNode(index)
}

async function act({ dir, address, options }: Stage, verb: OutageVerb): Promise<void> {
  if (verb === 'clone') await clone(address, dir, options)
  else if (verb === 'pull') await pull(dir, { ...options, author: { name: 'Reader', email: '' } })
  else await push(dir, options)
}

async function run(world: LocalWorld, root: string, schedule: OutageSchedule): Promise<OutageResult> {
  const { verb, seed } = schedule
  const stage = await setStage(world, root, schedule)
  const ledger = createLedgerClient(world.profile)
  const { address: owner } = await showAddress(stage.options)
  const balance = () => ledger.fetchBalance(owner, walCoinType(world.profile))
  const before = await balance()
  const price = isReader(verb) ? 0n : BigInt((await push(stage.dir, { ...stage.options, dryRun: true })).cost.walFrost)
  if (verb === 'resume') await breakOff(stage, schedule.brokenAt)

  const result = await disturb(world, stage, schedule)
  if (result.outcome !== 'done') await assertNothingFalse(stage, verb)
  else if (!isReader(verb) && outcomeByShards(schedule) === 'done') {
    // Those that are away still are: what was stored without them can be read without them.
    await clone(stage.address, join(root, 'early'), { ...stage.options, useCache: false })
    assertSame(await snapshot(join(root, 'early')), stage.last, 'a clone while nodes are away')
    await rm(join(root, 'early'), { recursive: true })
  }
  await heal(world)

  // A directory that is there is nothing to clone into.
  await act(stage, verb === 'clone' && result.outcome === 'done' ? 'pull' : verb)
  const paid = before - (await balance())
  if (paid > price || (price > 0n && paid <= 0n)) throw new Error(`paid ${paid} instead of ${price}`)
  assertSame(await snapshot(stage.dir), stage.last, 'the workspace')
  await assertWhole(stage.dir)
  const unfinished = await pushStatus(stage.dir)
  if (unfinished.length > 0) throw new Error(`${unfinished.length} pushes are said to be unfinished`)
  await clone(stage.address, join(root, 'late'), { ...stage.options, useCache: false })
  assertSame(await snapshot(join(root, 'late')), stage.last, 'a clone')
  await assertTidy(stage, seed)
  return result
}

/** For a transaction whose answer nobody hears a push looks for a minute and longer. */
const BREAK_MS = 2_000

/** A push that loses all connection, and is interrupted if it goes on to wait. */
async function breakOff(stage: Stage, brokenAt: number): Promise<void> {
  let requests = 0
  const interrupt = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const breaking: typeof fetch = async (input, init) => {
    if (requests++ < brokenAt) return fetch(input, init)
    timer ??= setTimeout(() => interrupt.abort(), BREAK_MS)
    throw new TypeError('fetch failed')
  }
  try {
    await act({ ...stage, options: { ...stage.options, fetch: breaking, signal: interrupt.signal } }, 'push')
  } catch (error) {
    if (!(error instanceof FloeError) || (error.kind !== 'network' && error.kind !== 'cancelled')) throw error
  } finally {
    clearTimeout(timer)
  }
}

async function disturb(world: LocalWorld, stage: Stage, schedule: OutageSchedule): Promise<OutageResult> {
  const { verb, troubles } = schedule
  using disk = createFullDisk([stage.root])
  using clock = createOwnClock()
  let requests = 0
  // One change of the world after the other: what has been closed can be stopped no more.
  let changes: Promise<unknown> = Promise.resolve()
  const change = (job: () => Promise<unknown>) => {
    // Servers that are started here must not run by the client's clock.
    changes = changes.then(() => clock.outside(job))
    return changes
  }
  /** All that happens at a request is under way when this returns: the verb may end while the request still waits. */
  const begin = (trouble: OutageTrouble): Promise<unknown> | undefined => {
    if (trouble.kind === 'clock') clock.set(trouble.later)
    else if (trouble.kind === 'epoch') return change(() => world.net.advanceEpoch({ rotate: trouble.rotate }))
    else if (trouble.kind === 'nodes')
      return change(async () => {
        for (const index of trouble.stopped) await world.net.stopNode(index)
      })
    else if (trouble.kind === 'restart') {
      const restarted = change(() => world.restart(trouble.awayMs))
      if (trouble.waits) return restarted
    }
    return undefined
  }
  const disturbing: typeof fetch = async (input, init) => {
    const now = requests++
    await Promise.all(troubles.filter((trouble) => trouble.kind !== 'disk' && trouble.at === now).map(begin))
    return fetch(input, init)
  }
  for (const trouble of troubles) {
    if (trouble.kind === 'clock') clock.set(trouble.days)
    if (trouble.kind === 'disk' && trouble.unit === 'writes') disk.fill(trouble.after)
    if (trouble.kind === 'disk' && trouble.unit === 'bytes') disk.fillBytes(trouble.after)
  }
  const options = { ...stage.options, fetch: disturbing, signal: AbortSignal.timeout(DEADLINE_MS) }
  const started = performance.now()
  let outcome = 'done'
  try {
    await clock.run(() => act({ ...stage, options }, verb))
  } catch (error) {
    outcome = codeOf(error, schedule)
  }
  const ms = performance.now() - started
  await changes
  if (ms > DEADLINE_MS) throw new Error(`took ${Math.round(ms)} ms`)
  const expected = outcomeByShards(schedule)
  if (expected !== null && outcome !== expected) throw new Error(`${outcome} instead of ${expected}`)
  return { outcome, ms, requests, writes: disk.writes, bytes: disk.bytes }
}

/** An error has to be that of one of the troubles, and to say what to do. A clock that is off is none. */
function codeOf(error: unknown, { troubles }: OutageSchedule): string {
  if (!(error instanceof FloeError)) throw error
  const causes: FloeError[] = []
  for (let at: unknown = error; at instanceof FloeError; at = at.cause) causes.push(at)
  const isOf = ({ kind }: OutageTrouble) =>
    kind === 'disk'
      ? causes.some(({ code }) => code === 'STORE_DISK_FULL')
      : kind !== 'clock' && error.kind === 'network' && error.exitCode === 14
  if (!troubles.some(isOf)) throw error
  if (error.hints.length === 0) throw new Error(`${error.code} says not what to do`)
  return error.code
}

/** After an error: every file is as it was or as it shall be, and nothing pretends to be a whole clone. */
async function assertNothingFalse({ dir, old, last }: Stage, verb: OutageVerb): Promise<void> {
  if (verb === 'clone') {
    if (await stat(dir).catch(() => null)) throw new Error('half a clone was left behind')
    return
  }
  for (const [path, content] of await snapshot(dir))
    if (content !== old.get(path) && content !== last.get(path))
      throw new Error(`${path} is neither as it was nor as it shall be`)
  await assertWhole(dir)
}

async function assertWhole(dir: string): Promise<void> {
  await using workspace = await openWorkspace(dir)
  const report = await verifyLocal(workspace, { full: true })
  if (!report.ok) throw new Error(`the workspace is damaged: ${JSON.stringify(report)}`)
}

/** Nothing is left that was to become a file, neither in the workspace nor in the cache nor beside them. */
async function assertTidy({ root, dir }: Stage, seed: number): Promise<void> {
  const left: string[] = []
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (/\/tmp\/[^/]+$/.test(path)) left.push(path)
  }
  for (const name of await readdir(root)) if (!['home', 'from', 'copy', 'late'].includes(name)) left.push(name)
  if (left.length > 0) throw new Error(`left behind by ${dir} (${seed}): ${left.join(', ')}`)
}

function assertSame(found: Map<string, string>, expected: Map<string, string>, what: string): void {
  if (JSON.stringify([...found].sort()) !== JSON.stringify([...expected].sort())) throw new Error(`${what} differs`)
}
