/** The coder on worker threads.
 *
 *  Threads start when there is work, keep their engine, and do not keep the process alive while idle. A thread that dies
 *  fails the job it had with ERASURE_WORKER_DIED and is replaced when the next job needs one; nothing waits for it. */

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
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
import type { WorkerAnswer } from './worker.ts'

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
/** A job leaves thousands of views behind and nothing else: a small nursery holds them as well as one of 48 MiB. */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 2 }
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

/** A thread and what it is doing. */
interface Thread {
  readonly worker: Worker
  task: Task | undefined
}

export function createErasurePool(options: ErasurePoolOptions = {}): ErasurePool {
  const threads = options.threads ?? Math.min(MAX_DEFAULT_THREADS, availableParallelism())
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`"threads" expected a positive integer, got ${threads}`)
  const workers = createThreads(threads, options.workerUrl ?? defaultWorkerUrl(), { engine: options.engine })
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
          results[position] = await workers.submit(next.value.job, signal)
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
    close: () => workers.close(),
    [Symbol.asyncDispose]: () => workers.close(),
  }
}

/** A queue of jobs over at most `limit` threads. */
function createThreads(limit: number, url: URL, workerData: { engine: EngineName | undefined }) {
  const threads = new Set<Thread>()
  const waiting: Task[] = []
  let closed = false

  const start = (): Thread => {
    // No inherited flags: a test runner's loader has no business in here.
    const worker = new Worker(url, { execArgv: [], workerData, resourceLimits: WORKER_LIMITS })
    const thread: Thread = { worker, task: undefined }
    const die = (cause?: unknown) => {
      if (!threads.delete(thread)) return
      thread.task?.reject(
        closed
          ? poolClosed()
          : new ErasureError('ERASURE_WORKER_DIED', 'a worker thread ended before its job', {}, cause),
      )
      thread.task = undefined
      dispatch()
    }
    worker.on('message', (answer: WorkerAnswer) => {
      const { task } = thread
      thread.task = undefined
      worker.unref()
      if (answer.$kind === 'done') task?.resolve(answer.result)
      else task?.reject(ErasureError.from(answer))
      dispatch()
    })
    worker.on('error', die)
    worker.on('messageerror', die)
    worker.on('exit', () => die())
    threads.add(thread)
    return thread
  }

  const dispatch = () => {
    while (waiting.length > 0) {
      const idle = [...threads].find((thread) => !thread.task) ?? (threads.size < limit ? start() : undefined)
      if (!idle) return
      const task = waiting.shift()!
      if (task.signal?.aborted) {
        task.reject(new CancelledError(task.signal.reason))
        continue
      }
      idle.task = task
      idle.worker.ref()
      idle.worker.postMessage(task.job)
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
      await Promise.all([...threads].map(({ worker }) => worker.terminate()))
    },
  }
}

function poolClosed(): ErasureError {
  return new ErasureError('ERASURE_POOL_CLOSED', 'the erasure pool is closed', {})
}
