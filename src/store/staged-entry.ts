/** Bytes of one staged change. Layout: README.md. */

import { CodecError } from '../codec/cursor.ts'
import type { ContentRef } from '../objects/content-map.ts'
import { ID_BYTES, KIND_CODES, type ObjectId, objectIdFromBytes, putObjectId } from '../objects/id.ts'
import type { TreeEntry } from '../objects/tree.ts'

const DELETED = 0
const FILE = 1
const EXECUTABLE = 2
const SYMLINK = 3
const NO_CONTENT = 0
const WITHOUT_CONTENT_BYTES = 1 + 8 + ID_BYTES + 1
const WITH_CONTENT_BYTES = WITHOUT_CONTENT_BYTES + ID_BYTES

const deleted = Uint8Array.of(DELETED)
const withoutContent = new Uint8Array(WITHOUT_CONTENT_BYTES)
const withContent = new Uint8Array(WITH_CONTENT_BYTES)

/** @returns bytes that are valid until the next call: fifty thousand of them would each be memory of its own */
export function encodeStagedEntry(entry: TreeEntry | null): Uint8Array {
  if (entry === null) return deleted
  const shape = entry.kind === 'symlink' ? SYMLINK : entry.executable ? EXECUTABLE : FILE
  const { content } = entry
  const bytes = content ? withContent : withoutContent
  bytes[0] = shape
  for (let i = 1, left = entry.bytes; i <= 8; i++, left = Math.floor(left / 256)) bytes[i] = left % 256
  putObjectId(entry.fileId, bytes, 9)
  bytes[9 + ID_BYTES] = content ? KIND_CODES[content.kind] : NO_CONTENT
  if (content) putObjectId(content.id, bytes, WITHOUT_CONTENT_BYTES)
  return bytes
}

/** Bytes of a file's entry without its content. */
export const STAGED_FILE_BYTES: number = WITHOUT_CONTENT_BYTES

/** Writes a file's entry without its content, from bytes.
 *  @param sizeAt - where in `from` its size stands, a u64
 *  @param idAt - where in `from` its id stands */
export function putStagedFile(
  target: Uint8Array,
  at: number,
  executable: boolean,
  from: Uint8Array,
  sizeAt: number,
  idAt: number,
): void {
  target[at] = executable ? EXECUTABLE : FILE
  for (let i = 0; i < 8; i++) target[at + 1 + i] = from[sizeAt + i]!
  for (let i = 0; i < ID_BYTES; i++) target[at + 9 + i] = from[idAt + i]!
  target[at + 9 + ID_BYTES] = NO_CONTENT
}

/** Bytes of an entry with its content. */
export const STAGED_CONTENT_BYTES: number = WITH_CONTENT_BYTES

/** Writes an entry with the one chunk as its content that has the file's id.
 *  @param at - where in `from` the entry without content stands */
export function putWholeChunk(target: Uint8Array, from: Uint8Array, at: number): void {
  for (let i = 0; i < 9 + ID_BYTES; i++) target[i] = from[at + i]!
  target[9 + ID_BYTES] = KIND_CODES.chunk
  for (let i = 0; i < ID_BYTES; i++) target[WITHOUT_CONTENT_BYTES + i] = from[at + 9 + i]!
}

/** @throws {CodecError} */
export function decodeStagedEntry(path: string, payload: Uint8Array): TreeEntry | null {
  const shape = payload[0]
  if (shape === DELETED && payload.length === 1) return null
  if (shape === undefined || shape === DELETED || shape > SYMLINK)
    throw new CodecError('unknown shape of a staged entry', { shape })
  const code = payload[9 + ID_BYTES]
  if (payload.length !== (code === NO_CONTENT ? WITHOUT_CONTENT_BYTES : WITH_CONTENT_BYTES))
    throw new CodecError('a staged entry of another length', { length: payload.length })
  let bytes = 0
  for (let i = 8; i >= 1; i--) bytes = bytes * 256 + payload[i]!
  if (!Number.isSafeInteger(bytes)) throw new CodecError('integer above 2^53-1', { value: bytes })
  const fileId = idAt(payload, 9)
  return {
    path,
    kind: shape === SYMLINK ? 'symlink' : 'file',
    executable: shape === EXECUTABLE,
    bytes,
    fileId,
    content: code === NO_CONTENT ? null : contentOf(code, payload, fileId),
  }
}

function contentOf(code: number | undefined, payload: Uint8Array, fileId: ObjectId): ContentRef {
  const kind = code === KIND_CODES.chunk ? 'chunk' : code === KIND_CODES.map ? 'map' : undefined
  if (!kind) throw new CodecError('unknown kind of content', { code })
  // One text for both, where the file is one chunk.
  let same = 0
  while (same < ID_BYTES && payload[9 + same] === payload[WITHOUT_CONTENT_BYTES + same]) same++
  return { kind, id: same === ID_BYTES ? fileId : idAt(payload, WITHOUT_CONTENT_BYTES) }
}

function idAt(payload: Uint8Array, at: number): ObjectId {
  return objectIdFromBytes(payload.subarray(at, at + ID_BYTES))
}
