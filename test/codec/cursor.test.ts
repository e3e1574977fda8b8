import { bcs } from '@mysten/bcs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter, CodecError } from '../../src/codec/cursor.ts'

const Record = bcs.struct('Record', {
  a: bcs.u8(),
  b: bcs.u16(),
  c: bcs.u32(),
  d: bcs.u64(),
  e: bcs.bool(),
  f: bcs.string(),
  g: bcs.vector(bcs.u8()),
})

const record = fc.record({
  a: fc.integer({ min: 0, max: 255 }),
  b: fc.integer({ min: 0, max: 65535 }),
  c: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  d: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  e: fc.boolean(),
  f: fc.string({ unit: 'grapheme', maxLength: 200 }),
  g: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 300 }),
})

describe('ByteWriter and ByteReader', () => {
  it('agree with @mysten/bcs on every primitive', () => {
    fc.assert(
      fc.property(record, (value) => {
        const written = new ByteWriter(1)
          .u8(value.a)
          .u16(value.b)
          .u32(value.c)
          .u64(value.d)
          .bool(value.e)
          .string(value.f)
          .byteVector(Uint8Array.from(value.g))
          .finish()
        expect(written).toEqual(Record.serialize(value).toBytes())
        const reader = new ByteReader(written)
        expect(reader.u8()).toBe(value.a)
        expect(reader.u16()).toBe(value.b)
        expect(reader.u32()).toBe(value.c)
        expect(reader.u64()).toBe(value.d)
        expect(reader.bool()).toBe(value.e)
        expect(reader.string(1000)).toBe(value.f)
        expect([...reader.byteVector(1000)]).toEqual(value.g)
        reader.end()
      }),
    )
  })

  it('writes ULEB128 of up to 32 bits and reads it back', () => {
    for (const value of [0, 1, 127, 128, 16383, 16384, 2 ** 31, 2 ** 32 - 1])
      expect(new ByteReader(new ByteWriter().uleb(value).finish()).uleb()).toBe(value)
  })

  it.each([
    ['a ULEB128 that is not in shortest form', [0x80, 0x00]],
    ['a ULEB128 above 32 bits', [0xff, 0xff, 0xff, 0xff, 0x1f]],
    ['a ULEB128 that never ends', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
  ])('refuses %s', (_, bytes) => {
    expect(() => new ByteReader(Uint8Array.from(bytes)).uleb()).toThrow(CodecError)
  })

  it('refuses a length that the bytes left cannot hold, before allocating', () => {
    const lie = new ByteWriter().uleb(0xfffffff0).finish()
    expect(() => new ByteReader(lie).byteVector(2 ** 32)).toThrow(CodecError)
    expect(() => new ByteReader(new ByteWriter().byteVector(new Uint8Array(9)).finish()).byteVector(8)).toThrow(
      CodecError,
    )
  })

  it('refuses a boolean of 2, invalid UTF-8, a short read and trailing bytes', () => {
    expect(() => new ByteReader(Uint8Array.of(2)).bool()).toThrow(CodecError)
    expect(() => new ByteReader(Uint8Array.of(1, 0xff)).string(9)).toThrow(CodecError)
    expect(() => new ByteReader(Uint8Array.of(1)).u16()).toThrow(CodecError)
    expect(() => new ByteReader(Uint8Array.of(1)).end()).toThrow(CodecError)
  })
})
