/** What the pool and its workers say to each other.
 *
 *  One worker takes one file at a time. The bytes go through a shared block of a few slots: the pool fills a free slot
 *  and names it, the worker chunks and hashes straight from it and frees it. Chunks come back by transfer. */

import type { ChunkParams } from './params.ts'

export type ToWorker =
  | { type: 'begin'; job: number; params: ChunkParams; slots: SharedArrayBuffer[] }
  | { type: 'piece'; job: number; slot: number; bytes: number }
  | { type: 'end'; job: number }
  | { type: 'drop'; job: number }

export interface HashedChunk {
  bytes: Uint8Array<ArrayBuffer>
  /** SHA-256 of the bytes, 64 lower-case hex digits. */
  id: string
}

export type FromWorker =
  | { type: 'chunks'; job: number; slot: number; chunks: HashedChunk[] }
  | { type: 'done'; job: number; chunks: HashedChunk[]; fileId: string }
  | { type: 'failed'; job: number; message: string }
