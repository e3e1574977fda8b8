/** Many files into the store at once: threads read, cut and hash them, this one stores what they hand over.
 *
 *  Small files are stored in the order in which they were added. Large ones are stored beside each other, each into a pack
 *  of its own, so that a file's chunks stay together. Where the file system is not this machine's own, or where the work
 *  is too little to start threads for, each file is done in turn, with the same entries and the same objects. */

import { throwIfAborted } from '../base/abort.ts'
import { buildContentMap, type ChunkRef } from '../objects/content-map.ts'
import { EMPTY_FILE_ID } from '../objects/id.ts'
import { FRAME_RAW_BYTES } from '../objects/pack.ts'
import type { FileStat } from '../store/file-system.ts'
import { nodeFs } from '../store/node-fs.ts'
import { type IngestContext, type Ingested, ingest, ingestSmall } from './ingest.ts'
import { BATCHED_BELOW_BYTES, MAX_BATCH_FILES, NOT_READ, SLOT_BYTES } from './read-jobs.ts'
import {
  createReadPool,
  type FileToRead,
  hexIds,
  type LargeRead,
  type ReadBatch,
  type ReadPart,
  type ReadPool,
} from './read-pool.ts'

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
  /** What is stored in the order of `add`, one thing after the other. */
  #inOrder: Promise<void> = Promise.resolve()
  readonly #large = new Set<Promise<void>>()
  /** Which numbers above 0 have a pack to themselves now. */
  readonly #lanes = new Set<number>()
  #failed = false
  #failure: unknown

  constructor(context: IngestContext, threads: number) {
    this.#context = context
    this.#pool = createReadPool(threads)
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

  /** Does this after all that was added before.
   *  @param instead - what is done once something has failed */
  #next(work: () => Promise<void> | undefined, instead?: () => Promise<void>): void {
    this.#inOrder = this.#inOrder.then(async () => {
      if (this.#failed) return instead?.()
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
    const { read } = await this.#pool.readBatch(files.map((file) => this.#toRead(file)))
    const store = async () => {
      const batch = await read
      try {
        await this.#storeBatch(files, batch)
      } finally {
        batch.release()
      }
    }
    // Somebody may be waiting for its room, and is told of the failure only then.
    const drop = () =>
      read.then(
        (batch) => batch.release(),
        () => {},
      )
    this.#next(store, drop)
  }

  #toRead({ path, stat }: Queued): FileToRead {
    const { root, sizingOf } = this.#context
    return { path: `${root}/${path}`, stat, sizing: sizingOf?.(path) }
  }

  async #storeBatch(files: readonly Queued[], batch: ReadBatch): Promise<void> {
    const { session } = this.#context
    const fileIds = hexIds(batch.fileIds)
    const chunkIds = hexIds(batch.ids)
    let at = 0
    let chunk = 0
    for (const [index, file] of files.entries()) {
      const { path, stat, done } = file
      const start = at
      at += stat.bytes
      const count = batch.counts[index]!
      if (count === NOT_READ) {
        await ingest(this.#context, path, stat).then(done)
        continue
      }
      const refs: ChunkRef[] = []
      let offset = start
      for (let i = 0; i < count; i++, chunk++) {
        const bytes = batch.lengths[chunk]!
        const id = chunkIds[chunk]!
        const stored = session.keep('chunk', id, batch.bytes.subarray(offset, offset + bytes))
        if (stored) await stored
        refs.push({ id, bytes })
        offset += bytes
      }
      const content = count === 1 ? ({ kind: 'chunk', id: refs[0]!.id } as const) : await this.#mapOf(refs)
      const fileId = count === 0 ? EMPTY_FILE_ID : fileIds[index]!
      done({
        entry: { path, kind: 'file', executable: stat.executable, bytes: stat.bytes, fileId, content },
        stat,
      })
    }
  }

  async #addLarge(file: Queued): Promise<void> {
    const parts = await this.#pool.readLarge(this.#toRead(file))
    const task = this.#storeLarge(file, parts).catch((error: unknown) => this.#fail(error))
    this.#large.add(task)
    void task.then(() => this.#large.delete(task))
  }

  async #storeLarge({ path, stat: seen, done }: Queued, parts: AsyncGenerator<ReadPart, LargeRead>): Promise<void> {
    const refs: ChunkRef[] = []
    let read: LargeRead
    let lane = 1
    while (this.#lanes.has(lane)) lane++
    this.#lanes.add(lane)
    try {
      for (let part = await parts.next(); ; part = await parts.next()) {
        this.#check()
        if (part.done) {
          read = part.value
          break
        }
        await this.#storePart(part.value, refs, lane)
      }
    } finally {
      await parts.return(undefined as never)
      this.#lanes.delete(lane)
    }
    const { fileId, stat } = read
    // The long way reads it again, and says what is wrong if it never rests.
    if (!stat) return this.#next(() => ingest(this.#context, path, seen).then(done))
    this.#next(async () => {
      const content = await this.#mapOf(refs)
      done({ entry: { path, kind: 'file', executable: stat.executable, bytes: stat.bytes, fileId, content }, stat })
    })
  }

  async #storePart({ bytes, lengths, ids }: ReadPart, refs: ChunkRef[], lane: number): Promise<void> {
    const { session } = this.#context
    let offset = 0
    for (const [index, id] of hexIds(ids).entries()) {
      const length = lengths[index]!
      const chunk = bytes.subarray(offset, offset + length)
      // The store keeps a chunk that is a frame of its own until it is written, and this memory is about to be reused.
      const stored = session.keep('chunk', id, length > FRAME_RAW_BYTES ? chunk.slice() : chunk, lane)
      if (stored) await stored
      refs.push({ id, bytes: length })
      offset += length
    }
  }

  #mapOf(refs: readonly ChunkRef[]) {
    return buildContentMap(refs, this.#context.session.put)
  }
}
