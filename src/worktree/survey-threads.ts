/** Threads for `survey.ts`. They take as long to start as the program takes to load, so whoever knows early that there
 *  will be a survey may start them before: this file needs next to nothing else. */

import { availableParallelism } from 'node:os'
import { createThread, type Thread } from '../base/thread.ts'
import type { SharedMemory } from '../store/shared-memory.ts'
import type { Unproven } from './prover.ts'

/** What a thread is given, as the one message it waits for. */
export interface SurveyJob {
  root: string
  /** Shared memory. */
  records: Uint8Array
  /** What they lie in, if modules can share it. */
  memory: SharedMemory | undefined
  /** Ascending. */
  doubtful: number[]
  control: Int32Array
  /** A state for each stretch. */
  states: Int32Array
  perStretch: number
  /** Which room behind the records it may work in. */
  room: number
}

/** What it answers, before it sets the state: of the stretches that are not proven. */
export interface SurveyAnswer {
  stretch: number
  unproven: Unproven
}

/** Places in `control`: the next stretch to be drawn, and how many have been taken. */
export const NEXT = 0
export const TAKEN = 1
/** Stretches that may be looked at ahead of the one that is wanted: bounds what lies here if nothing matches. */
export const AHEAD = 64
/** States of a stretch. */
export const OPEN = 0
export const PROVEN = 1
export const ANSWERED = 2

/** Below this a thread that is started only then comes too late to help. */
const RECORDS_PER_THREAD = 20_000
/** Of the file `stat`, at least. */
export const BYTES_PER_RECORD = 90
const MAX_THREADS = 3

/** How many threads are of use beside the one that asks. */
export function usefulThreads(records: number): number {
  return Math.min(MAX_THREADS, availableParallelism() - 1, Math.floor(records / RECORDS_PER_THREAD))
}

// Built programs hold .js files; the compiler rewrites import specifiers but not this.
const WORKER_URL = new URL(
  import.meta.url.endsWith('.ts') ? './survey-worker.ts' : './survey-worker.js',
  import.meta.url,
)

export class SurveyThread {
  readonly #worker: Thread
  /** It has died: what it has drawn may never come. */
  failed = false
  #onAnswer: ((answer: SurveyAnswer) => void) | undefined

  constructor() {
    this.#worker = createThread(WORKER_URL, { execArgv: [], sharesEnvironment: true })
    this.#worker.on('message', (answer: SurveyAnswer) => this.#onAnswer?.(answer))
    this.#worker.on('error', () => {
      this.failed = true
    })
    // Nobody waits for a thread as such: the process may end without it.
    this.#worker.unref()
  }

  run(job: SurveyJob, onAnswer: (answer: SurveyAnswer) => void): void {
    this.#onAnswer = onAnswer
    this.#worker.postMessage(job)
  }
}

const ahead: SurveyThread[] = []

/** Starts threads that the next survey will find. */
export function startThreadsAhead(count: number): void {
  while (ahead.length < count) ahead.push(new SurveyThread())
}

/** Threads that nobody else has; new ones where none were started ahead. */
export function takeThreads(count: number): SurveyThread[] {
  const taken = ahead.splice(0, count)
  while (taken.length < count) taken.push(new SurveyThread())
  return taken
}
