import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { linkSignals } from '../../src/base/abort.ts'

describe('linked signals', () => {
  it('are aborted with the first of several, for its reason', () => {
    const [first, second] = [new AbortController(), new AbortController()]
    using linked = linkSignals([first.signal, undefined, second.signal])
    expect(linked.signal.aborted).toBe(false)
    second.abort('enough')
    first.abort('too late')
    expect(linked.signal.reason).toBe('enough')
  })

  it('are aborted at once if one of them is', () => {
    using linked = linkSignals([new AbortController().signal, AbortSignal.abort('before')], { timeoutMs: 1 })
    expect(linked.signal.reason).toBe('before')
  })

  it('have a deadline that looks like that of AbortSignal.timeout', async () => {
    using linked = linkSignals([], { timeoutMs: 5 })
    const builtIn = AbortSignal.timeout(1)
    await Promise.all([linked.signal, builtIn].map((signal) => new Promise((abort) => (signal.onabort = abort))))
    const [ours, theirs] = [linked.signal.reason, builtIn.reason] as [DOMException, DOMException]
    expect([ours.constructor, ours.name, ours.message]).toEqual([theirs.constructor, theirs.name, theirs.message])
  })

  it('leave nothing behind once they are disposed of, or aborted', async () => {
    const controller = new AbortController()
    const listeners = countListeners(controller.signal)
    const linked = linkSignals([controller.signal], { timeoutMs: 5 })
    expect(listeners()).toBe(1)
    linked[Symbol.dispose]()
    expect(listeners()).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    controller.abort()
    expect(linked.signal.aborted).toBe(false)

    const [slow, quick] = [new AbortController(), new AbortController()]
    const left = countListeners(slow.signal)
    linkSignals([slow.signal, quick.signal])
    quick.abort()
    expect(left()).toBe(0)
  })

  it('come although garbage was collected, with a deadline and one inside the other', async () => {
    const script = fileURLToPath(new URL('collected-signals.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script])
    expect(JSON.parse(stdout)).toEqual({ deadline: true, nested: true })
  })
})

/** Those that were added by now and not removed again. */
function countListeners(signal: AbortSignal): () => number {
  let count = 0
  const { addEventListener: add, removeEventListener: remove } = signal
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    count++
    add.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    count--
    remove.apply(signal, args)
  }
  return () => count
}
