/** Native functions that need nothing but their arguments: texts, bytes, hashes, type names. */

import { hash } from 'node:crypto'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { blake2b256 } from '../../crypto/hash.ts'
import { invariantFault, nativeAbort } from './errors.ts'
import { cast } from './integers.ts'
import type { NativeCall, NativeFunction } from './machine.ts'
import {
  addressFromBytes,
  type DatatypeType,
  MOVE_STDLIB_ADDRESS,
  type MoveType,
  SUI_FRAMEWORK_ADDRESS,
} from './types.ts'
import { encodeValue } from './value-bcs.ts'
import {
  ByteVector,
  expectAddress,
  expectBytes,
  expectReference,
  expectU64,
  Int,
  Struct,
  type Value,
} from './values.ts'
import { borrowElement, packVector, popBack, pushBack, swapElements, unpackVector, vectorLength } from './vectors.ts'

/** Natives by `package::module::function` become a table by full name.
 *  @param address - normalised package id */
export function nativesOf<C>(
  address: string,
  entries: Readonly<Record<string, NativeFunction<C>>>,
): [string, NativeFunction<C>][] {
  return Object.entries(entries).map(([name, native]) => [`${address}::${name}`, native])
}

/** The bytes behind a `&vector<u8>` argument. */
export function referencedBytes(value: Value | undefined): Uint8Array {
  return expectBytes(expectReference(value).get())
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    fromUtf8(bytes)
    return true
  } catch {
    return false
  }
}

function isCharBoundary(bytes: Uint8Array, index: bigint): boolean {
  if (index === 0n || index === BigInt(bytes.length)) return true
  // A byte 10xxxxxx continues a character.
  return index < BigInt(bytes.length) && (bytes[Number(index)]! & 0xc0) !== 0x80
}

function subString({ args }: NativeCall<unknown>): ByteVector {
  const bytes = referencedBytes(args[0])
  const from = expectU64(args[1])
  const to = expectU64(args[2])
  if (from > to || to > BigInt(bytes.length)) throw nativeAbort(1)
  return new ByteVector(bytes.slice(Number(from), Number(to)))
}

function indexOf({ machine, args }: NativeCall<unknown>): bigint {
  const text = referencedBytes(args[0])
  const wanted = referencedBytes(args[1])
  machine.chargeBytes(text.length)
  const at = Buffer.from(text.buffer, text.byteOffset, text.length).indexOf(wanted)
  return BigInt(at < 0 ? text.length : at)
}

const LENGTH_ERROR = 0

function addressFromVector({ args }: NativeCall<unknown>): string {
  const bytes = expectBytes(args[0])
  if (bytes.length !== 32) throw nativeAbort(LENGTH_ERROR)
  return addressFromBytes(bytes)
}

function hashOf(
  args: readonly Value[],
  machine: NativeCall<unknown>['machine'],
  algorithm: (bytes: Uint8Array) => Uint8Array,
) {
  const bytes = args[0] instanceof ByteVector ? args[0].bytes : referencedBytes(args[0])
  machine.chargeBytes(bytes.length)
  return new ByteVector(algorithm(bytes))
}

/** Text of a type as `type_name` shows it: addresses as 64 digits without `0x`. */
function typeText(type: MoveType, nameOf: (type: DatatypeType) => string): string {
  if (type.kind === 'vector') return `vector<${typeText(type.element, nameOf)}>`
  if (type.kind !== 'datatype') return type.key
  const suffix = type.typeArguments.map((argument) => typeText(argument, nameOf)).join(',')
  return `${nameOf(type).slice(2)}::${type.module}::${type.name}${suffix && `<${suffix}>`}`
}

function originalAddress({ machine }: NativeCall<unknown>, type: DatatypeType): string {
  return machine.loader.package(type.address).originalId
}

/** TypeName { name: ascii::String { bytes } }, laid out as the called function declares its result. */
function typeName(call: NativeCall<unknown>, nameOf: (type: DatatypeType) => string): Struct {
  const { machine, callee, typeArguments } = call
  const result = callee.returns[0]
  if (result?.kind !== 'datatype') throw invariantFault('type_name returns a struct')
  const layout = machine.loader.layout(result)
  const text = layout.fields?.[0]?.type
  if (text?.kind !== 'datatype') throw invariantFault('a type name holds a text')
  const name = new ByteVector(utf8(typeText(typeArguments[0]!, nameOf)))
  return new Struct(layout, [new Struct(machine.loader.layout(text), [name])])
}

const ENonModuleType = 0

function datatypeArgument({ typeArguments }: NativeCall<unknown>): DatatypeType {
  const type = typeArguments[0]
  if (type?.kind !== 'datatype') throw nativeAbort(ENonModuleType)
  return type
}

/** True for a type named like its module in upper case, with a single bool field and no type arguments. */
export function isOneTimeWitness(
  type: MoveType,
  layoutOf: NativeCall<unknown>['machine']['loader']['layout'],
): boolean {
  if (type.kind !== 'datatype' || type.typeArguments.length > 0 || type.name !== type.module.toUpperCase()) return false
  const { fields } = layoutOf(type)
  return fields?.length === 1 && fields[0]!.type.kind === 'bool'
}

const stdlib = {
  'bcs::to_bytes': ({ machine, args }) => {
    const bytes = encodeValue(expectReference(args[0]).get())
    machine.chargeBytes(bytes.length)
    return new ByteVector(bytes)
  },
  'hash::sha2_256': ({ machine, args }) => hashOf(args, machine, (bytes) => hash('sha256', bytes, 'buffer')),
  'hash::sha3_256': ({ machine, args }) => hashOf(args, machine, (bytes) => hash('sha3-256', bytes, 'buffer')),
  'string::internal_check_utf8': ({ args }) => isUtf8(referencedBytes(args[0])),
  'string::internal_is_char_boundary': ({ args }) => isCharBoundary(referencedBytes(args[0]), expectU64(args[1])),
  'string::internal_sub_string': subString,
  'string::internal_index_of': indexOf,
  'type_name::with_defining_ids': (call) => typeName(call, (type) => type.address),
  'type_name::get': (call) => typeName(call, (type) => type.address),
  'type_name::with_original_ids': (call) => typeName(call, (type) => originalAddress(call, type)),
  'type_name::get_with_original_ids': (call) => typeName(call, (type) => originalAddress(call, type)),
  'type_name::defining_id': (call) => datatypeArgument(call).address,
  'type_name::original_id': (call) => originalAddress(call, datatypeArgument(call)),
  'debug::print': () => [],
  'debug::print_stack_trace': () => [],
} satisfies Record<string, NativeFunction<unknown>>

/** The vector instructions as functions: compiled code has the instructions, a transaction calls these. */
const vector = {
  'vector::empty': ({ typeArguments }) => packVector(typeArguments[0]!, []),
  'vector::length': ({ args }) => vectorLength(expectReference(args[0])),
  'vector::borrow': ({ args }) => borrowElement(expectReference(args[0]), args[1]!, false),
  'vector::borrow_mut': ({ args }) => borrowElement(expectReference(args[0]), args[1]!, true),
  'vector::push_back': ({ args }) => {
    pushBack(expectReference(args[0]), args[1]!)
    return []
  },
  'vector::pop_back': ({ args }) => popBack(expectReference(args[0])),
  'vector::swap': ({ args }) => {
    swapElements(expectReference(args[0]), args[1]!, args[2]!)
    return []
  },
  'vector::destroy_empty': ({ args }) => {
    unpackVector(args[0]!, 0)
    return []
  },
} satisfies Record<string, NativeFunction<unknown>>

const framework = {
  'address::to_u256': ({ args }) => new Int(256, BigInt(expectAddress(args[0]))),
  'address::from_u256': ({ args }) => {
    const value = cast(256, args[0]!) as Int
    return `0x${value.value.toString(16).padStart(64, '0')}`
  },
  'address::from_bytes': addressFromVector,
  'hash::blake2b256': ({ machine, args }) => hashOf(args, machine, (bytes) => blake2b256(bytes)),
  'hash::keccak256': ({ machine, args }) => hashOf(args, machine, (bytes) => keccak_256(bytes)),
  'types::is_one_time_witness': ({ machine, typeArguments }) =>
    isOneTimeWitness(typeArguments[0]!, machine.loader.layout),
} satisfies Record<string, NativeFunction<unknown>>

/** Natives of 0x1 and 0x2 without a state of their own. */
export const PURE_NATIVES: readonly [string, NativeFunction<unknown>][] = [
  ...nativesOf<unknown>(MOVE_STDLIB_ADDRESS, stdlib),
  ...nativesOf<unknown>(MOVE_STDLIB_ADDRESS, vector),
  ...nativesOf<unknown>(SUI_FRAMEWORK_ADDRESS, framework),
]
