import { bcs } from '@mysten/sui/bcs'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { CodecError } from '../../src/codec/cursor.ts'
import { readObjectBytes } from '../../src/ledger/object-bytes.ts'
import { parseAddress } from '../../src/ledger/object-id.ts'

const id = (n: number) => `0x${n.toString(16).padStart(64, '0')}`
const DIGEST = '11111111111111111111111111111111'
const contents = Array.from({ length: 40 }, (_, i) => i)
type Fields = Parameters<typeof bcs.Object.serialize>[0]

// Written with the official library, not with the reader under test.
function object(type: unknown, owner: unknown): Uint8Array {
  const Move = { type, hasPublicTransfer: true, version: 7n, contents }
  return bcs.Object.serialize({
    data: { Move },
    owner,
    previousTransaction: DIGEST,
    storageRebate: 5n,
  } as Fields).toBytes()
}
const struct = (typeParams: unknown[] = []) => ({ Other: { address: id(9), module: 'm', name: 'S', typeParams } })
const inner = { struct: { address: id(8), module: 'n', name: 'T', typeParams: [{ u64: null }] } }

describe('the bytes of an object', () => {
  it('give its type, version, owner, contents and digest', () => {
    const read = readObjectBytes(object(struct([inner, { vector: { u8: null } }, { bool: null }]), { Immutable: null }))
    expect(read).toMatchObject({
      type: `${id(9)}::m::S<${id(8)}::n::T<u64>,vector<u8>,bool>`,
      version: 7n,
      owner: { $kind: 'immutable' },
      content: Uint8Array.from(contents),
    })
    expect(read.digest).toMatch(/^[1-9A-HJ-NP-Za-km-z]{43,44}$/)
  })

  it('know every kind of owner and every short form of a type', () => {
    const owners = [
      [{ AddressOwner: id(1) }, { $kind: 'address', address: id(1) }],
      [{ ObjectOwner: id(2) }, { $kind: 'object', objectId: id(2) }],
      [{ Shared: { initialSharedVersion: 3n } }, { $kind: 'shared', initialVersion: 3n }],
      [{ ConsensusAddressOwner: { startVersion: 4n, owner: id(4) } }, { $kind: 'other' }],
    ]
    for (const [owner, expected] of owners) expect(readObjectBytes(object(struct(), owner)).owner).toEqual(expected)
    const coin = `${parseAddress('0x2')}::coin::Coin`
    const types: [unknown, string][] = [
      [{ GasCoin: null }, `${coin}<${parseAddress('0x2')}::sui::SUI>`],
      [{ Coin: inner }, `${coin}<${id(8)}::n::T<u64>>`],
      [{ StakedSui: null }, `${parseAddress('0x3')}::staking_pool::StakedSui`],
    ]
    for (const [type, text] of types) expect(readObjectBytes(object(type, { Immutable: null })).type).toBe(text)
  })

  it('are refused when cut, longer, too deep, or of a package', () => {
    const good = object(struct([inner]), { AddressOwner: id(1) })
    for (let length = 0; length < good.length; length++)
      expect(() => readObjectBytes(good.subarray(0, length))).toThrow(CodecError)
    expect(() => readObjectBytes(Uint8Array.of(...good, 0))).toThrow(CodecError)
    expect(() => readObjectBytes(Uint8Array.of(1, ...good.subarray(1)))).toThrow(CodecError)
    let deep: unknown = { u8: null }
    for (let i = 0; i < 40; i++) deep = { vector: deep }
    expect(() => readObjectBytes(object(struct([deep]), { Immutable: null }))).toThrow(CodecError)
    expect(() => readObjectBytes(new Uint8Array(1_000_000))).toThrow(CodecError)
  })

  it('fail with a coded error, or read as something else, whatever is changed in them', () => {
    const good = object(struct([inner]), { AddressOwner: id(1) })
    const { digest } = readObjectBytes(good)
    const rng = createRng(5)
    for (let round = 0; round < 2_000; round++) {
      const bad = good.slice()
      const at = rng.below(bad.length)
      bad[at] = bad[at]! ^ (1 + rng.below(255))
      try {
        expect(readObjectBytes(bad).digest).not.toBe(digest)
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError)
      }
    }
  })
})
