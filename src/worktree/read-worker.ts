/** A thread that reads, cuts, hashes and packs files. Started by `read-threads.ts` only. */

import { parentPort } from 'node:worker_threads'
import { nodeFs } from '../store/node-fs.ts'
import { type LaneAnswer, ReadLane, type ThreadRequest } from './read-lane.ts'

if (!parentPort) throw new Error('this module is a worker thread; use createReadPool')
const port = parentPort
let lane: ReadLane | undefined
port.on('message', (request: ThreadRequest) => {
  if (request.$kind !== 'start') lane!.receive(request)
  else lane = new ReadLane(nodeFs, request, (answer) => port.postMessage(answer, handedOver(answer)))
})

/** Memory that goes along instead of being copied: the ids of a million chunks are 32 MB. Nobody here needs them again. */
function handedOver(answer: LaneAnswer): ArrayBuffer[] {
  if (answer.$kind !== 'pack') return []
  const { ids, kinds } = answer.pack.objects
  return [ids, kinds].flatMap(({ buffer, byteLength }) =>
    buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
  )
}
