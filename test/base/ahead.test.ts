import { describe, expect, it } from 'vitest'
import { mapAhead } from '../../src/base/ahead.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('working ahead', () => {
  it('keeps the order whatever finishes first, and never begins more than the slots allow', async () => {
    let running = 0
    let most = 0
    const results: number[] = []
    const job = async (item: number) => {
      most = Math.max(most, ++running)
      await sleep((7 - item) % 4)
      running--
      return item * 2
    }
    for await (const result of mapAhead([1, 2, 3, 4, 5, 6, 7], job, { slots: 3 })) results.push(result)
    expect(results).toEqual([2, 4, 6, 8, 10, 12, 14])
    expect(most).toBe(3)
  })

  it('keeps what waits below its weight, and takes a heavier one alone', async () => {
    let held = 0
    let most = 0
    const job = async (weight: number) => {
      held += weight
      most = Math.max(most, held)
      return weight
    }
    const weights = [4, 4, 4, 30, 4, 4]
    const results: number[] = []
    for await (const weight of mapAhead(weights, job, { slots: 10, weigh: (weight) => weight, maxWeight: 10 })) {
      held -= weight
      results.push(weight)
    }
    expect(results).toEqual(weights)
    expect(most).toBe(30)
  })

  it('throws a failure in its place, after the results before it, and leaves nothing running', async () => {
    const ended: number[] = []
    const job = async (item: number) => {
      await sleep(item)
      ended.push(item)
      if (item === 2) throw new Error('second')
      return item
    }
    const results: number[] = []
    await expect(async () => {
      for await (const result of mapAhead([1, 2, 5, 6], job, { slots: 3 })) results.push(result)
    }).rejects.toThrow('second')
    expect(results).toEqual([1])
    expect(ended.sort()).toEqual([1, 2, 5, 6])
    for await (const result of mapAhead([1, 3, 4], job, { slots: 3 })) {
      expect(result).toBe(1)
      break
    }
    expect(ended).toHaveLength(7)
    await expect(mapAhead([], job, { slots: 0 }).next()).rejects.toThrow(RangeError)
  })
})
