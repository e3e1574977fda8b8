/** One node of a tree: its bytes, and the rule where nodes end.
 *
 *  A tree is a prolly tree (Noms, Dolt): a node ends after a key whose hash says so, whatever else is in the tree, so the
 *  same set of entries always gives the same nodes. Byte layout and the reasons: README.md, "Tree". */

import { ByteReader, ByteWriter, CodecError } from '../codec/cursor.ts'
import { sha256HexOfText } from '../crypto/hash.ts'
import type { ContentRef } from './content-map.ts'
import { ObjectMalformedError } from './errors.ts'
import { EMPTY_FILE_ID, ID_BYTES, MAX_OBJECT_BYTES, type ObjectId, objectIdAt, putObjectId } from './id.ts'
import { comparePaths, isAtOrBelow, MAX_PATH_BYTES, parsePath } from './path.ts'

export interface TreeEntry {
  path: string
  kind: 'file' | 'symlink'
  /** Always false for a symlink. */
  executable: boolean
  /** Size of the file, or of the link's target. */
  bytes: number
  /** SHA-256 of the whole file: a claim until the file has been read in full, unless it is one chunk. */
  fileId: ObjectId
  /** Null for an empty file. A content of one chunk has the file id as its id. */
  content: ContentRef | null
}

/** What an inner node says about a child. */
export interface TreeLink {
  /** The last path in the subtree. */
  path: string
  id: ObjectId
  /** Tree entries in the subtree. */
  entries: number
  /** Sum of their sizes. */
  bytes: number
}

/** A leaf (level 0) has entries, any other node has links; the other list is empty. */
export interface TreeNode {
  level: number
  entries: TreeEntry[]
  links: TreeLink[]
}

/** Nodes have levels 0..11. */
export const MAX_TREE_LEVEL = 11
export const MAX_TREE_NODE_ITEMS = 128
/** A node with this cost or more ends, unless it has fewer than `MIN_TREE_NODE_ITEMS` items. */
export const MAX_TREE_NODE_COST = 8192
/** Without it, paths of 4 KB would leave two items per node and a tree of twelve levels would be full at 4,096 of them. */
export const MIN_TREE_NODE_ITEMS = 4
/** Cost of an item = bytes of its path + this, so that where a node ends depends on paths alone, not on contents. */
const ITEM_COST_BYTES = 48
/** A key ends nodes of one more level with each 6 leading zero bits of its hash: one key in 64. */
const BITS_PER_LEVEL = 6
export const MAX_SYMLINK_TARGET_BYTES = MAX_PATH_BYTES

const DIGIT_0 = 0x30

/** How many levels of nodes end after this path: 0..11. */
export function pathLevel(path: string): number {
  const hash = sha256HexOfText(path)
  let digit = 0
  while (hash.charCodeAt(digit) === DIGIT_0) digit++
  const zeros = 4 * digit + (digit < hash.length ? Math.clz32(Number.parseInt(hash[digit]!, 16)) - 28 : 0)
  return Math.min(MAX_TREE_LEVEL, Math.floor(zeros / BITS_PER_LEVEL))
}

export function treeItemCost(pathBytes: number): number {
  return pathBytes + ITEM_COST_BYTES
}

/** True if a node of this level ends after an item.
 *  @param count - items of the node up to and with this one
 *  @param cost - their cost */
export function closesTreeNode(level: number, count: number, cost: number, path: string): boolean {
  if (count >= MAX_TREE_NODE_ITEMS || (cost >= MAX_TREE_NODE_COST && count >= MIN_TREE_NODE_ITEMS)) return true
  return pathLevel(path) > level
}

const MODE_FILE = 0
const MODE_EXECUTABLE = 1
const MODE_SYMLINK = 2
const CONTENT_NONE = 0
const CONTENT_CHUNK = 1
const CONTENT_MAP = 2

/** Why an entry (its path aside) cannot stand in a tree, or null. */
export function entryProblem(entry: TreeEntry): string | null {
  const { bytes, content, fileId } = entry
  if (!Number.isSafeInteger(bytes) || bytes < 0) return 'its size is not an integer below 2^53'
  if (content === null) {
    if (bytes !== 0 || fileId !== EMPTY_FILE_ID) return 'it has no content but is not the empty file'
  } else if (content.kind === 'chunk') {
    if (content.id !== fileId) return 'its only chunk is not the file'
    if (bytes < 1 || bytes > MAX_OBJECT_BYTES.chunk) return 'one chunk cannot have its size'
  } else if (bytes < 2) return 'a content map cannot have its size'
  if (entry.kind === 'symlink') {
    if (entry.executable) return 'a symlink is not executable'
    if (content?.kind !== 'chunk' || bytes > MAX_SYMLINK_TARGET_BYTES) return 'a symlink has no such target'
  }
  return null
}

/** One for all nodes: room for each would be 8 KB of garbage outside V8's heap, which is slow to be collected. */
const writer = new ByteWriter(8192)

export function encodeTreeNode({ level, entries, links }: TreeNode): Uint8Array {
  writer.clear()
  writer.u8(level)
  if (level === 0) {
    writer.uleb(entries.length)
    for (const { path, kind, executable, bytes, fileId, content } of entries) {
      writer.string(path)
      writer.u8(kind === 'symlink' ? MODE_SYMLINK : executable ? MODE_EXECUTABLE : MODE_FILE)
      writer.u64(bytes)
      putId(writer, fileId)
      if (content === null) writer.u8(CONTENT_NONE)
      else if (content.kind === 'chunk') writer.u8(CONTENT_CHUNK)
      else putId(writer.u8(CONTENT_MAP), content.id)
    }
  } else {
    writer.uleb(links.length)
    for (const { path, id, entries: count, bytes } of links) {
      putId(writer.string(path), id)
      writer.u64(count).u64(bytes)
    }
  }
  return writer.finish()
}

function putId(writer: ByteWriter, id: ObjectId): void {
  const at = writer.room(ID_BYTES)
  putObjectId(id, writer.target, at)
}

const MIN_ENTRY_BYTES = 1 + 1 + 1 + 8 + ID_BYTES + 1
const MIN_LINK_BYTES = 1 + 1 + ID_BYTES + 8 + 8

/** The node in bytes from outside. Checks all that a node alone shows: limits, every path, their order, no path below
 *  another, and that no item but the last ends it.
 *  @throws {ObjectMalformedError} TREE_MALFORMED
 *  @throws {PathRefusedError} PATH_REFUSED (integrity) */
export function parseTreeNode(encoded: Uint8Array): TreeNode {
  if (encoded.length > MAX_OBJECT_BYTES.tree) throw new ObjectMalformedError('tree', `${encoded.length} bytes`)
  try {
    const reader = new ByteReader(encoded)
    const node = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length)
    const level = reader.u8()
    if (level > MAX_TREE_LEVEL) throw new ObjectMalformedError('tree', `level ${level}`)
    const count = reader.length(MAX_TREE_NODE_ITEMS, level === 0 ? MIN_ENTRY_BYTES : MIN_LINK_BYTES)
    if (count === 0 && level > 0) throw new ObjectMalformedError('tree', 'an inner node without links')
    const entries: TreeEntry[] = []
    const links: TreeLink[] = []
    let cost = 0
    let previous: string | undefined
    for (let i = 1; i <= count; i++) {
      const pathBytes = reader.length(MAX_PATH_BYTES)
      const at = reader.skip(pathBytes)
      const path = parsePath(node, at, at + pathBytes)
      if (previous !== undefined) assertFollows(previous, path, level)
      previous = path
      cost += treeItemCost(pathBytes)
      if (level === 0) entries.push(parseEntry(node, reader, path))
      else links.push(parseLink(node, reader, path))
      if (i < count && closesTreeNode(level, i, cost, path))
        throw new ObjectMalformedError('tree', 'it goes on after a cut', { path })
    }
    reader.end()
    return { level, entries, links }
  } catch (error) {
    if (error instanceof CodecError) throw new ObjectMalformedError('tree', error.message, error.data, error)
    throw error
  }
}

/** @throws {ObjectMalformedError} TREE_MALFORMED unless `path` may come right after `previous` */
export function assertFollows(previous: string, path: string, level: number): void {
  if (comparePaths(previous, path) >= 0)
    throw new ObjectMalformedError('tree', 'paths are not in order', { previous, path })
  // Between links stand the entries of the next subtree, so only neighbours at level 0 show this conflict.
  if (level === 0 && isAtOrBelow(path, previous))
    throw new ObjectMalformedError('tree', 'a path is below a file', { previous, path })
}

function parseEntry(node: Buffer, reader: ByteReader, path: string): TreeEntry {
  const mode = reader.u8()
  if (mode > MODE_SYMLINK) throw new ObjectMalformedError('tree', `mode ${mode}`, { path })
  const bytes = reader.safeU64()
  const fileId = objectIdAt(node, reader.skip(ID_BYTES))
  const tag = reader.u8()
  if (tag > CONTENT_MAP) throw new ObjectMalformedError('tree', `content ${tag}`, { path })
  let content: ContentRef | null = null
  if (tag === CONTENT_CHUNK) content = { kind: 'chunk', id: fileId }
  else if (tag === CONTENT_MAP) content = { kind: 'map', id: objectIdAt(node, reader.skip(ID_BYTES)) }
  const kind = mode === MODE_SYMLINK ? 'symlink' : 'file'
  const entry: TreeEntry = { path, kind, executable: mode === MODE_EXECUTABLE, bytes, fileId, content }
  const problem = entryProblem(entry)
  if (problem) throw new ObjectMalformedError('tree', problem, { path })
  return entry
}

function parseLink(node: Buffer, reader: ByteReader, path: string): TreeLink {
  const id = objectIdAt(node, reader.skip(ID_BYTES))
  const entries = reader.safeU64()
  const bytes = reader.safeU64()
  if (entries === 0) throw new ObjectMalformedError('tree', 'a link to nothing', { path })
  return { path, id, entries, bytes }
}

/** The link that stands for a node one level up. */
export function linkTo(id: ObjectId, { entries, links }: TreeNode): TreeLink {
  let count = entries.length
  let bytes = 0
  for (const entry of entries) bytes += entry.bytes
  for (const link of links) {
    count += link.entries
    bytes += link.bytes
  }
  const path = (entries.at(-1) ?? links.at(-1))!.path
  return { path, id, entries: count, bytes }
}
