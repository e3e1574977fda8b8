/** Training from a dataset that is never copied to the trainer: four readers stream their shards in a seeded order, one dies
 *  and goes on where it stopped, and the second epoch comes from the cache. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  add,
  commit,
  initWorkspace,
  localNetworkProfile,
  openDataset,
  openWorkspace,
  push,
  type RemoteOptions,
  type StreamOptions,
} from 'floe'
import { startLocalNetwork } from 'floe/localnet'

const SAMPLES = 120
const READERS = 4

async function publish(dir: string, remote: RemoteOptions): Promise<string> {
  await mkdir(join(dir, 'train'), { recursive: true })
  for (let i = 0; i < SAMPLES; i++)
    await writeFile(join(dir, 'train', `${String(i).padStart(4, '0')}.json`), JSON.stringify({ x: i, y: (i * 7) % 10 }))
  await initWorkspace(dir)
  await using workspace = await openWorkspace(dir)
  await add(workspace, { all: true })
  await commit(workspace, { message: 'samples', author: { name: 'data team', email: '' } })
  const { repository } = await push(dir, { ...remote, create: { name: 'samples', network: 'local' } })
  return `local:${repository}`
}

/** @returns how many samples there are and were seen, where a reader went on, and what the second epoch cost */
export async function trainFromStream(print: (line: string) => void) {
  const dir = await mkdtemp(join(tmpdir(), 'floe-example-'))
  const net = await startLocalNetwork({ dir: join(dir, 'net'), nodes: 13, shards: 13, threads: 1, sync: false })
  try {
    const remote: RemoteOptions = { homeDir: join(dir, 'home'), networks: [localNetworkProfile(net)] }
    const address = await publish(join(dir, 'samples'), remote)

    const seen = new Set<string>()
    let resumedAt = 0
    for (let index = 0; index < READERS; index++) {
      await using dataset = await openDataset(address, { ...remote, ref: 'main' })
      const order: StreamOptions = { paths: ['train/**'], shuffleSeed: 1, shard: { index, count: READERS } }
      let position = 0
      for await (const { path, next } of dataset.stream(order)) {
        seen.add(path)
        position = next
        if (index === 0 && next === 10) break // this reader dies …
      }
      if (index === 0) {
        resumedAt = position // … having saved its position with its checkpoint
        for await (const { path } of dataset.stream({ ...order, from: position })) seen.add(path)
      }
      print(`reader ${index}: ${seen.size} of ${SAMPLES} samples seen so far`)
    }

    await using again = await openDataset(address, remote)
    let sum = 0
    for await (const { bytes } of again.stream({ paths: ['train/**'], shuffleSeed: 2 }))
      sum += JSON.parse(Buffer.from(bytes).toString()).y
    print(`second epoch: ${again.downloadedBytes} bytes over the network, labels sum to ${sum}`)
    return { samples: SAMPLES, seen: seen.size, resumedAt, secondEpochBytes: again.downloadedBytes }
  } finally {
    await net.close()
    await rm(dir, { recursive: true, force: true })
  }
}

if (import.meta.main) await trainFromStream(console.log)
