import { bcs, TypeTagSerializer } from '@mysten/sui/bcs'
import { normalizeStructTag } from '@mysten/sui/utils'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../../src/codec/cursor.ts'
import { MoveFormatError } from '../../../src/localnet/movevm/errors.ts'
import {
  datatypeType,
  type MoveType,
  normalizeAddress,
  PRIMITIVES,
  parseType,
  readTypeTag,
  typeTagBytes,
  vectorType,
} from '../../../src/localnet/movevm/types.ts'

const address = fc.bigInt(0n, (1n << 256n) - 1n).map((n) => normalizeAddress(n.toString(16)))
const identifier = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
const primitive = fc.constantFrom(...Object.values(PRIMITIVES))

const anyType: fc.Arbitrary<MoveType> = fc.letrec<{ type: MoveType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    primitive,
    tie('type').map(vectorType),
    fc
      .tuple(address, identifier, identifier, fc.array(tie('type'), { maxLength: 3 }))
      .map(([at, module, name, args]) => datatypeType(at, module, name, args)),
  ),
})).type

describe('types', () => {
  it('have the bytes of the SDK and come back from text and bytes', () => {
    fc.assert(
      fc.property(anyType, (type) => {
        const bytes = typeTagBytes(type)
        expect(bytes).toEqual(bcs.TypeTag.serialize(type.key).toBytes())
        expect(readTypeTag(new ByteReader(bytes))).toEqual(type)
        expect(parseType(type.key)).toEqual(type)
        expect(parseType(TypeTagSerializer.tagToString(TypeTagSerializer.parseFromStr(type.key)))).toEqual(type)
      }),
      { numRuns: 150 },
    )
  })

  it('are written as the SDK normalises them', () => {
    const short = '0x2::table::Table<0x1::string::String, vector<0x2::coin::Coin<0x2::sui::SUI>>>'
    expect(parseType(short).key).toBe(normalizeStructTag(short))
  })

  it.each([
    '',
    'u9',
    'vector',
    'vector<u8',
    'vector<u8,u8>',
    '0x2::coin',
    '0x2::coin::Coin<>',
    '0x2::coin::Coin<u8>x',
    '0xg::a::B',
    `0x${'1'.repeat(65)}::a::B`,
    '0x1::1a::B',
    'vector<'.repeat(20),
    `${'vector<'.repeat(20)}u8${'>'.repeat(20)}`,
    '&u8',
  ])('refuse %j', (text) => {
    expect(() => parseType(text)).toThrow(MoveFormatError)
  })

  it('refuse unknown tags and endless nesting in bytes', () => {
    expect(() => readTypeTag(new ByteReader(Uint8Array.of(11)))).toThrow(MoveFormatError)
    expect(() => readTypeTag(new ByteReader(new Uint8Array(1000).fill(6)))).toThrow(MoveFormatError)
  })
})
