import { expect, it } from 'vitest'
import { createByteBudget } from '../../../src/localnet/nodes/body.ts'

it('a byte budget admits work in order and never holds more than its limit', async () => {
  const budget = createByteBudget(100)
  const order: number[] = []
  let most = 0
  const work = (bytes: number) =>
    budget.hold(bytes, async () => {
      order.push(bytes)
      most = Math.max(most, budget.heldBytes)
      await new Promise((resolve) => setImmediate(resolve))
    })
  await Promise.all([60, 30, 90, 5, 1000].map(work))
  expect(order).toEqual([60, 30, 90, 5, 1000])
  expect(most).toBe(100)
  expect(budget.heldBytes).toBe(0)
})

it('a byte budget is given back when the work fails', async () => {
  const budget = createByteBudget(10)
  await expect(budget.hold(10, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await budget.hold(10, async () => 'next')).toBe('next')
})
