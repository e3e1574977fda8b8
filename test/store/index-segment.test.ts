import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../../src/base/bytes.ts'
import { KIND_CODES } from '../../src/objects/id.ts'
import { findRecord, putRecord, SEGMENT_RECORD_BYTES } from '../../src/store/index-segment.ts'

/** Sorted records of chunks with these ids. */
function recordsOf(ids: readonly Uint8Array[]): { sorted: Uint8Array[]; records: Uint8Array } {
  const sorted = ids.toSorted(compareBytes).filter((id, i, all) => i === 0 || compareBytes(all[i - 1]!, id) !== 0)
  const records = new Uint8Array(sorted.length * SEGMENT_RECORD_BYTES)
  for (const [i, id] of sorted.entries()) putRecord(records, i * SEGMENT_RECORD_BYTES, 'chunk', id, i)
  return { sorted, records }
}

/** An id as a hash has it, or one of many that somebody has made alike. */
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const alike = fc
  .tuple(fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff), fc.nat(3), fc.nat(31))
  .map(([fill, value, at]) => new Uint8Array(32).fill(fill).fill(value, at, at + 1))
const id = fc.oneof(hash, alike)

describe('a record is found', () => {
  test('wherever ids lie, and no other is', () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 300 }), id, (ids, other) => {
        const { sorted, records } = recordsOf(ids)
        for (const [i, wanted] of sorted.entries()) {
          expect(findRecord(records, wanted, KIND_CODES.chunk)).toBe(i * SEGMENT_RECORD_BYTES)
          expect(findRecord(records, wanted, KIND_CODES.map)).toBe(-1)
        }
        const at = sorted.findIndex((each) => compareBytes(each, other) === 0)
        expect(findRecord(records, other, KIND_CODES.chunk)).toBe(at < 0 ? -1 : at * SEGMENT_RECORD_BYTES)
      }),
    )
  })

  test('between two places, of ids that begin alike', () => {
    fc.assert(
      fc.property(fc.array(id, { minLength: 1, maxLength: 200 }), fc.nat(16), fc.nat(200), (ids, bits, pick) => {
        const bucketOf = (each: Uint8Array) => ((each[0]! << 8) | each[1]!) >>> (16 - bits)
        const { sorted, records } = recordsOf(ids)
        const wanted = sorted[pick % sorted.length]!
        const low = sorted.findIndex((each) => bucketOf(each) === bucketOf(wanted))
        const high = sorted.findLastIndex((each) => bucketOf(each) === bucketOf(wanted)) + 1
        const found = findRecord(records, wanted, KIND_CODES.chunk, bits, low, high)
        expect(found).toBe((pick % sorted.length) * SEGMENT_RECORD_BYTES)
        expect(findRecord(records, wanted, KIND_CODES.chunk, bits, low, low)).toBe(-1)
      }),
    )
  })
})
