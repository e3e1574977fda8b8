import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { blobIdText, bytesFromU256, parseBlobId, u256FromBytes } from '../../src/protocol/blob-id.ts'
import { maxBlobBytes } from '../../src/protocol/limits.ts'
import { encodeMessage, parseMessage, type StorageMessage } from '../../src/protocol/messages.ts'
import {
  encodeMetadata,
  encodeMetadataWithId,
  metadataBlobId,
  metadataWireBytes,
  parseMetadata,
  parseMetadataWithId,
  sliverHash,
  verifyMetadata,
} from '../../src/protocol/metadata.ts'
import { assertSliverShape, encodeSliver, parseSliver } from '../../src/protocol/sliver.ts'

const wire = JSON.parse(readFileSync(new URL('../vectors/protocol/wire.json', import.meta.url), 'utf8'))
const tiny = JSON.parse(readFileSync(new URL('../vectors/erasure/tiny-blob.json', import.meta.url), 'utf8'))
const id = new Uint8Array(32).fill(7)

describe('blob ids', () => {
  it('have the text and integer forms of the official client', () => {
    expect(blobIdText(id)).toBe(wire.blobIdText)
    expect(parseBlobId(wire.blobIdText)).toEqual(id)
    expect(u256FromBytes(id).toString()).toBe(wire.blobIdU256)
    expect(bytesFromU256(wire.blobIdU256)).toEqual(id)
  })

  it('reads the bytes of the reference example little-endian on chain', () => {
    const example = fromHex('fddad5bcc2b979418aa0a14f6b23fbd7692f81be97a62f1aeaced813bf55cff8')
    expect(blobIdText(example)).toBe('_drVvMK5eUGKoKFPayP712kvgb6Xpi8a6s7YE79Vz_g')
    expect(u256FromBytes(example).toString()).toBe(
      '112539915590938603783021204331884661014654654195513077603341071308827907185405',
    )
  })

  it.each([
    ['too short', 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw'],
    ['standard base64', '+drVvMK5eUGKoKFPayP712kvgb6Xpi8a6s7YE79Vz/g'],
    ['stray bits in the last character', '_drVvMK5eUGKoKFPayP712kvgb6Xpi8a6s7YE79Vz_h'],
    ['empty', ''],
  ])('refuses text that is %s', (_, text) => {
    expect(() => parseBlobId(text)).toThrow(expect.objectContaining({ code: 'PROTOCOL_BLOB_ID' }))
  })

  it.each(['', '-1', '0x10', '01', '1'.repeat(79), String(1n << 256n)])('refuses the integer %s', (text) => {
    expect(() => bytesFromU256(text)).toThrow(expect.objectContaining({ code: 'PROTOCOL_BLOB_ID' }))
  })

  it('refuses other than 32 bytes', () => {
    expect(() => blobIdText(new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'PROTOCOL_BLOB_ID' }))
  })
})

describe('what is encoded parses back', () => {
  it('for any metadata and any sliver', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 200 }), fc.nat(), (shardCount, seed) => {
        const rng = createRng(seed)
        const pairHashes = rng.fill(new Uint8Array(64 * shardCount))
        const metadata = { shardCount, blobBytes: rng.below(maxBlobBytes(shardCount)), pairHashes }
        const bytes = encodeMetadata(metadata)
        expect(bytes.length).toBe(metadataWireBytes(shardCount))
        expect(parseMetadata(bytes)).toEqual(metadata)
        const blobId = metadataBlobId(metadata)
        expect(parseMetadataWithId(encodeMetadataWithId(blobId, metadata))).toEqual({ id: blobId, metadata })
        const symbolBytes = 2 * (1 + rng.below(100))
        const sliver = { index: rng.below(shardCount), symbolBytes, bytes: rng.fill(new Uint8Array(3 * symbolBytes)) }
        expect(parseSliver(encodeSliver(sliver), shardCount)).toEqual(sliver)
      }),
      { seed: 20_261_122, numRuns: 50 },
    )
  })

  it('for any u256', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), (value) => {
        expect(u256FromBytes(bytesFromU256(value))).toBe(value)
        expect(parseBlobId(blobIdText(bytesFromU256(String(value))))).toEqual(bytesFromU256(value))
      }),
      { seed: 20_261_122 },
    )
  })
})

describe('metadata', () => {
  const metadata = parseMetadata(fromHex(wire.metadata))

  it('encodes to the bytes of the official client, without and with id', () => {
    expect(toHex(encodeMetadata(metadata))).toBe(wire.metadata)
    const parsed = parseMetadataWithId(fromHex(wire.metadataWithId))
    expect(parsed.metadata).toEqual(metadata)
    expect(toHex(encodeMetadataWithId(parsed.id, metadata))).toBe(wire.metadataWithId)
  })

  it('implies the blob id that the official encoder computed', () => {
    expect(toHex(metadataBlobId(metadata))).toBe(tiny.blobId)
  })

  it('finds the hash of a row by its index and of a column by the reversed index', () => {
    expect(toHex(sliverHash(metadata, 'primary', 1))).toBe(tiny.pairs[1].primaryHash)
    expect(toHex(sliverHash(metadata, 'secondary', 3))).toBe(tiny.pairs[0].secondaryHash)
    expect(() => sliverHash(metadata, 'primary', 4)).toThrow(RangeError)
  })

  it('is refused for another blob, another shard count, or an id that is not its own', () => {
    const refused = expect.objectContaining({ code: 'PROTOCOL_METADATA' })
    expect(() => verifyMetadata(metadata, id, 4)).toThrow(refused)
    expect(() => verifyMetadata(metadata, fromHex(tiny.blobId), 5)).toThrow(refused)
    expect(() => verifyMetadata(metadata, fromHex(tiny.blobId), 4)).not.toThrow()
    expect(() => parseMetadataWithId(encodeMetadataWithId(id, metadata))).toThrow(refused)
  })

  it.each([
    ['version', 0, 1],
    ['encoding type', 1, 0],
    ['pair count', 10, 3],
    ['node tag', 11, 0],
    ['node tag', 11, 2],
    ['length above the largest blob', 6, 1],
  ])('refuses a wrong %s', (_, at, value) => {
    const bytes = fromHex(wire.metadata)
    bytes[at] = value
    expect(() => parseMetadata(bytes)).toThrow(expect.objectContaining({ code: 'PROTOCOL_METADATA' }))
  })

  it('refuses a claim of a million pairs without allocating for them', () => {
    const bytes = fromHex(`00010500000000000000c0843d${'01'.repeat(40)}`)
    expect(() => parseMetadata(bytes)).toThrow(expect.objectContaining({ code: 'PROTOCOL_METADATA' }))
  })
})

describe('slivers', () => {
  it('encode to the bytes of the official client', () => {
    const sliver = { bytes: Uint8Array.of(0, 1, 2, 3, 4, 0), symbolBytes: 2, index: 0 }
    expect(toHex(encodeSliver(sliver))).toBe(wire.sliver)
    expect(parseSliver(fromHex(wire.sliver), 4)).toEqual(sliver)
  })

  it.each([
    ['index beyond the shards', '0600010203040002000400'],
    ['odd symbol size', '0600010203040003000000'],
    ['no symbol size', '0600010203040000000000'],
    ['missing byte', '06000102030400020000'],
    ['byte too many', '060001020304000200000000'],
    ['length beyond the bytes', '7f00010203040002000000'],
  ])('refuses one with %s', (_, hex) => {
    expect(() => parseSliver(fromHex(hex), 4)).toThrow(expect.objectContaining({ code: 'PROTOCOL_SLIVER' }))
  })

  it.each([
    ['index', { index: 4 }],
    ['symbol size', { symbolBytes: 4 }],
    ['length', { bytes: new Uint8Array(4) }],
  ])('refuses one whose %s does not fit the metadata', (fault, change) => {
    const metadata = parseMetadata(fromHex(wire.metadata))
    const sliver = { ...parseSliver(fromHex(wire.sliver), 4), ...change }
    expect(() => assertSliverShape(metadata, 'primary', sliver)).toThrow(`wrong ${fault}`)
  })

  it('accepts one that fits', () => {
    const metadata = parseMetadata(fromHex(wire.metadata))
    expect(() => assertSliverShape(metadata, 'primary', parseSliver(fromHex(wire.sliver), 4))).not.toThrow()
  })
})

describe('signed messages', () => {
  const objectId = new Uint8Array(32).fill(0x2a)
  const messages: [string, StorageMessage, string][] = [
    [
      'permanent certificate',
      { $kind: 'blob-certificate', epoch: 21, blobId: id, persistence: { $kind: 'permanent' } },
      wire.permanentMessage,
    ],
    [
      'deletable certificate',
      { $kind: 'blob-certificate', epoch: 21, blobId: id, persistence: { $kind: 'deletable', objectId } },
      wire.deletableMessage,
    ],
    ['invalid blob id', { $kind: 'invalid-blob-id', epoch: 1, blobId: id }, `02000301000000${'07'.repeat(32)}`],
    [
      'proof of possession',
      { $kind: 'proof-of-possession', epoch: 0, address: objectId, publicKey: new Uint8Array(48).fill(9) },
      `00000300000000${'2a'.repeat(32)}${'09'.repeat(48)}`,
    ],
  ]

  it.each(messages)('the %s has the bytes of the protocol and parses back', (_, message, hex) => {
    expect(toHex(encodeMessage(message))).toBe(hex)
    expect(parseMessage(fromHex(hex))).toEqual(message)
  })

  it('certificates are 40 and 72 bytes', () => {
    expect(wire.permanentMessage.length / 2).toBe(40)
    expect(wire.deletableMessage.length / 2).toBe(72)
  })

  it.each([
    ['another intent version', 1, 1],
    ['another application', 2, 0],
    ['an unknown type', 0, 3],
    ['an unknown persistence', 39, 2],
  ])('refuses %s', (_, at, value) => {
    const bytes = fromHex(wire.permanentMessage)
    bytes[at] = value
    expect(() => parseMessage(bytes)).toThrow(expect.objectContaining({ code: 'PROTOCOL_MESSAGE' }))
  })
})
