/** A thread of `survey.ts`, started by `survey-threads.ts`: waits for one job and ends with it. */

import { parentPort } from 'node:worker_threads'
import { nodeFs } from '../store/node-fs.ts'
import { roomAt, StatRecords } from '../store/stat-records.ts'
import { Prover } from './prover.ts'
import { ProverKernel } from './prover-kernel.ts'
import { AHEAD, ANSWERED, NEXT, PROVEN, type SurveyAnswer, type SurveyJob, TAKEN } from './survey-threads.ts'

const port = parentPort
if (!port) throw new Error('this module is a worker thread; use survey')

port.once('message', ({ root, records: bytes, memory, doubtful, control, states, perStretch, room }: SurveyJob) => {
  const records = StatRecords.shared(bytes, memory)
  const kernel = ProverKernel.open(records, root, roomAt(bytes.length, room))
  const prover = new Prover(nodeFs, root, records, doubtful, kernel)
  for (;;) {
    const stretch = Atomics.add(control, NEXT, 1)
    if (stretch >= states.length) break
    for (let taken = Atomics.load(control, TAKEN); stretch >= taken + AHEAD; taken = Atomics.load(control, TAKEN))
      Atomics.wait(control, TAKEN, taken)
    const from = stretch * perStretch
    const unproven = prover.prove(from, Math.min(from + perStretch, records.count))
    if (unproven) port.postMessage({ stretch, unproven } satisfies SurveyAnswer)
    Atomics.store(states, stretch, unproven ? ANSWERED : PROVEN)
    Atomics.notify(states, stretch)
  }
  kernel?.close()
})
