/** Values of chain records in the client's terms, with the bounds that the contract puts on them. */

import { toHex } from '../base/bytes.ts'
import { CodecError } from '../codec/cursor.ts'

const ID_BYTES = 32

/** A u64 that must fit a JavaScript safe integer. */
export function safeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new CodecError('integer above 2^53-1', { value: String(value) })
  return Number(value)
}

/** Id of a commit, tree or statement, as hex. */
export function hexId(bytes: Uint8Array): string {
  if (bytes.length !== ID_BYTES) throw new CodecError('an id has 32 bytes', { got: bytes.length })
  return toHex(bytes)
}

export function optionalHexId(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : hexId(bytes)
}

/** A list or byte vector of at most `max` items. */
export function bounded<T extends { readonly length: number }>(items: T, max: number): T {
  if (items.length > max) throw new CodecError('length above its limit', { length: items.length, max })
  return items
}

/** Text of at most `max` bytes. */
export function boundedText(text: string, max: number): string {
  const length = Buffer.byteLength(text)
  if (length > max) throw new CodecError('length above its limit', { length, max })
  return text
}

/** The name of a variant that is kept as a number. */
export function variantOf<T>(names: readonly T[], index: number): T {
  const name = names[index]
  if (name === undefined) throw new CodecError('unknown variant', { index })
  return name
}
