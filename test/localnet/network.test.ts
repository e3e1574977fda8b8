import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { Transaction } from '@mysten/sui/transactions'
import { WalrusClient } from '@mysten/walrus'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sleep } from '../../src/base/abort.ts'
import { type LocalNetwork, startLocalNetwork } from '../../src/localnet/network.ts'

const FAST = { sync: false, threads: 1 } as const

let dir: string
let network: LocalNetwork | undefined
const start = async (options: { nodes?: number; shards?: number } = {}) => {
  network = await startLocalNetwork({ dir, ...FAST, ...options })
  return network
}

/** What a client reads from the chain about the committee. */
async function committeeUrls({ rpcUrl, systemObjectId, stakingObjectId }: LocalNetwork): Promise<string[]> {
  const suiClient = new SuiGrpcClient({ network: 'localnet', baseUrl: rpcUrl })
  const walrus = new WalrusClient({
    packageConfig: { systemObjectId, stakingPoolId: stakingObjectId },
    suiClient,
    storageNodeUrlScheme: 'http',
  })
  const state = await walrus.stakingState()
  const { objects } = await suiClient.core.getObjects({
    objectIds: state.committee[0].contents.map(({ key }) => key),
    include: { content: true },
  })
  return objects.map((object) => {
    if (object instanceof Error) throw object
    return /127\.0\.0\.1:[0-9]+/.exec(Buffer.from(object.content!).toString('latin1'))![0]
  })
}

function urlHosts({ nodes }: LocalNetwork): string[] {
  return nodes.map(({ url }) => url.slice('http://'.length)).sort()
}

describe('a local network', () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'floe-network-'))
    await start({ nodes: 4, shards: 10 })
  })
  afterAll(async () => {
    await network?.close()
    await rm(dir, { recursive: true, force: true })
  })

  it('names everything a client has to know, and is private to its owner', async () => {
    const hex = /^0x[0-9a-f]{64}$/
    expect(network).toMatchObject({ epoch: 1, shardCount: 10, dir })
    const ids = ['systemObjectId', 'stakingObjectId', 'walPackageId', 'walrusPackageId', 'floePackageId'] as const
    for (const key of ids) expect(network![key]).toMatch(hex)
    expect(network!.nodes.flatMap(({ shards }) => shards)).toEqual(Array.from({ length: 10 }, (_, shard) => shard))
    expect((await stat(join(dir, 'network.json'))).mode & 0o077).toBe(0)
  })

  it('has the committee on chain that its nodes are', async () => {
    expect((await committeeUrls(network!)).sort()).toEqual(urlHosts(network!))
  })

  it('is held by one process at a time', async () => {
    await expect(startLocalNetwork({ dir, ...FAST })).rejects.toMatchObject({ code: 'LOCALNET_LOCKED', kind: 'locked' })
  })

  it('moves the storage epoch on, on chain and in the nodes', async () => {
    expect(await network!.advanceEpoch()).toBe(2)
    expect(network!.epoch).toBe(2)
    const health = await (await fetch(`${network!.nodes[0]!.url}/v1/health`)).json()
    expect(health).toMatchObject({ success: { data: { epoch: 2 } } })
  })

  it('gives WAL from an exchange, where everybody else can change SUI too', async () => {
    const { rpcUrl, exchangeObjectId, walPackageId } = network!
    const client = new SuiGrpcClient({ network: 'localnet', baseUrl: rpcUrl })
    const keypair = new Ed25519Keypair()
    const owner = keypair.toSuiAddress()
    const held = async () => {
      const { object } = await client.getObject({ objectId: exchangeObjectId!, include: { content: true } })
      const view = new DataView(object.content!.buffer, object.content!.byteOffset)
      return { wal: view.getBigUint64(32, true), sui: view.getBigUint64(40, true) }
    }
    const before = await held()
    await network!.fund(owner, { sui: 2_000_000_000n, wal: 500n })
    expect(await held()).toEqual({ wal: before.wal - 500n, sui: before.sui + 500n })
    const { object } = await client.getObject({ objectId: exchangeObjectId! })
    const tx = new Transaction()
    const coin = tx.moveCall({
      target: `${object.type.split('::')[0]}::wal_exchange::exchange_all_for_wal`,
      arguments: [tx.object(exchangeObjectId!), tx.splitCoins(tx.gas, [1_000_000_000n])],
    })
    tx.transferObjects([coin], owner)
    const done = await client.signAndExecuteTransaction({ transaction: tx, signer: keypair })
    expect(done.$kind).toBe('Transaction')
    const { balance } = await client.getBalance({ owner, coinType: `${walPackageId}::wal::WAL` })
    expect(balance.balance).toBe('1000000500')
  })

  it('stops and starts single nodes', async () => {
    const { url } = network!.nodes[1]!
    await network!.stopNode(1)
    expect(network!.nodes.map(({ running }) => running)).toEqual([true, false, true, true])
    await expect(fetch(`${url}/v1/health`)).rejects.toThrow()
    await network!.startNode(1)
    await sleep(30)
    expect((await fetch(`${url}/v1/health`)).status).toBe(200)
    await expect(network!.stopNode(4)).rejects.toThrow(RangeError)
  })

  it('obeys its control server only with the token and never a browser', async () => {
    const { controlUrl, controlToken } = network!
    const authorization = `Bearer ${controlToken}`
    const status = async (path: string, headers: Record<string, string>, method = 'GET') =>
      (await fetch(`${controlUrl}${path}`, { method, headers })).status
    expect(await status('/info', {})).toBe(403)
    expect(await status('/info', { authorization: 'Bearer x' })).toBe(403)
    expect(await status('/info', { authorization, origin: 'http://evil.example' })).toBe(403)
    expect(await status('/info', { authorization })).toBe(200)
    expect(await status('/nodes/9/stop', { authorization }, 'POST')).toBe(404)
    expect(await status('/stop', { authorization }, 'POST')).toBe(404)
    expect(await status('/nodes/2/stop', { authorization }, 'POST')).toBe(200)
    expect(network!.nodes[2]!.running).toBe(false)
    expect(await status('/nodes/2/start', { authorization }, 'POST')).toBe(200)
  })

  it('resumes with the same ids, keys and ports', async () => {
    const before = { ...network!, nodes: network!.nodes, epoch: network!.epoch }
    await network!.close()
    await start()
    for (const key of ['rpcUrl', 'chainId', 'systemObjectId', 'stakingObjectId', 'controlUrl'] as const)
      expect(network![key]).toBe(before[key])
    expect(network!.nodes).toEqual(before.nodes)
    expect(network!.epoch).toBe(2)
  })

  it('updates the committee record before serving when a port is taken', async () => {
    const port = Number(new URL(network!.nodes[3]!.url).port)
    const before = urlHosts(network!)
    await network!.close()
    const squatter = await squat(port)
    try {
      await start()
      expect(urlHosts(network!)).not.toEqual(before)
      expect((await committeeUrls(network!)).sort()).toEqual(urlHosts(network!))
    } finally {
      await new Promise((resolve) => squatter.close(resolve))
    }
  })

  it('refuses another shape than it has', async () => {
    await network!.close()
    await expect(start({ nodes: 5 })).rejects.toMatchObject({ code: 'LOCALNET_MISMATCH', kind: 'usage' })
    await expect(start({ shards: 13 })).rejects.toMatchObject({ code: 'LOCALNET_MISMATCH' })
    await start({ nodes: 4, shards: 10 })
  })
})

describe('starting a local network', () => {
  afterEach(async () => {
    await network?.close()
    network = undefined
    await rm(dir, { recursive: true, force: true })
  })

  it.each([
    { nodes: 0 },
    { nodes: 2, shards: 3 },
    { nodes: 20, shards: 10 },
    { nodes: 4, shards: 5000 },
    { nodes: 1.5 },
  ])('refuses $nodes nodes with $shards shards', async (shape) => {
    dir = await mkdtemp(join(tmpdir(), 'floe-network-'))
    await expect(start(shape)).rejects.toMatchObject({ code: 'LOCALNET_SHAPE', kind: 'usage' })
  })

  it('reports damaged state with a code', async () => {
    dir = await mkdtemp(join(tmpdir(), 'floe-network-'))
    const { writeFile } = await import('node:fs/promises')
    for (const text of ['', '{', '{"version":2}', '[]']) {
      await writeFile(join(dir, 'network.json'), text)
      await expect(start()).rejects.toMatchObject({ code: 'LOCALNET_STATE', kind: 'integrity' })
      await expect(readFile(join(dir, 'lock'))).rejects.toThrow('ENOENT')
    }
  })
})

function squat(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((_, response) => response.end('not a node'))
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      expect((server.address() as AddressInfo).port).toBe(port)
      resolve(server)
    })
  })
}
