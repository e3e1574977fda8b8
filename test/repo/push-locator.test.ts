import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { ByteReader, ByteWriter } from '../../src/codec/cursor.ts'
import { readRefName } from '../../src/ledger/repository-records.ts'
import type { RepositoryReader, RepositoryState } from '../../src/ledger/repository-state.ts'
import { objectIdFor } from '../../src/objects/id.ts'
import { type LocatorSegment, openLocatorSegment } from '../../src/objects/locator.ts'
import { createPackWriter, type PackSummary } from '../../src/objects/pack-writer.ts'
import { bufferRangeReader } from '../../src/objects/reader.ts'
import { type LivePacks, readLivePacks } from '../../src/repo/live-packs.ts'
import {
  createPushLocator,
  type KnownSegment,
  openKnownSegments,
  readPackIndexes,
} from '../../src/repo/push-locator.ts'
import { RemoteIntegrityError } from '../../src/repo/remote-errors.ts'
import type { RemoteObjects } from '../../src/transfer/remote-objects.ts'

const content = (name: string) => new TextEncoder().encode(name)
const idOf = (name: string) => objectIdFor('chunk', content(name))

async function pack(...names: string[]): Promise<{ bytes: Uint8Array; summary: PackSummary; blobId: Uint8Array }> {
  const pieces: Uint8Array[] = []
  const writer = createPackWriter({ kind: 'data', write: (piece) => void pieces.push(piece) })
  for (const name of names) await writer.add('chunk', idOf(name), content(name))
  const summary = await writer.finish()
  return { bytes: concatBytes(...pieces), summary, blobId: summary.sha256 }
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return concatBytes(...all)
}

const CONTAINER = new Uint8Array(32).fill(9)
const open = (bytes: Uint8Array): Promise<LocatorSegment> =>
  openLocatorSegment(bufferRangeReader(bytes), { blobId: CONTAINER, offset: 0, bytes: bytes.length })

const live = (more: Partial<LivePacks>): LivePacks => ({
  isReliable: () => true,
  isStored: () => true,
  complete: true,
  packs: [],
  ...more,
})
const NO_SIGNAL = { signal: undefined }

/** A segment that names the objects of two older packs, as known from the remote. */
async function older(): Promise<{ known: KnownSegment; first: Uint8Array; second: Uint8Array }> {
  const [first, second, meta] = [await pack('one', 'both'), await pack('two', 'both'), await pack('meta')]
  const locator = createPushLocator({
    known: [],
    live: live({}),
    swallowAll: false,
    readIndexes: async () => [],
    ...NO_SIGNAL,
  })
  const fresh = [first, second].map(({ summary, blobId }) => ({ index: summary.index, blobId }))
  const segment = await open(await collect(locator.write(fresh, meta.summary.index)))
  const record = { pack: 3, offset: 0, bytes: 1 }
  return { known: { record, segment }, first: first.blobId, second: second.blobId }
}

/** The segment that a push of one small pack writes beside what is known. */
async function pushBeside(known: KnownSegment[], packs: LivePacks, readIndexes = async () => null) {
  const [fresh, meta] = [await pack('new'), await pack('new meta')]
  const locator = createPushLocator({ known, live: packs, swallowAll: true, readIndexes, ...NO_SIGNAL })
  const pieces = locator.write([{ index: fresh.summary.index, blobId: fresh.blobId }], meta.summary.index)
  const segment = await open(await collect(pieces))
  const packsOf = async (name: string) => (await segment.find('chunk', idOf(name))).length
  return { segment, packsOf, kept: locator.kept() }
}

describe('the locator of a push', () => {
  it('names nothing any more in packs that are gone, and everything in those that are there', async () => {
    const { known, first } = await older()
    const gone = Buffer.from(first).toString('hex')
    const isStored = (blobId: Uint8Array) => Buffer.from(blobId).toString('hex') !== gone
    const { packsOf, kept } = await pushBeside([known], live({ isStored }))
    expect(kept).toEqual([])
    expect(await packsOf('one')).toBe(0)
    expect(await packsOf('two')).toBe(1)
    expect(await packsOf('both')).toBe(1)
    expect(await packsOf('new')).toBe(1)
  })

  it('keeps every entry when there are too many packs to ask which are there', async () => {
    const { known } = await older()
    const { packsOf } = await pushBeside([known], live({ complete: false, isStored: () => false }))
    expect(await packsOf('one')).toBe(1)
    expect(await packsOf('both')).toBe(2)
  })

  it('drops a broken segment and keeps the sound ones when there are too many packs to read all indexes', async () => {
    const { known } = await older()
    const broken: KnownSegment = { record: { pack: 8, offset: 0, bytes: 1 }, segment: null }
    const { packsOf, kept } = await pushBeside([broken, known], live({}))
    expect(kept).toEqual([known.record])
    expect(await packsOf('new')).toBe(1)
    expect(await packsOf('one')).toBe(0)
  })

  it('counts a segment in an expired or removed pack as lost, and passes on what may go away', async () => {
    const record = { pack: 1, offset: 0, bytes: 1 }
    const place = { blobId: CONTAINER, offset: 0, bytes: 1 }
    const failing = (code: string) =>
      ({
        openSegment: () => Promise.reject(new RemoteIntegrityError(code, 'no', {})),
      }) as unknown as RemoteObjects
    for (const code of ['PACK_EXPIRED', 'PACK_REMOVED', 'LOCATOR_CORRUPT', 'BLOB_NOT_FOUND'])
      expect(await openKnownSegments(failing(code), [record], [place])).toEqual([{ record, segment: null }])
    await expect(openKnownSegments(failing('BLOB_UNAVAILABLE'), [record], [place])).rejects.toMatchObject({
      code: 'BLOB_UNAVAILABLE',
    })
  })
})

describe('a repository of more than 20,000 packs', () => {
  const never = new Proxy({} as RepositoryReader, {
    get: (_, name) => () => Promise.reject(new Error(`${String(name)} was asked`)),
  })

  it('is not asked for all indexes, and none of its packs is relied on', async () => {
    const state = { packs: { size: 20_001 } } as unknown as RepositoryState
    expect(await readPackIndexes(never, state, {} as RemoteObjects, { epoch: 1 })).toBeNull()
    const blobIds = Array.from({ length: 20_001 }, (_, i) => {
      const blobId = new Uint8Array(32)
      new DataView(blobId.buffer).setUint32(0, i)
      return blobId
    })
    const packs = await readLivePacks(never, state, blobIds, { epoch: 1 })
    expect(packs.complete).toBe(false)
    expect(packs.isReliable(blobIds[0]!)).toBe(false)
    // One less, repeats not counted, and the chain is asked.
    const fewer = [...blobIds.slice(1), blobIds[1]!]
    await expect(readLivePacks(never, state, fewer, { epoch: 1 })).rejects.toThrow('fetchPackNumbers was asked')
  })
})

describe('a ref on chain', () => {
  const read = (name: string) => {
    const bytes = new TextEncoder().encode(name)
    return readRefName(new ByteReader(new ByteWriter(300).uleb(bytes.length).bytes(bytes).finish()))
  }

  it('has up to 211 bytes: the longest name behind the longest prefix', () => {
    const longest = `refs/heads/${'x'.repeat(200)}`
    expect(longest).toHaveLength(211)
    expect(read(longest)).toBe(longest)
    expect(() => read(`${longest}x`)).toThrow()
  })
})
