import { bcs } from '@mysten/sui/bcs'
import { fromBase58, toBase58 } from '@mysten/sui/utils'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'
import { saltedBlake2b256 } from '../../../src/crypto/hash.ts'
import {
  coinContents,
  coinType,
  createObject,
  decodeObject,
  encodeObject,
  type LedgerObject,
  type MoveData,
  type Owner,
  ownerJson,
  SUI_COIN_TYPE,
  sameOwner,
  storageBytes,
  ZERO_DIGEST,
} from '../../../src/localnet/ledger/object.ts'
import { normalizeAddress } from '../../../src/localnet/movevm/types.ts'
import { systemPackage } from './execution-fixture.ts'

const ID = normalizeAddress('0xc01')
const address = fc.bigInt(0n, (1n << 256n) - 1n).map((n) => normalizeAddress(n.toString(16)))
const u64 = fc.bigInt(0n, (1n << 64n) - 1n)
const owner: fc.Arbitrary<Owner> = fc.oneof(
  address.map((at) => ({ kind: 'address', address: at }) as const),
  address.map((parent) => ({ kind: 'object', parent }) as const),
  u64.map((initialVersion) => ({ kind: 'shared', initialVersion }) as const),
  fc.constant({ kind: 'immutable' } as const),
  fc
    .tuple(u64, address)
    .map(([startVersion, at]) => ({ kind: 'consensus-address', startVersion, address: at }) as const),
)
const TWO = normalizeAddress('0x2')
const type = fc.constantFrom(
  SUI_COIN_TYPE,
  `${TWO}::coin::Coin<${ID}::wal::WAL>`,
  `${normalizeAddress('0x3')}::staking_pool::StakedSui`,
  `${TWO}::dynamic_field::Field<u64,vector<u8>>`,
  `${ID}::coin::Coin<${TWO}::sui::SUI>`,
)
const moveObject: fc.Arbitrary<LedgerObject> = fc
  .tuple(
    owner,
    type,
    fc.uint8Array({ maxLength: 60 }),
    fc.boolean(),
    u64,
    u64,
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
  )
  .map(([who, of, rest, hasPublicTransfer, version, storageRebate, digest]) => {
    const contents = new Uint8Array([...coinContents(ID, 0n).subarray(0, 32), ...rest])
    const data: MoveData = { kind: 'move', type: of, hasPublicTransfer, contents }
    return createObject({ id: ID, version, owner: who, previousTransaction: toBase58(digest), storageRebate, data })
  })

describe('objects', () => {
  it('have the bytes and digest that the SDK gives them, and come back', () => {
    fc.assert(
      fc.property(moveObject, (object) => {
        const bytes = encodeObject(object)
        const parsed = bcs.Object.parse(bytes)
        expect(bcs.Object.serialize(parsed).toBytes()).toEqual(bytes)
        expect(parsed.owner).toMatchObject(ownerJson(object.owner))
        expect(object.digest).toBe(toBase58(saltedBlake2b256('Object::', bytes)))
        expect(decodeObject(bytes)).toEqual(object)
      }),
      { numRuns: 150 },
    )
  })

  it('of packages as well', () => {
    const stored = systemPackage('sui-framework')
    const bytes = encodeObject(stored)
    expect(bcs.Object.serialize(bcs.Object.parse(bytes)).toBytes()).toEqual(bytes)
    expect(decodeObject(bytes)).toEqual(stored)
  })

  it('use the short form of coin types', () => {
    const variant = (of: string) => {
      const data: MoveData = { kind: 'move', type: of, hasPublicTransfer: true, contents: coinContents(ID, 5n) }
      const object = createObject({
        id: ID,
        version: 1n,
        owner: { kind: 'immutable' },
        previousTransaction: ZERO_DIGEST,
        storageRebate: 0n,
        data,
      })
      return bcs.Object.parse(encodeObject(object)).data.Move!.type.$kind
    }
    expect(variant(SUI_COIN_TYPE)).toBe('GasCoin')
    expect(variant(`${TWO}::coin::Coin<${ID}::wal::WAL>`)).toBe('Coin')
    expect(variant(`${TWO}::clock::Clock`)).toBe('Other')
    expect(coinType(`${TWO}::coin::Coin<${ID}::wal::WAL>`)).toBe(`${ID}::wal::WAL`)
    expect(coinType(`${ID}::coin::Coin<u8>`)).toBeUndefined()
  })

  it('are charged by size: a SUI coin is 130 bytes, 988,000 MIST as on chain', () => {
    expect(
      storageBytes({ kind: 'move', type: SUI_COIN_TYPE, hasPublicTransfer: true, contents: coinContents(ID, 1n) }),
    ).toBe(130)
  })

  it('refuse mutated and truncated bytes with a code, or are another object', () => {
    const rng = createRng(99)
    const original = encodeObject(systemPackage('move-stdlib'))
    for (let round = 0; round < 500; round++) {
      const bytes = original.slice(0, rng.below(4) === 0 ? rng.below(original.length) : original.length)
      if (bytes.length > 0) bytes[rng.below(bytes.length)] = rng.below(256)
      try {
        expect(encodeObject(decodeObject(bytes))).toEqual(bytes)
      } catch (error) {
        expect(error).toMatchObject({ code: 'LEDGER_OBJECT_MALFORMED' })
      }
    }
    expect(fromBase58(ZERO_DIGEST)).toEqual(new Uint8Array(32))
  })
})

describe('owners', () => {
  it('are the same only if kind and address agree', () => {
    fc.assert(
      fc.property(owner, owner, (a, b) => {
        expect(sameOwner(a, { ...a })).toBe(true)
        expect(sameOwner(a, b)).toBe(sameOwner(b, a))
        if (a.kind !== b.kind) expect(sameOwner(a, b)).toBe(false)
      }),
    )
  })
})
