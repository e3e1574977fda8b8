/** A thread that reads, cuts and hashes files. Started by `read-pool.ts` only. */

import { parentPort } from 'node:worker_threads'
import { nodeFs } from '../store/node-fs.ts'
import { type ReadJob, readBatch, readLarge } from './read-jobs.ts'

if (!parentPort) throw new Error('this module is a worker thread; use createReadPool')
const port = parentPort

port.on('message', (job: ReadJob) => {
  port.postMessage(
    job.$kind === 'batch' ? readBatch(nodeFs, job) : readLarge(nodeFs, job, (slot) => port.postMessage(slot)),
  )
})
