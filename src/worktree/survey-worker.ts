/** A thread of `survey.ts`, which alone starts it. */

import { parentPort, workerData } from 'node:worker_threads'
import { nodeFs } from '../store/node-fs.ts'
import { StatRecords } from '../store/stat-cache.ts'
import { AHEAD, NEXT, type SurveyAnswer, type SurveyJob, Surveyor, TAKEN } from './surveyor.ts'

if (!parentPort) throw new Error('this module is a worker thread; use survey')
const { root, records, doubtful, control, stretches, perStretch } = workerData as SurveyJob
const surveyor = new Surveyor(nodeFs, root, StatRecords.shared(records), new Set(doubtful), perStretch)

for (;;) {
  const stretch = Atomics.add(control, NEXT, 1)
  if (stretch >= stretches) break
  for (let taken = Atomics.load(control, TAKEN); stretch >= taken + AHEAD; taken = Atomics.load(control, TAKEN))
    Atomics.wait(control, TAKEN, taken)
  const findings = surveyor.look(stretch)
  const travels = findings.every(({ item }) => item?.$kind !== 'problem')
  parentPort.postMessage({ stretch, findings: travels ? findings : null } satisfies SurveyAnswer)
}
