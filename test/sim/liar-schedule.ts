/** Seeded schedules of a writer who lies about what the packs hold, before an honest push of the same content: a branch is moved
 *  to a commit of which nobody has all objects, packs hold something else than their index says, locators lead elsewhere.
 *  The honest push may be cut off and repeated, and the liar may lie once more. `FLOE_SIM_SEED=<seed> npx vitest run test/sim/liar.test.ts`
 *  shows the same again.
 *
 *  Whatever is said, readers get right bytes or a coded error; the honest push ends done, at once or after what its errors say to
 *  type; then a clone has all of it, without any pack that `gc` would remove; and contents are paid once. */

import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FloeError } from '../../src/base/errors.ts'
import { createRng, type Rng } from '../../src/base/rng.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { grantAccess } from '../../src/repo/access.ts'
import { clone } from '../../src/repo/clone.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { gcRemote } from '../../src/repo/gc-remote.ts'
import { generateKey } from '../../src/repo/key.ts'
import { pull } from '../../src/repo/pull.ts'
import { type PushOptions, type PushResult, push } from '../../src/repo/push.ts'
import { findLocalTarget, findMissing, readRemotePosition } from '../../src/repo/push-target.ts'
import { openRemoteContext } from '../../src/repo/remote-context.ts'
import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot } from '../e2e/local-world.ts'
import { paidContents } from './crowd-schedule.ts'
import { type Coming, type DrawnLie, drawLie, tellLie } from './liar-lies.ts'

const NAMED = ['same', 'contents', 'own'] as const
const HONEST = ['push', 'build', 'after', 'branch'] as const
const LEARNS = ['nothing', 'fetch', 'pull'] as const
const CUTS = ['unreachable', 'lost'] as const
const AGAIN = [null, 'between', 'after'] as const

export interface LiarSchedule {
  seed: number
  /** What the liar's commit is: the honest one, another with the same contents, or one with contents of the liar's own. */
  named: (typeof NAMED)[number]
  /** The branch that the liar moves, or makes: the one all use, or another. */
  ref: 'heads/main' | 'heads/beside'
  /** Commits before the lie and pushes that, or one that builds on it; or commits only when it was told; or pushes another
   *  branch. */
  honest: (typeof HONEST)[number]
  /** What the honest writer runs between the lie and the push. */
  learns: (typeof LEARNS)[number]
  isClone: boolean
  useCache: boolean
  /** The first attempt at the push. */
  cut: { how: (typeof CUTS)[number]; at: number } | null
  /** When the liar lies once more: between the attempts, or after the push is done, which is then repeated. */
  again: (typeof AGAIN)[number]
  lies: [DrawnLie, DrawnLie]
  /** Honest pushes fold what few packs there are. */
  folds: boolean
}

/** Somewhat more than a push makes, in a network of four nodes. */
const REQUESTS = 60
const MAX_FILES = 4
const MAX_FILE_BYTES = 60_000
/** Attempts at the honest push: each follows another hint of an error. */
const MAX_ATTEMPTS = 6

export function liarScheduleOf(seed: number): LiarSchedule {
  const rng = createRng(seed)
  const pick = <T>(from: readonly T[]): T => from[rng.below(from.length)]!
  const named = pick(NAMED)
  const honest = pick(HONEST)
  return {
    seed,
    named,
    ref: rng.below(4) === 0 ? 'heads/beside' : 'heads/main',
    // The commit that both know was made before.
    honest: named === 'same' && honest === 'after' ? 'build' : honest,
    learns: pick(LEARNS),
    isClone: rng.below(2) === 0,
    useCache: rng.below(2) === 0,
    cut: rng.below(2) === 0 ? { how: pick(CUTS), at: rng.below(REQUESTS) } : null,
    again: pick(AGAIN),
    lies: [drawLie(rng), drawLie(rng)],
    folds: rng.below(4) === 0,
  }
}

export function liarReplayOf({ seed, ...schedule }: LiarSchedule): string {
  return `replay: FLOE_SIM_SEED=${seed} npx vitest run test/sim/liar.test.ts  (${JSON.stringify(schedule)})`
}

/** What the schedules start from: a workspace that has pushed, copied for each, and the liar's key. */
export interface LiarScene {
  world: LocalWorld
  dir: string
  liar: string
}

const BASE: Readonly<Record<string, string | Uint8Array>> = {
  'a.bin': noise(30_000, 1),
  'sub/b.txt': 'b\n',
  'sub/deep/c.bin': noise(9_000, 2),
}

export async function startLiarScene(world: LocalWorld): Promise<LiarScene> {
  const dir = await world.workspace('honest', BASE)
  const { address } = await generateKey(world.options.homeDir, { alias: 'liar' })
  await world.net.fund(address, { sui: 10n ** 12n, wal: 10n ** 13n })
  return { world, dir, liar: address }
}

/** @returns what became of the readers and the pushes: `done`, or the codes in turn
 *  @throws with the command that repeats it */
export async function runLiarSchedule(scene: LiarScene, schedule: LiarSchedule): Promise<Record<string, string>> {
  const root = scene.world.path(`liar-${schedule.seed}`)
  try {
    return await run(scene, root, schedule)
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${text}\n${liarReplayOf(schedule)}`, { cause })
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

interface Stage {
  world: LocalWorld
  schedule: LiarSchedule
  root: string
  address: string
  repository: string
  /** Workspaces. */
  honest: string
  liar: string
  reader: string
  /** The branch that the honest writer pushes. */
  branch: string
  options: RemoteOptions
  limits: PushOptions['limits']
}

async function run(scene: LiarScene, root: string, schedule: LiarSchedule): Promise<Record<string, string>> {
  const stage = await setStage(scene, root, schedule)
  const { world, honest, liar, reader, branch } = stage
  const rng = createRng(schedule.seed ^ 0x5eed)
  const contents = drawContents(rng)
  const isLate = schedule.honest === 'after'
  const base = await snapshot(reader)
  if (branch !== 'main') {
    await using workspace = await openWorkspace(honest)
    await switchTo(workspace, { target: branch, create: true })
  }
  if (!isLate) await world.change(honest, contents)
  if (schedule.named === 'same') await cp(honest, liar, { recursive: true })
  else {
    await clone(stage.address, liar, world.options)
    await world.change(liar, schedule.named === 'own' ? { 'm.bin': noise(700, schedule.seed) } : contents, 'liar')
  }
  const coming = await comingFrom(stage, isLate ? contents : {})
  const lie = (which: DrawnLie) =>
    tellLie(which, {
      options: { ...world.options, key: { $kind: 'alias', name: 'liar' } },
      repository: stage.repository,
      dir: liar,
      branch: schedule.named === 'same' ? branch : 'main',
      ref: schedule.ref,
      coming,
    })
  await lie(schedule.lies[0])

  const outcomes: Record<string, string> = { reader: await readLie(stage, base, await snapshot(liar)) }
  const author = { name: 'Writer', email: '' }
  if (schedule.learns === 'fetch') outcomes['fetch'] = await outcomeOf(fetchRemote(honest, stage.options))
  if (schedule.learns === 'pull') outcomes['pull'] = await outcomeOf(pull(honest, { ...stage.options, author }))
  if (isLate) await world.change(honest, { ...contents, 'late.bin': noise(500, rng.nextU32()) })
  if (schedule.honest === 'build') await world.change(honest, { 'built.bin': noise(500, rng.nextU32()) })

  const told: string[] = []
  const isDone = schedule.cut ? await cutPush(stage, told) : false
  const paid = await paidContents(honest)
  if (schedule.again === 'between') await lie(schedule.lies[1])
  if (!isDone || schedule.again === 'between') {
    const used = (await pushAsTold(stage, told)).packs.map(({ blobId }) => blobId)
    const unused = used.length > 0 ? paid.filter((blobId) => !used.includes(blobId)) : []
    if (unused.length > 0) throw new Error(`paid for ${unused.length} packs of contents that were not used`)
  }
  if (schedule.again === 'after') {
    await lie(schedule.lies[1])
    const { $kind } = await pushAsTold(stage, told)
    // Of a commit that was pushed, and of which the liar has moved the branch from a good locator to a bad one, a push says
    // that it is there (ADR 0041). The next one brings all of it into order.
    if ($kind === 'up-to-date') {
      await world.change(honest, { 'next.bin': noise(300, rng.nextU32()) })
      await pushAsTold(stage, told)
    }
  }
  outcomes['push'] = told.length > 0 ? told.join(' ') : 'done'
  Object.assign(outcomes, await assertWhole(stage, told.includes('--force')))
  return outcomes
}

async function setStage({ world, dir, liar }: LiarScene, root: string, schedule: LiarSchedule): Promise<Stage> {
  await mkdir(root)
  const place = (name: string) => join(root, name)
  const first = place('first')
  await cp(dir, first, { recursive: true })
  const create = { name: `liar-${schedule.seed}`, network: 'local' }
  const { repository } = await push(first, { ...world.options, create })
  await world.change(first, { 'sub/b.txt': 'changed\n' })
  await push(first, world.options)
  await grantAccess(first, { ...world.options, address: liar, role: 'writer' })
  const address = `local:${repository}`
  // With a cache that knows nothing of others.
  await cp(world.options.homeDir, place('home'), { recursive: true })
  const options = { ...world.options, homeDir: place('home'), useCache: schedule.useCache }
  const honest = schedule.isClone ? place('clone') : first
  if (schedule.isClone) await clone(address, honest, options)
  await clone(address, place('reader'), world.options)
  const branch = schedule.honest === 'branch' ? 'topic' : 'main'
  const limits = schedule.folds ? { smallPacks: 2 } : undefined
  const rest = { world, schedule, root, address, repository, branch, options, limits }
  return { ...rest, honest, liar: place('liar'), reader: place('reader') }
}

function drawContents(rng: Rng): Record<string, Uint8Array> {
  const paths = ['a.bin', 'new.bin', 'sub/new/deep.bin', 'sub/b.txt', 'other/x.bin']
  const files: Record<string, Uint8Array> = { 'one.bin': noise(1 + rng.below(2_000), rng.nextU32()) }
  for (let count = rng.below(MAX_FILES); count > 0; count--) {
    const path = paths[rng.below(paths.length)]!
    const length = 1 + (rng.below(3) === 0 ? rng.below(20) : rng.below(MAX_FILE_BYTES))
    const isOld = rng.below(4) === 0
    files[path] = isOld ? (BASE['a.bin'] as Uint8Array) : noise(length, rng.nextU32())
  }
  return files
}

/** What the honest writer will want to push, as far as it can be known now. */
async function comingFrom(stage: Stage, contents: Record<string, Uint8Array>): Promise<Coming[]> {
  const dir = join(stage.root, 'coming')
  await cp(stage.honest, dir, { recursive: true })
  if (Object.keys(contents).length > 0) await stage.world.change(dir, contents)
  await using workspace = await openWorkspace(dir)
  const have = [workspace.refs.read('remotes/origin/main') as ObjectId]
  const missing = await findMissing(workspace, await findLocalTarget(workspace, stage.branch), have, undefined)
  return await Promise.all(
    missing.map(async (object) => ({ object, bytes: await workspace.store.read(object.kind, object.id) })),
  )
}

/** While the lie stands a reader has what was there before, or what the liar has, or is told. */
async function readLie({ world, reader }: Stage, base: Map<string, string>, said: Map<string, string>) {
  const outcome = await outcomeOf(pull(reader, world.options))
  const seen = await snapshot(reader)
  if (!isSame(seen, base) && (outcome !== 'done' || !isSame(seen, said))) throw new Error('a reader got wrong files')
  await assertSound(reader)
  return outcome
}

/** @returns false if it came to an end that the network is to blame for */
async function cutPush({ schedule, honest, branch, options, limits }: Stage, told: string[]): Promise<boolean> {
  const { how, at } = schedule.cut!
  let requests = 0
  let isCut = false
  const cutting: typeof fetch = async (input, init) => {
    if (isCut) throw new TypeError('fetch failed')
    if (requests++ !== at) return fetch(input, init)
    isCut = true
    if (how === 'lost') await (await fetch(input, init)).arrayBuffer()
    throw new TypeError('fetch failed')
  }
  try {
    await push(honest, { ...options, limits, ref: branch, fetch: cutting })
    return true
  } catch (error) {
    const { code } = coded(error)
    told.push(code)
    return false
  }
}

/** Pushes, and after an error does what it says, until it is done.
 */
async function pushAsTold({ honest, branch, options, limits }: Stage, told: string[]): Promise<PushResult> {
  const author = { name: 'Writer', email: '' }
  const tried = new Set<string>()
  let force = false
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++)
    try {
      return await push(honest, { ...options, limits, ref: branch, force })
    } catch (error) {
      const { code, hints } = coded(error)
      told.push(code)
      const command = hints
        .flatMap((hint) => [...hint.matchAll(/`floe ([^`]+)`/g)].map(([, words]) => words!))
        .find((words) => ['pull', 'fetch', 'push --force'].includes(words) && !tried.has(words))
      if (command === undefined) throw new Error(`stuck: ${told.join(' ')}`, { cause: error })
      tried.add(command)
      if (command === 'push --force') {
        force = true
        told.push('--force')
      } else {
        const job = command === 'pull' ? pull(honest, { ...options, author }) : fetchRemote(honest, options)
        told.push(`${command}: ${await outcomeOf(job)}`)
      }
    }
  throw new Error(`no end: ${told.join(' ')}`)
}

async function assertWhole(stage: Stage, isForced: boolean): Promise<Record<string, string>> {
  const { world, schedule, root, address, repository, honest, reader, branch } = stage
  const expected = await snapshot(honest)
  await assertSound(honest)
  const ref = `heads/${branch}`
  const context = await openRemoteContext('local', world.options)
  const { current } = await readRemotePosition(context.repository(repository), ref, {})
  const readers = { ...world.options, ref }
  const outcomes: Record<string, string> = {}

  /** A clone; where a branch that nobody pushes to honestly is in its way, as it is told to: by the log. */
  const cloned = async (name: string, options: Partial<RemoteOptions>) => {
    const dir = join(root, name)
    try {
      await clone(address, dir, { ...readers, ...options })
    } catch (error) {
      const { code, data, hints } = coded(error)
      const isOther = code === 'REMOTE_TIP_INCOMPLETE' && data['ref'] === schedule.ref && data['ref'] !== ref
      if (!isOther || !hints.some((hint) => hint.includes('--at-log'))) throw error
      outcomes[name] = `${code} --at-log`
      await clone(address, dir, { ...readers, ...options, ref: undefined, atLog: current!.push })
    }
    if (!isSame(await snapshot(dir), expected)) throw new Error(`${name}: a clone differs from what was pushed`)
  }
  await cloned('copy', {})
  await verifyRemote(address, { ...readers, full: true })

  const going = new Set<string>()
  try {
    const { proposed, waiting } = await gcRemote(honest, { ...stage.options, dryRun: true })
    for (const { blobId } of [...proposed, ...waiting]) going.add(blobId)
    outcomes['gc'] = going.size > 0 ? 'proposes' : 'nothing'
  } catch (error) {
    // It changes nothing while a branch cannot be read, and says how to find that branch.
    const { kind, code, hints } = error as FloeError
    if (kind !== 'integrity' || schedule.ref === ref || hints.length === 0) throw error
    outcomes['gc'] = code
  }
  const without: typeof fetch = async (input, init) =>
    [...going].some((blobId) => String(input).includes(blobId)) ? new Response('', { status: 404 }) : fetch(input, init)
  if (going.size > 0) await cloned('without', { fetch: without })

  if (branch !== 'main') return outcomes
  outcomes['reader after'] = await outcomeOf(pull(reader, { ...world.options, author: { name: 'Reader', email: '' } }))
  await assertSound(reader)
  if (schedule.ref !== ref && outcomes['reader after'] === 'REMOTE_TIP_INCOMPLETE') return outcomes
  if (isForced && outcomes['reader'] === 'done') return outcomes
  if (outcomes['reader after'] !== 'done') throw new Error(`a reader cannot pull: ${outcomes['reader after']}`)
  if (!isForced && !isSame(await snapshot(reader), expected)) throw new Error('a reader lacks what was pushed')
  return outcomes
}

async function assertSound(dir: string): Promise<void> {
  await using workspace = await openWorkspace(dir)
  const report = await verifyLocal(workspace, { full: true })
  if (!report.ok) throw new Error(`${dir} is damaged: ${JSON.stringify(report)}`)
}

/** `done`, or the code of what it ended with. */
async function outcomeOf(job: Promise<unknown>): Promise<string> {
  try {
    await job
    return 'done'
  } catch (error) {
    return coded(error).code
  }
}

/** An error that says what is the matter and what to do. */
function coded(error: unknown): FloeError {
  if (!(error instanceof FloeError) || error.kind === 'internal') throw error
  if (error.hints.length === 0) throw new Error(`${error.code} says not what to do: ${error.message}`, { cause: error })
  return error
}

function isSame(a: Map<string, string>, b: Map<string, string>): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort())
}
