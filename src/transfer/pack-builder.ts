/** Turns a list of objects into packs: chunks into data packs, everything else into meta packs, in the order given.
 *
 *  Same objects, same order: same bytes, so a push that is repeated after a crash makes the same blobs and finds what
 *  it has paid for. One pack is in memory at a time. */

import { throwIfAborted } from '../base/abort.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import type { PackKind } from '../objects/pack.ts'
import type { PackIndex } from '../objects/pack-index.ts'
import { createPackWriter, type PackSummary } from '../objects/pack-writer.ts'
import type { ReadObject } from '../objects/reader.ts'

/** Packs of a push are filled to this. An encoded blob takes 3.5 times its size in memory beside the pack itself, and a command
 *  has 1 GiB: with 128 MiB it peaked at 1.06 GiB. */
export const PUSH_PACK_BYTES: number = 96 * 1024 * 1024

export interface ObjectToPack {
  kind: ObjectKind
  id: ObjectId
}

export interface BuiltPack {
  kind: PackKind
  bytes: Uint8Array
  summary: PackSummary
}

export interface PackBuilderOptions {
  read: ReadObject
  maxBytes?: number
  signal?: AbortSignal | undefined
}

/** Writes the locator segment of the last meta pack, when all other packs are known. */
export type WriteLocator = (ownIndex: PackIndex) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Data packs of the chunks among the objects. */
export function buildDataPacks(
  objects: readonly ObjectToPack[],
  options: PackBuilderOptions,
): AsyncGenerator<BuiltPack> {
  return buildPacks(
    'data',
    objects.filter((object) => object.kind === 'chunk'),
    options,
    undefined,
  )
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

async function* buildPacks(
  kind: PackKind,
  objects: readonly ObjectToPack[],
  options: PackBuilderOptions,
  writeLocator: WriteLocator | undefined,
): AsyncGenerator<BuiltPack> {
  const maxBytes = options.maxBytes ?? PUSH_PACK_BYTES
  const open = () => {
    const pieces: Uint8Array[] = []
    return { pieces, writer: createPackWriter({ kind, maxBytes, write: (piece) => void pieces.push(piece) }) }
  }
  let current = open()
  for (const { kind: objectKind, id } of objects) {
    throwIfAborted(options.signal)
    const bytes = await options.read(objectKind, id, { signal: options.signal })
    if (current.writer.objectCount > 0 && !current.writer.hasRoom(bytes.length)) {
      const summary = await current.writer.finish()
      yield sealed(kind, current.pieces, summary)
      current = open()
    }
    await current.writer.add(objectKind, id, bytes)
  }
  if (current.writer.objectCount === 0) return
  const summary = await current.writer.finish(writeLocator ? { locator: writeLocator } : {})
  yield sealed(kind, current.pieces, summary)
}

/** Joins the pieces and lets go of each as soon as it is copied. */
function sealed(kind: PackKind, pieces: Uint8Array[], summary: PackSummary): BuiltPack {
  const bytes = new Uint8Array(summary.bytes)
  let at = 0
  for (let i = 0; i < pieces.length; i++) {
    bytes.set(pieces[i]!, at)
    at += pieces[i]!.length
    pieces[i] = new Uint8Array(0)
  }
  return { kind, bytes, summary }
}
