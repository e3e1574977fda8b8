/** Bytes of one staged change. Layout: README.md. */

import { ByteReader, CodecError } from '../codec/cursor.ts'
import type { ContentRef } from '../objects/content-map.ts'
import { ID_BYTES, KIND_CODES, objectIdFromBytes, putObjectId } from '../objects/id.ts'
import type { TreeEntry } from '../objects/tree.ts'

const DELETED = 0
const FILE = 1
const EXECUTABLE = 2
const SYMLINK = 3
const NO_CONTENT = 0
const WITHOUT_CONTENT_BYTES = 1 + 8 + ID_BYTES + 1
const WITH_CONTENT_BYTES = WITHOUT_CONTENT_BYTES + ID_BYTES

export function encodeStagedEntry(entry: TreeEntry | null): Uint8Array {
  if (entry === null) return Uint8Array.of(DELETED)
  const shape = entry.kind === 'symlink' ? SYMLINK : entry.executable ? EXECUTABLE : FILE
  const { content } = entry
  const bytes = new Uint8Array(content ? WITH_CONTENT_BYTES : WITHOUT_CONTENT_BYTES)
  bytes[0] = shape
  for (let i = 1, left = entry.bytes; i <= 8; i++, left = Math.floor(left / 256)) bytes[i] = left % 256
  putObjectId(entry.fileId, bytes, 9)
  bytes[9 + ID_BYTES] = content ? KIND_CODES[content.kind] : NO_CONTENT
  if (content) putObjectId(content.id, bytes, WITHOUT_CONTENT_BYTES)
  return bytes
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
