import { describe, expect, it } from 'vitest'
import { createPace, FIRST_WINDOW, MAX_WINDOW } from '../../src/transfer/pace.ts'
import { createSendBudget } from '../../src/transfer/send-budget.ts'

const { signal } = new AbortController()
const tick = () => new Promise((resolve) => setImmediate(resolve))

describe('the pace of a node', () => {
  it('is quick at first, never above its bound, and halves with each complaint, never below one', () => {
    const pace = createPace()
    expect(pace.window).toBe(FIRST_WINDOW)
    for (let i = 0; i < 100; i++) pace.answered()
    expect(pace.window).toBe(MAX_WINDOW)
    const seen = Array.from({ length: 6 }, () => {
      pace.complained(0)
      return pace.window
    })
    expect(seen).toEqual([8, 4, 2, 1, 1, 1])
    // From now on one more per window of answers.
    for (let i = 0; i < 3; i++) pace.answered()
    expect(pace.window).toBe(2)
  })

  it('admits as many requests as its window, and more as soon as it grows', async () => {
    const pace = createPace()
    let running = 0
    const jobs = Array.from({ length: 20 }, () => Promise.withResolvers<void>())
    const done = jobs.map((job) =>
      pace.run(async () => {
        running++
        await job.promise
        running--
      }, signal),
    )
    await tick()
    expect(running).toBe(FIRST_WINDOW)
    pace.answered()
    await tick()
    expect(running).toBe(FIRST_WINDOW + 1)
    pace.complained(0)
    for (const job of jobs.slice(0, 4)) job.resolve()
    await tick()
    expect(running).toBe(2)
    for (const job of jobs) job.resolve()
    await Promise.all(done)
    expect(running).toBe(0)
  })

  it('leaves a node alone as long as it asked to be, also for requests that had been waiting', async () => {
    const pace = createPace()
    pace.complained(60)
    const started = performance.now()
    await Promise.all([1, 2, 3].map(() => pace.run(async () => undefined, signal)))
    expect(performance.now() - started).toBeGreaterThan(50)
  })

  it('gives a slot back when a request fails or is cancelled while it waits', async () => {
    const pace = createPace()
    pace.complained(10_000)
    const controller = new AbortController()
    const jobs = Array.from({ length: 10 }, () => pace.run(async () => 1, controller.signal))
    controller.abort()
    const results = await Promise.allSettled(jobs)
    expect(results.map(({ status }) => status)).toContain('rejected')
    expect(results.every((result) => result.status === 'rejected' || result.value === 1)).toBe(true)
  })
})

describe('what may be on its way at once', () => {
  it('is bounded in requests and in bytes, in order, and one job may be larger than all of it', async () => {
    const budget = createSendBudget({ requests: 3, bytes: 100 })
    const order: number[] = []
    let held = 0
    let most = 0
    const run = (bytes: number, id: number) =>
      budget.run(
        bytes,
        async () => {
          order.push(id)
          held += bytes
          most = Math.max(most, held)
          await tick()
          held -= bytes
        },
        signal,
      )
    await Promise.all([60, 60, 30, 0, 0, 0, 0, 500, 10].map(run))
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(most).toBe(500)
  })

  it('lends memory again, of the same length only, and lets go of what nobody wants', () => {
    const budget = createSendBudget({ bytes: 100 })
    const first = budget.take(40)
    budget.give(first)
    expect(budget.take(30)).not.toBe(first)
    expect(budget.take(40)).toBe(first)
    expect(budget.take(40)).not.toBe(first)
    for (let i = 0; i < 5; i++) budget.give(new Uint8Array(40))
    // Two fit beside each other; what came before them is gone.
    expect(budget.take(40)).toHaveLength(40)
  })

  it('is not used by what has been cancelled', async () => {
    const budget = createSendBudget({ requests: 1 })
    const controller = new AbortController()
    const gate = Promise.withResolvers<void>()
    const first = budget.run(1, () => gate.promise, signal)
    const second = budget.run(1, async () => 'ran', controller.signal)
    controller.abort()
    gate.resolve()
    await first
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await budget.run(1, async () => 'ran', signal)).toBe('ran')
  })
})
