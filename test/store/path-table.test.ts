import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { comparePaths } from '../../src/objects/path.ts'
import { IdSet } from '../../src/store/id-set.ts'
import { PathTable } from '../../src/store/path-table.ts'

const path = fc.oneof(
  fc.constantFrom('a', 'a/b', 'a.b', 'a/b/c', 'é', '🧊', 'z'.repeat(300)),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
)
const payload = fc.option(fc.uint8Array({ maxLength: 6 }), { nil: null })

describe('a path table', () => {
  it('is a map, and goes through its entries in path order too', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(path, payload), { maxLength: 30 }), path, fc.nat(30), (entries, asked, inOrder) => {
        // As they come from a walk: in order at first, or all along.
        const rising = entries.splice(0, inOrder).sort(([a], [b]) => comparePaths(a, b))
        entries.unshift(...rising)
        const table = new PathTable()
        const model = new Map<string, Uint8Array | null>()
        for (const [at, bytes] of entries) {
          table.set(at, bytes)
          model.set(at, bytes)
          expect(table.size).toBe(model.size)
          if (bytes === null) expect(table.has(asked)).toBe(model.has(asked))
        }
        const plain = (found: Iterable<[string, Uint8Array | null]>) =>
          [...found].map(([at, bytes]) => [at, bytes && [...bytes]] as const)
        const byPath = [...model].sort(([a], [b]) => comparePaths(a, b))
        expect(plain(table.sorted())).toEqual(plain(byPath))
        const inBytes: [string, number[] | null][] = []
        for (const cursor = table.cursor(); cursor.next(); )
          inBytes.push([
            Buffer.from(cursor.path.subarray(cursor.pathAt, cursor.pathEnd)).toString(),
            cursor.isNull ? null : [...cursor.payload.subarray(cursor.payloadAt, cursor.payloadEnd)],
          ])
        expect(inBytes).toEqual(plain(byPath))
        expect(new Map(plain(table))).toEqual(new Map(plain(model)))
        expect([...table.keys()].sort()).toEqual([...model.keys()].sort())
        expect(table.has(asked)).toBe(model.has(asked))
        const found = table.get(asked)
        expect(found && [...found]).toEqual(model.get(asked) && [...model.get(asked)!])
      }),
    )
  })

  it('keeps a hundred thousand small records in little more than their bytes', () => {
    const table = new PathTable()
    const bytes = new Uint8Array(64)
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 100_000; i++) {
      bytes[0] = i
      table.set(`d${i % 100}/f${i}`, bytes)
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000 * 140)
    for (let i = 0; i < 100_000; i += 9973) expect(table.get(`d${i % 100}/f${i}`)![0]).toBe(i % 256)
    let previous = ''
    let isSorted = true
    for (const [at] of table.sorted()) {
      isSorted &&= comparePaths(previous, at) < 0
      previous = at
    }
    expect(isSorted).toBe(true)
  })

  it('refuses what it has no room for', () => {
    expect(() => new PathTable().set('a', new Uint8Array(0xfffe))).toThrow(RangeError)
    expect(() => new PathTable().set('a'.repeat(1 << 20), null)).toThrow(RangeError)
  })
})

describe('an id set', () => {
  it('is a set, also of ids that begin alike', () => {
    const rng = createRng(4)
    const set = new IdSet()
    const model = new Set<string>()
    const id = () =>
      (['00000000', '12345678', 'ffffffff'][rng.below(3)]! +
        '0'.repeat(48) +
        rng.below(600).toString(16).padStart(8, '0')) as ObjectId
    expect(set.has(id())).toBe(false)
    for (let i = 0; i < 1200; i++) {
      const next = id()
      expect(set.add(next)).toBe(!model.has(next))
      model.add(next)
      expect(set.size).toBe(model.size)
      const other = id()
      expect(set.has(other)).toBe(model.has(other))
      expect(set.indexOf(next)).toBe([...model].indexOf(next))
    }
  })
})
