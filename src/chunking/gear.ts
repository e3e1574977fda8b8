/** The gear table: one pseudo-random 32-bit word per byte value.
 *
 *  Word i is the first four bytes, little-endian, of SHA-256("floe.gear.v1\0" ‖ u8 i). Format v1: changing one entry
 *  changes the cuts of every file, so the table is derived and its hash pinned by a test.
 *
 *  32 bits rather than the paper's 64: the hash is then one machine word in plain JavaScript as well, which is the oracle
 *  and the fallback, and 22 top bits (the rarest cut of profile 1) still leave a window of 32 bytes. */

import { concatBytes, utf8 } from '../base/bytes.ts'
import { sha256 } from '../crypto/hash.ts'

export const GEAR_DOMAIN = 'floe.gear.v1\0'

/** hash = hash·2 + word, modulo 2^32: after 32 bytes the oldest has left the word. */
export const GEAR_WINDOW_BYTES = 32

export const GEAR_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  const digest = sha256(concatBytes(utf8(GEAR_DOMAIN), Uint8Array.of(byte)))
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0, true)
})
