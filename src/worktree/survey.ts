/** Surveys a whole workspace, on several threads where there is enough to do: the file system takes its time for each
 *  file, and Node's own pool hands over too much for each.
 *
 *  Threads draw stretches from one counter, this one too, and results come out in order. A stretch in which something
 *  cannot be versioned is looked at again here, so that errors need not travel; so is one whose thread has died. */

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { throwIfAborted } from '../base/abort.ts'
import { nodeFs } from '../store/node-fs.ts'
import type { StatRecords } from '../store/stat-cache.ts'
import type { LocalFiles } from './local-file.ts'
import { AHEAD, type Finding, NEXT, type SurveyAnswer, type SurveyJob, Surveyor, TAKEN } from './surveyor.ts'

export interface SurveyOptions {
  signal?: AbortSignal | undefined
  /** Beside this one (default: by the work there is; 0 for a file system that is not this machine's). */
  threads?: number
  /** Records of a stretch (default: some ten milliseconds of work). */
  perStretch?: number
}

const RECORDS_PER_STRETCH = 2048

/** A thread costs a tenth of a second of processor time before it is as fast as this one: what 20,000 files take. */
const RECORDS_PER_THREAD = 80_000
const MAX_THREADS = 3
// Built programs hold .js files; the compiler rewrites import specifiers but not this.
const WORKER_URL = new URL(
  import.meta.url.endsWith('.ts') ? './survey-worker.ts' : './survey-worker.js',
  import.meta.url,
)

/** Findings of one stretch after the other, in path order.
 *  @param loose - paths whose records prove nothing, in path order */
export async function* survey(
  files: Pick<LocalFiles, 'fs' | 'root'>,
  records: StatRecords,
  loose: readonly string[],
  options: SurveyOptions = {},
): AsyncGenerator<Finding[]> {
  const doubtful = new Set<number>()
  for (const path of loose) {
    const index = records.lowerBound(path)
    if (records.comparePathAt(index, path) === 0) doubtful.add(index)
  }
  const { perStretch = RECORDS_PER_STRETCH } = options
  const stretches = Math.max(1, Math.ceil(records.count / perStretch))
  const control = new Int32Array(new SharedArrayBuffer(8))
  const isHere = files.fs === nodeFs && records.bytes.buffer instanceof SharedArrayBuffer
  const useful = Math.min(MAX_THREADS, availableParallelism() - 1, Math.floor(records.count / RECORDS_PER_THREAD))
  const helpers = new Helpers(isHere ? (options.threads ?? useful) : 0, {
    root: files.root,
    records: records.bytes,
    doubtful: [...doubtful],
    control,
    stretches,
    perStretch,
  })
  const surveyor = new Surveyor(files.fs, files.root, records, doubtful, perStretch)
  const again = new Surveyor(files.fs, files.root, records, doubtful, perStretch)
  const own = new Map<number, Finding[]>()
  try {
    for (let wanted = 0; wanted < stretches; wanted++) {
      let findings: Finding[] | undefined
      while (!findings) {
        throwIfAborted(options.signal)
        const answer = own.get(wanted) ?? helpers.take(wanted)
        if (answer) findings = answer
        else if (answer === null || helpers.failed) findings = again.look(wanted)
        else if (Atomics.load(control, NEXT) < Math.min(stretches, wanted + AHEAD)) {
          const drawn = Atomics.add(control, NEXT, 1)
          if (drawn < stretches) own.set(drawn, surveyor.look(drawn))
          await new Promise((resolve) => setImmediate(resolve))
        } else await helpers.news()
      }
      own.delete(wanted)
      Atomics.store(control, TAKEN, wanted + 1)
      Atomics.notify(control, TAKEN)
      yield findings
    }
  } finally {
    // Whoever still waits or draws finds nothing left.
    Atomics.store(control, NEXT, stretches)
    Atomics.store(control, TAKEN, stretches)
    Atomics.notify(control, TAKEN)
    helpers.dismiss()
  }
}

/** The other threads. */
class Helpers {
  readonly #workers: Worker[] = []
  readonly #answers = new Map<number, Finding[] | null>()
  #wake: (() => void) | undefined
  /** A thread has died: what has not come may never come. */
  failed = false

  constructor(threads: number, job: SurveyJob) {
    for (let i = 0; i < threads; i++) {
      const worker = new Worker(WORKER_URL, { workerData: job, execArgv: [] })
      worker.on('message', ({ stretch, findings }: SurveyAnswer) => {
        this.#answers.set(stretch, findings)
        this.#wake?.()
      })
      const onEnd = (failed: boolean) => {
        this.failed ||= failed
        this.#wake?.()
      }
      worker.on('error', () => onEnd(true))
      worker.on('exit', (code) => onEnd(code !== 0))
      this.#workers.push(worker)
    }
  }

  take(stretch: number): Finding[] | null | undefined {
    const answer = this.#answers.get(stretch)
    this.#answers.delete(stretch)
    return answer
  }

  /** Waits for an answer or the end of a thread. */
  async news(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = undefined
  }

  dismiss(): void {
    for (const worker of this.#workers) worker.unref()
  }
}
