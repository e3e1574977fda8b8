/** A thread that checks one pack file. Started by `pack-check.ts` only. */

import { parentPort, workerData } from 'node:worker_threads'
import { nodeFs } from './node-fs.ts'
import { checkPack } from './pack-check.ts'

if (!parentPort) throw new Error('this module is a worker thread; use isPackWhole')
// A failure ends the thread: who asked reads the file itself, and says what it was.
parentPort.postMessage(await checkPack(nodeFs, workerData))
