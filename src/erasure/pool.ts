/** The coder on worker threads (`threads.ts`).
 *
 *  Threads start when there is work, keep their engine, and do not keep the process alive while idle. A thread that dies
 *  fails the job it had with ERASURE_WORKER_DIED and is replaced when the next job needs one; nothing waits for it. */

import { availableParallelism } from 'node:os'
import { throwIfAborted } from '../base/abort.ts'
import { CancelledError } from '../base/errors.ts'
import type { ErasurePool, JobOptions } from './api.ts'
import { decodePlan } from './decoder.ts'
import { encodePlan, identityPlan } from './encoder.ts'
import type { EngineName } from './engine-choice.ts'
import { ErasureError } from './errors.ts'
import type { Job, JobResult } from './jobs.ts'
import { createSharedMemory } from './memory.ts'
import type { Piece, Plan, PlanContext } from './plan.ts'
import { recoverPlan, symbolsPlan } from './recovery.ts'
import { verifySliverPlan } from './sliver-hash.ts'
import { createEncodingStore, type SpillOptions } from './spill.ts'
import { borrowThread, type JobThread, returnThread, type ThreadScript } from './threads.ts'

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
/** Jobs per thread in a batch, so that an unlucky thread does not hold up the rest for long. */
const JOBS_PER_THREAD = 8

/** Type stripping runs this file as .ts; a build has rewritten imports, but not this URL. */
function defaultWorkerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
}

interface Task {
  readonly job: Job
  readonly signal: AbortSignal | undefined
  readonly resolve: (result: JobResult) => void
  readonly reject: (error: Error) => void
}

export function createErasurePool(options: ErasurePoolOptions = {}): ErasurePool {
  const threads = options.threads ?? Math.min(MAX_DEFAULT_THREADS, availableParallelism())
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`"threads" expected a positive integer, got ${threads}`)
  const queue = createQueue(threads, { url: options.workerUrl ?? defaultWorkerUrl(), engine: options.engine })
  const context: PlanContext = {
    jobsPerBatch: Math.max(2, threads * JOBS_PER_THREAD),
    // One more than run: its input is there before a thread is free.
    jobsInFlight: threads + 1,
    memory: createSharedMemory(),
    encodings: createEncodingStore(options.spill),
  }

  /** Draws jobs as they end. All that were begun are awaited: a job must have ended before its memory is given back. */
  const runBatch = async (batch: Iterable<Piece>, signal: AbortSignal | undefined): Promise<JobResult[]> => {
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
          results[position] = await queue.submit(next.value.job, signal)
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

  const run = async <T>(plan: Plan<T>, { signal }: JobOptions = {}): Promise<T> => {
    throwIfAborted(signal)
    try {
      let step = plan.next()
      while (!step.done) step = plan.next(await runBatch(step.value, signal))
      return step.value
    } finally {
      // Runs the plan's own clean-up where it was given up half way.
      plan.return(undefined as T)
    }
  }

  return {
    threads,
    allocate: (bytes) => context.memory.allocate(bytes),
    encodeBlob: (shardCount, blob, options) => run(encodePlan(context, shardCount, blob, options), options),
    computeBlobId: (shardCount, blob, options) => run(identityPlan(context, shardCount, blob), options),
    verifySliver: (metadata, axis, sliver, options) => run(verifySliverPlan(context, metadata, axis, sliver), options),
    decodeBlob: (metadata, axis, slivers, options) =>
      run(decodePlan(context, metadata, axis, slivers, options), options),
    decodeRange: (metadata, axis, slivers, range, options) =>
      run(decodePlan(context, metadata, axis, slivers, options, range), options),
    recoverSliver: (metadata, axis, index, symbols, options) =>
      run(recoverPlan(context, metadata, axis, index, symbols), options),
    recoverySymbols: (metadata, axis, source, targets, options) =>
      run(symbolsPlan(context, metadata, axis, source, targets), options),
    close: () => queue.close(),
    [Symbol.asyncDispose]: () => queue.close(),
  }
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

  const dispatch = () => {
    while (waiting.length > 0 && running.size < limit) {
      const task = waiting.shift()!
      if (task.signal?.aborted) task.reject(new CancelledError(task.signal.reason))
      else void start(task)
    }
  }

  return {
    submit(job: Job, signal: AbortSignal | undefined): Promise<JobResult> {
      return new Promise((resolve, reject) => {
        if (closed) return reject(poolClosed())
        waiting.push({ job, signal, resolve, reject })
        dispatch()
      })
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
