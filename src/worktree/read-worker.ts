/** A thread that reads, cuts, hashes and packs files. Started by `read-pool.ts` only. */

import { parentPort, workerData } from 'node:worker_threads'
import { nodeFs } from '../store/node-fs.ts'
import { type LaneAnswer, type LaneRequest, type LaneStart, ReadLane } from './read-lane.ts'

if (!parentPort) throw new Error('this module is a worker thread; use createReadPool')
const port = parentPort
const lane = new ReadLane(nodeFs, workerData as LaneStart, (answer) => port.postMessage(answer, handedOver(answer)))
port.on('message', (request: LaneRequest) => lane.receive(request))

/** Memory that goes along instead of being copied: the ids of a million chunks are 32 MB. Nobody here needs them again. */
function handedOver(answer: LaneAnswer): ArrayBuffer[] {
  if (answer.$kind !== 'pack') return []
  const { ids, kinds } = answer.pack.objects
  return [ids, kinds].flatMap(({ buffer, byteLength }) =>
    buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
  )
}
