import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import { chunkBytes } from '../../src/chunking/chunker.ts'
import { plainEngine } from '../../src/chunking/engine-plain.ts'
import { wasmEngine } from '../../src/chunking/engine-wasm.ts'
import { GEAR_TABLE } from '../../src/chunking/gear.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { sha256Stream } from './inputs.ts'

interface Case {
  name: string
  kind: 'stream' | 'repeat'
  label?: string
  hex?: string
  bytes: number
  params: [number, number, number]
  sha256: string
  lengths: number[]
}

const vectors: { gearSha256: string; gearFirst: number[]; cases: Case[] } = JSON.parse(
  readFileSync(new URL('../vectors/chunking/fastcdc-v1.json', import.meta.url), 'utf8'),
)

function inputOf({ kind, label, hex, bytes }: Case): Uint8Array {
  if (kind === 'stream') return sha256Stream(label!, bytes)
  const unit = fromHex(hex!)
  return new Uint8Array(bytes).map((_, i) => unit[i % unit.length]!)
}

describe('chunking vectors of an independent implementation', () => {
  it('have the gear table that this version derives', () => {
    expect(Array.from(GEAR_TABLE.subarray(0, 4))).toEqual(vectors.gearFirst)
    const littleEndian = new Uint8Array(1024)
    GEAR_TABLE.forEach((word, i) => {
      new DataView(littleEndian.buffer).setUint32(4 * i, word, true)
    })
    expect(sha256Hex(littleEndian)).toBe(vectors.gearSha256)
  })

  for (const engine of [plainEngine, wasmEngine()])
    it.each(vectors.cases)(`are met by the ${engine.name} engine: $name`, (vector) => {
      const input = inputOf(vector)
      expect(sha256Hex(input), 'the generated input moved, not the chunker').toBe(vector.sha256)
      const [minBytes, avgBytes, maxBytes] = vector.params
      const lengths = chunkBytes(input, { minBytes, avgBytes, maxBytes }, engine).map((chunk) => chunk.length)
      expect(lengths).toEqual(vector.lengths)
    })
})
