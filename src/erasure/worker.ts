/** A thread of the pool: one engine, one job at a time. */

import { parentPort, workerData } from 'node:worker_threads'
import { createEngine, type EngineName } from './engine-choice.ts'
import { ErasureError } from './errors.ts'
import { type Job, type JobResult, runJob } from './jobs.ts'
import { createJobTools } from './region.ts'
import { nodeFiles } from './spill.ts'

/** What a thread answers to a job. */
export type WorkerAnswer =
  | { readonly $kind: 'done'; readonly result: JobResult }
  | {
      readonly $kind: 'failed'
      readonly code: string
      readonly message: string
      readonly data: Record<string, unknown>
    }

const engine = createEngine((workerData as { engine?: EngineName } | null)?.engine)
const tools = createJobTools(nodeFiles)

function answer(job: Job): WorkerAnswer {
  try {
    return { $kind: 'done', result: runJob(engine, job, tools) }
  } catch (error) {
    if (error instanceof ErasureError)
      return { $kind: 'failed', code: error.code, message: error.message, data: { ...error.data } }
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return { $kind: 'failed', code: 'ERASURE_JOB_FAILED', message, data: { job: job.$kind } }
  }
}

parentPort?.on('message', (job: Job) => parentPort?.postMessage(answer(job)))
