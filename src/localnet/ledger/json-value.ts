/** Move values as JSON, for people and explorers. Programs read BCS: the rendering loses types.
 *
 *  As full nodes render: integers above 32 bits as text, addresses and ids as `0x…`, `vector<u8>` as base64, strings as
 *  text, `Option` as the value or null, enums with `@variant`. */

import { toBase64 } from '@mysten/sui/utils'
import { FloeError } from '../../base/errors.ts'
import { Loader } from '../movevm/loader.ts'
import { MOVE_STDLIB_ADDRESS, parseType, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { decodeValue } from '../movevm/value-bcs.ts'
import { ByteVector, Int, MoveVector, Struct, type Value, Variant } from '../movevm/values.ts'
import type { ObjectSource } from './execution.ts'

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/** Structs that stand for the one thing in them. */
const TRANSPARENT: ReadonlySet<string> = new Set([
  `${SUI_FRAMEWORK_ADDRESS}::object::ID`,
  `${SUI_FRAMEWORK_ADDRESS}::object::UID`,
  `${SUI_FRAMEWORK_ADDRESS}::balance::Balance`,
  `${SUI_FRAMEWORK_ADDRESS}::url::Url`,
  `${MOVE_STDLIB_ADDRESS}::type_name::TypeName`,
])
const TEXT: ReadonlySet<string> = new Set([
  `${MOVE_STDLIB_ADDRESS}::string::String`,
  `${MOVE_STDLIB_ADDRESS}::ascii::String`,
])
const OPTION = `${MOVE_STDLIB_ADDRESS}::option::Option`

/** The value, or nothing if its type is not published or the bytes are not of that type.
 *  @param type - normalised struct type */
export function jsonValue(source: ObjectSource, type: string, contents: Uint8Array): Json | undefined {
  try {
    return render(decodeValue(parseType(type), contents, new Loader(source).layout))
  } catch (error) {
    // Rendering is a courtesy: what cannot be rendered is still served as BCS.
    if (error instanceof FloeError) return undefined
    throw error
  }
}

function render(value: Value): Json {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value
  if (value instanceof Int) return value.bits <= 32 ? Number(value.value) : String(value.value)
  if (value instanceof ByteVector) return toBase64(value.bytes.slice())
  if (value instanceof MoveVector) return value.items.map(render)
  if (value instanceof Struct) return renderStruct(value)
  if (value instanceof Variant) {
    const { name, fields } = value.layout.variants![value.tag]!
    return { '@variant': name, ...renderFields(fields, value.fields) }
  }
  return null
}

function renderFields(layouts: readonly { name: string }[], values: readonly Value[]): { [name: string]: Json } {
  // No prototype: a field may be called `__proto__`.
  const fields: { [name: string]: Json } = Object.create(null)
  for (const [i, { name }] of layouts.entries()) fields[name] = render(values[i]!)
  return fields
}

function renderStruct(value: Struct): Json {
  const { address, module, name } = value.layout.type
  const type = `${address}::${module}::${name}`
  const [first] = value.fields
  if (TRANSPARENT.has(type) && first !== undefined) return render(first)
  if (TEXT.has(type) && first instanceof ByteVector) return Buffer.from(first.bytes).toString('utf8')
  if (type === OPTION) {
    if (first instanceof MoveVector) return first.items.length > 0 ? render(first.items[0]!) : null
    if (first instanceof ByteVector) return first.length > 0 ? first.get(0) : null
  }
  return renderFields(value.layout.fields ?? [], value.fields)
}
