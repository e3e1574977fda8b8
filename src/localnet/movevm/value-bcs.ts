/** BCS of values. Encoding follows the value itself; decoding follows a type and refuses anything not canonical. */

import { ByteReader, ByteWriter, CodecError } from '../../codec/cursor.ts'
import { invariantFault, limitFault, malformedValue } from './errors.ts'
import type { Layout } from './layout.ts'
import { MAX_OBJECT_BYTES, MAX_VALUE_DEPTH } from './limits.ts'
import { addressBytes, addressFromBytes, type MoveType } from './types.ts'
import { ByteVector, Int, MoveVector, Struct, type Value, Variant } from './values.ts'

/** @throws {MoveFault} invariant for references */
export function encodeValue(value: Value): Uint8Array {
  return writeValue(new ByteWriter(128), value, 0).finish()
}

function writeValue(out: ByteWriter, value: Value, depth: number): ByteWriter {
  if (typeof value === 'bigint') return out.u64(value)
  if (typeof value === 'number') return out.u8(value)
  if (typeof value === 'boolean') return out.bool(value)
  if (typeof value === 'string') return out.bytes(addressBytes(value))
  if (depth > MAX_VALUE_DEPTH) throw limitFault('value nested too deep')
  if (value instanceof ByteVector) return out.byteVector(value.bytes)
  if (value instanceof Int) return writeInt(out, value)
  if (value instanceof Struct) return writeAll(out, value.fields, depth)
  if (value instanceof MoveVector) return writeAll(out.uleb(value.items.length), value.items, depth)
  if (value instanceof Variant) return writeAll(out.uleb(value.tag), value.fields, depth)
  throw invariantFault('a reference has no bytes')
}

function writeAll(out: ByteWriter, values: readonly Value[], depth: number): ByteWriter {
  for (const value of values) writeValue(out, value, depth + 1)
  return out
}

function writeInt(out: ByteWriter, { bits, value }: Int): ByteWriter {
  if (bits === 16) return out.u16(Number(value))
  if (bits === 32) return out.u32(Number(value))
  for (let shift = 0n; shift < BigInt(bits); shift += 64n) out.u64((value >> shift) & 0xffff_ffff_ffff_ffffn)
  return out
}

/** How decoding learns what a datatype is made of. */
export type LayoutOf = (type: MoveType & { kind: 'datatype' }) => Layout

/** @throws {MoveFormatError} MOVE_VALUE_MALFORMED */
export function decodeValue(type: MoveType, bytes: Uint8Array, layoutOf: LayoutOf): Value {
  const reader = new ByteReader(bytes)
  try {
    const value = readValue(reader, type, layoutOf, 0)
    reader.end()
    return value
  } catch (error) {
    if (error instanceof CodecError) throw malformedValue(type.key, error.message)
    throw error
  }
}

function readValue(reader: ByteReader, type: MoveType, layoutOf: LayoutOf, depth: number): Value {
  switch (type.kind) {
    case 'u64':
      return reader.u64()
    case 'u8':
      return reader.u8()
    case 'bool':
      return reader.bool()
    case 'address':
      return addressFromBytes(reader.bytes(32))
    case 'u16':
      return new Int(16, BigInt(reader.u16()))
    case 'u32':
      return new Int(32, BigInt(reader.u32()))
    case 'u128':
      return new Int(128, reader.u64() | (reader.u64() << 64n))
    case 'u256':
      return new Int(256, reader.u64() | (reader.u64() << 64n) | (reader.u64() << 128n) | (reader.u64() << 192n))
    case 'vector':
      if (type.element.kind === 'u8') return new ByteVector(reader.byteVector(4 * MAX_OBJECT_BYTES).slice())
      if (depth > MAX_VALUE_DEPTH) throw malformedValue(type.key, 'nested too deep')
      // Every element takes a byte or more, so the length is bounded by what is left.
      return new MoveVector(
        readMany(reader.length(4 * MAX_OBJECT_BYTES), reader, type.element, layoutOf, depth + 1),
        type.element,
      )
    case 'datatype':
      if (depth > MAX_VALUE_DEPTH) throw malformedValue(type.key, 'nested too deep')
      return readDatatype(reader, layoutOf(type), layoutOf, depth)
    default:
      throw malformedValue(type.key, 'values of this type have no bytes')
  }
}

function readMany(count: number, reader: ByteReader, type: MoveType, layoutOf: LayoutOf, depth: number): Value[] {
  const values = new Array<Value>(count)
  for (let i = 0; i < count; i++) values[i] = readValue(reader, type, layoutOf, depth)
  return values
}

function readDatatype(reader: ByteReader, layout: Layout, layoutOf: LayoutOf, depth: number): Value {
  if (layout.fields) {
    return new Struct(
      layout,
      layout.fields.map((field) => readValue(reader, field.type, layoutOf, depth + 1)),
    )
  }
  const tag = reader.uleb()
  const variant = layout.variants?.[tag]
  if (!variant) throw malformedValue(layout.type.key, `unknown variant ${tag}`)
  return new Variant(
    layout,
    tag,
    variant.fields.map((field) => readValue(reader, field.type, layoutOf, depth + 1)),
  )
}
