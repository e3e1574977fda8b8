/** A dataset of noise as large as asked for, in files of which no two share a chunk. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { noise } from '../transfer/packed-remote.ts'

const MEBIBYTE = 2 ** 20
const FILE_MEBIBYTES = 32

/** @param dir - made if it is not there
 *  @param mebibytes - a multiple of 32 */
export async function makeLargeDataset(dir: string, mebibytes: number): Promise<void> {
  await mkdir(dir, { recursive: true })
  const content = noise(FILE_MEBIBYTES * MEBIBYTE)
  const words = new Uint32Array(content.buffer, content.byteOffset, content.length / 4)
  for (let i = 0; i < mebibytes / FILE_MEBIBYTES; i++) {
    // Each file is turned by a key of its own.
    const own = words.map((word) => word ^ Math.imul(i + 1, 0x9e3779b9))
    await writeFile(join(dir, `${i}.bin`), new Uint8Array(own.buffer))
  }
}
