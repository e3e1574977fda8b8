/** What a module leans on in other packages: everything that must agree between the packages it was compiled against
 *  and those it runs with. Bodies, fields and constants of others do not reach the bytecode; types with their abilities
 *  and functions with their signatures do. */

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

const ABILITIES = ['copy', 'drop', 'store', 'key']
const SIMPLE_TYPES: Readonly<Record<number, string>> = {
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
const REFERENCE = 6
const MUTABLE_REFERENCE = 7
const DATATYPE = 8
const TYPE_PARAMETER = 9
const VECTOR = 10
const DATATYPE_INSTANCE = 11
/** Types nest, in a module that a compiler made, a few levels at most. */
const MAX_TYPE_DEPTH = 32

/** One line per fact, sorted: `type 0x2::coin::Coin<phantom> has store+key`, `fun 0x2::coin::into_balance<_>(…): …`.
 *  Facts about modules of `ownAddress` are left out.
 *  @throws {MoveBytecodeError} if the bytes are not a module */
export function readSurface(module: Uint8Array, ownAddress: string): string[] {
  const addresses = readTable(module, TABLE_KINDS.addresses, (reader) => addressText(reader.take(32)))
  const names = readTable(module, TABLE_KINDS.identifiers, readIdentifier)
  const modules = readTable(module, TABLE_KINDS.moduleHandles, readModuleHandle)
  const moduleText = (index: number) =>
    `${short(at(addresses, at(modules, index).address))}::${at(names, at(modules, index).name)}`
  const isForeign = (index: number) =>
    index !== readSelfHandle(module) && at(addresses, at(modules, index).address) !== ownAddress

  const datatypes = readTable(module, TABLE_KINDS.datatypeHandles, (reader) => ({
    module: reader.uleb(),
    name: reader.uleb(),
    abilities: reader.uleb(),
    parameters: many(reader, () => ({ abilities: reader.uleb(), phantom: reader.u8() === 1 })),
  }))
  const datatypeText = (index: number) => {
    const { module: owner, name } = at(datatypes, index)
    return `${moduleText(owner)}::${at(names, name)}`
  }
  const signatures = readTable(module, TABLE_KINDS.signatures, (reader) =>
    many(reader, () => readType(reader, datatypeText, 0)),
  )
  const functions = readTable(module, TABLE_KINDS.functionHandles, (reader) => ({
    module: reader.uleb(),
    name: reader.uleb(),
    parameters: reader.uleb(),
    results: reader.uleb(),
    typeParameters: many(reader, () => reader.uleb()),
  }))

  const types = datatypes.flatMap((datatype, index) => {
    if (!isForeign(datatype.module)) return []
    const parameters = datatype.parameters.map(
      (parameter) => `${parameter.phantom ? 'phantom ' : ''}${abilitiesText(parameter.abilities)}`,
    )
    return `type ${datatypeText(index)}${angled(parameters)} has ${abilitiesText(datatype.abilities)}`
  })
  const calls = functions.flatMap((called) => {
    if (!isForeign(called.module)) return []
    const name = `${moduleText(called.module)}::${at(names, called.name)}`
    const constraints = angled(called.typeParameters.map((abilities, i) => `T${i}: ${abilitiesText(abilities)}`))
    const parameters = at(signatures, called.parameters).join(', ')
    return `fun ${name}${constraints}(${parameters}): (${at(signatures, called.results).join(', ')})`
  })
  return [...new Set([...types, ...calls])].sort()
}

function readType(reader: TableReader, datatypeText: (index: number) => string, depth: number): string {
  if (depth > MAX_TYPE_DEPTH) throw new MoveBytecodeError('a type is too deep')
  const inner = () => readType(reader, datatypeText, depth + 1)
  const kind = reader.u8()
  const simple = SIMPLE_TYPES[kind]
  if (simple !== undefined) return simple
  if (kind === REFERENCE) return `&${inner()}`
  if (kind === MUTABLE_REFERENCE) return `&mut ${inner()}`
  if (kind === VECTOR) return `vector<${inner()}>`
  if (kind === TYPE_PARAMETER) return `T${reader.uleb()}`
  if (kind === DATATYPE) return datatypeText(reader.uleb())
  if (kind === DATATYPE_INSTANCE) return `${datatypeText(reader.uleb())}${angled(many(reader, inner))}`
  throw new MoveBytecodeError(`unknown type ${kind}`)
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

function abilitiesText(bits: number): string {
  return ABILITIES.filter((_, i) => bits & (1 << i)).join('+') || 'none'
}

function angled(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `<${parts.join(', ')}>`
}

/** Without leading zeros. */
function short(address: string): string {
  return `0x${address.slice(2).replace(/^0+(?=.)/, '')}`
}
