import { bcs } from '@mysten/sui/bcs'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { ByteReader, ByteWriter, CodecError } from '../../src/codec/cursor.ts'
import * as floe from '../../src/ledger/bindings/floe/index.ts'
import * as wal from '../../src/ledger/bindings/wal/index.ts'
import * as walExchange from '../../src/ledger/bindings/wal-exchange/index.ts'
import * as walrus from '../../src/ledger/bindings/walrus/index.ts'
import { type Layout, type NamedLayout, option, string, u32, u128, vecMap } from '../../src/ledger/layout.ts'

const MODULES = [floe, walrus, wal, walExchange].flatMap((bound) => Object.values(bound) as Record<string, unknown>[])
const LAYOUTS = MODULES.flatMap((module) => Object.values(module)).filter(
  (value): value is NamedLayout<unknown> => typeof value === 'object' && value !== null && 'minBytes' in value,
)

function encode<T>(layout: Layout<T>, value: T): Uint8Array {
  const writer = new ByteWriter()
  layout.write(writer, value)
  return writer.finish()
}

describe('layouts of the bindings', () => {
  it('cover what is stored and emitted', () => {
    const names = LAYOUTS.map(({ module, name }) => `${module}::${name}`)
    for (const name of ['repository::Repository', 'push_log::PushRecord', 'blob::Blob', 'events::BlobCertified'])
      expect(names).toContain(name)
    expect(names.length).toBeGreaterThan(100)
  })

  it('give every value one form: what they accept of random bytes they write back alike, and nothing else throws', () => {
    const rng = createRng(4)
    let accepted = 0
    for (const layout of LAYOUTS)
      for (let round = 0; round < 30; round++) {
        const bytes = rng.fill(new Uint8Array(layout.minBytes + rng.below(200)))
        // Small numbers let counts, booleans and variants pass now and then.
        for (let i = 0; i < bytes.length; i++) if (rng.below(4) > 0) bytes[i]! &= 1
        const reader = new ByteReader(bytes)
        let value: unknown
        try {
          value = layout.read(reader)
        } catch (error) {
          if (!(error instanceof CodecError)) throw error
          continue
        }
        accepted++
        expect(encode(layout, value)).toEqual(bytes.slice(0, reader.offset))
      }
    expect(accepted).toBeGreaterThan(LAYOUTS.length * 5)
  })

  it('agree with the official serializer', () => {
    const official = bcs.struct('Segment', { pack: bcs.u64(), offset: bcs.u64(), bytes: bcs.u64() })
    const segment = { pack: 1n, offset: 2n ** 63n, bytes: 3n }
    expect(encode(floe.pushLog.Segment, segment)).toEqual(official.serialize(segment).toBytes())
    const committee = bcs.vector(bcs.tuple([bcs.Address, bcs.vector(bcs.u16())]))
    const entries: [string, number[]][] = [[`0x${'ab'.repeat(32)}`, [0, 65535]]]
    const bytes = committee.serialize(entries).toBytes()
    expect(walrus.committee.Committee.read(new ByteReader(bytes))).toEqual({ pos0: entries })
    const phase = bcs.enum('EpochState', { EpochChangeSync: bcs.u16(), EpochChangeDone: bcs.u64() })
    expect(
      walrus.stakingInner.EpochState.read(new ByteReader(phase.serialize({ EpochChangeDone: 7 }).toBytes())),
    ).toEqual({ $kind: 'EpochChangeDone', pos0: 7n })
    expect(encode(u32, 0xfedcba98)).toEqual(bcs.u32().serialize(0xfedcba98).toBytes())
    expect(encode(u128, 2n ** 127n + 5n)).toEqual(
      bcs
        .u128()
        .serialize(2n ** 127n + 5n)
        .toBytes(),
    )
    expect(encode(option(vecMap(string, u32)), [['ä', 1]])).toEqual(
      bcs
        .option(bcs.vector(bcs.tuple([bcs.string(), bcs.u32()])))
        .serialize([['ä', 1]])
        .toBytes(),
    )
  })

  it('refuse a count that the bytes cannot hold before making room for it', () => {
    const bytes = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0])
    expect(() => walrus.committee.Committee.read(new ByteReader(bytes))).toThrow(CodecError)
  })

  it('name the type at a package', () => {
    expect(walrus.blob.Blob.at('0xab')).toBe('0xab::blob::Blob')
  })
})
