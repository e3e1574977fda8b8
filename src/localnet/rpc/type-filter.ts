/** Type filters of list and event queries: a package, a module, a type, or a type with its arguments. */

import { invalidArgument } from '../ledger/errors.ts'
import { normalizeAddress, parseType } from '../movevm/types.ts'

/** True for types (normalised) that the filter names: `0x2`, `0x2::coin`, `0x2::coin::Coin` (any arguments) or
 *  `0x2::coin::Coin<0x2::sui::SUI>`. Addresses may be short.
 *  @throws {LedgerError | MoveFormatError} if the text is no filter */
export function createTypeFilter(text: string): (type: string) => boolean {
  const [address, module, name, ...rest] = text.split('<', 1)[0]!.split('::')
  if (!address || rest.length > 0) throw invalidArgument(`not a type filter: ${text.slice(0, 200)}`)
  const head = normalizeAddress(address)
  if (module === undefined) return (type) => type.startsWith(`${head}::`)
  if (name === undefined) return (type) => type.startsWith(`${head}::${module}::`)
  const exact = parseType(text).key
  if (text.includes('<')) return (type) => type === exact
  return (type) => type === exact || type.startsWith(`${exact}<`)
}
