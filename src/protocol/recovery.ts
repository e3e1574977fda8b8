/** Symbols for recovering a sliver, and proofs that a blob was encoded inconsistently. Layout: README.md §4.
 *
 *  A symbol of a lost PRIMARY sliver comes from a SECONDARY sliver and the other way round; `sourceIndex` is the index
 *  of the sliver it was computed from, `targetIndex` of the sliver being recovered. */

import { ByteReader, ByteWriter, CodecError } from '../codec/cursor.ts'
import { EMPTY_NODE } from '../crypto/merkle.ts'
import { parsing } from './errors.ts'
import { HASH_BYTES, MAX_SHARD_COUNT, MAX_SYMBOL_BYTES } from './limits.ts'
import { SLIVER_AXES, type SliverAxis } from './shards.ts'

export interface DecodingSymbol {
  readonly sourceIndex: number
  readonly bytes: Uint8Array
}

/** Sibling hashes bottom-up, 32 bytes each; an empty node is 32 zero bytes. */
export type MerklePath = readonly Uint8Array[]

export interface RecoverySymbol {
  readonly symbol: DecodingSymbol
  /** Proof of the symbol under the hash of its source sliver, at leaf `targetIndex`. */
  readonly proof: MerklePath
}

/** A decoding symbol with the axis of the sliver being recovered. */
export interface EitherDecodingSymbol {
  readonly axis: SliverAxis
  readonly symbol: DecodingSymbol
}

export interface GeneralRecoverySymbol {
  /** Axis of the sliver being recovered. */
  readonly axis: SliverAxis
  readonly symbol: DecodingSymbol
  readonly targetIndex: number
  readonly proof: MerklePath
}

export interface InconsistencyProof {
  readonly targetIndex: number
  readonly symbols: readonly RecoverySymbol[]
}

/** Depth of a tree over 65536 leaves; a u16 index needs no more. */
const MAX_PATH_NODES = 16
const NODE_EMPTY = 0
const NODE_DIGEST = 1

function isEmptyNode(node: Uint8Array): boolean {
  return node.every((byte, i) => byte === EMPTY_NODE[i])
}

function writePath(writer: ByteWriter, path: MerklePath): void {
  writer.uleb(path.length)
  for (const node of path) {
    if (node.length !== HASH_BYTES) throw new RangeError(`"proof" expected 32-byte nodes, got ${node.length}`)
    if (isEmptyNode(node)) writer.u8(NODE_EMPTY)
    else writer.u8(NODE_DIGEST).bytes(node)
  }
}

function readPath(reader: ByteReader): Uint8Array[] {
  const count = reader.length(MAX_PATH_NODES)
  return Array.from({ length: count }, () => {
    const kind = reader.uleb()
    if (kind === NODE_EMPTY) return EMPTY_NODE
    if (kind !== NODE_DIGEST) throw new CodecError('unknown Merkle node', { kind })
    const node = reader.bytes(HASH_BYTES).slice()
    if (isEmptyNode(node)) throw new CodecError('empty node in the form of a digest')
    return node
  })
}

function writeSymbol(writer: ByteWriter, symbol: DecodingSymbol): void {
  writer.u16(symbol.sourceIndex).byteVector(symbol.bytes)
}

function readSymbol(reader: ByteReader): DecodingSymbol {
  const sourceIndex = reader.u16()
  const bytes = reader.byteVector(MAX_SYMBOL_BYTES).slice()
  if (bytes.length === 0 || bytes.length % 2 !== 0)
    throw new CodecError('symbol size is not even', { symbolBytes: bytes.length })
  return { sourceIndex, bytes }
}

function writeAxis(writer: ByteWriter, axis: SliverAxis): void {
  writer.u8(SLIVER_AXES.indexOf(axis))
}

function readAxis(reader: ByteReader): SliverAxis {
  const variant = reader.uleb()
  const axis = SLIVER_AXES[variant]
  if (!axis) throw new CodecError('unknown sliver axis', { variant })
  return axis
}

function writeGeneral(writer: ByteWriter, symbol: GeneralRecoverySymbol): void {
  writeAxis(writer, symbol.axis)
  writeSymbol(writer, symbol.symbol)
  writer.u16(symbol.targetIndex)
  writePath(writer, symbol.proof)
}

function readGeneral(reader: ByteReader): GeneralRecoverySymbol {
  const axis = readAxis(reader)
  const symbol = readSymbol(reader)
  const targetIndex = reader.u16()
  return { axis, symbol, targetIndex, proof: readPath(reader) }
}

function whole<T>(bytes: Uint8Array, what: string, read: (reader: ByteReader) => T): T {
  return parsing('PROTOCOL_RECOVERY', what, () => {
    const reader = new ByteReader(bytes)
    const value = read(reader)
    reader.end()
    return value
  })
}

export function encodeRecoverySymbol(symbol: RecoverySymbol): Uint8Array {
  const writer = new ByteWriter()
  writeSymbol(writer, symbol.symbol)
  writePath(writer, symbol.proof)
  return writer.finish()
}

/** @throws {ProtocolError} PROTOCOL_RECOVERY */
export function parseRecoverySymbol(bytes: Uint8Array): RecoverySymbol {
  return whole(bytes, 'recovery symbol', (reader) => ({ symbol: readSymbol(reader), proof: readPath(reader) }))
}

/** Body of `GET …/recoverySymbols`. */
export function encodeGeneralRecoverySymbols(symbols: readonly GeneralRecoverySymbol[]): Uint8Array {
  const writer = new ByteWriter().uleb(symbols.length)
  for (const symbol of symbols) writeGeneral(writer, symbol)
  return writer.finish()
}

/** At most n² symbols exist, but one answer concerns one sliver's n, on two axes.
 *  @throws {ProtocolError} PROTOCOL_RECOVERY */
export function parseGeneralRecoverySymbols(bytes: Uint8Array): GeneralRecoverySymbol[] {
  return whole(bytes, 'recovery symbols', (reader) =>
    // axis 1, index 2, length 1, symbol 2, target 2, proof count 1
    Array.from({ length: reader.length(2 * MAX_SHARD_COUNT, 9) }, () => readGeneral(reader)),
  )
}

/** BCS orders map entries by their serialized key: the bytes of the little-endian u16, compared lexicographically. */
function compareSerialized(a: number, b: number): number {
  return (a & 0xff) - (b & 0xff) || a - b
}

/** Body of `GET …/decodingSymbols`: target sliver index → symbols, in order of the serialized index. */
export function encodeDecodingSymbols(targets: ReadonlyMap<number, readonly EitherDecodingSymbol[]>): Uint8Array {
  const writer = new ByteWriter().uleb(targets.size)
  const order = [...targets.keys()].sort(compareSerialized)
  for (const targetIndex of order) {
    const symbols = targets.get(targetIndex)!
    writer.u16(targetIndex).uleb(symbols.length)
    for (const { axis, symbol } of symbols) {
      writeAxis(writer, axis)
      writeSymbol(writer, symbol)
    }
  }
  return writer.finish()
}

/** @throws {ProtocolError} PROTOCOL_RECOVERY; also if targets repeat or are out of order */
export function parseDecodingSymbols(bytes: Uint8Array): Map<number, EitherDecodingSymbol[]> {
  return whole(bytes, 'decoding symbols', (reader) => {
    const targets = new Map<number, EitherDecodingSymbol[]>()
    const targetCount = reader.length(MAX_SHARD_COUNT, 3)
    let previous: number | undefined
    for (let i = 0; i < targetCount; i++) {
      const targetIndex = reader.u16()
      if (previous !== undefined && compareSerialized(previous, targetIndex) >= 0)
        throw new CodecError('targets repeat or are out of order', { targetIndex })
      previous = targetIndex
      const count = reader.length(MAX_SHARD_COUNT, 6)
      const symbols = Array.from({ length: count }, () => ({ axis: readAxis(reader), symbol: readSymbol(reader) }))
      targets.set(targetIndex, symbols)
    }
    return targets
  })
}

/** Body of `POST …/inconsistencyProof/{axis}`. */
export function encodeInconsistencyProof(proof: InconsistencyProof): Uint8Array {
  const writer = new ByteWriter().u16(proof.targetIndex).uleb(proof.symbols.length)
  for (const { symbol, proof: path } of proof.symbols) {
    writeSymbol(writer, symbol)
    writePath(writer, path)
  }
  return writer.finish()
}

/** @throws {ProtocolError} PROTOCOL_RECOVERY */
export function parseInconsistencyProof(bytes: Uint8Array): InconsistencyProof {
  return whole(bytes, 'inconsistency proof', (reader) => {
    const targetIndex = reader.u16()
    const count = reader.length(MAX_SHARD_COUNT, 6)
    const symbols = Array.from({ length: count }, () => ({ symbol: readSymbol(reader), proof: readPath(reader) }))
    return { targetIndex, symbols }
  })
}
