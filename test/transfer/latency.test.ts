import { describe, expect, it } from 'vitest'
import { createLatencyTracker } from '../../src/transfer/latency.ts'

const ROW = 2_000_000

function tracker(...noted: [count: number, ms: number, bytes: number][]) {
  const latency = createLatencyTracker()
  for (const [count, ms, bytes] of noted) for (let i = 0; i < count; i++) latency.note(ms, bytes)
  return latency
}

describe('the wait before somebody else is asked as well', () => {
  it('is long until it is known how long such an answer takes', () => {
    expect(tracker().hedgeDelayMs(ROW)).toBe(2000)
    expect(tracker([7, 10, ROW]).hedgeDelayMs(ROW)).toBe(2000)
    expect(tracker([8, 400, ROW]).hedgeDelayMs(ROW)).toBe(1200)
  })

  it('follows nearly all answers, not the slowest, within bounds', () => {
    expect(tracker([97, 200, ROW], [3, 4000, ROW]).hedgeDelayMs(ROW)).toBe(600)
    expect(tracker([100, 1, ROW]).hedgeDelayMs(ROW)).toBe(250)
    expect(tracker([100, 9000, ROW]).hedgeDelayMs(ROW)).toBe(5000)
  })

  it('is not taken from much smaller answers: they come sooner', () => {
    const latency = tracker([100, 5, 30_000])
    expect(latency.hedgeDelayMs(ROW)).toBe(2000)
    expect(latency.hedgeDelayMs(30_000)).toBe(250)
    expect(latency.hedgeDelayMs(25_000)).toBe(250)
  })

  it('is taken from larger ones where nothing better is known: no smaller one takes longer', () => {
    expect(tracker([20, 300, ROW]).hedgeDelayMs(100)).toBe(900)
    expect(tracker([20, 300, ROW], [20, 3000, 16 * ROW]).hedgeDelayMs(100)).toBe(900)
    expect(tracker([20, 300, ROW]).hedgeDelayMs(100 * ROW)).toBe(2000)
  })

  it('forgets what is long past', () => {
    expect(tracker([128, 1000, ROW], [128, 200, ROW]).hedgeDelayMs(ROW)).toBe(600)
  })
})
