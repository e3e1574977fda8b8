/** An operation as batches of jobs: the plan yields jobs that may run at once and is resumed with their results. One
 *  description serves the pool, which spreads a batch over threads, and the caller's own thread, which runs it in order. */

import type { Job, JobResult } from './jobs.ts'
import type { JobMemory } from './memory.ts'

export type Plan<T> = Generator<readonly Job[], T, readonly JobResult[]>

/** Where a plan's jobs will run. */
export interface PlanContext {
  /** Memory that the jobs can reach. A plan releases what it allocated, also when it is given up. */
  readonly memory: JobMemory
  /** Jobs worth making of one batch; 1 if they run on the caller's thread. */
  readonly jobsPerBatch: number
}

/** The bytes in memory that jobs can reach; copied only where they are not there already. */
export function reachable({ memory, jobsPerBatch }: PlanContext, bytes: Uint8Array): Uint8Array {
  if (jobsPerBatch === 1 || bytes.buffer instanceof SharedArrayBuffer) return bytes
  const copy = memory.allocate(bytes.length)
  copy.set(bytes)
  return copy
}

/** The bytes in a form that is cheap to send to a thread: cloning a view clones everything behind it. */
export function sendable(bytes: Uint8Array): Uint8Array {
  const alone = bytes.buffer instanceof SharedArrayBuffer || bytes.length === bytes.buffer.byteLength
  return alone ? bytes : Uint8Array.prototype.slice.call(bytes)
}

/** Splits `count` items from `first` on into at most `parts` ranges of nearly equal length. */
export function split(first: number, count: number, parts: number): { first: number; count: number }[] {
  const ranges: { first: number; count: number }[] = []
  const wanted = Math.min(parts, count)
  for (let part = 0, at = 0; part < wanted; part++) {
    const length = Math.ceil((count - at) / (wanted - part))
    ranges.push({ first: first + at, count: length })
    at += length
  }
  return ranges
}
