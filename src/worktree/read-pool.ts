/** The threads that read files, seen from the one that decides what is new. A few batches are put before each, a large file
 *  takes a thread for itself; what a thread finds is judged as soon as it says so, and what it has packed is handed on. */

import type { Worker } from 'node:worker_threads'
import type { ChunkSizing } from '../chunking/profile.ts'
import { type FileStat, FileSystemError } from '../store/file-system.ts'
import type { SealedPack } from '../store/pack-file.ts'
import type { PackLanePlace } from '../store/pack-lane.ts'
import { ReadThreadError } from './errors.ts'
import type { DiskClock } from './file-rows.ts'
import { type BatchJob, type BatchRead, type Chunks, type LargeJob, type LargeRead, packStats } from './read-jobs.ts'
import {
  type LaneAnswer,
  type LaneFailure,
  type LaneStart,
  SLOTS_PER_THREAD,
  type ThreadRequest,
  type Verdict,
} from './read-lane.ts'
import { takeReadThread } from './read-threads.ts'

export interface FileToRead {
  /** Below the root of the pool. */
  path: string
  /** What the walk saw. */
  stat: FileStat
  /** Sizes of chunks that are asked for. */
  sizing?: ChunkSizing | undefined
}

export interface BatchToRead {
  paths: readonly string[]
  /** What the walk saw of each; undefined if nobody has looked at them yet. */
  stats: readonly FileStat[] | undefined
  sizings: (ChunkSizing | undefined)[] | undefined
}

/** Says which of the chunks to store: a 1 for each. All of them where it says nothing. */
export type Judge<T extends Chunks> = (found: T) => Uint8Array | undefined

export interface ReadPool extends AsyncDisposable {
  /** Waits for room, then begins to read. The files' sizes add up to at most `SLOT_BYTES`, if they are known.
   *  @returns what was read, once judged, as a promise in an object: who waits for room need not wait for that */
  readBatch(files: BatchToRead, judge: Judge<BatchRead>): Promise<{ read: Promise<BatchRead> }>
  /** Waits for a thread without work, then begins to read. */
  readLarge(file: FileToRead, judge: Judge<Chunks>): Promise<{ read: Promise<LargeRead> }>
  /** Waits until all that was begun is in packs, and these are handed on.
   *  @param whileSealing - called once the threads have nothing left to do but to seal their packs */
  finish(whileSealing?: () => void | Promise<void>): Promise<void>
}

export interface ReadPoolOptions {
  threads: number
  /** Absolute. */
  root: string
  place: PackLanePlace
  /** Needed for files that nobody has looked at. */
  clock?: DiskClock | undefined
  onPack(pack: SealedPack): void
}

interface Waiting {
  slots: number
  resolve(thread: ReadThread): void
  reject(error: unknown): void
}

export function createReadPool(options: ReadPoolOptions): ReadPool {
  const { threads: threadCount, place } = options
  if (!Number.isInteger(threadCount) || threadCount < 1)
    throw new RangeError(`"threads" expected a positive integer, got ${threadCount}`)
  const threads: ReadThread[] = []
  const waiting: Waiting[] = []
  let failure: unknown
  const fail = (error: unknown) => {
    failure ??= error
    for (const { reject } of waiting.splice(0)) reject(failure)
    for (const thread of threads) thread.fail(failure)
  }
  const serve = () => {
    // In turn, so that a large file is not overtaken for ever.
    for (let first = waiting[0]; first; first = waiting[0]) {
      const idle = threads.filter(({ freeSlots }) => freeSlots >= first.slots).sort((a, b) => b.freeSlots - a.freeSlots)
      // Another thread rather than a place behind somebody else's work.
      const isBusy = (idle[0]?.freeSlots ?? 0) < SLOTS_PER_THREAD
      // Of many small files there is much to note here: the asking thread takes the place of one. Where nobody looks at them
      // first it has time to spare, but a second thread costs more to start and to compile for than it saves. A thread that
      // reads a large file is no thread for small ones: behind it even the names of other large files would wait.
      const forLarge = threads.filter(({ readsLarge }) => readsLarge).length
      const forSmall = Math.min(threadCount, Math.max(1, threadCount - 1) + forLarge)
      const limit = first.slots === SLOTS_PER_THREAD ? threadCount : forSmall
      if (isBusy && threads.length < limit) idle.unshift(startThread())
      if (!idle[0]) return
      waiting.shift()
      first.resolve(idle[0])
    }
  }
  const hasSpare = () => threads.filter((thread) => thread.freeSlots < SLOTS_PER_THREAD).length < threadCount
  const startThread = () => {
    const start = { place, label: String(threads.length + 1) }
    // After a failure nobody wants packs any more, and the session may have ended.
    const onPack = (pack: SealedPack) => (failure ? undefined : options.onPack(pack))
    const thread = new ReadThread(start, {
      root: options.root,
      clock: options.clock,
      hasSpare,
      onRoom: serve,
      onPack,
      onFailure: fail,
    })
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
    readBatch: (files, judge) => acquire(1, (thread) => ({ read: thread.batch(files, judge) })),
    readLarge: (file, judge) => acquire(SLOTS_PER_THREAD, (thread) => ({ read: thread.large(file, judge) })),
    async finish(whileSealing) {
      const finished = Promise.all(threads.map((thread) => thread.finish()))
      // Looked at below.
      finished.catch(() => {})
      await Promise.all(threads.map((thread) => thread.told))
      if (!failure) await whileSealing?.()
      await finished
    },
    async [Symbol.asyncDispose]() {
      fail(new ReadThreadError('it was closed'))
      await Promise.all(threads.map((thread) => thread.close()))
    },
  }
}

interface Job {
  slots: number
  onBatch?(read: BatchRead): Verdict['wanted']
  onPart?(part: Chunks): Verdict['wanted']
  onLarge?(read: LargeRead): void
  fail(error: unknown): void
}

interface ThreadOptions {
  root: string
  clock: DiskClock | undefined
  /** Whether fewer threads than there may be have work. */
  hasSpare(): boolean
  onRoom(): void
  onPack(pack: SealedPack): void
  onFailure(error: unknown): void
}

class ReadThread {
  readonly #worker: Worker
  readonly #options: ThreadOptions
  readonly #jobs = new Map<number, Job>()
  #lastJob = 0
  #finishing: PromiseWithResolvers<void> | undefined
  #failure: unknown
  readonly #told = Promise.withResolvers<void>()
  /** Settled once it has been told to finish, or has failed. */
  readonly told: Promise<void> = this.#told.promise
  /** Slots without a job. */
  freeSlots = SLOTS_PER_THREAD
  readsLarge = false

  constructor(start: LaneStart, options: ThreadOptions) {
    this.#options = options
    this.#worker = takeReadThread()
    this.#worker.on('message', (answer: LaneAnswer) => this.#receive(answer))
    this.#worker.on('error', (error) => options.onFailure(new ReadThreadError('uncaught error', error)))
    this.#worker.on('exit', (code) => options.onFailure(new ReadThreadError(`exit ${code}`)))
    this.#send({ $kind: 'start', ...start })
  }

  batch({ paths, stats, sizings }: BatchToRead, judge: Judge<BatchRead>): Promise<BatchRead> {
    const { promise, resolve, reject } = Promise.withResolvers<BatchRead>()
    const onBatch = (read: BatchRead) => {
      const wanted = judge(read)
      resolve(read)
      return wanted
    }
    const job = this.#begin({ slots: 1, onBatch, fail: reject })
    this.#send({
      $kind: 'batch',
      job,
      root: this.#options.root,
      paths: paths.join('\0'),
      seen: stats && packStats(stats),
      clock: this.#options.clock,
      sizings,
    } satisfies BatchJob)
    return quiet(promise)
  }

  large({ path, stat, sizing }: FileToRead, judge: Judge<Chunks>): Promise<LargeRead> {
    const { promise, resolve, reject } = Promise.withResolvers<LargeRead>()
    this.readsLarge = true
    const job = this.#begin({ slots: SLOTS_PER_THREAD, onPart: judge, onLarge: resolve, fail: reject })
    this.#send({
      $kind: 'large',
      job,
      path: `${this.#options.root}/${path}`,
      bytes: stat.bytes,
      sizing,
    } satisfies LargeJob)
    return quiet(promise)
  }

  /** To be called once; nothing may be begun afterwards. */
  finish(): Promise<void> {
    this.#finishing = Promise.withResolvers()
    if (this.#failure) this.fail(this.#failure)
    this.#worker.ref()
    this.#finishIfIdle()
    return this.#finishing.promise
  }

  /** Tells everybody who waits. */
  fail(error: unknown): void {
    this.#failure ??= error
    for (const { fail } of this.#jobs.values()) fail(this.#failure)
    this.#finishing?.reject(this.#failure)
    this.#told.resolve()
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #begin(job: Job): number {
    this.#lastJob++
    this.#jobs.set(this.#lastJob, job)
    this.freeSlots -= job.slots
    if (this.#failure) job.fail(this.#failure)
    // A thread with work keeps the process alive.
    this.#worker.ref()
    return this.#lastJob
  }

  #send(request: ThreadRequest): void {
    this.#worker.postMessage(request)
  }

  #receive(answer: LaneAnswer): void {
    try {
      this.#take(answer)
    } catch (error) {
      this.#options.onFailure(error)
    }
  }

  #take(answer: LaneAnswer): void {
    if (answer.$kind === 'failed') this.#options.onFailure(errorOf(answer))
    else if (answer.$kind === 'pack') this.#options.onPack(answer.pack)
    else if (answer.$kind === 'finished') {
      this.#worker.unref()
      this.#finishing?.resolve()
    } else if (answer.$kind === 'stored') this.#end(answer.job, answer.large)
    else {
      const { job } = answer
      const { onBatch, onPart } = this.#jobs.get(job)!
      const wanted = answer.$kind === 'batch' ? onBatch?.(answer) : onPart?.(answer)
      // Small files keep the asking thread busy.
      const aside = answer.$kind === 'part' && this.#options.hasSpare()
      this.#send({ $kind: 'verdict', job, wanted, aside })
    }
  }

  #end(job: number, large: LargeRead | undefined): void {
    const { slots, onLarge } = this.#jobs.get(job)!
    this.#jobs.delete(job)
    this.freeSlots += slots
    if (large) this.readsLarge = false
    if (large) onLarge?.(large)
    if (this.#jobs.size === 0 && !this.#finishing) this.#worker.unref()
    this.#finishIfIdle()
    this.#options.onRoom()
  }

  #finishIfIdle(): void {
    if (!this.#finishing || this.#jobs.size > 0) return
    this.#send({ $kind: 'finish' })
    this.#told.resolve()
  }
}

/** Looked at when its turn comes; until then nobody else has to. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

function errorOf({ errno, path, message }: LaneFailure): unknown {
  return errno === undefined ? new ReadThreadError(message) : new FileSystemError(errno, 'write', path)
}
