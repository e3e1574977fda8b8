/** The order in which a dataset is read: which files, shuffled by a seed, divided among readers. The same for the same
 *  version, patterns and seed, on every machine. Eight bytes per file, whatever their names. */

import { createRng } from '../base/rng.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { walkTreeNodes } from '../objects/tree.ts'
import { parseTreeNode, type TreeEntry } from '../objects/tree-node.ts'

export interface DatasetOrderOptions {
  /** Which paths (default all). */
  includes?: ((path: string) => boolean) | undefined
  /** None: in path order. */
  shuffleSeed?: number | undefined
  /** Files that stay together while the order is shuffled, in path order before (default 1). Neighbours lie in the same
   *  rows of a pack: where files are small, a block of 64 saves most of the network. Files within a block are shuffled. */
  shuffleBlock?: number | undefined
  /** Which part: reader `index` of `count`, each with every count-th file of the order. */
  shard?: { index: number; count: number } | undefined
  /** Files of this shard to pass over: to go on where a reader stopped (default 0). */
  from?: number | undefined
  signal?: AbortSignal | undefined
}

export interface DatasetOrder {
  /** Files of all shards together. */
  readonly total: number
  /** Files of this shard, and where the reading begins. */
  readonly files: number
  readonly from: number
  /** From `from` on. */
  entries(): AsyncGenerator<TreeEntry>
}

/** 2^31 files would be 16 GiB of order. */
const MAX_FILES = 2 ** 28
/** Leaves kept while they are read from here and there. */
const LEAVES_KEPT = 512

export async function datasetOrder(
  read: ReadObject,
  tree: ObjectId,
  options: DatasetOrderOptions,
): Promise<DatasetOrder> {
  const { index, count } = checkedShard(options.shard)
  const block = positive('shuffleBlock', options.shuffleBlock ?? 1)
  const from = options.from ?? 0
  if (!Number.isSafeInteger(from) || from < 0) throw new RangeError(`"from" expected 0 or more, got ${from}`)
  const { shuffleSeed = 0 } = options
  if (!Number.isSafeInteger(shuffleSeed))
    throw new RangeError(`"shuffleSeed" expected a whole number, got ${shuffleSeed}`)
  const { leaves, places } = await collect(read, tree, options)
  const order = shuffled(places.length / 2, block, options.shuffleSeed)
  const files = Math.max(0, Math.ceil((order.length - index) / count))
  return { total: order.length, files, from, entries }

  async function* entries(): AsyncGenerator<TreeEntry> {
    const open = new Map<number, TreeEntry[]>()
    for (let at = from; at < files; at++) {
      const file = order[index + at * count]!
      const leaf = places[2 * file]!
      let found = open.get(leaf)
      if (!found) found = parseTreeNode(await read('tree', leaves[leaf]!, { signal: options.signal })).entries
      open.delete(leaf)
      open.set(leaf, found)
      if (open.size > LEAVES_KEPT) open.delete(open.keys().next().value!)
      yield found[places[2 * file + 1]!]!
    }
  }
}

/** Where each file stands: leaf, and number in the leaf. */
async function collect(read: ReadObject, tree: ObjectId, { includes, signal }: DatasetOrderOptions) {
  const leaves: ObjectId[] = []
  let places = new Uint32Array(1024)
  let length = 0
  for await (const node of walkTreeNodes(read, tree, { signal })) {
    let isUsed = false
    for (const [number, entry] of node.entries.entries()) {
      if (entry.kind !== 'file' || (includes && !includes(entry.path))) continue
      if (length === 2 * MAX_FILES) throw new RangeError(`a dataset has at most ${MAX_FILES} files`)
      if (length === places.length) {
        const larger = new Uint32Array(2 * places.length)
        larger.set(places)
        places = larger
      }
      places[length++] = leaves.length
      places[length++] = number
      isUsed = true
    }
    if (isUsed) leaves.push(node.id)
  }
  return { leaves, places: places.subarray(0, length) }
}

/** Blocks in random order, and the files of each in random order. */
function shuffled(files: number, block: number, seed: number | undefined): Uint32Array {
  const order = new Uint32Array(files)
  if (seed === undefined) return order.map((_, i) => i)
  const rng = createRng(seed)
  const blocks = new Uint32Array(Math.ceil(files / block)).map((_, i) => i)
  shuffle(blocks)
  let at = 0
  for (const number of blocks) {
    const start = at
    for (let file = number * block; file < Math.min(files, (number + 1) * block); file++) order[at++] = file
    shuffle(order.subarray(start, at))
  }
  return order

  function shuffle(values: Uint32Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const other = rng.below(i + 1)
      const value = values[i]!
      values[i] = values[other]!
      values[other] = value
    }
  }
}

function checkedShard(shard: DatasetOrderOptions['shard']): { index: number; count: number } {
  if (shard === undefined) return { index: 0, count: 1 }
  // In JavaScript `shard: 1 / 4` is a number, of which all readers would get all files.
  if (typeof shard !== 'object' || shard === null)
    throw new RangeError(`"shard" expected { index, count }, such as { index: 1, count: 4 }, got ${String(shard)}`)
  const { index, count } = shard
  positive('shard.count', count)
  if (!Number.isSafeInteger(index) || index < 0 || index >= count)
    throw new RangeError(`"shard.index" expected 0..${count - 1}, got ${index}`)
  return { index, count }
}

function positive(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`"${name}" expected 1 or more, got ${value}`)
  return value
}
