import { request as httpRequest } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'
import { verifyConfirmation } from '../../../src/protocol/certificate.ts'
import { parseConfirmationData } from '../../../src/protocol/envelope.ts'
import { encodeMetadataWithId } from '../../../src/protocol/metadata.ts'
import { parseDecodingSymbols, parseGeneralRecoverySymbols } from '../../../src/protocol/recovery.ts'
import { routePath } from '../../../src/protocol/routes.ts'
import { pairOnShard, type SliverAxis } from '../../../src/protocol/shards.ts'
import { parseSliver } from '../../../src/protocol/sliver.ts'
import { parseBlobStatusData } from '../../../src/protocol/status.ts'
import { coder, EVENT, put, SHARD_COUNT, send, startTestNode, type TestNode, testBlob, upload } from './test-node.ts'

const blob = testBlob(1)
const { blobId, text, pairs } = blob
const [pair] = pairs as [number, ...number[]]
const foreignPair = pairOnShard(blobId, 0, SHARD_COUNT)
const objectId = new Uint8Array(32).fill(0xab)

let test: TestNode
beforeEach(async () => {
  test = await startTestNode()
})
afterEach(async () => {
  await test[Symbol.asyncDispose]()
})

const metadataUrl = () => test.url(routePath({ $kind: 'metadata', blobId }))
const sliverUrl = (axis: SliverAxis, pairIndex: number) =>
  test.url(routePath({ $kind: 'sliver', blobId, pairIndex, axis }))
const permanentUrl = () => test.url(routePath({ $kind: 'confirmation', blobId, persistence: { $kind: 'permanent' } }))
const deletableUrl = () =>
  test.url(routePath({ $kind: 'confirmation', blobId, persistence: { $kind: 'deletable', objectId } }))

/** What is sent of a body without an end before it is called accepted: far more than sockets hold back. */
const ENDLESS_BYTES = 64 * 1024 * 1024

/** Over Node's own HTTP and in turns of the event loop: `fetch` can read a stream for ever after its connection has closed. */
async function putEndlessly(
  url: string,
  pieceBytes: number,
): Promise<{ status: number | 'closed'; sentBytes: number }> {
  const request = httpRequest(url, { method: 'PUT', agent: false })
  const ended = new Promise<number | 'closed'>((resolve) => {
    request.on('response', (answer) => resolve(answer.resume().statusCode!))
    request.on('close', () => resolve('closed'))
    request.on('error', () => resolve('closed'))
  })
  let isOver = false
  ended.then(() => {
    isOver = true
  })
  const piece = new Uint8Array(pieceBytes)
  let sentBytes = 0
  while (sentBytes < ENDLESS_BYTES && !isOver) {
    sentBytes += piece.length
    const isTaken = new Promise((resolve) => request.write(piece, resolve))
    await Promise.race([isTaken, ended])
    await setImmediate()
  }
  if (sentBytes < ENDLESS_BYTES) await ended
  request.destroy()
  return { status: await ended, sentBytes }
}

describe('a storage node', () => {
  it('stores a registered blob, serves it back and signs for it', async () => {
    test.chain.register(text)
    expect(await send(`${metadataUrl()}/status`)).toMatchObject({ status: 200, data: 'nonexistent' })
    expect(await put(metadataUrl(), blob.metadataBody)).toMatchObject({ status: 201 })
    expect(await send(`${metadataUrl()}/status`)).toMatchObject({ status: 200, data: 'stored' })
    expect(await send(permanentUrl())).toMatchObject({ status: 400, reason: 'MISSING_SLIVERS' })
    for (const each of pairs)
      for (const axis of ['primary', 'secondary'] as const) {
        expect(await send(`${sliverUrl(axis, each)}/status`)).toMatchObject({ status: 200, data: 'nonexistent' })
        expect(await put(sliverUrl(axis, each), blob.sliverBody(axis, each))).toMatchObject({ status: 201 })
        expect(await send(`${sliverUrl(axis, each)}/status`)).toMatchObject({ status: 200, data: 'stored' })
        expect((await send(sliverUrl(axis, each))).bytes).toEqual(blob.sliverBody(axis, each))
      }
    expect((await send(metadataUrl())).bytes).toEqual(encodeMetadataWithId(blobId, blob.metadata))

    const { data } = await send(permanentUrl())
    const expected = { $kind: 'blob-certificate', epoch: 5, blobId, persistence: { $kind: 'permanent' } } as const
    verifyConfirmation(parseConfirmationData(data), expected, test.node.identity.publicKey)
  })

  it('signs for the object of a deletable registration only, in the epoch of the moment', async () => {
    test.chain.register(text, { deletable: true })
    await upload(test, blob)
    expect(await send(permanentUrl())).toMatchObject({ status: 400, reason: 'NOT_REGISTERED' })
    const other = routePath({
      $kind: 'confirmation',
      blobId,
      persistence: { $kind: 'deletable', objectId: new Uint8Array(32) },
    })
    expect(await send(test.url(other))).toMatchObject({ status: 400, reason: 'NOT_REGISTERED' })
    for (const epoch of [5, 6]) {
      test.chain.epoch = epoch
      const persistence = { $kind: 'deletable', objectId } as const
      const { data } = await send(deletableUrl())
      const expected = { $kind: 'blob-certificate', epoch, blobId, persistence } as const
      verifyConfirmation(parseConfirmationData(data), expected, test.node.identity.publicKey)
    }
  })

  it('takes the same upload again without writing it again', async () => {
    test.chain.register(text)
    const body = blob.sliverBody('primary', pair)
    const metadata = await Promise.all([1, 2, 3].map(() => put(metadataUrl(), blob.metadataBody)))
    expect(metadata.map(({ status }) => status).sort()).toEqual([200, 200, 201])
    const slivers = await Promise.all([1, 2, 3].map(() => put(sliverUrl('primary', pair), body)))
    expect(slivers.map(({ status }) => status).sort()).toEqual([200, 200, 201])
    expect((await send(sliverUrl('primary', pair))).bytes).toEqual(body)
  })

  it('refuses everything about a blob that is not registered', async () => {
    const unregistered = { status: 400, reason: 'NOT_REGISTERED' }
    expect(await put(metadataUrl(), blob.metadataBody)).toMatchObject(unregistered)
    expect(await put(sliverUrl('primary', pair), blob.sliverBody('primary', pair))).toMatchObject(unregistered)
    expect(await send(permanentUrl())).toMatchObject(unregistered)
    expect(await put(`${metadataUrl()}?pending=true`, blob.metadataBody)).toMatchObject({ reason: 'CACHE_SATURATED' })
    expect(await send(metadataUrl())).toMatchObject({ status: 404, reason: 'METADATA_NOT_FOUND' })
    expect(await send(sliverUrl('primary', pair))).toMatchObject({ status: 404, reason: 'SLIVER_NOT_FOUND' })
  })

  it('stops serving and deletes a blob whose last registration has ended', async () => {
    test.chain.register(text)
    await upload(test, blob)
    test.chain.unregister(text)
    expect(await send(metadataUrl())).toMatchObject({ status: 404, reason: 'METADATA_NOT_FOUND' })
    await test.node.collect(text)
    test.chain.register(text)
    expect(await send(`${metadataUrl()}/status`)).toMatchObject({ data: 'nonexistent' })
  })

  it('refuses a blob that was declared invalid', async () => {
    test.chain.register(text)
    await upload(test, blob)
    test.chain.invalidate(text)
    expect(await send(permanentUrl())).toMatchObject({ status: 400, reason: 'INVALID_BLOB' })
    expect(await send(metadataUrl())).toMatchObject({ status: 404 })
    const { data } = await send(test.url(routePath({ $kind: 'blob-status', blobId })))
    expect(parseBlobStatusData(data)).toEqual({ $kind: 'invalid', event: EVENT })
  })

  it('refuses metadata that differs from what another node has just found true', async () => {
    test.chain.register(text)
    await using other = await startTestNode()
    other.chain.register(text)
    const otherUrl = other.url(routePath({ $kind: 'metadata', blobId }))
    expect(await put(metadataUrl(), blob.metadataBody)).toMatchObject({ status: 201 })
    for (const at of [0, 2, blob.metadataBody.length - 1]) {
      const changed = blob.metadataBody.slice()
      changed[at]! ^= 1
      expect(await put(otherUrl, changed)).toMatchObject({ status: 400, reason: 'INVALID_METADATA' })
    }
    expect(await put(otherUrl, blob.metadataBody)).toMatchObject({ status: 201 })
  })

  it('refuses metadata that is not the blob’s', async () => {
    test.chain.register(text)
    const other = testBlob(2)
    expect(await put(metadataUrl(), other.metadataBody)).toMatchObject({ status: 400, reason: 'INVALID_METADATA' })
    const raptor = blob.metadataBody.slice()
    raptor[1] = 0
    expect(await put(metadataUrl(), raptor)).toMatchObject({ status: 400, reason: 'UNSUPPORTED_ENCODING_TYPE' })
    const text2 = { 'content-type': 'application/json' }
    expect(await put(metadataUrl(), blob.metadataBody, text2)).toMatchObject({ reason: 'INVALID_CONTENT_TYPE' })
    expect(await put(`${metadataUrl()}?force=true`, blob.metadataBody)).toMatchObject({ status: 400 })
    expect(await send(`${metadataUrl()}/status`)).toMatchObject({ data: 'nonexistent' })
  })

  it('refuses slivers before metadata, of other shards, other indices and other bytes', async () => {
    test.chain.register(text)
    const body = blob.sliverBody('primary', pair)
    expect(await put(sliverUrl('primary', pair), body)).toMatchObject({ status: 400, reason: 'METADATA_NOT_FOUND' })
    await put(metadataUrl(), blob.metadataBody)
    expect(await put(sliverUrl('primary', foreignPair), body)).toMatchObject({ reason: 'SHARD_NOT_ASSIGNED' })
    expect(await put(sliverUrl('primary', 10), body)).toMatchObject({ reason: 'INDEX_OUT_OF_RANGE' })
    const next = blob.sliverBody('primary', pairs[1]!)
    expect(await put(sliverUrl('primary', pair), next)).toMatchObject({ reason: 'SLIVER_INDEX_MISMATCH' })
    const flipped = body.slice()
    flipped[20]! ^= 1
    expect(await put(sliverUrl('primary', pair), flipped)).toMatchObject({ status: 400, reason: 'INVALID_SLIVER' })
    expect(await send(`${sliverUrl('primary', pair)}/status`)).toMatchObject({ data: 'nonexistent' })
  })

  it('answers any mutation of a body with a coded refusal and stores nothing', async () => {
    test.chain.register(text)
    await put(metadataUrl(), blob.metadataBody)
    const rng = createRng(99)
    const fresh = testBlob(3)
    test.chain.register(fresh.text)
    const freshUrl = test.url(routePath({ $kind: 'metadata', blobId: fresh.blobId }))
    for (let round = 0; round < 40; round++) {
      for (const [url, body] of [
        [sliverUrl('secondary', pair), blob.sliverBody('secondary', pair)],
        [freshUrl, fresh.metadataBody],
      ] as const) {
        const mutated = body.slice(0, rng.below(4) === 0 ? rng.below(body.length) : body.length)
        if (mutated.length > 0) mutated[rng.below(mutated.length)]! ^= 1 + rng.below(255)
        const reply = await put(url, mutated)
        expect(reply.status).toBe(400)
        expect(reply.reason).toMatch(/^(INVALID_|SLIVER_INDEX|UNSUPPORTED)/)
      }
    }
    expect(await send(`${sliverUrl('secondary', pair)}/status`)).toMatchObject({ data: 'nonexistent' })
    expect(test.warnings).toEqual([])
  })

  it('reads no more of a body than its bound, announced or not', async () => {
    test.chain.register(text)
    const big = new Uint8Array(2 * 1024 * 1024 + 1)
    expect((await put(metadataUrl(), big)).status).toBe(413)
    // The connection is closed on an endless body: the client sees the answer or the end of the connection.
    const { status, sentBytes } = await putEndlessly(metadataUrl(), big.length)
    expect([413, 'closed']).toContain(status)
    expect(sentBytes).toBeLessThan(ENDLESS_BYTES)
    expect(await put(metadataUrl(), blob.metadataBody)).toMatchObject({ status: 201 })
  })

  it('serves slivers of many pieces, also to readers that go away in the middle', async () => {
    const big = testBlob(4, 1_800_000)
    test.chain.register(big.text)
    await upload(test, big)
    const [first] = big.pairs as [number, ...number[]]
    const url = test.url(routePath({ $kind: 'sliver', blobId: big.blobId, pairIndex: first, axis: 'primary' }))
    for (let round = 0; round < 5; round++) {
      const { body } = await fetch(url)
      await body!.cancel()
    }
    const { status, bytes } = await send(url)
    expect(status).toBe(200)
    expect(Buffer.compare(bytes, big.sliverBody('primary', first))).toBe(0)
    expect(test.warnings).toEqual([])
  })

  it('stores nothing of an upload that is cut off', async () => {
    test.chain.register(text)
    await put(metadataUrl(), blob.metadataBody)
    const controller = new AbortController()
    const half = new ReadableStream({
      start(stream) {
        stream.enqueue(blob.sliverBody('primary', pair).subarray(0, 100))
        setTimeout(() => controller.abort(), 50)
      },
    })
    const cut = send(sliverUrl('primary', pair), {
      method: 'PUT',
      body: half,
      duplex: 'half',
      signal: controller.signal,
    })
    await expect(cut).rejects.toThrow()
    expect(await send(`${sliverUrl('primary', pair)}/status`)).toMatchObject({ data: 'nonexistent' })
    expect(await put(sliverUrl('primary', pair), blob.sliverBody('primary', pair))).toMatchObject({ status: 201 })
  })

  it('tells blob status, health and unknown routes apart', async () => {
    const statusUrl = test.url(routePath({ $kind: 'blob-status', blobId }))
    expect(await send(statusUrl)).toMatchObject({ status: 200, data: 'nonexistent' })
    test.chain.register(text, { certifiedEpoch: 4, endEpoch: 8 })
    test.chain.register(text, { deletable: true, objectId: `0x${'cd'.repeat(32)}` })
    expect(parseBlobStatusData((await send(statusUrl)).data)).toEqual({
      $kind: 'permanent',
      endEpoch: 8,
      isCertified: true,
      statusEvent: EVENT,
      deletableCounts: { total: 1, certified: 0 },
      initialCertifiedEpoch: 4,
    })
    const health = (await send(test.url('/v1/health?detailed=true'))).data as Record<string, unknown>
    expect(health).toMatchObject({ epoch: 5, nodeStatus: 'Active', shardSummary: { owned: 3 } })
    expect((await send(test.url('/v1/blobs/x/metadata'))).status).toBe(404)
    expect((await send(test.url(`/v1/blobs/${'_'.repeat(43)}/metadata`))).status).toBe(400)
    expect((await send(metadataUrl(), { method: 'DELETE' })).status).toBe(405)
  })

  it('keeps everything over a restart', async () => {
    test.chain.register(text)
    await upload(test, blob)
    await test.restart()
    for (const axis of ['primary', 'secondary'] as const)
      expect((await send(sliverUrl(axis, pair))).bytes).toEqual(blob.sliverBody(axis, pair))
    expect((await send(permanentUrl())).status).toBe(200)
  })

  it('is unreachable while stopped and comes back on its port', async () => {
    const { port } = test.node
    await test.node.stop()
    await expect(send(metadataUrl())).rejects.toThrow()
    expect(test.node.running).toBe(false)
    expect(await test.node.listen(port)).toBe(port)
    expect((await send(test.url('/v1/health'))).status).toBe(200)
  })

  it('serves wrong bytes after corruption, in every sliver, which verification finds', async () => {
    test.chain.register(text)
    await upload(test, blob)
    expect(await test.node.corrupt()).toBe(2 * pairs.length)
    for (const axis of ['primary', 'secondary'] as const)
      for (const each of pairs) {
        const { status, bytes } = await send(sliverUrl(axis, each))
        expect(status).toBe(200)
        const sliver = parseSliver(bytes, SHARD_COUNT)
        expect(() => coder.verifySliver(blob.metadata, axis, sliver)).toThrow(
          expect.objectContaining({ code: 'ERASURE_SLIVER_MISMATCH' }),
        )
      }
  })
})

describe('symbols of a storage node', () => {
  beforeEach(async () => {
    test.chain.register(text)
    await upload(test, blob)
  })

  it.each(['primary', 'secondary'] as const)('prove themselves towards a %s sliver', async (axis) => {
    const path = routePath({ $kind: 'recovery-symbols', blobId })
    const { bytes } = await send(test.url(`${path}?targetSliver=9&targetType=${axis}`))
    const symbols = parseGeneralRecoverySymbols(bytes)
    expect(symbols.map((symbol) => [symbol.axis, symbol.targetIndex])).toEqual(pairs.map(() => [axis, 9]))
    const other = axis === 'primary' ? 'secondary' : 'primary'
    const source = blob.sliver(other, symbols[0]!.symbol.sourceIndex)
    const [expected] = coder.recoverySymbols(blob.metadata, other, source, [9])
    expect(symbols[0]).toMatchObject({ symbol: { bytes: expected!.bytes }, proof: expected!.proof })
  })

  it('are found by matrix cell, with the axis of the proof if asked', async () => {
    const path = routePath({ $kind: 'recovery-symbols', blobId })
    const cell = `id=${pair}-0&proofAxis=primary`
    const [symbol] = parseGeneralRecoverySymbols((await send(test.url(`${path}?${cell}`))).bytes)
    expect(symbol).toMatchObject({ axis: 'secondary', targetIndex: 0, symbol: { sourceIndex: pair } })
  })

  it('decode a lost sliver when enough nodes give theirs', async () => {
    const path = routePath({ $kind: 'decoding-symbols', blobId })
    const { bytes } = await send(test.url(`${path}?targetSlivers=0&targetSlivers=2&targetType=secondary`))
    const symbols = parseDecodingSymbols(bytes)
    expect([...symbols.keys()]).toEqual([0, 2])
    // This node holds three rows; a secondary sliver needs four, so one more is computed here.
    const missing = blob.sliver('primary', foreignPair)
    const extra = coder.recoverySymbols(blob.metadata, 'primary', missing, [2])
    const given = [...symbols.get(2)!.map(({ symbol }) => symbol), ...extra]
    expect(coder.recoverSliver(blob.metadata, 'secondary', 2, given)).toEqual(blob.sliver('secondary', 2))
  })

  it('are refused with the reason where the request makes no sense', async () => {
    const recovery = test.url(routePath({ $kind: 'recovery-symbols', blobId }))
    const decoding = test.url(routePath({ $kind: 'decoding-symbols', blobId }))
    const refusals = [
      [recovery, 'NO_SYMBOLS_SPECIFIED'],
      [`${recovery}?targetSliver=10&targetType=primary`, 'INDEX_OUT_OF_RANGE'],
      [`${recovery}?id=${foreignPair}-${9 - foreignPair}`, 'SYMBOL_NOT_PRESENT_AT_SHARDS'],
      [decoding, 'NO_TARGET_SLIVERS_SPECIFIED'],
      [`${decoding}?targetSlivers=4&targetType=primary`, 'RECOVERY_SYMBOL_OUT_OF_RANGE'],
      [`${decoding}?targetSlivers=7&targetType=secondary`, 'RECOVERY_SYMBOL_OUT_OF_RANGE'],
    ] as const
    for (const [url, reason] of refusals) expect(await send(url)).toMatchObject({ status: 400, reason })
    expect((await send(`${recovery}?id=x`)).status).toBe(400)
    expect((await send(`${recovery}?targetSliver=1`)).status).toBe(400)
  })
})
