/** What a compiled module offers to those who call it or read its values: public functions with their signatures,
 *  structs and enums with their fields. Bodies are skipped. */

import {
  addressText,
  readIdentifier,
  readModuleHandle,
  readSelfHandle,
  readTable,
  TABLE_KINDS,
  type TableReader,
} from './bytecode.ts'
import { MoveBytecodeError } from './errors.ts'

export type MoveType =
  | { readonly kind: 'primitive'; readonly name: string }
  | { readonly kind: 'reference'; readonly isMutable: boolean; readonly to: MoveType }
  | { readonly kind: 'vector'; readonly of: MoveType }
  | { readonly kind: 'parameter'; readonly index: number }
  | { readonly kind: 'datatype'; readonly path: DatatypePath; readonly parameters: readonly MoveType[] }

export interface DatatypePath {
  /** `0x` and 64 hex digits. */
  readonly address: string
  readonly module: string
  readonly name: string
}

export interface FieldDefinition {
  readonly name: string
  readonly type: MoveType
}

export type Ability = 'copy' | 'drop' | 'store' | 'key'

export interface DatatypeDefinition {
  readonly name: string
  readonly abilities: readonly Ability[]
  readonly typeParameterCount: number
  /** Of a struct; empty if it has none. */
  readonly fields?: readonly FieldDefinition[]
  /** Of an enum. */
  readonly variants?: readonly { readonly name: string; readonly fields: readonly FieldDefinition[] }[]
}

export interface FunctionDefinition {
  readonly name: string
  readonly isEntry: boolean
  readonly typeParameterCount: number
  readonly parameters: readonly MoveType[]
  readonly results: readonly MoveType[]
}

export interface ModuleDefinitions {
  readonly name: string
  /** In the order of the module. */
  readonly datatypes: readonly DatatypeDefinition[]
  /** Public functions and entry functions, in the order of the module. */
  readonly functions: readonly FunctionDefinition[]
}

const ABILITIES: readonly Ability[] = ['copy', 'drop', 'store', 'key']
const PRIMITIVES: Readonly<Record<number, string>> = {
  1: 'bool',
  2: 'u8',
  3: 'u64',
  4: 'u128',
  5: 'address',
  12: 'signer',
  13: 'u16',
  14: 'u32',
  15: 'u256',
}
/** Types nest, in a module that a compiler made, a few levels at most. */
const MAX_TYPE_DEPTH = 32
const VISIBILITY_PUBLIC = 1
const FLAG_NATIVE = 2
const FLAG_ENTRY = 4
const STRUCT_DECLARED = 2

/** Bytes of the literal that follows an instruction. */
const LITERAL_BYTES: Readonly<Record<number, number>> = { 6: 8, 49: 1, 50: 16, 72: 2, 73: 4, 74: 32 }
/** Instructions followed by one ULEB128 number: from, to (inclusive). */
const INDEXED: readonly (readonly [number, number])[] = [
  [0x03, 0x05],
  [0x07, 0x07],
  [0x0a, 0x13],
  [0x36, 0x3a],
  [0x40, 0x47],
  [0x4e, 0x56],
]
/** Vector literals: a count of 8 bytes follows the number. */
const COUNTED = [0x40, 0x46]
const LAST_OPCODE = 0x56

/** @throws {MoveBytecodeError} if the bytes are not a module */
export function readDefinitions(module: Uint8Array): ModuleDefinitions {
  const addresses = readTable(module, TABLE_KINDS.addresses, (reader) => addressText(reader.take(32)))
  const names = readTable(module, TABLE_KINDS.identifiers, readIdentifier)
  const modules = readTable(module, TABLE_KINDS.moduleHandles, readModuleHandle)
  const handles = readTable(module, TABLE_KINDS.datatypeHandles, (reader) => ({
    module: reader.uleb(),
    name: reader.uleb(),
    abilities: reader.uleb(),
    phantoms: many(reader, () => {
      reader.uleb()
      return reader.u8()
    }),
  }))
  const pathOf = (index: number): DatatypePath => {
    const handle = at(handles, index)
    const owner = at(modules, handle.module)
    return { address: at(addresses, owner.address), module: at(names, owner.name), name: at(names, handle.name) }
  }
  const typeOf = (reader: TableReader) => readType(reader, pathOf, 0)
  const fieldsOf = (reader: TableReader): FieldDefinition[] =>
    many(reader, () => ({ name: at(names, reader.uleb()), type: typeOf(reader) })).filter(
      // The format has no empty structs: the compiler puts this in.
      ({ name }) => name !== 'dummy_field',
    )
  const headOf = (index: number) => ({
    name: at(names, at(handles, index).name),
    abilities: ABILITIES.filter((_, bit) => at(handles, index).abilities & (1 << bit)),
    typeParameterCount: at(handles, index).phantoms.length,
  })
  const structs = readTable(module, TABLE_KINDS.structDefinitions, (reader): DatatypeDefinition => {
    const head = headOf(reader.uleb())
    return { ...head, fields: reader.u8() === STRUCT_DECLARED ? fieldsOf(reader) : [] }
  })
  const enums = readTable(module, TABLE_KINDS.enumDefinitions, (reader): DatatypeDefinition => {
    const head = headOf(reader.uleb())
    reader.u8() // enums are always declared
    return { ...head, variants: many(reader, () => ({ name: at(names, reader.uleb()), fields: fieldsOf(reader) })) }
  })
  const signatures = readTable(module, TABLE_KINDS.signatures, (reader) => many(reader, () => typeOf(reader)))
  const functionHandles = readTable(module, TABLE_KINDS.functionHandles, (reader) => {
    reader.uleb() // its own module's, for those defined here
    const name = at(names, reader.uleb())
    const parameters = at(signatures, reader.uleb())
    const results = at(signatures, reader.uleb())
    return { name, parameters, results, typeParameterCount: many(reader, () => reader.uleb()).length }
  })
  const functions = readTable(module, TABLE_KINDS.functionDefinitions, (reader) => {
    const handle = at(functionHandles, reader.uleb())
    const isPublic = reader.u8() === VISIBILITY_PUBLIC
    const flags = reader.u8()
    many(reader, () => reader.uleb()) // global storage it acquires: none on Sui
    if ((flags & FLAG_NATIVE) === 0) skipCode(reader)
    const isEntry = (flags & FLAG_ENTRY) !== 0
    return { isOffered: isPublic || isEntry, definition: { ...handle, isEntry } }
  })
  return {
    name: at(names, at(modules, readSelfHandle(module)).name),
    datatypes: [...structs, ...enums],
    functions: functions.filter(({ isOffered }) => isOffered).map(({ definition }) => definition),
  }
}

function readType(reader: TableReader, pathOf: (index: number) => DatatypePath, depth: number): MoveType {
  if (depth > MAX_TYPE_DEPTH) throw new MoveBytecodeError('a type is too deep')
  const inner = () => readType(reader, pathOf, depth + 1)
  const tag = reader.u8()
  const primitive = PRIMITIVES[tag]
  if (primitive !== undefined) return { kind: 'primitive', name: primitive }
  switch (tag) {
    case 6:
    case 7:
      return { kind: 'reference', isMutable: tag === 7, to: inner() }
    case 8:
      return { kind: 'datatype', path: pathOf(reader.uleb()), parameters: [] }
    case 9:
      return { kind: 'parameter', index: reader.uleb() }
    case 10:
      return { kind: 'vector', of: inner() }
    case 11:
      return { kind: 'datatype', path: pathOf(reader.uleb()), parameters: many(reader, inner) }
    default:
      throw new MoveBytecodeError(`unknown type ${tag}`)
  }
}

function skipCode(reader: TableReader): void {
  reader.uleb() // locals
  many(reader, () => {
    const opcode = reader.u8()
    if (opcode > LAST_OPCODE) throw new MoveBytecodeError(`unknown instruction ${opcode}`)
    reader.take(LITERAL_BYTES[opcode] ?? 0)
    if (INDEXED.some(([from, to]) => opcode >= from && opcode <= to)) reader.uleb()
    if (COUNTED.includes(opcode)) reader.take(8)
  })
  // Jump tables of `match`: enum, count, kind, then that many places.
  many(reader, () => {
    reader.uleb()
    const count = reader.uleb()
    reader.u8()
    for (let i = 0; i < count; i++) reader.uleb()
  })
}

function many<T>(reader: TableReader, readOne: () => T): T[] {
  const values: T[] = []
  // Each element takes a byte at least, so the table's end bounds the count.
  for (let left = reader.uleb(); left > 0; left--) values.push(readOne())
  return values
}

function at<T>(rows: readonly T[], index: number): T {
  const row = rows[index]
  if (row === undefined) throw new MoveBytecodeError('an index points nowhere')
  return row
}
