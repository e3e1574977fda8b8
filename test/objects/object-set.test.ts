import { expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { KIND_CODES, type ObjectId, objectKey } from '../../src/objects/id.ts'
import { ObjectSet } from '../../src/objects/object-set.ts'

it('a set of objects does what a set of their keys does, and carries marks', () => {
  const rng = createRng(11)
  const kinds = ['chunk', 'tree'] as const
  const [set, other] = [new ObjectSet(), new ObjectSet()]
  const [keys, otherKeys, marked] = [new Set<string>(), new Set<string>(), new Set<string>()]
  // Few different ids: the same one as two kinds, many in one table, added again and again.
  const ids = Array.from({ length: 3_000 }, () => toHex(rng.fill(new Uint8Array(32))) as ObjectId)
  for (let i = 0; i < 8_000; i++) {
    const [kind, id] = [kinds[i % 2]!, ids[(i * 7919) % ids.length]!]
    const key = objectKey(kind, id)
    expect(set.add(kind, id)).toBe(!keys.has(key))
    keys.add(key)
    if (i % 3 === 0) {
      other.add(kind, id)
      otherKeys.add(key)
    }
    if (i % 5 === 0) {
      expect(set.markBytes(KIND_CODES[kind], Buffer.from(id, 'hex'))).toBe(true)
      marked.add(key)
    }
  }
  expect(set.size).toBe(keys.size)
  expect(set.marked).toBe(marked.size)
  const rest = set.without(other)
  for (const kind of ['chunk', 'tree', 'map'] as const)
    for (const id of ids) {
      const key = objectKey(kind, id)
      expect(set.has(kind, id)).toBe(keys.has(key))
      expect(set.isMarked(kind, id)).toBe(marked.has(key))
      expect(rest.has(kind, id)).toBe(keys.has(key) && !otherKeys.has(key))
    }
  expect(set.markBytes(KIND_CODES.map, Buffer.from(ids[0]!, 'hex'))).toBe(false)
  rest.addAll(other)
  expect(rest.size).toBe(keys.size)
})
