/** A dataset from a folder to a network and back, with the library alone. */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { add, clone, commit, initWorkspace, localNetworkProfile, openWorkspace, push, type RemoteOptions } from 'floe'
import { startLocalNetwork } from 'floe/localnet'

/** @param log - told what happened, a line at a time */
export async function quickStart(log: (line: string) => void): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'floe-example-'))
  // Another network is another profile; the rest of this file stays as it is.
  await using network = await startLocalNetwork({ dir: join(root, 'network'), sync: false })
  const remote: RemoteOptions = { homeDir: join(root, 'home'), networks: [localNetworkProfile(network)] }
  try {
    const dir = join(root, 'words')
    await initWorkspace(dir, {})
    await mkdir(join(dir, 'data'))
    await writeFile(join(dir, 'data', 'train.csv'), 'word,label\nfloe,1\nberg,0\n')

    await using workspace = await openWorkspace(dir)
    const staged = await add(workspace, { all: true })
    const first = await commit(workspace, { message: 'two words', author: { name: 'Ada', email: 'ada@example.org' } })
    log(`committed ${staged.files} file as ${first.commit.slice(0, 12)}`)

    const pushed = await push(dir, { ...remote, create: { name: 'words', network: 'local' }, yes: true })
    log(`pushed ${pushed.ref}: ${pushed.packs.length} packs certified until epoch ${pushed.cost.endEpoch}`)

    const copy = await clone(`local:${pushed.repository}`, join(root, 'copy'), remote)
    log(`cloned ${copy.files} file at ${copy.commit.slice(0, 12)}`)
    log(await readFile(join(copy.dir, 'data', 'train.csv'), 'utf8'))
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

if (import.meta.main) await quickStart(console.log)
