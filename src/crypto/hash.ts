/** Hash functions by their standard names.
 *
 *  SHA-256 (FIPS 180-4) is the id of everything Floe stores; BLAKE2b-256 (RFC 7693, digest length parameter 32, not a
 *  truncated BLAKE2b-512) is what Walrus and Sui define. BLAKE2b here is for short messages: the erasure kernels carry
 *  their own WebAssembly implementation for bulk data, because this one reaches some 20 MB/s. */

import type { Hash } from 'node:crypto'
import { blake2b } from '@noble/hashes/blake2.js'
import { concatBytes, utf8 } from '../base/bytes.ts'

let loaded: typeof import('node:crypto') | undefined

/** Loaded for the first hash: a thread that compares stats makes none, and waits 4 ms less. */
function crypto(): typeof import('node:crypto') {
  loaded ??= process.getBuiltinModule('node:crypto')
  return loaded
}

/** SHA-256 of the bytes: 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return crypto().hash('sha256', bytes, 'buffer')
}

/** SHA-256 of the bytes as 64 lower-case hex digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return crypto().hash('sha256', bytes, 'hex')
}

/** Writes the SHA-256 of the bytes: 32 bytes. By way of a text, because a Buffer for each digest costs a microsecond, most of
 *  it in the garbage collector. */
export function putSha256(bytes: Uint8Array, target: Uint8Array, at: number): void {
  const digest = crypto().hash('sha256', bytes, 'binary')
  for (let i = 0; i < 32; i++) target[at + i] = digest.charCodeAt(i)
}

/** The same of a text in UTF-8, which need not be encoded first. */
export function sha256HexOfText(text: string): string {
  return crypto().hash('sha256', text, 'hex')
}

/** An incremental SHA-256. */
export function createSha256(): Hash {
  return crypto().createHash('sha256')
}

/** BLAKE2b-256 of the parts, one after the other: 32 bytes. */
export function blake2b256(...parts: readonly Uint8Array[]): Uint8Array {
  return blake2b(parts.length === 1 ? parts[0]! : concatBytes(...parts), { dkLen: 32 })
}

/** BLAKE2b-256 of an ASCII salt followed by the bytes, as Sui computes digests (`TransactionData::` …). */
export function saltedBlake2b256(salt: string, bytes: Uint8Array): Uint8Array {
  return blake2b256(utf8(salt), bytes)
}
