/** Cloning many small files, against `cp -r` of them: with the network, and from the cache of the user's workspaces, which is
 *  a clone without the network's own time. `FLOE_BENCH_FILES` makes it smaller. */

import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRng } from '../../src/base/rng.ts'
import { add } from '../../src/repo/add.ts'
import { clone } from '../../src/repo/clone.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { localNetworkProfile } from '../../src/repo/local-profile.ts'
import { push } from '../../src/repo/push.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { interleave, table } from './measure.ts'
import type { Bench } from './run.ts'
import type { NetworkAnswer } from './transfer-network.ts'

const FILES = Number(process.env.FLOE_BENCH_FILES ?? 50_000)
const MEAN_BYTES = 6000
const FOLDERS = 200
const ROUNDS = 5
const WARM_UPS = 1

export const bench: Bench = {
  title: `clone of ${FILES.toLocaleString('en')} files of some 6 kB against cp -r`,
  async run(log) {
    const dir = mkdtempSync(join(tmpdir(), 'floe-bench-clone-'))
    let network: ChildProcess | undefined
    try {
      const child = new URL('transfer-network.ts', import.meta.url)
      network = fork(child, [join(dir, 'net'), '208', 'real'])
      const [{ info }] = (await once(network, 'message')) as [NetworkAnswer]
      const options = { homeDir: join(dir, 'home'), networks: [localNetworkProfile(info)] }
      const origin = join(dir, 'origin')
      const bytes = await makeDataset(origin)
      const { repository } = await push(origin, { ...options, create: { name: 'bench', network: 'local' } })
      log(`${FILES} files, ${(bytes / 1e6).toFixed(0)} MB pushed`)
      const address = `local:${repository}`
      await clone(address, join(dir, 'warm'), options)
      rmSync(join(origin, '.floe'), { recursive: true })
      // Every run has a folder of its own, and nothing is removed before the end: ext4 gives no inode out again for minutes
      // after its file was removed, and walks over all of them at every new file, so that `cp -r` after an `rm -r` takes
      // ten times as long as one into a new folder (five to fifty seconds here).
      let runs = 0
      const target = () => join(dir, `target-${runs++}`)
      const contenders = [
        { name: 'cp -r', run: () => void execFileSync('cp', ['-r', origin, target()]) },
        { name: 'clone, from the cache', run: () => clone(address, target(), options) },
        { name: 'clone, over the network', run: () => clone(address, target(), { ...options, useCache: false }) },
      ]
      const measured = await interleave(contenders, ROUNDS, WARM_UPS, log)
      const copy = measured.get('cp -r')!.wallMs
      return table(
        ['', 'median, ms', 'best, ms', "this process's CPU, ms", 'times cp -r'],
        contenders.map(({ name }) => {
          const { wallMs, cpuMs, rounds } = measured.get(name)!
          return [name, wallMs.toFixed(0), Math.min(...rounds).toFixed(0), cpuMs.toFixed(0), (wallMs / copy).toFixed(2)]
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
