/** Reads the bytecode of a module (version 7), strictly: every table, index and length is checked, so that the interpreter
 *  never indexes past a table. What is not checked is what the bytecode verifier of the chain proves about types; the
 *  interpreter guards itself where it would otherwise break. */

import { ByteReader, CodecError } from '../../codec/cursor.ts'
import { MoveFormatError, malformedModule } from './errors.ts'
import {
  MAX_CALL_DEPTH,
  MAX_IDENTIFIER_BYTES,
  MAX_MODULE_BYTES,
  MAX_TABLE_ENTRIES,
  MAX_TYPE_DEPTH,
  MAX_TYPE_NODES,
} from './limits.ts'
import type {
  DatatypeHandle,
  EnumDefinition,
  FieldDefinition,
  FunctionDefinition,
  FunctionHandle,
  Instance,
  MoveModule,
  StructDefinition,
  TypeToken,
  Visibility,
} from './module.ts'
import { checkModule } from './module-check.ts'
import { readCode } from './module-code.ts'
import { addressFromBytes, isIdentifier, type PrimitiveName } from './types.ts'

const MAGIC = [0xa1, 0x1c, 0xeb, 0x0b]
const VERSION = 7
/** High byte of the version word: the dialect of Sui. */
const FLAVOR = 5
const MAX_TABLES = 32
const FUNCTION_NATIVE = 2
const FUNCTION_ENTRY = 4

const PRIMITIVE_TOKENS: Readonly<Record<number, PrimitiveName>> = {
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

/** @throws {MoveFormatError} MOVE_MODULE_MALFORMED */
export function readModule(bytes: Uint8Array): MoveModule {
  if (bytes.length > MAX_MODULE_BYTES)
    throw malformedModule('too large', { bytes: bytes.length, max: MAX_MODULE_BYTES })
  try {
    const module = readTables(bytes)
    checkModule(module)
    return module
  } catch (error) {
    if (error instanceof MoveFormatError) throw error
    if (error instanceof CodecError) throw malformedModule(error.message, { ...error.data })
    throw error
  }
}

/** Table numbers and how an entry is read, each table at most once. */
const READERS = {
  1: (r: ByteReader) => ({ address: r.uleb(), name: r.uleb() }),
  2: readDatatypeHandle,
  3: readFunctionHandle,
  4: readInstance,
  5: (r: ByteReader) => list(r, readToken),
  6: (r: ByteReader) => ({ type: readToken(r), bytes: r.byteVector(MAX_MODULE_BYTES).slice() }),
  7: readIdentifier,
  8: (r: ByteReader) => addressFromBytes(r.bytes(32)),
  10: readStructDefinition,
  11: readInstance,
  12: readFunctionDefinition,
  13: (r: ByteReader) => ({ struct: r.uleb(), field: r.uleb() }),
  14: readInstance,
  15: (r: ByteReader) => ({ address: r.uleb(), name: r.uleb() }),
  16: (r: ByteReader) => ({ key: r.byteVector(MAX_MODULE_BYTES), value: r.byteVector(MAX_MODULE_BYTES) }),
  17: readEnumDefinition,
  18: readInstance,
  19: (r: ByteReader) => ({ of: r.uleb(), tag: r.uleb() }),
  20: (r: ByteReader) => ({ of: r.uleb(), tag: r.uleb() }),
} as const

type TableNumber = keyof typeof READERS
type Tables = { [N in TableNumber]: ReturnType<(typeof READERS)[N]>[] }

function readTables(bytes: Uint8Array): MoveModule {
  const reader = new ByteReader(bytes)
  for (const byte of MAGIC) if (reader.u8() !== byte) throw malformedModule('wrong magic')
  const word = reader.u32()
  if (word !== FLAVOR * 2 ** 24 + VERSION) throw malformedModule('unsupported version', { word })
  const directory = Array.from({ length: reader.length(MAX_TABLES, 3) }, () => ({
    number: reader.u8(),
    from: reader.uleb(),
    size: reader.uleb(),
  }))
  const content = bytes.subarray(reader.offset)
  const tables = {} as Record<number, unknown[]>
  for (const number of Object.keys(READERS)) tables[Number(number)] = []
  const seen = new Set<number>()
  let next = 0
  // Tables lie one after the other in the order of the directory: no gaps, no overlaps.
  for (const { number, from, size } of directory) {
    if (!(number in READERS) || seen.has(number)) throw malformedModule('unknown or repeated table', { table: number })
    if (from !== next || from + size > content.length) throw malformedModule('table out of place', { table: number })
    seen.add(number)
    next = from + size
    const table = new ByteReader(content.subarray(from, next))
    const entries = tables[number]!
    while (table.remaining > 0) {
      if (entries.length >= MAX_TABLE_ENTRIES) throw malformedModule('table too long', { table: number })
      const before = table.remaining
      entries.push(READERS[number as TableNumber](table))
      if (table.remaining === before) throw malformedModule('empty entry', { table: number })
    }
  }
  const tail = new ByteReader(content.subarray(next))
  const selfHandle = tail.uleb()
  tail.end()
  return assemble(tables as unknown as Tables, selfHandle, bytes.length)
}

function assemble(tables: Tables, selfHandle: number, byteLength: number): MoveModule {
  const self = tables[1][selfHandle]
  const address = self && tables[8][self.address]
  const name = self && tables[7][self.name]
  if (address === undefined || name === undefined) throw malformedModule('own handle is out of range')
  return {
    version: VERSION,
    selfHandle,
    address,
    name,
    byteLength,
    moduleHandles: tables[1],
    datatypeHandles: tables[2],
    functionHandles: tables[3],
    functionInstances: tables[4],
    signatures: tables[5],
    constants: tables[6],
    identifiers: tables[7],
    addresses: tables[8],
    structDefinitions: tables[10],
    structInstances: tables[11],
    functionDefinitions: tables[12].map((definition, index) => ({ ...definition, index })),
    fieldHandles: tables[13],
    fieldInstances: tables[14],
    friends: tables[15],
    enumDefinitions: tables[17],
    enumInstances: tables[18],
    variantHandles: tables[19],
    variantInstances: tables[20],
  }
}

function list<T>(reader: ByteReader, item: (reader: ByteReader) => T, max = MAX_TABLE_ENTRIES): T[] {
  return Array.from({ length: reader.length(max) }, () => item(reader))
}

function readToken(reader: ByteReader): TypeToken {
  const budget = { nodes: MAX_TYPE_NODES }
  return readTypeToken(reader, 1, budget)
}

function readTypeToken(reader: ByteReader, depth: number, budget: { nodes: number }): TypeToken {
  const tag = reader.u8()
  if (depth > MAX_TYPE_DEPTH || --budget.nodes < 0) throw malformedModule('type too deep or too large')
  const primitive = PRIMITIVE_TOKENS[tag]
  if (primitive) return { kind: primitive }
  switch (tag) {
    case 6:
    case 7: {
      // A reference stands outermost or not at all.
      if (depth > 1) throw malformedModule('reference inside a type')
      return { kind: 'reference', mutable: tag === 7, to: readTypeToken(reader, depth + 1, budget) }
    }
    case 8:
      return { kind: 'datatype', handle: reader.uleb(), typeArguments: [] }
    case 9:
      return { kind: 'typeParameter', index: reader.uleb() }
    case 10:
      return { kind: 'vector', element: readTypeToken(reader, depth + 1, budget) }
    case 11: {
      const handle = reader.uleb()
      const typeArguments = list(reader, () => readTypeToken(reader, depth + 1, budget), MAX_TYPE_NODES)
      if (typeArguments.length === 0) throw malformedModule('instance without type arguments')
      return { kind: 'datatype', handle, typeArguments }
    }
    default:
      throw malformedModule('unknown type', { tag })
  }
}

function readIdentifier(reader: ByteReader): string {
  const text = reader.string(MAX_IDENTIFIER_BYTES)
  // `<SELF>` is what the format calls the module of a script; no module may have it.
  if (!isIdentifier(text)) throw malformedModule('malformed identifier')
  return text
}

function readAbilities(reader: ByteReader): number {
  const set = reader.uleb()
  if (set > 15) throw malformedModule('unknown ability', { set })
  return set
}

function readInstance(reader: ByteReader): Instance {
  return { of: reader.uleb(), typeArguments: reader.uleb() }
}

function readDatatypeHandle(reader: ByteReader): DatatypeHandle {
  const module = reader.uleb()
  const name = reader.uleb()
  const abilities = readAbilities(reader)
  const typeParameters = list(reader, () => ({ constraints: readAbilities(reader), phantom: reader.bool() }))
  return { module, name, abilities, typeParameters }
}

function readFunctionHandle(reader: ByteReader): FunctionHandle {
  return {
    module: reader.uleb(),
    name: reader.uleb(),
    parameters: reader.uleb(),
    returns: reader.uleb(),
    typeParameters: list(reader, readAbilities),
  }
}

function readFields(reader: ByteReader): FieldDefinition[] {
  const fields = list(reader, () => ({ name: reader.uleb(), type: readToken(reader) }))
  // The format has no empty structs: the compiler puts a bool in. Variants may be empty.
  if (fields.length > MAX_CALL_DEPTH) throw malformedModule('too many fields')
  return fields
}

function readStructDefinition(reader: ByteReader): StructDefinition {
  const handle = reader.uleb()
  const kind = reader.u8()
  if (kind === 1) return { handle, fields: undefined }
  if (kind !== 2) throw malformedModule('unknown struct kind', { kind })
  return { handle, fields: readFields(reader) }
}

function readEnumDefinition(reader: ByteReader): EnumDefinition {
  const handle = reader.uleb()
  const kind = reader.u8()
  if (kind !== 2) throw malformedModule('unknown enum kind', { kind })
  return { handle, variants: list(reader, () => ({ name: reader.uleb(), fields: readFields(reader) }), 127) }
}

function readFunctionDefinition(reader: ByteReader): FunctionDefinition {
  const handle = reader.uleb()
  const visibility = ({ 0: 'private', 1: 'public', 3: 'friend' } as const)[reader.u8()] satisfies Visibility | undefined
  if (!visibility) throw malformedModule('unknown visibility')
  const flags = reader.u8()
  if ((flags & ~(FUNCTION_NATIVE | FUNCTION_ENTRY)) !== 0) throw malformedModule('unknown function flags', { flags })
  if (reader.uleb() !== 0) throw malformedModule('function acquires global storage')
  const code = (flags & FUNCTION_NATIVE) !== 0 ? undefined : readCode(reader)
  return { index: 0, handle, visibility, isEntry: (flags & FUNCTION_ENTRY) !== 0, code }
}
