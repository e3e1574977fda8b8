import { expect, test } from 'vitest'
import { createFrameCache } from '../../src/objects/frame-cache.ts'

test('frames stay within the bytes allowed, and the longest unused goes first', () => {
  const cache = createFrameCache(30)
  for (const key of ['a', 'b', 'c']) cache.set(key, new Uint8Array(10))
  expect(cache.get('a')).toHaveLength(10)
  cache.set('d', new Uint8Array(10))
  expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key))).toEqual(['a', 'c', 'd'])
})

test('a frame that is set again counts once, and one above the limit is not kept', () => {
  const cache = createFrameCache(30)
  for (let i = 0; i < 5; i++) cache.set('a', new Uint8Array(20))
  cache.set('b', new Uint8Array(10))
  expect(['a', 'b'].filter((key) => cache.get(key))).toEqual(['a', 'b'])
  cache.set('c', new Uint8Array(31))
  expect(['a', 'b', 'c'].filter((key) => cache.get(key))).toEqual([])
  cache.set('d', new Uint8Array(30))
  expect(cache.get('d')).toHaveLength(30)
})
