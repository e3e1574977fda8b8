/** The upload relay and the aggregator of the local network, with our client and the official one. */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { WalrusClient } from '@mysten/walrus'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ErasurePool } from '../../src/erasure/api.ts'
import { createErasurePool } from '../../src/erasure/pool.ts'
import { type LocalService, startAggregator, startUploadRelay } from '../../src/localnet/index.ts'
import { clone } from '../../src/repo/clone.ts'
import { push } from '../../src/repo/push.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let coder: ErasurePool
let relay: LocalService
let aggregator: LocalService
let dir: string
let address: string

beforeAll(async () => {
  world = await startLocalWorld()
  coder = createErasurePool({ threads: 1 })
  relay = await startUploadRelay({ network: () => world.net, coder })
  aggregator = await startAggregator({ network: () => world.net, coder })
  dir = await world.workspace('relayed', { 'a.bin': noise(60_000, 1), 'b/c.txt': 'hello' })
})
afterAll(async () => {
  await relay?.close()
  await aggregator?.close()
  await coder?.close()
  await world?.[Symbol.asyncDispose]()
})

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})
async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('an upload relay', () => {
  it('takes packs as they are, and what it stored is cloned from the nodes', async () => {
    const result = await push(dir, { ...world.options, create: { name: 'r', network: 'local' }, relay: relay.url })
    address = `local:${result.repository}`
    const copy = world.path('from-nodes')
    await clone(address, copy, { ...world.options, useCache: false })
    expect(await snapshot(copy)).toEqual(await snapshot(dir))
  })

  it('works for the official client too', async () => {
    const signer = Ed25519Keypair.deriveKeypairFromSeed('22'.repeat(32))
    await world.net.fund(signer.toSuiAddress(), { sui: 10n ** 11n, wal: 10n ** 12n })
    const client = new WalrusClient({
      packageConfig: { systemObjectId: world.net.systemObjectId, stakingPoolId: world.net.stakingObjectId },
      suiClient: new SuiGrpcClient({ network: 'localnet', baseUrl: world.net.rpcUrl }),
      storageNodeUrlScheme: 'http',
      uploadRelay: { host: relay.url },
    })
    const blob = noise(20_000, 5)
    const { blobId, blobObject } = await client.writeBlob({ blob, deletable: true, epochs: 2, signer })
    expect(blobObject.certified_epoch).toBe(world.net.epoch)
    const whole = await fetch(`${aggregator.url}/v1/blobs/${blobId}`)
    expect(whole.headers.get('etag')).toBe(blobId)
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(Buffer.from(blob))
    const part = await fetch(`${aggregator.url}/v1/blobs/${blobId}/byte-range?start=19990&length=10`)
    expect(Buffer.from(await part.arrayBuffer())).toEqual(Buffer.from(blob.subarray(19_990)))
    for (const range of ['bytes=19990-20000', 'bytes=5-', 'bytes=-5', 'bytes=1-2,4-5'])
      expect((await fetch(`${aggregator.url}/v1/blobs/${blobId}`, { headers: { range } })).status).toBe(416)
  })

  it('refuses what is not the blob, unknown fields, and what is too large', async () => {
    const query = `blob_id=${'A'.repeat(43)}`
    const post = (search: string, body: Uint8Array) =>
      fetch(`${relay.url}/v1/blob-upload-relay?${search}`, { method: 'POST', body: body as Uint8Array<ArrayBuffer> })
    expect((await post(query, noise(100, 1))).status).toBe(400)
    expect((await post(`${query}&x=1`, noise(100, 1))).status).toBe(400)
    expect((await post('blob_id=no', noise(100, 1))).status).toBe(400)
    expect((await post(query, noise(3_000_000, 1))).status).toBe(413)
  })

  const answers: [code: string, what: string, RequestListener][] = [
    ['RELAY_WANTS_TIP', 'that wants a tip', (_, response) => response.end('{"send_tip":{"address":"0x1"}}')],
    ['RELAY_MALFORMED', 'that is none', (_, response) => response.end('<!doctype html><title>Welcome</title>')],
    ['RELAY_REFUSED', 'that is out of order', (_, response) => response.writeHead(500).end('no')],
    ['RELAY_UNREACHABLE', 'that hangs up', (_, response) => response.destroy()],
    [
      'RELAY_CERTIFICATE_FALSE',
      'that lies',
      (request, response) => {
        request.resume()
        if (request.method === 'GET') return void response.end('"no_tip"')
        const certificate = {
          signers: [0, 1, 2],
          serialized_message: [1, 0, 3],
          signature: Buffer.alloc(96, 1).toString('base64'),
        }
        request.on('end', () => response.end(JSON.stringify({ confirmation_certificate: certificate })))
      },
    ],
  ]
  it('that does not do its part is named, and the push goes on without it, paid once', async () => {
    await world.change(dir, { 'more.bin': noise(4_000, 9) })
    for (const [code, , handler] of answers)
      expect(await failure(push(dir, { ...world.options, relay: await serve(handler) }))).toMatchObject({ code })
    // The first of them has registered the packs.
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', cost: { walFrost: '0' } })
  })
})

describe('an aggregator', () => {
  it('serves a clone without a request to a node', async () => {
    const copy = world.path('aggregated')
    const asked: string[] = []
    const counted: typeof fetch = (input, init) => {
      asked.push(String(input))
      return fetch(input, init)
    }
    const options = { ...world.options, aggregator: aggregator.url, fetch: counted, useCache: false }
    await clone(address, copy, options)
    expect(await snapshot(copy)).toEqual(await snapshot(dir))
    for (const { url } of world.net.nodes) expect(asked.filter((one) => one.startsWith(`${url}/`))).toEqual([])
  })

  it('that lies, wherever it does, is found out: no byte of it reaches a file', async () => {
    for (const position of [0.02, 0.5, 0.97]) {
      const lying = await serve(async (request, response) => {
        const range = request.headers.range!
        const answer = await fetch(aggregator.url + request.url!, { headers: { range } })
        const body = new Uint8Array(await answer.arrayBuffer())
        if (body.length > 1) body[Math.floor(body.length * position)]! ^= 1
        response.writeHead(answer.status, { 'content-range': answer.headers.get('content-range')! })
        response.end(body)
      })
      const copy = world.path(`lied-${position}`)
      const error = await failure(clone(address, copy, { ...world.options, aggregator: lying, useCache: false }))
      expect(error).toMatchObject({ code: 'AGGREGATOR_DISPUTED', exitCode: 13, data: { aggregator: lying } })
      // Nobody who pushed is accused of it.
      expect(error).toMatchObject({ hints: ['Try without --aggregator: if that works, the aggregator lied'] })
    }
  })

  /** As the aggregator answers, but for every third time. */
  const spoiled = (spoil: (answer: { status: number; body: Buffer }) => { status: number; body: Buffer }) => {
    let asked = 0
    return serve(async (request, response) => {
      const answer = await fetch(aggregator.url + request.url!, { headers: { range: request.headers.range! } })
      const given = { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
      const { status, body } = asked++ % 3 === 1 ? spoil(given) : given
      response.writeHead(status, { 'content-range': answer.headers.get('content-range')! }).end(body)
    })
  }

  it('that is overloaded now and then is asked again', async () => {
    const busy = await spoiled(() => ({ status: 503, body: Buffer.alloc(0) }))
    const copy = world.path('busy')
    await clone(address, copy, { ...world.options, aggregator: busy, useCache: false })
    expect(await snapshot(copy)).toEqual(await snapshot(dir))
  })

  it('that sends less than it announces is named', async () => {
    const short = await spoiled(({ status, body }) => ({ status, body: body.subarray(1) }))
    const error = await failure(
      clone(address, world.path('short'), { ...world.options, aggregator: short, useCache: false }),
    )
    expect(error).toMatchObject({ code: 'AGGREGATOR_MALFORMED', exitCode: 14 })
  })

  it.each<[string, RequestListener]>([
    ['AGGREGATOR_MALFORMED', (_, response) => response.writeHead(206, { 'content-range': 'bytes 0-0/1' }).end('abc')],
    ['AGGREGATOR_MALFORMED', (_, response) => response.writeHead(206).end('a')],
    ['AGGREGATOR_REFUSED', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['AGGREGATOR_REFUSED', (_, response) => response.writeHead(503).end()],
    ['AGGREGATOR_UNREACHABLE', (_, response) => response.destroy()],
  ])('that answers nonsense gives %s', async (code, handler) => {
    const options = { ...world.options, aggregator: await serve(handler), useCache: false }
    expect(await failure(clone(address, world.path('nothing'), options))).toMatchObject({ code, exitCode: 14 })
  })
})
