/** The little that packaging needs to know of a compiled Move module (binary format 6 and 7): its own name, the
 *  packages it names, and how to put other addresses in their place. Running modules is `localnet/movevm`'s business. */

import { toHex } from '../base/bytes.ts'
import { MoveBytecodeError } from './errors.ts'

const MAGIC = 0xa11ceb0b
const ADDRESS_BYTES = 32
/** Table kinds of the format have at most 20 numbers. */
const MAX_TABLES = 32
const TABLE_MODULE_HANDLES = 1
const TABLE_IDENTIFIERS = 7
const TABLE_ADDRESSES = 8

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

/** @throws {MoveBytecodeError} if the bytes are not a module */
export function readModuleNames(module: Uint8Array): ModuleNames {
  const { tables, end } = readTables(module)
  const addresses = addressesIn(module, tables)
  const identifiers = identifiersIn(module, tables)
  const handles = handlesIn(module, tables)
  const self = handles[readUleb(module, end).value]
  const address = addresses[self?.address ?? -1]
  const name = identifiers[self?.name ?? -1]
  if (address === undefined || name === undefined) throw new MoveBytecodeError('its own handle points nowhere')
  return { address, name, addresses }
}

/** A copy of the module in which every address that `replacements` has is another one. Lengths stay the same, so
 *  nothing else moves.
 *  @param replacements address → address, both `0x` and 64 hex digits
 *  @throws {MoveBytecodeError} if the bytes are not a module */
export function relocateModule(module: Uint8Array, replacements: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const moved = module.slice()
  for (const table of readTables(module).tables) {
    if (table.kind !== TABLE_ADDRESSES) continue
    for (let at = table.from; at + ADDRESS_BYTES <= table.to; at += ADDRESS_BYTES) {
      const other = replacements.get(addressText(module.subarray(at, at + ADDRESS_BYTES)))
      if (other !== undefined) moved.set(other, at)
    }
  }
  return moved
}

/** `0x` and lower-case hex. */
export function addressText(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`
}

function readTables(module: Uint8Array): { tables: Table[]; end: number } {
  const view = new DataView(module.buffer, module.byteOffset, module.byteLength)
  if (module.length < 9 || view.getUint32(0) !== MAGIC) throw new MoveBytecodeError('no magic number')
  const count = readUleb(module, 8)
  if (count.value > MAX_TABLES) throw new MoveBytecodeError(`${count.value} tables`)
  const spans: { kind: number; offset: number; size: number }[] = []
  let at = count.next
  for (let i = 0; i < count.value; i++) {
    const kind = byteAt(module, at)
    const offset = readUleb(module, at + 1)
    const size = readUleb(module, offset.next)
    spans.push({ kind, offset: offset.value, size: size.value })
    at = size.next
  }
  const tables = spans.map((span) => ({ kind: span.kind, from: at + span.offset, to: at + span.offset + span.size }))
  const end = tables.reduce((last, table) => Math.max(last, table.to), at)
  if (end >= module.length) throw new MoveBytecodeError('a table runs past the end')
  return { tables, end }
}

function addressesIn(module: Uint8Array, tables: readonly Table[]): string[] {
  const addresses: string[] = []
  for (const table of tables) {
    if (table.kind !== TABLE_ADDRESSES) continue
    for (let at = table.from; at + ADDRESS_BYTES <= table.to; at += ADDRESS_BYTES)
      addresses.push(addressText(module.subarray(at, at + ADDRESS_BYTES)))
  }
  return addresses
}

function identifiersIn(module: Uint8Array, tables: readonly Table[]): string[] {
  const identifiers: string[] = []
  for (const table of tables) {
    if (table.kind !== TABLE_IDENTIFIERS) continue
    let at = table.from
    while (at < table.to) {
      const length = readUleb(module, at)
      identifiers.push(Buffer.from(module.subarray(length.next, length.next + length.value)).toString('utf8'))
      at = length.next + length.value
    }
  }
  return identifiers
}

function handlesIn(module: Uint8Array, tables: readonly Table[]): { address: number; name: number }[] {
  const handles: { address: number; name: number }[] = []
  for (const table of tables) {
    if (table.kind !== TABLE_MODULE_HANDLES) continue
    let at = table.from
    while (at < table.to) {
      const address = readUleb(module, at)
      const name = readUleb(module, address.next)
      handles.push({ address: address.value, name: name.value })
      at = name.next
    }
  }
  return handles
}

function readUleb(bytes: Uint8Array, start: number): { value: number; next: number } {
  let value = 0
  for (let i = 0; i < 5; i++) {
    const byte = byteAt(bytes, start + i)
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { value, next: start + i + 1 }
  }
  throw new MoveBytecodeError('a number is too long')
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw new MoveBytecodeError('it ends early')
  return byte
}
