/** What the next commit will contain: an overlay (path → entry or deleted) over HEAD, and a root for keeping objects.
 *  Not a cache: damage is an error, because guessing would commit something the user never asked for. */

import { CodecError } from '../codec/cursor.ts'
import { comparePaths } from '../objects/path.ts'
import type { TreeEntry } from '../objects/tree.ts'
import { replaceFile } from './atomic-file.ts'
import { StoreCorruptError } from './errors.ts'
import { type FileSystem, isErrno } from './file-system.ts'
import {
  encodeSortedBytes,
  encodeSortedFile,
  MAX_SORTED_FILE_BYTES,
  type RecordCursor,
  SortedFile,
  SortedFileDamage,
} from './sorted-file.ts'
import { decodeStagedEntry, encodeStagedEntry } from './staged-entry.ts'

const MAGIC = 'FLOE.STAG.1\n'

export interface StagedChange {
  path: string
  /** `null`: deleted. */
  entry: TreeEntry | null
}

export interface Staging {
  readonly count: number
  /** `undefined`: as in HEAD; `null`: deleted. */
  get(path: string): TreeEntry | null | undefined
  /** In path order. */
  changes(from?: string): Generator<StagedChange>
  /** Those of the changes alone. */
  paths(): Generator<string>
}

/** @throws {StoreCorruptError} STORE_STAGING_CORRUPT */
export function readStaging(fs: FileSystem, path: string): Staging {
  let bytes: Uint8Array
  try {
    bytes = fs.readFile(path, MAX_SORTED_FILE_BYTES)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return emptyStaging
    if (isErrno(error, 'EISDIR', 'ELOOP', 'EIO')) throw corrupt(path, 'it is no file that can be read', error)
    throw error
  }
  const file = checked(path, () => new SortedFile(MAGIC, bytes))
  return {
    count: file.count,
    get(at) {
      const record = checked(path, () => file.find(at))
      return record && checked(path, () => decodeStagedEntry(record.path, record.payload))
    },
    *changes(from) {
      let index = from === undefined ? 0 : checked(path, () => file.lowerBound(from))
      for (; index < file.count; index++) {
        yield checked(path, () => {
          const at = file.pathTextAt(index)
          return { path: at, entry: decodeStagedEntry(at, file.payloadAt(index)) }
        })
      }
    },
    *paths() {
      for (let index = 0; index < file.count; index++) yield checked(path, () => file.pathTextAt(index))
    },
  }
}

export const emptyStaging: Staging = {
  count: 0,
  get: () => undefined,
  *changes() {},
  *paths() {},
}

/** Replaces the overlay.
 *  @param changes - one per path; an array may be in any order, what else there is to go through must be in path order */
export async function writeStaging(
  fs: FileSystem,
  path: string,
  changes: Iterable<StagedChange>,
  tmpDir: string,
): Promise<void> {
  const sorted = Array.isArray(changes) ? [...changes].sort((a, b) => comparePaths(a.path, b.path)) : changes
  function* records() {
    for (const { path: at, entry } of sorted) yield { path: at, payload: encodeStagedEntry(entry) }
  }
  await replaceFile(fs, path, encodeSortedFile(MAGIC, records()), { tmpDir })
}

/** Replaces the overlay by records that are encoded already. */
export async function writeStagedRecords(
  fs: FileSystem,
  path: string,
  pieces: Iterable<Uint8Array>,
  tmpDir: string,
): Promise<void> {
  await replaceFile(fs, path, pieces, { tmpDir })
}

/** Pieces for `writeStagedRecords`. */
export function encodeStagedRecords(records: RecordCursor): Generator<Uint8Array> {
  return encodeSortedBytes(MAGIC, records)
}

function checked<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SortedFileDamage || error instanceof CodecError)) throw error
    throw corrupt(path, error.message, error)
  }
}

function corrupt(path: string, reason: string, cause: unknown): StoreCorruptError {
  const hints = [
    'nothing committed is affected: `floe fsck --repair` sets it aside, then stage the changes again with `floe add`',
  ]
  return new StoreCorruptError('STORE_STAGING_CORRUPT', path, reason, hints, cause)
}
