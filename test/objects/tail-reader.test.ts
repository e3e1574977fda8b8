import { expect, test } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { bufferRangeReader, type RangeReader } from '../../src/objects/reader.ts'
import { withTail } from '../../src/objects/tail-reader.ts'

function counted(buffer: Uint8Array, failures = 0): { reader: RangeReader; reads: [number, number][] } {
  const inner = bufferRangeReader(buffer)
  const reads: [number, number][] = []
  const read: RangeReader['read'] = async (offset, length) => {
    reads.push([offset, length])
    if (reads.length <= failures) throw new Error('unreachable')
    return inner.read(offset, length)
  }
  return { reads, reader: { bytes: buffer.length, read } }
}

const buffer = createRng(1).fill(new Uint8Array(1000))

test('reads inside the end share one read, others pass through, and bytes are the same', async () => {
  const { reader, reads } = counted(buffer)
  const tail = withTail(reader, 300)
  const ranges = [
    [700, 300],
    [999, 1],
    [800, 50],
    [699, 2],
    [0, 1000],
    [10, 5],
  ] as const
  for (const [offset, length] of ranges)
    expect(Buffer.compare(await tail.read(offset, length), buffer.subarray(offset, offset + length))).toBe(0)
  expect(reads).toEqual([
    [700, 300],
    [699, 2],
    [0, 1000],
    [10, 5],
  ])
})

test('concurrent readers wait for one read, and a failed one is tried again', async () => {
  const { reader, reads } = counted(buffer, 1)
  const tail = withTail(reader, 5000)
  const results = await Promise.allSettled([tail.read(0, 10), tail.read(20, 10)])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(Buffer.compare(await tail.read(20, 10), buffer.subarray(20, 30))).toBe(0)
  expect(reads).toEqual([
    [0, 1000],
    [0, 1000],
  ])
})
