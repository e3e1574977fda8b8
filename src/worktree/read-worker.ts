/** A thread that reads, cuts, hashes and packs files. Started by `read-pool.ts` only. */

import { parentPort, workerData } from 'node:worker_threads'
import { nodeFs } from '../store/node-fs.ts'
import { type LaneRequest, type LaneStart, ReadLane } from './read-lane.ts'

if (!parentPort) throw new Error('this module is a worker thread; use createReadPool')
const port = parentPort
const lane = new ReadLane(nodeFs, workerData as LaneStart, (answer) => port.postMessage(answer))
port.on('message', (request: LaneRequest) => lane.receive(request))
