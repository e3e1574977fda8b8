/** A reading thread's work: it reads what it is told to, says which chunks it found, and packs those it is told are new.
 *
 *  Batches are read ahead while the verdict on those before is on its way. What is stored goes through one pack lane, in the
 *  order of the verdicts, so that the chunks of a file stay together. */

import type { ChunkSizing } from '../chunking/profile.ts'
import { FRAME_RAW_BYTES } from '../objects/pack.ts'
import { type FileSystem, FileSystemError } from '../store/file-system.ts'
import type { SealedPack } from '../store/pack-file.ts'
import { createPackLane, type PackLane, type PackLanePlace } from '../store/pack-lane.ts'
import {
  type BatchJob,
  type BatchRead,
  type Chunks,
  idBytesAt,
  type LargeJob,
  type LargeRead,
  readBatch,
  readLarge,
  SLOT_BYTES,
  slotBytesFor,
} from './read-jobs.ts'

export const SLOTS_PER_THREAD = 3

/** What a thread is told first. */
export interface LaneStart {
  place: PackLanePlace
  label: string
}

/** Which of the chunks that were found last to store: a 1 for each. All of them where it is left out. */
export interface Verdict {
  $kind: 'verdict'
  job: number
  wanted: Uint8Array | undefined
  /** True where processors are to spare. */
  aside: boolean
}

export type LaneRequest = BatchJob | LargeJob | Verdict | { $kind: 'finish' }

/** What a thread is told: `start` once, before all else. */
export type ThreadRequest = ({ $kind: 'start' } & LaneStart) | LaneRequest

/** Why a thread cannot go on; `errno` where the system said so. */
export interface LaneFailure {
  errno: string | undefined
  path: string
  message: string
}

export type LaneAnswer =
  | ({ $kind: 'batch'; job: number } & BatchRead)
  | ({ $kind: 'part'; job: number } & Chunks)
  | { $kind: 'stored'; job: number; large: LargeRead | undefined }
  | { $kind: 'pack'; pack: SealedPack }
  | { $kind: 'finished' }
  | ({ $kind: 'failed' } & LaneFailure)

export class ReadLane {
  readonly #fs: FileSystem
  readonly #send: (answer: LaneAnswer) => void
  readonly #packs: PackLane
  readonly #free: Uint8Array[] = []
  /** Slots for large chunks, kept for the next such file. */
  #wide: Uint8Array[] | undefined
  /** By job, in the order in which they were asked for. */
  readonly #verdicts = new Map<number, ((wanted: Uint8Array | undefined) => void)[]>()
  /** What is being packed; nothing else may be added meanwhile. */
  #packing: Promise<void> = Promise.resolve()

  constructor(fs: FileSystem, { place, label }: LaneStart, send: (answer: LaneAnswer) => void) {
    this.#fs = fs
    this.#send = send
    this.#packs = createPackLane(fs, place, label, (pack) => send({ $kind: 'pack', pack }))
    for (let i = 0; i < SLOTS_PER_THREAD; i++) this.#free.push(new Uint8Array(SLOT_BYTES))
  }

  receive(request: LaneRequest): void {
    if (request.$kind === 'verdict') {
      this.#packs.aside = request.aside
      const waiting = this.#verdicts.get(request.job)!
      waiting.shift()!(request.wanted)
      if (waiting.length === 0) this.#verdicts.delete(request.job)
      return
    }
    const work =
      request.$kind === 'batch'
        ? this.#batch(request)
        : request.$kind === 'large'
          ? this.#large(request)
          : this.#packs.finish().then(() => this.#send({ $kind: 'finished' }))
    work.catch((error: unknown) => this.#send({ $kind: 'failed', ...failureOf(error) }))
  }

  async #batch(batch: BatchJob): Promise<void> {
    const { job } = batch
    const slot = this.#free.pop()!
    const read = readBatch(this.#fs, batch, slot)
    const verdict = this.#verdict(job)
    this.#send({ $kind: 'batch', job, ...read })
    const wanted = await verdict
    await this.#pack(() => this.#storeAll(slot, read, wanted))
    this.#free.push(slot)
    this.#send({ $kind: 'stored', job, large: undefined })
  }

  async #large(large: LargeJob): Promise<void> {
    const { job, bytes, sizing } = large
    const read = await readLarge(this.#fs, large, this.#slotsFor(bytes, sizing), async (slot, chunks) => {
      const verdict = this.#verdict(job)
      this.#send({ $kind: 'part', job, ...chunks })
      const wanted = await verdict
      await this.#pack(() => this.#storeAll(slot, chunks, wanted))
    })
    this.#send({ $kind: 'stored', job, large: read })
  }

  #slotsFor(bytes: number, sizing: ChunkSizing | undefined): Uint8Array[] {
    const slotBytes = slotBytesFor(bytes, sizing)
    if (slotBytes === SLOT_BYTES) return this.#free
    this.#wide ??= Array.from({ length: SLOTS_PER_THREAD }, () => new Uint8Array(slotBytes))
    return this.#wide
  }

  #verdict(job: number): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      const waiting = this.#verdicts.get(job)
      if (waiting) waiting.push(resolve)
      else this.#verdicts.set(job, [resolve])
    })
  }

  #pack(work: () => Promise<void>): Promise<void> {
    this.#packing = this.#packing.then(work)
    return this.#packing
  }

  async #storeAll(slot: Uint8Array, chunks: Chunks, wanted: Uint8Array | undefined): Promise<void> {
    for (let chunk = 0, at = 0; chunk < chunks.lengths.length; at += chunks.lengths[chunk]!, chunk++) {
      const stored = this.#store(slot, chunks, chunk, at, wanted)
      if (stored) await stored
    }
  }

  #store(
    slot: Uint8Array,
    { lengths, ids }: Chunks,
    chunk: number,
    at: number,
    wanted: Uint8Array | undefined,
  ): Promise<void> | undefined {
    if (wanted && wanted[chunk] !== 1) return undefined
    const length = lengths[chunk]!
    const bytes = slot.subarray(at, at + length)
    // A chunk that is a frame of its own is kept until it is written, and this memory is about to be reused.
    return this.#packs.add(idBytesAt(ids, chunk), length > FRAME_RAW_BYTES ? bytes.slice() : bytes)
  }
}

function failureOf(error: unknown): LaneFailure {
  if (error instanceof FileSystemError) return { errno: error.errno, path: error.path, message: error.message }
  return {
    errno: undefined,
    path: '',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }
}
