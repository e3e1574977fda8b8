/** The other side of the wire in a process of its own: a local network, with its nodes or with idle ones in their places.
 *  Forked by `transfer.bench.ts`: argv is folder, number of shards, `real` or `idle`; each message asks for one thing. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromHex } from '../../src/base/bytes.ts'
import { startLocalNetwork } from '../../src/localnet/index.ts'
import { startIdleNodes } from './transfer-idle-nodes.ts'

export interface NetworkAnswer {
  info: Awaited<ReturnType<typeof startLocalNetwork>>
  cpuMs: number
  traffic: { requests: number; bytesIn: number; bytesOut: number }
}

const [dir, shards, kind] = process.argv.slice(2)
const network = await startLocalNetwork({ dir: dir!, nodes: 13, shards: Number(shards), sync: false })
const { seed } = JSON.parse(readFileSync(join(dir!, 'network.json'), 'utf8')) as { seed: string }
const ports = network.nodes.map((node) => Number(new URL(node.url).port))
if (kind === 'idle') for (const index of ports.keys()) await network.stopNode(index)
const idle = kind === 'idle' ? await startIdleNodes(fromHex(seed), ports) : null
const NO_TRAFFIC = { requests: 0, bytesIn: 0, bytesOut: 0 }
let cpu = process.cpuUsage()

process.on('message', async (message: { ask: 'measure' | 'forget' | 'fund' | 'stop'; address?: string }) => {
  if (message.ask === 'stop') {
    await network.close()
    process.exit(0)
  }
  if (message.ask === 'forget') idle?.forget()
  if (message.ask === 'fund')
    await network.fund(message.address!, { sui: 1_000_000_000_000n, wal: 1_000_000_000_000_000n })
  const used = process.cpuUsage(cpu)
  cpu = process.cpuUsage()
  process.send!({ cpuMs: (used.user + used.system) / 1000, traffic: idle?.takeTraffic() ?? NO_TRAFFIC })
})
const { dir: _dir, controlToken: _token, epoch, nodes, ...rest } = network
const plain = JSON.parse(JSON.stringify({ ...rest, epoch, nodes }))
process.send!({ info: plain, cpuMs: 0, traffic: NO_TRAFFIC })
