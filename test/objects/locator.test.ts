import { beforeAll, describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import { FloeError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { encodeCommit, parseCommit } from '../../src/objects/commit.ts'
import { walkContentMap } from '../../src/objects/content-map.ts'
import { type ObjectId, objectIdFor } from '../../src/objects/id.ts'
import {
  createLocator,
  createObjectReader,
  indexSource,
  type LocatorSegment,
  MAX_LIVE_SEGMENTS,
  mergeSegments,
  nameAll,
  openLocatorSegment,
  planMerge,
  type SegmentRef,
  type SegmentSource,
} from '../../src/objects/locator.ts'
import { RECORD_BYTES } from '../../src/objects/locator-record.ts'
import { SEGMENT_TRAILER_BYTES } from '../../src/objects/locator-segment.ts'
import { openPack } from '../../src/objects/pack-reader.ts'
import { createPackWriter, type PackSummary } from '../../src/objects/pack-writer.ts'
import { bufferRangeReader, createMemoryObjects, type RangeReader } from '../../src/objects/reader.ts'
import { withTail } from '../../src/objects/tail-reader.ts'
import { buildTree, comparePaths, findEntry, type TreeEntry, updateTree } from '../../src/objects/tree.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return concatBytes(...all)
}

async function dataPack(
  contents: readonly Uint8Array[],
): Promise<{ bytes: Uint8Array; summary: PackSummary; blobId: Uint8Array }> {
  const pieces: Uint8Array[] = []
  const writer = createPackWriter({ kind: 'data', write: (piece) => void pieces.push(piece) })
  for (const content of contents) await writer.add('chunk', objectIdFor('chunk', content), content)
  const summary = await writer.finish()
  return { bytes: concatBytes(...pieces), summary, blobId: summary.sha256 }
}

function noise(seed: number, count: number): Uint8Array[] {
  const rng = createRng(seed)
  return Array.from({ length: count }, () => rng.fill(new Uint8Array(20)))
}

const CONTAINER = sha256(utf8('container'))

async function openBytes(
  segment: Uint8Array,
  options: { wholeBytes?: number } = {},
): Promise<LocatorSegment & { reads(): number }> {
  const inner = bufferRangeReader(segment)
  let reads = 0
  const reader: RangeReader = {
    bytes: segment.length,
    read: (offset, length) => {
      reads++
      return inner.read(offset, length)
    },
  }
  const ref = { blobId: CONTAINER, offset: 0, bytes: segment.length }
  const opened = await openLocatorSegment(reader, ref, options)
  return Object.assign(opened, { reads: () => reads })
}

describe('segments', () => {
  test('find every object and nothing else, read whole or by bucket', async () => {
    const contents = noise(1, 3000)
    const packs = await Promise.all(
      [contents.slice(0, 1000), contents.slice(1000, 1100), contents.slice(1100)].map(dataPack),
    )
    const sources = packs.map(({ summary, blobId }, i) => indexSource(summary.index, i === 0 ? null : blobId))
    const bytes = await collect(mergeSegments(sources))
    for (const options of [{}, { wholeBytes: 0 }]) {
      const segment = await openBytes(bytes, options)
      expect(segment.entries).toBe(3000)
      for (const [i, content] of contents.entries()) {
        if (i % 17) continue
        const id = objectIdFor('chunk', content)
        const pack = i < 1000 ? 0 : i < 1100 ? 1 : 2
        const position = packs[pack]!.summary.index.find('chunk', id)
        const blobId = pack === 0 ? CONTAINER : packs[pack]!.blobId
        expect(await segment.find('chunk', id)).toEqual([{ blobId, ...packs[pack]!.summary.index.placeAt(position) }])
        expect(await segment.mayHave('chunk', id)).toBe(true)
        expect(await segment.find('tree', id)).toEqual([])
      }
      for (const content of noise(2, 100))
        expect(await segment.find('chunk', objectIdFor('chunk', content))).toEqual([])
    }
  })

  test('a lookup is one read once the segment is open, and opening is one read', async () => {
    const { summary } = await dataPack(noise(3, 20_000))
    const segment = await openBytes(await collect(mergeSegments([indexSource(summary.index, null)])), { wholeBytes: 0 })
    expect(segment.reads()).toBe(1)
    expect(await segment.find('chunk', summary.index.idAt(12_345))).toHaveLength(1)
    expect(segment.reads()).toBe(2)
  })

  test('the filter says no for nearly all that is absent, without a read', async () => {
    const { summary } = await dataPack(noise(4, 5000))
    const segment = await openBytes(await collect(mergeSegments([indexSource(summary.index, null)])), { wholeBytes: 0 })
    let maybe = 0
    for (const content of noise(5, 2000)) if (await segment.mayHave('chunk', objectIdFor('chunk', content))) maybe++
    expect(maybe).toBeLessThan(80)
    expect(segment.reads()).toBe(1)
  })

  test('merging in steps gives the bytes of merging at once, and drops packs that are gone', async () => {
    const packs = await Promise.all([1, 2, 3, 4].map((i) => dataPack(noise(10 + i, 300))))
    const source = (i: number): SegmentSource => indexSource(packs[i]!.summary.index, packs[i]!.blobId)
    const first = await openBytes(await collect(mergeSegments([source(0), source(1)])))
    const second = await openBytes(await collect(mergeSegments([source(2), source(3), first])), { wholeBytes: 0 })
    expect(second.entries).toBe(1200)
    const again = await openBytes(await collect(mergeSegments([second])))
    const id = packs[0]!.summary.index.idAt(7)
    expect(await again.find('chunk', id)).toEqual(await first.find('chunk', id))
    const gone = packs[1]!.blobId
    const isLive = (blobId: Uint8Array) => Buffer.compare(blobId, gone) !== 0
    const fewer = await openBytes(await collect(mergeSegments([again], { isLive })))
    expect(fewer.entries).toBe(900)
    expect(fewer.packs).toHaveLength(4)
    expect(await fewer.find('chunk', packs[1]!.summary.index.idAt(0))).toEqual([])
    expect(await collect(mergeSegments([first], { isLive: () => false }))).toHaveLength(0)
  })

  test('several places of one object are kept, the oldest first in line to stay', async () => {
    const content = noise(20, 1)
    const packs = await Promise.all(Array.from({ length: 12 }, (_, i) => dataPack([...content, ...noise(100 + i, 1)])))
    const sources = packs.map(({ summary, blobId }) => indexSource(summary.index, blobId))
    const segment = await openBytes(await collect(mergeSegments(sources)))
    const found = await segment.find('chunk', objectIdFor('chunk', content[0]!))
    expect(found).toHaveLength(8)
    const ids = found.map(({ blobId }) => Buffer.from(blobId).toString('hex'))
    expect(ids).toContain(Buffer.from(packs.at(-1)!.blobId).toString('hex'))
    expect(ids).not.toContain(Buffer.from(packs[0]!.blobId).toString('hex'))
    // The same place named twice is one place.
    const twice = await openBytes(await collect(mergeSegments([sources[0]!, sources[0]!])))
    expect(twice.entries).toBe(2)
  })

  test('changed bytes are refused as corrupt, or change nothing that is read', async () => {
    const { summary } = await dataPack(noise(6, 600))
    const bytes = await collect(mergeSegments([indexSource(summary.index, null)]))
    const rng = createRng(7)
    for (let round = 0; round < 300; round++) {
      const mutated = bytes.slice()
      for (let n = 1 + rng.below(3); n > 0; n--) mutated[rng.below(mutated.length)]! ^= 1 + rng.below(255)
      if (round % 4 === 0) mutated.fill(rng.below(256), rng.below(mutated.length))
      await expect(openBytes(mutated)).rejects.toMatchObject({ code: 'LOCATOR_CORRUPT', kind: 'integrity' })
      try {
        const segment = await openBytes(mutated, { wholeBytes: 0 })
        for (let i = 0; i < 600; i += 50) await segment.find('chunk', summary.index.idAt(i))
        for await (const _ of segment.records());
        expect.unreachable('a change went unseen')
      } catch (error) {
        expect(error).toBeInstanceOf(FloeError)
        expect(error).toMatchObject({ code: 'LOCATOR_CORRUPT', kind: 'integrity' })
      }
    }
    for (const length of [0, 63, SEGMENT_TRAILER_BYTES, RECORD_BYTES * 3, bytes.length - 1])
      await expect(openBytes(bytes.subarray(bytes.length - length))).rejects.toMatchObject({ code: 'LOCATOR_CORRUPT' })
  })

  test('a trailer that promises more than there is costs no memory', async () => {
    const trailer = new Uint8Array(SEGMENT_TRAILER_BYTES)
    trailer.set(utf8('FLOELOCA'))
    trailer[8] = 1
    trailer.fill(0xff, 12, 24)
    await expect(openBytes(trailer)).rejects.toMatchObject({ code: 'LOCATOR_CORRUPT' })
    trailer.set(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0), 12)
    trailer[10] = 33
    await expect(openBytes(trailer)).rejects.toMatchObject({ code: 'LOCATOR_CORRUPT' })
  })
})

describe('a segment that others may have taken in', () => {
  const sourcesOf = async (...seeds: number[]) =>
    (await Promise.all(seeds.map((seed) => dataPack(noise(seed, 700))))).map(({ summary, blobId }) =>
      indexSource(summary.index, blobId),
    )
  const segmentOf = async (sources: readonly SegmentSource[]) => openBytes(await collect(mergeSegments(sources)))

  test('is named by what was merged from it, in one piece or several, and by nothing less', async () => {
    const [a, b, c] = await sourcesOf(31, 32, 33)
    const own = await segmentOf([a!, b!])
    expect(await nameAll([await segmentOf([c!, own])], own)).toBe(true)
    expect(await nameAll([await segmentOf([a!, c!]), await segmentOf([b!])], own)).toBe(true)
    expect(await nameAll([await segmentOf([a!, c!])], own)).toBe(false)
    expect(await nameAll([], own)).toBe(false)
  })

  test('is not named by the same objects at other places, unless its own are gone', async () => {
    const { summary, blobId } = await dataPack(noise(34, 50))
    const own = await segmentOf([indexSource(summary.index, blobId)])
    const elsewhere = sha256(utf8('elsewhere'))
    const other = await segmentOf([indexSource(summary.index, elsewhere)])
    expect(await nameAll([other], own)).toBe(false)
    expect(await nameAll([other], own, { isLive: (id) => hex(id) === hex(elsewhere) })).toBe(true)
    // Beside bad places, the good one is among them.
    const places = Array.from({ length: 3 }, (_, i) => indexSource(summary.index, sha256(utf8(`bad ${i}`))))
    expect(await nameAll([await segmentOf([...places, indexSource(summary.index, blobId)])], own)).toBe(true)
  })

  test('is not taken for named where the other one is damaged behind it', async () => {
    const [a, b] = await sourcesOf(35, 36)
    const own = await segmentOf([a!])
    const bytes = await collect(mergeSegments([a!, b!]))
    bytes[1399 * RECORD_BYTES + 40]! ^= 1
    const damaged = await openBytes(bytes, { wholeBytes: 0 })
    await expect(nameAll([damaged], own)).rejects.toMatchObject({ code: 'LOCATOR_CORRUPT' })
  })
})

describe('merging over many pushes', () => {
  test('keeps at most three segments and rewrites little', () => {
    let live: number[] = []
    let rewritten = 0
    const added = 50
    for (let push = 0; push < 5000; push++) {
      const count = planMerge(live, added)
      const swallowed = live.slice(0, count).reduce((sum, entries) => sum + entries, 0)
      rewritten += swallowed
      live = [added + swallowed, ...live.slice(count)]
      expect(live.length).toBeLessThanOrEqual(MAX_LIVE_SEGMENTS)
    }
    expect(live.reduce((sum, entries) => sum + entries, 0)).toBe(5000 * added)
    // On average a push rewrites this many entries of 64 bytes, at 250,000 in all.
    expect(rewritten / 5000).toBeLessThan(4000)
  })
})

/** A repository of many pushes, each a data pack and a meta pack, as a network would hold it. */
interface World {
  blobs: Map<string, Uint8Array>
  /** What the last push record names. */
  tip: { commit: ObjectId; live: SegmentRef[] }
  files: Map<string, Uint8Array>
}

async function manyPushes(pushes: number): Promise<World> {
  const rng = createRng(42)
  const memory = createMemoryObjects()
  const blobs = new Map<string, Uint8Array>()
  const files = new Map<string, Uint8Array>()
  let live: { ref: SegmentRef; segment: LocatorSegment }[] = []
  let commit: ObjectId | undefined
  let root = await buildTree([], memory.write)
  // Past the number asked for it goes on until as many segments are live as ever are: the worst case for a reader.
  for (let push = 0; push < pushes || (live.length < MAX_LIVE_SEGMENTS && push < 2 * pushes); push++) {
    const changed = new Map<string, TreeEntry>()
    const data: Uint8Array[] = []
    for (let n = push === 0 ? 1500 : 3; n > 0; n--) {
      const path = `class-${rng.below(50)}/image-${rng.below(20_000)}.jpg`
      const content = rng.fill(new Uint8Array(40))
      const fileId = objectIdFor('chunk', content)
      files.set(path, content)
      const ref = { kind: 'chunk', id: fileId } as const
      changed.set(path, { path, kind: 'file', executable: false, bytes: 40, fileId, content: ref })
      data.push(content)
    }
    const changes = [...changed.values()].sort((a, b) => comparePaths(a.path, b.path))
    const nodes: { id: ObjectId; bytes: Uint8Array }[] = []
    root = await updateTree(
      memory.read,
      async (kind, bytes) => {
        const id = await memory.write(kind, bytes)
        nodes.push({ id, bytes })
        return id
      },
      root,
      changes.map((entry) => ({ path: entry.path, entry })),
    )
    const encoded = encodeCommit({
      tree: root,
      parents: commit ? [commit] : [],
      author: { name: 'a', email: 'a@b' },
      timeMs: push,
      message: `push ${push}`,
      profile: 1,
      attachments: new Map(),
    })
    commit = objectIdFor('commit', encoded)
    const chunks = await dataPack(data)
    blobs.set(hex(chunks.blobId), chunks.bytes)
    const pieces: Uint8Array[] = []
    const writer = createPackWriter({ kind: 'meta', write: (piece) => void pieces.push(piece) })
    for (const { id, bytes } of nodes) await writer.add('tree', id, bytes)
    await writer.add('commit', commit, encoded)
    const count = planMerge(
      live.map(({ segment }) => segment.entries),
      data.length + writer.objectCount,
    )
    const swallowed = live.slice(0, count).map(({ segment }) => segment)
    const summary = await writer.finish({
      locator: (index) =>
        mergeSegments([indexSource(index, null), indexSource(chunks.summary.index, chunks.blobId), ...swallowed]),
    })
    const meta = concatBytes(...pieces)
    blobs.set(hex(summary.sha256), meta)
    const ref = { blobId: summary.sha256, offset: summary.locatorOffset, bytes: summary.locatorBytes }
    live = [{ ref, segment: await openLocatorSegment(bufferRangeReader(meta), ref) }, ...live.slice(count)]
  }
  return { blobs, files, tip: { commit: commit!, live: live.map(({ ref }) => ref) } }
}

/** A client that knows nothing but the push record. */
function freshClient(world: World, options: { wholeBytes?: number } = {}) {
  let reads = 0
  const open = (blobId: Uint8Array): RangeReader => {
    const bytes = world.blobs.get(hex(blobId))
    if (!bytes) throw new FloeError('network', 'BLOB_GONE', 'the blob is gone')
    const inner = bufferRangeReader(bytes)
    const counted: RangeReader = {
      bytes: inner.bytes,
      read: (offset, length) => {
        reads++
        return inner.read(offset, length)
      },
    }
    return counted
  }
  const tipPack = withTail(open(world.tip.live[0]!.blobId))
  const openBlob = (blobId: Uint8Array) =>
    Buffer.compare(blobId, world.tip.live[0]!.blobId) === 0 ? tipPack : open(blobId)
  const locator = createLocator(
    world.tip.live.map((ref) => () => openLocatorSegment(openBlob(ref.blobId), ref, options)),
  )
  return { read: createObjectReader({ locator, openPack: openBlob }), reads: () => reads }
}

describe('a fresh client among 2,000 packs', () => {
  let world: World
  beforeAll(async () => {
    world = await manyPushes(1000)
  })

  async function readFile(client: ReturnType<typeof freshClient>, path: string): Promise<Uint8Array> {
    const commit = parseCommit(await client.read('commit', world.tip.commit))
    const entry = await findEntry(client.read, commit.tree, path)
    const parts: Uint8Array[] = []
    for await (const { id } of walkContentMap(client.read, entry!)) parts.push(await client.read('chunk', id))
    return concatBytes(...parts)
  }

  test('finds one file with fewer than ten range reads', async () => {
    expect(world.blobs.size).toBeGreaterThanOrEqual(2000)
    expect(world.tip.live).toHaveLength(MAX_LIVE_SEGMENTS)
    const paths = [...world.files.keys()]
    for (const options of [{}, { wholeBytes: 0 }]) {
      let most = 0
      for (let i = 0; i < paths.length; i += 89) {
        const client = freshClient(world, options)
        expect(Buffer.compare(await readFile(client, paths[i]!), world.files.get(paths[i]!)!)).toBe(0)
        most = Math.max(most, client.reads())
      }
      expect(most).toBeLessThan(10)
    }
  })

  test('a second file costs fewer reads, and readers of one frame share one read', async () => {
    const client = freshClient(world)
    const [first, second] = [...world.files.keys()]
    await readFile(client, first!)
    const before = client.reads()
    await readFile(client, second!)
    expect(client.reads() - before).toBeLessThanOrEqual(4)
    const fresh = freshClient(world)
    await Promise.all(Array.from({ length: 20 }, () => fresh.read('commit', world.tip.commit)))
    expect(fresh.reads()).toBe(1)
  })

  test('an absent object is missing, not corrupt', async () => {
    const client = freshClient(world)
    await expect(client.read('chunk', objectIdFor('chunk', utf8('absent')))).rejects.toMatchObject({
      code: 'OBJECT_MISSING',
    })
    await expect(client.read('tree', world.tip.commit)).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
  })

  test('a pack that is gone is a network error, not a wrong answer', async () => {
    const [path, content] = [...world.files].at(-1)!
    const id = objectIdFor('chunk', content)
    expect(Buffer.compare(await readFile(freshClient(world), path), content)).toBe(0)
    const client = freshClient({
      ...world,
      blobs: new Map([[hex(world.tip.live[0]!.blobId), world.blobs.get(hex(world.tip.live[0]!.blobId))!]]),
    })
    await expect(client.read('chunk', id)).rejects.toMatchObject({ code: 'BLOB_GONE', kind: 'network' })
  })
})

describe('entries that lie', () => {
  test('other packs with the id are tried, and the honest bytes are returned', async () => {
    const honest = await dataPack([utf8('the truth'), utf8('more')])
    const liar = await dataPack([utf8('a lie !!!'), utf8('else')])
    const id = objectIdFor('chunk', utf8('the truth'))
    const lieAt = liar.summary.index.placeAt(liar.summary.index.find('chunk', objectIdFor('chunk', utf8('a lie !!!'))))
    // The liar's segment says that the object is in its pack, once at a wrong place and once behind the end.
    const forge = (overrides: object): LocatorSegment => ({
      ref: { blobId: CONTAINER, offset: 0, bytes: 0 },
      packs: [],
      entries: 1,
      records: () => [],
      mayHave: async () => true,
      find: async () => [{ blobId: liar.blobId, ...lieAt, ...overrides }],
    })
    const good = await openBytes(await collect(mergeSegments([indexSource(honest.summary.index, honest.blobId)])))
    const packs = new Map([honest, liar].map(({ blobId, bytes }) => [hex(blobId), bytes]))
    const openBlob = (blobId: Uint8Array) => bufferRangeReader(packs.get(hex(blobId))!)
    const lies = [
      {},
      { frameOffset: 10 ** 8 },
      { codec: 1 },
      { offset: 4000 },
      { bytes: 4 },
      { frameStoredBytes: 3, codec: 3 },
    ]
    const segments = [...lies.map(forge), good].map((segment) => async () => segment)
    const read = createObjectReader({ locator: createLocator(segments), openPack: openBlob })
    expect(await read('chunk', id)).toEqual(utf8('the truth'))
    const onlyLies = createObjectReader({ locator: createLocator(segments.slice(0, -1)), openPack: openBlob })
    await expect(onlyLies('chunk', id)).rejects.toMatchObject({ code: 'OBJECT_CORRUPT', kind: 'integrity' })
  })

  test('a segment that is corrupt does not hide what another one has', async () => {
    const { summary, bytes, blobId } = await dataPack([utf8('here')])
    const segment = await collect(mergeSegments([indexSource(summary.index, blobId)]))
    const broken = segment.with(3, 0xff)
    const openBlob = () => bufferRangeReader(bytes)
    const locator = createLocator([() => openBytes(broken), () => openBytes(segment)])
    const read = createObjectReader({ locator, openPack: openBlob })
    expect(await read('chunk', objectIdFor('chunk', utf8('here')))).toEqual(utf8('here'))
    await expect(read('chunk', objectIdFor('chunk', utf8('gone')))).rejects.toMatchObject({ code: 'LOCATOR_CORRUPT' })
  })

  test('a segment stands in its pack where the footer says', async () => {
    const pieces: Uint8Array[] = []
    const writer = createPackWriter({ kind: 'meta', write: (piece) => void pieces.push(piece) })
    await writer.add('attachment', objectIdFor('attachment', utf8('statement')), utf8('statement'))
    const summary = await writer.finish({ locator: (index) => mergeSegments([indexSource(index, null)]) })
    const pack = bufferRangeReader(concatBytes(...pieces))
    const { footer } = await openPack(pack)
    const ref = { blobId: summary.sha256, offset: footer.locatorOffset, bytes: footer.locatorBytes }
    const segment = await openLocatorSegment(pack, ref)
    const found = await segment.find('attachment', objectIdFor('attachment', utf8('statement')))
    expect(found).toEqual([{ blobId: summary.sha256, ...summary.index.placeAt(0) }])
  })
})
