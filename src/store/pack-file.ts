/** Pack files on the local disk: named after the SHA-256 of their footer, written under `tmp/`, complete when they have
 *  their name. The footer stands for all objects and frames; hashing the frames as well would cost a pass over every byte
 *  and prove nothing, since each object is hashed when it is read. */

import { toHex } from '../base/bytes.ts'
import { IntegrityError } from '../base/errors.ts'
import { sha256 } from '../crypto/hash.ts'
import { PackCorruptError } from '../objects/errors.ts'
import type { FrameCache } from '../objects/frame-cache.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import { type ObjectPlace, PACK_FOOTER_BYTES, PACK_HEADER_BYTES, type PackKind } from '../objects/pack.ts'
import { assertPackHeader } from '../objects/pack-footer.ts'
import type { PackObjects } from '../objects/pack-index.ts'
import { damagedObjects, openPack, verifyPack } from '../objects/pack-reader.ts'
import { createPackWriter } from '../objects/pack-writer.ts'
import type { RangeReader } from '../objects/reader.ts'
import { discard, uniquePath } from './atomic-file.ts'
import { StoreCorruptError } from './errors.ts'
import { type FileSystem, FileSystemError, isErrno, type OpenFile } from './file-system.ts'
import type { PackObject } from './merged-index.ts'
import { isPackWhole, type PackCheckOptions } from './pack-check.ts'
import { fileRangeReader } from './range-file.ts'

export const PACK_SUFFIX = '.pack'

/** Frames being compressed at once: Node has four threads for that, and each frame is in memory twice. */
export const FRAMES_ASIDE = 4

/** So much is written before the device is asked to begin with it: else it would have nothing to do until the pack is
 *  complete, and then the command would wait for all of it. */
const SYNC_AHEAD_BYTES = 16 * 1024 * 1024

/** A sealed pack. */
export interface PackFile {
  readonly kind: PackKind
  readonly bytes: number
  /** Sum of the raw lengths of its objects. */
  readonly rawBytes: number
  readonly count: number
  objects(): PackObject[]
  /** The same in one piece: views, in the order of the pack's index. */
  columns(): PackObjects
  /** The same, one after the other: of a million the array takes a hundred megabytes. */
  walk(): Iterable<{ kind: ObjectKind; id: Uint8Array }>
  /** Checked bytes; undefined if the pack does not hold the object. */
  read(kind: ObjectKind, id: ObjectId, options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array | undefined>
  /** Where it says it holds the object. */
  placeOf(kind: ObjectKind, id: ObjectId): ObjectPlace | undefined
  /** Reads and checks header, every frame and every object. */
  verify(options?: { signal?: AbortSignal | undefined }): Promise<{ objects: number; bytes: number }>
  /** Objects that are not what their ids say.
   *  @throws {PackCorruptError} PACK_CORRUPT if the header is damaged, which keeps nothing from being read */
  damaged(options?: { signal?: AbortSignal | undefined }): Promise<PackObject[]>
  close(): void
}

/** A pack being written. */
export interface PackBuilder {
  readonly objectCount: number
  /** True if an object of that length fits for certain. A promise where that is known only once what has been added is
   *  compressed. */
  hasRoom(bytes: number): boolean | Promise<boolean>
  /** A promise only where something has to be written first. */
  add(kind: ObjectKind, id: ObjectId | Uint8Array, bytes: Uint8Array): boolean | Promise<boolean>
  /** Writes index and footer and syncs; who calls it renames the file and syncs the directory. */
  seal(): Promise<SealedPack>
  /** `seal`, and renames. */
  finish(pathOf: (name: string) => string): Promise<SealedPack>
  abort(): void
}

/** A pack that is complete and on the device, under whatever name. */
export interface SealedPack {
  /** The name it is to have. */
  name: string
  path: string
  objects: PackObjects
}

/** @param frames - shared by all packs of a store
 *  @throws {StoreCorruptError} STORE_PACK_CORRUPT (exit 13) */
export async function openPackFile(fs: FileSystem, path: string, frames: FrameCache): Promise<PackFile> {
  const file = openForReading(fs, path)
  try {
    const reader = readable(fileRangeReader(file, path))
    const pack = await openPack(reader, { cache: { frames, name: path }, isNear: true })
    return {
      kind: pack.kind,
      bytes: pack.bytes,
      rawBytes: pack.index.rawBytes,
      count: pack.index.objectCount,
      objects: () =>
        Array.from({ length: pack.index.objectCount }, (_, position) => ({
          kind: pack.index.kindAt(position),
          id: pack.index.idAt(position),
        })),
      columns: () => pack.index.objects(),
      *walk() {
        const { index } = pack
        for (let position = 0; position < index.objectCount; position++)
          yield { kind: index.kindAt(position), id: index.idBytesAt(position) }
      },
      async read(kind, id, options) {
        if (!pack.has(kind, id)) return undefined
        try {
          return await pack.readObject(kind, id, options)
        } catch (error) {
          throw named(path, error)
        }
      },
      placeOf(kind, id) {
        const position = pack.index.find(kind, id)
        return position < 0 ? undefined : pack.index.placeAt(position)
      },
      async verify(options) {
        try {
          const { objects, rawBytes } = await verifyPack(reader, options)
          return { objects, bytes: rawBytes }
        } catch (error) {
          throw named(path, error)
        }
      },
      async damaged(options) {
        assertPackHeader(await reader.read(0, PACK_HEADER_BYTES, options), pack.kind)
        return damagedObjects(reader, pack.index, options)
      },
      close: () => file.close(),
    }
  } catch (error) {
    file.close()
    throw named(path, error)
  }
}

/** Reads the columns of one pack after the other, for those who are done with one before they ask for the next: of a hundred
 *  thousand packs, the buffers alone would be a hundred megabytes before anyone looks for garbage.
 *  @returns what reads the pack of a path, and throws STORE_PACK_CORRUPT (exit 13); views, good until the next is read */
export function createColumnsReader(fs: FileSystem): (path: string) => Promise<PackObjects> {
  const room = new Uint8Array(SMALL_PACK_BYTES)
  return async (path) => {
    const file = openForReading(fs, path)
    try {
      const reader = readable(fileRangeReader(file, path))
      // What is as small is read in one piece; what is not may be read in several.
      const isSmall = reader.bytes <= SMALL_PACK_BYTES
      const source = isSmall ? await roomReader(file, reader.bytes, room) : reader
      return (await openPack(source)).index.objects()
    } catch (error) {
      throw named(path, error)
    } finally {
      file.close()
    }
  }
}

const SMALL_PACK_BYTES = 16 * 1024

async function roomReader(file: OpenFile, bytes: number, room: Uint8Array): Promise<RangeReader> {
  const whole = room.subarray(0, bytes)
  if ((await unlessUnreadable(() => file.read(whole, 0))) !== bytes) throw new PackCorruptError('it became shorter')
  return { bytes, read: async (offset, length) => whole.subarray(offset, offset + length) }
}

export interface PackFileOptions {
  /** Where it is written (default: a name in `tmpDir` that nobody else uses). */
  path?: string
  /** Frames compressed on other threads at once (default 4): asked frame by frame. */
  framesAside?: () => number
}

export function createPackFile(
  fs: FileSystem,
  tmpDir: string,
  kind: PackKind,
  maxBytes: number,
  { path = uniquePath(tmpDir, 'pack'), framesAside = () => FRAMES_ASIDE }: PackFileOptions = {},
): PackBuilder {
  const file = fs.open(path, 'create')
  const { write, sync } = syncedWriter(file)
  const writer = createPackWriter({ kind, maxBytes, framesAside, hashed: false, write })
  const abort = () => {
    file.close()
    discard(fs, path)
  }
  const seal = async (): Promise<SealedPack> => {
    try {
      const { footerSha256, index } = await writer.finish()
      await sync()
      file.close()
      return { name: toHex(footerSha256), path, objects: index.objects() }
    } catch (error) {
      abort()
      throw error
    }
  }
  return {
    get objectCount() {
      return writer.objectCount
    },
    hasRoom: (bytes) => writer.hasRoom(bytes) || writer.drain().then(() => writer.hasRoom(bytes)),
    add: (objectKind, id, bytes) => writer.append(objectKind, id, bytes),
    seal,
    async finish(pathOf) {
      const sealed = await seal()
      try {
        fs.rename(path, pathOf(sealed.name))
      } catch (error) {
        discard(fs, path)
        throw error
      }
      return { ...sealed, path: pathOf(sealed.name) }
    },
    abort,
  }
}

/** A pack that somebody else has made, written to its end. */
export interface ReceivedPack {
  /** Reads all of it, and waits for the device.
   *  @returns undefined, with nothing left, if it is no pack, or something in it is not what its id says */
  check(options?: PackCheckOptions): Promise<SealedPack | undefined>
}

/** Writes a pack that somebody else has made. Whoever does not want it checked is left with a file in `tmpDir`.
 *  @param pieces - its bytes, from the first to the last */
export async function receivePackFile(
  fs: FileSystem,
  tmpDir: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<ReceivedPack> {
  const path = uniquePath(tmpDir, 'pack')
  const file = fs.open(path, 'create')
  const { write, sync } = syncedWriter(file)
  const discarding = (error: unknown) => {
    file.close()
    discard(fs, path)
    throw error
  }
  try {
    for await (const piece of pieces) await write(piece)
  } catch (error) {
    return discarding(error)
  }
  const settle = async (options: PackCheckOptions): Promise<SealedPack | undefined> => {
    const reader = fileRangeReader(file, path)
    const { index } = await openPack(reader, { isNear: true })
    const name = toHex(sha256(await reader.read(reader.bytes - PACK_FOOTER_BYTES, PACK_FOOTER_BYTES)))
    // The device writes while the processors hash.
    const [synced, isWhole] = await Promise.allSettled([sync(), isPackWhole(fs, path, options)])
    if (isWhole.status === 'rejected') throw isWhole.reason
    if (!isWhole.value) return undefined
    if (synced.status === 'rejected') throw synced.reason
    return { name, path, objects: index.objects() }
  }
  return {
    async check(options = {}) {
      try {
        const sealed = await settle(options)
        file.close()
        if (!sealed) discard(fs, path)
        return sealed
      } catch (error) {
        if (!(error instanceof IntegrityError)) return discarding(error)
        file.close()
        discard(fs, path)
        return undefined
      }
    },
  }
}

/** Writes, and has the device begin with it every `SYNC_AHEAD_BYTES`. A promise where the loop has to turn: a thread that
 *  waits for nothing would not hear that the device is done, and have all the rest written at the end. */
function syncedWriter(file: OpenFile): { write(piece: Uint8Array): void | Promise<void>; sync(): Promise<void> } {
  let unsent = 0
  /** What was unsent when the loop turned last. */
  let unsentThen = 0
  /** Stays as it is after a failure: a system reports one once, and whoever syncs at the end has to be told. */
  let ahead: Promise<void> = Promise.resolve()
  let isSending = false
  const send = () => {
    if (isSending) return
    unsent = 0
    unsentThen = 0
    isSending = true
    ahead = file.sync().then(() => {
      isSending = false
    })
    ahead.catch(() => {})
  }
  return {
    write(piece) {
      file.write(piece)
      unsent += piece.length
      if (unsent - unsentThen < SYNC_AHEAD_BYTES) return
      if (!isSending) return send()
      unsentThen = unsent
      return new Promise<void>((resolve) => setImmediate(resolve)).then(send)
    },
    async sync() {
      await ahead
      await file.sync()
    },
  }
}

/** What a bad sector gives, or a folder or link in the place of a pack: damage like any other. That somebody may not read it,
 *  or too many files are open, is none. */
const DAMAGE = ['EIO', 'EISDIR', 'ELOOP'] as const

function asDamage(error: unknown): unknown {
  if (!(error instanceof FileSystemError) || !isErrno(error, ...DAMAGE)) return error
  return new PackCorruptError(`it cannot be read (${error.errno})`, { path: error.path })
}

async function unlessUnreadable<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw asDamage(error)
  }
}

function readable({ bytes, read }: RangeReader): RangeReader {
  return { bytes, read: (...range) => unlessUnreadable(() => read(...range)) }
}

function openForReading(fs: FileSystem, path: string): OpenFile {
  try {
    return fs.open(path, 'read')
  } catch (error) {
    throw named(path, asDamage(error))
  }
}

/** Says which file is damaged; an object that is corrupt is named by the error itself. */
function named(path: string, error: unknown): unknown {
  if (!(error instanceof IntegrityError)) return error
  const hints = [
    '`floe fsck --full` lists all that is damaged; `floe fsck --full --repair` takes good copies from other packs, the files of the workspace and the remote',
  ]
  return new StoreCorruptError('STORE_PACK_CORRUPT', path, error.message, hints, error)
}
