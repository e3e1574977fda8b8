/** An object as the chain hashes it: type, version, owner and contents are read from those bytes, and the digest is
 *  recomputed from them, so that no field of an answer can disagree with another.
 *  @see sui-grpc reference §5.2: digest = BLAKE2b-256("Object::" ‖ BCS(Object)), shown in base58 */

import { toBase58 } from '@mysten/bcs'
import { ByteReader, CodecError } from '../codec/cursor.ts'
import { saltedBlake2b256 } from '../crypto/hash.ts'
import { addressFromBytes, parseAddress } from './object-id.ts'

export type LedgerOwner =
  | { $kind: 'address'; address: string }
  | { $kind: 'object'; objectId: string }
  | { $kind: 'shared'; initialVersion: bigint }
  | { $kind: 'immutable' }
  | { $kind: 'other' }

export interface ObjectBytes {
  /** Fully qualified Move type; addresses in full form. */
  type: string
  version: bigint
  owner: LedgerOwner
  /** BCS of the Move struct. */
  content: Uint8Array
  digest: string
}

const ADDRESS_BYTES = 32
const DIGEST_BYTES = 32
/** The protocol's limit of an object. */
const MAX_OBJECT_BYTES = 256 * 1024
const MAX_NAME_BYTES = 128
const MAX_TYPE_DEPTH = 16
const MAX_TYPE_PARAMS = 32

/** @throws {CodecError} for a package, or bytes that are no object */
export function readObjectBytes(bytes: Uint8Array): ObjectBytes {
  if (bytes.length > 2 * MAX_OBJECT_BYTES) throw new CodecError('object too long', { bytes: bytes.length })
  const reader = new ByteReader(bytes)
  const kind = reader.u8()
  if (kind !== 0) throw new CodecError('not a Move object', { kind })
  const type = readObjectType(reader)
  reader.bool() // public transfer
  const version = reader.u64()
  const content = reader.byteVector(MAX_OBJECT_BYTES).slice()
  const owner = readOwner(reader)
  reader.byteVector(DIGEST_BYTES) // previous transaction
  reader.u64() // storage rebate
  reader.end()
  return { type, version, owner, content, digest: toBase58(saltedBlake2b256('Object::', bytes)) }
}

const SUI = `${parseAddress('0x2')}::sui::SUI`

/** Frequent types have a short form. */
function readObjectType(reader: ByteReader): string {
  const variant = reader.uleb()
  if (variant === 0) return readStructTag(reader, 0)
  if (variant === 1) return `${parseAddress('0x2')}::coin::Coin<${SUI}>`
  if (variant === 2) return `${parseAddress('0x3')}::staking_pool::StakedSui`
  if (variant === 3) return `${parseAddress('0x2')}::coin::Coin<${readTypeTag(reader, 0)}>`
  throw new CodecError('unknown object type', { variant })
}

const PRIMITIVES: Readonly<Record<number, string>> = {
  0: 'bool',
  1: 'u8',
  2: 'u64',
  3: 'u128',
  4: 'address',
  5: 'signer',
  8: 'u16',
  9: 'u32',
  10: 'u256',
}

function readTypeTag(reader: ByteReader, depth: number): string {
  if (depth > MAX_TYPE_DEPTH) throw new CodecError('type too deep', { depth })
  const variant = reader.uleb()
  if (variant === 6) return `vector<${readTypeTag(reader, depth + 1)}>`
  if (variant === 7) return readStructTag(reader, depth + 1)
  const name = PRIMITIVES[variant]
  if (!name) throw new CodecError('unknown type', { variant })
  return name
}

function readStructTag(reader: ByteReader, depth: number): string {
  const address = addressFromBytes(reader.bytes(ADDRESS_BYTES))
  const [module, name] = [readName(reader), readName(reader)]
  const params = Array.from({ length: reader.length(MAX_TYPE_PARAMS, 1) }, () => readTypeTag(reader, depth + 1))
  return `${address}::${module}::${name}${params.length > 0 ? `<${params.join(',')}>` : ''}`
}

function readName(reader: ByteReader): string {
  const name = reader.string(MAX_NAME_BYTES)
  if (!/^\w+$/.test(name)) throw new CodecError('not a Move identifier')
  return name
}

function readOwner(reader: ByteReader): LedgerOwner {
  const variant = reader.uleb()
  const address = () => addressFromBytes(reader.bytes(ADDRESS_BYTES))
  if (variant === 0) return { $kind: 'address', address: address() }
  if (variant === 1) return { $kind: 'object', objectId: address() }
  if (variant === 2) return { $kind: 'shared', initialVersion: reader.u64() }
  if (variant === 3) return { $kind: 'immutable' }
  if (variant !== 4) throw new CodecError('unknown owner', { variant })
  reader.u64() // since which version
  reader.bytes(ADDRESS_BYTES)
  return { $kind: 'other' }
}
