import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import {
  buildContentMap,
  type ChunkRef,
  type ContentRef,
  encodeMapNode,
  MAX_MAP_ENTRIES,
  MIN_MAP_ENTRIES,
  parseMapNode,
  walkContentMap,
  walkMapNodes,
} from '../../src/objects/content-map.ts'
import { type ObjectId, objectIdFromBytes } from '../../src/objects/id.ts'
import { createMemoryObjects } from '../../src/objects/reader.ts'

function chunkRefs(seed: number, count: number): ChunkRef[] {
  const rng = createRng(seed)
  return Array.from({ length: count }, () => ({
    id: objectIdFromBytes(rng.fill(new Uint8Array(32))),
    bytes: 1 + rng.below(65_536),
  }))
}

const sum = (chunks: readonly ChunkRef[]) => chunks.reduce((total, { bytes }) => total + bytes, 0)

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

const malformed = { code: 'MAP_MALFORMED', kind: 'integrity' }

describe('content maps', () => {
  test('an empty file has none, a file of one chunk is the chunk', async () => {
    const { read, write, objects } = createMemoryObjects()
    expect(await buildContentMap([], write)).toBeNull()
    expect(await collect(walkContentMap(read, { content: null, bytes: 0 }))).toEqual([])
    const [chunk] = chunkRefs(1, 1)
    const content = await buildContentMap([chunk!], write)
    expect(content).toEqual({ kind: 'chunk', id: chunk!.id })
    expect(objects.size).toBe(0)
    expect(await collect(walkContentMap(read, { content, bytes: chunk!.bytes }))).toEqual([{ ...chunk, offset: 0 }])
  })

  test('give back the chunks in order, and any range of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 9000 }),
        fc.nat(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(300_000),
        async (count, seed, start, length) => {
          const { read, write } = createMemoryObjects()
          const chunks = chunkRefs(seed, count)
          const content = await buildContentMap(chunks, write)
          const bytes = sum(chunks)
          let offset = 0
          const placed = chunks.map((chunk) => {
            const at = offset
            offset += chunk.bytes
            return { ...chunk, offset: at }
          })
          expect(await collect(walkContentMap(read, { content, bytes }))).toEqual(placed)
          const fromByte = Math.floor(start * bytes)
          const toByte = Math.min(bytes, fromByte + length)
          expect(await collect(walkContentMap(read, { content, bytes }, { fromByte, toByte }))).toEqual(
            placed.filter(
              (chunk) => fromByte < toByte && chunk.offset < toByte && chunk.offset + chunk.bytes > fromByte,
            ),
          )
        },
      ),
      { numRuns: 12 },
    )
  })

  test('appending to, inserting into and changing a huge file write a few nodes', async () => {
    const memory = createMemoryObjects()
    const chunks = chunkRefs(2, 40_000)
    await buildContentMap(chunks, memory.write)
    const before = memory.objects.size
    for (const changed of [
      [...chunks, ...chunkRefs(3, 10)],
      chunks.toSpliced(20_000, 0, ...chunkRefs(4, 3)),
      chunks.toSpliced(123, 1),
      chunks.with(37_777, chunkRefs(5, 1)[0]!),
    ]) {
      const size = memory.objects.size
      const content = await buildContentMap(changed, memory.write)
      expect(memory.objects.size - size).toBeLessThanOrEqual(6)
      expect(await collect(walkMapNodes(memory.read, { content, bytes: sum(changed) }))).not.toHaveLength(0)
    }
    expect(before).toBeLessThan(45)
  })

  test('one repeated chunk makes no small nodes, whether its id cuts or not', async () => {
    for (const id of ['0000', 'ffff']) {
      const { read, write, objects } = createMemoryObjects()
      const chunk = { id: id.padEnd(64, '7') as ObjectId, bytes: 4096 }
      const chunks = Array.from({ length: 20_000 }, () => chunk)
      const content = await buildContentMap(chunks, write)
      const file = { content, bytes: sum(chunks) }
      expect((await collect(walkContentMap(read, file))).length).toBe(20_000)
      const nodes = await collect(walkMapNodes(read, file))
      for (const { level, items } of nodes) if (level === 0) expect(items.length).toBeLessThanOrEqual(MAX_MAP_ENTRIES)
      expect(nodes.length).toBeLessThanOrEqual(2 + 20_000 / MIN_MAP_ENTRIES)
      // Equal nodes are one object.
      expect(objects.size).toBeLessThanOrEqual(4)
    }
  })

  test('a range of a huge file reads one node per level', async () => {
    const { read, write } = createMemoryObjects()
    const chunks = chunkRefs(6, 30_000)
    const content = await buildContentMap(chunks, write)
    let reads = 0
    const counted: typeof read = (kind, id) => {
      reads++
      return read(kind, id)
    }
    const bytes = sum(chunks)
    await collect(walkContentMap(counted, { content, bytes }, { fromByte: bytes >> 1, toByte: (bytes >> 1) + 1 }))
    expect(reads).toBe(2)
  })

  test('skipped nodes are not read', async () => {
    const { read, write } = createMemoryObjects()
    const chunks = chunkRefs(7, 10_000)
    const content = (await buildContentMap(chunks, write)) as ContentRef
    const seen = await collect(walkMapNodes(read, { content, bytes: sum(chunks) }, { skip: (id) => id !== content.id }))
    expect(seen.map(({ id }) => id)).toEqual([content.id])
  })

  test('a map that lies about sizes, levels or cuts is refused', async () => {
    const { read, write } = createMemoryObjects()
    const chunks = chunkRefs(8, 600)
    const content = await buildContentMap(chunks, write)
    const total = sum(chunks)
    for (const bytes of [total - 1, total + 1, 2 ** 50])
      await expect(collect(walkContentMap(read, { content, bytes }))).rejects.toMatchObject(malformed)
    await expect(collect(walkContentMap(read, { content: null, bytes: 1 }))).rejects.toMatchObject(malformed)
    const one = { kind: 'chunk', id: chunks[0]!.id } as const
    await expect(collect(walkContentMap(read, { content: one, bytes: 2 ** 40 }))).rejects.toMatchObject(malformed)

    const leaf = async (items: ChunkRef[]) => ({
      id: await write('map', encodeMapNode({ level: 0, items })),
      bytes: sum(items),
    })
    const [a, b] = [await leaf(chunks.slice(0, 300)), await leaf(chunks.slice(300))]
    const early = await write('map', encodeMapNode({ level: 1, items: [a, b] }))
    await expect(
      collect(walkContentMap(read, { content: { kind: 'map', id: early }, bytes: total })),
    ).rejects.toMatchObject(malformed)
    const chain = await write('map', encodeMapNode({ level: 1, items: [a] }))
    await expect(
      collect(walkContentMap(read, { content: { kind: 'map', id: chain }, bytes: a.bytes })),
    ).rejects.toMatchObject(malformed)
    const high = await write('map', encodeMapNode({ level: 2, items: [a, b] }))
    await expect(
      collect(walkContentMap(read, { content: { kind: 'map', id: high }, bytes: total })),
    ).rejects.toMatchObject(malformed)
    // A node that contains itself cannot be made, but one that claims any level can: depth is bounded by it.
    expect(() => parseMapNode(encodeMapNode({ level: 5, items: [a, b] }))).toThrow(expect.objectContaining(malformed))
  })

  test('a node that goes on after a cut, is empty or too long is refused', () => {
    const cutting = { id: '0000'.padEnd(64, '7') as ObjectId, bytes: 1 }
    const plain = { id: 'ffff'.padEnd(64, '7') as ObjectId, bytes: 1 }
    const items = Array.from({ length: MIN_MAP_ENTRIES + 10 }, () => cutting)
    const refused = [
      items,
      [],
      Array.from({ length: MAX_MAP_ENTRIES + 1 }, () => plain),
      [{ ...plain, bytes: 0 }],
      [{ ...plain, bytes: 2 ** 23 }],
    ]
    for (const bad of refused)
      expect(() => parseMapNode(encodeMapNode({ level: 0, items: bad }))).toThrow(expect.objectContaining(malformed))
    expect(parseMapNode(encodeMapNode({ level: 0, items: items.slice(0, MIN_MAP_ENTRIES) })).items).toHaveLength(
      MIN_MAP_ENTRIES,
    )
  })

  test('chunk lengths outside the limits are refused when building', async () => {
    const { write } = createMemoryObjects()
    const [chunk] = chunkRefs(9, 1)
    for (const bytes of [0, -1, 1.5, 2 ** 23])
      await expect(buildContentMap([{ ...chunk!, bytes }], write)).rejects.toMatchObject(malformed)
  })
})
