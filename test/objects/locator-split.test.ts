import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { type ObjectId, objectIdFor, objectKey } from '../../src/objects/id.ts'
import {
  indexSource,
  type LocatorSegment,
  mergeSegments,
  openLocatorSegment,
  segmentBytes,
  splitSegments,
} from '../../src/objects/locator.ts'
import type { PackIndex } from '../../src/objects/pack-index.ts'
import { createPackWriter } from '../../src/objects/pack-writer.ts'
import { bufferRangeReader } from '../../src/objects/reader.ts'

async function indexOf(contents: readonly string[], kind: 'chunk' | 'attachment' = 'chunk'): Promise<PackIndex> {
  const writer = createPackWriter({ kind: kind === 'chunk' ? 'data' : 'meta', write: () => undefined })
  for (const text of contents) await writer.add(kind, objectIdFor(kind, utf8(text)), utf8(text))
  return (await writer.finish()).index
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(Uint8Array.from(piece))
  return concatBytes(...all)
}

const blob = (number: number) => new Uint8Array(32).fill(number)
const container = (number: number) => blob(200 + number)
const open = (bytes: Uint8Array, number: number): Promise<LocatorSegment> =>
  openLocatorSegment(bufferRangeReader(bytes), { blobId: container(number), offset: 0, bytes: bytes.length })

describe('a locator in parts', () => {
  it('names every place that it would name in one piece, in parts within the limit, and what stands beside them', async () => {
    const rng = createRng(5)
    const texts = Array.from({ length: 3_000 }, () => `object ${rng.below(2_500)}`)
    const packs = await Promise.all([0, 1, 2].map((at) => indexOf(texts.slice(1000 * at, 1000 * (at + 1)))))
    const sources = packs.map((index, at) => indexSource(index, blob(at + 1)))
    const beside = await indexOf(['beside'], 'attachment')
    for (const maxBytes of [segmentBytes(700, 4), segmentBytes(9, 5), 10_000_000]) {
      const whole = await open(await collect(mergeSegments(sources)), 0)
      const split = await splitSegments(sources)
      const parts: LocatorSegment[] = []
      do {
        const bytes = await collect(split.next(beside, maxBytes))
        expect(bytes.length).toBeLessThanOrEqual(maxBytes)
        const part = await open(bytes, parts.length)
        // Read to its end, its order and its hash are checked.
        for await (const _ of part.records()) void _
        expect(await part.find('attachment', beside.idAt(0))).toMatchObject([{ blobId: container(parts.length) }])
        parts.push(part)
      } while (!split.done)
      if (maxBytes > 1_000_000) expect(parts).toHaveLength(1)
      else expect(parts.length).toBeGreaterThan(2)
      const seen = new Set<string>()
      for (const index of packs)
        for (let at = 0; at < index.objectCount; at += 7) {
          const [kind, id] = [index.kindAt(at), index.idAt(at) as ObjectId]
          if (seen.has(objectKey(kind, id))) continue
          seen.add(objectKey(kind, id))
          const found = (await Promise.all(parts.map((part) => part.find(kind, id)))).flat()
          const places = (all: typeof found) =>
            all.map((place) => `${place.blobId[0]} ${place.frameOffset} ${place.offset}`)
          expect(places(found).sort()).toEqual(places(await whole.find(kind, id)).sort())
        }
    }
  })

  it('is refused where not one entry has room', async () => {
    const split = await splitSegments([indexSource(await indexOf(['one', 'two']), blob(1))])
    const next = collect(split.next(await indexOf(['beside'], 'attachment'), 100))
    await expect(next).rejects.toMatchObject({ code: 'OBJECT_LIMIT' })
  })
})
