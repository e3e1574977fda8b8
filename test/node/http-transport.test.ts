import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createHttpTransport } from '../../src/node/http-transport.ts'
import type { NodeExchange, NodeResponse } from '../../src/node/transport.ts'

/** For what comes at once, but takes its time on a slow machine. */
const WAIT = { timeout: 60_000, interval: 5 }

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

/** A server that answers heads of requests as the test wants: called with the text so far and the number of the
 *  connection. */
async function serve(handle: (socket: Socket, text: string, connection: number) => void) {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const number = sockets.push(socket) - 1
    let text = ''
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (!text.includes('\r\n\r\n')) return
      const all = text
      const length = Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0)
      if (text.length >= text.indexOf('\r\n\r\n') + 4 + length) text = ''
      handle(socket, all, number)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`
  return { url, sockets }
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const send = createHttpTransport()

function ask(url: string, more: Partial<NodeExchange> = {}): Promise<NodeResponse> {
  return send({ method: 'GET', url, headers: {}, signal: new AbortController().signal, ...more })
}

async function textOf(response: NodeResponse): Promise<string> {
  let text = ''
  for await (const piece of response.body) text += Buffer.from(piece).toString('latin1')
  return text
}

describe('HTTP to storage nodes', () => {
  it('uses a connection again, and opens others only for what happens at the same time', async () => {
    const { url, sockets } = await serve((socket) => setTimeout(() => socket.write(OK), 5))
    for (let i = 0; i < 5; i++) expect(await textOf(await ask(url))).toBe('ok')
    expect(sockets.length).toBe(1)
    await Promise.all(Array.from({ length: 3 }, async () => textOf(await ask(url))))
    await Promise.all(Array.from({ length: 3 }, async () => textOf(await ask(url))))
    expect(sockets.length).toBe(3)
  })

  it('keeps what nobody has asked for yet, while other answers are read', async () => {
    const { url } = await serve((socket, text) => {
      const letter = /[?](.)/.exec(text)![1]!
      const body = letter.repeat(100_000)
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    })
    const letters = [...'abcdefgh']
    // Heads come with the first part of their bodies; all of these come into the same memory.
    const responses = await Promise.all(letters.map((letter) => ask(`${url}?${letter}`)))
    await sleep(50)
    for (const [i, response] of responses.entries()) expect(await textOf(response)).toBe(letters[i]!.repeat(100_000))
  })

  it('keeps 200 requests at a time to 64 connections, and answers each', async () => {
    let active = 0
    let most = 0
    // The first ones wait until as many have come as will.
    const held: (() => void)[] = []
    const { url, sockets } = await serve((socket) => {
      most = Math.max(most, ++active)
      held.push(() => {
        active--
        socket.write(OK)
      })
      if (most >= 64) for (const answer of held.splice(0)) answer()
    })
    const texts = await Promise.all(Array.from({ length: 200 }, async () => textOf(await ask(url))))
    expect(new Set(texts)).toEqual(new Set(['ok']))
    expect([most, sockets.length]).toEqual([64, 64])
  })

  it.each([
    ['ends', (socket: Socket) => socket.end(OK)],
    ['is reset', (socket: Socket) => socket.write(OK, () => setTimeout(() => socket.resetAndDestroy(), 10))],
  ])('sends again over another connection what one that %s did not answer', async (_, last) => {
    // The first connection answers once.
    const { url, sockets } = await serve((socket, _text, connection) => {
      if (connection === 0) last(socket)
      else socket.write(OK)
    })
    expect(await textOf(await ask(url))).toBe('ok')
    expect(await textOf(await ask(url, { method: 'PUT', body: [new Uint8Array(100)] }))).toBe('ok')
    await sleep(30)
    expect(await textOf(await ask(url))).toBe('ok')
    expect(sockets.length).toBeGreaterThan(1)
  })

  it('tells a connection that breaks before, and within, an answer', async () => {
    const before = await serve((socket) => socket.destroy())
    await expect(ask(before.url)).rejects.toMatchObject({ code: 'ECONNRESET' })
    const within = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nha')
      setTimeout(() => socket.destroy(), 10)
    })
    await expect(textOf(await ask(within.url))).rejects.toMatchObject({ code: 'ECONNRESET' })
    const chunked = await serve((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nha\r\n'),
    )
    await expect(ask(chunked.url).then(textOf)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('does not use a connection again that sent more than its answer, or says that it closes', async () => {
    for (const answer of [`${OK}HTTP/1.1 200 OK\r\n`, OK.replace('\r\n', '\r\nconnection: close\r\n')]) {
      const { url, sockets } = await serve((socket) => socket.write(answer))
      for (let i = 0; i < 3; i++) expect(await textOf(await ask(url))).toBe('ok')
      expect(sockets.length).toBe(3)
    }
  })

  it('gives up a connection before the server would close it', async () => {
    const { url, sockets } = await serve((socket) => socket.write(OK.replace('\r\n', '\r\nkeep-alive: timeout=1\r\n')))
    for (let i = 0; i < 2; i++) await textOf(await ask(url))
    expect(sockets.length).toBe(2)
  })

  it('drops what nobody asked for', async () => {
    const { url, sockets } = await serve((socket, _text, connection) => {
      socket.write(OK)
      if (connection === 0) setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'), 10)
    })
    expect(await textOf(await ask(url))).toBe('ok')
    await sleep(40)
    expect(await textOf(await ask(url))).toBe('ok')
    expect(sockets.length).toBe(2)
  })

  it('takes an answer that comes before the request was taken, and gives the connection up', async () => {
    const { url, sockets } = await serve((socket, _text, connection) => {
      if (connection > 0) return void socket.write(OK)
      socket.pause()
      socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n')
    })
    let sent = 0
    const body = new Uint8Array(64 * 2 ** 20)
    const onSent = (bytes: number) => {
      sent = bytes
    }
    const response = await ask(url, { method: 'PUT', body: [body], onSent })
    expect([response.status, await textOf(response)]).toEqual([413, ''])
    expect(sent).toBeLessThan(body.length)
    expect(await textOf(await ask(url))).toBe('ok')
    expect(sockets.length).toBe(2)
  })

  it('tells how much of a body was taken', async () => {
    const { url } = await serve((socket, text) => {
      if (text.endsWith('!')) socket.write(OK)
    })
    const seen: number[] = []
    const shared = new Uint8Array(new SharedArrayBuffer(999_990))
    const body = [new Uint8Array(7), shared, new Uint8Array(0), new Uint8Array(3).fill(33, -1)]
    expect(await textOf(await ask(url, { method: 'PUT', body, onSent: (bytes) => seen.push(bytes) }))).toBe('ok')
    expect(seen).toEqual([262_144, 524_288, 786_432, 1_000_000])
  })

  it('sends the parts of a body as if they were joined', async () => {
    const { url } = await serve((socket, text) => {
      const start = text.indexOf('\r\n\r\n') + 4
      const length = Number(/content-length: (\d+)/.exec(text)![1])
      if (text.length - start < length) return
      const hash = createHash('sha256')
        .update(Buffer.from(text.slice(start), 'latin1'))
        .digest('hex')
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 64\r\n\r\n${hash}`)
    })
    for (const lengths of [[], [0], [5], [262_144], [1, 262_143], [3, 300_000, 0, 4], [600_000, 600_000]]) {
      const body = lengths.map((length, i) => new Uint8Array(length).map((_, at) => at * 7 + i))
      const hash = createHash('sha256').update(Buffer.concat(body)).digest('hex')
      expect(await textOf(await ask(url, { method: 'PUT', body }))).toBe(hash)
    }
  })

  it('holds no more of a body than a little that nobody reads', async () => {
    let written = 0
    const { url } = await serve((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${256 * 2 ** 20}\r\n\r\n`)
      const part = Buffer.alloc(2 ** 20)
      const more = () => {
        while (written < 256 && socket.write(part)) written++
        if (written < 256) socket.once('drain', more)
      }
      more()
    })
    const response = await ask(url)
    await sleep(300)
    expect(written).toBeLessThan(64)
    let read = 0
    for await (const piece of response.body) read += piece.length
    expect(read).toBe(256 * 2 ** 20)
  })

  it.each(['before the answer', 'within it', 'while waiting for a connection'])(
    'ends when told to, %s',
    async (when) => {
      const { url, sockets } = await serve((socket) => {
        if (when === 'within it') socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nha')
      })
      const waiting = when.startsWith('while') ? 65 : 1
      const controllers = Array.from({ length: waiting }, () => new AbortController())
      const asked = controllers.map(async ({ signal }) => textOf(await ask(url, { signal })))
      const ends = asked.map((one) => expect(one).rejects.toThrow('enough'))
      await sleep(60)
      await vi.waitFor(() => expect(sockets.length).toBe(Math.min(64, waiting)), WAIT)
      for (const controller of controllers.reverse()) controller.abort(new Error('enough'))
      await Promise.all(ends)
      const isOver = (socket: Socket) => socket.destroyed || socket.readableEnded
      await vi.waitFor(() => expect(sockets.every(isOver)).toBe(true), WAIT)
      expect(sockets.length).toBe(Math.min(64, waiting))
    },
  )

  it('closes what is left early', async () => {
    const { url, sockets } = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nendless'))
    for await (const piece of (await ask(url)).body) {
      expect(Buffer.from(piece).toString()).toBe('endless')
      break
    }
    const discarded = await ask(url)
    discarded.discard()
    await vi.waitFor(() => expect(sockets.map((socket) => socket.destroyed)).toEqual([true, true]), WAIT)
  })

  it('lets a program end while connections are kept', async () => {
    const { url, sockets } = await serve((socket) => socket.write(OK))
    const transport = new URL('../../src/node/http-transport.ts', import.meta.url)
    const program = `
      const { createHttpTransport } = await import(${JSON.stringify(transport.href)})
      const signal = new AbortController().signal
      const response = await createHttpTransport()({ method: 'GET', url: process.argv[1], headers: {}, signal })
      for await (const piece of response.body) process.stdout.write(piece)`
    const ended = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, url], {
      timeout: 20_000,
    })
    expect(ended.stdout).toBe('ok')
    expect(sockets.length).toBe(1)
  })
})
