import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HttpMessageError, MAX_HEAD_BYTES, ResponseReader, requestHead } from '../../src/node/http-message.ts'

interface Read {
  status: number | undefined
  headers: Record<string, string | null>
  isKept: boolean | undefined
  body: string
  ended: boolean
  surplus: boolean
}

const NAMES = ['content-length', 'content-type', 'x-two', 'keep-alive']

/** Reads the pieces; `closes`: the connection ends behind them. */
function read(pieces: readonly Buffer[], closes = false): Read {
  const seen: Read = { status: undefined, headers: {}, isKept: undefined, body: '', ended: false, surplus: false }
  const reader = new ResponseReader({
    onHead({ status, isKept, header }) {
      expect(seen.status).toBeUndefined()
      Object.assign(seen, { status, isKept })
      for (const name of NAMES) seen.headers[name] = header(name)
    },
    onBody(piece) {
      expect(seen.status).toBeDefined()
      expect(seen.ended).toBe(false)
      seen.body += Buffer.from(piece).toString('latin1')
    },
    onEnd() {
      expect(seen.ended).toBe(false)
      seen.ended = true
    },
  })
  for (const piece of pieces) reader.push(piece)
  if (closes) expect(reader.end()).toBe(seen.ended)
  seen.surplus = reader.hasSurplus
  return seen
}

const bytes = (text: string) => Buffer.from(text, 'latin1')
const readText = (text: string, closes = false) => read([bytes(text)], closes)

/** Answers of every framing, with what they say. */
const ANSWERS: readonly (readonly [string, string, Partial<Read>])[] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', { body: 'hello', isKept: true }],
  ['no body', 'HTTP/1.1 201 Created\r\ncontent-length:0\r\nX-Two: a\r\nx-two:  b \r\n\r\n', { status: 201, body: '' }],
  ['no reason', 'HTTP/1.1 204 \r\ncontent-length: 9\r\n\r\n', { status: 204, body: '' }],
  ['no reason and no space', 'HTTP/1.1 304\r\n\r\n', { status: 304, body: '' }],
  [
    'chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;x="y"\r\nhello\r\n00A \r\n0123456789\r\n0\r\nx: y\r\n\r\n',
    { body: 'hello0123456789', isKept: true },
  ],
  ['a closing server', 'HTTP/1.1 200 OK\r\nconnection: x , Close\r\ncontent-length: 1\r\n\r\nx', { isKept: false }],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx', { isKept: false, body: 'x' }],
  [
    'interim answers',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nhi',
    { status: 200, body: 'hi' },
  ],
]

describe('reading an answer of HTTP/1.1', () => {
  it.each(ANSWERS)('finds the end by %s', (_, text, expected) => {
    const seen = readText(text)
    expect(seen).toMatchObject({ ended: true, surplus: false, ...expected })
    expect(readText(`${text}H`).surplus).toBe(true)
  })

  it('ends with the connection where nothing else tells the end, and only there', () => {
    const text = 'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>'
    expect(readText(text)).toMatchObject({ ended: false, isKept: false, body: '<html>' })
    expect(readText(text, true)).toMatchObject({ ended: true, headers: { 'content-type': 'text/html' } })
    for (const [, complete] of ANSWERS)
      for (let length = 0; length < complete.length; length++)
        expect(readText(complete.slice(0, length)).ended).toBe(false)
  })

  it('joins what came in pieces', () => {
    expect(readText(ANSWERS[1]![1]).headers['x-two']).toBe('a, b')
    fc.assert(
      fc.property(fc.constantFrom(...ANSWERS), fc.array(fc.nat(200), { maxLength: 8 }), ([, text], cuts) => {
        const all = bytes(text)
        const at = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length]
        const pieces = at.slice(1).map((end, i) => all.subarray(at[i], end))
        expect(read(pieces)).toEqual(read([all]))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 No\r\n\r\n'],
    ['line feeds alone', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n\r\n\r\n'],
    ['an upgrade', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\ncontent-length : 5\r\n\r\n'],
    ['a zero in a value', 'HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n'],
    ['a signed length', 'HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\n'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['two encodings', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n'],
    ['chunks from HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n;x\r\n'],
    ['a chunk longer than it says', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxyz\r\n'],
    ['a malformed trailer', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nbad\r\n\r\n'],
    ['an endless head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(MAX_HEAD_BYTES)}`],
    ['too many headers', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(101)}\r\n`],
    ['endless extensions', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'y'.repeat(1100)}`],
    ['endless trailers', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${'x: y\r\n'.repeat(4000)}`],
    ['endless interim answers', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9)],
  ])('refuses %s', (_, text) => {
    expect(() => readText(text)).toThrow(HttpMessageError)
    // The same, one byte at a time.
    expect(() => read([...bytes(text)].map((byte) => Buffer.of(byte)))).toThrow(HttpMessageError)
  })

  it('reads or refuses 20,000 mutated answers, and nothing else happens', () => {
    const outcomes = { read: 0, refused: 0 }
    const edit = fc.tuple(fc.nat(300), fc.nat(255), fc.constantFrom('replace', 'insert', 'remove', 'repeat'))
    fc.assert(
      fc.property(fc.constantFrom(...ANSWERS), fc.array(edit, { minLength: 1, maxLength: 4 }), ([, text], edits) => {
        let mutated = bytes(text)
        for (const [where, byte, how] of edits) {
          const at = where % mutated.length
          const [before, after] = [mutated.subarray(0, at), mutated.subarray(at)]
          if (how === 'replace') mutated = Buffer.concat([before, Buffer.of(byte), after.subarray(1)])
          else if (how === 'insert') mutated = Buffer.concat([before, Buffer.of(byte), after])
          else if (how === 'remove') mutated = Buffer.concat([before, after.subarray(1)])
          else mutated = Buffer.concat([before, after, after])
          if (mutated.length === 0) return
        }
        try {
          read([mutated])
          outcomes.read++
        } catch (error) {
          expect(error).toBeInstanceOf(HttpMessageError)
          outcomes.refused++
        }
      }),
      { numRuns: 20_000 },
    )
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(1000)
  })
})

describe('the head of a request', () => {
  it('is what another implementation of HTTP reads', async () => {
    const server = createServer((request, response) => {
      const { method, url, headers } = request
      request.resume().on('end', () => response.end(JSON.stringify({ method, url, headers })))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    socket.end(`${requestHead('PUT', '/v1/x?a=b', `127.0.0.1:${port}`, { 'accept-encoding': 'identity' }, 3)}abc`)
    const parts: Buffer[] = []
    for await (const part of socket) parts.push(part as Buffer)
    const seen = read(parts)
    expect(seen).toMatchObject({ status: 200, ended: true })
    expect(JSON.parse(seen.body)).toEqual({
      method: 'PUT',
      url: '/v1/x?a=b',
      headers: {
        host: `127.0.0.1:${port}`,
        connection: 'keep-alive',
        'accept-encoding': 'identity',
        'content-length': '3',
      },
    })
    await new Promise((resolve) => server.close(resolve))
  })

  it('takes no path that would end it', () => {
    for (const path of ['x', '/a b', '/a\r\nx: y', '/é', ''])
      expect(() => requestHead('GET', path, 'h', {}, undefined)).toThrow(TypeError)
  })
})
