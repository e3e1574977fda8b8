/** A file of another tool's store, read once in pieces and checked against its name at the end. */

import { type FileSystem, isErrno } from '../store/file-system.ts'
import { ForeignObjectCorruptError } from './errors.ts'

export interface FileSource {
  path: string
  bytes: number
  /** Each is valid until the next is asked for. The file is closed when they end.
   *  @throws {ForeignObjectCorruptError} IMPORT_OBJECT_CORRUPT after the last one */
  pieces(): Generator<Uint8Array>
}

export interface ContentCheck {
  update(piece: Uint8Array): void
  /** @throws if what was read is not what it should be */
  end(): void
}

const PIECE_BYTES = 1 << 20

/** @returns undefined if there is no file */
export function createFileSource(
  fs: FileSystem,
  path: string,
  createCheck: () => ContentCheck,
): FileSource | undefined {
  const stat = fs.stat(path)
  if (stat?.kind !== 'file') return undefined
  const { bytes } = stat
  return {
    path,
    bytes,
    *pieces() {
      const check = createCheck()
      const file = fs.open(path, 'read')
      try {
        const buffer = new Uint8Array(Math.min(PIECE_BYTES, bytes))
        for (let at = 0; at < bytes; ) {
          const count = file.read(buffer.subarray(0, Math.min(buffer.length, bytes - at)), at)
          if (count === 0)
            throw new ForeignObjectCorruptError('file', path, 'it became shorter while it was read', 'run it again')
          at += count
          check.update(buffer.subarray(0, count))
          yield buffer.subarray(0, count)
        }
        check.end()
      } catch (error) {
        if (!isErrno(error, 'EIO')) throw error
        throw new ForeignObjectCorruptError('file', path, 'the disk cannot read it', 'bring it again from elsewhere')
      } finally {
        file.close()
      }
    },
  }
}
