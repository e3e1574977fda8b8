/** Run with `--expose-gc`: waits for linked signals of which only the listener's side is held, and prints which came. */

import { setTimeout as wait } from 'node:timers/promises'
import { linkSignals } from '../../src/base/abort.ts'

const DEADLINE_MS = 100
const came = { deadline: false, nested: false }
const caller = new AbortController()
const failed = new AbortController()

function listen(): void {
  linkSignals([caller.signal], { timeoutMs: DEADLINE_MS }).signal.addEventListener('abort', () => {
    came.deadline = true
  })
  const outer = linkSignals([new AbortController().signal, failed.signal])
  linkSignals([outer.signal, new AbortController().signal]).signal.addEventListener('abort', () => {
    came.nested = true
  })
}

listen()
for (let round = 0; round < 5; round++) {
  await wait(DEADLINE_MS / 10)
  globalThis.gc?.()
}
failed.abort()
await wait(2 * DEADLINE_MS)
process.stdout.write(JSON.stringify(came))
