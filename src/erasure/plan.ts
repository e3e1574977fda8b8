/** An operation as batches of jobs: the plan yields jobs that may run at once and is resumed with their results. One
 *  description serves the pool, which spreads a batch over threads, and the caller's own thread, which runs it in order. */

import type { Job, JobResult } from './jobs.ts'
import type { JobMemory } from './memory.ts'
import type { FileRegion } from './region.ts'

/** A job of a batch. Batches are drawn from as threads become free, so that a job's input can be made just in time. */
export interface Piece {
  readonly job: Job
  /** Called when the job has ended, well or not. */
  readonly done?: () => void
}

export type Plan<T> = Generator<Iterable<Piece>, T, readonly JobResult[]>

/** Where a plan's jobs will run. */
export interface PlanContext {
  /** Memory that the jobs can reach. A plan releases what it allocated, also when it is given up. */
  readonly memory: JobMemory
  /** Jobs worth making of one batch; 1 if they run on the caller's thread. */
  readonly jobsPerBatch: number
  /** Jobs drawn from a batch and not yet done, at most. */
  readonly jobsInFlight: number
  /** Decides where encoded blobs are kept; without it, in memory. */
  readonly encodings?: EncodingStore
}

/** A file for an encoded blob. */
export interface SpillFile {
  region(offset: number, length: number): FileRegion
  read(region: FileRegion, position: number, into: Uint8Array): void
  close(): void
}

/** Keeps account of the encoded blobs that have not been released. */
export interface EncodingStore {
  /** Where the parts of an encoded blob go, of so many bytes each: the first ones stay in memory, until `forget` is told of
   *  their bytes; the file is for the rest, and none if there is no rest.
   *  @param takenBytes - what is in memory already and stays there, to be forgotten with the rest; default 0
   *  @param memoryBytes - see `EncodeOptions` */
  place(
    parts: readonly number[],
    takenBytes?: number,
    memoryBytes?: number,
  ): { readonly inMemory: number; readonly file: SpillFile | undefined }
  forget(bytes: number): void
  /** Calls `release` if the owner is dropped without having released. */
  watch(owner: object, release: () => void): void
  unwatch(owner: object): void
}

export function pieces(jobs: readonly Job[]): Piece[] {
  return jobs.map((job) => ({ job }))
}

/** True if jobs can read these bytes where they are. */
export function isReachable({ jobsPerBatch }: PlanContext, bytes: Uint8Array): boolean {
  return jobsPerBatch === 1 || isShared(bytes)
}

/** The bytes in a form that is cheap to send to a thread: cloning a view clones everything behind it. */
export function sendable(bytes: Uint8Array): Uint8Array {
  const alone = isShared(bytes) || bytes.length === bytes.buffer.byteLength
  return alone ? bytes : Uint8Array.prototype.slice.call(bytes)
}

/** Pages without cross-origin isolation do not even have the name. */
function isShared({ buffer }: Uint8Array): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer
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

/** Places for the inputs of jobs in flight, filled by the caller's thread just before each job. */
export interface Staging {
  take(): Uint8Array
  give(place: Uint8Array): void
  release(): void
}

export function createStaging({ memory, jobsInFlight }: PlanContext, bytes: number): Staging {
  const all: Uint8Array[] = []
  const free: Uint8Array[] = []
  return {
    take() {
      const place = free.pop()
      if (place) return place
      if (all.length >= jobsInFlight) throw new RangeError('more jobs are in flight than there are places')
      const made = memory.allocate(bytes)
      all.push(made)
      return made
    },
    give: (place) => void free.push(place),
    release: () => memory.release(...all),
  }
}
