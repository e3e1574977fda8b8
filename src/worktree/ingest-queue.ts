/** Many files into the store at once: threads read, cut, hash and pack them, this one decides what is new.
 *
 *  Each thread has a pack of its own, to which it adds small files by the batch and large ones one after the other, so that
 *  neighbours and a file's chunks stay together. Where the file system is not this machine's own, or where the work
 *  is too little to start threads for, each file is done in turn, with the same entries and the same objects. */

import { throwIfAborted } from '../base/abort.ts'
import { buildContentMap, type ChunkRef } from '../objects/content-map.ts'
import { EMPTY_FILE_ID } from '../objects/id.ts'
import type { FileStat } from '../store/file-system.ts'
import { nodeFs } from '../store/node-fs.ts'
import { type IngestContext, type Ingested, ingest, ingestSmall, staysInPlace } from './ingest.ts'
import {
  BATCHED_BELOW_BYTES,
  type BatchRead,
  type Chunks,
  idAt,
  type LargeRead,
  MAX_BATCH_FILES,
  NOT_READ,
  SLOT_BYTES,
} from './read-jobs.ts'
import { createReadPool, type FileToRead, type ReadPool } from './read-pool.ts'

/** Told of the entry once its contents are in the session. */
export type OnIngested = (ingested: Ingested) => void

export interface IngestQueue extends AsyncDisposable {
  /** Takes a file or link. A promise where there is enough to do already.
   *  Throws what `ingest` throws, also for files added before. */
  add(path: string, stat: FileStat, done: OnIngested): Promise<void> | undefined
  /** Waits until all is in the session. */
  finish(): Promise<void>
}

export interface IngestQueueOptions {
  /** Reading threads; 0 does everything on this one. */
  threads: number
  /** Files and bytes below which no thread is started (default 512 files and 8 MiB). */
  startFrom?: { files: number; bytes: number }
}

const START_FROM = { files: 512, bytes: 8 * 1024 * 1024 }

interface Queued {
  path: string
  stat: FileStat
  done: OnIngested
}

export function createIngestQueue(context: IngestContext, options: IngestQueueOptions): IngestQueue {
  const inTurn: IngestQueue = {
    add: (path, stat, done) => ingestInTurn(context, { path, stat, done }),
    finish: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
  // Threads cannot be given another file system.
  if (options.threads < 1 || context.fs !== nodeFs) return inTurn
  const startFrom = options.startFrom ?? START_FROM
  let threaded: ThreadedQueue | undefined
  const first: Queued[] = []
  let firstBytes = 0
  return {
    add(path, stat, done) {
      if (threaded) return threaded.add({ path, stat, done })
      first.push({ path, stat, done })
      firstBytes += stat.bytes
      if (first.length < startFrom.files && firstBytes < startFrom.bytes) return undefined
      threaded = new ThreadedQueue(context, options.threads)
      return threaded.addAll(first.splice(0))
    },
    async finish() {
      if (threaded) return threaded.finish()
      for (const file of first.splice(0)) await ingestInTurn(context, file)
    },
    async [Symbol.asyncDispose]() {
      await threaded?.close()
    },
  }
}

function ingestInTurn(context: IngestContext, { path, stat, done }: Queued): Promise<void> | undefined {
  throwIfAborted(context.signal)
  const small = ingestSmall(context, path, stat)
  if (!small) return ingest(context, path, stat).then(done)
  if (small.stored) return small.stored.then(() => done(small))
  done(small)
  return undefined
}

class ThreadedQueue {
  readonly #context: IngestContext
  readonly #pool: ReadPool
  #batch: Queued[] = []
  #batchBytes = 0
  /** What is done in the order of `add`, one thing after the other. */
  #inOrder: Promise<void> = Promise.resolve()
  readonly #large = new Set<Promise<void>>()
  #failed = false
  #failure: unknown

  constructor(context: IngestContext, threads: number) {
    this.#context = context
    const { root, session } = context
    this.#pool = createReadPool({ threads, root, place: session.lanes, onPack: (pack) => session.adopt(pack) })
  }

  async addAll(files: readonly Queued[]): Promise<void> {
    for (const file of files) await this.add(file)
  }

  add(file: Queued): Promise<void> | undefined {
    this.#check()
    const { path, stat } = file
    if (stat.kind !== 'file') {
      this.#next(() => ingest(this.#context, path, stat).then(file.done))
      return undefined
    }
    if (stat.bytes >= BATCHED_BELOW_BYTES) return this.#addLarge(file)
    const isFull = this.#batchBytes + stat.bytes > SLOT_BYTES || this.#batch.length >= MAX_BATCH_FILES
    const room = isFull ? this.#sendBatch() : undefined
    this.#batch.push(file)
    this.#batchBytes += stat.bytes
    return room
  }

  async finish(): Promise<void> {
    await this.#sendBatch()
    await this.#settled()
    this.#check()
    await this.#pool.finish()
  }

  async close(): Promise<void> {
    this.#fail(undefined)
    await this.#pool[Symbol.asyncDispose]()
    await this.#settled()
  }

  async #settled(): Promise<void> {
    await Promise.allSettled(this.#large)
    await this.#inOrder
  }

  /** @throws what went wrong first, or that the work was cancelled */
  #check(): void {
    throwIfAborted(this.#context.signal)
    if (this.#failed) throw this.#failure
  }

  #fail(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#failure = error
  }

  /** Does this after all that was added before. */
  #next(work: () => Promise<void> | undefined): void {
    this.#inOrder = this.#inOrder.then(async () => {
      if (this.#failed) return
      try {
        await work()
      } catch (error) {
        this.#fail(error)
      }
    })
  }

  async #sendBatch(): Promise<void> {
    const files = this.#batch
    if (files.length === 0) return
    this.#batch = []
    this.#batchBytes = 0
    const toRead = files.map((file) => this.#toRead(file))
    const { read } = await this.#pool.readBatch(toRead, (found) => this.#judge(found))
    this.#next(async () => this.#takeBatch(files, await read))
  }

  #toRead({ path, stat }: Queued): FileToRead {
    return { path, stat, sizing: this.#context.sizingOf?.(path) }
  }

  /** @throws if nobody wants any of it any more */
  #judge({ lengths, ids }: Chunks): Uint8Array | undefined {
    this.#check()
    const { session } = this.#context
    let wanted: Uint8Array | undefined
    for (let chunk = 0; chunk < lengths.length; chunk++) {
      if (session.claim(idAt(ids, chunk), lengths[chunk]!)) continue
      wanted ??= new Uint8Array(lengths.length).fill(1)
      wanted[chunk] = 0
    }
    return wanted
  }

  async #takeBatch(files: readonly Queued[], { counts, fileIds, lengths, ids }: BatchRead): Promise<void> {
    let chunk = 0
    for (let index = 0; index < files.length; index++) {
      const { path, stat, done } = files[index]!
      const count = counts[index]!
      if (count === NOT_READ) {
        await ingest(this.#context, path, stat).then(done)
        continue
      }
      const { bytes, executable } = stat
      const entry = { path, kind: 'file', executable, bytes } as const
      if (count === 0) done({ entry: { ...entry, fileId: EMPTY_FILE_ID, content: null }, stat })
      else if (count === 1) {
        const id = idAt(ids, chunk)
        done({ entry: { ...entry, fileId: id, content: { kind: 'chunk', id } }, stat })
      } else {
        const refs: ChunkRef[] = []
        for (let i = chunk; i < chunk + count; i++) refs.push({ id: idAt(ids, i), bytes: lengths[i]! })
        const content = await this.#mapOf(refs)
        done({ entry: { ...entry, fileId: idAt(fileIds, index), content }, stat })
      }
      chunk += count
    }
  }

  async #addLarge(file: Queued): Promise<void> {
    const refs: ChunkRef[] = []
    const isInPlace = staysInPlace(this.#context, file.stat.bytes)
    const { read } = await this.#pool.readLarge(this.#toRead(file), (part) => {
      for (let i = 0; i < part.lengths.length; i++) refs.push({ id: idAt(part.ids, i), bytes: part.lengths[i]! })
      if (!isInPlace) return this.#judge(part)
      this.#check()
      return new Uint8Array(part.lengths.length)
    })
    const task = read.then(
      (found) => this.#takeLarge(file, found, refs),
      (error: unknown) => this.#fail(error),
    )
    this.#large.add(task)
    void task.then(() => this.#large.delete(task))
  }

  #takeLarge({ path, stat: seen, done }: Queued, { fileId, stat }: LargeRead, refs: readonly ChunkRef[]): void {
    this.#next(async () => {
      // The long way reads it again, and says what is wrong if it never rests.
      const isInPlace = staysInPlace(this.#context, seen.bytes)
      // Of another size by now, it may belong where it has not been put.
      if (!stat || isInPlace !== staysInPlace(this.#context, stat.bytes))
        return ingest(this.#context, path, seen).then(done)
      const content = await this.#mapOf(refs)
      const { session, inPlace } = this.#context
      if (isInPlace) session.hold({ path, fileId, stat, stampNs: inPlace!.stampNs, chunks: refs })
      done({ entry: { path, kind: 'file', executable: stat.executable, bytes: stat.bytes, fileId, content }, stat })
    })
  }

  #mapOf(refs: readonly ChunkRef[]) {
    return buildContentMap(refs, this.#context.session.put)
  }
}
