import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { startReadThreadAhead, takeReadThread } from '../../src/worktree/read-threads.ts'

test('one thread is started ahead, once, and nobody else gets it', async () => {
  startReadThreadAhead()
  startReadThreadAhead()
  const first = takeReadThread()
  const second = takeReadThread()
  expect(second).not.toBe(first)
  // Numbers are given in turn: no third thread was started.
  expect(second.threadId - first.threadId).toBe(1)
  await Promise.all([first.terminate(), second.terminate()])
})

test('one that has died before anybody took it ends nothing and is not given away', async () => {
  const started = once(process, 'worker')
  startReadThreadAhead()
  const [dead] = (await started) as [Worker]
  // As of a thread that cannot be loaded; without a listener it would end the process.
  dead.emit('error', new Error('no memory'))
  const taken = takeReadThread()
  expect(taken).not.toBe(dead)
  await Promise.all([dead.terminate(), taken.terminate()])
})
