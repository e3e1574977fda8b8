import { readFileSync } from 'node:fs'
import { zstdCompressSync } from 'node:zlib'
import * as arrow from 'apache-arrow'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, toHex, utf8 } from '../../src/base/bytes.ts'
import { FloeError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import {
  CODEC_STORED,
  CODEC_ZSTD,
  CODEC_ZSTD_GROUPED_2,
  CODEC_ZSTD_GROUPED_4,
  decodeFrame,
  encodeFrame,
  type FrameGrouping,
  groupBytes,
  ungroupBytes,
} from '../../src/objects/frame.ts'
import { type ObjectId, type ObjectKind, objectIdFor, objectIdFromBytes } from '../../src/objects/id.ts'
import { FRAME_RAW_BYTES, PACK_FOOTER_BYTES } from '../../src/objects/pack.ts'
import { encodePackFooter, parsePackFooter } from '../../src/objects/pack-footer.ts'
import { packIndexBytes } from '../../src/objects/pack-index.ts'
import { openPack, verifyPack, walkPack } from '../../src/objects/pack-reader.ts'
import { createPackWriter, type PackSummary, type PackWriterOptions } from '../../src/objects/pack-writer.ts'
import { bufferRangeReader } from '../../src/objects/reader.ts'

interface Item {
  kind: ObjectKind
  bytes: Uint8Array
  grouping?: FrameGrouping
}

async function writePack(
  kind: 'data' | 'meta',
  items: Iterable<Item>,
  options: Partial<PackWriterOptions> & { locator?: Uint8Array } = {},
): Promise<{ pack: Uint8Array; summary: PackSummary; ids: ObjectId[] }> {
  const pieces: Uint8Array[] = []
  const writer = createPackWriter({ kind, write: (piece) => void pieces.push(piece), ...options })
  const ids: ObjectId[] = []
  for (const { kind: objectKind, bytes, grouping } of items) {
    const id = objectIdFor(objectKind, bytes)
    ids.push(id)
    await writer.add(objectKind, id, bytes, { grouping })
  }
  const { locator } = options
  const summary = await writer.finish(locator ? { locator: () => [locator] } : {})
  return { pack: concatBytes(...pieces), summary, ids }
}

function randomItems(seed: number, count: number, maxBytes: number): Item[] {
  const rng = createRng(seed)
  return Array.from({ length: count }, () => {
    const bytes = rng.fill(new Uint8Array(1 + rng.below(maxBytes)))
    return { kind: 'chunk', bytes: rng.below(2) === 0 ? bytes : bytes.map((byte) => byte & 3) }
  })
}

const integrity = expect.objectContaining({ kind: 'integrity' })

describe('frames', () => {
  test('text, weights and noise each get the codec that pays', () => {
    const rng = createRng(1)
    const text = utf8('{"id": 17, "text": "the quick brown fox"}\n'.repeat(3000))
    expect(encodeFrame(text).codec).toBe(CODEC_ZSTD)
    const noise = rng.fill(new Uint8Array(300_000))
    expect(encodeFrame(noise)).toEqual({ codec: CODEC_STORED, stored: noise })
    // Normal numbers: the high bytes have few values, the low ones are noise.
    const floats = Float32Array.from(
      { length: 50_000 },
      () => rng.nextFloat() + rng.nextFloat() + rng.nextFloat() - 1.5,
    )
    const f32 = new Uint8Array(floats.buffer)
    const bf16 = f32.filter((_, i) => i % 4 >= 2)
    expect(encodeFrame(f32).codec).toBe(CODEC_ZSTD_GROUPED_4)
    expect(encodeFrame(bf16).codec).toBe(CODEC_ZSTD_GROUPED_2)
    expect(encodeFrame(bf16).stored.length).toBeLessThan(0.7 * bf16.length)
    expect(encodeFrame(bf16, { grouping: 1 }).codec).not.toBe(CODEC_ZSTD_GROUPED_2)
    for (const raw of [text, noise, f32, bf16, utf8('x')]) {
      const { codec, stored } = encodeFrame(raw)
      expect(Buffer.from(decodeFrame(codec, stored, raw.length)).equals(raw)).toBe(true)
    }
  })

  test('grouping and ungrouping are inverse at every length', () => {
    const bytes = createRng(2).fill(new Uint8Array(67))
    for (const width of [1, 2, 4] as const)
      for (let length = 0; length <= bytes.length; length++) {
        const part = bytes.subarray(0, length)
        expect(ungroupBytes(groupBytes(part, width), width)).toEqual(part)
      }
    expect(groupBytes(Uint8Array.of(1, 2, 3, 4, 5), 2)).toEqual(Uint8Array.of(1, 3, 2, 4, 5))
    const numbers = Uint8Array.from({ length: 40 }, (_, i) => 200 + i)
    for (const width of [2, 4] as const)
      for (let offset = 0; offset < 4; offset++) {
        const part = numbers.subarray(offset, offset + 31)
        const count = Math.floor(part.length / width)
        const expected = Array.from(part, (byte, i) =>
          i < count * width ? part[(i % count) * width + Math.floor(i / count)]! : byte,
        )
        expect([...groupBytes(part, width)]).toEqual(expected)
      }
  })

  test('a zstd bomb ends at the length that was promised', () => {
    const bomb = zstdCompressSync(new Uint8Array(64 * 1024 * 1024))
    const before = process.memoryUsage().rss
    for (const rawBytes of [1000, FRAME_RAW_BYTES])
      expect(() => decodeFrame(CODEC_ZSTD, bomb, rawBytes)).toThrow(integrity)
    expect(process.memoryUsage().rss - before).toBeLessThan(48 * 1024 * 1024)
    expect(() => decodeFrame(CODEC_ZSTD, bomb, 64 * 1024 * 1024)).toThrow(integrity)
    // A frame header that demands a window of 128 MiB, and one raw block of 100 bytes (RFC 8878 §3.1.1).
    const wide = concatBytes(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 17 << 3, 0x21, 3, 0), new Uint8Array(100))
    expect(() => decodeFrame(CODEC_ZSTD, wide, 100)).toThrow(integrity)
  })

  test('a frame that is shorter or longer than promised, or of an unknown codec, is refused', () => {
    const raw = utf8('a'.repeat(1000))
    const { codec, stored } = encodeFrame(raw)
    expect(() => decodeFrame(codec, stored, 999)).toThrow(integrity)
    expect(() => decodeFrame(codec, stored, 1001)).toThrow(integrity)
    expect(() => decodeFrame(codec, stored.subarray(0, -1), 1000)).toThrow(integrity)
    expect(() => decodeFrame(CODEC_STORED, stored, 1000)).toThrow(integrity)
    expect(() => decodeFrame(9, stored, 1000)).toThrow(integrity)
    expect(() => decodeFrame(codec, stored, 0)).toThrow(integrity)
  })
})

describe('packs', () => {
  test('give back every object, in pack order and by id', async () => {
    const items = randomItems(4, 300, 40_000)
    const { pack, summary, ids } = await writePack('data', items)
    expect(summary.bytes).toBe(pack.length)
    expect(Buffer.compare(summary.sha256, sha256(pack))).toBe(0)
    const reader = await openPack(bufferRangeReader(pack))
    for (const [i, id] of ids.entries())
      expect(Buffer.from(await reader.readObject('chunk', id)).equals(items[i]!.bytes)).toBe(true)
    const walked = []
    for await (const { id } of walkPack(bufferRangeReader(pack), reader.index)) walked.push(id)
    expect(walked).toEqual(ids)
    expect(await verifyPack(bufferRangeReader(pack))).toMatchObject({ kind: 'data', objects: 300 })
    await expect(reader.readObject('chunk', objectIdFor('chunk', utf8('absent')))).rejects.toMatchObject({
      code: 'OBJECT_MISSING',
    })
    await expect(reader.readObject('map', ids[0]!)).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
  })

  test('the same objects in the same order give the same bytes', async () => {
    const items = randomItems(5, 50, 100_000)
    const [a, b] = [await writePack('data', items), await writePack('data', items)]
    expect(Buffer.compare(a.pack, b.pack)).toBe(0)
  })

  test('an object that is added twice stands there once', async () => {
    const { summary } = await writePack('data', [
      { kind: 'chunk', bytes: utf8('a') },
      { kind: 'chunk', bytes: utf8('a') },
    ])
    expect(summary.index.objectCount).toBe(1)
  })

  test('objects above 1 MiB have frames of their own; a change of grouping starts a frame', async () => {
    const big = createRng(6).fill(new Uint8Array(FRAME_RAW_BYTES + 5))
    const items: Item[] = [
      { kind: 'chunk', bytes: utf8('small 1') },
      { kind: 'chunk', bytes: big },
      { kind: 'chunk', bytes: utf8('small 2') },
      { kind: 'chunk', bytes: utf8('small 3'), grouping: 2 },
    ]
    const { pack, summary } = await writePack('data', items)
    expect(summary.index.frameCount).toBe(4)
    expect(await verifyPack(bufferRangeReader(pack))).toMatchObject({ objects: 4 })
  })

  test('a pack never outgrows its limit, and says so before', async () => {
    const maxBytes = 300_000
    const pieces: Uint8Array[] = []
    const writer = createPackWriter({ kind: 'data', maxBytes, write: (piece) => void pieces.push(piece) })
    const rng = createRng(7)
    let added = 0
    for (;;) {
      const bytes = rng.fill(new Uint8Array(1 + rng.below(3000)))
      if (!writer.hasRoom(bytes.length)) {
        await expect(writer.add('chunk', objectIdFor('chunk', bytes), bytes)).rejects.toMatchObject({
          code: 'OBJECT_LIMIT',
        })
        break
      }
      await writer.add('chunk', objectIdFor('chunk', bytes), bytes)
      added++
    }
    const { bytes } = await writer.finish()
    expect(bytes).toBeLessThanOrEqual(maxBytes)
    expect(bytes).toBeGreaterThan(maxBytes * 0.95)
    expect(added).toBeGreaterThan(100)
  })

  test('a meta pack holds all kinds but chunks, and a locator segment', async () => {
    const locator = utf8('not parsed here')
    const items: Item[] = (['map', 'tree', 'commit', 'attachment'] as const).map((kind) => ({
      kind,
      bytes: utf8('same'),
    }))
    const { pack, summary } = await writePack('meta', items, { locator })
    expect(summary.index.objectCount).toBe(4)
    const reader = await openPack(bufferRangeReader(pack))
    expect(await reader.readLocator()).toEqual(locator)
    expect(Buffer.from(pack).subarray(summary.locatorOffset, summary.locatorOffset + summary.locatorBytes)).toEqual(
      Buffer.from(locator),
    )
    expect(await reader.readObject('tree', objectIdFor('tree', utf8('same')))).toEqual(utf8('same'))
    await expect(writePack('data', items)).rejects.toThrow(TypeError)
    await expect(writePack('meta', [{ kind: 'chunk', bytes: utf8('x') }])).rejects.toThrow(TypeError)
    await expect(writePack('meta', [])).rejects.toThrow(RangeError)
  })

  test('opening reads once where the index is small, and one object costs one more read', async () => {
    const { pack, ids } = await writePack('data', randomItems(8, 200, 20_000))
    const inner = bufferRangeReader(pack)
    let reads = 0
    const counted = {
      bytes: inner.bytes,
      read: (offset: number, length: number) => {
        reads++
        return inner.read(offset, length)
      },
    }
    const reader = await openPack(counted)
    expect(reads).toBe(1)
    await reader.readObject('chunk', ids[0]!)
    await reader.readObject('chunk', ids[1]!)
    expect(reads).toBe(2)
  })

  test('a file whose bytes are a tree node is never taken for the node', async () => {
    const node = utf8('floe.tree.v1\0pretend')
    const chunkId = objectIdFor('chunk', node)
    expect(chunkId).toBe(objectIdFor('tree', utf8('pretend')))
    const { pack } = await writePack('data', [{ kind: 'chunk', bytes: node }])
    const reader = await openPack(bufferRangeReader(pack))
    expect(reader.has('chunk', chunkId)).toBe(true)
    await expect(reader.readObject('tree', chunkId)).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
  })
})

/** The two tables of an index by apache-arrow: the other implementation. */
function arrowIndex(summary: PackSummary): Uint8Array {
  const { index } = summary
  const positions = Array.from({ length: index.objectCount }, (_, i) => i)
  const places = positions.map((i) => index.placeAt(i))
  const frames = Array.from({ length: index.frameCount }, (_, i) => index.frameAt(i))
  const codes: Record<string, number> = { chunk: 1, map: 2, tree: 3, commit: 4, attachment: 5 }
  const write = (columns: [string, arrow.DataType, arrow.Data['values']][], rows: number) => {
    const schema = new arrow.Schema(columns.map(([name, type]) => new arrow.Field(name, type, false)))
    const children = columns.map(([, type, data]) => arrow.makeData({ type, length: rows, data } as never))
    const struct = arrow.makeData({ type: new arrow.Struct(schema.fields), length: rows, children })
    return arrow.tableToIPC(new arrow.Table(schema, [new arrow.RecordBatch(schema, struct)]), 'stream')
  }
  return concatBytes(
    write(
      [
        ['kind', new arrow.Uint8(), Uint8Array.from(positions, (i) => codes[index.kindAt(i)]!)],
        ['id', new arrow.FixedSizeBinary(32), concatBytes(...positions.map((i) => index.idBytesAt(i)))],
        ['frame', new arrow.Uint32(), Uint32Array.from(positions, (i) => index.frameOf(i))],
        ['offset', new arrow.Uint32(), Uint32Array.from(places, ({ offset }) => offset)],
        ['length', new arrow.Uint32(), Uint32Array.from(places, ({ bytes }) => bytes)],
      ],
      positions.length,
    ),
    write(
      [
        ['offset', new arrow.Uint64(), BigUint64Array.from(frames, ({ frameOffset }) => BigInt(frameOffset))],
        ['stored', new arrow.Uint32(), Uint32Array.from(frames, ({ frameStoredBytes }) => frameStoredBytes)],
        ['raw', new arrow.Uint32(), Uint32Array.from(frames, ({ frameRawBytes }) => frameRawBytes)],
        ['codec', new arrow.Uint8(), Uint8Array.from(frames, ({ codec }) => codec)],
      ],
      frames.length,
    ),
  )
}

describe('the index', () => {
  test('is byte for byte what apache-arrow writes, at every count', async () => {
    for (const count of [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 100, 700]) {
      const { summary } = await writePack('data', randomItems(count, count, 9000))
      expect(Buffer.compare(summary.index.encode(), arrowIndex(summary))).toBe(0)
      expect(summary.index.encode().length).toBe(packIndexBytes(summary.index.objectCount, summary.index.frameCount))
    }
  })

  test('is read back by apache-arrow', async () => {
    const { summary } = await writePack('data', randomItems(9, 20, 9000))
    const encoded = summary.index.encode()
    const objectsEnd = 320 + 336 + 24 + 32 * 20 + 3 * 4 * 20 + 8
    const objects = arrow.tableFromIPC(encoded.subarray(0, objectsEnd))
    const frames = arrow.tableFromIPC(encoded.subarray(objectsEnd))
    expect([objects.numRows, frames.numRows]).toEqual([20, summary.index.frameCount])
    expect(objectIdFromBytes(objects.get(3)!.toJSON().id as Uint8Array)).toBe(summary.index.idAt(3))
  })
})

/** A pack like `pack` with another index under a footer that fits it. */
function withIndex(pack: Uint8Array, summary: PackSummary, change: (index: Uint8Array) => void): Uint8Array {
  const footer = parsePackFooter(pack.subarray(-PACK_FOOTER_BYTES), pack.length)
  const index = summary.index.encode().slice()
  change(index)
  const forged = encodePackFooter({ ...footer, indexHash: sha256(index) })
  return concatBytes(pack.subarray(0, footer.indexOffset), index, forged)
}

describe('lying packs are refused', () => {
  const corrupt = expect.objectContaining({ code: 'PACK_CORRUPT', kind: 'integrity' })
  const OBJECTS_BODY = 320 + 336
  const count = 20
  const columns = { kind: OBJECTS_BODY, id: OBJECTS_BODY + 24, frame: OBJECTS_BODY + 24 + 32 * count }
  const offsets = columns.frame + 4 * count
  const lengths = offsets + 4 * count
  const framesBody = lengths + 4 * count + 8 + 272 + 288

  test('an index with unsorted, equal, overlapping or outlying records', async () => {
    const { pack, summary } = await writePack('data', randomItems(10, count, 9000))
    const lies: Record<string, (view: DataView, index: Uint8Array) => void> = {
      'kind 3 in a data pack': (view) => view.setUint8(columns.kind + count - 1, 3),
      'kind 0': (view) => view.setUint8(columns.kind, 0),
      'ids swapped': (_, index) => {
        const first = index.slice(columns.id, columns.id + 32)
        index.copyWithin(columns.id, columns.id + 32, columns.id + 64)
        index.set(first, columns.id + 32)
      },
      'ids equal': (_, index) => index.copyWithin(columns.id, columns.id + 32, columns.id + 64),
      'a frame that is not there': (view) => view.setUint32(columns.frame, 1, true),
      'records that overlap': (view) => view.setUint32(offsets, view.getUint32(offsets + 4, true), true),
      'a record over all others': (view) => {
        let first = 0
        while (view.getUint32(offsets + 4 * first, true) > 0) first++
        view.setUint32(lengths + 4 * first, view.getUint32(framesBody + 16, true), true)
      },
      'an offset behind the frame': (view) => view.setUint32(offsets, 2 ** 31, true),
      'an offset near 2^32': (view) => view.setUint32(offsets, 2 ** 32 - 1, true),
      'a length of zero': (view) => view.setUint32(lengths, 0, true),
      'a length above the limit': (view) => view.setUint32(lengths, 2 ** 32 - 1, true),
      'a length one less': (view) => view.setUint32(lengths, view.getUint32(lengths, true) - 1, true),
      'a frame elsewhere': (view) => view.setBigUint64(framesBody, 65n, true),
      'a frame longer than it is': (view) => view.setUint32(framesBody + 8, 2 ** 31, true),
      'a frame of 4 GiB raw': (view) => view.setUint32(framesBody + 16, 2 ** 32 - 1, true),
      'a codec that is not': (view) => view.setUint8(framesBody + 24, 7),
    }
    await openPack(bufferRangeReader(withIndex(pack, summary, () => {})))
    for (const [name, lie] of Object.entries(lies)) {
      const forged = withIndex(pack, summary, (index) => lie(new DataView(index.buffer, index.byteOffset), index))
      await expect(openPack(bufferRangeReader(forged)), name).rejects.toEqual(corrupt)
    }
  })

  test('an index whose kinds are not sorted', async () => {
    const items = [{ kind: 'tree', bytes: utf8('t') } as const, { kind: 'commit', bytes: utf8('c') } as const]
    const { pack, summary } = await writePack('meta', items)
    const forged = withIndex(pack, summary, (index) => index.set([4, 3], columns.kind))
    await expect(openPack(bufferRangeReader(forged))).rejects.toEqual(corrupt)
  })

  test('an index in another Arrow layout', async () => {
    const { pack, summary } = await writePack('data', randomItems(10, count, 9000))
    for (let at = 0; at < OBJECTS_BODY; at += 7) {
      const forged = withIndex(pack, summary, (index) => {
        index[at]! ^= 0x10
      })
      await expect(openPack(bufferRangeReader(forged)), `byte ${at}`).rejects.toEqual(corrupt)
    }
  })

  test('an index whose ids are not those of the objects', async () => {
    const { pack, summary } = await writePack('data', randomItems(10, count, 9000))
    const forged = withIndex(pack, summary, (index) => {
      index[columns.id + 31]! ^= 1
    })
    const reader = await openPack(bufferRangeReader(forged))
    await expect(reader.readObject('chunk', reader.index.idAt(0))).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' })
    await expect(verifyPack(bufferRangeReader(forged))).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' })
  })

  test('every footer that says something else', async () => {
    const { pack } = await writePack('meta', [{ kind: 'tree', bytes: utf8('t') }], { locator: utf8('l') })
    const footer = parsePackFooter(pack.subarray(-PACK_FOOTER_BYTES), pack.length)
    const lies: Partial<typeof footer>[] = [
      { kind: 'data' },
      { indexOffset: footer.indexOffset - 1 },
      { indexBytes: footer.indexBytes + 1 },
      { indexOffset: 0, indexBytes: pack.length },
      { objectCount: 0 },
      { objectCount: 0xffffffff },
      { frameCount: 2 },
      { rawBytes: 2 },
      { locatorOffset: 0, locatorBytes: 0 },
      { locatorOffset: footer.locatorOffset + 1, locatorBytes: 0 },
      { locatorBytes: 2 },
      { indexHash: new Uint8Array(32) },
    ]
    for (const lie of lies) {
      const forged = concatBytes(pack.subarray(0, -PACK_FOOTER_BYTES), encodePackFooter({ ...footer, ...lie }))
      await expect(openPack(bufferRangeReader(forged)), JSON.stringify(lie)).rejects.toEqual(corrupt)
    }
  })

  test('a bomb inside a pack', async () => {
    const raw = new Uint8Array(FRAME_RAW_BYTES)
    const { pack, summary } = await writePack('data', [{ kind: 'chunk', bytes: raw }])
    const bomb = zstdCompressSync(new Uint8Array(256 * 1024 * 1024))
    const place = summary.index.placeAt(0)
    // Same stored length: the bomb is cut or padded, and promises far more than the index allows.
    const forged = pack.slice()
    forged.set(bomb.subarray(0, place.frameStoredBytes), place.frameOffset)
    const reader = await openPack(bufferRangeReader(forged))
    await expect(reader.readObject('chunk', reader.index.idAt(0))).rejects.toEqual(corrupt)
  })

  test('truncated, extended, empty', async () => {
    const { pack } = await writePack('data', randomItems(11, 5, 5000))
    for (const length of [0, 1, 63, 64, 127, 128, 200, pack.length - 1])
      await expect(openPack(bufferRangeReader(pack.subarray(0, length)))).rejects.toEqual(corrupt)
    await expect(openPack(bufferRangeReader(concatBytes(pack, utf8('x'))))).rejects.toEqual(corrupt)
    await expect(openPack(bufferRangeReader(concatBytes(utf8('x'), pack)))).rejects.toEqual(corrupt)
    await expect(openPack({ bytes: 2 ** 40, read: async (_, length) => new Uint8Array(length) })).rejects.toEqual(
      corrupt,
    )
  })

  test('any change of any byte is found by a full check, as an integrity error and nothing else', async () => {
    const { pack, ids } = await writePack('data', [
      { kind: 'chunk', bytes: utf8('text '.repeat(200)) },
      { kind: 'chunk', bytes: createRng(12).fill(new Uint8Array(300)) },
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(pack.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const mutated = pack.slice()
          for (const [at, mask] of changes) mutated[at]! ^= mask
          if (Buffer.compare(mutated, pack) === 0) return
          try {
            await verifyPack(bufferRangeReader(mutated))
            // A zstd frame may decode to the same bytes after a change of what it ignores.
            const reader = await openPack(bufferRangeReader(mutated))
            for (const id of ids) await reader.readObject('chunk', id)
          } catch (error) {
            expect(error).toBeInstanceOf(FloeError)
            expect(error).toEqual(integrity)
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})

test('nothing here needs DuckDB: it is for the interop tests alone', () => {
  const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(Object.keys(dependencies).filter((name) => /duckdb/.test(name))).toEqual([])
})

test('frames compressed aside make one and the same pack each time, as full as in place once room is exact', async () => {
  const rng = createRng(77)
  const build = async (framesAside: number | (() => number)) => {
    const pieces: Uint8Array[] = []
    const write = (piece: Uint8Array) => void pieces.push(piece.slice())
    const writer = createPackWriter({ kind: 'data', maxBytes: 8 << 20, framesAside, write })
    for (const object of objects) {
      if (!writer.hasRoom(object.length)) await writer.drain()
      if (!writer.hasRoom(object.length)) break
      await writer.append('chunk', objectIdFor('chunk', object), object)
    }
    const { sha256: hash } = await writer.finish()
    const pack = concatBytes(...pieces)
    const reader = bufferRangeReader(pack)
    return { hash: toHex(hash), written: toHex(sha256(pack)), objects: (await verifyPack(reader)).objects }
  }
  const objects = Array.from({ length: 300 }, (_, i) =>
    i % 3 === 0
      ? rng.fill(new Uint8Array(90_000))
      : utf8(`${i}: a line of text, again and again. `.repeat(i === 100 ? 40_000 : 1500)),
  )
  const inPlace = await build(0)
  const aside = await build(3)
  expect(inPlace.objects).toBeLessThan(300)
  expect(aside.objects).toBe(inPlace.objects)
  expect(aside.written).toBe(aside.hash)
  expect(await build(3)).toEqual(aside)
  let frame = 0
  const mixed = await build(() => (frame++ % 3 === 2 ? 0 : 2))
  expect(mixed.objects).toBe(inPlace.objects)
  expect(mixed.written).toBe(mixed.hash)
})
