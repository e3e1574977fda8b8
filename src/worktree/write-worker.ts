/** A thread that writes files. Started by `write-pool.ts` only. */

import { parentPort } from 'node:worker_threads'
import { nodeFs } from '../store/node-fs.ts'
import { PlaceReader } from '../store/place-reader.ts'
import { type WriteBatch, writeBatch } from './write-batch.ts'

if (!parentPort) throw new Error('this module is a worker thread; use WritePool')
const port = parentPort
/** Its files are closed with the thread. */
const source = new PlaceReader(nodeFs)
// One after the other: they share what the reader keeps.
let last: Promise<void> = Promise.resolve()
port.on('message', (batch: WriteBatch) => {
  last = last.then(async () => port.postMessage(await writeBatch(nodeFs, source, batch)))
})
