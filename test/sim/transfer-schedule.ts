/** Seeded schedules of faults for the upload and download of one blob. Everything that is random comes from the seed, so
 *  `FLOE_SIM_SEED=<seed> npx vitest run test/sim/transfer.test.ts` shows the same again. */

import { CancelledError, FloeError } from '../../src/base/errors.ts'
import { createRng, type Rng } from '../../src/base/rng.ts'
import type { ErasureCoder } from '../../src/erasure/api.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'
import { verifyCertificate } from '../../src/protocol/certificate.ts'
import { isQuorum } from '../../src/protocol/quorum.ts'
import { blobRangeReader, createRowCache } from '../../src/transfer/blob-range.ts'
import { openBlob } from '../../src/transfer/blob-source.ts'
import { createCommittee } from '../../src/transfer/committee.ts'
import { uploadBlob } from '../../src/transfer/upload.ts'
import { FAULTS, type Fault, type FlakyProxy, startFlakyProxy } from '../faults/flaky-proxy.ts'
import { type FakeNodes, startFakeNodes } from '../transfer/fake-nodes.ts'

/** 13 shards on 10 nodes: f = 4, kp = 5 rows, ks = 9 columns. */
export const SHAPE: readonly number[] = [2, 2, 2, 1, 1, 1, 1, 1, 1, 1]
export const FAULTY_SHARDS = 4
const SHARDS = SHAPE.reduce((sum, weight) => sum + weight, 0)
/** No schedule may take longer, whatever the nodes do. */
export const DEADLINE_MS = 30_000
/** Of the client. Nodes, proxy and client share a thread here, which a busy machine keeps waiting. */
const TIMEOUT_MS = 3_000
const PERMANENT = { $kind: 'permanent' } as const

const sync = createSyncCoder()
export const coder: ErasureCoder = {
  ...(Object.fromEntries(
    Object.entries(sync).map(([name, run]) => [
      name,
      async (...args: unknown[]) => (run as (...args: unknown[]) => unknown)(...args),
    ]),
  ) as unknown as ErasureCoder),
  allocate: sync.allocate,
}

export interface FaultyWorld extends AsyncDisposable {
  nodes: FakeNodes
  proxy: FlakyProxy
}

/** Fresh nodes behind a proxy. */
export async function startFaultyWorld(): Promise<FaultyWorld> {
  const nodes = await startFakeNodes(SHAPE)
  const proxy = await startFlakyProxy(nodes.state.nodes.map((node) => node.url))
  return {
    nodes,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await nodes[Symbol.asyncDispose]()
    },
  }
}

export function committeeOf({ nodes, proxy }: FaultyWorld) {
  const members = nodes.state.nodes.map((node, index) => ({ ...node, url: proxy.url(index) }))
  const state = { ...nodes.state, nodes: members, committee: { ...nodes.state.committee, members } }
  return createCommittee(state, { timeoutMs: TIMEOUT_MS, stallMs: TIMEOUT_MS / 2, random: () => 0.5 })
}

export interface Outcome {
  uploaded: 'certified' | string
  read: 'same bytes' | string
  /** Of a part of the blob, by a client of its own. */
  range: 'same bytes' | string
  ms: number
  /** Answers that were spoiled while writing, and while reading. */
  spoiled: { writing: number; reading: number }
}

/** Uploads with some faults and reads with others. What cannot be done must fail with a code.
 *  @throws if a byte is wrong, a certificate is false, or something else than a coded error comes out */
export async function runFaults(
  world: FaultyWorld,
  bytes: Uint8Array,
  writing: ReadonlyMap<number, Fault>,
  reading: ReadonlyMap<number, Fault>,
): Promise<Outcome> {
  const blob = sync.encodeBlob(SHARDS, bytes)
  const started = performance.now()
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const before = world.proxy.spoiled()
  let uploaded = 'certified'
  world.proxy.set(writing)
  try {
    const expected = { $kind: 'blob-certificate', epoch: 1, blobId: blob.blobId, persistence: PERMANENT } as const
    const { certificate } = await uploadBlob(committeeOf(world), blob, PERMANENT, { retryMs: 20, signal })
    verifyCertificate(world.nodes.state.committee, expected, certificate)
    const weight = certificate.signers.reduce((sum, at) => sum + SHAPE[at]!, 0)
    if (!isQuorum(weight, SHARDS)) throw new Error(`a certificate of ${weight} shards`)
  } catch (error) {
    uploaded = codeOf(error)
    world.nodes.store(blob)
  }
  const between = world.proxy.spoiled()
  world.proxy.set(reading)
  const [read, range] = await Promise.all([
    outcomeOf(async () => {
      const source = await openBlob(committeeOf(world), coder, blob.blobId, { signal })
      return { found: await source.readAll({ signal }), expected: bytes }
    }),
    outcomeOf(async () => {
      const source = await openBlob(committeeOf(world), coder, blob.blobId, { signal })
      const offset = Math.floor(bytes.length / 3)
      const length = Math.ceil(bytes.length / 4)
      const found = await blobRangeReader(source, 'blob', createRowCache()).read(offset, length)
      return { found, expected: bytes.subarray(offset, offset + length) }
    }),
  ])
  const spoiled = { writing: between - before, reading: world.proxy.spoiled() - between }
  return { uploaded, read, range, ms: performance.now() - started, spoiled }
}

async function outcomeOf(job: () => Promise<{ found: Uint8Array; expected: Uint8Array }>): Promise<string> {
  try {
    const { found, expected } = await job()
    if (Buffer.compare(found, expected) !== 0) throw new Error('wrong bytes were read')
    return 'same bytes'
  } catch (error) {
    return codeOf(error)
  }
}

function codeOf(error: unknown): string {
  if (error instanceof FloeError && error.kind === 'network') return error.code
  throw error
}

export interface Schedule {
  seed: number
  bytes: Uint8Array
  writing: Map<number, Fault>
  reading: Map<number, Fault>
}

/** Up to f shards fail while writing, and others, again up to f, while reading. */
export function scheduleOf(seed: number): Schedule {
  const rng = createRng(seed)
  const pick = (): Map<number, Fault> => {
    const faults = new Map<number, Fault>()
    let left = rng.below(FAULTY_SHARDS + 1)
    for (let tries = 0; tries < 20 && left > 0; tries++) {
      const index = rng.below(SHAPE.length)
      if (faults.has(index) || SHAPE[index]! > left) continue
      faults.set(index, FAULTS[rng.below(FAULTS.length)]!)
      left -= SHAPE[index]!
    }
    return faults
  }
  return { seed, bytes: rng.fill(new Uint8Array(1 + rng.below(6_000))), writing: pick(), reading: pick() }
}

export function replayOf({ seed, writing, reading }: Schedule): string {
  const text = (faults: Map<number, Fault>) =>
    [...faults].map(([index, fault]) => `${index}:${fault}`).join(' ') || 'none'
  return `replay: FLOE_SIM_SEED=${seed} npx vitest run test/sim/transfer.test.ts  (writing ${text(writing)}; reading ${text(reading)})`
}

/** A schedule that ended in a coded error or too late, with no more than f shards at fault. Client, proxy and nodes share a
 *  thread: on a machine that others keep busy, honest nodes are late as well. */
export class LateOutcome extends Error {}

/** Runs the schedule of a seed; a failure names the command that shows it again.
 *  @throws {LateOutcome} if it has to be shown alone whether that was the schedule or the machine */
export async function runSchedule(seed: number): Promise<Outcome> {
  const schedule = scheduleOf(seed)
  await using world = await startFaultyWorld()
  const started = performance.now()
  try {
    const outcome = await runFaults(world, schedule.bytes, schedule.writing, schedule.reading)
    if (outcome.ms > DEADLINE_MS) throw new LateOutcome(`took ${Math.round(outcome.ms)} ms`)
    const { uploaded, read, range } = outcome
    if (uploaded !== 'certified' || read !== 'same bytes' || range !== 'same bytes')
      throw new LateOutcome(`with at most f faulty shards: ${uploaded}, ${read}, ${range}`)
    return outcome
  } catch (cause) {
    const isLate =
      cause instanceof LateOutcome || (cause instanceof CancelledError && performance.now() - started >= DEADLINE_MS)
    const text = `${cause instanceof Error ? cause.message : String(cause)}\n${replayOf(schedule)}`
    throw isLate ? new LateOutcome(text, { cause }) : new Error(text, { cause })
  }
}

/** A cell of the fault matrix: nodes with exactly so many shards are at fault in this one way; which, and with what blob, the
 *  seed says. */
export interface Cell {
  fault: Fault
  shards: number
  seed: number
  /** Where it is tested. */
  file: string
}

export function replayOfCell({ fault, seed, file }: Cell): string {
  const config = file.endsWith('.slow.ts') ? ' --config vitest.slow.config.ts' : ''
  return `replay: FLOE_SIM_SEED=${seed} npx vitest run${config} ${file} -t '(${fault})'`
}

/** @throws with the command that repeats it */
export async function runCell(cell: Cell): Promise<Outcome> {
  const rng = createRng(cell.seed)
  const bytes = rng.fill(new Uint8Array(3_000 + rng.below(3_000)))
  const pick = () => new Map(nodesWith(cell.shards, rng).map((index) => [index, cell.fault]))
  await using world = await startFaultyWorld()
  try {
    // An earlier blob, so that there is something stale to answer with.
    await runFaults(world, bytes.subarray(0, 500), new Map(), new Map())
    return await runFaults(world, bytes, pick(), pick())
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n${replayOfCell(cell)}`, { cause })
  }
}

function nodesWith(shards: number, rng: Rng): number[] {
  const nodes: number[] = []
  for (let left = shards; left > 0; ) {
    const index = rng.below(SHAPE.length)
    if (nodes.includes(index) || SHAPE[index]! > left) continue
    nodes.push(index)
    left -= SHAPE[index]!
  }
  return nodes
}
