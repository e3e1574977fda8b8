/** Push and pull of one blob, our client against `@mysten/walrus`, each run in a process of its own beside the same
 *  local network in another: real nodes, and idle ones for the clients alone. Both write, both read what they wrote.
 *
 *  `FLOE_BENCH_MIB` (default 128), `FLOE_BENCH_ROUNDS` (5), `FLOE_BENCH_SHARDS` (`208,1000`) for smaller runs. All of it takes
 *  about twenty minutes on two idle cores, nearly all of it the official client's. */

import { type ChildProcess, execFile, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { NETWORK_FLAGS } from '../../src/localnet/daemon.ts'
import { median, table } from './measure.ts'
import type { Bench } from './run.ts'
import type { TransferJob, TransferResult } from './transfer-client.ts'
import type { NetworkAnswer } from './transfer-network.ts'

const MEBIBYTES = Number(process.env['FLOE_BENCH_MIB'] ?? 128)
const ROUNDS = Number(process.env['FLOE_BENCH_ROUNDS'] ?? 5)
const SHARDS = (process.env['FLOE_BENCH_SHARDS'] ?? '208,1000').split(',').map(Number)
const CLIENTS = ['floe', 'official', 'floe, whole verb'] as const
const RUN_TIMEOUT_MS = 300_000
const MAX_TRIES = 3
const run = promisify(execFile)
const here = (file: string) => new URL(file, import.meta.url).pathname
/** Our client as it is published, like the official one; below node_modules, where it finds its packages. */
const BUILD = fileURLToPath(new URL('../../node_modules/.cache/floe-bench', import.meta.url))
const CLIENT = join(BUILD, 'bench/transfer-client.js')

interface Sample extends TransferResult {
  nodesCpuMs: number
  requests: number
  wireBytes: number
}
type Samples = Map<string, Sample[]>

const address = Ed25519Keypair.deriveKeypairFromSeed('11'.repeat(32)).toSuiAddress()

class Network {
  readonly #child: ChildProcess
  constructor(dir: string, shards: number, kind: 'real' | 'idle') {
    this.#child = fork(here('transfer-network.ts'), [dir, String(shards), kind], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [...NETWORK_FLAGS],
    })
  }
  next(): Promise<NetworkAnswer> {
    return new Promise((resolve, reject) => {
      const failed = () => reject(new Error('the network of the bench ended'))
      this.#child.once('exit', failed)
      this.#child.once('message', (message) => {
        this.#child.off('exit', failed)
        resolve(message as NetworkAnswer)
      })
    })
  }
  ask(ask: string, more: object = {}): Promise<NetworkAnswer> {
    const answer = this.next()
    this.#child.send({ ask, ...more })
    return answer
  }
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.send({ ask: 'stop' })
    await ended
  }
}

/** On a busy machine the official client can lose a connection while it encodes on its only thread; it is given two more
 *  chances, which the log shows. */
async function runClient(job: TransferJob, log: (line: string) => void): Promise<string> {
  for (let tries = 1; ; tries++)
    try {
      const { stdout } = await run(process.execPath, [CLIENT, JSON.stringify(job)], {
        timeout: RUN_TIMEOUT_MS,
      })
      return stdout
    } catch (error) {
      const text = String((error as { stderr?: string }).stderr ?? error)
      log(`  ${job.what} ${job.who} failed: ${/^\w*Error: .*$/m.exec(text)?.[0] ?? text.slice(0, 200)}`)
      if (tries >= MAX_TRIES) throw error
    }
}

/** All clients once, on a network of their own: its state is the same for every round. */
async function round(
  number: number,
  shards: number,
  bytes: number,
  idle: boolean,
  samples: Samples,
  log: (line: string) => void,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'floe-bench-transfer-'))
  const network = new Network(join(dir, 'net'), shards, idle ? 'idle' : 'real')
  try {
    const { info } = await network.next()
    await network.ask('fund', { address })
    // Who begins changes from round to round.
    const clients = clientsOf(idle)
    const order = clients.map((_, i) => clients[(i + number) % clients.length]!)
    for (const who of order) {
      let from: string | null = null
      for (const what of ['push', 'pull'] as const) {
        const seed = number * 10 + CLIENTS.indexOf(who)
        const job: TransferJob = { who, what, bytes, seed, info, from, dir }
        await network.ask('measure')
        const stdout = await runClient(job, log)
        const result = JSON.parse(stdout) as TransferResult
        const { cpuMs, traffic } = await network.ask('measure')
        from = result.stored
        const sample: Sample = {
          ...result,
          nodesCpuMs: cpuMs,
          requests: traffic.requests,
          wireBytes: traffic.bytesIn + traffic.bytesOut,
        }
        const key = `${what} ${who}`
        samples.set(key, [...(samples.get(key) ?? []), sample])
        const { wallMs, peakBytes } = result
        log(
          `  round ${number + 1}, ${shards} shards, ${idle ? 'idle' : 'real'} nodes, ${key}: ${wallMs.toFixed(0)} ms, ` +
            `CPU ${result.cpuMs.toFixed(0)} ms (network ${cpuMs.toFixed(0)}), peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB`,
        )
      }
      await network.ask('forget')
    }
  } finally {
    await network.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

/** Whole verbs are many requests to the ledger too: beside idle nodes they say nothing more. */
function clientsOf(idle: boolean): readonly (typeof CLIENTS)[number][] {
  return idle ? CLIENTS.slice(0, 2) : CLIENTS
}

function section(title: string, samples: Samples, idle: boolean): string {
  const head = [
    '',
    'wall, ms',
    'less',
    'client CPU, ms',
    'less',
    'network CPU, ms',
    'peak, MiB',
    ...(idle ? ['requests', 'MiB on the wire'] : []),
  ]
  const rows = (['push', 'pull'] as const).flatMap((what) => {
    const all = (who: string) => samples.get(`${what} ${who}`)!
    const of = (who: string, pick: (sample: Sample) => number) => median(all(who).map(pick))
    // Within each round: other work on the machine, which comes and goes, meets both.
    const times = (who: string, pick: (sample: Sample) => number) =>
      `${median(all('official').map((sample, round) => pick(sample) / pick(all(who)[round]!))).toFixed(1)}×`
    return clientsOf(idle).map((who) => [
      `${what}, ${who}`,
      of(who, (s) => s.wallMs).toFixed(0),
      who === 'official' ? '' : times(who, (s) => s.wallMs),
      of(who, (s) => s.cpuMs).toFixed(0),
      who === 'official' ? '' : times(who, (s) => s.cpuMs),
      of(who, (s) => s.nodesCpuMs).toFixed(0),
      of(who, (s) => s.peakBytes / 2 ** 20).toFixed(0),
      ...(idle ? [of(who, (s) => s.requests).toFixed(0), of(who, (s) => s.wireBytes / 2 ** 20).toFixed(1)] : []),
    ])
  })
  return `### ${title}\n\n${table(head, rows)}\n${idle ? '' : `\n${leastWall(samples)}\n`}`
}

/** What keeps a push from being faster still, beside a network that shares the client's processors. */
function leastWall(samples: Samples): string {
  const cpuMs = (who: string) => median(samples.get(`push ${who}`)!.map((sample) => sample.cpuMs + sample.nodesCpuMs))
  const [ours, theirs] = ['floe', 'official'].map((who) => cpuMs(who) / availableParallelism())
  return `Client and network together need their processor time, so that no push can take less than ${ours!.toFixed(0)} ms here (official ${theirs!.toFixed(0)}).`
}

export const bench: Bench = {
  title: 'Push and pull, against @mysten/walrus 1.2.13',
  async run(log) {
    await run(process.execPath, [
      here('../../.ci/build.ts'),
      BUILD,
      `bench/transfer-client=${here('transfer-client.ts')}`,
    ])
    const parts = [
      `Medians of ${ROUNDS}, in turn, ${MEBIBYTES} MiB that do not compress, 13 nodes; "less" is the median of the`,
      'ratios within each round. Every run is a process of its own, built JavaScript, timed',
      'from loaded modules to the certified blob (or its bytes), threads and ledger included. "Whole verb" is `floe push` of a',
      'committed file into a new repository and `floe clone`: chunks, packs, ref, files and two blobs instead of one. The',
      'network (nodes and ledger, one process) shares the two cores with the client; idle nodes check nothing.',
      '',
    ]
    for (const shards of SHARDS)
      for (const idle of [false, true]) {
        const samples: Samples = new Map()
        for (let number = 0; number < ROUNDS; number++)
          await round(number, shards, MEBIBYTES * 2 ** 20, idle, samples, log)
        parts.push(section(`${shards} shards, ${idle ? 'idle' : 'real'} nodes`, samples, idle))
      }
    parts.push(`Load average of the last 15 minutes at the end: ${loadavg()[2]!.toFixed(1)}.`)
    return parts.join('\n')
  },
}
