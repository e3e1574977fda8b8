/** The threads that write many small new files, seen from the checkout: it says where their contents lie, they read and check
 *  them. Creating a file takes the system longer than all else that belongs to it. Decisions: ADR 0078, 0081. */

import { availableParallelism } from 'node:os'
import { createThread, type Thread } from '../base/thread.ts'
import type { ObjectPlace } from '../objects/pack.ts'
import type { TreeEntry } from '../objects/tree-node.ts'
import type { FileStat, FileSystem } from '../store/file-system.ts'
import { nodeFs } from '../store/node-fs.ts'
import type { PackedPlace } from '../store/place-reader.ts'
import type { HiddenFolder, WriteAnswer } from './hidden-folder.ts'
import {
  BATCH_BYTES,
  encodePlaces,
  MAX_BATCH_FILES,
  statOfWritten,
  WRITE_EXECUTABLE,
  WRITE_HIDDEN,
  type WriteBatch,
  type WrittenBatch,
} from './write-batch.ts'

/** A thread takes as long to start as writing some hundreds of files does. */
const FILES_PER_THREAD = 1000
/** Measured with two; more processors were not at hand. */
const MAX_THREADS = 4
/** One that is written, and one that lies ready. */
const BATCHES_PER_THREAD = 2
/** A batch that ends with a frame spares the next one to read it again, if it has so many files. */
const MIN_BATCH_FILES = 32
/** Larger files are no longer about calls. */
const MAX_FILE_BYTES = 256 * 1024

// Built programs hold .js files; the compiler rewrites import specifiers but not this.
const WORKER_URL = new URL(import.meta.url.endsWith('.ts') ? './write-worker.ts' : './write-worker.js', import.meta.url)
/** A thread keeps next to nothing. */
const LIMITS = { maxYoungGenerationSizeMb: 8 }

export interface WritePoolOptions {
  root: string
  tmpDir: string
  /** How many threads; see `usefulWriteThreads`. */
  threads: number
  /** The module they run (default: `write-worker`). */
  workerUrl?: URL
}

/** How many threads would be of use for so many files that `mayBatch` lets through. */
export function usefulWriteThreads(fs: FileSystem, files: number): number {
  // A thread has the disk of this machine, nothing else.
  if (fs !== nodeFs || availableParallelism() < 2) return 0
  return Math.min(MAX_THREADS, availableParallelism(), Math.floor(files / FILES_PER_THREAD))
}

/** True for a small file that a chunk proves: its bytes need no other check than that of the chunk's id. */
export function mayBatch({ kind, bytes, content, fileId }: TreeEntry): boolean {
  return kind === 'file' && bytes <= MAX_FILE_BYTES && content?.kind === 'chunk' && content.id === fileId
}

export class WritePool implements AsyncDisposable {
  readonly #root: string
  readonly #threads: WriteThread[]
  readonly #answers: WriteAnswer[] = []
  readonly #folders = new Set<HiddenFolder>()
  #next: Batch = new Batch()

  constructor({ root, tmpDir, threads, workerUrl = WORKER_URL }: WritePoolOptions) {
    this.#root = root
    const onFile = (file: BatchedFile, stat: FileStat | undefined) => this.#take(file, stat)
    const label = (i: number) => `checkout${i + 1}`
    this.#threads = Array.from({ length: threads }, (_, i) => new WriteThread(workerUrl, label(i), tmpDir, onFile))
  }

  /** Nothing was there, and the parents of the path exist, or those of the folder.
   *  @param packed - where its one chunk is, as long as the entry says
   *  @returns a promise only where there is no room for more yet */
  add(entry: TreeEntry, packed: PackedPlace, folder: HiddenFolder | undefined): Promise<void> | undefined {
    const sent = this.#next.hasRoomFor(packed) ? undefined : this.#send()
    if (folder) this.#folders.add(folder)
    const path = folder ? `${folder.at}${entry.path.slice(folder.path.length)}` : `${this.#root}/${entry.path}`
    this.#next.add({ entry, path, folder }, packed)
    return sent
  }

  /** Answers for a file that no thread can write: who asked does it, once its folder is there. */
  leave(entry: TreeEntry, folder: HiddenFolder | undefined): void {
    this.#take({ entry, path: '', folder }, undefined)
  }

  /** What has become of files since it was last asked, in any order. */
  takeAnswers(): WriteAnswer[] {
    return this.#answers.splice(0)
  }

  /** Resolves when there is an answer for every file. */
  async finish(): Promise<void> {
    await this.#send()
    await Promise.all(this.#threads.map((thread) => thread.idle()))
  }

  /** Nothing is written any more once it resolves; folders that are not whole are removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()))
    for (const folder of this.#folders) if (folder.isOpen) folder.discard()
  }

  #take({ entry, folder }: BatchedFile, stat: FileStat | undefined): void {
    if (!folder) this.#answers.push({ entry, stat })
    else this.#answers.push(...folder.answer({ entry, stat }, this.#root))
    if (folder && !folder.isOpen) this.#folders.delete(folder)
  }

  async #send(): Promise<void> {
    const batch = this.#next
    if (batch.files.length === 0) return
    this.#next = new Batch()
    let live = this.#threads.filter(({ failed }) => !failed)
    while (live.length > 0 && live.every(({ pending }) => pending >= BATCHES_PER_THREAD)) {
      await Promise.race(live.map((thread) => thread.change()))
      live = live.filter(({ failed }) => !failed)
    }
    const [thread] = live.sort((a, b) => a.pending - b.pending)
    if (thread) thread.send(batch)
    // All have died.
    else for (const file of batch.files) this.#take(file, undefined)
  }
}

interface BatchedFile {
  entry: TreeEntry
  /** Where it is written, absolute. */
  path: string
  folder: HiddenFolder | undefined
}

/** Files on their way to a thread. */
class Batch {
  readonly files: BatchedFile[] = []
  readonly packs: string[] = []
  readonly places: { pack: number; place: ObjectPlace }[] = []
  #bytes = 0

  hasRoomFor({ path, place }: PackedPlace): boolean {
    const last = this.places.at(-1)
    if (!last) return true
    if (this.files.length >= MAX_BATCH_FILES || this.#bytes + place.bytes > BATCH_BYTES) return false
    const isSameFrame = this.packs[last.pack] === path && last.place.frameOffset === place.frameOffset
    return isSameFrame || this.files.length < MIN_BATCH_FILES
  }

  add(file: BatchedFile, { path, place }: PackedPlace): void {
    let pack = this.packs.indexOf(path)
    if (pack < 0) pack = this.packs.push(path) - 1
    this.files.push(file)
    this.places.push({ pack, place })
    this.#bytes += place.bytes
  }
}

class WriteThread {
  readonly #label: string
  readonly #tmpDir: string
  readonly #onFile: (file: BatchedFile, stat: FileStat | undefined) => void
  readonly #worker: Thread
  readonly #jobs = new Map<number, readonly BatchedFile[]>()
  #lastJob = 0
  #changed = Promise.withResolvers<void>()
  /** It has died. */
  failed = false

  constructor(
    workerUrl: URL,
    label: string,
    tmpDir: string,
    onFile: (file: BatchedFile, stat: FileStat | undefined) => void,
  ) {
    this.#label = label
    this.#tmpDir = tmpDir
    this.#onFile = onFile
    this.#worker = createThread(workerUrl, { execArgv: [], resourceLimits: LIMITS })
    this.#worker.on('message', (written: WrittenBatch) => this.#receive(written))
    this.#worker.on('error', () => this.#fail())
    this.#worker.on('exit', () => this.#fail())
    // One with work keeps the process alive, below.
    this.#worker.unref()
  }

  get pending(): number {
    return this.#jobs.size
  }

  send({ files, packs, places }: Batch): void {
    this.#lastJob++
    this.#jobs.set(this.#lastJob, files)
    this.#worker.ref()
    const batch: WriteBatch = {
      job: this.#lastJob,
      tmpDir: this.#tmpDir,
      label: this.#label,
      paths: files.map(({ path }) => path).join('\0'),
      ids: files.map(({ entry }) => entry.fileId).join(''),
      packs,
      places: encodePlaces(places),
      flags: Uint8Array.from(files, flagsOf),
    }
    this.#worker.postMessage(batch)
  }

  /** Resolves at its next answer, or its death. */
  change(): Promise<void> {
    return this.#changed.promise
  }

  async idle(): Promise<void> {
    while (this.#jobs.size > 0) await this.change()
  }

  async close(): Promise<void> {
    await this.idle()
    await this.#worker.terminate()
  }

  #receive(written: WrittenBatch): void {
    const files = this.#jobs.get(written.job)
    // It died after that, and who asked has been told so.
    if (!files) return
    this.#jobs.delete(written.job)
    if (this.#jobs.size === 0) this.#worker.unref()
    for (const [i, file] of files.entries())
      this.#onFile(file, written.placed[i] === 1 ? statOfWritten(written, i, file.entry) : undefined)
    this.#signal()
  }

  /** What it had been given may be written or not: whoever asked looks at each. */
  #fail(): void {
    if (this.failed) return
    this.failed = true
    for (const files of this.#jobs.values()) for (const file of files) this.#onFile(file, undefined)
    this.#jobs.clear()
    this.#signal()
  }

  #signal(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

function flagsOf({ entry, folder }: BatchedFile): number {
  return (entry.executable ? WRITE_EXECUTABLE : 0) | (folder ? WRITE_HIDDEN : 0)
}
