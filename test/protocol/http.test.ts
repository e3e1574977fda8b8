import { describe, expect, it } from 'vitest'
import {
  confirmationData,
  errorEnvelope,
  MAX_ENVELOPE_BYTES,
  parseConfirmationData,
  parseEnvelope,
  successEnvelope,
} from '../../src/protocol/envelope.ts'
import { matchRoute, type NodeRoute, routePath } from '../../src/protocol/routes.ts'
import {
  type BlobStatus,
  blobStatusData,
  parseBlobStatusData,
  parseStoredStatusData,
} from '../../src/protocol/status.ts'

const blobId = new Uint8Array(32).fill(7)
const text = 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc'
const objectId = new Uint8Array(32).fill(0x2a)

describe('routes', () => {
  const routes: [string, NodeRoute][] = [
    ['/v1/health', { $kind: 'health' }],
    [`/v1/blobs/${text}/metadata`, { $kind: 'metadata', blobId }],
    [`/v1/blobs/${text}/metadata/status`, { $kind: 'metadata-status', blobId }],
    [`/v1/blobs/${text}/slivers/12/primary`, { $kind: 'sliver', blobId, pairIndex: 12, axis: 'primary' }],
    [
      `/v1/blobs/${text}/slivers/0/secondary/status`,
      { $kind: 'sliver-status', blobId, pairIndex: 0, axis: 'secondary' },
    ],
    [
      `/v1/blobs/${text}/confirmation/permanent`,
      { $kind: 'confirmation', blobId, persistence: { $kind: 'permanent' } },
    ],
    [
      `/v1/blobs/${text}/confirmation/deletable/0x${'2a'.repeat(32)}`,
      { $kind: 'confirmation', blobId, persistence: { $kind: 'deletable', objectId } },
    ],
    [`/v1/blobs/${text}/status`, { $kind: 'blob-status', blobId }],
    [`/v1/blobs/${text}/recoverySymbols`, { $kind: 'recovery-symbols', blobId }],
    [`/v1/blobs/${text}/decodingSymbols`, { $kind: 'decoding-symbols', blobId }],
    [`/v1/blobs/${text}/inconsistencyProof/primary`, { $kind: 'inconsistency-proof', blobId, axis: 'primary' }],
  ]

  it.each(routes)('%s is built and matched', (path, route) => {
    expect(routePath(route)).toBe(path)
    expect(matchRoute(path)).toEqual(route)
  })

  it.each([
    '/',
    '/v2/health',
    '/v1/health/',
    `/v1/blobs/${text}`,
    `/v1/blobs/${text}/slivers/-1/primary`,
    `/v1/blobs/${text}/slivers/1/tertiary`,
    `/v1/blobs/${text}/slivers/999999/primary`,
    `/v1/blobs/${text}/confirmation/deletable/0x2a`,
    `/v1/blobs/../${text}/metadata`,
    '/v1/blobs/short/metadata',
  ])('%s is no route', (path) => {
    expect(matchRoute(path)).toBeUndefined()
  })

  it('an id that is not canonical is a coded error', () => {
    expect(() => matchRoute(`/v1/blobs/${text.slice(0, -1)}d/metadata`)).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_BLOB_ID' }),
    )
  })
})

describe('envelopes', () => {
  it('of success carry the data', () => {
    const answer = JSON.stringify(successEnvelope('stored', 201))
    expect(answer).toBe('{"success":{"code":201,"data":"stored"}}')
    expect(parseEnvelope(answer)).toEqual({ $kind: 'success', code: 201, data: 'stored' })
  })

  it('of failure have the shape of the protocol', () => {
    const { httpStatus, body } = errorEnvelope('NOT_REGISTERED', 'the blob is not registered')
    expect(httpStatus).toBe(400)
    expect(body).toEqual({
      error: {
        code: 400,
        status: 'FAILED_PRECONDITION',
        message: 'the blob is not registered',
        details: [{ '@type': 'ErrorInfo', reason: 'NOT_REGISTERED', domain: 'storage.walrus.space', metadata: {} }],
      },
    })
    expect(parseEnvelope(JSON.stringify(body))).toEqual({
      $kind: 'error',
      error: {
        httpStatus: 400,
        status: 'FAILED_PRECONDITION',
        reason: 'NOT_REGISTERED',
        message: 'the blob is not registered',
      },
    })
  })

  it('give a reason under another status where the request was a write', () => {
    expect(errorEnvelope('METADATA_NOT_FOUND', 'x').httpStatus).toBe(404)
    expect(errorEnvelope('METADATA_NOT_FOUND', 'x', { status: 'FAILED_PRECONDITION' }).httpStatus).toBe(400)
    expect(errorEnvelope('FORBIDDEN_BLOB', 'x').httpStatus).toBe(451)
  })

  it('of an internal failure name no storage domain and carry a trace, not a stack', () => {
    const { httpStatus, body } = errorEnvelope('INTERNAL_ERROR', 'x', { trace: 'TraceID: 7' })
    expect(httpStatus).toBe(500)
    expect(body.error['details']).toEqual([
      { '@type': 'ErrorInfo', reason: 'INTERNAL_ERROR', domain: 'global', metadata: {} },
      { '@type': 'DebugInfo', stackEntries: [], detail: 'TraceID: 7' },
    ])
  })

  it('keep a reason they do not know, and have none where none was sent', () => {
    const parse = (details: unknown) => {
      const answer = parseEnvelope(JSON.stringify({ error: { code: 418, details } }))
      return answer.$kind === 'error' ? answer.error.reason : undefined
    }
    expect(parse([{ '@type': 'DebugInfo' }, null, { '@type': 'ErrorInfo', reason: 'NEW_REASON' }])).toBe('NEW_REASON')
    expect(parse('nonsense')).toBe('')
  })

  it.each(['', 'null', '[]', '{}', '{"success":1}', '{"error":{}}', 'x'.repeat(MAX_ENVELOPE_BYTES + 1)])(
    'are not %#',
    (answer) => {
      expect(() => parseEnvelope(answer)).toThrow(expect.objectContaining({ code: 'PROTOCOL_ENVELOPE' }))
    },
  )

  it('carry confirmations in standard base64', () => {
    const confirmation = { message: new Uint8Array(40).fill(251), signature: new Uint8Array(96).fill(255) }
    const data = confirmationData(confirmation)
    expect(data.signed.serializedMessage).toBe(`${'+/v7'.repeat(13)}+w==`)
    expect(parseConfirmationData(data)).toEqual(confirmation)
    for (const wrong of [
      null,
      {},
      { signed: {} },
      { signed: { ...data.signed, signature: 'AA==' } },
      { signed: { ...data.signed, serializedMessage: '!!!!' } },
      { signed: { ...data.signed, serializedMessage: 'AAAA'.repeat(400) } },
    ])
      expect(() => parseConfirmationData(wrong)).toThrow(expect.objectContaining({ code: 'PROTOCOL_ENVELOPE' }))
  })
})

describe('blob status', () => {
  const event = { txDigest: 'HCdkGjwRPpwbDBDLHTZSKE4RH8ej8Y6iCH2oBxhVv2hu', eventSeq: '3' }
  const statuses: BlobStatus[] = [
    { $kind: 'nonexistent' },
    { $kind: 'invalid', event },
    {
      $kind: 'permanent',
      endEpoch: 12,
      isCertified: true,
      statusEvent: event,
      deletableCounts: { total: 2, certified: 1 },
      initialCertifiedEpoch: 5,
    },
    { $kind: 'deletable', initialCertifiedEpoch: null, deletableCounts: { total: 1, certified: 0 } },
  ]

  it.each(statuses)('$$kind survives the wire', (status) => {
    expect(parseBlobStatusData(JSON.parse(JSON.stringify(blobStatusData(status))))).toEqual(status)
  })

  it('is read in snake case too', () => {
    const data = {
      deletable: {
        initial_certified_epoch: 4,
        deletable_counts: { count_deletable_total: 3, count_deletable_certified: 2 },
      },
    }
    expect(parseBlobStatusData(data)).toEqual({
      $kind: 'deletable',
      initialCertifiedEpoch: 4,
      deletableCounts: { total: 3, certified: 2 },
    })
  })

  it.each([
    null,
    'certified',
    {},
    { permanent: {} },
    { permanent: {}, deletable: {} },
    {
      deletable: {
        initialCertifiedEpoch: -1,
        deletableCounts: { count_deletable_total: 0, count_deletable_certified: 0 },
      },
    },
    { invalid: { event: { txDigest: 1, eventSeq: '3' } } },
    { invalid: { event: { txDigest: 'x', eventSeq: 'three' } } },
  ])('refuses %j', (data) => {
    expect(() => parseBlobStatusData(data)).toThrow(expect.objectContaining({ code: 'PROTOCOL_ENVELOPE' }))
  })

  it('of a sliver is one of three words', () => {
    expect(parseStoredStatusData('buffered')).toBe('buffered')
    expect(() => parseStoredStatusData('Stored')).toThrow(expect.objectContaining({ code: 'PROTOCOL_ENVELOPE' }))
  })
})
