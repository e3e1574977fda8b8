import { readFileSync } from 'node:fs'
import { fromBase58 } from '@mysten/sui/utils'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { encodeEvents } from '../../../src/localnet/ledger/effects.ts'
import { deriveFieldId, deriveObjectId } from '../../../src/localnet/ledger/execution-objects.ts'
import { gasSummary, storageCost } from '../../../src/localnet/ledger/gas.ts'
import { createObject, type Owner, storageBytes } from '../../../src/localnet/ledger/object.ts'
import { transactionDigest } from '../../../src/localnet/ledger/transaction.ts'
import { normalizeAddress, parseType } from '../../../src/localnet/movevm/types.ts'

interface Vectors {
  objectIds: { digest: string; counter: number; id: string }[]
  fieldIds: { parent: string; keyType: string; key: string; id: string }[]
  objects: {
    name: string
    type: string
    version: number
    hasPublicTransfer: boolean
    contents: string
    owner: { kind: string; address?: number; parent?: number; initialVersion?: number }
    previousTransaction: string
    storageCost: string
    digest: string
  }[]
  rebates: { rebates: string; storageRebate: string; nonRefundable: string }[]
  events: {
    packageId: string
    module: string
    sender: string
    items: { type: string; contents: string }[]
    bytes: string
    digest: string
  }
  transactions: { bytes: string; digest: string }[]
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../vectors/ledger/formulas.json', import.meta.url), 'utf8'),
)

const addressOf = (number: number) => normalizeAddress(number.toString(16))

function ownerOf({ kind, address, parent, initialVersion }: Vectors['objects'][number]['owner']): Owner {
  if (address !== undefined) return { kind: 'address', address: addressOf(address) }
  if (parent !== undefined) return { kind: 'object', parent: addressOf(parent) }
  if (initialVersion !== undefined) return { kind: 'shared', initialVersion: BigInt(initialVersion) }
  if (kind === 'immutable') return { kind }
  throw new Error(`unknown owner ${kind}`)
}

describe('what another implementation of the formulas computes', () => {
  it.each(vectors.objectIds)('is the id of new object $counter', ({ digest, counter, id }) => {
    expect(deriveObjectId(fromBase58(digest), counter)).toBe(id)
  })

  it.each(vectors.fieldIds)('is the id of a field with a key of type $keyType', ({ parent, keyType, key, id }) => {
    expect(deriveFieldId(parent, parseType(keyType), fromHex(key))).toBe(id)
  })

  it.each(vectors.objects)('is digest and storage cost of: $name', (vector) => {
    const contents = fromHex(vector.contents)
    const { hasPublicTransfer } = vector
    const data = { kind: 'move', type: parseType(vector.type).key, hasPublicTransfer, contents } as const
    const cost = storageCost(storageBytes(data))
    expect(String(cost)).toBe(vector.storageCost)
    const object = createObject({
      id: `0x${vector.contents.slice(0, 64)}`,
      version: BigInt(vector.version),
      owner: ownerOf(vector.owner),
      previousTransaction: vector.previousTransaction,
      storageRebate: cost,
      data,
    })
    expect(object.digest).toBe(vector.digest)
  })

  it.each(vectors.rebates)('is what is paid back of $rebates', ({ rebates, storageRebate, nonRefundable }) => {
    const summary = gasSummary(0n, 0n, BigInt(rebates))
    expect([summary.storageRebate, summary.nonRefundableStorageFee].map(String)).toEqual([storageRebate, nonRefundable])
  })

  it('are bytes and digest of events', () => {
    const { items, bytes, digest, ...common } = vectors.events
    const events = items.map((item) => ({
      ...common,
      type: parseType(item.type).key,
      contents: fromHex(item.contents),
    }))
    const encoded = encodeEvents(events)
    expect(toHex(encoded.bytes)).toBe(bytes)
    expect(encoded.digest).toBe(digest)
  })

  it.each(vectors.transactions)('is the digest of transaction bytes', ({ bytes, digest }) => {
    expect(transactionDigest(fromHex(bytes))).toBe(digest)
  })
})
