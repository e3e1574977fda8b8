/** An open file as something to read ranges of. */

import { PackCorruptError } from '../objects/errors.ts'
import type { RangeReader } from '../objects/reader.ts'
import type { OpenFile } from './file-system.ts'

/** @param path - for errors */
export function fileRangeReader(file: OpenFile, path: string): RangeReader {
  return readerInto(file, path, (length) => new Uint8Array(length))
}

/** The same for those who are done with a range before they ask for the next: each is read into the place of the one before. */
export function reusingRangeReader(file: OpenFile, path: string): RangeReader {
  let room = new Uint8Array()
  return readerInto(file, path, (length) => {
    if (room.length < length) room = new Uint8Array(length)
    return room.subarray(0, length)
  })
}

function readerInto(file: OpenFile, path: string, roomFor: (length: number) => Uint8Array): RangeReader {
  const { bytes } = file.stat()
  return {
    bytes,
    async read(offset, length) {
      const buffer = roomFor(length)
      if (file.read(buffer, offset) !== length) throw new PackCorruptError('it became shorter', { path })
      return buffer
    },
  }
}
