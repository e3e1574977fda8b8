/** How much a push would send, found without keeping or sending any of it. */

import type { MissingObject } from '../history/missing-objects.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { type LocatorSegment, segmentBytes } from '../objects/locator.ts'
import type { ReadObject } from '../objects/reader.ts'
import { buildDataPacks, buildMetaPacks, locatorRoom, PUSH_PACK_BYTES } from '../transfer/pack-builder.ts'
import { locatorLimits, mostBytes, swallowedBy } from './push-locator.ts'

/** Bytes of the objects before packing. */
export async function rawBytes(read: ReadObject, objects: readonly MissingObject[]): Promise<number> {
  let total = 0
  for (const object of objects) total += object.bytes ?? (await read(object.kind, object.id)).length
  return total
}

/** Sizes of the packs that a push would make; nothing is kept. The locator is estimated at its 64 bytes per
 *  object: those of the push, and those of the older segments that it swallows. */
export async function measurePacks(
  read: ReadObject,
  objects: readonly MissingObject[],
  state: WalrusState,
  options: { limits?: { packBytes?: number; segmentBytes?: number } | undefined; signal?: AbortSignal | undefined },
  older: { segments: readonly LocatorSegment[]; swallowAll: boolean },
): Promise<{ kind: 'data' | 'meta'; bytes: number }[]> {
  const maxBytes = Math.min(options.limits?.packBytes ?? PUSH_PACK_BYTES, state.maxBlobBytes)
  const builder = { read, maxBytes, signal: options.signal }
  const packs: { kind: 'data' | 'meta'; bytes: number }[] = []
  for await (const { kind, summary } of buildDataPacks(objects, builder)) packs.push({ kind, bytes: summary.bytes })
  const limits = locatorLimits(state.maxBlobBytes, options.limits?.segmentBytes)
  const entries = older.segments.map((segment) => segment.entries)
  const { fullEntries } = limits
  const swallowed = swallowedBy(entries, objects.length, { all: older.swallowAll, fullEntries })
  const count = swallowed.reduce((sum, at) => sum + entries[at]!, objects.length)
  const bound = mostBytes(
    swallowed.map((at) => older.segments[at]!),
    { entries: objects.length, packs: packs.length },
  )
  const noLocator = () => []
  for await (const { kind, summary } of buildMetaPacks(objects, builder, noLocator))
    packs.push({ kind, bytes: summary.bytes })
  const last = packs.findLast((pack) => pack.kind === 'meta')
  if (last && bound <= limits.inlineBytes) last.bytes += LOCATOR_BYTES_PER_OBJECT * count
  else if (last) {
    const { kind, id } = objects.findLast((object) => object.kind !== 'chunk')!
    const beside = await read(kind, id)
    const named = older.segments.reduce((sum, segment) => sum + segment.packs.length, packs.length)
    const room = locatorRoom(limits.partBytes, beside.length) - segmentBytes(1, named)
    const perPart = Math.max(1, Math.floor(room / LOCATOR_BYTES_PER_OBJECT) - 1)
    for (let left = count; left > 0; left -= perPart) packs.push({ kind: 'meta', bytes: limits.partBytes })
  }
  return packs
}

const LOCATOR_BYTES_PER_OBJECT = 66

/** Packs that these objects make at least. */
export function kindsOf(objects: readonly MissingObject[]): number {
  return Number(objects.some(({ kind }) => kind === 'chunk')) + Number(objects.some(({ kind }) => kind !== 'chunk'))
}
