import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { httpFetch } from '../../src/ledger/http-fetch.ts'

async function serve(listener: RequestListener): Promise<AsyncDisposable & { url: string; connections: () => number }> {
  const server = createServer(listener)
  let connections = 0
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

it('gives what Node’s own fetch gives, for all that the official client uses of it', async () => {
  await using server = await serve((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const { 'content-type': type, 'x-twice': twice, 'content-length': length } = request.headers
      const status = Number(request.headers['x-status'])
      response.writeHead(status, 'Said So', { 'content-type': 'a/b', 'x-of-two': ['one', 'two'] })
      response.end(
        status === 204
          ? undefined
          : `${request.method} ${type} ${twice} ${length} ${Buffer.concat(pieces).toString('hex')}`,
      )
    })
  })
  const whole = async (send: typeof fetch, status: number, body: Uint8Array<ArrayBuffer> | string) => {
    const headers = new Headers({ 'Content-Type': 'application/grpc-web+proto', 'X-Status': String(status) })
    headers.append('x-twice', '1')
    headers.append('x-twice', '2')
    const response = await send(server.url, { method: 'POST', headers, body, signal: AbortSignal.timeout(5_000) })
    return {
      status: response.status,
      ok: response.ok,
      statusText: response.statusText,
      type: response.headers.get('Content-Type'),
      ofTwo: response.headers.get('x-of-two'),
      bytes: Buffer.from(await response.arrayBuffer()).toString(),
    }
  }
  for (const status of [200, 204, 404, 503])
    for (const body of [Uint8Array.of(0, 255, 10), 'text: ü'])
      expect(await whole(httpFetch, status, body)).toEqual(await whole(fetch, status, body))
})

it('keeps its connection, and asks again over another where that was closed meanwhile', async () => {
  let answered = 0
  await using server = await serve((request, response) => {
    answered++
    if (answered === 3) request.socket.destroy()
    else response.end(String(answered))
  })
  const ask = async () => (await httpFetch(server.url, { method: 'POST', body: 'x' })).text()
  expect([await ask(), await ask()]).toEqual(['1', '2'])
  expect(server.connections()).toBe(1)
  expect(await ask()).toBe('4')
  expect(server.connections()).toBe(2)
})

it('fails as fetch does: refused, closed without an answer, cut in the middle, too long', async () => {
  await using server = await serve((request, response) => {
    if (request.url === '/none') request.socket.destroy()
    else if (request.url === '/half') {
      response.writeHead(200, { 'content-length': 100 })
      response.write('half', () => request.socket.destroy())
    } else {
      // For ever, were it read.
      const more = () => {
        while (response.write(Buffer.alloc(1 << 20)));
        response.once('drain', more)
      }
      more()
    }
  })
  for (const path of ['none', 'half', 'endless'])
    await expect(httpFetch(new URL(path, server.url)), path).rejects.toThrow(new TypeError('fetch failed'))
  await expect(httpFetch('http://127.0.0.1:9/')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
})

it('gives up when it is told to, while it waits and while it reads', async () => {
  await using server = await serve((request, response) => {
    if (request.url === '/begun') response.write('begun')
  })
  for (const path of ['silent', 'begun']) {
    const signal = AbortSignal.timeout(50)
    const error = await httpFetch(new URL(path, server.url), { signal }).catch((cause: unknown) => cause)
    expect(error, path).toBe(signal.reason)
  }
  await expect(httpFetch(server.url, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
})
