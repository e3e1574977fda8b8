import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import {
  type DecodingSymbol,
  type EitherDecodingSymbol,
  encodeDecodingSymbols,
  encodeGeneralRecoverySymbols,
  encodeInconsistencyProof,
  encodeRecoverySymbol,
  type GeneralRecoverySymbol,
  parseDecodingSymbols,
  parseGeneralRecoverySymbols,
  parseInconsistencyProof,
  parseRecoverySymbol,
} from '../../src/protocol/recovery.ts'

const symbol: DecodingSymbol = { sourceIndex: 0x0102, bytes: Uint8Array.of(0xaa, 0xbb) }
const proof = [new Uint8Array(32).fill(1), new Uint8Array(32)]
const digest = `01${'01'.repeat(32)}`

describe('recovery symbols', () => {
  it('are source index, bytes, and a proof with tagged nodes', () => {
    const hex = `020102aabb02${digest}00`
    expect(toHex(encodeRecoverySymbol({ symbol, proof }))).toBe(hex)
    expect(parseRecoverySymbol(encodeRecoverySymbol({ symbol, proof }))).toEqual({ symbol, proof })
  })

  it('in general form name the axis and the target', () => {
    const general: GeneralRecoverySymbol[] = [
      { axis: 'secondary', symbol, targetIndex: 7, proof },
      { axis: 'primary', symbol, targetIndex: 300, proof: [] },
    ]
    const bytes = encodeGeneralRecoverySymbols(general)
    expect(toHex(bytes)).toBe(`0201020102aabb070002${digest}0000020102aabb2c0100`)
    expect(parseGeneralRecoverySymbols(bytes)).toEqual(general)
  })

  it('make up an inconsistency proof', () => {
    const proofOf = { targetIndex: 3, symbols: [{ symbol, proof }] }
    expect(toHex(encodeInconsistencyProof(proofOf))).toBe(`030001020102aabb02${digest}00`)
    expect(parseInconsistencyProof(encodeInconsistencyProof(proofOf))).toEqual(proofOf)
  })

  it.each([
    ['an odd symbol', '020101aa00'],
    ['an empty symbol', '02010000'],
    ['a proof deeper than any tree', `020102aabb11${'00'.repeat(17)}`],
    ['an unknown node tag', '020102aabb0102'],
    ['zeros in the form of a digest', `020102aabb0101${'00'.repeat(32)}`],
    ['bytes after the end', '020102aabb0000'],
  ])('are refused with %s', (_, hex) => {
    expect(() => parseRecoverySymbol(Uint8Array.from(Buffer.from(hex, 'hex')))).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_RECOVERY' }),
    )
  })
})

describe('decoding symbols', () => {
  it('are a map in order of the serialized key', () => {
    const either: EitherDecodingSymbol = { axis: 'primary', symbol }
    const targets = new Map([
      [1, [either]],
      [256, []],
    ])
    const bytes = encodeDecodingSymbols(targets)
    // 256 is serialized 00 01, which comes before 01 00.
    expect(toHex(bytes)).toBe('020001000100010002' + '0102aabb')
    expect(parseDecodingSymbols(bytes)).toEqual(targets)
  })

  it('name a target once', () => {
    expect(() => parseDecodingSymbols(Uint8Array.from([2, 1, 0, 0, 1, 0, 0]))).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_RECOVERY' }),
    )
  })
})
