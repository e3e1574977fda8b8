import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sleep } from '../../src/base/abort.ts'
import {
  controlLocalNetwork,
  ensureLocalNetwork,
  resetLocalNetwork,
  statusLocalNetwork,
  stopLocalNetwork,
} from '../../src/localnet/daemon.ts'
import { lockHolder } from '../../src/localnet/folder-lock.ts'

const SMALL = { nodes: 4, shards: 10, idleMs: 0 }

let dataDir: string
const networkFolder = () => join(dataDir, 'localnet')
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'floe-daemon-'))
})
afterEach(async () => {
  await stopLocalNetwork({ dataDir })
  await rm(dataDir, { recursive: true, force: true })
})

async function untilStopped(): Promise<void> {
  const deadline = performance.now() + 120_000
  while ((await lockHolder(networkFolder())) !== undefined && performance.now() < deadline) await sleep(20)
  expect(await lockHolder(networkFolder())).toBeUndefined()
}

describe('the shared local network', () => {
  it('is started once by whoever comes first, without the keys of its environment, and ends with the last lease', async () => {
    expect(await statusLocalNetwork({ dataDir })).toBeUndefined()
    process.env['FLOE_KEY'] = 'secret-of-the-caller'
    const [first, second] = await Promise.all([
      ensureLocalNetwork({ dataDir, ...SMALL }),
      ensureLocalNetwork({ dataDir, ...SMALL }),
    ]).finally(() => delete process.env['FLOE_KEY'])
    expect(second.info.rpcUrl).toBe(first.info.rpcUrl)
    expect(await statusLocalNetwork({ dataDir })).toEqual(first.info)
    const pid = await lockHolder(networkFolder())
    if (process.platform === 'linux')
      expect(await readFile(`/proc/${pid}/environ`, 'latin1')).not.toContain('secret-of-the-caller')
    await first.release()
    await sleep(100)
    expect((await statusLocalNetwork({ dataDir }))?.chainId).toBe(first.info.chainId)
    await second.release()
    await untilStopped()
    expect(await statusLocalNetwork({ dataDir })).toBeUndefined()
  })

  it('keeps its state, also when it is killed', async () => {
    const first = await ensureLocalNetwork({ dataDir, ...SMALL })
    await controlLocalNetwork({ dataDir }, { $kind: 'advance-epoch' })
    process.kill((await lockHolder(networkFolder()))!, 'SIGKILL')
    await untilStopped()
    expect(await statusLocalNetwork({ dataDir })).toBeUndefined()
    const second = await ensureLocalNetwork({ dataDir, idleMs: 0 })
    const { chainId, nodes, relayUrl, aggregatorUrl } = first.info
    expect(second.info).toMatchObject({ chainId, epoch: 2, nodes, relayUrl, aggregatorUrl })
    expect(relayUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    await first.release()
    await second.release()
  })

  it('stays without leases when asked to, until it is stopped, and is gone after a reset', async () => {
    const lease = await ensureLocalNetwork({ dataDir, ...SMALL, stay: true })
    await expect(ensureLocalNetwork({ dataDir, nodes: 7 })).rejects.toMatchObject({ code: 'LOCALNET_MISMATCH' })
    await lease.release()
    await sleep(150)
    expect(await statusLocalNetwork({ dataDir })).toMatchObject({ chainId: lease.info.chainId })
    const info = await controlLocalNetwork({ dataDir }, { $kind: 'stop-node', node: 2 })
    expect(info.nodes.map(({ running }) => running)).toEqual([true, true, false, true])
    expect(await stopLocalNetwork({ dataDir })).toBe(true)
    expect(await lockHolder(networkFolder())).toBeUndefined()
    expect(await stopLocalNetwork({ dataDir })).toBe(false)
    expect(await readdir(networkFolder())).toContain('ledger')
    await resetLocalNetwork({ dataDir })
    expect(await readdir(dataDir)).toEqual([])
  })

  it('says why it did not start, with the code of the cause', async () => {
    await expect(ensureLocalNetwork({ dataDir, nodes: 50, shards: 10 })).rejects.toMatchObject({
      code: 'LOCALNET_SHAPE',
      kind: 'usage',
    })
    await expect(controlLocalNetwork({ dataDir }, { $kind: 'advance-epoch' })).rejects.toMatchObject({
      code: 'LOCALNET_START',
      kind: 'network',
    })
  })
})
