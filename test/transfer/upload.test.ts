import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sleep } from '../../src/base/abort.ts'
import { createRng } from '../../src/base/rng.ts'
import type { ErasureCoder } from '../../src/erasure/api.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'
import { verifyCertificate } from '../../src/protocol/certificate.ts'
import { blobRangeReader, createRowCache } from '../../src/transfer/blob-range.ts'
import { openBlob } from '../../src/transfer/blob-source.ts'
import { createCommittee } from '../../src/transfer/committee.ts'
import { confirmBlob } from '../../src/transfer/confirm.ts'
import { uploadBlob } from '../../src/transfer/upload.ts'
import { openUploadJournal, type UploadJournal } from '../../src/transfer/upload-journal.ts'
import { type FakeNodes, holderOfRow, startFakeNodes } from './fake-nodes.ts'

// 10 shards: f = 3, kp = 4 rows, ks = 7 columns.
const SHAPE = [2, 2, 2, 1, 1, 1, 1]
const sync = createSyncCoder()
const promised = Object.fromEntries(
  Object.entries(sync).map(([name, run]) => [
    name,
    async (...args: unknown[]) => (run as (...args: unknown[]) => unknown)(...args),
  ]),
)
const coder = { ...promised, allocate: sync.allocate, release: sync.release } as unknown as ErasureCoder
const PERMANENT = { $kind: 'permanent' } as const
const bytes = createRng(5).fill(new Uint8Array(10_000))
const blob = sync.encodeBlob(10, bytes)
const expected = { $kind: 'blob-certificate', epoch: 1, blobId: blob.blobId, persistence: PERMANENT } as const

const open: FakeNodes[] = []
afterEach(async () => {
  for (const fake of open.splice(0)) await fake[Symbol.asyncDispose]()
})
async function start(): Promise<FakeNodes> {
  const fake = await startFakeNodes(SHAPE)
  open.push(fake)
  return fake
}
const committeeOf = (fake: FakeNodes) => createCommittee(fake.state, { random: () => 0.5, timeoutMs: 5000 })

describe('uploading a blob', () => {
  it('brings every sliver to its node and returns a certificate that the chain accepts', async () => {
    const fake = await start()
    const seen: number[] = []
    const committee = committeeOf(fake)
    const { certificate } = await uploadBlob(committee, blob, PERMANENT, {
      onProgress: ({ doneBytes, totalBytes }) => seen.push(doneBytes / totalBytes),
    })
    verifyCertificate(fake.state.committee, expected, certificate)
    expect(certificate.signers).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(fake.count(/^PUT .*slivers/)).toBe(20)
    expect(seen.at(-1)).toBe(1)
    expect(committee.reports()).toEqual([])
  })

  it('certifies with f shards down, and names the nodes that failed', async () => {
    const fake = await start()
    fake.nodes[0]!.down = true
    fake.nodes[4]!.down = true
    const committee = committeeOf(fake)
    const { certificate } = await uploadBlob(committee, blob, PERMANENT, { retryMs: 1 })
    expect(certificate.signers).toEqual([1, 2, 3, 5, 6])
    expect(committee.reports().map(({ name, lied }) => [name, lied])).toEqual([
      ['node-0', false],
      ['node-4', false],
    ])
  })

  it('stops with the weight it reached when more than f shards are down, and can be resumed', async () => {
    const fake = await start()
    for (const position of [0, 1]) fake.nodes[position]!.down = true
    await expect(uploadBlob(committeeOf(fake), blob, PERMANENT, { retryMs: 1 })).rejects.toMatchObject({
      code: 'UPLOAD_QUORUM',
      exitCode: 14,
      data: { neededShards: 7, shards: 10 },
    })
    for (const node of fake.nodes) {
      node.down = false
      node.requests = []
    }
    const { certificate } = await uploadBlob(committeeOf(fake), blob, PERMANENT, { resuming: true, retryMs: 1 })
    verifyCertificate(fake.state.committee, expected, certificate)
    // Nodes 0 and 1 get their 8 slivers; the others are asked, and sent only what they lack.
    expect(fake.nodes[0]!.requests.filter((line) => line.startsWith('PUT'))).toHaveLength(5)
    expect(fake.nodes[1]!.requests.filter((line) => line.startsWith('PUT'))).toHaveLength(5)
  })

  it('sends nodes only what they lack where an upload is resumed', async () => {
    const fake = await start()
    const large = sync.encodeBlob(10, createRng(6).fill(new Uint8Array(300_000)))
    fake.store(large)
    const put = (position: number) => fake.nodes[position]!.requests.filter((line) => line.startsWith('PUT'))
    // One has nothing, one lacks a sliver, the others have all.
    fake.nodes[0]!.slivers.clear()
    const [lacked] = [...fake.nodes[5]!.slivers.keys()].filter((key) => key.endsWith('/secondary'))
    fake.nodes[5]!.slivers.delete(lacked!)
    const { certificate } = await uploadBlob(committeeOf(fake), large, PERMANENT, { resuming: true, retryMs: 1 })
    expect(certificate.signers).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(fake.nodes.map((_, position) => put(position).length)).toEqual([5, 0, 0, 0, 0, 1, 0])
    expect(put(5)[0]).toMatch(/slivers\/\d+\/secondary$/)
  })

  describe('that was interrupted', () => {
    let dir: string
    beforeEach(async () => {
      dir = await mkdtemp(join(tmpdir(), 'floe-upload-'))
    })
    afterEach(() => rm(dir, { recursive: true }))
    const large = sync.encodeBlob(10, createRng(6).fill(new Uint8Array(300_000)))

    /** Nodes 0 and 1 are down, 5 takes its slivers and gives no confirmation: too few. */
    const interrupted = async () => {
      const fake = await start()
      for (const position of [0, 1]) fake.nodes[position]!.down = true
      const journal = await openUploadJournal(dir, '0x1')
      let taken = 0
      const stopping: UploadJournal = {
        ...journal,
        stored(nodeId, pair, axis) {
          const isLast = nodeId === fake.state.nodes[5]!.nodeId && ++taken === 2
          // As if it had not been written yet when the push was killed.
          if (isLast) fake.nodes[5]!.down = true
          else journal.stored(nodeId, pair, axis)
        },
      }
      const options = { retryMs: 1, journal: stopping }
      await expect(uploadBlob(committeeOf(fake), large, PERMANENT, options)).rejects.toMatchObject({
        code: 'UPLOAD_QUORUM',
      })
      journal.close()
      // What was under way when it ended arrives yet.
      await sleep(200)
      for (const node of fake.nodes) {
        node.down = false
        node.requests = []
      }
      return fake
    }
    const resumed = async (fake: FakeNodes) => {
      const committee = committeeOf(fake)
      const journal = await openUploadJournal(dir, '0x1')
      const seen: number[] = []
      const { certificate } = await uploadBlob(committee, large, PERMANENT, {
        resuming: true,
        retryMs: 1,
        journal,
        onProgress: ({ doneBytes, totalBytes }) => seen.push(doneBytes / totalBytes),
      })
      journal.close()
      verifyCertificate(fake.state.committee, { ...expected, blobId: large.blobId }, certificate)
      expect(certificate.signers).toEqual([0, 1, 2, 3, 4, 5, 6])
      expect(seen.at(-1)).toBe(1)
      return committee
    }

    it('asks nothing of nodes that have confirmed, and sends the others what they have not taken', async () => {
      const fake = await interrupted()
      await resumed(fake)
      expect([2, 3, 4, 6].map((position) => fake.nodes[position]!.requests)).toEqual([[], [], [], []])
      const put = (position: number) => fake.nodes[position]!.requests.filter((line) => line.startsWith('PUT')).length
      expect([0, 1, 5].map(put)).toEqual([5, 5, 0])
      // Whether the one that is not written down has come is asked; then it confirms.
      const asked = fake.nodes[5]!.requests.map((line) => line.replace(/^.*\//, ''))
      expect(asked.filter((what) => what !== 'permanent')).toEqual(['status'])
      expect(asked.at(-1)).toBe('permanent')
    })

    it('brings everything again to a node that has lost it meanwhile', async () => {
      const fake = await interrupted()
      fake.nodes[5]!.slivers.clear()
      const committee = await resumed(fake)
      expect(fake.nodes[5]!.slivers.size).toBe(2)
      expect(committee.reports()).toEqual([])
    })

    it('asks nodes again, and blames none, where what is written of their confirmations does not hold', async () => {
      const fake = await interrupted()
      const path = join(dir, '0x1.upload')
      const text = await readFile(path, 'utf8')
      const false_ = Buffer.alloc(96, 1).toString('base64')
      const spoiled = text.replace(/"signature":"[^"]+"/, `"signature":"${false_}"`)
      expect(spoiled).not.toBe(text)
      await writeFile(path, spoiled)
      const committee = await resumed(fake)
      expect(committee.reports()).toEqual([])
      expect([2, 3, 4, 6].filter((position) => fake.nodes[position]!.requests.length > 0)).toHaveLength(1)
    })
  })

  it('waits for nodes that have not seen the registration yet', async () => {
    const fake = await start()
    for (const node of fake.nodes) node.unregisteredFor = 3
    const { certificate } = await uploadBlob(committeeOf(fake), blob, PERMANENT, { retryMs: 1 })
    expect(certificate.signers).toHaveLength(7)
  })

  it('leaves forged confirmations out of the aggregate and names the forger', async () => {
    const fake = await start()
    fake.nodes[2]!.forges = true
    const committee = committeeOf(fake)
    const { certificate } = await uploadBlob(committee, blob, PERMANENT, { retryMs: 1 })
    verifyCertificate(fake.state.committee, expected, certificate)
    expect(certificate.signers).not.toContain(2)
    expect(committee.reports().map(({ name, lied }) => [name, lied])).toEqual([['node-2', true]])
  })

  it('cuts the slow tail once enough shards have confirmed, and says who is missing', async () => {
    const fake = await start()
    fake.nodes[6]!.delayMs = 15_000
    const committee = committeeOf(fake)
    const started = performance.now()
    const { certificate, tail } = await uploadBlob(committee, blob, PERMANENT)
    expect(performance.now() - started).toBeLessThan(15_000)
    verifyCertificate(fake.state.committee, expected, certificate)
    expect(certificate.signers).toEqual([0, 1, 2, 3, 4, 5])
    expect(await tail).toEqual([6])
    expect(committee.reports()).toEqual([])
  })

  it('finishes the slow tail behind the caller where that is wanted', async () => {
    const fake = await start()
    fake.nodes[6]!.delayMs = 1_000
    const { certificate, tail } = await uploadBlob(committeeOf(fake), blob, PERMANENT, { finishTail: true })
    expect(certificate.signers).toEqual([0, 1, 2, 3, 4, 5])
    expect(await Promise.race([tail, 'under way'])).toBe('under way')
    expect(await tail).toEqual([])
    expect(fake.nodes[6]!.slivers.size).toBe(3)
  })

  it('asks an overloaded node again, less at a time', async () => {
    const fake = await start()
    for (const node of fake.nodes) node.overloadedFor = 3
    const { certificate } = await uploadBlob(committeeOf(fake), blob, PERMANENT, { retryMs: 1 })
    expect(certificate.signers).toHaveLength(7)
  })

  it('leaves a node alone for as long as it asks to be', async () => {
    const fake = await start()
    Object.assign(fake.nodes[6]!, { overloadedFor: 1, retryAfter: 1 })
    const started = performance.now()
    const { tail } = await uploadBlob(committeeOf(fake), blob, PERMANENT, { retryMs: 1, finishTail: true })
    expect(await tail).toEqual([])
    expect(performance.now() - started).toBeGreaterThan(950)
    expect(fake.nodes[6]!.slivers.size).toBeGreaterThan(0)
  })

  it.each([
    ['metadata', '/metadata'],
    ['a sliver', '/slivers/'],
  ])('sends nothing to a node meanwhile, also of what else it is to get (%s was refused)', async (_, refused) => {
    const fake = await start()
    const sentMs: number[] = []
    let refusedMs = 0
    const committee = createCommittee(fake.state, {
      fetch: async (input, init) => {
        if (!String(input).includes('/n6/')) return fetch(input, init)
        sentMs.push(performance.now())
        if (refusedMs > 0 || !String(input).includes(refused)) return fetch(input, init)
        refusedMs = performance.now()
        return new Response('later', { status: 429, headers: { 'retry-after': '1', 'content-type': 'text/plain' } })
      },
    })
    // A second blob is begun while the node is to be left alone.
    const upload = async (each: typeof blob) => {
      const { tail } = await uploadBlob(committee, each, PERMANENT, { retryMs: 1, finishTail: true })
      return tail
    }
    const first = upload(blob)
    while (refusedMs === 0) await sleep(5)
    await sleep(200)
    const second = upload(sync.encodeBlob(10, bytes.subarray(0, 5_000)))
    expect([await first, await second]).toEqual([[], []])
    // What was sent at the same moment could not know of it.
    const later = sentMs.filter((ms) => ms > refusedMs + 100 && ms < refusedMs + 950)
    expect(later).toEqual([])
    expect(sentMs.filter((ms) => ms >= refusedMs + 950).length).toBeGreaterThan(0)
  })

  it('sends again what a node lost between two requests', async () => {
    const fake = await start()
    const { nodes } = fake
    // The first confirmation finds the node emptied, as after a restart without its last writes.
    let emptied = false
    const committee = createCommittee(fake.state, {
      fetch: (input, init) => {
        if (!emptied && String(input).includes('/n0/') && String(input).includes('/confirmation/')) {
          emptied = true
          for (const key of [...nodes[0]!.slivers.keys()]) if (!key.endsWith('/metadata')) nodes[0]!.slivers.delete(key)
        }
        return fetch(input, init)
      },
    })
    const { certificate } = await uploadBlob(committee, blob, PERMANENT, { retryMs: 1 })
    expect(emptied).toBe(true)
    expect(certificate.signers).toContain(0)
    expect(committee.reports()).toEqual([])
  })

  it('says so when the nodes have gone on to another epoch, whose confirmations can be had without the blob', async () => {
    const fake = await start()
    fake.epoch = 2
    const error = await uploadBlob(committeeOf(fake), blob, PERMANENT, { retryMs: 1 }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'UPLOAD_EPOCH_CHANGED', exitCode: 14, retryable: true, data: { epoch: 1 } })
    const state = { ...fake.state, epoch: 2, committee: { ...fake.state.committee, epoch: 2 } }
    const { certificate } = await uploadBlob(createCommittee(state), blob, PERMANENT, { resuming: true, retryMs: 1 })
    verifyCertificate(state.committee, { ...expected, epoch: 2 }, certificate)

    fake.epoch = 3
    const later = { ...fake.state, epoch: 3, committee: { ...fake.state.committee, epoch: 3 } }
    fake.nodes[1]!.down = true
    fake.nodes[3]!.forges = true
    const committee = createCommittee(later)
    const anew = await confirmBlob(committee, blob.blobId, PERMANENT)
    verifyCertificate(later.committee, { ...expected, epoch: 3 }, anew)
    expect(anew.signers).toEqual([0, 2, 4, 5, 6])
    expect(committee.reports().map(({ name, lied }) => [name, lied])).toEqual([
      ['node-3', true],
      ['node-1', false],
    ])
    fake.nodes[0]!.down = true
    await expect(confirmBlob(createCommittee(later), blob.blobId, PERMANENT)).rejects.toMatchObject({
      code: 'CONFIRM_QUORUM',
      exitCode: 14,
    })
  })

  it('ends as cancelled when the caller aborts', async () => {
    const fake = await start()
    for (const node of fake.nodes) node.unregisteredFor = 1000
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 30)
    await expect(
      uploadBlob(committeeOf(fake), blob, PERMANENT, { retryMs: 5, signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('reading a blob', () => {
  async function stored(): Promise<FakeNodes> {
    const fake = await start()
    fake.store(blob)
    return fake
  }

  it('takes the systematic rows and nothing else while all nodes answer', async () => {
    const fake = await stored()
    const source = await openBlob(committeeOf(fake), coder, blob.blobId)
    expect(await source.readAll()).toEqual(bytes)
    expect(fake.count(/slivers/)).toBe(4)
    expect(fake.count(/Symbols/)).toBe(0)
  })

  it.each([
    ['from symbols', 0, /decodingSymbols/],
    ['by decoding the whole blob', 1_000_000, /slivers\/[4-9]\/primary/],
  ])('rebuilds the rows of nodes that are down, %s', async (_, decodeUpToBytes, traffic) => {
    const fake = await stored()
    const positions = new Set([0, 1, 2, 3].map((row) => holderOfRow(fake, blob.blobId, row)))
    let down = 0
    for (const position of positions) {
      if (down + fake.state.nodes[position]!.weight > 3) continue
      fake.nodes[position]!.down = true
      down += fake.state.nodes[position]!.weight
    }
    expect(down).toBeGreaterThan(0)
    const source = await openBlob(committeeOf(fake), coder, blob.blobId, { decodeUpToBytes })
    expect(await source.readAll()).toEqual(bytes)
    expect(fake.count(traffic)).toBeGreaterThan(0)
  })

  it('returns the right bytes when a node lies in slivers, metadata and symbols, and names it', async () => {
    for (const row of [0, 3]) {
      const fake = await stored()
      const liar = holderOfRow(fake, blob.blobId, row)
      fake.nodes[liar]!.lies = true
      const committee = committeeOf(fake)
      const source = await openBlob(committee, coder, blob.blobId)
      expect(await source.readAll()).toEqual(bytes)
      expect(committee.reports().filter((report) => report.lied)).toMatchObject([{ name: `node-${liar}` }])
    }
  })

  it('asks a liar for nothing more', async () => {
    const fake = await stored()
    const liar = holderOfRow(fake, blob.blobId, 0)
    fake.nodes[liar]!.lies = true
    const source = await openBlob(committeeOf(fake), coder, blob.blobId)
    expect((await source.readRow(0)).subarray(0, 100)).toEqual(bytes.subarray(0, 100))
    fake.nodes[liar]!.requests = []
    for (let again = 0; again < 3; again++)
      expect((await source.readRow(0)).subarray(0, 100)).toEqual(bytes.subarray(0, 100))
    expect(fake.nodes[liar]!.requests).toEqual([])
  })

  it('does not wait for a node that takes much longer than others, and does not ask it first again', async () => {
    const fake = await stored()
    const holder = holderOfRow(fake, blob.blobId, 0)
    const committee = createCommittee(fake.state, { random: () => 0.5, timeoutMs: 60_000, stallMs: 60_000 })
    const source = await openBlob(committee, coder, blob.blobId)
    for (let answer = 0; answer < 20; answer++) committee.latency.note(1, source.rowBytes)
    const slow = fake.nodes[holder]!
    slow.delayMs = 30_000
    slow.requests = []
    for (const asked of [1, 0]) {
      const started = performance.now()
      expect((await source.readRow(0)).subarray(0, 100)).toEqual(bytes.subarray(0, 100))
      expect(performance.now() - started).toBeLessThan(15_000)
      expect(slow.requests.filter((line) => line.includes('/slivers/'))).toHaveLength(asked)
      expect(committee.isSlow(holder)).toBe(true)
      slow.requests = []
    }
    // Slow is no lie, and no failure either.
    expect(committee.reports()).toEqual([])
  })

  it('finds the liar among those who help to rebuild a row', async () => {
    const fake = await stored()
    const holder = holderOfRow(fake, blob.blobId, 0)
    const liar = fake.state.nodes.findIndex((node, position) => node.weight === 1 && position !== holder)
    // Three shards down leave exactly the seven symbols that are needed, the liar's among them.
    let down = 0
    for (const position of [holder, ...fake.nodes.keys()]) {
      const { weight } = fake.state.nodes[position]!
      if (position === liar || fake.nodes[position]!.down || down + weight > 3) continue
      fake.nodes[position]!.down = true
      down += weight
    }
    expect(down).toBe(3)
    const committee = committeeOf(fake)
    const source = await openBlob(committee, coder, blob.blobId)
    fake.nodes[liar]!.lies = true
    expect((await source.readRow(0)).subarray(0, 100)).toEqual(bytes.subarray(0, 100))
    // By the proof of its symbol, before it could lie in another row.
    expect(committee.reports().filter((report) => report.lied)).toMatchObject([
      { name: `node-${liar}`, reason: 'RECOVERY_SYMBOL_FALSE' },
    ])
  })

  it('decodes the other rows at once where too few nodes have symbols', async () => {
    const fake = await stored()
    const holder = holderOfRow(fake, blob.blobId, 0)
    let down = 0
    for (const position of [holder, ...fake.nodes.keys()]) {
      const { weight } = fake.state.nodes[position]!
      if (fake.nodes[position]!.down || down + weight > 5) continue
      fake.nodes[position]!.down = true
      down += weight
    }
    expect(down).toBeGreaterThan(3)
    const source = await openBlob(committeeOf(fake), coder, blob.blobId)
    expect((await source.readRow(0)).subarray(0, 100)).toEqual(bytes.subarray(0, 100))
    expect(fake.count(/decodingSymbols/)).toBeGreaterThan(0)
    expect(fake.count(/recoverySymbols/)).toBe(0)
  })

  it('gives a clear error, never a wrong byte, when too few nodes are true', async () => {
    const fake = await stored()
    for (const [position, node] of fake.nodes.entries()) {
      node.lies = position % 2 === 0
      node.down = position % 2 === 1
    }
    await expect(
      openBlob(committeeOf(fake), coder, blob.blobId).then((source) => source.readAll()),
    ).rejects.toMatchObject({ code: 'BLOB_UNAVAILABLE', exitCode: 14, retryable: true })
  })

  it('says that nobody knows a blob', async () => {
    const fake = await stored()
    await expect(openBlob(committeeOf(fake), coder, new Uint8Array(32).fill(3))).rejects.toMatchObject({
      code: 'BLOB_NOT_FOUND',
    })
  })

  it('reads all of it through memory that is used again, whoever lies or is down, and keeps nothing', async () => {
    for (const isTrue of [true, false]) {
      const fake = await stored()
      if (!isTrue) fake.nodes[holderOfRow(fake, blob.blobId, 0)]!.lies = true
      if (!isTrue) fake.nodes[holderOfRow(fake, blob.blobId, 1)]!.down = true
      const out = new Set<ArrayBufferLike>()
      const allocated = new Set<ArrayBufferLike>()
      const lending: ErasureCoder = {
        ...coder,
        allocate(length) {
          // What was given back may be anything from now on, and is.
          const lent = [...allocated].find((buffer) => !out.has(buffer)) ?? new ArrayBuffer(source.rowBytes + 100)
          allocated.add(lent)
          out.add(lent)
          return new Uint8Array(lent, 0, length).fill(0xee)
        },
        release(view) {
          new Uint8Array(view.buffer).fill(0xdd)
          expect(out.delete(view.buffer)).toBe(true)
        },
      }
      const source = await openBlob(committeeOf(fake), lending, blob.blobId)
      const cache = createRowCache()
      const read: number[] = []
      for await (const piece of blobRangeReader(source, 'blob', cache).pieces!()) read.push(...piece)
      expect(new Uint8Array(read)).toEqual(bytes)
      expect(await source.readAll()).toEqual(bytes)
      expect([out.size, cache.heldBytes]).toEqual([0, 0])
      expect(allocated.size).toBeGreaterThan(0)
      expect(allocated.size).toBeLessThanOrEqual(8)
      if (isTrue) expect(fake.count(/slivers/)).toBe(8)
    }
  })

  it('takes rows that are held from where they are', async () => {
    const fake = await stored()
    const source = await openBlob(committeeOf(fake), coder, blob.blobId)
    const reader = blobRangeReader(source, 'blob', createRowCache())
    await reader.read(0, source.rowBytes + 1)
    let length = 0
    for await (const piece of reader.pieces!()) {
      expect(piece).toEqual(bytes.subarray(length, length + piece.length))
      length += piece.length
    }
    expect(length).toBe(bytes.length)
    expect(fake.count(/slivers/)).toBe(4)
  })

  it('fetches only the rows that a range touches, each once', async () => {
    const fake = await stored()
    const source = await openBlob(committeeOf(fake), coder, blob.blobId)
    const reader = blobRangeReader(source, 'blob', createRowCache())
    expect(reader.bytes).toBe(bytes.length)
    const { rowBytes } = source
    const ranges = [
      [0, 10],
      [rowBytes - 5, 10],
      [5, rowBytes],
      [0, 0],
    ] as const
    for (const [offset, length] of ranges)
      expect(await reader.read(offset, length)).toEqual(bytes.subarray(offset, offset + length))
    expect(fake.count(/slivers/)).toBe(2)
    expect(await reader.read(0, bytes.length)).toEqual(bytes)
    expect(fake.count(/slivers/)).toBe(4)
    await expect(reader.read(bytes.length, 1)).rejects.toThrow(RangeError)
  })
})

describe('row cache', () => {
  it('keeps within its bound and forgets the least recently used row', async () => {
    const cache = createRowCache(30)
    const loads: string[] = []
    const get = (key: string) =>
      cache.get(key, async () => {
        loads.push(key)
        return new Uint8Array(10)
      })
    for (const key of ['a', 'b', 'c', 'a', 'd', 'a', 'b']) await get(key)
    expect(loads).toEqual(['a', 'b', 'c', 'd', 'b'])
    expect(cache.heldBytes).toBe(30)
  })

  it('does not keep a failed load', async () => {
    const cache = createRowCache()
    await expect(cache.get('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down')
    expect(await cache.get('a', async () => new Uint8Array(1))).toHaveLength(1)
  })
})
