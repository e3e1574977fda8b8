/** A thread that writes files. Started by `write-pool.ts` only. */

import { parentPort } from 'node:worker_threads'
import { nodeFs } from '../store/node-fs.ts'
import { type WriteBatch, writeBatch } from './write-batch.ts'

if (!parentPort) throw new Error('this module is a worker thread; use WritePool')
const port = parentPort
port.on('message', (batch: WriteBatch) => {
  const written = writeBatch(nodeFs, batch)
  port.postMessage(written, [written.bytes.buffer])
})
