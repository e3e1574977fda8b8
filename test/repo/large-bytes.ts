import { createRng } from '../../src/base/rng.ts'

/** Bytes that do not compress, and are cut into several chunks. */
export function large(seed: number, bytes = 300_000): Buffer {
  return Buffer.from(createRng(seed).fill(new Uint8Array(bytes)).buffer)
}
