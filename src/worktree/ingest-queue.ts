/** Many files into the store at once: threads read, cut, hash and pack them, this one decides what is new.
 *
 *  Each thread has a pack of its own, to which it adds small files by the batch and large ones one after the other, so that
 *  neighbours and a file's chunks stay together. Where the file system is not this machine's own, or where the work
 *  is too little to start threads for, each file is done in turn, with the same entries and the same objects. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import type { ChunkSizing } from '../chunking/profile.ts'
import { buildContentMap, type ChunkRef } from '../objects/content-map.ts'
import type { TreeEntry } from '../objects/tree.ts'
import type { FileStat, FileSystem } from '../store/file-system.ts'
import { nodeFs } from '../store/node-fs.ts'
import type { SealedPack } from '../store/pack-file.ts'
import { bytesOfRow, type DiskClock, entryOfRow, statOfRow } from './file-rows.ts'
import { type IngestContext, type Ingested, ingest, ingestSmall, staysInPlace } from './ingest.ts'
import {
  BATCHED_BELOW_BYTES,
  type BatchRead,
  type Chunks,
  idAt,
  idBytesAt,
  type LargeRead,
  MAX_BATCH_FILES,
  NOT_READ,
  NOT_TRIED,
  SLOT_BYTES,
} from './read-jobs.ts'
import { createReadPool, type ReadPool } from './read-pool.ts'
import { statOrProblem } from './scan.ts'

/** Told of the entry once its contents are in the session. */
export type OnIngested = (ingested: Ingested) => void

export interface IngestQueue extends AsyncDisposable {
  /** Takes a file or link. A promise where there is enough to do already.
   *  Throws what `ingest` throws, also for files added before. */
  add(path: string, stat: FileStat, done: OnIngested): Promise<void> | undefined
  /** The same for what a folder lists as a file and nobody has looked at; what is none any more is passed over. `unseen` of
   *  the options is told. */
  addUnseen(path: string): Promise<void> | undefined
  /** Waits until all is in the session.
   *  @param whileSealing - called once all files have been told of, while the last packs may still be written */
  finish(whileSealing?: () => void | Promise<void>): Promise<void>
}

/** What becomes of files that were added without a look at them. */
export interface UnseenFiles {
  clock: DiskClock
  /** Told of a file that is no chunk or one, whose id is the file's: by its row (`file-rows.ts`). */
  onRow(path: string, rows: Uint8Array, row: number): void
  onIngested: OnIngested
}

export interface IngestQueueOptions {
  /** Reading threads; 0 does everything on this one. */
  threads: number
  /** Files and bytes below which no thread is started (default 512 files and 8 MiB). */
  startFrom?: { files: number; bytes: number }
  /** Needed for `addUnseen`. */
  unseen?: UnseenFiles
}

const START_FROM = { files: 512, bytes: 8 * 1024 * 1024 }

interface Queued {
  path: string
  stat: FileStat
  done: OnIngested
}

/** So many at first of files whose sizes nobody knows. */
const FIRST_UNSEEN = 256
const FEWEST_UNSEEN = 8
/** Of a slot, to be filled with files that are as long as those before. */
const UNSEEN_SHARE = 0.85

export function createIngestQueue(context: IngestContext, options: IngestQueueOptions): IngestQueue {
  const lookFirst = (add: IngestQueue['add'], path: string) => {
    const stat = lookAt(context.fs, context.root, path)
    return stat && add(path, stat, options.unseen!.onIngested)
  }
  const inTurn: IngestQueue = {
    add: (path, stat, done) => ingestInTurn(context, { path, stat, done }),
    addUnseen: (path) => lookFirst(inTurn.add, path),
    finish: async (whileSealing) => whileSealing?.(),
    [Symbol.asyncDispose]: async () => {},
  }
  // Threads cannot be given another file system.
  if (options.threads < 1 || context.fs !== nodeFs) return inTurn
  const startFrom = options.startFrom ?? START_FROM
  let threaded: ThreadedQueue | undefined
  const first: Queued[] = []
  let firstBytes = 0
  const queue: IngestQueue = {
    add(path, stat, done) {
      if (threaded) return threaded.add({ path, stat, done })
      first.push({ path, stat, done })
      firstBytes += stat.bytes
      if (first.length < startFrom.files && firstBytes < startFrom.bytes) return undefined
      threaded = new ThreadedQueue(context, options)
      return threaded.addAll(first.splice(0))
    },
    addUnseen: (path) => (threaded ? threaded.addUnseen(path) : lookFirst(queue.add, path)),
    async finish(whileSealing) {
      if (threaded) return threaded.finish(whileSealing)
      for (const file of first.splice(0)) await ingestInTurn(context, file)
      await whileSealing?.()
    },
    async [Symbol.asyncDispose]() {
      await threaded?.close()
    },
  }
  return queue
}

/** Undefined for what is no file or link any more. */
function lookAt(fs: FileSystem, root: string, path: string): FileStat | undefined {
  const stat = statOrProblem(fs, root, path)
  if (stat instanceof FloeError) throw stat
  return stat?.kind === 'file' || stat?.kind === 'symlink' ? stat : undefined
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
  readonly #unseen: UnseenFiles | undefined
  #names: string[] = []
  #mostNames = FIRST_UNSEEN
  /** What is done in the order of `add`, one thing after the other. */
  #inOrder: Promise<void> = Promise.resolve()
  readonly #large = new Set<Promise<void>>()
  #failed = false
  #failure: unknown

  constructor(context: IngestContext, { threads, unseen }: IngestQueueOptions) {
    this.#context = context
    this.#unseen = unseen
    const { root, session } = context
    const onPack = (pack: SealedPack) => session.adopt(pack)
    this.#pool = createReadPool({ threads, root, place: session.lanes, clock: unseen?.clock, onPack })
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

  addUnseen(path: string): Promise<void> | undefined {
    this.#check()
    this.#names.push(path)
    return this.#names.length < this.#mostNames ? undefined : this.#sendNames()
  }

  async finish(whileSealing?: () => void | Promise<void>): Promise<void> {
    do {
      await this.#sendNames()
      // What could not be read so is then here again.
      await this.#settled()
      this.#check()
    } while (this.#names.length + this.#batch.length > 0)
    await this.#pool.finish(whileSealing)
  }

  async close(): Promise<void> {
    this.#fail(undefined)
    await this.#pool[Symbol.asyncDispose]()
    await this.#settled()
  }

  async #settled(): Promise<void> {
    // What is done in order may add large files, and these what is done in order.
    for (let done: Promise<void> | undefined; done !== this.#inOrder || this.#large.size > 0; ) {
      await Promise.allSettled(this.#large)
      done = this.#inOrder
      await done
    }
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
    const paths = files.map(({ path }) => path)
    const batch = { paths, stats: files.map(({ stat }) => stat), sizings: this.#sizingsOf(paths) }
    const { read } = await this.#pool.readBatch(batch, (found) => this.#judge(found))
    this.#next(async () => this.#takeBatch(files, await read))
  }

  async #sendNames(): Promise<void> {
    // What came before them comes before them: a table that is filled in order takes less.
    await this.#sendBatch()
    const paths = this.#names
    if (paths.length === 0) return
    this.#names = []
    const batch = { paths, stats: undefined, sizings: this.#sizingsOf(paths) }
    const { read } = await this.#pool.readBatch(batch, (found) => this.#judge(found))
    this.#next(async () => this.#takeNames(paths, await read))
  }

  #sizingsOf(paths: readonly string[]): (ChunkSizing | undefined)[] | undefined {
    const { sizingOf } = this.#context
    if (!sizingOf) return undefined
    const sizings = paths.map(sizingOf)
    return sizings.some((sizing) => sizing) ? sizings : undefined
  }

  /** @throws if nobody wants any of it any more */
  #judge({ lengths, ids }: Chunks): Uint8Array | undefined {
    this.#check()
    const { session } = this.#context
    let wanted: Uint8Array | undefined
    for (let chunk = 0; chunk < lengths.length; chunk++) {
      if (session.claim(idBytesAt(ids, chunk), lengths[chunk]!)) continue
      wanted ??= new Uint8Array(lengths.length).fill(1)
      wanted[chunk] = 0
    }
    return wanted
  }

  async #takeBatch(files: readonly Queued[], read: BatchRead): Promise<void> {
    const { counts } = read
    let chunk = 0
    for (let index = 0; index < files.length; index++) {
      const { path, stat, done } = files[index]!
      const count = counts[index]!
      if (count === NOT_READ) {
        await ingest(this.#context, path, stat).then(done)
        continue
      }
      done({ entry: await this.#entryOf(path, read, index, chunk), stat })
      chunk += count
    }
  }

  async #takeNames(paths: readonly string[], read: BatchRead): Promise<void> {
    const { counts, rows } = read
    const { clock, onRow, onIngested } = this.#unseen!
    let chunk = 0
    let bytes = 0
    let done = 0
    for (let index = 0; index < paths.length; index++) {
      const path = paths[index]!
      const count = counts[index]!
      if (count === NOT_TRIED) this.#names.push(path)
      else if (count === NOT_READ) {
        const stat = lookAt(this.#context.fs, this.#context.root, path)
        if (stat) await this.add({ path, stat, done: onIngested })
      } else {
        if (count < 2) onRow(path, rows, index)
        else {
          const stat = statOfRow(rows, index, clock.device)
          onIngested({ entry: await this.#entryOf(path, read, index, chunk), stat })
        }
        bytes += bytesOfRow(rows, index)
        chunk += count
        done++
      }
    }
    const fitting = Math.floor((UNSEEN_SHARE * SLOT_BYTES * done) / Math.max(1, bytes))
    this.#mostNames = Math.min(MAX_BATCH_FILES, Math.max(FEWEST_UNSEEN, fitting))
  }

  /** @param chunk - the first of the file's chunks */
  async #entryOf(path: string, read: BatchRead, index: number, chunk: number): Promise<TreeEntry> {
    const { counts, rows, lengths, ids } = read
    const entry = entryOfRow(path, rows, index)
    const count = counts[index]!
    if (count < 2) return entry
    const refs: ChunkRef[] = []
    for (let i = chunk; i < chunk + count; i++) refs.push({ id: idAt(ids, i), bytes: lengths[i]! })
    return { ...entry, content: await this.#mapOf(refs) }
  }

  async #addLarge(file: Queued): Promise<void> {
    const refs: ChunkRef[] = []
    const isInPlace = staysInPlace(this.#context, file.stat.bytes)
    const { path, stat } = file
    const toRead = { path, stat, sizing: this.#context.sizingOf?.(path) }
    const { read } = await this.#pool.readLarge(toRead, (part) => {
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
