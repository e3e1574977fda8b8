/** An object of the ledger, with its bytes and digest as Sui defines them.
 *
 *  Bytes are `bcs.Object` of `@mysten/sui/bcs`; the digest is BLAKE2b-256 over `Object::` and those bytes. The type inside
 *  is written in its short variant where one exists (`Coin<SUI>` is one byte): other bytes would be another digest. */

import { fromBase58, toBase58 } from '@mysten/sui/utils'
import { equalBytes } from '../../base/bytes.ts'
import { ByteReader, ByteWriter } from '../../codec/cursor.ts'
import { saltedBlake2b256 } from '../../crypto/hash.ts'
import { MAX_OBJECT_BYTES, MAX_PACKAGE_BYTES } from '../movevm/limits.ts'
import type { LinkageEntry, PackageData, TypeOrigin } from '../movevm/package.ts'
import {
  addressBytes,
  addressFromBytes,
  type DatatypeType,
  datatypeType,
  parseType,
  readStructTag,
  readTypeTag,
  SUI_FRAMEWORK_ADDRESS,
  writeStructTag,
  writeTypeTag,
} from '../movevm/types.ts'
import { GRPC, LedgerError } from './errors.ts'

/** Who may use an object. Addresses are `0x` and 64 hex digits. */
export type Owner =
  | { readonly kind: 'address'; readonly address: string }
  /** A dynamic field: owned by another object's id. */
  | { readonly kind: 'object'; readonly parent: string }
  | { readonly kind: 'shared'; readonly initialVersion: bigint }
  | { readonly kind: 'immutable' }
  | { readonly kind: 'consensus-address'; readonly startVersion: bigint; readonly address: string }

export interface MoveData {
  readonly kind: 'move'
  /** Normalised type, e.g. `0x00…02::coin::Coin<0x00…02::sui::SUI>`. */
  readonly type: string
  /** The type has the ability `store`. */
  readonly hasPublicTransfer: boolean
  /** BCS of the value; the first 32 bytes are the object's id. */
  readonly contents: Uint8Array
}

/** An immutable version of an object. */
export interface LedgerObject {
  /** `0x` and 64 hex digits. */
  readonly id: string
  readonly version: bigint
  /** Base58 digest of this version. */
  readonly digest: string
  readonly owner: Owner
  /** Base58 digest of the transaction that wrote this version. */
  readonly previousTransaction: string
  /** MIST given back (but for 1 %) when the object goes. */
  readonly storageRebate: bigint
  readonly data: MoveData | PackageData
}

export type LedgerMoveObject = LedgerObject & { readonly data: MoveData }
export type LedgerPackage = LedgerObject & { readonly data: PackageData }

/** The digest of 32 zero bytes: previous transaction of what no transaction made. */
export const ZERO_DIGEST = '11111111111111111111111111111111'

export const SUI_TYPE = `${SUI_FRAMEWORK_ADDRESS}::sui::SUI`
export const SUI_COIN_TYPE = `${SUI_FRAMEWORK_ADDRESS}::coin::Coin<${SUI_TYPE}>`

/** The object with its digest.
 *  @param fields - all but the digest */
export function createObject(fields: Omit<LedgerObject, 'digest'>): LedgerObject {
  return { ...fields, digest: objectDigest(fields) }
}

/** Base58 of BLAKE2b-256(`Object::` ‖ BCS). */
export function objectDigest(object: Omit<LedgerObject, 'digest'>): string {
  return digestOf(encodeObject(object))
}

function digestOf(bytes: Uint8Array): string {
  return toBase58(saltedBlake2b256('Object::', bytes))
}

export function isMoveObject(object: LedgerObject): object is LedgerMoveObject {
  return object.data.kind === 'move'
}

export function isPackage(object: LedgerObject): object is LedgerPackage {
  return object.data.kind === 'package'
}

/** BCS of the object (`bcs.Object`). */
export function encodeObject(object: Omit<LedgerObject, 'digest'>): Uint8Array {
  const out = new ByteWriter(256)
  const { data } = object
  if (data.kind === 'move') {
    writeMoveObjectType(out.u8(0), data.type)
    out.bool(data.hasPublicTransfer).u64(object.version).byteVector(data.contents)
  } else {
    writePackage(out.u8(1), object, data)
  }
  writeOwner(out, object.owner)
  return out.byteVector(fromBase58(object.previousTransaction)).u64(object.storageRebate).finish()
}

function writePackage(out: ByteWriter, object: Omit<LedgerObject, 'digest'>, data: PackageData): void {
  out.bytes(addressBytes(object.id)).u64(object.version).uleb(data.modules.size)
  // BCS orders maps by the bytes of their keys, and those begin with the length.
  const names = [...data.modules.keys()].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
  for (const name of names) out.string(name).byteVector(data.modules.get(name)!)
  out.uleb(data.typeOrigins.length)
  for (const origin of data.typeOrigins) {
    out.string(origin.module).string(origin.datatype).bytes(addressBytes(origin.packageId))
  }
  out.uleb(data.linkage.size)
  for (const original of [...data.linkage.keys()].sort()) {
    const entry = data.linkage.get(original)!
    out.bytes(addressBytes(original)).bytes(addressBytes(entry.packageId)).u64(entry.version)
  }
}

const MAX_PACKAGE_ENTRIES = 65_535
/** Contents may be larger than a transaction may write: genesis is not metered. */
const MAX_CONTENTS_BYTES = 4 * MAX_OBJECT_BYTES
const MAX_NAME_BYTES = 1024

/** An object from its BCS.
 *  @throws {LedgerError} LEDGER_OBJECT_MALFORMED for anything but exactly the bytes of `encodeObject` */
export function decodeObject(bytes: Uint8Array): LedgerObject {
  try {
    const reader = new ByteReader(bytes)
    const kind = reader.u8()
    if (kind > 1) throw new RangeError(`unknown data variant ${kind}`)
    const head = kind === 0 ? readMove(reader) : readPackage(reader)
    const owner = readOwner(reader)
    const previousTransaction = toBase58(readDigest(reader))
    const storageRebate = reader.u64()
    reader.end()
    const fields = { ...head, owner, previousTransaction, storageRebate }
    if (!equalBytes(encodeObject(fields), bytes)) throw new RangeError('not in canonical form')
    return { ...fields, digest: digestOf(bytes) }
  } catch (cause) {
    throw new LedgerError('LEDGER_OBJECT_MALFORMED', GRPC.INTERNAL, 'stored bytes are not an object', {
      kind: 'integrity',
      cause,
    })
  }
}

function readMove(reader: ByteReader): Pick<LedgerMoveObject, 'id' | 'version' | 'data'> {
  const type = readMoveObjectType(reader)
  const hasPublicTransfer = reader.bool()
  const version = reader.u64()
  const contents = reader.byteVector(MAX_CONTENTS_BYTES).slice()
  if (contents.length < 32) throw new RangeError('contents hold no id')
  const id = addressFromBytes(contents.subarray(0, 32))
  return { id, version, data: { kind: 'move', type, hasPublicTransfer, contents } }
}

function readPackage(reader: ByteReader): Pick<LedgerPackage, 'id' | 'version' | 'data'> {
  const id = addressFromBytes(reader.bytes(32))
  const version = reader.u64()
  const modules = new Map<string, Uint8Array>()
  for (let left = reader.length(MAX_PACKAGE_ENTRIES); left > 0; left--) {
    modules.set(reader.string(MAX_NAME_BYTES), reader.byteVector(4 * MAX_PACKAGE_BYTES).slice())
  }
  const typeOrigins: TypeOrigin[] = []
  for (let left = reader.length(MAX_PACKAGE_ENTRIES); left > 0; left--) {
    typeOrigins.push({
      module: reader.string(MAX_NAME_BYTES),
      datatype: reader.string(MAX_NAME_BYTES),
      packageId: addressFromBytes(reader.bytes(32)),
    })
  }
  const linkage = new Map<string, LinkageEntry>()
  for (let left = reader.length(MAX_PACKAGE_ENTRIES); left > 0; left--) {
    const original = addressFromBytes(reader.bytes(32))
    linkage.set(original, { packageId: addressFromBytes(reader.bytes(32)), version: reader.u64() })
  }
  return { id, version, data: { kind: 'package', modules, typeOrigins, linkage } }
}

function readDigest(reader: ByteReader): Uint8Array {
  const bytes = reader.byteVector(32)
  if (bytes.length !== 32) throw new RangeError('a digest is 32 bytes')
  return bytes
}

const OWNER_TAGS = { address: 0, object: 1, shared: 2, immutable: 3, 'consensus-address': 4 } as const

/** Writes the BCS `Owner`. */
export function writeOwner(out: ByteWriter, owner: Owner): ByteWriter {
  out.u8(OWNER_TAGS[owner.kind])
  if (owner.kind === 'address') return out.bytes(addressBytes(owner.address))
  if (owner.kind === 'object') return out.bytes(addressBytes(owner.parent))
  if (owner.kind === 'shared') return out.u64(owner.initialVersion)
  if (owner.kind === 'consensus-address') return out.u64(owner.startVersion).bytes(addressBytes(owner.address))
  return out
}

function readOwner(reader: ByteReader): Owner {
  const tag = reader.u8()
  if (tag === 0) return { kind: 'address', address: addressFromBytes(reader.bytes(32)) }
  if (tag === 1) return { kind: 'object', parent: addressFromBytes(reader.bytes(32)) }
  if (tag === 2) return { kind: 'shared', initialVersion: reader.u64() }
  if (tag === 3) return { kind: 'immutable' }
  if (tag === 4) {
    return { kind: 'consensus-address', startVersion: reader.u64(), address: addressFromBytes(reader.bytes(32)) }
  }
  throw new RangeError(`unknown owner variant ${tag}`)
}

/** An owner in the form of `bcs.Owner`. */
export function ownerJson(owner: Owner) {
  if (owner.kind === 'address') return { AddressOwner: owner.address }
  if (owner.kind === 'object') return { ObjectOwner: owner.parent }
  if (owner.kind === 'shared') return { Shared: { initialSharedVersion: String(owner.initialVersion) } }
  if (owner.kind === 'consensus-address') {
    return { ConsensusAddressOwner: { startVersion: String(owner.startVersion), owner: owner.address } }
  }
  return { Immutable: true as const }
}

export function sameOwner(a: Owner, b: Owner): boolean {
  if (a.kind === 'address') return b.kind === 'address' && a.address === b.address
  if (a.kind === 'object') return b.kind === 'object' && a.parent === b.parent
  if (a.kind === 'shared') return b.kind === 'shared' && a.initialVersion === b.initialVersion
  if (a.kind === 'consensus-address') return b.kind === 'consensus-address' && a.address === b.address
  return b.kind === 'immutable'
}

/** Variants of `MoveObjectType`. */
const TYPE_OTHER = 0
const TYPE_GAS_COIN = 1
const TYPE_STAKED_SUI = 2
const TYPE_COIN = 3
const TYPE_SUI_FUNDS = 4

const STAKED_SUI_TYPE = '0x0000000000000000000000000000000000000000000000000000000000000003::staking_pool::StakedSui'

/** Type of the dynamic field of `0xacc` that holds an address's funds of a (normalised) coin type. */
export function fundsFieldType(coinType: string): string {
  const framework = SUI_FRAMEWORK_ADDRESS
  const key = `${framework}::accumulator::Key<${framework}::balance::Balance<${coinType}>>`
  return `${framework}::dynamic_field::Field<${key},${framework}::accumulator::U128>`
}

const SUI_FUNDS_TYPE = fundsFieldType(SUI_TYPE)

interface ObjectTypeEncoding {
  bytes: Uint8Array
  parsed: DatatypeType
}

// Types repeat from object to object; the cache is dropped when it has grown out of proportion.
const MAX_CACHED_TYPES = 4096
const encodings = new Map<string, ObjectTypeEncoding>()

function typeEncoding(type: string): ObjectTypeEncoding {
  let encoding = encodings.get(type)
  if (!encoding) {
    const parsed = parseType(type)
    if (parsed.kind !== 'datatype') throw new RangeError(`an object has a struct type, not ${type}`)
    if (encodings.size >= MAX_CACHED_TYPES) encodings.clear()
    encoding = { bytes: moveObjectTypeBytes(parsed), parsed }
    encodings.set(type, encoding)
  }
  return encoding
}

function moveObjectTypeBytes(type: DatatypeType): Uint8Array {
  const out = new ByteWriter(96)
  if (type.key === SUI_COIN_TYPE) return out.u8(TYPE_GAS_COIN).finish()
  if (type.key === STAKED_SUI_TYPE) return out.u8(TYPE_STAKED_SUI).finish()
  if (type.key === SUI_FUNDS_TYPE) return out.u8(TYPE_SUI_FUNDS).finish()
  const coin = coinTypeOf(type)
  if (coin) return writeTypeTag(out.u8(TYPE_COIN), coin).finish()
  return writeStructTag(out.u8(TYPE_OTHER), type).finish()
}

function coinTypeOf(type: DatatypeType) {
  if (type.address !== SUI_FRAMEWORK_ADDRESS || type.module !== 'coin' || type.name !== 'Coin') return undefined
  return type.typeArguments[0]
}

/** The parsed form of an object's type. */
export function objectType(type: string): DatatypeType {
  return typeEncoding(type).parsed
}

/** The coin's type (normalised) if the type is `0x2::coin::Coin<T>`. */
export function coinType(type: string): string | undefined {
  return coinTypeOf(objectType(type))?.key
}

function writeMoveObjectType(out: ByteWriter, type: string): void {
  out.bytes(typeEncoding(type).bytes)
}

function readMoveObjectType(reader: ByteReader): string {
  const tag = reader.u8()
  if (tag === TYPE_GAS_COIN) return SUI_COIN_TYPE
  if (tag === TYPE_STAKED_SUI) return STAKED_SUI_TYPE
  if (tag === TYPE_COIN) return datatypeType(SUI_FRAMEWORK_ADDRESS, 'coin', 'Coin', [readTypeTag(reader)]).key
  if (tag === TYPE_SUI_FUNDS) return SUI_FUNDS_TYPE
  if (tag === TYPE_OTHER) return readStructTag(reader).key
  throw new RangeError(`unknown object type variant ${tag}`)
}

/** Bytes that storage is charged for. Move objects: contents, type, 9 for flag and version, 80 for owner, digest and
 *  rebate (checked against 1,015 objects of the real chain); packages: names, bytecode and tables. */
export function storageBytes(data: MoveData | PackageData): number {
  if (data.kind === 'move') return data.contents.length + typeEncoding(data.type).bytes.length + 9 + 80
  let bytes = 80
  for (const [name, code] of data.modules) bytes += name.length + code.length
  for (const origin of data.typeOrigins) bytes += origin.module.length + origin.datatype.length + 32
  return bytes + data.linkage.size * (32 + 32 + 8) + 8
}

/** Value of a coin object in its smallest unit. */
export function coinValue(object: LedgerObject): bigint {
  if (object.data.kind !== 'move' || object.data.contents.length !== 40) throw new TypeError('the object is no coin')
  const { contents } = object.data
  return new DataView(contents.buffer, contents.byteOffset, contents.length).getBigUint64(32, true)
}

/** Contents of a coin object. */
export function coinContents(id: string, value: bigint): Uint8Array {
  return new ByteWriter(40).bytes(addressBytes(id)).u64(value).finish()
}
