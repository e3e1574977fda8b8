/** A locator that is too large for one pack, as several segments: the first has the lowest ids, and so on. Each stands in a
 *  pack of its own, whose few objects it names as well. To a reader they are segments like any others. */

import { ObjectLimitError } from './errors.ts'
import { MAX_PLACES, type MergeOptions, openGroups, SegmentOutput } from './locator-merge.ts'
import {
  compareRecordKeys,
  RECORD_BYTES,
  recordPack,
  recordPlace,
  recordsOfIndex,
  setRecordPack,
} from './locator-record.ts'
import { type SegmentSource, segmentBytes } from './locator-segment.ts'
import type { PackIndex } from './pack-index.ts'

export interface SplitMerge {
  /** True once all entries of the sources are in segments. */
  readonly done: boolean
  /** The next segment, in pieces: the entries of the pack that it stands in, and as many others as there is room for.
   *  @param maxBytes - of the segment
   *  @throws {ObjectLimitError} OBJECT_LIMIT if not one more entry fits */
  next(own: PackIndex, maxBytes: number): AsyncGenerator<Uint8Array>
}

const ID_BYTES = 32

/** @param sources - newest first; none is the pack that a segment will stand in */
export async function splitSegments(
  sources: readonly SegmentSource[],
  options: MergeOptions = {},
): Promise<SplitMerge> {
  const groups = await openGroups(sources, options)
  /** Not written yet, because it had no room. */
  let waiting = await groups.next()
  return {
    get done() {
      return waiting === undefined
    },
    async *next(own, maxBytes) {
      const mine = recordsOfIndex(own, 0)
      let mineAt = 0
      const output = new SegmentOutput(Math.max(1, Math.floor(maxBytes / RECORD_BYTES)))
      const table = new PartTable(groups.packAt)
      /** Records of this segment's own pack up to a key, or all. */
      const ownUpTo = (key: Uint8Array | undefined): Uint8Array[] => {
        const found: Uint8Array[] = []
        while (mineAt < mine.length && (!key || compareRecordKeys(mine, mineAt, key, 0) <= 0)) {
          found.push(mine.slice(mineAt, mineAt + RECORD_BYTES))
          mineAt += RECORD_BYTES
        }
        return found
      }
      let taken = 0
      for (; waiting; waiting = await groups.next()) {
        const left = (mine.length - mineAt) / RECORD_BYTES
        const packs = table.size + table.newOf(waiting)
        if (segmentBytes(output.entries + waiting.length + left, packs) > maxBytes) break
        const key = waiting[0]!
        const before = ownUpTo(key)
        const same = before.filter((record) => compareRecordKeys(record, 0, key, 0) === 0)
        for (const record of before.slice(0, before.length - same.length)) yield* pieces(output.add(record))
        const places = [...same, ...waiting.map((record) => table.renumbered(record))].slice(0, MAX_PLACES)
        for (const record of places.sort(byPlace)) yield* pieces(output.add(record))
        taken++
      }
      if (waiting && taken === 0) throw new ObjectLimitError('locator bytes', segmentBytes(MAX_PLACES, 2), maxBytes)
      for (const record of ownUpTo(undefined)) yield* pieces(output.add(record))
      yield* output.finish(table.encode())
    },
  }
}

function* pieces(piece: Uint8Array | undefined): Generator<Uint8Array> {
  if (piece) yield piece
}

function byPlace(a: Uint8Array, b: Uint8Array): number {
  const [x, y] = [recordPlace(a, 0), recordPlace(b, 0)]
  return recordPack(a, 0) - recordPack(b, 0) || x.frameOffset - y.frameOffset || x.offset - y.offset
}

/** The packs of one of the segments, numbered in the order in which its entries name them. */
class PartTable {
  readonly #packAt: (number: number) => Uint8Array
  readonly #numbers = new Map<number, number>()
  readonly #ids: Uint8Array[] = [new Uint8Array(ID_BYTES)]

  /** @param packAt - blob ids by their numbers in the whole merge */
  constructor(packAt: (number: number) => Uint8Array) {
    this.#packAt = packAt
  }

  get size(): number {
    return this.#ids.length
  }

  /** How many packs the records name that are not in the table yet. */
  newOf(records: readonly Uint8Array[]): number {
    return new Set(records.map((record) => recordPack(record, 0)).filter((number) => !this.#numbers.has(number))).size
  }

  renumbered(record: Uint8Array): Uint8Array {
    const old = recordPack(record, 0)
    let number = this.#numbers.get(old)
    if (number === undefined) {
      number = this.#ids.length
      this.#numbers.set(old, number)
      this.#ids.push(this.#packAt(old))
    }
    const copy = record.slice()
    setRecordPack(copy, 0, number)
    return copy
  }

  encode(): Uint8Array {
    return Buffer.concat(this.#ids)
  }
}
