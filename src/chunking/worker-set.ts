/** The worker threads of a chunk pool: one file each at a time, a queue for the rest, dead workers replaced. */

import type { Worker } from 'node:worker_threads'
import { CancelledError } from '../base/errors.ts'
import { ChunkPoolClosedError, ChunkWorkerError } from './errors.ts'
import type { ChunkParams } from './params.ts'
import type { FromWorker, HashedChunk, ToWorker } from './worker-messages.ts'

/** Slots per file: one being filled, one being hashed, one of slack. */
const SLOT_COUNT = 3
const SLOT_BYTES = 1_048_576

export interface WorkerJob {
  /** Copies the beginning of the piece into a free slot and hands it over.
   *  @returns how many bytes were taken */
  put(piece: Uint8Array): Promise<number>
  /** Chunks finished since the last call. */
  take(): HashedChunk[]
  /** Waits for the rest. */
  end(): Promise<{ chunks: HashedChunk[]; fileId: string }>
}

export interface ChunkWorker {
  begin(params: ChunkParams): WorkerJob
  /** Gives the worker back; drops a job that has not ended. */
  release(): void
}

export interface WorkerSet {
  acquire(signal: AbortSignal | undefined): Promise<ChunkWorker>
  close(): Promise<void>
}

interface Waiting {
  resolve(worker: ChunkWorker): void
  reject(error: unknown): void
}

// Built programs hold .js files; the compiler rewrites import specifiers but not this.
const WORKER_URL = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

export function createWorkerSet(threads: number, startWorker: (url: URL) => Worker): WorkerSet {
  const idle: WorkerThread[] = []
  const all = new Set<WorkerThread>()
  const waiting: Waiting[] = []
  let closed = false

  const lend = (thread: WorkerThread): ChunkWorker => {
    let released = false
    return {
      begin: (params) => thread.begin(params),
      release() {
        if (released) return
        released = true
        thread.drop()
        if (thread.dead) all.delete(thread)
        else idle.push(thread)
        serve()
      },
    }
  }
  const serve = () => {
    while (waiting.length > 0 && !closed) {
      const thread = idle.pop() ?? (all.size < threads ? new WorkerThread(startWorker(WORKER_URL)) : undefined)
      if (!thread) return
      if (thread.dead) {
        all.delete(thread)
        continue
      }
      all.add(thread)
      waiting.shift()!.resolve(lend(thread))
    }
  }
  return {
    acquire(signal) {
      return new Promise((resolve, reject) => {
        if (closed) return reject(new ChunkPoolClosedError())
        if (signal?.aborted) return reject(new CancelledError(signal.reason))
        const entry: Waiting = {
          resolve(worker) {
            signal?.removeEventListener('abort', onAbort)
            resolve(worker)
          },
          reject,
        }
        const onAbort = () => {
          const index = waiting.indexOf(entry)
          if (index >= 0) waiting.splice(index, 1)
          reject(new CancelledError(signal?.reason))
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        waiting.push(entry)
        serve()
      })
    },
    async close() {
      closed = true
      for (const entry of waiting.splice(0)) entry.reject(new ChunkPoolClosedError())
      await Promise.all(Array.from(all, (thread) => thread.close()))
      all.clear()
    },
  }
}

class WorkerThread {
  readonly #worker: Worker
  readonly #slots = Array.from({ length: SLOT_COUNT }, () => new SharedArrayBuffer(SLOT_BYTES))
  #job = 0
  #active = false
  #free: number[] = []
  #chunks: HashedChunk[] = []
  #fileId: string | undefined
  #failure: Error | undefined
  #wake: (() => void) | undefined
  dead = false

  constructor(worker: Worker) {
    this.#worker = worker
    this.#worker.unref()
    this.#worker.on('message', (message: FromWorker) => this.#receive(message))
    this.#worker.on('error', (error) => this.#die(new ChunkWorkerError('uncaught error', error)))
    this.#worker.on('exit', (code) => this.#die(new ChunkWorkerError(`exit ${code}`)))
  }

  begin(params: ChunkParams): WorkerJob {
    this.#job++
    this.#active = true
    this.#free = this.#slots.map((_, slot) => slot)
    this.#chunks = []
    this.#fileId = undefined
    if (!this.dead) this.#failure = undefined
    this.#worker.ref()
    this.#send({ type: 'begin', job: this.#job, params, slots: this.#slots })
    return { put: (piece) => this.#put(piece), take: () => this.#take(), end: () => this.#end() }
  }

  drop(): void {
    if (!this.dead && this.#active) this.#send({ type: 'drop', job: this.#job })
    this.#active = false
    this.#worker.unref()
  }

  async close(): Promise<void> {
    this.#die(new ChunkPoolClosedError())
    await this.#worker.terminate()
  }

  async #put(piece: Uint8Array): Promise<number> {
    await this.#until(() => this.#free.length > 0)
    const slot = this.#free.pop()!
    const taken = piece.subarray(0, SLOT_BYTES)
    new Uint8Array(this.#slots[slot]!).set(taken)
    this.#send({ type: 'piece', job: this.#job, slot, bytes: taken.length })
    return taken.length
  }

  #take(): HashedChunk[] {
    return this.#chunks.splice(0)
  }

  async #end(): Promise<{ chunks: HashedChunk[]; fileId: string }> {
    this.#send({ type: 'end', job: this.#job })
    await this.#until(() => this.#fileId !== undefined)
    this.#active = false
    return { chunks: this.#take(), fileId: this.#fileId! }
  }

  /** Waits for messages until the condition holds. One waiter at a time: a file has one producer. */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#failure) throw this.#failure
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    if (this.#failure) throw this.#failure
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #receive(message: FromWorker): void {
    // The slots are shared by all jobs of this worker, but a dropped job's messages mean nothing to the next.
    if (message.job !== this.#job || !this.#active) return
    if (message.type === 'failed') this.#failure = new ChunkWorkerError(message.message)
    else {
      this.#chunks.push(...message.chunks)
      if (message.type === 'chunks') this.#free.push(message.slot)
      else this.#fileId = message.fileId
    }
    this.#wake?.()
  }

  #die(error: Error): void {
    this.dead = true
    this.#failure ??= error
    this.#wake?.()
  }
}
