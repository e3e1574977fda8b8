/** Which packs locator segments name, in the cache of this user: when a ref ends is told from that, and a clone from the cache
 *  would read the segment over the network for nothing else.
 *
 *  `cache/segments/<hash of its place>` holds blob ids of 32 bytes each and the SHA-256 of them. Segments never change. All of
 *  it is advice: what is damaged or missing is read from the segment. */

import { utf8 } from '../base/bytes.ts'
import { sha256, sha256Hex } from '../crypto/hash.ts'
import { discard, replaceFile } from '../store/atomic-file.ts'
import { type FileSystem, FileSystemError } from '../store/file-system.ts'
import type { SegmentPlace } from './remote-objects.ts'

export interface SegmentMemory {
  /** Blob ids; null if not known. */
  packsOf(place: SegmentPlace): Uint8Array[] | null
  /** Does without it where there is no room. */
  note(place: SegmentPlace, packs: readonly Uint8Array[]): Promise<void>
  /** @param most - forgets all if there are more */
  trim(most: number): void
}

const ID_BYTES = 32
/** Blob ids of one segment that are remembered. */
export const MAX_SEGMENT_PACKS = 1_000
const MAX_BYTES = (MAX_SEGMENT_PACKS + 1) * ID_BYTES

/** @param dir - of the cache; `segments` is there */
export function createSegmentMemory(fs: FileSystem, dir: string): SegmentMemory {
  const pathOf = ({ blobId, offset, bytes }: SegmentPlace) =>
    `${dir}/segments/${sha256Hex(utf8(`${Buffer.from(blobId).toString('hex')} ${offset} ${bytes}`)).slice(0, 40)}`
  return {
    packsOf(place) {
      const written = readIfThere(fs, pathOf(place))
      if (!written || written.length % ID_BYTES !== 0 || written.length === 0) return null
      const ids = written.subarray(0, -ID_BYTES)
      if (Buffer.compare(sha256(ids), written.subarray(-ID_BYTES)) !== 0) return null
      return Array.from({ length: ids.length / ID_BYTES }, (_, i) => ids.slice(i * ID_BYTES, (i + 1) * ID_BYTES))
    },
    async note(place, packs) {
      if (packs.length > MAX_SEGMENT_PACKS) return
      const ids = Buffer.concat(packs)
      try {
        await replaceFile(fs, pathOf(place), [ids, sha256(ids)], { tmpDir: `${dir}/tmp` })
      } catch (error) {
        if (!(error instanceof FileSystemError)) throw error
      }
    },
    trim(most) {
      const names = fs.readDirectory(`${dir}/segments`).map(({ name }) => Buffer.from(name).toString('latin1'))
      if (names.length > most) for (const name of names) discard(fs, `${dir}/segments/${name}`)
    },
  }
}

function readIfThere(fs: FileSystem, path: string): Uint8Array | null {
  try {
    return fs.readFile(path, MAX_BYTES)
  } catch (error) {
    if (error instanceof FileSystemError) return null
    throw error
  }
}
