/** Bytes of one staged change. Layout: README.md. */

import { ByteReader, ByteWriter, CodecError } from '../codec/cursor.ts'
import type { ContentRef } from '../objects/content-map.ts'
import { ID_BYTES, KIND_CODES, objectIdFromBytes, objectIdToBytes } from '../objects/id.ts'
import type { TreeEntry } from '../objects/tree.ts'

const DELETED = 0
const FILE = 1
const EXECUTABLE = 2
const SYMLINK = 3
const NO_CONTENT = 0

export function encodeStagedEntry(entry: TreeEntry | null): Uint8Array {
  if (entry === null) return Uint8Array.of(DELETED)
  const shape = entry.kind === 'symlink' ? SYMLINK : entry.executable ? EXECUTABLE : FILE
  const writer = new ByteWriter(80).u8(shape).u64(entry.bytes).bytes(objectIdToBytes(entry.fileId))
  if (entry.content === null) return writer.u8(NO_CONTENT).finish()
  return writer.u8(KIND_CODES[entry.content.kind]).bytes(objectIdToBytes(entry.content.id)).finish()
}

/** @throws {CodecError} */
export function decodeStagedEntry(path: string, payload: Uint8Array): TreeEntry | null {
  const reader = new ByteReader(payload)
  const shape = reader.u8()
  if (shape === DELETED) {
    reader.end()
    return null
  }
  if (shape > SYMLINK) throw new CodecError('unknown shape of a staged entry', { shape })
  const bytes = reader.safeU64()
  const fileId = objectIdFromBytes(reader.bytes(ID_BYTES))
  const content = decodeContent(reader)
  reader.end()
  return {
    path,
    kind: shape === SYMLINK ? 'symlink' : 'file',
    executable: shape === EXECUTABLE,
    bytes,
    fileId,
    content,
  }
}

function decodeContent(reader: ByteReader): ContentRef | null {
  const code = reader.u8()
  if (code === NO_CONTENT) return null
  const kind = code === KIND_CODES.chunk ? 'chunk' : code === KIND_CODES.map ? 'map' : undefined
  if (!kind) throw new CodecError('unknown kind of content', { code })
  return { kind, id: objectIdFromBytes(reader.bytes(ID_BYTES)) }
}
