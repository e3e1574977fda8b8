/** Object ids and addresses: 32 bytes, in text `0x` and 64 lower-case hex digits. */

import { fromHex, toHex } from '../base/bytes.ts'
import { UsageError } from '../base/errors.ts'

/** Full text form of an address; accepts any case, short forms and a missing 0x.
 *  @throws {UsageError} ADDRESS_MALFORMED */
export function parseAddress(text: string): string {
  const digits = text.replace(/^0x/i, '')
  if (!/^[0-9a-fA-F]{1,64}$/.test(digits))
    throw new UsageError('ADDRESS_MALFORMED', `"${text.slice(0, 80)}" is not an object id or address`, {
      data: { text: text.slice(0, 80) },
      hints: ['Write it as 0x followed by up to 64 hex digits'],
    })
  return `0x${digits.toLowerCase().padStart(64, '0')}`
}

export function addressToBytes(address: string): Uint8Array {
  return fromHex(parseAddress(address).slice(2))
}

export function addressFromBytes(bytes: Uint8Array): string {
  if (bytes.length !== 32) throw new RangeError(`"bytes" expected 32 bytes, got ${bytes.length}`)
  return `0x${toHex(bytes)}`
}

/** Parts of a Move type such as `0x2::dynamic_field::Field<u64,0xab::m::S>`; `null` for primitive types. */
export function parseStructType(
  type: string,
): { address: string; module: string; name: string; params: string[] } | null {
  const match = /^(0x[0-9a-fA-F]{1,64})::(\w+)::(\w+)(?:<(.*)>)?$/s.exec(type.replaceAll(' ', ''))
  if (!match) return null
  return { address: parseAddress(match[1]!), module: match[2]!, name: match[3]!, params: splitParams(match[4] ?? '') }
}

function splitParams(text: string): string[] {
  const params: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '<') depth++
    else if (text[at] === '>') depth--
    else if (text[at] === ',' && depth === 0) {
      params.push(text.slice(from, at))
      from = at + 1
    }
  }
  if (from < text.length) params.push(text.slice(from))
  return params
}

/** Every package address that a type mentions, in full form: of the type itself and of its parameters at any depth. */
export function packagesOfType(type: string): Set<string> {
  const packages = new Set<string>()
  for (const [, address] of type.matchAll(/(0x[0-9a-fA-F]{1,64})::/g)) packages.add(parseAddress(address!))
  return packages
}
