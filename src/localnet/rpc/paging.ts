/** Pages of unary lists and frames of streaming lists.
 *
 *  Unary lists continue after an object id, so objects that come and go between pages shift nothing. Streaming lists
 *  continue at a rank in the ledger, which never changes. Both tokens are opaque to clients. */

import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { invalidArgument } from '../ledger/errors.ts'
import { Proto } from './messages.ts'

const DEFAULT_PAGE = 50
/** Larger requests are cut to this without an error. */
const MAX_PAGE = 1000

export interface Page<T> {
  items: T[]
  /** Absent on the last page: the client takes even an empty token for "more". */
  nextPageToken: Uint8Array | undefined
}

/** The first page of those items that have a rendering.
 *  @param keys - ascending, already past the token
 *  @param render - undefined for items that the query does not want */
export function pageOf<T>(
  keys: Iterable<string>,
  pageSize: number | undefined,
  render: (key: string) => T | undefined,
): Page<T> {
  const limit = Math.min(Math.max(pageSize ?? DEFAULT_PAGE, 1), MAX_PAGE)
  const items: T[] = []
  let last = ''
  for (const key of keys) {
    const item = render(key)
    if (item === undefined) continue
    if (items.length === limit) return { items, nextPageToken: utf8(last) }
    items.push(item)
    last = key
  }
  return { items, nextPageToken: undefined }
}

/** The key after which a page begins.
 *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT */
export function parsePageToken(token: Uint8Array | undefined): string | undefined {
  if (token === undefined || token.length === 0) return undefined
  try {
    if (token.length <= 1024) return fromUtf8(token)
  } catch {
    // Falls through: not a token of ours.
  }
  throw invalidArgument('invalid page_token')
}

/** A rank as a cursor. */
export function encodeCursor(rank: number): Uint8Array {
  return utf8(String(rank))
}

function parseCursor(cursor: Uint8Array | undefined): number | undefined {
  if (cursor === undefined || cursor.length === 0) return undefined
  const text = parsePageToken(cursor)!
  if (!/^(0|[1-9]\d{0,14}|-1)$/.test(text)) throw invalidArgument('invalid cursor')
  return Number(text)
}

export interface RankedList<T> {
  /** All items; rank = position. */
  items: readonly T[]
  /** Ranks that can match, ascending, if an index knows. */
  candidates?: readonly number[]
  matches: (item: T) => boolean
  checkpoint: (item: T) => bigint
  /** Exclusive bounds by checkpoint: items below the first or at or above the second are not looked at. */
  fromCheckpoint?: bigint
  toCheckpoint?: bigint
}

export interface Frame<T> {
  item?: T
  watermark: Proto.Watermark
  end?: Proto.QueryEnd
}

/** Frames of one query: each item with its own cursor, and the reason for the end on the last frame.
 *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT */
export function* listFrames<T>(list: RankedList<T>, options: Proto.QueryOptions | undefined): Generator<Frame<T>> {
  const { Ordering, QueryEndReason } = Proto
  const descending = options?.ordering === Ordering.DESCENDING
  const after = parseCursor(options?.after) ?? -1
  const before = Math.min(parseCursor(options?.before) ?? list.items.length, list.items.length)
  const limit = Math.min(options?.limit ? options.limit : DEFAULT_PAGE, MAX_PAGE)
  let found = 0
  for (const rank of ranks(list, after, before, descending)) {
    const item = list.items[rank]!
    if (!inCheckpoints(list, item) || !list.matches(item)) continue
    found++
    const watermark = { cursor: encodeCursor(rank), checkpoint: list.checkpoint(item) }
    if (found === limit) {
      yield { item, watermark, end: { reason: QueryEndReason.ITEM_LIMIT } }
      return
    }
    yield { item, watermark }
  }
  const frontier = descending ? after + 1 : before - 1
  const bounded = descending ? options?.after : options?.before
  yield {
    watermark: { cursor: encodeCursor(frontier) },
    end: { reason: bounded ? QueryEndReason.CURSOR_BOUND : QueryEndReason.LEDGER_TIP },
  }
}

function inCheckpoints<T>(list: RankedList<T>, item: T): boolean {
  const checkpoint = list.checkpoint(item)
  if (list.fromCheckpoint !== undefined && checkpoint < list.fromCheckpoint) return false
  return list.toCheckpoint === undefined || checkpoint < list.toCheckpoint
}

function* ranks<T>(list: RankedList<T>, after: number, before: number, descending: boolean): Generator<number> {
  if (list.candidates) {
    const inside = list.candidates.filter((rank) => rank > after && rank < before)
    yield* descending ? inside.reverse() : inside
    return
  }
  if (descending) for (let rank = before - 1; rank > after; rank--) yield rank
  else for (let rank = after + 1; rank < before; rank++) yield rank
}
