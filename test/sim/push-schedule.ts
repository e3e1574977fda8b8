/** Seeded schedules of faults for whole pushes: of the ledger's answers, of nodes that restart, of epochs that end, at any
 *  request. `FLOE_SIM_SEED=<seed> npx vitest run test/sim/push.test.ts` shows the same again.
 *
 *  Whatever happens, the push ends in time, done or with a coded error; the next one, undisturbed, succeeds; both
 *  together are paid once; and what a clone then reads is what was committed. */

import { rm } from 'node:fs/promises'
import { FloeError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { clone } from '../../src/repo/clone.ts'
import { showAddress } from '../../src/repo/key.ts'
import { push } from '../../src/repo/push.ts'
import { type LocalWorld, noise, snapshot } from '../e2e/local-world.ts'

/** What happens when a request is made. `lost`: it took effect, but nobody hears of it. `stale`: the ledger answers as it
 *  did when it was first asked the same. */
export const EVENTS = ['unreachable', 'lost', 'unavailable', 'stale', 'epoch', 'epoch-after', 'restart-node'] as const
export type EventKind = (typeof EVENTS)[number]

export interface PushEvent {
  kind: EventKind
  /** Number of the request that it happens to, and how many in a row. */
  at: number
  count: number
  node: number
}

/** Longest that a push may take under any schedule. */
export const DEADLINE_MS = 60_000
const NODES = 13
/** About as many requests as a push of one small file makes: 26 slivers, 13 nodes, the ledger. */
const REQUESTS = 110
const MAX_EVENTS = 3

/** Seeds from here on: an epoch that ends right before a request, or right after its answer, one request after the other. */
const EXACT_SEED = 1_000_000

export function seedOfEpoch(at: number, when: 'epoch' | 'epoch-after'): number {
  return EXACT_SEED + 2 * at + (when === 'epoch' ? 0 : 1)
}

export function eventsOf(seed: number): PushEvent[] {
  if (seed >= EXACT_SEED) {
    const exact = seed - EXACT_SEED
    return [{ kind: exact % 2 === 0 ? 'epoch' : 'epoch-after', at: exact >> 1, count: 1, node: 0 }]
  }
  const rng = createRng(seed)
  return Array.from({ length: 1 + rng.below(MAX_EVENTS) }, () => ({
    kind: EVENTS[rng.below(EVENTS.length)]!,
    at: rng.below(REQUESTS),
    count: 1 + rng.below(4),
    node: rng.below(NODES),
  }))
}

export function replayOf(seed: number): string {
  const events = eventsOf(seed).map(({ kind, at, count, node }) =>
    kind === 'restart-node' ? `${kind} ${node} at ${at}` : `${kind} ×${count} at ${at}`,
  )
  return `replay: FLOE_SIM_SEED=${seed} npx vitest run test/sim/push.test.ts  (${events.join('; ')})`
}

/** A `fetch` to which the events happen; `calm` waits until those it has begun are over. */
function disturbed(
  world: LocalWorld,
  events: readonly PushEvent[],
): { fetch: typeof fetch; calm(): Promise<void>; requests(): number } {
  const first = new Map<string, { status: number; headers: [string, string][]; body: ArrayBuffer }>()
  const under: Promise<unknown>[] = []
  let number = 0
  const send: typeof fetch = async (input, init) => {
    const now = number++
    const isLedger = String(input).startsWith(world.profile.rpcUrl)
    const event = events.find(({ kind, at, count }) =>
      kind.startsWith('epoch') || kind === 'restart-node' ? now === at : now >= at && now < at + count,
    )
    if (event?.kind === 'unreachable') throw new TypeError('fetch failed')
    if (event?.kind === 'unavailable') return new Response('try later', { status: 503 })
    if (event?.kind === 'epoch') await world.net.advanceEpoch()
    if (event?.kind === 'restart-node') {
      await world.net.stopNode(event.node)
      under.push(new Promise((resolve) => setTimeout(resolve, 150)).then(() => world.net.startNode(event.node)))
    }
    const answer = await fetch(input, init)
    if (event?.kind === 'lost') {
      await answer.arrayBuffer()
      throw new TypeError('fetch failed')
    }
    if (event?.kind === 'epoch-after') await world.net.advanceEpoch()
    if (!isLedger) return answer
    const key = `${String(input)} ${init?.body ? Buffer.from(init.body as Uint8Array).toString('base64') : ''}`
    const given = { status: answer.status, headers: [...answer.headers], body: await answer.arrayBuffer() }
    const earliest = first.get(key) ?? given
    first.set(key, earliest)
    const { status, headers, body } = event?.kind === 'stale' ? earliest : given
    return new Response(body.slice(0), { status, headers })
  }
  return { fetch: send, calm: async () => void (await Promise.all(under)), requests: () => number }
}

/** A repository that all schedules push to. */
export async function startPushWorld(world: LocalWorld): Promise<string> {
  const dir = await world.workspace('sim', { 'a.bin': noise(2_000, 1) })
  await push(dir, { ...world.options, create: { name: 'sim', network: 'local' } })
  return dir
}

/** @param onRequests - told how many requests the disturbed push made
 *  @returns what the disturbed push came to: `pushed`, or the code of its error
 *  @throws with the command that repeats it */
export async function runPushSchedule(
  world: LocalWorld,
  dir: string,
  seed: number,
  onRequests?: (count: number) => void,
): Promise<string> {
  try {
    return await disturbedPush(world, dir, seed, onRequests)
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n${replayOf(seed)}`, { cause })
  }
}

async function disturbedPush(
  world: LocalWorld,
  dir: string,
  seed: number,
  onRequests?: (count: number) => void,
): Promise<string> {
  const { address } = await showAddress(world.options)
  const ledger = createLedgerClient(world.profile)
  const balance = () => ledger.fetchBalance(address, walCoinType(world.profile))
  // Enough for the push: a visit at the faucet would look like money back.
  await world.net.fund(address, { sui: 10n ** 11n, wal: 10n ** 12n })
  await world.change(dir, { [`${seed}.bin`]: noise(3_000 + (seed % 1000), seed) })
  // Older packs are left as they are: how far they would be extended depends on the epochs that end meanwhile.
  const options = { ...world.options, extendReused: false }
  const dry = await push(dir, { ...options, dryRun: true })
  const before = await balance()
  const { fetch: send, calm, requests } = disturbed(world, eventsOf(seed))
  let outcome = 'pushed'
  const started = performance.now()
  try {
    await push(dir, { ...options, fetch: send, signal: AbortSignal.timeout(DEADLINE_MS) })
  } catch (error) {
    if (!(error instanceof FloeError) || error.kind === 'internal' || error.kind === 'cancelled') throw error
    outcome = error.code
  }
  const ms = performance.now() - started
  if (ms > DEADLINE_MS) throw new Error(`took ${Math.round(ms)} ms`)
  await calm()
  onRequests?.(requests())
  const again = await push(dir, options)
  if (again.$kind === 'dry-run') throw new Error('a dry run')
  const paid = before - (await balance())
  // A fold, which an epoch's end can bring about, is more than was planned; twice the price of a small push is not.
  if (paid <= 0n || paid > BigInt(dry.cost.walFrost)) throw new Error(`paid ${paid} instead of ${dry.cost.walFrost}`)
  const copy = world.path(`sim-${seed}`)
  await clone(`local:${again.repository}`, copy, world.options)
  const [found, expected] = await Promise.all([snapshot(copy), snapshot(dir)])
  if (JSON.stringify([...found].sort()) !== JSON.stringify([...expected].sort())) throw new Error('a clone differs')
  await rm(copy, { recursive: true })
  return outcome
}
