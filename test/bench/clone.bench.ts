/** Cloning many small files with the program as it is published, against `cp -r` of them: into a new home, so that all comes over
 *  the network, and from the cache of the user's workspaces. Beside them the network's own time: the same packs, fetched and
 *  verified sliver by sliver into memory, and dropped. `FLOE_BENCH_FILES` makes it smaller. */

import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createRng } from '../../src/base/rng.ts'
import { add } from '../../src/repo/add.ts'
import { packPieces } from '../../src/repo/bring-packs.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { localNetworkProfile } from '../../src/repo/local-profile.ts'
import { push } from '../../src/repo/push.ts'
import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import { openRemoteSource } from '../../src/repo/remote-source.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { interleave, median, table } from './measure.ts'
import type { Bench } from './run.ts'
import type { NetworkAnswer } from './transfer-network.ts'
import { buildFloe, cleanEnv, type Timed, timed } from './vcs-tools.ts'

const FILES = Number(process.env.FLOE_BENCH_FILES ?? 50_000)
const MEAN_BYTES = 6000
const FOLDERS = 200
const ROUNDS = 5
const WARM_UPS = 1
/** For the host of a virtual machine to write what it took. */
const SETTLE_MS = 3000

const NETWORK = 'bench'

export const bench: Bench = {
  title: `floe clone of ${FILES.toLocaleString('en')} files of some 6 kB against cp -r`,
  async run(log) {
    const dir = mkdtempSync(join(tmpdir(), 'floe-bench-clone-'))
    let network: ChildProcess | undefined
    try {
      const floe = buildFloe()
      const child = new URL('transfer-network.ts', import.meta.url)
      network = fork(child, [join(dir, 'net'), '208', 'real'])
      const [{ info }] = (await once(network, 'message')) as [NetworkAnswer]
      const profile = { ...localNetworkProfile(info), name: NETWORK }
      const options = { homeDir: join(dir, 'home'), networks: [profile] }
      const origin = join(dir, 'origin')
      const bytes = await makeDataset(origin)
      const { repository } = await push(origin, { ...options, create: { name: 'bench', network: NETWORK } })
      log(`${FILES} files, ${(bytes / 1e6).toFixed(0)} MB pushed`)
      rmSync(join(origin, '.floe'), { recursive: true })
      // Every run has a folder of its own, and nothing is removed before the end: ext4 gives no inode out again for minutes
      // after its file was removed, and walks over all of them at every new file, so that `cp -r` after an `rm -r` takes
      // ten times as long as one into a new folder (five to fifty seconds here).
      let runs = 0
      const target = () => join(dir, `target-${runs++}`)
      const home = () => {
        const env = cleanEnv(join(dir, `user-${runs++}`))
        mkdirSync(join(env.FLOE_HOME!, 'networks'), { recursive: true })
        writeFileSync(join(env.FLOE_HOME!, 'networks', `${NETWORK}.json`), JSON.stringify(profile))
        return env
      }
      // Packs go, some dozen large files: what a run has written stays in memory, and a virtual machine gets more of that from
      // its host at microseconds a page (600 MB written by `dd` took one to three seconds, half a second where a file of that
      // length had just been removed).
      const packs: string[] = []
      const prepare = async () => {
        for (const dir of packs.splice(0)) rmSync(dir, { recursive: true })
        // What the one before has left to be written is not this one's matter: `cp -r` comes after one that writes nothing, the
        // others after one that has just written.
        execFileSync('sync')
        await setTimeout(SETTLE_MS)
      }
      const used = new Map<string, Timed[]>()
      const command = (name: string, words: () => readonly string[], env: () => NodeJS.ProcessEnv) => ({
        name,
        prepare,
        run: () => void used.set(name, [...(used.get(name) ?? []), timed(words(), { cwd: dir, env: env() })]),
      })
      const sameHome = home()
      const clone = () => {
        const at = target()
        packs.push(join(at, '.floe'))
        return [...floe, 'clone', `${NETWORK}:${repository}`, at]
      }
      const newHome = () => {
        const env = home()
        packs.push(join(env.FLOE_HOME!, 'cache'))
        return env
      }
      timed(clone(), { cwd: dir, env: sameHome })
      const names = ['cp -r', 'floe clone, from the cache', 'floe clone, over the network'] as const
      const alone = 'the network alone'
      const contenders = [
        command(
          names[0],
          () => ['cp', '-r', origin, target()],
          () => sameHome,
        ),
        command(names[1], clone, () => sameHome),
        command(names[2], clone, newHome),
        { name: alone, prepare, run: () => fetchPacks(repository, options) },
      ]
      const measured = await interleave(contenders, ROUNDS, WARM_UPS, log)
      const copyMs = measured.get(names[0])!.wallMs
      const networkMs = measured.get(alone)!.wallMs
      return table(
        ['', 'median, ms', 'best, ms', 'CPU, ms', 'peak, MiB', 'times cp -r', 'without the network'],
        [...names, alone].map((name) => {
          const { wallMs, rounds } = measured.get(name)!
          const runsOfIt = used.get(name)?.slice(WARM_UPS) ?? []
          const of = (pick: (run: Timed) => number) =>
            runsOfIt.length > 0 ? median(runsOfIt.map(pick)).toFixed(0) : ''
          const isOverNetwork = name === names[2]
          return [
            name,
            wallMs.toFixed(0),
            Math.min(...rounds).toFixed(0),
            of(({ cpuMs }) => cpuMs),
            of(({ peakBytes }) => peakBytes / 2 ** 20),
            (wallMs / copyMs).toFixed(2),
            isOverNetwork ? ((wallMs - networkMs) / copyMs).toFixed(2) : '',
          ]
        }),
      )
    } finally {
      if (network) {
        network.send({ ask: 'stop' })
        await once(network, 'exit')
      }
      rmSync(dir, { recursive: true, force: true })
    }
  },
}

/** All packs of a repository, as a clone fetches them. */
async function fetchPacks(repository: string, options: RemoteOptions): Promise<void> {
  await using source = await openRemoteSource(NETWORK, repository, { ...options, useCache: false })
  const remote = await source.objects(source.refs.map(source.recordOf))
  const blobIds = new Map<string, Uint8Array>()
  for (const place of remote.segments) {
    const { packs } = await remote.openSegment(place)
    for (const blobId of [place.blobId, ...packs]) blobIds.set(Buffer.from(blobId).toString('hex'), blobId)
  }
  for (const blobId of blobIds.values()) for await (const _ of packPieces(await remote.openPack(blobId)));
}

async function makeDataset(dir: string): Promise<number> {
  const rng = createRng(3)
  let total = 0
  for (let i = 0; i < FOLDERS; i++) mkdirSync(join(dir, `folder-${i}`), { recursive: true })
  for (let i = 0; i < FILES; i++) {
    const content = rng.fill(new Uint8Array(MEAN_BYTES / 2 + rng.below(MEAN_BYTES)))
    writeFileSync(join(dir, `folder-${i % FOLDERS}`, `${i}.bin`), content)
    total += content.length
  }
  await initWorkspace(dir)
  await using workspace = await openWorkspace(dir)
  await add(workspace, { all: true })
  await commit(workspace, { message: 'data', author: { name: 'bench', email: '' } })
  return total
}
