/** A process that commits until it is killed; run by the kill tests. Arguments: workspace, seed, bytes of large files that
 *  each commit brings besides small ones: from 8 MiB on, threads write the packs. Every other commit is one of all there is.
 *  It prints `ready`, then the id of each commit once `commit` has returned. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRng } from '../../src/base/rng.ts'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { openWorkspace } from '../../src/store/workspace.ts'

const [dir = '', seed = '0', largeBytes = '0'] = process.argv.slice(2)
const rng = createRng(Number(seed))
await using workspace = await openWorkspace(dir)
process.stdout.write('ready\n')
for (let round = 0; ; round++) {
  for (let i = 0; i < 5; i++) {
    const path = `${dir}/d${rng.below(4)}`
    mkdirSync(path, { recursive: true })
    const file = `${path}/f${rng.below(10)}`
    if (rng.below(6) === 0) rmSync(file, { force: true })
    else writeFileSync(file, rng.fill(new Uint8Array(1 + rng.below(40_000))))
  }
  for (let i = 0; i < 3 && largeBytes !== '0'; i++)
    writeFileSync(`${dir}/large${i}`, rng.fill(new Uint8Array(Number(largeBytes) / 3)))
  writeFileSync(`${dir}/round`, `${seed}/${round}`)
  const inOne = round % 2 === 1
  if (!inOne) await add(workspace, { all: true })
  const made = await commit(workspace, { message: `round ${round}`, author: { name: 'Ada', email: '' }, add: inOne })
  process.stdout.write(`${made.commit}\n`)
}
