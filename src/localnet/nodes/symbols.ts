/** Symbols for readers that lack slivers: with proofs (recoverySymbols) and without (decodingSymbols).
 *
 *  A symbol of a lost primary sliver comes from a stored secondary sliver, and the other way round. Slivers that are
 *  missing here are skipped: an answer may be partial. */

import type { BlobId } from '../../protocol/blob-id.ts'
import { primarySourceCount, secondarySourceCount } from '../../protocol/limits.ts'
import {
  type EitherDecodingSymbol,
  encodeDecodingSymbols,
  encodeGeneralRecoverySymbols,
  type GeneralRecoverySymbol,
} from '../../protocol/recovery.ts'
import { otherAxis, pairOfSliver, type SliverAxis, shardOfPair } from '../../protocol/shards.ts'
import { parseSliver } from '../../protocol/sliver.ts'
import { type Answer, answerBytes } from './answer.ts'
import type { StoredBlob } from './blob-store.ts'
import { findServed, type NodeContext, ownPairs, type ServedSymbol } from './node-context.ts'
import { NodeRefusal, PlainRefusal } from './refusal.ts'

/** Symbols asked for by one request: those of one sliver on either axis. */
const MAX_ASKED = 8192

async function storedBlob(node: NodeContext, blobId: BlobId): Promise<StoredBlob> {
  const stored = await findServed(node, blobId)
  if (!stored) throw new NodeRefusal('METADATA_NOT_FOUND', 'no metadata of this blob is stored here')
  return stored
}

function axisOf(text: string | null): SliverAxis | undefined {
  const axis = text?.toLowerCase()
  if (axis === undefined || axis === 'primary' || axis === 'secondary') return axis
  throw new PlainRefusal(400, 'a sliver type is primary or secondary')
}

function indexOf(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text)) throw new PlainRefusal(400, 'a sliver index is a decimal number')
  return Number(text)
}

/** Symbols that the stored sliver of a pair gives; none if it is missing or has rotted. */
async function symbolsOf(
  node: NodeContext,
  { file, metadata }: StoredBlob,
  sourceAxis: SliverAxis,
  pair: number,
  targets: readonly number[],
): Promise<readonly ServedSymbol[]> {
  const bytes = await file.readSliver(sourceAxis, pair)
  if (!bytes) return []
  return node.coder.recoverySymbols(metadata, sourceAxis, parseSliver(bytes, node.shardCount), targets)
}

/** `?id=P-S` repeated names matrix cells; `?targetSliver=&targetType=` asks for all this node has of one sliver. */
export async function getRecoverySymbols(node: NodeContext, blobId: BlobId, query: URLSearchParams): Promise<Answer> {
  const proofAxis = axisOf(query.get('proofAxis'))
  const cells = query.getAll('id')
  const target = query.get('targetSliver')
  if (cells.length === 0 && target === null)
    throw new NodeRefusal('NO_SYMBOLS_SPECIFIED', 'name symbols by id or by target sliver')
  if (cells.length > MAX_ASKED) throw new PlainRefusal(400, `at most ${MAX_ASKED} symbols in one request`)
  const stored = await storedBlob(node, blobId)
  const symbols =
    target === null
      ? await symbolsOfCells(node, stored, blobId, cells, proofAxis)
      : await symbolsOfTarget(node, stored, blobId, indexOf(target), axisOf(query.get('targetType')))
  if (symbols.length === 0) throw new NodeRefusal('SLIVER_NOT_FOUND', 'none of these symbols is stored here')
  return answerBytes(encodeGeneralRecoverySymbols(symbols))
}

async function symbolsOfTarget(
  node: NodeContext,
  stored: StoredBlob,
  blobId: BlobId,
  targetIndex: number,
  axis: SliverAxis | undefined,
): Promise<GeneralRecoverySymbol[]> {
  if (!axis) throw new PlainRefusal(400, 'targetSliver needs targetType')
  if (targetIndex >= node.shardCount)
    throw new NodeRefusal('INDEX_OUT_OF_RANGE', `there are ${node.shardCount} slivers`)
  const found: GeneralRecoverySymbol[] = []
  for (const pair of ownPairs(node, blobId))
    for (const symbol of await symbolsOf(node, stored, otherAxis(axis), pair, [targetIndex]))
      found.push(generalSymbol(axis, symbol))
  return found
}

async function symbolsOfCells(
  node: NodeContext,
  stored: StoredBlob,
  blobId: BlobId,
  cells: readonly string[],
  proofAxis: SliverAxis | undefined,
): Promise<GeneralRecoverySymbol[]> {
  const found: GeneralRecoverySymbol[] = []
  for (const cell of cells) {
    const match = /^([0-9]{1,5})-([0-9]{1,5})$/.exec(cell)
    if (!match) throw new PlainRefusal(400, 'a symbol id is row-column')
    const place = { primary: Number(match[1]), secondary: Number(match[2]) }
    if (place.primary >= node.shardCount || place.secondary >= node.shardCount)
      throw new NodeRefusal('INDEX_OUT_OF_RANGE', `there are ${node.shardCount} rows and columns`)
    const owned = (['primary', 'secondary'] as const).filter((axis) => {
      const pair = pairOfSliver(axis, place[axis], node.shardCount)
      return node.shards.has(shardOfPair(blobId, pair, node.shardCount))
    })
    if (owned.length === 0) throw new NodeRefusal('SYMBOL_NOT_PRESENT_AT_SHARDS', `${cell} belongs to other nodes`)
    const sourceAxis = proofAxis ? owned.find((axis) => axis === proofAxis) : owned[0]
    if (!sourceAxis) continue
    const pair = pairOfSliver(sourceAxis, place[sourceAxis], node.shardCount)
    const targetAxis = otherAxis(sourceAxis)
    for (const symbol of await symbolsOf(node, stored, sourceAxis, pair, [place[targetAxis]]))
      found.push(generalSymbol(targetAxis, symbol))
  }
  return found
}

function generalSymbol(axis: SliverAxis, symbol: ServedSymbol): GeneralRecoverySymbol {
  const { sourceIndex, targetIndex, bytes, proof } = symbol
  return { axis, symbol: { sourceIndex, bytes }, targetIndex, proof }
}

/** Symbols of systematic slivers only: the others can be computed from those. */
export async function getDecodingSymbols(node: NodeContext, blobId: BlobId, query: URLSearchParams): Promise<Answer> {
  const targets = [...new Set(query.getAll('targetSlivers').map(indexOf))]
  const axis = axisOf(query.get('targetType'))
  if (targets.length === 0 || !axis)
    throw new NodeRefusal('NO_TARGET_SLIVERS_SPECIFIED', 'name targetSlivers and targetType')
  const systematic = axis === 'primary' ? primarySourceCount(node.shardCount) : secondarySourceCount(node.shardCount)
  if (targets.some((index) => index >= systematic))
    throw new NodeRefusal('RECOVERY_SYMBOL_OUT_OF_RANGE', `only the first ${systematic} ${axis} slivers are served`)
  const stored = await storedBlob(node, blobId)
  const found = new Map<number, EitherDecodingSymbol[]>()
  for (const pair of ownPairs(node, blobId)) {
    const encoded = await stored.file.readSliver(otherAxis(axis), pair)
    if (!encoded) continue
    const source = parseSliver(encoded, node.shardCount)
    for (const targetIndex of targets) {
      // A systematic target needs no coding: its symbol stands in the source sliver as it is. No proof is made either,
      // because the reader checks the whole sliver that it recovers.
      const bytes = source.bytes.subarray(targetIndex * source.symbolBytes, (targetIndex + 1) * source.symbolBytes)
      const list = found.get(targetIndex) ?? []
      list.push({ axis, symbol: { sourceIndex: source.index, bytes } })
      found.set(targetIndex, list)
    }
  }
  return answerBytes(encodeDecodingSymbols(found))
}
