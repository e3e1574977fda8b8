import { describe, expect, it } from 'vitest'
import { FloeError } from '../../src/base/errors.ts'
import { type ObjectId, objectIdFor } from '../../src/objects/id.ts'
import type { ReadObject } from '../../src/objects/reader.ts'
import { readAheadOf } from '../../src/transfer/sequential.ts'

const contents = Array.from({ length: 40 }, (_, i) => Uint8Array.of(i, 1, 2))
const ids = contents.map((bytes) => objectIdFor('chunk', bytes))
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A slow source that counts. */
function source(fails: (id: ObjectId, nth: number) => boolean = () => false) {
  const counts = { reads: new Map<ObjectId, number>(), now: 0, most: 0 }
  const read: ReadObject = async (_, id) => {
    const nth = (counts.reads.get(id) ?? 0) + 1
    counts.reads.set(id, nth)
    counts.most = Math.max(counts.most, ++counts.now)
    await sleep(2)
    counts.now--
    if (fails(id, nth)) throw new FloeError('network', 'NODE_TIMEOUT', 'too slow')
    return contents[ids.indexOf(id)]!
  }
  return { counts, read }
}
async function* upcoming(list: readonly ObjectId[] = ids) {
  for (const id of list) yield { kind: 'chunk' as const, id }
}

describe('reading ahead of a known order', () => {
  it('fetches what comes next meanwhile, within its slots, and nothing twice', async () => {
    const { counts, read } = source()
    const ahead = readAheadOf(read, upcoming(), { slots: 5 })
    for (const [i, id] of ids.entries()) expect(await ahead.read('chunk', id)).toEqual(contents[i])
    await ahead.close()
    expect([...counts.reads.values()]).toEqual(ids.map(() => 1))
    expect(counts.most).toBeGreaterThan(1)
    expect(counts.most).toBeLessThanOrEqual(6)
  })

  it('gives the right bytes in any other order, also when most of what it fetched is never read', async () => {
    const { read } = source()
    const ahead = readAheadOf(read, upcoming(), { slots: 3 })
    for (const i of [39, 7, 7, 0, 20, 21, 22, 3]) expect(await ahead.read('chunk', ids[i]!)).toEqual(contents[i])
    await ahead.close()
  })

  it('asks again where fetching ahead failed, and tells who reads if that fails too', async () => {
    const { read } = source((id, nth) => nth === 1 || id === ids[3])
    const ahead = readAheadOf(read, upcoming(), { slots: 4 })
    await sleep(5)
    expect(await ahead.read('chunk', ids[0]!)).toEqual(contents[0])
    await expect(ahead.read('chunk', ids[3]!)).rejects.toMatchObject({ code: 'NODE_TIMEOUT' })
    await ahead.close()
  })

  it('leaves nothing running when it is closed early, or its list fails', async () => {
    const { counts, read } = source()
    const ahead = readAheadOf(read, upcoming(), { slots: 4 })
    await ahead.read('chunk', ids[0]!)
    await ahead.close()
    expect(counts.now).toBe(0)
    async function* broken() {
      yield* upcoming(ids.slice(0, 2))
      throw new FloeError('network', 'NODE_TIMEOUT', 'no more')
    }
    const other = readAheadOf(read, broken(), { slots: 4 })
    expect(await other.read('chunk', ids[9]!)).toEqual(contents[9])
    await other.close()
    expect(counts.now).toBe(0)
  })
})
