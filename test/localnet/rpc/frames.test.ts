import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'
import { decodeRequest, encodeFrame, encodeTrailer, isTextRequest } from '../../../src/localnet/rpc/frames.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

describe('gRPC-web frames', () => {
  it('reads the message of a binary and of a base64 request', () => {
    const message = new Uint8Array([1, 2, 3, 250])
    const body = encodeFrame(0, message)
    expect(decodeRequest(body, false)).toEqual(message)
    expect(decodeRequest(Buffer.from(Buffer.from(body).toString('base64')), true)).toEqual(message)
    expect(decodeRequest(encodeFrame(0, new Uint8Array(0)), false)).toEqual(new Uint8Array(0))
  })

  it('tells text from binary by the content type', () => {
    expect(isTextRequest('application/grpc-web-text')).toBe(true)
    expect(isTextRequest('application/grpc-web+proto')).toBe(false)
  })

  it('writes trailers with lower-case keys and a percent-encoded message', () => {
    expect(text(encodeTrailer(0)).slice(5)).toBe('grpc-status:0\r\n')
    expect(text(encodeTrailer(5, 'ünknown\r\ngrpc-status:0')).slice(5)).toBe(
      'grpc-status:5\r\ngrpc-message:%C3%BCnknown%0D%0Agrpc-status%3A0\r\n',
    )
    expect(encodeTrailer(0)[0]).toBe(0x80)
  })

  it('writes a trailer for text that is no valid Unicode', () => {
    expect(text(encodeTrailer(3, 'half \ud800 pair')).slice(5)).toMatch(
      /^grpc-status:3\r\ngrpc-message:half%20%EF%BF%BD/,
    )
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['half a head', new Uint8Array([0, 0, 0])],
    ['a compressed frame', encodeFrame(1, new Uint8Array(2))],
    ['a trailer', encodeFrame(0x80, new Uint8Array(2))],
    ['a length above the body', new Uint8Array([0, 255, 255, 255, 255, 1])],
    ['two messages', Buffer.concat([encodeFrame(0, new Uint8Array(2)), encodeFrame(0, new Uint8Array(2))])],
  ])('refuses %s', (_name, body) => {
    expect(() => decodeRequest(body, false)).toThrowError(expect.objectContaining({ code: 'LEDGER_INVALID_ARGUMENT' }))
  })

  it('answers random bodies with a message or a coded error', () => {
    const rng = createRng(3)
    for (let round = 0; round < 500; round++) {
      const body = rng.fill(new Uint8Array(rng.below(40)))
      try {
        decodeRequest(body, rng.below(2) === 0)
      } catch (error) {
        expect(error).toMatchObject({ code: 'LEDGER_INVALID_ARGUMENT' })
      }
    }
  })
})
