/** Chunking and hashing off the main thread, for files above a threshold; smaller ones are done in place, where the
 *  hand-over would cost more than the work. The results are the same. */

import { throwIfAborted } from '../base/abort.ts'
import { CancelledError } from '../base/errors.ts'
import { createThread, type Thread } from '../base/thread.ts'
import { createSha256, sha256Hex } from '../crypto/hash.ts'
import { createAssembler } from './chunker.ts'
import { wasmEngine } from './engine-wasm.ts'
import { ChunkPoolClosedError, ChunkSourceLengthError } from './errors.ts'
import type { ChunkParams } from './params.ts'
import { chunkParamsFor } from './profile.ts'
import type { HashedChunk } from './worker-messages.ts'
import { type ChunkWorker, createWorkerSet } from './worker-set.ts'

export type { HashedChunk } from './worker-messages.ts'

export interface ChunkPoolOptions {
  /** Worker threads, started when first needed; 0 keeps everything on this thread (default 2). */
  threads?: number
  /** Files of at least this many bytes go to a worker (default 1 MiB). */
  workerFromBytes?: number
  /** Starts the thread that runs the module at this URL (default: as Node does). */
  startWorker?: (url: URL) => Thread
}

export interface IngestOptions {
  signal?: AbortSignal
  /** Chunk sizes (default: profile 1 for `fileBytes`). */
  params?: ChunkParams
}

export interface Ingest {
  /** Chunks in order, each with its id. Can be iterated once; stopping early releases the source and the worker. */
  chunks: AsyncIterable<HashedChunk>
  /** SHA-256 of the whole file in hex. Settles when `chunks` has ended; rejects with what `chunks` threw. */
  fileId: Promise<string>
}

export interface ChunkPool extends AsyncDisposable {
  /** Cuts and hashes one file.
   *  @param source - the file's bytes in pieces of any length
   *  @param fileBytes - its size, which chooses the chunk sizes and must turn out true
   *  @example
   *  const { chunks, fileId } = pool.ingest(createReadStream(path), size)
   *  for await (const { bytes, id } of chunks) await store(id, bytes)
   *  await fileId // what sha256sum prints
   *  Errors, thrown by the iteration: CHUNK_SOURCE_LENGTH, CHUNK_WORKER_CRASHED, CHUNK_POOL_CLOSED, CANCELLED, and
   *  whatever the source throws. */
  ingest(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, fileBytes: number, options?: IngestOptions): Ingest
  /** Ends the workers. Files still being ingested fail with CHUNK_POOL_CLOSED. */
  close(): Promise<void>
}

type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>
type Hashing = AsyncGenerator<HashedChunk, string, undefined>

/** A pool to be closed by its owner. Idle workers do not keep the process alive. */
export function createChunkPool(options: ChunkPoolOptions = {}): ChunkPool {
  const {
    threads = 2,
    workerFromBytes = 1_048_576,
    startWorker = (url) => createThread(url, { execArgv: [] }),
  } = options
  if (!Number.isInteger(threads) || threads < 0)
    throw new RangeError(`"threads" expected a non-negative integer, got ${threads}`)
  const workers = createWorkerSet(threads, startWorker)
  let closed = false

  const ingest: ChunkPool['ingest'] = (source, fileBytes, { signal, params = chunkParamsFor(fileBytes) } = {}) => {
    const checked = checkedPieces(source, fileBytes, () => {
      if (closed) throw new ChunkPoolClosedError()
      throwIfAborted(signal)
    })
    const inPlace = threads === 0 || fileBytes < workerFromBytes
    const hashing = inPlace ? hashInPlace(checked, params) : hashInWorker(checked, params, workers.acquire, signal)
    return withFileId(hashing)
  }
  const close = async () => {
    closed = true
    await workers.close()
  }
  return { ingest, close, [Symbol.asyncDispose]: close }
}

/** Splits a generator that returns the file id into its chunks and a promise of the id. */
function withFileId(hashing: Hashing): Ingest {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  // Whoever iterates sees the error; nobody has to look at the promise.
  promise.catch(() => {})
  async function* chunks() {
    let finished = false
    try {
      resolve(yield* hashing)
      finished = true
    } catch (error) {
      reject(error)
      finished = true
      throw error
    } finally {
      if (!finished) reject(new CancelledError('the chunks were not read to the end'))
    }
  }
  return { chunks: chunks(), fileId: promise }
}

/** The pieces, as long as they add up to what was announced. */
async function* checkedPieces(source: Source, fileBytes: number, check: () => void): AsyncGenerator<Uint8Array> {
  let seen = 0
  check()
  for await (const piece of source) {
    check()
    seen += piece.length
    // Stops a source that never ends as well.
    if (seen > fileBytes) throw new ChunkSourceLengthError(fileBytes, seen)
    yield piece
  }
  check()
  if (seen !== fileBytes) throw new ChunkSourceLengthError(fileBytes, seen)
}

async function* hashInPlace(source: AsyncIterable<Uint8Array>, params: ChunkParams): Hashing {
  const assembler = createAssembler(params, wasmEngine())
  const whole = createSha256()
  for await (const piece of source) {
    whole.update(piece)
    for (const bytes of assembler.feed(piece)) yield hashedChunk(bytes)
  }
  const last = assembler.finish()
  if (last) yield hashedChunk(last)
  return whole.digest('hex')
}

function hashedChunk(bytes: Uint8Array): HashedChunk {
  return { bytes: bytes as Uint8Array<ArrayBuffer>, id: sha256Hex(bytes) }
}

async function* hashInWorker(
  source: AsyncIterable<Uint8Array>,
  params: ChunkParams,
  acquire: (signal: AbortSignal | undefined) => Promise<ChunkWorker>,
  signal: AbortSignal | undefined,
): Hashing {
  const worker = await acquire(signal)
  try {
    const job = worker.begin(params)
    for await (const piece of source) {
      for (let from = 0; from < piece.length; ) {
        // Waits while all slots are with the worker, which bounds the bytes in flight.
        from += await job.put(piece.subarray(from))
        yield* job.take()
      }
    }
    const { chunks, fileId } = await job.end()
    yield* chunks
    return fileId
  } finally {
    worker.release()
  }
}
