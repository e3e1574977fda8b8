/** Replaces addresses inside compiled modules: what publishing does to the package's own 0x0, and genesis to placeholders. */

import { ByteReader } from '../../codec/cursor.ts'
import { malformedModule } from './errors.ts'
import { addressBytes, addressFromBytes } from './types.ts'

const ADDRESS_TABLE = 8
/** Magic and version. */
const HEADER_BYTES = 8

/** A copy of the module in which addresses of the address table are replaced. Constants are left alone.
 *  @param bytes - a module that `readModule` accepts
 *  @param replacements - old address → new address, both normalised */
export function substituteAddresses(bytes: Uint8Array, replacements: ReadonlyMap<string, string>): Uint8Array {
  const reader = new ByteReader(bytes)
  reader.bytes(HEADER_BYTES)
  const tables = Array.from({ length: reader.length(32, 3) }, () => ({
    number: reader.u8(),
    from: reader.uleb(),
    size: reader.uleb(),
  }))
  const copy = bytes.slice()
  const table = tables.find(({ number }) => number === ADDRESS_TABLE)
  if (!table || table.size % 32 !== 0) throw malformedModule('no address table')
  const from = reader.offset + table.from
  if (from + table.size > bytes.length) throw malformedModule('address table out of place')
  for (let at = from; at < from + table.size; at += 32) {
    const replacement = replacements.get(addressFromBytes(bytes.subarray(at, at + 32)))
    if (replacement !== undefined) copy.set(addressBytes(replacement), at)
  }
  return copy
}
