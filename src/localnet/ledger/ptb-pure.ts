/** Pure arguments: bytes that become a value of the type a parameter asks for. */

import { fromUtf8 } from '../../base/bytes.ts'
import { MoveFormatError } from '../movevm/errors.ts'
import type { Loader } from '../movevm/loader.ts'
import { type DatatypeType, MOVE_STDLIB_ADDRESS, type MoveType, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { decodeValue } from '../movevm/value-bcs.ts'
import { ByteVector, MoveVector, Struct, type Value } from '../movevm/values.ts'
import { argumentFailure } from './ptb-failure.ts'

const OPTION = `${MOVE_STDLIB_ADDRESS}::option::Option`
const UTF8_STRING = `${MOVE_STDLIB_ADDRESS}::string::String`
const ASCII_STRING = `${MOVE_STDLIB_ADDRESS}::ascii::String`
const ID = `${SUI_FRAMEWORK_ADDRESS}::object::ID`

function nameOf(type: DatatypeType): string {
  return `${type.address}::${type.module}::${type.name}`
}

/** Types that bytes may stand for: numbers, addresses, texts, ids, and vectors and options of them. Anything else could
 *  be forged. */
export function isPureType(type: MoveType): boolean {
  if (type.kind === 'vector') return isPureType(type.element)
  if (type.kind !== 'datatype') return type.kind !== 'signer' && type.kind !== 'reference'
  const name = nameOf(type)
  if (name === OPTION) return isPureType(type.typeArguments[0]!)
  return name === UTF8_STRING || name === ASCII_STRING || name === ID
}

/** The value of a pure argument.
 *  @param anyType - accept every type (dev-inspect)
 *  @throws {ExecutionFailure} InvalidUsageOfPureArg, InvalidBCSBytes */
export function decodePure(loader: Loader, type: MoveType, bytes: Uint8Array, index: number, anyType: boolean): Value {
  if (!anyType && !isPureType(type)) throw argumentFailure(index, 'InvalidUsageOfPureArg')
  try {
    const value = decodeValue(type, bytes, loader.layout)
    if (!isValidPure(type, value)) throw argumentFailure(index, 'InvalidBCSBytes')
    return value
  } catch (error) {
    if (error instanceof MoveFormatError) throw argumentFailure(index, 'InvalidBCSBytes')
    throw error
  }
}

/** What decoding alone does not show: texts are texts, options hold at most one value. */
function isValidPure(type: MoveType, value: Value): boolean {
  if (type.kind === 'vector') {
    return !(value instanceof MoveVector) || value.items.every((item) => isValidPure(type.element, item))
  }
  if (type.kind !== 'datatype' || !(value instanceof Struct)) return true
  const name = nameOf(type)
  const [content] = value.fields
  if (content instanceof ByteVector && name === UTF8_STRING) return isUtf8(content.bytes)
  if (content instanceof ByteVector && name === ASCII_STRING) return content.bytes.every((byte) => byte < 0x80)
  if (name !== OPTION) return true
  const items = content instanceof MoveVector ? content.items : content instanceof ByteVector ? [...content.bytes] : []
  return items.length <= 1 && items.every((item) => isValidPure(type.typeArguments[0]!, item))
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    fromUtf8(bytes)
    return true
  } catch {
    return false
  }
}
