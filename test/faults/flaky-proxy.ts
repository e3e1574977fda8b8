/** An HTTP proxy in front of storage nodes that spoils what some of them say. One server; node i is `<base>/p<i>/…`. */

import { createServer, request as httpRequest, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

/** Those that change only some answers. */
const LYING_FAULTS = [
  'wrong-sliver',
  'other-index',
  'stale-metadata',
  'forged-metadata',
  'bad-signature',
  'foreign-message',
] as const

/** What a faulty node does to the requests it gets. */
export const FAULTS = [
  'down',
  'stall',
  'slow',
  'cut',
  'overloaded-429',
  'broken-500',
  'unavailable-503',
  ...LYING_FAULTS,
  'html',
  'redirect',
  'endless',
  'gzip-bomb',
] as const
export type Fault = (typeof FAULTS)[number]
const LYING: ReadonlySet<Fault> = new Set(LYING_FAULTS)

/** Made once: packing it takes longer than everything else in a schedule. */
let bomb: Buffer | undefined
function gzipBomb(): Buffer {
  bomb ??= gzipSync(Buffer.alloc(16_000_000))
  return bomb
}

export interface FlakyProxy extends AsyncDisposable {
  /** Address of node `index` through the proxy. */
  url(index: number): string
  /** Replaces all faults: node index → what it does. */
  set(faults: ReadonlyMap<number, Fault>): void
  /** Requests so far whose answer was another than the node's own. */
  spoiled(): number
}

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** @param targets - base addresses of the real nodes */
export async function startFlakyProxy(targets: readonly string[]): Promise<FlakyProxy> {
  let faults: ReadonlyMap<number, Fault> = new Map()
  let spoiled = 0
  const timers = new Set<NodeJS.Timeout>()
  /** Earlier true answers of each node, to be given to other questions. */
  const metadata = new Map<number, Answer>()
  const confirmations = new Map<number, Answer>()

  const forward = (index: number, method: string, path: string, headers: IncomingHttpHeaders, body: Buffer) =>
    new Promise<Answer>((resolve, reject) => {
      const { host: _, connection: __, ...rest } = headers
      const sent = httpRequest(targets[index]! + path, { method, headers: rest }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(parts) }),
        )
      })
      sent.on('error', reject)
      sent.end(body)
    })
  const give = (response: ServerResponse, { status, headers, body }: Answer) => {
    const type = headers['content-type']
    response.writeHead(status, { ...(type ? { 'content-type': type } : {}), 'content-length': body.length })
    response.end(body)
  }
  const drip = (response: ServerResponse, body: Buffer, everyMs: number, bytes: number) => {
    let at = 0
    const timer = setInterval(() => {
      response.write(body.subarray(at % body.length, (at % body.length) + bytes))
      at += bytes
    }, everyMs)
    timers.add(timer)
    response.on('close', () => {
      clearInterval(timer)
      timers.delete(timer)
    })
  }

  async function answer(index: number, fault: Fault | undefined, ask: Ask, response: ServerResponse): Promise<void> {
    const { method, path, headers, body } = ask
    const real = () => forward(index, method, path, headers, body)
    const isGet = method === 'GET'
    const sliver = isGet && /\/slivers\/\d+\/(primary|secondary)$/.test(path)
    const symbols = isGet && /Symbols\?/.test(path)
    if (fault !== undefined && !LYING.has(fault)) spoiled++
    switch (fault) {
      case 'down':
        return void response.destroy()
      case 'stall':
        return
      case 'slow': {
        const { status, headers: found, body: bytes } = await real()
        response.writeHead(status, { 'content-type': found['content-type'] ?? '', 'content-length': bytes.length })
        return drip(response, bytes, 1000, 1)
      }
      case 'cut': {
        const { status, headers: found, body: bytes } = await real()
        response.writeHead(status, { 'content-type': found['content-type'] ?? '', 'content-length': bytes.length })
        response.write(bytes.subarray(0, bytes.length >> 1))
        return void setTimeout(() => response.destroy(), 5)
      }
      case 'overloaded-429':
      case 'broken-500':
      case 'unavailable-503':
        response.writeHead(Number(fault.slice(-3)), { 'retry-after': '1', 'content-type': 'text/plain' })
        return void response.end('no')
      case 'html':
        response.writeHead(200, { 'content-type': 'text/html' })
        return void response.end('<html>Welcome to the captive portal</html>')
      case 'redirect':
        response.writeHead(302, { location: 'http://127.0.0.1:1/' })
        return void response.end()
      case 'endless':
        response.writeHead(200, { 'content-type': isGet ? 'application/octet-stream' : 'application/json' })
        return drip(response, Buffer.alloc(65_536, 0x41), 1, 65_536)
      case 'gzip-bomb':
        response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' })
        return void response.end(gzipBomb())
    }
    const found = await real()
    const lie = (answer: Answer) => {
      spoiled++
      give(response, answer)
    }
    const spoil = () => {
      const bytes = Buffer.from(found.body)
      bytes[bytes.length >> 1]! ^= 0x10
      return { ...found, body: bytes }
    }
    if (fault === 'wrong-sliver' && (sliver || symbols)) return lie(spoil())
    if (fault === 'other-index' && sliver) {
      // A true sliver of the same blob, of another pair: whoever holds it.
      const pair = Number(/slivers\/(\d+)/.exec(path)![1])
      for (let other = 0; other < targets.length; other++) {
        const taken = await forward(
          other,
          method,
          path.replace(`slivers/${pair}/`, `slivers/${pair + 1}/`),
          headers,
          body,
        )
        if (taken.status === 200) return lie(taken)
      }
    }
    if (isGet && path.endsWith('/metadata') && found.status === 200) {
      const earlier = metadata.get(index)
      metadata.set(index, earlier ?? found)
      if (fault === 'stale-metadata') return lie(earlier ?? spoil())
      if (fault === 'forged-metadata') return lie(spoil())
    }
    if (path.includes('/confirmation/') && found.status === 200) {
      const earlier = confirmations.get(index)
      confirmations.set(index, earlier ?? found)
      if (fault === 'foreign-message' && earlier) return lie(earlier)
      if (fault === 'bad-signature') {
        const envelope = JSON.parse(found.body.toString())
        const { signed } = envelope.success.data
        const signature = Buffer.from(signed.signature, 'base64')
        signature[50]! ^= 1
        signed.signature = signature.toString('base64')
        return lie({ ...found, body: Buffer.from(JSON.stringify(envelope)) })
      }
    }
    give(response, found)
  }

  const server = createServer((incoming, response) => {
    response.on('error', () => undefined)
    const parts: Buffer[] = []
    incoming.on('error', () => undefined)
    incoming.on('data', (part: Buffer) => parts.push(part))
    incoming.on('end', () => {
      const [, position, path] = /^\/p(\d+)(\/.*)$/.exec(incoming.url!)!
      const index = Number(position)
      const ask = { method: incoming.method!, path: path!, headers: incoming.headers, body: Buffer.concat(parts) }
      answer(index, faults.get(index), ask, response).catch(() => response.destroy())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: (index) => `${base}/p${index}`,
    set(next) {
      faults = next
    },
    spoiled: () => spoiled,
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearInterval(timer)
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

interface Ask {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
}
