/** The coder on worker threads (`threads.ts`).
 *
 *  Threads start when there is work enough for them, keep their engine, and do not keep the process alive while idle. A thread that dies
 *  fails the job it had with ERASURE_WORKER_DIED and is replaced when the next job needs one; nothing waits for it. */

import { availableParallelism } from 'node:os'
import { throwIfAborted } from '../base/abort.ts'
import { CancelledError } from '../base/errors.ts'
import type { ErasurePool, JobOptions } from './api.ts'
import { metadataParams } from './blob-id.ts'
import type { Coder } from './coder.ts'
import { decodePlan } from './decoder.ts'
import { encodePlan, identityPlan } from './encoder.ts'
import { createEngine, type EngineName } from './engine-choice.ts'
import { ErasureError } from './errors.ts'
import type { Job, JobResult } from './jobs.ts'
import { createSharedMemory } from './memory.ts'
import { type BlobMetadata, type BlobParams, blobParams, hashWork } from './params.ts'
import type { Piece, Plan, PlanContext } from './plan.ts'
import { recoverPlan, symbolsPlan } from './recovery.ts'
import { verifySliverPlan } from './sliver-hash.ts'
import { createEncodingStore, type SpillOptions } from './spill.ts'
import { createSyncCoder } from './sync.ts'
import { borrowThread, hasIdleThread, type JobThread, returnThread, type ThreadScript } from './threads.ts'

export interface ErasurePoolOptions {
  /** Worker threads; default one per processor, at most 8. */
  readonly threads?: number
  /** Where encoded blobs go that would take too much memory. */
  readonly spill?: SpillOptions
  /** Default the fastest that the runtime has. */
  readonly engine?: EngineName
  /** The script of a thread; default worker.ts, or worker.js in a build. */
  readonly workerUrl?: URL
}

/** More threads than this have not been measured to help: memory bandwidth is shared. */
const MAX_DEFAULT_THREADS = 8
/** Waiting work, in compressions of the hash, for which one more thread is started: what a running one does in the time
 *  that a start takes of a processor. */
const WORK_FOR_A_START = 450_000
/** A sliver that takes no more is checked on the caller's thread: to ask another and to hear from it takes as long. */
const MAX_WORK_AT_ONCE = 1000
/** Jobs per thread in a batch, so that an unlucky thread does not hold up the rest for long. */
const JOBS_PER_THREAD = 8

/** Type stripping runs this file as .ts; a build has rewritten imports, but not this URL. */
function defaultWorkerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
}

interface Task {
  readonly job: Job
  /** Of the whole operation, in compressions. */
  readonly work: number
  readonly signal: AbortSignal | undefined
  readonly resolve: (result: JobResult) => void
  readonly reject: (error: Error) => void
}

export function createErasurePool(options: ErasurePoolOptions = {}): ErasurePool {
  const { engine } = options
  const threads = options.threads ?? Math.min(MAX_DEFAULT_THREADS, availableParallelism())
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`"threads" expected a positive integer, got ${threads}`)
  const queue = createQueue(threads, { url: options.workerUrl ?? defaultWorkerUrl(), engine })
  const context: PlanContext = {
    jobsPerBatch: Math.max(2, threads * JOBS_PER_THREAD),
    // One more than run: its input is there before a thread is free.
    jobsInFlight: threads + 1,
    memory: createSharedMemory(),
    encodings: createEncodingStore(options.spill),
  }

  /** Of the caller's thread. */
  let here: Coder | undefined

  /** Draws jobs as they end. All that were begun are awaited: a job must have ended before its memory is given back. */
  const runBatch = async (batch: Iterable<Piece>, work: number, signal?: AbortSignal): Promise<JobResult[]> => {
    const results: JobResult[] = []
    const failures: unknown[] = []
    const source = batch[Symbol.iterator]()
    let drawn = 0
    const lane = async () => {
      while (failures.length === 0 && !signal?.aborted) {
        const next = source.next()
        if (next.done) return
        const position = drawn++
        try {
          results[position] = await queue.submit(next.value.job, work, signal)
        } catch (error) {
          failures.push(error)
        } finally {
          next.value.done?.()
        }
      }
    }
    const lanes = await Promise.allSettled(Array.from({ length: context.jobsInFlight }, lane))
    throwIfAborted(signal)
    for (const outcome of lanes) if (outcome.status === 'rejected') failures.push(outcome.reason)
    if (failures.length > 0) throw failures[0]
    return results
  }

  /** @param workOf - asked once the plan has checked what it was given */
  const run = async <T>(plan: Plan<T>, workOf: () => number, { signal }: JobOptions = {}): Promise<T> => {
    throwIfAborted(signal)
    try {
      let step = plan.next()
      const work = step.done ? 0 : workOf()
      while (!step.done) step = plan.next(await runBatch(step.value, work, signal))
      return step.value
    } finally {
      // Runs the plan's own clean-up where it was given up half way.
      plan.return(undefined as T)
    }
  }

  return {
    threads,
    allocate: (bytes) => context.memory.allocate(bytes),
    release: (bytes) => context.memory.release(bytes),
    encodeBlob: (shardCount, blob, options) =>
      run(encodePlan(context, shardCount, blob, options), () => blobWork(blobParams(shardCount, blob.length)), options),
    computeBlobId: (shardCount, blob, options) =>
      run(identityPlan(context, shardCount, blob), () => blobWork(blobParams(shardCount, blob.length)), options),
    async verifySliver(metadata, axis, sliver, options) {
      if (sliverWork(metadata) > MAX_WORK_AT_ONCE)
        return run(verifySliverPlan(context, metadata, axis, sliver), () => sliverWork(metadata), options)
      throwIfAborted(options?.signal)
      queue.assertOpen()
      here ??= createSyncCoder(createEngine(engine))
      here.verifySliver(metadata, axis, sliver)
    },
    decodeBlob: (metadata, axis, slivers, options) =>
      run(decodePlan(context, metadata, axis, slivers, options), () => blobWork(metadataParams(metadata)), options),
    decodeRange: (metadata, axis, slivers, range, options) =>
      run(
        decodePlan(context, metadata, axis, slivers, options, range),
        () => blobWork(metadataParams(metadata)),
        options,
      ),
    recoverSliver: (metadata, axis, index, symbols, options) =>
      run(recoverPlan(context, metadata, axis, index, symbols), () => sliverWork(metadata), options),
    recoverySymbols: (metadata, axis, source, targets, options) =>
      run(symbolsPlan(context, metadata, axis, source, targets), () => sliverWork(metadata), options),
    close: () => queue.close(),
    [Symbol.asyncDispose]: () => queue.close(),
  }
}

function blobWork(params: BlobParams): number {
  return hashWork(params, params.shardCount)
}

function sliverWork(metadata: BlobMetadata): number {
  return hashWork(metadataParams(metadata), 1)
}

/** A queue of jobs, of which at most `limit` run at a time. */
function createQueue(limit: number, script: ThreadScript) {
  const running = new Set<JobThread>()
  const waiting: Task[] = []
  let closed = false

  const start = async ({ job, resolve, reject }: Task) => {
    let thread: JobThread | undefined
    try {
      thread = borrowThread(script)
      running.add(thread)
      resolve(await thread.run(job))
    } catch (error) {
      reject(closed ? poolClosed() : (error as Error))
    }
    if (thread) {
      running.delete(thread)
      returnThread(thread)
    }
    dispatch()
  }

  /** True if the next job may have a thread: the first one, one that runs already, or one that is worth its start. */
  const mayStart = () => {
    if (running.size === 0 || hasIdleThread(script)) return true
    let work = 0
    for (const task of waiting) {
      work += task.work
      if (work >= WORK_FOR_A_START) return true
    }
    return false
  }

  const dispatch = () => {
    while (waiting.length > 0 && running.size < limit && mayStart()) {
      const task = waiting.shift()!
      if (task.signal?.aborted) task.reject(new CancelledError(task.signal.reason))
      else void start(task)
    }
  }

  return {
    submit(job: Job, work: number, signal: AbortSignal | undefined): Promise<JobResult> {
      return new Promise((resolve, reject) => {
        if (closed) return reject(poolClosed())
        waiting.push({ job, work, signal, resolve, reject })
        dispatch()
      })
    },
    assertOpen() {
      if (closed) throw poolClosed()
    },
    async close(): Promise<void> {
      closed = true
      for (const task of waiting.splice(0)) task.reject(poolClosed())
      await Promise.all([...running].map((thread) => thread.end()))
    },
  }
}

function poolClosed(): ErasureError {
  return new ErasureError('ERASURE_POOL_CLOSED', 'the erasure pool is closed', {})
}
