/** Random access to a blob: only the rows that a range touches are fetched, each once while it stays in the cache. */

import { mapAhead } from '../base/ahead.ts'
import { CancelledError } from '../base/errors.ts'
import type { RangeReader } from '../objects/reader.ts'
import type { BlobSource, LentRow } from './blob-source.ts'

/** Rows of all blobs in one bounded cache; least recently used rows go first. */
export interface RowCache {
  /** @param load - ended by its signal when all who wait for the row have been cancelled
   *  @throws {CancelledError} as soon as the caller's own signal is aborted */
  get(key: string, load: (signal: AbortSignal) => Promise<Uint8Array>, options?: Waiting): Promise<Uint8Array>
  /** What it has or is loading. */
  peek(key: string, options?: Waiting): Promise<Uint8Array> | undefined
  readonly heldBytes: number
}

interface Waiting {
  signal?: AbortSignal | undefined
}

interface CachedRow {
  row: Promise<Uint8Array>
  /** 0 while it is loading. */
  bytes: number
  /** Callers that would be sorry if the loading ended. */
  waiting: number
  stop: AbortController
}

const DEFAULT_CACHE_BYTES = 96 * 1024 * 1024

/** @param maxBytes - rows kept, in bytes; a row being loaded or used may exceed it for that time */
export function createRowCache(maxBytes: number = DEFAULT_CACHE_BYTES): RowCache {
  // A Map iterates in order of insertion: taking a row out and putting it back makes it the youngest.
  const rows = new Map<string, CachedRow>()
  let heldBytes = 0
  const evict = () => {
    for (const [key, held] of rows) {
      if (heldBytes <= maxBytes) break
      if (held.bytes === 0) continue // still loading
      rows.delete(key)
      heldBytes -= held.bytes
    }
  }
  const forget = (key: string, entry: CachedRow) => {
    if (rows.get(key) === entry) rows.delete(key)
  }
  const join = (key: string, entry: CachedRow, signal: AbortSignal | undefined): Promise<Uint8Array> => {
    if (entry.bytes > 0) return entry.row
    entry.waiting++
    if (!signal) return entry.row
    return new Promise((resolve, reject) => {
      const leave = () => {
        reject(new CancelledError(signal.reason))
        if (--entry.waiting > 0 || entry.bytes > 0) return
        // Who asks from now on must not be given what is about to fail.
        forget(key, entry)
        entry.stop.abort(signal.reason)
      }
      if (signal.aborted) return leave()
      signal.addEventListener('abort', leave, { once: true })
      entry.row.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
    })
  }
  return {
    get heldBytes() {
      return heldBytes
    },
    peek(key, { signal } = {}) {
      const known = rows.get(key)
      return known && join(key, known, signal)
    },
    get(key, load, { signal } = {}) {
      const known = rows.get(key)
      if (known) {
        rows.delete(key)
        rows.set(key, known)
        return join(key, known, signal)
      }
      const stop = new AbortController()
      const entry: CachedRow = { row: load(stop.signal), bytes: 0, waiting: 0, stop }
      rows.set(key, entry)
      entry.row.then(
        (row) => {
          if (rows.get(key) !== entry) return
          entry.bytes = row.length
          heldBytes += row.length
          evict()
        },
        () => forget(key, entry),
      )
      return join(key, entry, signal)
    },
  }
}

/** Rows that are on their way at once when all are asked for. */
const MAX_ROWS_AHEAD = 64
const AHEAD_BYTES = 24 * 1024 * 1024

/** A range reader over a verified blob. */
export function blobRangeReader(source: BlobSource, key: string, cache: RowCache): RangeReader {
  const { rowBytes } = source
  const bytes = source.metadata.blobBytes
  // The load is shared by all who wait for the row, so no single caller's signal may end it.
  const row = (index: number, signal: AbortSignal | undefined) =>
    cache.get(`${key}:${index}`, (stop) => source.readRow(index, { signal: stop }), { signal })
  return {
    bytes,
    blockBytes: rowBytes,
    async read(offset, length, { signal } = {}) {
      if (offset < 0 || length < 0 || offset + length > bytes)
        throw new RangeError(`"offset" and "length" expected within ${bytes}, got ${offset} + ${length}`)
      if (length === 0) return new Uint8Array(0)
      const first = Math.floor(offset / rowBytes)
      const last = Math.floor((offset + length - 1) / rowBytes)
      const parts = await Promise.all(Array.from({ length: last - first + 1 }, (_, i) => row(first + i, signal)))
      if (parts.length === 1) return parts[0]!.subarray(offset - first * rowBytes, offset - first * rowBytes + length)
      const joined = new Uint8Array(length)
      for (const [i, part] of parts.entries()) {
        const rowStart = (first + i) * rowBytes
        const from = Math.max(offset, rowStart)
        const to = Math.min(offset + length, rowStart + rowBytes)
        joined.set(part.subarray(from - rowStart, to - rowStart), from - offset)
      }
      return joined
    },
    async *pieces({ signal } = {}) {
      const indexes = Array.from({ length: Math.ceil(bytes / rowBytes) }, (_, index) => index)
      const lend = async (index: number): Promise<LentRow> => {
        const held = cache.peek(`${key}:${index}`, { signal })
        return held ? { bytes: await held, release() {} } : source.lendRow(index, { signal })
      }
      let offset = 0
      const ahead = { slots: MAX_ROWS_AHEAD, weigh: () => rowBytes, maxWeight: AHEAD_BYTES }
      for await (const row of mapAhead(indexes, lend, ahead)) {
        yield row.bytes.subarray(0, Math.min(rowBytes, bytes - offset))
        row.release()
        offset += rowBytes
      }
    },
  }
}
