/** The worker threads of this process, one job at a time each.
 *
 *  Pools borrow them job by job, so that the next pool finds them running: a program that pushes and then pulls, or does
 *  so again and again, starts them once. Starting one takes some 50 ms of processor time, more where types are stripped.
 *  Idle threads do not keep the process alive, and end after a while. */

import { createThread, type Thread } from '../base/thread.ts'
import type { EngineName } from './engine-choice.ts'
import { ErasureError } from './errors.ts'
import type { Job, JobResult } from './jobs.ts'
import type { WorkerAnswer } from './worker.ts'

/** What a thread runs. */
export interface ThreadScript {
  readonly url: URL
  /** Default the fastest that the runtime has. */
  readonly engine: EngineName | undefined
}

/** An idle thread holds some megabytes, and what its last job was given until it collects its garbage. */
const IDLE_MS = 2000
const MAX_IDLE = 8
/** A job leaves thousands of views behind and nothing else: a small nursery holds them as well as one of 48 MiB. */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 2 }

interface Waiter {
  readonly resolve: (result: JobResult) => void
  readonly reject: (error: Error) => void
}

/** The one that was used last is the last. */
const idle: JobThread[] = []

/** A thread that nobody else has: an idle one, or a new one.
 *  @throws {ErasureError} ERASURE_WORKER_DIED if the system gives none */
export function borrowThread(script: ThreadScript): JobThread {
  const key = keyOf(script)
  const at = idle.findLastIndex((thread) => thread.key === key)
  if (at < 0) return startThread(key, script)
  const [thread] = idle.splice(at, 1)
  clearTimeout(thread!.idleTimer)
  return thread!
}

/** True if one can be borrowed that need not be started. */
export function hasIdleThread(script: ThreadScript): boolean {
  const key = keyOf(script)
  return idle.some((thread) => thread.key === key)
}

function keyOf({ url, engine }: ThreadScript): string {
  return `${engine ?? ''} ${url.href}`
}

function startThread(key: string, script: ThreadScript): JobThread {
  try {
    return new JobThread(key, script)
  } catch (cause) {
    throw new ErasureError('ERASURE_WORKER_DIED', 'a worker thread could not be started', {}, cause)
  }
}

/** Takes back a thread whose job has ended, well or not. */
export function returnThread(thread: JobThread): void {
  if (!thread.isAlive) return
  thread.idleTimer = setTimeout(() => void thread.end(), IDLE_MS).unref()
  idle.push(thread)
  if (idle.length > MAX_IDLE) void idle[0]!.end()
}

/** Nobody gets this thread any more. */
function forget(thread: JobThread): void {
  clearTimeout(thread.idleTimer)
  const at = idle.indexOf(thread)
  if (at >= 0) idle.splice(at, 1)
}

export class JobThread {
  readonly key: string
  readonly #worker: Thread
  #waiter: Waiter | undefined
  #isAlive = true
  #isEnding = false
  idleTimer: NodeJS.Timeout | undefined

  constructor(key: string, { url, engine }: ThreadScript) {
    this.key = key
    // No inherited flags: a test runner's loader has no business in here.
    this.#worker = createThread(url, { execArgv: [], workerData: { engine }, resourceLimits: WORKER_LIMITS })
    const died = (cause?: unknown) => {
      if (!this.#isAlive) return
      this.#isAlive = false
      forget(this)
      this.#take()?.reject(new ErasureError('ERASURE_WORKER_DIED', 'a worker thread ended before its job', {}, cause))
    }
    this.#worker.on('message', (answer: WorkerAnswer) => {
      const waiter = this.#take()
      this.#worker.unref()
      if (answer.$kind === 'done') waiter?.resolve(answer.result)
      else waiter?.reject(ErasureError.from(answer))
    })
    this.#worker.on('error', died)
    this.#worker.on('messageerror', died)
    this.#worker.on('exit', () => died())
  }

  /** False from the moment when its end has begun. */
  get isAlive(): boolean {
    return this.#isAlive && !this.#isEnding
  }

  #take(): Waiter | undefined {
    const waiter = this.#waiter
    this.#waiter = undefined
    return waiter
  }

  /** @throws {ErasureError} ERASURE_WORKER_DIED, or what the job ends with */
  run(job: Job): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
      this.#worker.ref()
      this.#worker.postMessage(job)
    })
  }

  /** Its job, if it has one, fails with ERASURE_WORKER_DIED. */
  async end(): Promise<void> {
    this.#isEnding = true
    forget(this)
    await this.#worker.terminate()
  }
}
