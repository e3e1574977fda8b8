/** Whether values are of the types that code takes them for.
 *
 *  The compiler has proved it for what it writes; the machine asks again wherever a value crosses from one piece of code
 *  into another or into a container (calls, returns, packing, writing through a reference), so that code made by hand can
 *  be wrong only within itself. Values know their own type at the top, and what is inside was asked about when it went
 *  in, so no check looks further than that. */

import { invariantFault } from './errors.ts'
import type { Layout } from './layout.ts'
import type { DatatypeType, MoveType } from './types.ts'
import { ByteVector, Int, MoveVector, Reference, Struct, type Value, Variant } from './values.ts'

const INT_BITS: Partial<Record<MoveType['kind'], number>> = { u16: 16, u32: 32, u128: 128, u256: 256 }

function isSameType(a: MoveType, b: MoveType): boolean {
  return a === b || a.key === b.key
}

/** True if the value is of the type; a mutable reference serves where an immutable one is asked for. */
export function isOfType(value: Value, type: MoveType): boolean {
  switch (type.kind) {
    case 'u64':
      return typeof value === 'bigint'
    case 'u8':
      return typeof value === 'number'
    case 'bool':
      return typeof value === 'boolean'
    case 'address':
    case 'signer':
      return typeof value === 'string'
    case 'vector':
      if (type.element.kind === 'u8') return value instanceof ByteVector
      return value instanceof MoveVector && isSameType(value.element, type.element)
    case 'datatype':
      return (value instanceof Struct || value instanceof Variant) && isSameType(value.layout.type, type)
    case 'reference':
      return value instanceof Reference && (value.mutable || !type.mutable) && isOfType(value.get(), type.to)
    default:
      return value instanceof Int && value.bits === INT_BITS[type.kind]
  }
}

/** @throws {MoveFault} invariant */
export function assertOfType(value: Value, type: MoveType): void {
  if (!isOfType(value, type)) throw invariantFault(`a value is not of type ${type.key}`)
}

/** True if one value may take the place of the other. References stand in no place that can be written to. */
function isExchangeable(a: Value, b: Value): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return typeof a === typeof b
  if (a instanceof ByteVector) return b instanceof ByteVector
  if (a instanceof Int) return b instanceof Int && a.bits === b.bits
  if (a instanceof Struct) return b instanceof Struct && isSameType(a.layout.type, b.layout.type)
  if (a instanceof Variant) return b instanceof Variant && isSameType(a.layout.type, b.layout.type)
  return a instanceof MoveVector && b instanceof MoveVector && isSameType(a.element, b.element)
}

/** @throws {MoveFault} invariant */
export function assertExchangeable(before: Value, after: Value): void {
  if (!isExchangeable(before, after)) throw invariantFault('a value would be replaced by one of another type')
}

/** @throws {MoveFault} invariant if the value was made with another layout */
export function assertLayout(value: Struct | Variant, layout: Layout): void {
  if (value.layout !== layout && !isSameType(value.layout.type, layout.type)) {
    throw invariantFault(`a value of ${value.layout.type.key} was taken for ${layout.type.key}`)
  }
}

/** Checks the datatype behind an instance of it, whatever its type arguments.
 *  @throws {MoveFault} invariant */
export function assertDatatype(
  { layout: { type } }: Struct | Variant,
  expected: Pick<DatatypeType, 'address' | 'module' | 'name'>,
): void {
  if (type.name !== expected.name || type.module !== expected.module || type.address !== expected.address) {
    throw invariantFault(`a value of ${type.key} was taken for ${expected.module}::${expected.name}`)
  }
}
