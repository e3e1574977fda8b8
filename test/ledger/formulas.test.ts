/** The client's own recomputation, against vectors that another implementation made. The ledger is checked against the same
 *  ones (`test/localnet/ledger/formulas.test.ts`): neither side's mistake is the other's. */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { dynamicFieldId, KEY_TYPES, structTypeTag } from '../../src/ledger/dynamic-field.ts'
import { readObjectBytes } from '../../src/ledger/object-bytes.ts'
import { parseStructType } from '../../src/ledger/object-id.ts'
import { transactionDigest } from '../../src/ledger/transaction-digest.ts'

interface Vectors {
  fieldIds: { parent: string; keyType: string; key: string; id: string }[]
  objects: { name: string; type: string; version: number; contents: string; bytes: string; digest: string }[]
  transactions: { bytes: string; digest: string }[]
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('../vectors/ledger/formulas.json', import.meta.url), 'utf8'))

const KEYS: Readonly<Record<string, Uint8Array>> = {
  u64: KEY_TYPES.u64,
  'vector<u8>': KEY_TYPES.bytes,
  address: KEY_TYPES.address,
  u256: KEY_TYPES.u256,
  '0x1::string::String': KEY_TYPES.string,
  '0x2::dynamic_object_field::Wrapper<vector<u8>>': structTypeTag('0x2', 'dynamic_object_field', 'Wrapper', [
    KEY_TYPES.bytes,
  ]),
}

describe('the client computes what another implementation computes', () => {
  it.each(vectors.fieldIds)('as the id of a field with a key of type $keyType', ({ parent, keyType, key, id }) => {
    expect(dynamicFieldId(parent, KEYS[keyType]!, fromHex(key))).toBe(id)
  })

  it.each(vectors.objects)('as the digest of an object: $name', ({ type, version, contents, bytes, digest }) => {
    const read = readObjectBytes(fromHex(bytes))
    expect(read.digest).toBe(digest)
    expect([toHex(read.content), read.version]).toEqual([contents, BigInt(version)])
    expect(parseStructType(read.type)?.name).toBe(parseStructType(type)?.name)
  })

  it.each(vectors.transactions)('as the digest of transaction bytes', ({ bytes, digest }) => {
    expect(transactionDigest(fromHex(bytes))).toBe(digest)
  })
})
