/** Contents of another tool's files on their way into the store: what they become in a tree, each read once. */

import type { ChunkPool } from '../chunking/pool.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { ForeignObjectCorruptError } from '../migration/errors.ts'
import { buildContentMap, type ChunkRef, type ContentRef } from '../objects/content-map.ts'
import { EMPTY_FILE_ID, type ObjectId } from '../objects/id.ts'
import type { TreeEntry } from '../objects/tree.ts'
import type { WriteSession } from '../store/local-store.ts'
import { ONE_CHUNK_BYTES } from '../worktree/ingest.ts'

export interface StoredContent {
  bytes: number
  fileId: ObjectId
  content: ContentRef | null
}

export interface ContentStore {
  session: WriteSession
  pool: ChunkPool
  signal?: AbortSignal | undefined
}

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Cuts, hashes and keeps a file; durable after `seal`.
 *  @param bytes - its size, which must turn out true */
export async function storeContent(store: ContentStore, pieces: Pieces, bytes: number): Promise<StoredContent> {
  if (bytes <= ONE_CHUNK_BYTES) return storeSmall(store.session, pieces)
  const { session, pool, signal } = store
  const { chunks, fileId } = pool.ingest(pieces, bytes, signal ? { signal } : {})
  async function* kept(): AsyncGenerator<ChunkRef> {
    for await (const chunk of chunks) {
      await session.putHashed('chunk', chunk.id as ObjectId, chunk.bytes)
      yield { id: chunk.id as ObjectId, bytes: chunk.bytes.length }
    }
  }
  const content = await buildContentMap(kept(), session.put)
  return { bytes, fileId: (await fileId) as ObjectId, content }
}

async function storeSmall(session: WriteSession, pieces: Pieces): Promise<StoredContent> {
  const parts: Uint8Array[] = []
  // A piece may be overwritten once the next is asked for.
  for await (const piece of pieces) parts.push(Uint8Array.from(piece))
  const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  if (whole.length === 0) return { bytes: 0, fileId: EMPTY_FILE_ID, content: null }
  const fileId = sha256Hex(whole) as ObjectId
  await session.keep('chunk', fileId, whole)
  return { bytes: whole.length, fileId, content: { kind: 'chunk', id: fileId } }
}

/** Reads what another tool keeps of a file; damage is the file's. */
export async function contentsOfPath<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw error instanceof ForeignObjectCorruptError ? error.at(path) : error
  }
}

/** The entry of a tree that has this content. */
export function entryOf(path: string, kind: 'file' | 'executable' | 'symlink', stored: StoredContent): TreeEntry {
  const executable = kind === 'executable'
  return { path, kind: kind === 'symlink' ? 'symlink' : 'file', executable, ...stored }
}

/** The newest so many of what was put in, each once under its key.
 *  @param weigh - as how many one counts (default 1) */
export function createBoundedMap<V>(
  most: number,
  weigh: (value: V) => number = () => 1,
): { get(key: string): V | undefined; set(key: string, value: V): V } {
  const map = new Map<string, V>()
  let held = 0
  return {
    get: (key) => map.get(key),
    set(key, value) {
      const known = map.get(key)
      held += weigh(value) - (known === undefined ? 0 : weigh(known))
      map.set(key, value)
      for (const [oldest, old] of map) {
        if (held <= most || oldest === key) break
        map.delete(oldest)
        held -= weigh(old)
      }
      return value
    },
  }
}
