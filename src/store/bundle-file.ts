/** A bundle: refs, what they need beyond what the receiver must have, and the packs that hold it, in one file.
 *
 *  Magic, packs back to back, manifest, its length (u32), SHA-256 of all before. The manifest stands at the end, so that a
 *  bundle is written in one go. Layout: README.md. Every byte is hashed before any of it is looked into, and every object
 *  when it is read: a bundle comes from outside. */

import { equalBytes, toHex, utf8 } from '../base/bytes.ts'
import { IntegrityError } from '../base/errors.ts'
import { ByteReader, ByteWriter, CodecError } from '../codec/cursor.ts'
import { createSha256 } from '../crypto/hash.ts'
import { ID_BYTES, type ObjectId, objectIdFromBytes, objectIdToBytes } from '../objects/id.ts'
import { MAX_PACK_BYTES, PACK_KIND_CODES, type PackKind } from '../objects/pack.ts'
import type { RangeReader } from '../objects/reader.ts'
import { MAX_REF_NAME_BYTES, refNameProblem } from '../objects/ref-name.ts'

export interface BundleRef {
  /** `heads/main`, `tags/v1`. */
  name: string
  commit: ObjectId
}

export interface BundlePack {
  kind: PackKind
  bytes: number
}

export interface BundleManifest {
  refs: BundleRef[]
  /** Commits that the receiver must have with all that is reachable from them. */
  prerequisites: ObjectId[]
  packs: BundlePack[]
}

/** A file is not a bundle, or was damaged (exit 13). */
export class BundleCorruptError extends IntegrityError {
  override name = 'BundleCorruptError'
  constructor(reason: string, cause?: unknown) {
    super('BUNDLE_CORRUPT', `the bundle is damaged: ${reason}`, {
      data: { reason },
      hints: ['have it made and copied again; nothing of it was taken over'],
      cause,
    })
  }
}

export const BUNDLE_MAGIC: Uint8Array = utf8('FLOE.BNDL.1\n')
const LENGTH_BYTES = 4
const HASH_BYTES = 32
const MAX_MANIFEST_BYTES = 64 * 2 ** 20
const MAX_REFS = 100_000
const MAX_PREREQUISITES = 100_000
const MAX_PACKS = 100_000
const PIECE_BYTES = 1 << 20
const REF_KINDS = /^(heads|tags)\//

/** Manifest and its length: what follows the packs, up to the hash. */
export function encodeBundleManifest({ refs, prerequisites, packs }: BundleManifest): Uint8Array {
  const writer = new ByteWriter(1024).uleb(refs.length)
  for (const { name, commit } of refs) writer.string(name).bytes(objectIdToBytes(commit))
  writer.uleb(prerequisites.length)
  for (const id of prerequisites) writer.bytes(objectIdToBytes(id))
  writer.uleb(packs.length)
  for (const { kind, bytes } of packs) writer.u8(PACK_KIND_CODES[kind]).u64(bytes)
  const length = writer.finish().length
  return writer.u32(length).finish()
}

/** @throws {CodecError | BundleCorruptError} */
function parseManifest(bytes: Uint8Array): BundleManifest {
  const reader = new ByteReader(bytes)
  const count = (what: string, most: number) => {
    const value = reader.uleb()
    if (value > most) throw new CodecError(`too many ${what}`, { count: value, most })
    return value
  }
  const id = () => objectIdFromBytes(reader.bytes(ID_BYTES))
  const manifest: BundleManifest = { refs: [], prerequisites: [], packs: [] }
  const names = new Set<string>()
  for (let left = count('refs', MAX_REFS); left > 0; left--) {
    const name = reader.string(MAX_REF_NAME_BYTES + 6)
    const problem = REF_KINDS.test(name) ? refNameProblem(name.replace(REF_KINDS, '')) : 'it is no branch or tag'
    if (problem || names.has(name)) throw new CodecError('a ref cannot have its name', { problem })
    names.add(name)
    manifest.refs.push({ name, commit: id() })
  }
  for (let left = count('prerequisites', MAX_PREREQUISITES); left > 0; left--) manifest.prerequisites.push(id())
  for (let left = count('packs', MAX_PACKS); left > 0; left--) {
    const code = reader.u8()
    const kind = (['data', 'meta'] as const).find((known) => PACK_KIND_CODES[known] === code)
    const packBytes = reader.safeU64()
    if (!kind || packBytes < 1 || packBytes > MAX_PACK_BYTES) throw new CodecError('a pack has no such kind or size')
    manifest.packs.push({ kind, bytes: packBytes })
  }
  reader.end()
  return manifest
}

export interface OpenBundle extends BundleManifest {
  /** Hex of the hash over all of it. */
  checksum: string
  bytes: number
  /** The bytes of one of the packs. */
  pack(index: number): RangeReader
}

/** Hashes the whole file, then parses its manifest.
 *  @throws {BundleCorruptError} BUNDLE_CORRUPT (exit 13) */
export async function openBundle(
  file: RangeReader,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<OpenBundle> {
  const least = BUNDLE_MAGIC.length + LENGTH_BYTES + HASH_BYTES
  if (file.bytes < least) throw new BundleCorruptError('it is too short')
  if (!equalBytes(await file.read(0, BUNDLE_MAGIC.length), BUNDLE_MAGIC))
    throw new BundleCorruptError('it does not begin like a bundle of version 1')
  const hashAt = file.bytes - HASH_BYTES
  const hash = createSha256()
  for (let at = 0; at < hashAt; at += PIECE_BYTES)
    hash.update(await file.read(at, Math.min(PIECE_BYTES, hashAt - at), options))
  const checksum = new Uint8Array(hash.digest())
  if (!equalBytes(checksum, await file.read(hashAt, HASH_BYTES)))
    throw new BundleCorruptError('its bytes do not hash to what stands at its end')
  const lengthAt = hashAt - LENGTH_BYTES
  const manifestBytes = new ByteReader(await file.read(lengthAt, LENGTH_BYTES)).u32()
  const manifestAt = lengthAt - manifestBytes
  if (manifestBytes > MAX_MANIFEST_BYTES || manifestAt < BUNDLE_MAGIC.length)
    throw new BundleCorruptError('the length of its manifest lies')
  const manifest = parsed(await file.read(manifestAt, manifestBytes))
  const starts: number[] = []
  let at = BUNDLE_MAGIC.length
  for (const { bytes } of manifest.packs) {
    starts.push(at)
    at += bytes
  }
  if (at !== manifestAt) throw new BundleCorruptError('its packs do not fill it')
  return {
    ...manifest,
    checksum: toHex(checksum),
    bytes: file.bytes,
    pack: (index) => ({
      bytes: manifest.packs[index]!.bytes,
      read: (offset, length, more) => file.read(starts[index]! + offset, length, more),
    }),
  }
}

function parsed(bytes: Uint8Array): BundleManifest {
  try {
    return parseManifest(bytes)
  } catch (error) {
    if (error instanceof CodecError) throw new BundleCorruptError(error.message, error)
    throw error
  }
}
