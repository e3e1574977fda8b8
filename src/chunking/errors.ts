/** What chunking can throw. Content is never a reason: every byte string can be cut. */

import { FloeError, UsageError } from '../base/errors.ts'

/** The chunk sizes asked for contradict each other. */
export class ChunkParamsError extends UsageError {
  override name = 'ChunkParamsError'
  constructor(reason: string, params: Readonly<Record<string, unknown>>) {
    super('CHUNK_PARAMS', `chunk sizes are not usable: ${reason}`, { data: { ...params } })
  }
}

/** A source delivered another number of bytes than was announced: the file changed while it was read. */
export class ChunkSourceLengthError extends FloeError {
  override name = 'ChunkSourceLengthError'
  constructor(expectedBytes: number, gotBytes: number) {
    super('other', 'CHUNK_SOURCE_LENGTH', `expected ${expectedBytes} bytes, the source gave ${gotBytes}`, {
      data: { expectedBytes, gotBytes },
      hints: ['the file changed while it was read; run the command again'],
      retryable: true,
    })
  }
}

/** A worker thread ended or failed in the middle of a file. */
export class ChunkWorkerError extends FloeError {
  override name = 'ChunkWorkerError'
  constructor(reason: string, cause?: unknown) {
    super('internal', 'CHUNK_WORKER_CRASHED', `a chunking worker stopped: ${reason}`, {
      data: { reason },
      retryable: true,
      cause,
    })
  }
}

/** The pool was closed while, or before, a file was ingested. */
export class ChunkPoolClosedError extends FloeError {
  override name = 'ChunkPoolClosedError'
  constructor() {
    super('cancelled', 'CHUNK_POOL_CLOSED', 'the chunk pool is closed')
  }
}
