import { type BcsType, bcs } from '@mysten/bcs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'
import { MoveFormatError } from '../../../src/localnet/movevm/errors.ts'
import { normalizeAddress, parseType } from '../../../src/localnet/movevm/types.ts'
import { decodeValue, encodeValue } from '../../../src/localnet/movevm/value-bcs.ts'
import { copyValue, equalValues } from '../../../src/localnet/movevm/values.ts'
import { call, loader, PROBE, plain } from './probe.ts'

interface Case {
  type: string
  schema: BcsType<unknown, unknown>
  value: fc.Arbitrary<unknown>
}

const schema = (type: unknown) => type as BcsType<unknown, unknown>
const unsigned = (bits: number) => fc.bigInt(0n, (1n << BigInt(bits)) - 1n).map(String)
const small = (max: number) => fc.integer({ min: 0, max })
const address = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => [...bytes])

const CASES: Case[] = [
  { type: 'bool', schema: schema(bcs.bool()), value: fc.boolean() },
  { type: 'u8', schema: schema(bcs.u8()), value: small(255) },
  { type: 'u16', schema: schema(bcs.u16()), value: small(65535) },
  { type: 'u32', schema: schema(bcs.u32()), value: small(2 ** 32 - 1) },
  { type: 'u64', schema: schema(bcs.u64()), value: unsigned(64) },
  { type: 'u128', schema: schema(bcs.u128()), value: unsigned(128) },
  { type: 'u256', schema: schema(bcs.u256()), value: unsigned(256) },
  { type: 'address', schema: schema(bcs.fixedArray(32, bcs.u8())), value: address },
  { type: 'vector<u8>', schema: schema(bcs.vector(bcs.u8())), value: fc.array(small(255)) },
  {
    type: 'vector<vector<u8>>',
    schema: schema(bcs.vector(bcs.vector(bcs.u8()))),
    value: fc.array(fc.array(small(255))),
  },
  { type: 'vector<u64>', schema: schema(bcs.vector(bcs.u64())), value: fc.array(unsigned(64)) },
  { type: '0x1::option::Option<u16>', schema: schema(bcs.option(bcs.u16())), value: fc.option(small(65535)) },
  { type: '0x1::string::String', schema: schema(bcs.string()), value: fc.string() },
  {
    type: `${PROBE}::shapes::Pair<u64,vector<${PROBE}::shapes::Pair<bool,0x1::string::String>>>`,
    schema: schema(bcs.tuple([bcs.u64(), bcs.vector(bcs.tuple([bcs.bool(), bcs.string()]))])),
    value: fc.tuple(unsigned(64), fc.array(fc.tuple(fc.boolean(), fc.string()))),
  },
  {
    type: `${PROBE}::shapes::Shape`,
    schema: schema(bcs.enum('Shape', { Empty: null, Circle: bcs.u64(), Rectangle: bcs.tuple([bcs.u64(), bcs.u64()]) })),
    value: fc.oneof(
      fc.constant({ Empty: null }),
      unsigned(64).map((Circle) => ({ Circle })),
      fc.tuple(unsigned(64), unsigned(64)).map((Rectangle) => ({ Rectangle })),
    ),
  },
]

describe('BCS of values', () => {
  it.each(CASES)('of $type is that of @mysten/bcs and comes back', ({ type, schema: of, value }) => {
    const parsed = parseType(type)
    fc.assert(
      fc.property(value, (sample) => {
        const bytes = of.serialize(sample).toBytes()
        const decoded = decodeValue(parsed, bytes, loader.layout)
        expect(encodeValue(decoded)).toEqual(bytes)
        const copy = copyValue(decoded)
        expect(equalValues(copy, decoded)).toBe(true)
        expect(plain(copy)).toEqual(plain(decoded))
      }),
      { numRuns: 60 },
    )
  })

  it('is what code sees through bcs::to_bytes', () => {
    const [value, bytes] = call('natives', 'to_bytes', [7n], { typeArguments: ['u64'] })
    expect(value).toBe(7n)
    expect(plain(bytes!)).toBe('\x07\0\0\0\0\0\0\0')
  })

  it.each([
    ['bool', [2]],
    ['u64', [1, 2, 3]],
    ['u8', [1, 2]],
    ['vector<u8>', [5, 1]],
    ['vector<u8>', [0x80, 0]],
    ['vector<u64>', [0xff, 0xff, 0xff, 0xff, 0x0f]],
    [`${PROBE}::shapes::Shape`, [3]],
    ['signer', new Array(32).fill(0)],
    ['address', [1]],
  ])('of %s refuses %j', (type, content) => {
    expect(() => decodeValue(parseType(type), Uint8Array.from(content), loader.layout)).toThrow(MoveFormatError)
  })

  it('survives any bytes with a value that encodes back, or a coded error', () => {
    const rng = createRng(7)
    for (let round = 0; round < 2000; round++) {
      const { type } = CASES[rng.below(CASES.length)]!
      const bytes = rng.fill(new Uint8Array(rng.below(40)))
      try {
        expect(encodeValue(decodeValue(parseType(type), bytes, loader.layout))).toEqual(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(MoveFormatError)
      }
    }
  })

  it('names a type by its package', () => {
    expect(() => decodeValue(parseType(`${PROBE}::shapes::Missing`), new Uint8Array(1), loader.layout)).toThrow(
      expect.objectContaining({ code: 'MOVE_TYPE_MISSING' }),
    )
    expect(normalizeAddress('77')).toBe(PROBE)
  })
})
