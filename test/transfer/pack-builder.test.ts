import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { type ObjectKind, objectIdFor } from '../../src/objects/id.ts'
import { indexSource, mergeSegments } from '../../src/objects/locator.ts'
import { openPack, verifyPack } from '../../src/objects/pack-reader.ts'
import { bufferRangeReader, createMemoryObjects } from '../../src/objects/reader.ts'
import { type BuiltPack, buildDataPacks, buildMetaPacks, type ObjectToPack } from '../../src/transfer/pack-builder.ts'

const rng = createRng(11)
const memory = createMemoryObjects()
const objects: ObjectToPack[] = []
for (let i = 0; i < 40; i++) {
  const kind: ObjectKind = i % 4 === 3 ? 'attachment' : 'chunk'
  objects.push({ kind, id: await memory.write(kind, rng.fill(new Uint8Array(1000 + rng.below(3000)))) })
}
const locator = (own: Parameters<typeof indexSource>[0]) => mergeSegments([indexSource(own, null)])

type TakenPack = Pick<BuiltPack, 'kind' | 'summary'> & { bytes: Uint8Array }

async function all(packs: AsyncIterable<BuiltPack>): Promise<TakenPack[]> {
  const found: TakenPack[] = []
  for await (const { kind, takeBytes, summary } of packs) {
    found.push({ kind, summary, bytes: takeBytes().bytes })
    expect(takeBytes).toThrow('taken')
  }
  return found
}

describe('packs of a push', () => {
  it('hold chunks in data packs and the rest in meta packs, each object once, in order', async () => {
    const data = await all(buildDataPacks(objects, { read: memory.read, maxBytes: 20_000 }))
    const meta = await all(buildMetaPacks(objects, { read: memory.read, maxBytes: 20_000 }, locator))
    expect(data.length).toBeGreaterThan(2)
    for (const pack of [...data, ...meta]) {
      expect(pack.kind === 'meta' ? pack.summary.locatorBytes > 0 || pack !== meta.at(-1) : true).toBe(true)
      expect(pack.bytes.length).toBe(pack.summary.bytes)
      expect((await verifyPack(bufferRangeReader(pack.bytes))).kind).toBe(pack.kind)
    }
    const opened = await Promise.all([...data, ...meta].map((pack) => openPack(bufferRangeReader(pack.bytes))))
    for (const { kind, id } of objects) expect(opened.filter((pack) => pack.has(kind, id))).toHaveLength(1)
    const order = objects.filter(({ kind }) => kind === 'chunk').map(({ id }) => id)
    const packed = opened
      .filter((pack) => pack.kind === 'data')
      .flatMap((pack) => [...pack.index.positionsInPackOrder()].map((position) => pack.index.idAt(position)))
    expect(packed).toEqual(order)
  })

  it('are the same bytes for the same objects, so that a repeated push makes the same blobs', async () => {
    const build = async () => [
      ...(await all(buildDataPacks(objects, { read: memory.read, maxBytes: 20_000 }))),
      ...(await all(buildMetaPacks(objects, { read: memory.read, maxBytes: 20_000 }, locator))),
    ]
    const [first, second] = [await build(), await build()]
    expect(second.map((pack) => pack.bytes)).toEqual(first.map((pack) => pack.bytes))
  })

  it('end at a commit if they have to, so that what comes after changes none of them', async () => {
    const commit: ObjectToPack = { kind: 'commit', id: objectIdFor('commit', new Uint8Array(1)) }
    const [older, newer] = [objects.slice(0, 20), objects.slice(20)]
    const options = { read: memory.read, maxBytes: 20_000 }
    const before = await all(buildDataPacks([...older, commit], options))
    const endsAt = new Set([commit.id])
    const after = await all(buildDataPacks([...older, commit, ...newer], { ...options, endsAt }))
    expect(after.slice(0, before.length).map(({ bytes }) => bytes)).toEqual(before.map(({ bytes }) => bytes))
    const unbroken = await all(buildDataPacks([...older, commit, ...newer], options))
    expect(unbroken[before.length - 1]!.bytes).not.toEqual(before.at(-1)!.bytes)
    const again = await all(buildDataPacks([...older, commit], { ...options, endsAt }))
    expect(again).toHaveLength(before.length)
  })

  it('take the memory they are given once they are large, and are the same bytes', async () => {
    const large: ObjectToPack[] = []
    const bytes = createRng(12).fill(new Uint8Array(2 * 2 ** 20))
    for (let i = 0; i < 9; i++) {
      bytes[0] = i
      large.push({ kind: 'chunk', id: await memory.write('chunk', bytes.slice()) })
    }
    const given: Uint8Array[] = []
    const allocate = (length: number) => {
      given.push(new Uint8Array(new SharedArrayBuffer(length)))
      return given.at(-1)!
    }
    const options = { read: memory.read, maxBytes: 32 * 2 ** 20 }
    const [plain] = await all(buildDataPacks(large, options))
    for await (const { takeBytes } of buildDataPacks(large, { ...options, allocate })) {
      const taken = takeBytes()
      expect([taken.isAllocated, taken.bytes.buffer]).toEqual([true, given[0]!.buffer])
      expect(Buffer.compare(taken.bytes, plain!.bytes)).toBe(0)
    }
    expect(given.map(({ length }) => length)).toEqual([33 * 2 ** 20])
    for await (const { takeBytes } of buildDataPacks(large.slice(0, 3), { ...options, allocate }))
      expect(takeBytes().isAllocated).toBe(false)
  })

  it('are none where there is nothing to pack, and end when cancelled', async () => {
    expect(await all(buildDataPacks([], { read: memory.read }))).toEqual([])
    await expect(
      all(buildDataPacks(objects, { read: memory.read, signal: AbortSignal.abort() })),
    ).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
