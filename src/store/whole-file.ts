/** What is done with whole files of the user's, a piece at a time. */

import { createSha256 } from '../crypto/hash.ts'
import type { FileSystem } from './file-system.ts'

/** Resolves when the file's contents are on the device. */
export async function syncFile(fs: FileSystem, path: string): Promise<void> {
  const file = fs.open(path, 'read')
  try {
    await file.sync()
  } finally {
    file.close()
  }
}

const PIECE_BYTES = 1 << 20

/** Copies a file and makes the copy durable. */
export async function copyFile(fs: FileSystem, from: string, to: string): Promise<void> {
  const source = fs.open(from, 'read')
  try {
    const target = fs.open(to, 'create')
    try {
      const piece = new Uint8Array(PIECE_BYTES)
      for (let at = 0, count = 0; (count = source.read(piece, at)) > 0; at += count)
        target.write(piece.subarray(0, count))
      await target.sync()
    } finally {
      target.close()
    }
  } finally {
    source.close()
  }
}

/** SHA-256 of a file in hex; undefined if it is of another size. */
export async function hashOf(fs: FileSystem, path: string, bytes: number): Promise<string | undefined> {
  if (fs.stat(path)?.bytes !== bytes) return undefined
  const file = fs.open(path, 'read')
  try {
    const hash = createSha256()
    const piece = new Uint8Array(PIECE_BYTES)
    for (let at = 0; at < bytes; ) {
      const count = file.read(piece.subarray(0, Math.min(piece.length, bytes - at)), at)
      if (count === 0) return undefined
      hash.update(piece.subarray(0, count))
      at += count
    }
    return hash.digest('hex')
  } finally {
    file.close()
  }
}
