/** Types at run time, with their text and byte forms.
 *
 *  A type's `key` is its normalised text (addresses as `0x` and 64 hex digits, no spaces): equal types have equal keys,
 *  and the key is what objects, events and `normalizeStructTag` of `@mysten/sui` show. A datatype is named by its
 *  *defining* package id: the first version of the package that had it. */

import { fromHex, toHex } from '../../base/bytes.ts'
import { type ByteReader, ByteWriter } from '../../codec/cursor.ts'
import { malformedType } from './errors.ts'
import { MAX_IDENTIFIER_BYTES, MAX_TYPE_DEPTH, MAX_TYPE_NODES } from './limits.ts'

export type PrimitiveName = 'bool' | 'u8' | 'u16' | 'u32' | 'u64' | 'u128' | 'u256' | 'address' | 'signer'

export interface PrimitiveType {
  readonly kind: PrimitiveName
  readonly key: string
}
export interface VectorType {
  readonly kind: 'vector'
  readonly key: string
  readonly element: MoveType
}
export interface DatatypeType {
  readonly kind: 'datatype'
  readonly key: string
  /** Defining package id. */
  readonly address: string
  readonly module: string
  readonly name: string
  readonly typeArguments: readonly MoveType[]
}
export interface ReferenceType {
  readonly kind: 'reference'
  readonly key: string
  readonly mutable: boolean
  readonly to: MoveType
}
export type MoveType = PrimitiveType | VectorType | DatatypeType | ReferenceType

const primitive = (kind: PrimitiveName): PrimitiveType => ({ kind, key: kind })

export const PRIMITIVES: Readonly<Record<PrimitiveName, PrimitiveType>> = {
  bool: primitive('bool'),
  u8: primitive('u8'),
  u16: primitive('u16'),
  u32: primitive('u32'),
  u64: primitive('u64'),
  u128: primitive('u128'),
  u256: primitive('u256'),
  address: primitive('address'),
  signer: primitive('signer'),
}

export function vectorType(element: MoveType): VectorType {
  return { kind: 'vector', key: `vector<${element.key}>`, element }
}

export function referenceType(mutable: boolean, to: MoveType): ReferenceType {
  return { kind: 'reference', key: `${mutable ? '&mut ' : '&'}${to.key}`, mutable, to }
}

/** @param address - normalised defining package id */
export function datatypeType(
  address: string,
  module: string,
  name: string,
  typeArguments: readonly MoveType[] = [],
): DatatypeType {
  const suffix = typeArguments.length === 0 ? '' : `<${typeArguments.map((argument) => argument.key).join(',')}>`
  return { kind: 'datatype', key: `${address}::${module}::${name}${suffix}`, address, module, name, typeArguments }
}

/** `0x` and 64 lower-case hex digits of an address of 1 to 64 digits, with or without `0x`.
 *  @throws {MoveFormatError} MOVE_TYPE_MALFORMED */
export function normalizeAddress(text: string): string {
  const digits = text.startsWith('0x') ? text.slice(2) : text
  if (!/^[0-9a-fA-F]{1,64}$/.test(digits)) throw malformedType(text, 'an address is 1 to 64 hex digits')
  return `0x${digits.toLowerCase().padStart(64, '0')}`
}

/** 32 bytes of a normalised address. */
export function addressBytes(address: string): Uint8Array {
  return fromHex(address.slice(2))
}

/** Normalised address of 32 bytes. */
export function addressFromBytes(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`
}

export const MOVE_STDLIB_ADDRESS = normalizeAddress('0x1')
export const SUI_FRAMEWORK_ADDRESS = normalizeAddress('0x2')

const IDENTIFIER = /^(?:[a-zA-Z][a-zA-Z0-9_]*|_[a-zA-Z0-9_]+)$/

export function isIdentifier(text: string): boolean {
  return text.length <= MAX_IDENTIFIER_BYTES && IDENTIFIER.test(text)
}

/** A type from its text, e.g. `0x2::coin::Coin<0x2::sui::SUI>`; spaces after commas are accepted.
 *  @throws {MoveFormatError} MOVE_TYPE_MALFORMED */
export function parseType(text: string): MoveType {
  const parser = new TypeParser(text)
  const type = parser.type(1)
  parser.end()
  return type
}

class TypeParser {
  readonly #text: string
  #at = 0
  #nodes = 0

  constructor(text: string) {
    this.#text = text
  }

  #fail(reason: string): never {
    throw malformedType(this.#text.slice(0, 500), reason)
  }

  #word(): string {
    const from = this.#at
    while (this.#at < this.#text.length && /[\w]/.test(this.#text[this.#at]!)) this.#at++
    return this.#text.slice(from, this.#at)
  }

  #skip(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  type(depth: number): MoveType {
    if (depth > MAX_TYPE_DEPTH || ++this.#nodes > MAX_TYPE_NODES) this.#fail('too deep or too large')
    const word = this.#word()
    if (!this.#skip('::')) {
      if (word === 'vector') return vectorType(this.#arguments(depth, 1)[0]!)
      if (Object.hasOwn(PRIMITIVES, word)) return PRIMITIVES[word as PrimitiveName]
      this.#fail('unknown type name')
    }
    const module = this.#word()
    if (!this.#skip('::')) this.#fail('expected address::module::Name')
    const name = this.#word()
    if (!isIdentifier(module) || !isIdentifier(name)) this.#fail('malformed identifier')
    const typeArguments = this.#text[this.#at] === '<' ? this.#arguments(depth) : []
    return datatypeType(normalizeAddress(word), module, name, typeArguments)
  }

  #arguments(depth: number, count?: number): MoveType[] {
    if (!this.#skip('<')) this.#fail('expected <')
    const types: MoveType[] = []
    do {
      while (this.#skip(' '));
      types.push(this.type(depth + 1))
    } while (this.#skip(','))
    if (!this.#skip('>')) this.#fail('expected >')
    if (count !== undefined && types.length !== count) this.#fail('wrong number of type arguments')
    return types
  }

  end(): void {
    if (this.#at !== this.#text.length) this.#fail('text after the end')
  }
}

const TAGS: Readonly<Record<PrimitiveName, number>> = {
  bool: 0,
  u8: 1,
  u64: 2,
  u128: 3,
  address: 4,
  signer: 5,
  u16: 8,
  u32: 9,
  u256: 10,
}
const PRIMITIVE_BY_TAG = new Map(Object.entries(TAGS).map(([name, tag]) => [tag, PRIMITIVES[name as PrimitiveName]]))
const VECTOR_TAG = 6
const STRUCT_TAG = 7

/** Writes the BCS `TypeTag` of a type. References have none.
 *  @throws {TypeError} for a reference */
export function writeTypeTag(out: ByteWriter, type: MoveType): ByteWriter {
  if (type.kind === 'reference') throw new TypeError('a reference has no type tag')
  if (type.kind === 'vector') return writeTypeTag(out.u8(VECTOR_TAG), type.element)
  if (type.kind === 'datatype') return writeStructTag(out.u8(STRUCT_TAG), type)
  return out.u8(TAGS[type.kind])
}

/** Writes the BCS `StructTag` of a datatype. */
export function writeStructTag(out: ByteWriter, type: DatatypeType): ByteWriter {
  out.bytes(addressBytes(type.address)).string(type.module).string(type.name).uleb(type.typeArguments.length)
  for (const argument of type.typeArguments) writeTypeTag(out, argument)
  return out
}

/** Reads a BCS `TypeTag`.
 *  @throws {MoveFormatError | CodecError} */
export function readTypeTag(reader: ByteReader, depth = 1): MoveType {
  const tag = reader.u8()
  if (depth > MAX_TYPE_DEPTH) throw malformedType('', 'too deep')
  if (tag === VECTOR_TAG) return vectorType(readTypeTag(reader, depth + 1))
  if (tag === STRUCT_TAG) return readStructTag(reader, depth)
  const type = PRIMITIVE_BY_TAG.get(tag)
  if (!type) throw malformedType('', `unknown type tag ${tag}`)
  return type
}

/** Reads a BCS `StructTag`.
 *  @throws {MoveFormatError | CodecError} */
export function readStructTag(reader: ByteReader, depth = 1): DatatypeType {
  const address = addressFromBytes(reader.bytes(32))
  const module = reader.string(MAX_IDENTIFIER_BYTES)
  const name = reader.string(MAX_IDENTIFIER_BYTES)
  if (!isIdentifier(module) || !isIdentifier(name)) throw malformedType(`${module}::${name}`, 'malformed identifier')
  const count = reader.length(MAX_TYPE_NODES)
  return datatypeType(
    address,
    module,
    name,
    Array.from({ length: count }, () => readTypeTag(reader, depth + 1)),
  )
}

/** BCS of the `TypeTag`. */
export function typeTagBytes(type: MoveType): Uint8Array {
  return writeTypeTag(new ByteWriter(), type).finish()
}

/** A `TypeTag` as `@mysten/sui/bcs` decodes it inside a struct tag (not yet text). */
export type TypeTagJson = { readonly [name: string]: unknown }

/** A type as the object form of `bcs.StructTag` in `@mysten/sui/bcs`. */
export function structTagJson(type: DatatypeType): {
  address: string
  module: string
  name: string
  typeParams: TypeTagJson[]
} {
  return {
    address: type.address,
    module: type.module,
    name: type.name,
    typeParams: type.typeArguments.map(typeTagJson),
  }
}

function typeTagJson(type: MoveType): TypeTagJson {
  if (type.kind === 'vector') return { vector: typeTagJson(type.element) }
  if (type.kind === 'datatype') return { struct: structTagJson(type) }
  if (type.kind === 'reference') throw new TypeError('a reference has no type tag')
  return { [type.kind]: true }
}
