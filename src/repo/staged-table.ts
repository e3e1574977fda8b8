/** What is about to be staged, by path, in the memory it takes in the file: a million entries as objects are a gigabyte. */

import { ID_BYTES, putObjectId } from '../objects/id.ts'
import type { TreeEntry } from '../objects/tree.ts'
import { PathTable, type SortedUpdates, type TableCursor } from '../store/path-table.ts'
import type { RecordCursor } from '../store/sorted-file.ts'
import {
  decodeStagedEntry,
  encodeStagedEntry,
  putStagedFile,
  putWholeChunk,
  STAGED_CONTENT_BYTES,
  STAGED_FILE_BYTES,
} from '../store/staged-entry.ts'
import type { StagedChange } from '../store/staging.ts'
import { RECORD_BYTES, STAT_BYTES } from '../store/stat-records.ts'
import { bytesOfRow, isExecutableRow, ROW_BYTES, ROW_ID, ROW_SETTLED, ROW_STAT } from '../worktree/file-rows.ts'

export interface AddedFile {
  path: string
  bytes: number
  status: 'added' | 'modified' | 'type-changed' | 'mode-changed'
}

/** By code; what is not to be told of has none. */
const STATUSES = [undefined, 'added', 'modified', 'type-changed', 'mode-changed'] as const

export class StagedTable implements Iterable<[string, TreeEntry | null]> {
  /** Of each path a status, then where that says so a stat, then an entry as in the file. Where the content is the one chunk that has the file's id, which
   *  is true of all small files, it is left out and the status says so. */
  readonly #table = new PathTable()
  /** Number and size of what has a status. */
  files = 0
  bytes = 0
  #recorded = 0
  #removed = false

  get count(): number {
    return this.#table.size
  }

  /** @param entry - `null`: deleted
   *  @param status - for a file that is told of; at most once for a path
   *  @param record - for the stat cache: that this entry is what the file holds */
  set(path: string, entry: TreeEntry | null, status?: AddedFile['status'], record?: Uint8Array | null): void {
    const isWhole = entry?.content?.kind === 'chunk' && entry.content.id === entry.fileId
    const encoded = encodeStagedEntry(isWhole ? { ...entry, content: null } : entry)
    const from = record ? 1 + STAT_BYTES : 1
    const payload = scratch.subarray(0, from + encoded.length)
    payload[0] = STATUSES.indexOf(status) | (isWhole ? WHOLE : 0) | (record ? RECORDED : 0)
    if (record) payload.set(record.subarray(0, STAT_BYTES), 1)
    payload.set(encoded, from)
    this.#table.set(path, payload)
    if (record) this.#recorded++
    if (!entry) this.#removed = true
    if (!status || !entry) return
    this.files++
    this.bytes += entry.bytes
  }

  /** Takes a new file that is no chunk or one, by what a thread says of it (`file-rows.ts`).
   *  @returns its size */
  setRow(path: string, rows: Uint8Array, row: number): number {
    const at = row * ROW_BYTES
    const bytes = bytesOfRow(rows, row)
    const isSettled = (rows[at]! & ROW_SETTLED) !== 0
    const from = isSettled ? 1 + STAT_BYTES : 1
    scratch[0] = ADDED | (bytes > 0 ? WHOLE : 0) | (isSettled ? RECORDED : 0)
    if (isSettled) for (let i = 0; i < STAT_BYTES; i++) scratch[1 + i] = rows[at + ROW_STAT + i]!
    putStagedFile(scratch, from, isExecutableRow(rows, row), rows, at + ROW_STAT, at + ROW_ID)
    this.#table.set(path, scratch.subarray(0, from + STAGED_FILE_BYTES))
    if (isSettled) this.#recorded++
    this.files++
    this.bytes += bytes
    return bytes
  }

  /** Records for the file `staging`. */
  records(): RecordCursor {
    return new EntryCursor(this.#table.cursor())
  }

  get(path: string): TreeEntry | null | undefined {
    const payload = this.#table.get(path)
    return payload ? decoded(path, payload) : undefined
  }

  *[Symbol.iterator](): Generator<[string, TreeEntry | null]> {
    for (const { path, entry } of this.changes()) yield [path, entry]
  }

  /** In path order. */
  *changes(): Generator<StagedChange> {
    for (const [path, payload] of this.#table.sorted()) yield { path, entry: decoded(path, payload!) }
  }

  /** Those of the changes alone. */
  *paths(): Generator<string> {
    for (const [path] of this.#table.sorted()) yield path
  }

  /** What has a status, in path order. */
  added(): AddedFile[] {
    const added: AddedFile[] = []
    for (const [path, payload] of this.#table.sorted()) {
      const status = STATUSES[payload![0]! & STATUS_BITS]
      const entry = status && decoded(path, payload!)
      if (entry) added.push({ path, bytes: entry.bytes, status })
    }
    return added
  }

  /** Records for the stat cache; each is valid until the next. */
  get statUpdates(): SortedUpdates {
    const table = this.#table
    function* sorted(): Generator<[string, Uint8Array]> {
      for (const [path, payload] of table.sorted()) {
        if ((payload![0]! & RECORDED) === 0) continue
        record.set(payload!.subarray(1, 1 + STAT_BYTES))
        putObjectId(decoded(path, payload!)!.fileId, record, STAT_BYTES)
        yield [path, record]
      }
    }
    const toWrite = () => new StatCursor(table.cursor())
    return { size: this.#recorded, sorted, toWrite, [Symbol.iterator]: sorted }
  }

  /** Paths that are deleted, in order. */
  removed(): string[] {
    const removed: string[] = []
    if (this.#removed) for (const { path, entry } of this.changes()) if (!entry) removed.push(path)
    return removed
  }
}

/** A walk over the table, which has the paths. */
class PathCursor {
  protected readonly table: TableCursor

  constructor(table: TableCursor) {
    this.table = table
  }

  get path(): Uint8Array {
    return this.table.path
  }

  get pathAt(): number {
    return this.table.pathAt
  }

  get pathEnd(): number {
    return this.table.pathEnd
  }
}

/** Records as they go into `staging`. */
class EntryCursor extends PathCursor implements RecordCursor {
  readonly #entry = new Uint8Array(STAGED_CONTENT_BYTES)
  payload: Uint8Array = this.#entry
  payloadAt = 0
  payloadEnd = 0

  next(): boolean {
    if (!this.table.next()) return false
    const { payload, payloadAt, payloadEnd } = this.table
    const from = payloadAt + ((payload[payloadAt]! & RECORDED) === 0 ? 1 : 1 + STAT_BYTES)
    if ((payload[payloadAt]! & WHOLE) === 0) {
      this.payload = payload
      this.payloadAt = from
      this.payloadEnd = payloadEnd
    } else {
      putWholeChunk(this.#entry, payload, from)
      this.payload = this.#entry
      this.payloadAt = 0
      this.payloadEnd = STAGED_CONTENT_BYTES
    }
    return true
  }
}

/** Those that have a stat, as they go into the stat cache. */
class StatCursor extends PathCursor implements RecordCursor {
  readonly payload: Uint8Array = new Uint8Array(RECORD_BYTES)
  readonly payloadAt = 0
  readonly payloadEnd: number = RECORD_BYTES

  next(): boolean {
    const { table } = this
    while (table.next()) {
      const { payload, payloadAt } = table
      if ((payload[payloadAt]! & RECORDED) === 0) continue
      const stat = payloadAt + 1
      // In every entry the id follows shape and size.
      const id = stat + STAT_BYTES + 9
      for (let i = 0; i < STAT_BYTES; i++) this.payload[i] = payload[stat + i]!
      for (let i = 0; i < ID_BYTES; i++) this.payload[STAT_BYTES + i] = payload[id + i]!
      return true
    }
    return false
  }
}

function entryAt(payload: Uint8Array): number {
  return (payload[0]! & RECORDED) === 0 ? 1 : 1 + STAT_BYTES
}

function decoded(path: string, payload: Uint8Array): TreeEntry | null {
  const entry = decodeStagedEntry(path, payload.subarray(entryAt(payload)))
  return entry && (payload[0]! & WHOLE) !== 0 ? { ...entry, content: { kind: 'chunk', id: entry.fileId } } : entry
}

const ADDED = STATUSES.indexOf('added')
const WHOLE = 0x80
const RECORDED = 0x40
const STATUS_BITS = 0x3f
/** Longer than any entry. */
const scratch = new Uint8Array(256)
const record = new Uint8Array(RECORD_BYTES)
