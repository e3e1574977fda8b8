/** The little that packaging needs to know of a compiled Move module (binary format 6 and 7): its own name, what it
 *  names of others, and how to put other addresses in their place. Running modules is `localnet/movevm`'s business.
 *
 *  Format: magic, version word, count of tables, (kind, offset, size) per table, the tables, the handle of the module
 *  itself. Numbers are ULEB128; offsets count from the end of the directory. */

import { toHex } from '../base/bytes.ts'
import { MoveBytecodeError } from './errors.ts'

const MAGIC = 0xa11ceb0b
/** Magic and version word. */
const HEADER_BYTES = 8
const ADDRESS_BYTES = 32
/** The format has 20 kinds of tables. */
const MAX_TABLES = 32
const MAX_ULEB_BYTES = 5

/** Kinds of the tables read here. */
export const TABLE_KINDS = {
  moduleHandles: 1,
  datatypeHandles: 2,
  functionHandles: 3,
  signatures: 5,
  identifiers: 7,
  addresses: 8,
  structDefinitions: 10,
  functionDefinitions: 12,
  enumDefinitions: 17,
} as const

export interface ModuleNames {
  /** Address of the package the module belongs to: `0x` and 64 hex digits. */
  readonly address: string
  readonly name: string
  /** Addresses of all modules it refers to, its own included, in table order. */
  readonly addresses: readonly string[]
}

interface Table {
  readonly kind: number
  readonly from: number
  readonly to: number
}

/** Reads one table of a module from front to back. */
export class TableReader {
  readonly #bytes: Uint8Array
  #at: number
  readonly #end: number

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.#bytes = bytes
    this.#at = from
    this.#end = to
  }

  get position(): number {
    return this.#at
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  u8(): number {
    if (this.#at >= this.#end) throw new MoveBytecodeError('a table ends early')
    return this.#bytes[this.#at++]!
  }

  uleb(): number {
    let value = 0
    for (let i = 0; i < MAX_ULEB_BYTES; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    throw new MoveBytecodeError('a number is too long')
  }

  take(length: number): Uint8Array {
    if (length > this.#end - this.#at) throw new MoveBytecodeError('a table ends early')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}

/** All rows of a table. */
export function readTable<T>(
  module: Uint8Array,
  kind: (typeof TABLE_KINDS)[keyof typeof TABLE_KINDS],
  readRow: (reader: TableReader) => T,
): T[] {
  const rows: T[] = []
  for (const table of readDirectory(module).tables) {
    if (table.kind !== kind) continue
    const reader = new TableReader(module, table.from, table.to)
    while (!reader.done) rows.push(readRow(reader))
  }
  return rows
}

/** Index of the module's own handle. */
export function readSelfHandle(module: Uint8Array): number {
  return new TableReader(module, readDirectory(module).end, module.length).uleb()
}

/** @throws {MoveBytecodeError} if the bytes are not a module */
export function readModuleNames(module: Uint8Array): ModuleNames {
  const addresses = readTable(module, TABLE_KINDS.addresses, (reader) => addressText(reader.take(ADDRESS_BYTES)))
  const identifiers = readTable(module, TABLE_KINDS.identifiers, readIdentifier)
  const handles = readTable(module, TABLE_KINDS.moduleHandles, readModuleHandle)
  const self = handles[readSelfHandle(module)]
  const address = addresses[self?.address ?? -1]
  const name = identifiers[self?.name ?? -1]
  if (address === undefined || name === undefined) throw new MoveBytecodeError('its own handle points nowhere')
  return { address, name, addresses }
}

/** A copy of the module in which every address that `replacements` has is another one. Lengths stay the same, so
 *  nothing else moves.
 *  @param replacements `0x` and 64 hex digits → 32 bytes
 *  @throws {MoveBytecodeError} if the bytes are not a module */
export function relocateModule(module: Uint8Array, replacements: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const moved = module.slice()
  readTable(module, TABLE_KINDS.addresses, (reader) => {
    const at = reader.position
    const other = replacements.get(addressText(reader.take(ADDRESS_BYTES)))
    if (other !== undefined) moved.set(other, at)
  })
  return moved
}

export function readIdentifier(reader: TableReader): string {
  return Buffer.from(reader.take(reader.uleb())).toString('utf8')
}

export function readModuleHandle(reader: TableReader): { address: number; name: number } {
  return { address: reader.uleb(), name: reader.uleb() }
}

/** `0x` and lower-case hex. */
export function addressText(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`
}

function readDirectory(module: Uint8Array): { tables: Table[]; end: number } {
  const view = new DataView(module.buffer, module.byteOffset, module.byteLength)
  if (module.length <= HEADER_BYTES || view.getUint32(0) !== MAGIC) throw new MoveBytecodeError('no magic number')
  const reader = new TableReader(module, HEADER_BYTES, module.length)
  const count = reader.uleb()
  if (count > MAX_TABLES) throw new MoveBytecodeError(`${count} tables`)
  const spans: { kind: number; offset: number; size: number }[] = []
  for (let i = 0; i < count; i++) spans.push({ kind: reader.u8(), offset: reader.uleb(), size: reader.uleb() })
  const start = reader.position
  const tables = spans.map(({ kind, offset, size }) => ({ kind, from: start + offset, to: start + offset + size }))
  const end = tables.reduce((last, table) => Math.max(last, table.to), start)
  if (end >= module.length) throw new MoveBytecodeError('a table runs past the end')
  return { tables, end }
}
