/** How structures reach the objects they are made of: two functions, whoever stores them. */

import { ObjectMissingError } from './errors.ts'
import { assertObjectBytes, type ObjectId, type ObjectKind, objectIdFor, objectKey } from './id.ts'

export { ObjectCorruptError, ObjectMissingError } from './errors.ts'

/** Reads one object. The bytes have been checked against (kind, id) and must not be changed by the caller.
 *  @throws {ObjectMissingError} OBJECT_MISSING if no place holds it
 *  @throws {ObjectCorruptError} OBJECT_CORRUPT if every copy found has other bytes */
export type ReadObject = (
  kind: ObjectKind,
  id: ObjectId,
  options?: { signal?: AbortSignal | undefined },
) => Promise<Uint8Array>

/** Stores one object (a no-op if it is there already) and gives its id. The bytes are not changed afterwards.
 *  @param id - where it has been computed already */
export type WriteObject = (kind: ObjectKind, bytes: Uint8Array, id?: ObjectId) => Promise<ObjectId>

/** Random access to bytes somewhere: a file, a blob, a buffer. */
export interface RangeReader {
  /** Length of the whole, in bytes. */
  readonly bytes: number
  /** What is read within one block of this length costs no copy; undefined where that makes no difference. */
  readonly blockBytes?: number
  /** Exactly `length` bytes from `offset`; the caller asks for nothing outside 0..bytes.
   *  May return a view of shared memory: the caller does not change it. */
  read(offset: number, length: number, options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array>
  /** All bytes in order, fetched ahead within bounds and not kept, where that takes less than to read them. A piece is good
   *  until the next one is asked for. */
  pieces?(options?: { signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array>
}

/** A range reader over bytes in memory. */
export function bufferRangeReader(buffer: Uint8Array): RangeReader {
  return {
    bytes: buffer.length,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > buffer.length)
        throw new RangeError(`"offset" and "length" expected within ${buffer.length}, got ${offset} + ${length}`)
      return buffer.subarray(offset, offset + length)
    },
  }
}

/** Objects in memory: for tests, proofs and small tools. */
export interface MemoryObjects {
  readonly read: ReadObject
  readonly write: WriteObject
  /** `kind:id` → bytes. */
  readonly objects: Map<string, Uint8Array>
}

export function createMemoryObjects(): MemoryObjects {
  const objects = new Map<string, Uint8Array>()
  return {
    objects,
    async read(kind, id) {
      const bytes = objects.get(objectKey(kind, id))
      if (!bytes) throw new ObjectMissingError(kind, id)
      assertObjectBytes(kind, id, bytes)
      return bytes
    },
    async write(kind, bytes, id = objectIdFor(kind, bytes)) {
      objects.set(objectKey(kind, id), bytes)
      return id
    },
  }
}
