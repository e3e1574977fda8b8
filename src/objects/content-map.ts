/** The content map: the chunks of one file in order, as a tree of nodes of at most 4,096 entries.
 *
 *  Where a node ends depends on the ids in it (content-defined, as chunks themselves): a file that grows or changes in the
 *  middle rewrites one node per level and keeps the rest. Byte layout and the cut rule: README.md, "Content map". */

import { ByteReader, ByteWriter, CodecError } from '../codec/cursor.ts'
import { ObjectMalformedError, ObjectMissingError } from './errors.ts'
import { ID_BYTES, MAX_OBJECT_BYTES, type ObjectId, objectIdFromBytes, objectIdToBytes } from './id.ts'
import { LevelBuilder, type LevelRules } from './level-builder.ts'
import type { ReadObject, WriteObject } from './reader.ts'

/** What a tree entry refers to: the file's only chunk, or the map of its chunks. */
export interface ContentRef {
  kind: 'chunk' | 'map'
  id: ObjectId
}

/** The part of a tree entry that a walk over its bytes needs. */
export interface FileContent {
  /** Null for an empty file. */
  content: ContentRef | null
  /** Size of the file. */
  bytes: number
}

export interface ChunkRef {
  id: ObjectId
  /** Length of the chunk, at least 1. */
  bytes: number
}

export interface PlacedChunk extends ChunkRef {
  /** Where the chunk starts in the file. */
  offset: number
}

/** An entry of a map node: a chunk at level 0, a map node of the level below above it. */
export interface MapNode {
  level: number
  items: ChunkRef[]
}

export const MAX_MAP_ENTRIES = 4096
/** A node never ends earlier, except a level's last: one repeated chunk cannot make many small nodes. */
export const MIN_MAP_ENTRIES = 256
/** After the minimum an entry ends a node with a chance of one in 2^10: nodes of some 1,280 entries. */
const MAP_CUT_MASK = 0x3ff
/** 256^5 chunks are more than 2^53 bytes can hold in practice. */
export const MAX_MAP_LEVEL = 4

function closesMapNode(count: number, id: ObjectId): boolean {
  if (count >= MAX_MAP_ENTRIES) return true
  return count >= MIN_MAP_ENTRIES && (Number.parseInt(id.slice(0, 4), 16) & MAP_CUT_MASK) === 0
}

/** Stores the map of a file.
 *  @param chunks - the chunks in order
 *  @returns null for an empty file, the chunk itself for one chunk
 *  @throws {ObjectMalformedError} MAP_MALFORMED for a chunk length outside 1..4 MiB, or a file above 2^53-1 bytes */
export async function buildContentMap(
  chunks: AsyncIterable<ChunkRef> | Iterable<ChunkRef>,
  write: WriteObject,
): Promise<ContentRef | null> {
  const writeNode = async (level: number, items: ChunkRef[]): Promise<ChunkRef> => ({
    id: await write('map', encodeMapNode({ level, items })),
    bytes: sumBytes(items),
  })
  const rules: LevelRules<ChunkRef> = {
    maxLevel: MAX_MAP_LEVEL,
    cost: () => 0,
    closes: ({ items }) => closesMapNode(items.length, items.at(-1)!.id),
    writeNode,
    tooHigh: () => {
      throw new ObjectMalformedError('map', 'too many chunks')
    },
  }
  const builder = new LevelBuilder<ChunkRef>(rules)
  let total = 0
  for await (const { id, bytes } of chunks) {
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > MAX_OBJECT_BYTES.chunk)
      throw new ObjectMalformedError('map', 'a chunk length is outside its limits', { bytes })
    total += bytes
    if (!Number.isSafeInteger(total)) throw new ObjectMalformedError('map', 'the file is above 2^53-1 bytes')
    const closing = builder.append({ id, bytes })
    if (closing) await closing
  }
  const root = await builder.finish()
  if (root.$kind === 'link') return { kind: 'map', id: root.item.id }
  if (root.items.length === 0) return null
  if (root.level === 0 && root.items.length === 1) return { kind: 'chunk', id: root.items[0]!.id }
  return { kind: 'map', id: (await writeNode(root.level, root.items)).id }
}

export function encodeMapNode({ level, items }: MapNode): Uint8Array {
  const writer = new ByteWriter(4 + items.length * (ID_BYTES + 8))
  writer.u8(level).uleb(items.length)
  for (const { id, bytes } of items) {
    writer.bytes(objectIdToBytes(id))
    if (level === 0) writer.u32(bytes)
    else writer.u64(bytes)
  }
  return writer.finish()
}

/** The map node in bytes from outside. Checks what a node alone shows: limits, and that no entry but the last ends it.
 *  @throws {ObjectMalformedError} MAP_MALFORMED */
export function parseMapNode(encoded: Uint8Array): MapNode {
  if (encoded.length > MAX_OBJECT_BYTES.map) throw new ObjectMalformedError('map', `${encoded.length} bytes`)
  try {
    const reader = new ByteReader(encoded)
    const level = reader.u8()
    if (level > MAX_MAP_LEVEL) throw new ObjectMalformedError('map', `level ${level}`)
    const count = reader.length(MAX_MAP_ENTRIES, ID_BYTES + (level === 0 ? 4 : 8))
    if (count === 0) throw new ObjectMalformedError('map', 'no entries')
    const items: ChunkRef[] = []
    for (let i = 1; i <= count; i++) {
      const id = objectIdFromBytes(reader.bytes(ID_BYTES))
      const bytes = level === 0 ? reader.u32() : reader.safeU64()
      if (bytes < 1 || (level === 0 && bytes > MAX_OBJECT_BYTES.chunk))
        throw new ObjectMalformedError('map', 'a chunk length is outside its limits', { bytes })
      if (i < count && closesMapNode(i, id)) throw new ObjectMalformedError('map', 'it goes on after a cut')
      items.push({ id, bytes })
    }
    reader.end()
    if (!Number.isSafeInteger(sumBytes(items))) throw new ObjectMalformedError('map', 'the sum is above 2^53-1 bytes')
    return { level, items }
  } catch (error) {
    if (error instanceof CodecError) throw new ObjectMalformedError('map', error.message, error.data, error)
    throw error
  }
}

function sumBytes(items: readonly ChunkRef[]): number {
  let sum = 0
  for (const { bytes } of items) sum += bytes
  return sum
}

interface WalkOptions {
  signal?: AbortSignal | undefined
}

/** What the parent of a node promises about it. */
interface Expected {
  id: ObjectId
  bytes: number
  /** Undefined at the root. */
  level?: number
  /** True on the right edge, where a node may end without a cut. */
  last: boolean
}

async function loadMapNode(read: ReadObject, expected: Expected, options: WalkOptions): Promise<MapNode> {
  const node = parseMapNode(await read('map', expected.id, options))
  const { level, items } = node
  const refuse = (reason: string): never => {
    throw new ObjectMalformedError('map', reason, { id: expected.id })
  }
  if (sumBytes(items) !== expected.bytes) refuse(`its chunks sum to ${sumBytes(items)}, not to ${expected.bytes} bytes`)
  if (expected.level === undefined && items.length < 2) refuse('the root has one entry')
  if (expected.level !== undefined && level !== expected.level) refuse('its level is not one below its parent')
  if (!expected.last && !closesMapNode(items.length, items.at(-1)!.id)) refuse('it ends before a cut')
  return node
}

/** Chunks of a file that overlap a byte range, in order. Reads only the nodes on the way.
 *  @param file - a tree entry, or anything with its content and size
 *  @param options.fromByte - first byte wanted (default 0)
 *  @param options.toByte - byte after the last one wanted (default: the size)
 *  @throws {ObjectMalformedError} MAP_MALFORMED if the map does not describe a file of that size */
export async function* walkContentMap(
  read: ReadObject,
  file: FileContent,
  options: { fromByte?: number; toByte?: number; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<PlacedChunk> {
  const { content, bytes } = file
  const from = Math.max(0, options.fromByte ?? 0)
  const to = Math.min(bytes, options.toByte ?? bytes)
  if (content === null) {
    if (bytes !== 0) throw new ObjectMalformedError('map', `no content for ${bytes} bytes`)
    return
  }
  if (from >= to) return
  if (content.kind === 'chunk') {
    if (bytes > MAX_OBJECT_BYTES.chunk) throw new ObjectMalformedError('map', `one chunk for ${bytes} bytes`)
    yield { id: content.id, bytes, offset: 0 }
    return
  }
  yield* walk({ id: content.id, bytes, last: true }, 0)

  async function* walk(expected: Expected, start: number): AsyncGenerator<PlacedChunk> {
    const { level, items } = await loadMapNode(read, expected, options)
    let offset = start
    for (const [index, item] of items.entries()) {
      const end = offset + item.bytes
      if (offset >= to) return
      if (end > from) {
        const last = expected.last && index === items.length - 1
        if (level === 0) yield { ...item, offset }
        else yield* walk({ ...item, level: level - 1, last }, offset)
      }
      offset = end
    }
  }
}

/** Every map node of a file from the root down, each before its children: for pushes, garbage collection and checks.
 *  @param options.skip - true for a node whose subtree is not wanted; it is not read
 *  @param options.onAbsent - called for a node that is not here, instead of failing */
export async function* walkMapNodes(
  read: ReadObject,
  file: FileContent,
  options: {
    skip?: (id: ObjectId) => boolean | Promise<boolean>
    onAbsent?: ((id: ObjectId) => void) | undefined
    signal?: AbortSignal | undefined
  } = {},
): AsyncGenerator<MapNode & { id: ObjectId }> {
  if (file.content?.kind !== 'map') return
  const stack: Expected[] = [{ id: file.content.id, bytes: file.bytes, last: true }]
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (await options.skip?.(next.id)) continue
    let node: MapNode
    try {
      node = await loadMapNode(read, next, options)
    } catch (error) {
      if (!(error instanceof ObjectMissingError) || !options.onAbsent) throw error
      options.onAbsent(next.id)
      continue
    }
    yield { id: next.id, ...node }
    if (node.level === 0) continue
    for (let i = node.items.length - 1; i >= 0; i--) {
      const last = next.last && i === node.items.length - 1
      stack.push({ ...node.items[i]!, level: node.level - 1, last })
    }
  }
}
