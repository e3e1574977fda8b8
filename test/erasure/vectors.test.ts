import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { merkleLeaf } from '../../src/crypto/merkle.ts'
import { codeOf } from '../../src/erasure/code.ts'
import type { Engine } from '../../src/erasure/engine.ts'
import { createEngine } from '../../src/erasure/engine-choice.ts'
import { divide, inverse, LOG, multiply } from '../../src/erasure/field.ts'
import { symbolElements, writeSymbol } from '../../src/erasure/layout.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'
import { encodeSliver } from '../../src/protocol/sliver.ts'

const read = (name: string) => JSON.parse(readFileSync(new URL(`../vectors/erasure/${name}`, import.meta.url), 'utf8'))
const blobIds: {
  shardCount: number
  blobBytes: number
  symbolBytes: number
  blobId: string
  rootHash: string
}[] = read('blob-ids.json')
const tiny = read('tiny-blob.json')
const code = read('code.json')
const content = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251)
const coder = createSyncCoder()

describe('blob ids', () => {
  it('are made from the content the vectors mean', () => {
    expect([...content(1000).slice(249, 253)]).toEqual([249, 250, 0, 1])
  })

  it.each(blobIds)('never change: $blobBytes bytes at $shardCount shards', (vector) => {
    const identity = coder.computeBlobId(vector.shardCount, content(vector.blobBytes))
    expect(identity.params.symbolBytes).toBe(vector.symbolBytes)
    expect(toHex(identity.blobId)).toBe(vector.blobId)
    expect(toHex(identity.rootHash)).toBe(vector.rootHash)
  })

  it('differ for blobs that differ by zeros within the padding, which share the root', () => {
    const [empty, one] = [coder.computeBlobId(7, new Uint8Array(0)), coder.computeBlobId(7, new Uint8Array(1))]
    expect(toHex(empty.rootHash)).toBe(toHex(one.rootHash))
    expect(toHex(empty.blobId)).not.toBe(toHex(one.blobId))
  })
})

describe('the blob 00 01 02 03 04 at 4 shards', () => {
  const encoded = coder.encodeBlob(4, fromHex(tiny.blob))

  it('has the slivers and hashes of the vector', () => {
    expect(toHex(encoded.blobId)).toBe(tiny.blobId)
    const pairs = Array.from({ length: 4 }, (_, p) => {
      const { primary, secondary } = encoded.pair(p)
      const hashes = encoded.metadata.pairHashes.subarray(64 * p, 64 * p + 64)
      return {
        primaryHash: toHex(hashes.subarray(0, 32)),
        secondaryHash: toHex(hashes.subarray(32)),
        primarySliver: toHex(encodeSliver(primary)),
        secondarySliver: toHex(encodeSliver(secondary)),
      }
    })
    expect(pairs).toEqual(tiny.pairs)
  })

  it('has the leaf hash of the reference for its first symbol', () => {
    expect(toHex(merkleLeaf(Uint8Array.of(0, 1)))).toBe(
      '85ab460a6564d1e5ded17716cd5866650d7fbb9cada7fecabd5fe21e2f80e43a',
    )
  })
})

describe('the field', () => {
  it('has the logs of the reference', () => {
    expect([...LOG.subarray(1, 9)]).toEqual(code.logs)
  })

  it('multiplies and inverts as in the reference', () => {
    const number = (hex: string) => Number.parseInt(hex, 16)
    for (const [a, b, product] of code.products) expect(multiply(number(a), number(b))).toBe(number(product))
    for (const [a, inverted] of code.inverses) expect(inverse(number(a))).toBe(number(inverted))
  })

  it('has 1 as its identity and an inverse for every other element', () => {
    for (let element = 1; element < 65536; element += 7) {
      expect(multiply(element, 1)).toBe(element)
      expect(multiply(element, inverse(element))).toBe(1)
      expect(divide(multiply(element, 4321), 4321)).toBe(element)
    }
    expect(() => inverse(0)).toThrow(RangeError)
  })
})

describe('the layout of a symbol', () => {
  it('puts low bytes before high bytes in blocks of 64 and in the rest', () => {
    const symbol = Uint8Array.from({ length: 70 }, (_, i) => i)
    const elements = [...symbolElements(symbol)].map((element) => element.toString(16).padStart(4, '0'))
    expect(elements.slice(0, 2)).toEqual(code.elementsOf70Bytes.first)
    expect(elements[31]).toBe(code.elementsOf70Bytes.at31)
    expect(elements.slice(32)).toEqual(code.elementsOf70Bytes.last)
  })

  it.each([2, 4, 62, 64, 66, 126, 128, 130])('of %i bytes is written back as it was read', (size) => {
    const symbol = Uint8Array.from({ length: size }, (_, i) => i * 7)
    const again = new Uint8Array(size)
    writeSymbol(again, symbolElements(symbol))
    expect(again).toEqual(symbol)
  })
})

describe('recovery symbols of 1, 2, 3, …', () => {
  const engines: Engine[] = (['naive', 'rs2-scalar.wasm', undefined] as const).map((name) => createEngine(name))
  for (const engine of engines)
    it(`are those of the reference in the ${engine.name} engine`, () => {
      for (const { originals, recovery } of code.recovery as { originals: number; recovery: string[] }[]) {
        const base = engine.reserve(2 * (originals + recovery.length))
        for (let i = 0; i < originals; i++) engine.memory.set([i + 1, 0], base + 2 * i)
        const grid = { positionStride: 2, codewordStride: 0 }
        const into = { offset: base + 2 * originals, ...grid }
        const block = { symbolBytes: 2, codewords: 1 }
        engine.extend(codeOf(originals, recovery.length), block, { offset: base, ...grid }, into)
        const got = recovery.map((_, j) => {
          const [low, high] = engine.memory.subarray(into.offset + 2 * j, into.offset + 2 * j + 2)
          return (low! | (high! << 8)).toString(16).padStart(4, '0')
        })
        expect(got).toEqual(recovery)
      }
    })
})
