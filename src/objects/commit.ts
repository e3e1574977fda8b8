/** The commit: a tree, where it came from, who says so, and small objects kept with it.
 *  Author, address and time are claims; nothing here proves them. Byte layout: README.md, "Commit". */

import { fromHex, toHex } from '../base/bytes.ts'
import { ByteReader, ByteWriter, CodecError } from '../codec/cursor.ts'
import { ObjectLimitError, ObjectMalformedError } from './errors.ts'
import { MAX_OBJECT_BYTES, type ObjectId, objectIdFor, objectIdFromBytes, objectIdToBytes } from './id.ts'

export interface CommitAuthor {
  name: string
  email: string
  /** Sui address: `0x` and 64 lower-case hex digits. */
  address?: string | undefined
}

export interface Commit {
  tree: ObjectId
  /** Distinct; the first is the branch that was committed to. */
  parents: readonly ObjectId[]
  author: CommitAuthor
  /** Milliseconds since 1970-01-01 UTC. */
  timeMs: number
  message: string
  /** Id of the chunking profile its new files were cut with. */
  profile: number
  /** Name → id of an object of kind `attachment`. */
  attachments: ReadonlyMap<string, ObjectId>
}

export const MAX_MESSAGE_BYTES = 64 * 1024
export const MAX_PARENTS = 16
export const MAX_ATTACHMENTS = 64
export const MAX_ATTACHMENT_NAME_BYTES = 128
export const MAX_AUTHOR_FIELD_BYTES = 512
export const MAX_PROFILE = 0xffff_ffff
/** Last millisecond that `Date` can name. */
export const MAX_TIME_MS = 8.64e15

const ATTACHMENT_NAME = /^[a-z0-9][a-z0-9._/-]*$/
const ADDRESS = /^0x[0-9a-f]{64}$/
// Author fields are one line; the message may have lines and tabs, but no other control characters.
const CONTROL = /[\u0000-\u001f\u007f]/
const CONTROL_IN_MESSAGE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

/** Bytes of a commit.
 *  @throws {ObjectLimitError} OBJECT_LIMIT if a part is longer than its limit
 *  @throws {ObjectMalformedError} COMMIT_MALFORMED if a part is not well-formed */
export function encodeCommit(commit: Commit): Uint8Array {
  const attachments = [...commit.attachments].sort(([a], [b]) => (a < b ? -1 : 1))
  limit('parents', commit.parents.length, MAX_PARENTS)
  limit('attachments', attachments.length, MAX_ATTACHMENTS)
  limit('message bytes', Buffer.byteLength(commit.message), MAX_MESSAGE_BYTES)
  limit('author name bytes', Buffer.byteLength(commit.author.name), MAX_AUTHOR_FIELD_BYTES)
  limit('author email bytes', Buffer.byteLength(commit.author.email), MAX_AUTHOR_FIELD_BYTES)
  for (const [name] of attachments) limit('attachment name bytes', name.length, MAX_ATTACHMENT_NAME_BYTES)
  assertWellFormed(commit)
  const { author } = commit
  const writer = new ByteWriter(512)
  writer.bytes(objectIdToBytes(commit.tree))
  writer.uleb(commit.parents.length)
  for (const parent of commit.parents) writer.bytes(objectIdToBytes(parent))
  writer.string(author.name).string(author.email)
  writer.bool(author.address !== undefined)
  if (author.address !== undefined) writer.bytes(fromHex(author.address.slice(2)))
  writer.u64(commit.timeMs).string(commit.message).u32(commit.profile)
  writer.uleb(attachments.length)
  for (const [name, id] of attachments) writer.string(name).bytes(objectIdToBytes(id))
  return writer.finish()
}

/** The commit in bytes from outside.
 *  @throws {ObjectMalformedError} COMMIT_MALFORMED unless the bytes are what `encodeCommit` gives */
export function parseCommit(bytes: Uint8Array): Commit {
  if (bytes.length > MAX_OBJECT_BYTES.commit) throw new ObjectMalformedError('commit', `${bytes.length} bytes`)
  try {
    const reader = new ByteReader(bytes)
    const tree = objectIdFromBytes(reader.bytes(32))
    const parents: ObjectId[] = []
    for (let left = reader.length(MAX_PARENTS, 32); left > 0; left--) parents.push(objectIdFromBytes(reader.bytes(32)))
    const author: CommitAuthor = {
      name: reader.string(MAX_AUTHOR_FIELD_BYTES),
      email: reader.string(MAX_AUTHOR_FIELD_BYTES),
    }
    if (reader.bool()) author.address = `0x${toHex(reader.bytes(32))}`
    const timeMs = reader.safeU64()
    const message = reader.string(MAX_MESSAGE_BYTES)
    const profile = reader.u32()
    const attachments = new Map<string, ObjectId>()
    let previous = ''
    for (let left = reader.length(MAX_ATTACHMENTS, 33); left > 0; left--) {
      const name = reader.string(MAX_ATTACHMENT_NAME_BYTES)
      if (name <= previous) throw new ObjectMalformedError('commit', 'attachments are not sorted by name')
      attachments.set(name, objectIdFromBytes(reader.bytes(32)))
      previous = name
    }
    reader.end()
    const commit = { tree, parents, author, timeMs, message, profile, attachments }
    assertWellFormed(commit)
    return commit
  } catch (error) {
    if (error instanceof CodecError) throw new ObjectMalformedError('commit', error.message, error.data, error)
    throw error
  }
}

/** Id of the commit. */
export function commitId(commit: Commit): ObjectId {
  return objectIdFor('commit', encodeCommit(commit))
}

function limit(name: string, got: number, max: number): void {
  if (got > max) throw new ObjectLimitError(name, got, max)
}

function assertWellFormed(commit: Commit): void {
  const refuse = (reason: string): never => {
    throw new ObjectMalformedError('commit', reason)
  }
  const { author, message } = commit
  if (new Set(commit.parents).size !== commit.parents.length) refuse('a parent is named twice')
  if (CONTROL.test(author.name) || CONTROL.test(author.email)) refuse('the author has control characters')
  if (!author.name.isWellFormed() || !author.email.isWellFormed()) refuse('the author is not valid Unicode')
  if (author.address !== undefined && !ADDRESS.test(author.address)) refuse('the author has no Sui address')
  if (!message.isWellFormed()) refuse('the message is not valid Unicode')
  if (CONTROL_IN_MESSAGE.test(message)) refuse('the message has control characters')
  if (!Number.isSafeInteger(commit.timeMs) || commit.timeMs < 0 || commit.timeMs > MAX_TIME_MS)
    refuse('the time is off')
  if (!Number.isInteger(commit.profile) || commit.profile < 1 || commit.profile > MAX_PROFILE)
    refuse('the profile id is not a positive 32-bit integer')
  for (const name of commit.attachments.keys())
    if (!ATTACHMENT_NAME.test(name)) refuse('an attachment name has other characters than a-z 0-9 . _ / -')
}
