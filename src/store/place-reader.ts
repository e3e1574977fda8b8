/** Reads objects of packs by their places, without the packs' indexes: for threads that are told where to read. */

import { CODEC_STORED } from '../objects/frame.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import type { ObjectPlace } from '../objects/pack.ts'
import { cutObject, readFrame, readStoredObject } from '../objects/pack-reader.ts'
import type { RangeReader } from '../objects/reader.ts'
import type { FileSystem, OpenFile } from './file-system.ts'
import { fileRangeReader, reusingRangeReader } from './range-file.ts'

/** An object, and the pack file that holds it. */
export interface PackedPlace {
  /** Of the pack. */
  path: string
  place: ObjectPlace
}

/** Pack files open at once: a version whose files were committed over the years lies in many. */
const MAX_OPEN = 16

interface OpenPack {
  file: OpenFile
  single: RangeReader
  frames: RangeReader
}

export class PlaceReader {
  readonly #fs: FileSystem
  /** Least recently used first. */
  readonly #open = new Map<string, OpenPack>()
  /** The frame that was read last. */
  #frame: { path: string; offset: number; raw: Uint8Array } | undefined

  constructor(fs: FileSystem) {
    this.#fs = fs
  }

  /** @param options.isAlone - nothing else is wanted from its frame, which then need not be read whole
   *  @returns checked bytes, valid until the next call
   *  @throws {ObjectCorruptError | PackCorruptError} if it is not there
   *  @throws {FileSystemError} if the file is gone, or cannot be read */
  async read(
    path: string,
    kind: ObjectKind,
    id: ObjectId,
    place: ObjectPlace,
    { isAlone = false }: { isAlone?: boolean } = {},
  ): Promise<Uint8Array> {
    const { frameOffset, codec } = place
    if (this.#frame?.path !== path || this.#frame.offset !== frameOffset) {
      const { single, frames } = this.#pack(path)
      if (isAlone && codec === CODEC_STORED) return readStoredObject(single, kind, id, place)
      // What is read next may lie where the last frame does.
      this.#frame = undefined
      this.#frame = { path, offset: frameOffset, raw: await readFrame(frames, place) }
    }
    return cutObject(kind, id, this.#frame.raw, place)
  }

  close(): void {
    for (const { file } of this.#open.values()) file.close()
    this.#open.clear()
    this.#frame = undefined
  }

  #pack(path: string): OpenPack {
    const known = this.#open.get(path)
    if (known) this.#open.delete(path)
    const pack = known ?? openForRanges(this.#fs, path)
    this.#open.set(path, pack)
    if (this.#open.size > MAX_OPEN) {
      const [oldest, { file }] = this.#open.entries().next().value!
      file.close()
      this.#open.delete(oldest)
    }
    return pack
  }
}

function openForRanges(fs: FileSystem, path: string): OpenPack {
  const file = fs.open(path, 'read')
  try {
    return { file, single: fileRangeReader(file, path), frames: reusingRangeReader(file, path) }
  } catch (error) {
    file.close()
    throw error
  }
}
