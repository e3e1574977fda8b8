/** Peak memory of the client, with the program as it is published: a push, a clone, and a stream of all files, of a dataset that
 *  fits no memory, and of one an eighth as large beside it. The official client holds a blob several times over and does not
 *  take a dataset; what it needs for 128 MiB is in the section of transfers.
 *
 *  `FLOE_BENCH_MIB` (default 8192) for a smaller one. It takes some six times that on disk, and 20 minutes on two cores. */

import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NETWORK_FLAGS } from '../../src/localnet/daemon.ts'
import { localNetworkProfile } from '../../src/repo/local-profile.ts'
import { makeLargeDataset } from '../e2e/large-dataset.ts'
import { table } from './measure.ts'
import type { Bench } from './run.ts'
import type { NetworkAnswer } from './transfer-network.ts'
import { buildFloe, cleanEnv, type Timed, timed } from './vcs-tools.ts'

const MEBIBYTES = Number(process.env.FLOE_BENCH_MIB ?? 8192)
const SMALLER = MEBIBYTES / 8
const SHARDS = 208
/** What no dataset may exceed. */
const BOUND_MEBIBYTES = 1024
const NETWORK = 'bench'
/** The nodes keep five times what is pushed, as fast as the disk takes that. */
const LIMIT_MS = 60 * 60_000
const STREAM = fileURLToPath(new URL('../e2e/clone-child.ts', import.meta.url))

const VERBS = ['push', 'clone', 'stream'] as const
type Runs = Record<(typeof VERBS)[number], Timed>

export const bench: Bench = {
  title: 'Peak memory of the client',
  async run(log) {
    const floe = buildFloe()
    const runs: [number, Runs][] = []
    for (const size of [SMALLER, MEBIBYTES]) runs.push([size, await transferred(floe, size, log)])
    const head = ['', ...runs.flatMap(([size]) => [`${size} MiB: peak, MiB`, 'wall, s']), 'larger ÷ smaller', '÷ bound']
    const rows = VERBS.map((verb) => {
      const peaks = runs.map(([, { [verb]: run }]) => run.peakBytes / 2 ** 20)
      const cells = runs.flatMap(([, { [verb]: run }], i) => [peaks[i]!.toFixed(0), (run.wallMs / 1000).toFixed(0)])
      return [`floe ${verb}`, ...cells, (peaks[1]! / peaks[0]!).toFixed(2), (peaks[1]! / BOUND_MEBIBYTES).toFixed(2)]
    })
    return [
      `Noise in files of 32 MiB, ${SHARDS} shards on 13 nodes, once each; the bound is ${BOUND_MEBIBYTES} MiB. \`stream\` is`,
      '`openDataset` with all files in shuffled order, from the sources, which cost Node some 40 MiB to read.',
      '',
      table(head, rows),
    ].join('\n')
  },
}

async function transferred(floe: readonly string[], mebibytes: number, log: (line: string) => void): Promise<Runs> {
  const dir = mkdtempSync(join(tmpdir(), 'floe-bench-memory-'))
  let network: ChildProcess | undefined
  try {
    network = fork(new URL('transfer-network.ts', import.meta.url), [join(dir, 'net'), String(SHARDS), 'real'], {
      execArgv: [...NETWORK_FLAGS],
    })
    const [{ info }] = (await once(network, 'message')) as [NetworkAnswer]
    const profile = { ...localNetworkProfile(info), name: NETWORK }
    // Of a user each, so that nothing is in the cache.
    const userOf = (name: string) => {
      const env = cleanEnv(join(dir, `user-${name}`))
      mkdirSync(join(env.FLOE_HOME!, 'networks'), { recursive: true })
      writeFileSync(join(env.FLOE_HOME!, 'networks', `${NETWORK}.json`), JSON.stringify(profile))
      return { env, forget: () => rmSync(env.HOME!, { recursive: true }) }
    }
    const measure = (verb: string, words: readonly string[], env: NodeJS.ProcessEnv, cwd = dir) => {
      const run = timed(words, { cwd, env, limitMs: LIMIT_MS })
      log(`  ${verb} of ${mebibytes} MiB: ${(run.peakBytes / 2 ** 20).toFixed(0)} MiB, ${run.wallMs.toFixed(0)} ms`)
      return run
    }

    const data = join(dir, 'data')
    await makeLargeDataset(data, mebibytes)
    const writer = userOf('push')
    const floeIn = (...words: string[]) =>
      execFileSync(floe[0]!, [...floe.slice(1), ...words], { cwd: data, env: writer.env })
    floeIn('init', '-q')
    floeIn('commit', '-q', '-A', '-m', 'large', '--author', 'Bench <bench@example.org>')
    const push = measure(
      'push',
      [...floe, 'push', '--create', 'large', '--network', NETWORK, '--yes'],
      writer.env,
      data,
    )
    const { remotes } = JSON.parse(floeIn('remote', '--json').toString()) as { remotes: { repository: string }[] }
    const address = `${NETWORK}:${remotes[0]!.repository}`
    rmSync(data, { recursive: true })
    writer.forget()

    const target = join(dir, 'target')
    const reader = userOf('clone')
    const clone = measure('clone', [...floe, 'clone', address, target], reader.env)
    rmSync(target, { recursive: true })
    reader.forget()

    const trainer = userOf('stream')
    const options = { homeDir: trainer.env.FLOE_HOME, networks: [profile] }
    const stream = measure(
      'stream',
      [process.execPath, STREAM, 'stream', address, '', JSON.stringify(options)],
      trainer.env,
    )
    return { push, clone, stream }
  } finally {
    if (network) {
      network.send({ ask: 'stop' })
      await once(network, 'exit')
    }
    rmSync(dir, { recursive: true, force: true })
  }
}
