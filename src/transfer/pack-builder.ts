/** Turns a list of objects into packs: chunks into data packs, everything else into meta packs, in the order given.
 *
 *  Same objects, same order: same bytes, so a push that is repeated after a crash makes the same blobs and finds what
 *  it has paid for. One pack is in memory at a time. */

import { throwIfAborted } from '../base/abort.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import type { SplitMerge } from '../objects/locator.ts'
import { PACK_FOOTER_BYTES, PACK_HEADER_BYTES, type PackKind } from '../objects/pack.ts'
import { type PackIndex, packIndexBytes } from '../objects/pack-index.ts'
import { createPackWriter, type PackSummary } from '../objects/pack-writer.ts'
import type { ReadObject } from '../objects/reader.ts'

/** Packs of a push are filled to this. The pack is in memory once; what encoding adds goes to a file beyond 256 MiB. A
 *  command has 1 GiB: with 256 MiB it peaked at 1.09 GiB. */
export const PUSH_PACK_BYTES: number = 128 * 1024 * 1024

export interface ObjectToPack {
  kind: ObjectKind
  id: ObjectId
}

export interface TakenPack {
  readonly bytes: Uint8Array
  /** True if they stand in memory from `allocate`. */
  readonly isAllocated: boolean
}

export interface BuiltPack {
  kind: PackKind
  /** The whole pack, once: afterwards only the taker holds it, who can let go of it while the push goes on, or has to
   *  give it back. */
  takeBytes(): TakenPack
  summary: PackSummary
}

export interface PackBuilderOptions {
  read: ReadObject
  maxBytes?: number
  /** Where a pack gets its memory from, once it is large; default the runtime's. */
  allocate?: Allocate | undefined
  signal?: AbortSignal | undefined
}

export type Allocate = (bytes: number) => Uint8Array

/** Writes the locator segment of the last meta pack, when all other packs are known. */
export type WriteLocator = (ownIndex: PackIndex) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Data packs of the chunks among the objects.
 *  @param options.endsAt - commits at which a pack ends, full or not */
export async function* buildDataPacks(
  objects: readonly ObjectToPack[],
  { endsAt, ...options }: PackBuilderOptions & { endsAt?: ReadonlySet<ObjectId> | undefined },
): AsyncGenerator<BuiltPack> {
  let chunks: ObjectToPack[] = []
  for (const object of objects)
    if (object.kind === 'chunk') chunks.push(object)
    else if (object.kind === 'commit' && endsAt?.has(object.id)) {
      yield* buildPacks('data', chunks, options, undefined)
      chunks = []
    }
  yield* buildPacks('data', chunks, options, undefined)
}

/** Meta packs of the rest. The last one holds the last object and the locator segment. */
export function buildMetaPacks(
  objects: readonly ObjectToPack[],
  options: PackBuilderOptions,
  writeLocator: WriteLocator,
): AsyncGenerator<BuiltPack> {
  return buildPacks(
    'meta',
    objects.filter((object) => object.kind !== 'chunk'),
    options,
    writeLocator,
  )
}

/** Meta packs for a locator that is too large to stand behind other objects: each holds one object, because no pack is
 *  empty, and the next part of the locator. */
export async function* buildLocatorPacks(
  { kind, id }: ObjectToPack,
  split: SplitMerge,
  { read, maxBytes = PUSH_PACK_BYTES, allocate, signal }: PackBuilderOptions,
): AsyncGenerator<BuiltPack> {
  const bytes = await read(kind, id, { signal })
  const room = locatorRoom(maxBytes, bytes.length)
  do {
    throwIfAborted(signal)
    const buffer = createPackBuffer(maxBytes, allocate)
    const writer = createPackWriter({ kind: 'meta', maxBytes, write: buffer.append })
    await writer.add(kind, id, bytes)
    const summary = await writer.finish({ locator: (own) => split.next(own, room) })
    yield { kind: 'meta', takeBytes: buffer.take, summary }
  } while (!split.done)
}

/** Bytes that a part of a locator may have, in a pack of at most `maxBytes` that holds one object besides. */
export function locatorRoom(maxBytes: number, objectBytes: number): number {
  return maxBytes - (PACK_HEADER_BYTES + objectBytes + packIndexBytes(1, 1) + PACK_FOOTER_BYTES)
}

async function* buildPacks(
  kind: PackKind,
  objects: readonly ObjectToPack[],
  options: PackBuilderOptions,
  writeLocator: WriteLocator | undefined,
): AsyncGenerator<BuiltPack> {
  const maxBytes = options.maxBytes ?? PUSH_PACK_BYTES
  const open = () => {
    const buffer = createPackBuffer(maxBytes, options.allocate)
    return { buffer, writer: createPackWriter({ kind, maxBytes, write: buffer.append }) }
  }
  let current = open()
  for (const { kind: objectKind, id } of objects) {
    throwIfAborted(options.signal)
    const bytes = await options.read(objectKind, id, { signal: options.signal })
    if (current.writer.objectCount > 0 && !current.writer.hasRoom(bytes.length)) {
      const summary = await current.writer.finish()
      yield { kind, takeBytes: current.buffer.take, summary }
      current = open()
    }
    await current.writer.add(objectKind, id, bytes)
  }
  if (current.writer.objectCount === 0) return
  const summary = await current.writer.finish(writeLocator ? { locator: writeLocator } : {})
  yield { kind, takeBytes: current.buffer.take, summary }
}

const FIRST_BYTES = 1024 * 1024
/** From here on room for a whole pack is taken: pages that are not written to cost nothing. */
const WHOLE_FROM_BYTES = 16 * 1024 * 1024
/** What stands behind the objects may exceed the limit of a pack a little: a locator. */
const SLACK_BYTES = 1024 * 1024

/** Collects a pack in one piece of memory, so that it is there once and not twice when it is sealed. */
function createPackBuffer(
  maxBytes: number,
  allocate: Allocate = (bytes) => new Uint8Array(bytes),
): { append(piece: Uint8Array): void; take(): TakenPack } {
  let bytes: Uint8Array = new Uint8Array(FIRST_BYTES)
  let length = 0
  let taken = false
  let isAllocated = false
  /** A second time only for a locator that is longer than the slack: what was there first is left to the collector. */
  const toWhole = (room: number): Uint8Array => {
    isAllocated = true
    return allocate(room)
  }
  return {
    append(piece) {
      const needed = length + piece.length
      if (needed > bytes.length) {
        const room = Math.max(needed, 2 * Math.min(bytes.length, WHOLE_FROM_BYTES))
        const grown = needed > WHOLE_FROM_BYTES ? toWhole(Math.max(room, maxBytes + SLACK_BYTES)) : new Uint8Array(room)
        grown.set(bytes.subarray(0, length))
        bytes = grown
      }
      bytes.set(piece, length)
      length = needed
    },
    take() {
      if (taken) throw new TypeError('the pack has been taken')
      taken = true
      const whole = { bytes: bytes.subarray(0, length), isAllocated }
      bytes = new Uint8Array(0)
      return whole
    },
  }
}
