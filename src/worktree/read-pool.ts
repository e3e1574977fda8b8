/** The threads that read files: each has a few slots of shared memory, and works through what is put before it. A large
 *  file takes a thread for itself. What was read is handed out in the slots it was read into. */

import { Worker } from 'node:worker_threads'
import type { ChunkSizing } from '../chunking/profile.ts'
import { ID_BYTES, type ObjectId } from '../objects/id.ts'
import type { FileStat } from '../store/file-system.ts'
import { ReadThreadError } from './errors.ts'
import {
  type BatchDone,
  type BatchJob,
  type Chunks,
  type LargeDone,
  type LargeJob,
  packStat,
  type ReadAnswer,
  type ReadJob,
  SLOT_BYTES,
  SLOT_FREE,
  type SlotFull,
  STAT_NUMBERS,
  STOP,
  slotBytesFor,
} from './read-jobs.ts'

export interface FileToRead {
  /** Absolute. */
  path: string
  /** What the walk saw. */
  stat: FileStat
  /** Sizes of chunks that are asked for. */
  sizing?: ChunkSizing | undefined
}

/** A batch that was read; `bytes` is to be looked at before `release` only. */
export interface ReadBatch extends BatchDone {
  bytes: Uint8Array
  release(): void
}

/** A part of a large file, in whole chunks; to be looked at until the next is asked for. */
export interface ReadPart extends Chunks {
  bytes: Uint8Array
}

export interface LargeRead {
  fileId: ObjectId
  /** The stat that belongs to what was read; undefined if the file changed meanwhile or could not be read. */
  stat: FileStat | undefined
}

export interface ReadPool extends AsyncDisposable {
  /** Waits for room, then begins to read. The files' sizes add up to at most `SLOT_BYTES`.
   *  @returns what was read, as a promise in an object: who waits for room need not wait for that */
  readBatch(files: readonly FileToRead[]): Promise<{ read: Promise<ReadBatch> }>
  /** Waits for a thread without work, then begins to read. The generator's return value comes after its parts. */
  readLarge(file: FileToRead): Promise<AsyncGenerator<ReadPart, LargeRead>>
}

const SLOTS_PER_THREAD = 3

// Built programs hold .js files; the compiler rewrites import specifiers but not this.
const WORKER_URL = new URL(import.meta.url.endsWith('.ts') ? './read-worker.ts' : './read-worker.js', import.meta.url)

interface Waiting {
  slots: number
  resolve(thread: ReadThread): void
  reject(error: unknown): void
}

export function createReadPool(threadCount: number): ReadPool {
  if (!Number.isInteger(threadCount) || threadCount < 1)
    throw new RangeError(`"threadCount" expected a positive integer, got ${threadCount}`)
  const threads: ReadThread[] = []
  const waiting: Waiting[] = []
  let failure: unknown
  const fail = (error: unknown) => {
    failure ??= error
    for (const { reject } of waiting.splice(0)) reject(failure)
  }
  const serve = () => {
    // In turn, so that a large file is not overtaken for ever.
    for (let first = waiting[0]; first; first = waiting[0]) {
      const idle = threads
        .filter(({ free }) => free.length >= first.slots)
        .sort((a, b) => b.free.length - a.free.length)
      // Another thread rather than a place behind somebody else's work.
      const isBusy = (idle[0]?.free.length ?? 0) < SLOTS_PER_THREAD
      if (isBusy && threads.length < threadCount) idle.unshift(startThread())
      if (!idle[0]) return
      waiting.shift()
      first.resolve(idle[0])
    }
  }
  const startThread = () => {
    const thread = new ReadThread(serve, fail)
    threads.push(thread)
    return thread
  }
  /** @param use - called at once when there is room, so that nobody else takes it */
  const acquire = <T>(slots: number, use: (thread: ReadThread) => T): Promise<T> =>
    new Promise((resolve, reject) => {
      if (failure) return reject(failure)
      waiting.push({ slots, reject, resolve: (thread) => resolve(use(thread)) })
      serve()
    })
  return {
    readBatch: (files) => acquire(1, (thread) => ({ read: thread.batch(files) })),
    readLarge: (file) => acquire(SLOTS_PER_THREAD, (thread) => thread.large(file)),
    async [Symbol.asyncDispose]() {
      fail(new ReadThreadError('it was closed'))
      await Promise.all(threads.map((thread) => thread.close()))
    },
  }
}

interface Answers {
  done(answer: BatchDone | LargeDone): void
  part?(part: SlotFull): void
  fail(error: unknown): void
}

class ReadThread {
  readonly #worker = new Worker(WORKER_URL, { execArgv: [] })
  readonly #onRoom: () => void
  readonly #jobs = new Map<number, Answers>()
  /** Of the large file being read, so that its thread can be stopped where it waits. */
  #states: Int32Array | undefined
  /** Slots for large chunks, kept: what threads share is collected only once both have looked for garbage. */
  #wide: SharedArrayBuffer[] | undefined
  #lastJob = 0
  #failure: unknown
  /** Slots without a job. */
  free = Array.from({ length: SLOTS_PER_THREAD }, () => new SharedArrayBuffer(SLOT_BYTES))

  constructor(onRoom: () => void, onFailure: (error: unknown) => void) {
    this.#onRoom = onRoom
    const die = (error: unknown) => {
      this.#failure ??= error
      onFailure(this.#failure)
      for (const { fail } of this.#jobs.values()) fail(this.#failure)
      this.#jobs.clear()
    }
    this.#worker.unref()
    this.#worker.on('message', (answer: ReadAnswer) => this.#receive(answer))
    this.#worker.on('error', (error) => die(new ReadThreadError('uncaught error', error)))
    this.#worker.on('exit', (code) => die(new ReadThreadError(`exit ${code}`)))
  }

  batch(files: readonly FileToRead[]): Promise<ReadBatch> {
    const slot = this.free.pop()!
    const seen = new BigInt64Array(files.length * STAT_NUMBERS)
    for (const [index, { stat }] of files.entries()) packStat(stat, seen, index)
    const paths = files.map(({ path }) => path)
    const sizes = Float64Array.from(files, ({ stat }) => stat.bytes)
    const sizings = files.some(({ sizing }) => sizing) ? files.map(({ sizing }) => sizing) : undefined
    const release = () => this.#free([slot])
    const { promise, resolve, reject } = Promise.withResolvers<ReadBatch>()
    // Looked at when its turn comes; until then nobody else has to.
    promise.catch(() => {})
    const job = this.#begin({
      done: (answer) => resolve({ ...(answer as BatchDone), bytes: new Uint8Array(slot), release }),
      fail: reject,
    })
    this.#send({ $kind: 'batch', job, paths, sizes, seen, sizings, slot } satisfies BatchJob)
    return promise
  }

  /** Takes all slots at once, before anything of the file is asked for. */
  large({ path, stat, sizing }: FileToRead): AsyncGenerator<ReadPart, LargeRead> {
    const own = this.free
    this.free = []
    const slotBytes = slotBytesFor(stat.bytes, sizing)
    if (slotBytes > SLOT_BYTES) this.#wide ??= own.map(() => new SharedArrayBuffer(slotBytes))
    const slots = slotBytes > SLOT_BYTES ? this.#wide! : own
    const states = new Int32Array(new SharedArrayBuffer((slots.length + 1) * 4))
    this.#states = states
    const parts: SlotFull[] = []
    let end: LargeDone | undefined
    let failure: unknown
    let wake: (() => void) | undefined
    const job = this.#begin({
      part: (part) => {
        parts.push(part)
        wake?.()
      },
      done: (answer) => {
        end = answer as LargeDone
        wake?.()
      },
      fail: (error) => {
        failure = error
        wake?.()
      },
    })
    const shared = states.buffer as SharedArrayBuffer
    this.#send({ $kind: 'large', job, path, sizing, slots, states: shared } satisfies LargeJob)
    const next = async (): Promise<SlotFull | undefined> => {
      while (parts.length === 0 && !end) {
        if (failure) throw failure
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return parts.shift()
    }
    const finish = async () => {
      stop(states)
      // The slots are written to until the thread says that it has ended.
      while (!end && !failure) await next().catch(() => {})
      this.#states = undefined
      this.#free(own)
    }
    return (async function* () {
      try {
        for (let part = await next(); part; part = await next()) {
          const { slot, lengths, ids } = part
          yield { bytes: new Uint8Array(slots[slot]!), lengths, ids }
          Atomics.store(states, slot, SLOT_FREE)
          Atomics.notify(states, slot)
        }
        const { fileId, stat } = end!
        return { fileId: hexIds(fileId)[0]!, stat }
      } finally {
        await finish()
      }
    })()
  }

  async close(): Promise<void> {
    if (this.#states) stop(this.#states)
    await this.#worker.terminate()
  }

  #begin(answers: Answers): number {
    this.#lastJob++
    this.#jobs.set(this.#lastJob, answers)
    if (this.#failure) answers.fail(this.#failure)
    // A thread with work keeps the process alive.
    this.#worker.ref()
    return this.#lastJob
  }

  #send(job: ReadJob): void {
    this.#worker.postMessage(job)
  }

  #receive(answer: ReadAnswer): void {
    const answers = this.#jobs.get(answer.job)
    if (answer.$kind === 'slot') {
      answers?.part?.(answer)
      return
    }
    this.#jobs.delete(answer.job)
    if (this.#jobs.size === 0) this.#worker.unref()
    answers?.done(answer)
  }

  #free(slots: readonly SharedArrayBuffer[]): void {
    this.free.push(...slots)
    this.#onRoom()
  }
}

/** Lets a thread go on that waits for a slot, and end. */
function stop(states: Int32Array): void {
  Atomics.store(states, states.length - 1, STOP)
  for (let slot = 0; slot < states.length - 1; slot++) {
    Atomics.store(states, slot, SLOT_FREE)
    Atomics.notify(states, slot)
  }
}

/** Ids in text form. */
export function hexIds(ids: Uint8Array): ObjectId[] {
  const text = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength).toString('hex')
  return Array.from({ length: ids.length / ID_BYTES }, (_, i) => text.slice(i * 64, i * 64 + 64) as ObjectId)
}
