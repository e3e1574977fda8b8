/** Inputs of the chunking tests. */

import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { sha256 } from '../../src/crypto/hash.ts'

export function randomBytes(seed: number, bytes: number): Uint8Array {
  return createRng(seed).fill(new Uint8Array(bytes))
}

/** SHA-256(label ‖ u32 counter) blocks, as in test/vectors/chunking/reference.py. */
export function sha256Stream(label: string, bytes: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, i) => {
    const counter = new Uint8Array(4)
    new DataView(counter.buffer).setUint32(0, i, true)
    return sha256(concatBytes(utf8(label), counter))
  })
  return concatBytes(...blocks).subarray(0, bytes)
}

/** The bytes in pieces of the sizes given, over and over. */
export function* inPieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const piece = bytes.subarray(at, at + sizes[i % sizes.length]!)
    at += piece.length
    yield piece
  }
}

export async function collect<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
