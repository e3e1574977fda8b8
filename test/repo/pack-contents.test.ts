import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import type { PackRecord, PushRecord } from '../../src/ledger/repository-records.ts'
import { type ObjectId, objectIdFor } from '../../src/objects/id.ts'
import { indexSource, mergeSegments, openLocatorSegment } from '../../src/objects/locator.ts'
import { ObjectSet } from '../../src/objects/object-set.ts'
import type { PackIndex } from '../../src/objects/pack-index.ts'
import { createPackWriter } from '../../src/objects/pack-writer.ts'
import { bufferRangeReader } from '../../src/objects/reader.ts'
import { findHoldingPacks } from '../../src/repo/pack-contents.ts'
import type { RemoteSource } from '../../src/repo/remote-source.ts'
import type { RemoteObjects, SegmentPlace } from '../../src/transfer/remote-objects.ts'

const SECRET = utf8('what has to go')
const secretId = objectIdFor('chunk', SECRET)

interface Pack {
  bytes: Uint8Array
  index: PackIndex
  blobId: Uint8Array
}

async function packOf(number: number, contents: readonly Uint8Array[]): Promise<Pack> {
  const pieces: Uint8Array[] = []
  const writer = createPackWriter({ kind: 'data', write: (piece) => void pieces.push(Uint8Array.from(piece)) })
  for (const bytes of contents) await writer.add('chunk', objectIdFor('chunk', bytes), bytes)
  const { index } = await writer.finish()
  return { bytes: concatBytes(...pieces), index, blobId: new Uint8Array(32).fill(number + 1) }
}

/** A repository with these data packs, and a locator made of what it is told to name: pack by claimed contents. */
async function remoteOf(packs: readonly Pack[], claims: readonly (readonly [Pack, PackIndex])[]) {
  const pieces: Uint8Array[] = []
  const sources = claims.map(([{ blobId }, index]) => indexSource(index, blobId))
  for await (const piece of mergeSegments(sources)) pieces.push(Uint8Array.from(piece))
  const segment = concatBytes(...pieces)
  const meta = packs.length
  const records = [
    ...packs.map(({ blobId }, number) => ({ number, blobId, kind: 'data' })),
    { number: meta, kind: 'meta' },
  ]
  const record = { segments: [{ pack: meta, offset: 0, bytes: segment.length }] }
  const all = records.map((each) => ({
    blobId: new Uint8Array(32),
    state: 'live',
    endEpoch: 9,
    pusher: '0x1',
    ...each,
  }))
  const source = {
    refs: [{}],
    recordOf: () => record as unknown as PushRecord,
    reader: { fetchPacks: async (_: unknown, numbers: readonly number[]) => numbers.map((number) => all[number]!) },
    state: {},
  } as unknown as RemoteSource
  const remote = {
    openPack: async (blobId: Uint8Array) => bufferRangeReader(packs[blobId[0]! - 1]!.bytes),
    openSegment: (place: SegmentPlace) => openLocatorSegment(bufferRangeReader(segment), place),
  } as unknown as RemoteObjects
  return { source, remote, packs: all as unknown as PackRecord[] }
}

async function holding(remote: Awaited<ReturnType<typeof remoteOf>>): Promise<number[]> {
  const targets = new ObjectSet()
  targets.add('chunk', secretId as ObjectId)
  const found = await findHoldingPacks(remote.source, remote.remote, remote.packs, targets, { epoch: 1 })
  return [...found.holding].sort()
}

describe('packs that hold contents which have to go', () => {
  it('are asked themselves: one that a locator names for something else only is found', async () => {
    const mixed = await packOf(0, [SECRET, utf8('an innocent file')])
    const { index: innocent } = await packOf(0, [utf8('an innocent file')])
    expect(await holding(await remoteOf([mixed], [[mixed, innocent]]))).toEqual([0])
  })

  it('are not those that a locator names wrongly', async () => {
    const secret = await packOf(0, [SECRET])
    const other = await packOf(1, [utf8('another file')])
    expect(
      await holding(
        await remoteOf(
          [secret, other],
          [
            [secret, secret.index],
            [other, secret.index],
          ],
        ),
      ),
    ).toEqual([0])
  })

  it('are found where no locator names them at all', async () => {
    const secret = await packOf(0, [SECRET])
    const other = await packOf(1, [utf8('another file')])
    expect(await holding(await remoteOf([secret, other], [[other, other.index]]))).toEqual([0])
  })
})
