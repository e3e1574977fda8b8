import { describe, expect, it } from 'vitest'
import { sleep } from '../../src/base/abort.ts'
import { CancelledError } from '../../src/base/errors.ts'
import { createLimit, mapLimited } from '../../src/base/limit.ts'

describe('createLimit', () => {
  it('never runs more jobs than it has slots, and runs all of them', async () => {
    const limit = createLimit(3)
    let running = 0
    let peak = 0
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        limit.run(async () => {
          running++
          peak = Math.max(peak, running)
          await sleep(1)
          running--
          return i
        }),
      ),
    )
    expect(peak).toBe(3)
    expect(results).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(limit.active).toBe(0)
  })

  it('runs none beside the one that a slot has just been left to', async () => {
    const limit = createLimit(1)
    let running = 0
    let peak = 0
    const job = async () => {
      peak = Math.max(peak, ++running)
      await sleep(0)
      running--
    }
    const answer = Promise.withResolvers<void>()
    const first = limit.run(() => answer.promise)
    const waiting = limit.run(job)
    // One answer that many wait for: they ask for the slot while it changes hands.
    const late = Array.from({ length: 8 }, async (_, turns) => {
      await answer.promise
      for (let turn = 0; turn < turns; turn++) await null
      await limit.run(job)
    })
    answer.resolve()
    await Promise.all([first, waiting, ...late])
    expect(peak).toBe(1)
    expect(limit.active).toBe(0)
  })

  it('frees the slot of a job that fails', async () => {
    const limit = createLimit(1)
    await expect(limit.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await expect(limit.run(async () => 'next')).resolves.toBe('next')
  })

  it('refuses a job whose signal is aborted', async () => {
    const limit = createLimit(1)
    await expect(limit.run(async () => 1, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(CancelledError)
  })
})

describe('mapLimited', () => {
  it('keeps the order of items', async () => {
    expect(await mapLimited([3, 1, 2], 2, (ms) => sleep(ms).then(() => ms))).toEqual([3, 1, 2])
  })

  it('throws the first failure only after running jobs have settled', async () => {
    let finished = 0
    const run = mapLimited([0, 1, 2, 3], 2, async (item) => {
      if (item === 0) throw new Error('first')
      await sleep(5)
      finished++
    })
    await expect(run).rejects.toThrow('first')
    expect(finished).toBe(1)
  })
})
