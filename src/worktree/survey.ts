/** Surveys a whole workspace, on several threads where there is enough to do: the file system takes its time for each
 *  file, and Node's own pool hands over too much for each.
 *
 *  Threads draw stretches of records from one counter, this one too, and prove what they can (`prover.ts`); what they
 *  cannot is looked at here, in path order (`inspector.ts`). A stretch whose thread has died is proven here. */

import { throwIfAborted } from '../base/abort.ts'
import { nodeFs } from '../store/node-fs.ts'
import { roomAt, type StatRecords } from '../store/stat-records.ts'
import { createBreather } from './breather.ts'
import { type Finding, Inspector } from './inspector.ts'
import type { LocalFiles } from './local-file.ts'
import { Prover, type Unproven } from './prover.ts'
import { ProverKernel } from './prover-kernel.ts'
import {
  AHEAD,
  ANSWERED,
  NEXT,
  OPEN,
  PROVEN,
  type SurveyJob,
  type SurveyThread,
  TAKEN,
  takeThreads,
  usefulThreads,
} from './survey-threads.ts'

export interface SurveyOptions {
  signal?: AbortSignal | undefined
  /** Beside this one (default: by the work there is; 0 for a file system that is not this machine's). */
  threads?: number
  /** Let a WebAssembly module look first (default: where there are so many records that to load it pays). */
  kernel?: boolean
  /** Records of a stretch (default: some three milliseconds of work). */
  perStretch?: number
}

const RECORDS_PER_STRETCH = 1024
/** It takes 2 ms to load. */
const MIN_KERNEL_RECORDS = 1000
/** As many at most are handed out at once. */
const FINDINGS_AT_ONCE = 1024
/** A thread that has died sets no state: then it is noticed after this. */
const MAX_WAIT_MS = 20

/** Findings in path order; those that stand together came together.
 *  @param loose - paths whose records prove nothing, in path order */
export async function* survey(
  files: Pick<LocalFiles, 'fs' | 'root'>,
  records: StatRecords,
  loose: readonly string[],
  options: SurveyOptions = {},
): AsyncGenerator<Finding[]> {
  const { fs, root } = files
  const { perStretch = RECORDS_PER_STRETCH, signal } = options
  const needsKernel = options.kernel ?? records.count >= MIN_KERNEL_RECORDS
  const kernel =
    fs === nodeFs && needsKernel ? ProverKernel.open(records, root, roomAt(records.bytes.length, 0)) : undefined
  const stretches = new Stretches(fs, root, records, loose, perStretch, kernel)
  const isHere = fs === nodeFs && records.bytes.buffer instanceof SharedArrayBuffer
  stretches.share(isHere ? (options.threads ?? usefulThreads(records.count)) : 0)
  const inspector = new Inspector(fs, root, records)
  const breathe = createBreather(signal)
  try {
    for (let stretch = 0; stretch < stretches.count; stretch++) {
      throwIfAborted(signal)
      const unproven = await stretches.take(stretch, breathe)
      const to = Math.min((stretch + 1) * perStretch, records.count)
      if (!unproven && !inspector.isBusy(to)) continue
      let found: Finding[] = []
      for (const finding of inspector.upTo(to, unproven)) {
        if (found.push(finding) < FINDINGS_AT_ONCE) continue
        yield found
        found = []
        await breathe()
      }
      if (found.length > 0) yield found
    }
  } finally {
    stretches.close()
  }
}

/** Who proves which stretch. */
class Stretches {
  readonly count: number
  readonly #job: SurveyJob
  readonly #prover: Prover
  readonly #kernel: ProverKernel | undefined
  readonly #recordCount: number
  readonly #answers = new Map<number, Unproven>()
  #threads: SurveyThread[] = []

  constructor(
    fs: LocalFiles['fs'],
    root: string,
    records: StatRecords,
    loose: readonly string[],
    perStretch: number,
    kernel: ProverKernel | undefined,
  ) {
    const doubtful: number[] = []
    for (const path of loose) {
      const index = records.lowerBound(path)
      if (records.comparePathAt(index, path) === 0) doubtful.push(index)
    }
    this.count = Math.max(1, Math.ceil(records.count / perStretch))
    this.#recordCount = records.count
    this.#job = {
      root,
      records: records.bytes,
      memory: records.memory,
      doubtful,
      control: new Int32Array(new SharedArrayBuffer(8)),
      states: new Int32Array(new SharedArrayBuffer(4 * this.count)),
      perStretch,
      room: 0,
    }
    this.#kernel = kernel
    this.#prover = new Prover(fs, root, records, doubtful, kernel)
  }

  share(threads: number): void {
    this.#threads = takeThreads(threads)
    for (const [index, thread] of this.#threads.entries())
      thread.run({ ...this.#job, room: 1 + index }, ({ stretch, unproven }) => this.#answers.set(stretch, unproven))
  }

  /** What is left of a stretch; each is taken once, in order. Proves others while that one is in other hands. */
  async take(wanted: number, breathe: () => Promise<void> | undefined): Promise<Unproven | undefined> {
    const { control, states } = this.#job
    while (Atomics.load(states, wanted) !== PROVEN && !this.#answers.has(wanted)) {
      await breathe()
      if (Atomics.load(states, wanted) === ANSWERED)
        await turn() // the message is on its way
      else if (Atomics.load(control, NEXT) < Math.min(this.count, wanted + AHEAD)) {
        const drawn = Atomics.add(control, NEXT, 1)
        if (drawn < this.count) this.#prove(drawn)
      } else if (this.#threads.some(({ failed }) => failed)) this.#prove(wanted)
      else if (Atomics.wait(states, wanted, OPEN, MAX_WAIT_MS) === 'timed-out') await turn()
    }
    const unproven = this.#answers.get(wanted)
    this.#answers.delete(wanted)
    Atomics.store(control, TAKEN, wanted + 1)
    Atomics.notify(control, TAKEN)
    return unproven
  }

  /** Whoever still waits or draws finds nothing left. */
  close(): void {
    const { control } = this.#job
    Atomics.store(control, NEXT, this.count)
    Atomics.store(control, TAKEN, this.count)
    Atomics.notify(control, TAKEN)
    this.#kernel?.close()
  }

  #prove(stretch: number): void {
    const from = stretch * this.#job.perStretch
    // Where nothing is recorded, everything is new.
    const unproven =
      this.#recordCount === 0
        ? { records: [], hidden: [], folders: [{ path: '', names: null }] }
        : this.#prover.prove(from, Math.min(from + this.#job.perStretch, this.#recordCount))
    if (unproven) this.#answers.set(stretch, unproven)
    Atomics.store(this.#job.states, stretch, unproven ? ANSWERED : PROVEN)
  }
}

/** Lets messages come in. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
