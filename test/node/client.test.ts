import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { toBase64Url } from '../../src/codec/base64url.ts'
import { createNodeClient } from '../../src/node/client.ts'
import { NodeError } from '../../src/node/errors.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void
const open: (() => Promise<void>)[] = []

async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => handler(request, response, Buffer.concat(parts)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/node7`
}

afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

const ID = new Uint8Array(32).fill(7)
const ok = (data: unknown) => JSON.stringify({ success: { code: 200, data } })
const json = (response: ServerResponse, status: number, text: string) => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(text)
}
const refusalOf = (code: number, reason: string) =>
  JSON.stringify({
    error: {
      code,
      status: 'FAILED_PRECONDITION',
      message: 'no',
      details: [{ '@type': 'ErrorInfo', reason, domain: 'storage.walrus.space', metadata: {} }],
    },
  })

async function errorOf(promise: Promise<unknown>): Promise<NodeError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(NodeError)
  return error as NodeError
}

describe('storage-node client', () => {
  it('asks for the routes of the storage-node API and reads their answers', async () => {
    const seen: string[] = []
    const url = await serve((request, response, body) => {
      seen.push(`${request.method} ${request.url} ${request.headers['content-type'] ?? '-'} ${body.length}`)
      const path = request.url!
      if (path.includes('/confirmation/'))
        json(
          response,
          200,
          ok({
            signed: {
              serializedMessage: Buffer.from([1, 0, 3]).toString('base64'),
              signature: Buffer.alloc(96, 9).toString('base64'),
            },
          }),
        )
      else if (path.endsWith('/metadata/status')) json(response, 200, ok('Stored'))
      else if (path.endsWith('/primary/status')) json(response, 200, ok('nonexistent'))
      else if (path.endsWith('/v1/health')) json(response, 200, ok({ epoch: 3 }))
      else if (path.endsWith('/status')) json(response, 200, ok('nonexistent'))
      else if (request.method === 'PUT') json(response, 201, ok('stored'))
      else {
        response.writeHead(200, { 'content-type': 'application/octet-stream' })
        response.end(Buffer.from([1, 2, 3]))
      }
    })
    const node = createNodeClient({ url })
    const id = toBase64Url(ID)
    expect([...(await node.fetchMetadata(ID, 100))]).toEqual([1, 2, 3])
    expect(await node.fetchMetadataStatus(ID)).toBe('stored')
    await node.sendMetadata(ID, new Uint8Array(5))
    expect([...(await node.fetchSliver(ID, 4, 'primary', 100))]).toEqual([1, 2, 3])
    expect(await node.fetchSliverStatus(ID, 4, 'primary')).toBe('nonexistent')
    await node.sendSliver(ID, 4, 'secondary', new Uint8Array(6))
    const confirmation = await node.fetchConfirmation(ID, {
      $kind: 'deletable',
      objectId: new Uint8Array(32).fill(0xab),
    })
    expect([...confirmation.message]).toEqual([1, 0, 3])
    expect(confirmation.signature.length).toBe(96)
    await node.fetchConfirmation(ID, { $kind: 'permanent' })
    expect(await node.fetchBlobStatus(ID)).toBe('nonexistent')
    await node.fetchDecodingSymbols(ID, [1, 2], 'primary', 100)
    await node.fetchRecoverySymbols(ID, 3, 'secondary', 100)
    expect(await node.fetchHealth()).toEqual({ epoch: 3 })
    expect(seen).toEqual([
      `GET /node7/v1/blobs/${id}/metadata - 0`,
      `GET /node7/v1/blobs/${id}/metadata/status - 0`,
      `PUT /node7/v1/blobs/${id}/metadata application/octet-stream 5`,
      `GET /node7/v1/blobs/${id}/slivers/4/primary - 0`,
      `GET /node7/v1/blobs/${id}/slivers/4/primary/status - 0`,
      `PUT /node7/v1/blobs/${id}/slivers/4/secondary application/octet-stream 6`,
      `GET /node7/v1/blobs/${id}/confirmation/deletable/0x${'ab'.repeat(32)} - 0`,
      `GET /node7/v1/blobs/${id}/confirmation/permanent - 0`,
      `GET /node7/v1/blobs/${id}/status - 0`,
      `GET /node7/v1/blobs/${id}/decodingSymbols?targetSlivers=1&targetSlivers=2&targetType=primary - 0`,
      `GET /node7/v1/blobs/${id}/recoverySymbols?targetSliver=3&targetType=secondary - 0`,
      'GET /node7/v1/health - 0',
    ])
  })

  it('keeps the reason of an error envelope as data and knows which reasons may pass', async () => {
    const reasons = [
      ['NOT_REGISTERED', 400, true],
      ['METADATA_NOT_FOUND', 404, false],
      ['INVALID_SLIVER', 400, false],
      ['FORBIDDEN_BLOB', 451, false],
    ] as const
    for (const [reason, status, retryable] of reasons) {
      const url = await serve((_, response) => json(response, status, refusalOf(status, reason)))
      const error = await errorOf(createNodeClient({ url }).fetchMetadata(ID, 100))
      expect([error.code, error.reason, error.status, error.retryable]).toEqual([
        'NODE_REFUSED',
        reason,
        status,
        retryable,
      ])
    }
  })

  it('knows when a node wants to be asked again: in so many seconds or at a date, at most half a minute', async () => {
    const inSeconds = (seconds: number) => new Date(Date.now() + 1000 * seconds).toUTCString()
    const waits = [
      ['2', 2_000, 2_000],
      ['0', 0, 0],
      ['86400', 30_000, 30_000],
      // Dates are in whole seconds, and some time passes before it is read.
      [inSeconds(20), 10_000, 20_000],
      [inSeconds(3_600), 30_000, 30_000],
      [inSeconds(-60), 0, 0],
    ] as const
    for (const [asked, least, most] of waits) {
      const url = await serve((_, response) => {
        response.writeHead(429, { 'retry-after': asked })
        response.end()
      })
      const { data } = await errorOf(createNodeClient({ url }).fetchMetadata(ID, 100))
      expect(data['retryAfterMs'], asked).toBeGreaterThanOrEqual(least)
      expect(data['retryAfterMs'], asked).toBeLessThanOrEqual(most)
    }
    for (const asked of ['soon', '-1', '1e3', '']) {
      const url = await serve((_, response) => {
        response.writeHead(503, { 'retry-after': asked })
        response.end()
      })
      const { data } = await errorOf(createNodeClient({ url }).fetchMetadata(ID, 100))
      expect(data['retryAfterMs'] ?? 0, asked).toBe(0)
    }
  })

  it('joins bodies that come slowly, several at a time, of an announced length or not', async () => {
    const PIECES = 20
    const PIECE_BYTES = 10_000
    const url = await serve(async (request, response) => {
      const value = Number(/slivers\/(\d+)/.exec(request.url!)![1])
      const length = value % 2 ? { 'content-length': PIECES * PIECE_BYTES } : {}
      response.writeHead(200, { 'content-type': 'application/octet-stream', ...length })
      for (let piece = 0; piece < PIECES; piece++) {
        response.write(Buffer.alloc(PIECE_BYTES, value + piece))
        await sleep(2)
      }
      response.end()
    })
    const node = createNodeClient({ url })
    const expected = (value: number) =>
      Buffer.concat(Array.from({ length: PIECES }, (_, piece) => Buffer.alloc(PIECE_BYTES, value + piece)))
    const bodies = await Promise.all([10, 41, 72, 103].map((pair) => node.fetchSliver(ID, pair, 'primary', 1_000_000)))
    for (const [i, pair] of [10, 41, 72, 103].entries()) expect(Buffer.compare(bodies[i]!, expected(pair))).toBe(0)
  })

  it('refuses an endless body at its limit', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      const timer = setInterval(() => response.write(Buffer.alloc(65_536)), 1)
      response.on('close', () => clearInterval(timer))
    })
    const error = await errorOf(createNodeClient({ url }).fetchSliver(ID, 0, 'primary', 200_000))
    expect(error.code).toBe('NODE_RESPONSE_TOO_LARGE')
  })

  it('refuses a body that announces more bytes than the answer can have, without reading it', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': String(1e12) })
      response.flushHeaders()
    })
    const error = await errorOf(createNodeClient({ url }).fetchSliver(ID, 0, 'primary', 1000))
    expect([error.code, error.data['announcedBytes']]).toEqual(['NODE_RESPONSE_TOO_LARGE', 1e12])
  })

  it('refuses redirects, compressed bodies and web pages', async () => {
    const redirecting = await serve((_, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' })
      response.end()
    })
    expect((await errorOf(createNodeClient({ url: redirecting }).fetchMetadata(ID, 100))).code).toBe('NODE_REDIRECTED')
    const zipped = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' })
      response.end(gzipSync(Buffer.alloc(1 << 20)))
    })
    expect((await errorOf(createNodeClient({ url: zipped }).fetchMetadata(ID, 1 << 21))).code).toBe(
      'NODE_RESPONSE_MALFORMED',
    )
    const page = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end('<html>captive portal</html>')
    })
    expect((await errorOf(createNodeClient({ url: page }).fetchMetadata(ID, 100))).code).toBe('NODE_RESPONSE_MALFORMED')
    expect((await errorOf(createNodeClient({ url: page }).fetchHealth())).code).toBe('NODE_RESPONSE_MALFORMED')
    const failing = await serve((_, response) => {
      response.writeHead(502, { 'content-type': 'text/html' })
      response.end('<html>bad gateway</html>')
    })
    const error = await errorOf(createNodeClient({ url: failing }).fetchHealth())
    expect([error.code, error.status, error.reason, error.retryable]).toEqual(['NODE_REFUSED', 502, null, true])
  })

  it('gives up at the deadline, also when only the body stalls', async () => {
    const silent = await serve(() => undefined)
    expect((await errorOf(createNodeClient({ url: silent, timeoutMs: 50 }).fetchHealth())).code).toBe('NODE_TIMEOUT')
    const stalling = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      response.write(Buffer.alloc(3))
    })
    const error = await errorOf(
      createNodeClient({ url: stalling, timeoutMs: 50, stallMs: 50 }).fetchSliver(ID, 0, 'primary', 100),
    )
    expect([error.code, error.retryable]).toEqual(['NODE_TIMEOUT', true])
  })

  it('gives up an answer that goes on, but so slowly that it would never be whole', async () => {
    let timer: NodeJS.Timeout | undefined
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': 100_000 })
      timer = setInterval(() => response.write('x'), 20)
    })
    const started = performance.now()
    const error = await errorOf(createNodeClient({ url, stallMs: 300 }).fetchMetadata(ID, 100_000))
    clearInterval(timer)
    expect([error.code, error.retryable]).toEqual(['NODE_TIMEOUT', true])
    expect(performance.now() - started).toBeLessThan(20_000)
  })

  it('does not take a lapse of its own process for one of the node', async () => {
    const url = await serve((_, response) => json(response, 200, ok('nonexistent')))
    const client = createNodeClient({ url, timeoutMs: 200, stallMs: 200 })
    await client.fetchBlobStatus(ID)
    const asked = client.fetchBlobStatus(ID)
    // Sent, and then nothing runs here for much longer than the deadline.
    await new Promise((resolve) => setImmediate(resolve))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
    expect(await asked).toBe('nonexistent')
  })

  it('waits as long as before for more of an answer after such a lapse', async () => {
    const part = Buffer.alloc(40_000, 1)
    const url = await serve(async (_, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      response.write(part)
      await sleep(30)
      // So that the timer comes before what has arrived.
      await new Promise((resolve) => setImmediate(resolve))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 750)
      response.write(part)
      await sleep(300)
      response.end(part)
    })
    const client = createNodeClient({ url, stallMs: 600 })
    expect(await client.fetchSliver(ID, 0, 'primary', 200_000)).toHaveLength(3 * part.length)
  })

  it('ends as cancelled when the caller aborts', async () => {
    const url = await serve(() => undefined)
    const controller = new AbortController()
    const asked = createNodeClient({ url }).fetchHealth({ signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(createNodeClient({ url }).fetchHealth({ signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
  })

  it('says that a node cannot be reached', async () => {
    const url = await serve(() => undefined)
    for (const close of open.splice(0)) await close()
    const error = await errorOf(createNodeClient({ url }).fetchHealth())
    expect([error.code, error.data['system'], error.retryable]).toEqual(['NODE_UNREACHABLE', 'ECONNREFUSED', true])
  })

  it('refuses malformed envelopes, statuses and confirmations', async () => {
    const answers = [
      '{',
      '{"success":{}}',
      'null',
      ok('sideways'),
      ok({ signed: { serializedMessage: '!!', signature: '' } }),
      ok({ signed: { serializedMessage: 'AQ==', signature: 'AQ==' } }),
    ]
    for (const answer of answers) {
      const url = await serve((_, response) => json(response, 200, answer))
      const node = createNodeClient({ url })
      expect((await errorOf(node.fetchConfirmation(ID, { $kind: 'permanent' }))).code).toBe('NODE_RESPONSE_MALFORMED')
      expect((await errorOf(node.fetchMetadataStatus(ID))).code).toBe('NODE_RESPONSE_MALFORMED')
    }
  })

  it('accepts http and https addresses only', () => {
    expect(() => createNodeClient({ url: 'file:///etc/passwd' })).toThrow(TypeError)
  })
})
