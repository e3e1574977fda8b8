/** What can go wrong with blobs, slivers and the workers that encode them. */

import { type ErrorKind, FloeError } from '../base/errors.ts'

/** Codes of `ErasureError` and the kind of each; API, only ever extended. */
const KINDS = {
  /** Fewer than 4 shards, more than supported, or no integer. */
  ERASURE_SHARD_COUNT: 'usage',
  /** The blob exceeds the largest size of the shard count. */
  ERASURE_BLOB_TOO_LARGE: 'usage',
  /** A sliver's index, length or symbol size does not fit the blob. */
  ERASURE_SLIVER_SHAPE: 'integrity',
  /** A sliver is not the one that the metadata names. */
  ERASURE_SLIVER_MISMATCH: 'integrity',
  /** The same index was given twice with different bytes, or metadata of a wrong length. */
  ERASURE_INPUT: 'integrity',
  /** Fewer slivers or symbols than decoding needs. */
  ERASURE_NOT_ENOUGH: 'network',
  /** Slivers match the metadata one by one but do not belong to one blob: the writer encoded it wrongly. */
  ERASURE_INCONSISTENT: 'integrity',
  /** A worker thread ended while it had a job; the same call may succeed. */
  ERASURE_WORKER_DIED: 'internal',
  /** A job failed in a way that no input explains, for instance for lack of memory. */
  ERASURE_JOB_FAILED: 'internal',
  /** The temporary file of an encoded blob cannot be written or read, for instance because the disk is full. */
  ERASURE_SPILL: 'other',
  /** No compiled kernel can be fetched that the browser runs. */
  ERASURE_KERNEL: 'other',
  /** The pool was closed. */
  ERASURE_POOL_CLOSED: 'internal',
} as const satisfies Record<string, ErrorKind>

export type ErasureErrorCode = keyof typeof KINDS

export class ErasureError extends FloeError {
  override name = 'ErasureError'
  declare readonly code: ErasureErrorCode

  constructor(code: ErasureErrorCode, message: string, data: Record<string, unknown>, cause?: unknown) {
    super(KINDS[code], code, message, { data, cause, retryable: code === 'ERASURE_WORKER_DIED' })
  }

  /** From the plain form that crosses a thread boundary. */
  static from(plain: { code: string; message: string; data: Record<string, unknown> }): ErasureError {
    return new ErasureError(plain.code as ErasureErrorCode, plain.message, plain.data)
  }

  static isCode(code: unknown): code is ErasureErrorCode {
    return typeof code === 'string' && Object.hasOwn(KINDS, code)
  }
}
