/** Which refs reach a chunk, for `du`: one pass over all history, however many refs there are. */

import { throwIfAborted } from '../base/abort.ts'
import { UsageError } from '../base/errors.ts'
import type { QueuedCommit } from '../history/commit-queue.ts'
import { walkCommits } from '../history/commits.ts'
import { oldestFirst } from '../history/range.ts'
import { walkMapNodes } from '../objects/content-map.ts'
import type { ObjectId } from '../objects/id.ts'
import { type TreeEntry, walkTreeNodes } from '../objects/tree.ts'
import { IdSet } from '../store/id-set.ts'
import type { Workspace } from '../store/workspace.ts'

/** A row's chunks, each once, and those that no other row has. */
export interface RowBytes {
  storedBytes: number
  uniqueBytes: number
}

export interface RefBytes {
  rows: RowBytes[]
  totalBytes: number
}

/** @param tips - commits of the rows; several rows may have one
 *  @param maxChunks - more than these do not fit into memory
 *  @throws {UsageError} DU_TOO_LARGE (exit 2) */
export async function bytesOfRefs(
  workspace: Workspace,
  tips: readonly ObjectId[],
  { maxChunks, signal }: { maxChunks: number; signal?: AbortSignal | undefined },
): Promise<RefBytes> {
  const read = workspace.store.readLocal
  const commits: QueuedCommit[] = []
  for await (const item of walkCommits(read, tips, { onAbsent: () => {}, signal })) commits.push(item)
  const ordered = oldestFirst(commits)
  const sets = new RowSets(tips.length)
  const reaching = refsReaching(sets, ordered, tips)
  const chunks = new ChunkSets(workspace, sets, maxChunks, signal)
  // A parent is reached by all that reach its children: met from it first, what they share is entered once.
  for (const { id, commit } of ordered) await chunks.meetTree(commit.tree, reaching.get(id)!)
  return chunks.result(tips.length)
}

/** For each commit the rows that reach it. */
function refsReaching(sets: RowSets, ordered: readonly QueuedCommit[], tips: readonly ObjectId[]) {
  const reaching = new Map<ObjectId, number>()
  const join = (id: ObjectId, set: number) => {
    const known = reaching.get(id)
    reaching.set(id, known === undefined ? set : sets.union(known, set))
  }
  for (const [row, tip] of tips.entries()) join(tip, sets.of(row))
  for (const { id, commit } of ordered.toReversed())
    for (const parent of commit.parents) join(parent, reaching.get(id)!)
  return reaching
}

/** Sets of rows, each kept once and told by a number. */
class RowSets {
  readonly #rows: Uint8Array[] = []
  readonly #numbers = new Map<string, number>()
  readonly #unions = new Map<number, Map<number, number>>()
  readonly #bytes: number

  constructor(rows: number) {
    this.#bytes = Math.ceil(rows / 8)
  }

  of(row: number): number {
    const bits = new Uint8Array(this.#bytes)
    bits[row >> 3] = 1 << (row & 7)
    return this.#keep(bits)
  }

  union(a: number, b: number): number {
    if (a === b) return a
    let unions = this.#unions.get(a)
    if (!unions) this.#unions.set(a, (unions = new Map()))
    let number = unions.get(b)
    if (number === undefined) {
      const other = this.#rows[b]!
      number = this.#keep(this.#rows[a]!.map((bits, at) => bits | other[at]!))
      unions.set(b, number)
    }
    return number
  }

  rowsOf(set: number): number[] {
    const rows: number[] = []
    for (const [at, bits] of this.#rows[set]!.entries())
      for (let bit = 0; bits >> bit > 0; bit++) if ((bits >> bit) & 1) rows.push(8 * at + bit)
    return rows
  }

  #keep(bits: Uint8Array): number {
    const key = Buffer.from(bits.buffer).toString('latin1')
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#rows.push(bits) - 1
      this.#numbers.set(key, number)
    }
    return number
  }
}

/** Objects of one kind, each with the rows that reach it. */
class MetBy {
  readonly #ids = new IdSet()
  readonly #sets: number[] = []
  readonly #rows: RowSets

  constructor(rows: RowSets) {
    this.#rows = rows
  }

  get size(): number {
    return this.#ids.size
  }

  get sets(): readonly number[] {
    return this.#sets
  }

  has(id: ObjectId): boolean {
    return this.#ids.has(id)
  }

  /** @returns false if all these rows had reached it */
  meet(id: ObjectId, set: number): boolean {
    if (this.#ids.add(id)) return this.#sets.push(set) > 0
    const index = this.#ids.indexOf(id)
    const known = this.#sets[index]!
    const joint = this.#rows.union(known, set)
    this.#sets[index] = joint
    return joint !== known
  }
}

class ChunkSets {
  readonly #workspace: Workspace
  readonly #rows: RowSets
  readonly #max: number
  readonly #signal: AbortSignal | undefined
  readonly #nodes: { tree: MetBy; map: MetBy }
  readonly #chunks: MetBy
  /** Of each chunk, in the order of `#chunks`. */
  readonly #bytes: number[] = []

  constructor(workspace: Workspace, rows: RowSets, max: number, signal: AbortSignal | undefined) {
    this.#workspace = workspace
    this.#rows = rows
    this.#max = max
    this.#signal = signal
    this.#nodes = { tree: new MetBy(rows), map: new MetBy(rows) }
    this.#chunks = new MetBy(rows)
  }

  async meetTree(root: ObjectId, set: number): Promise<void> {
    const options = { skip: this.#skip('tree', set), signal: this.#signal }
    for await (const { entries } of walkTreeNodes(this.#workspace.store.readLocal, root, options))
      await this.#meetFiles(entries, set)
  }

  /** What is absent is passed over: history is lazy. */
  #skip(kind: 'tree' | 'map', set: number) {
    const met = this.#nodes[kind]
    return async (id: ObjectId) => {
      throwIfAborted(this.#signal)
      if (!met.has(id) && !(await this.#workspace.store.has(kind, id))) return true
      return !met.meet(id, set)
    }
  }

  async #meetFiles(files: readonly TreeEntry[], set: number): Promise<void> {
    const single: { id: ObjectId; bytes: number }[] = []
    for (const file of files) {
      if (file.content?.kind === 'chunk') single.push({ id: file.content.id, bytes: file.bytes })
      if (file.content?.kind !== 'map') continue
      const options = { skip: this.#skip('map', set), signal: this.#signal }
      for await (const node of walkMapNodes(this.#workspace.store.readLocal, file, options))
        if (node.level === 0) await this.#meetChunks(node.items, set)
    }
    await this.#meetChunks(single, set)
  }

  async #meetChunks(chunks: readonly { id: ObjectId; bytes: number }[], set: number): Promise<void> {
    throwIfAborted(this.#signal)
    const asked = chunks
      .filter(({ id }) => !this.#chunks.has(id))
      .map((chunk) => ({ kind: 'chunk' as const, ...chunk }))
    const lacking = new Set((await this.#workspace.store.lacking(asked)).map(({ id }) => id))
    for (const { id, bytes } of chunks) {
      if (lacking.has(id)) continue
      this.#chunks.meet(id, set)
      if (this.#chunks.size > this.#max) throw new UsageError('DU_TOO_LARGE', `there are more than ${this.#max} chunks`)
      if (this.#chunks.size > this.#bytes.length) this.#bytes.push(bytes)
    }
  }

  result(rows: number): RefBytes {
    const bySet = new Map<number, number>()
    for (const [index, set] of this.#chunks.sets.entries()) bySet.set(set, (bySet.get(set) ?? 0) + this.#bytes[index]!)
    const result: RefBytes = {
      rows: Array.from({ length: rows }, () => ({ storedBytes: 0, uniqueBytes: 0 })),
      totalBytes: 0,
    }
    for (const [set, bytes] of bySet) {
      const having = this.#rows.rowsOf(set)
      for (const row of having) result.rows[row]!.storedBytes += bytes
      if (having.length === 1) result.rows[having[0]!]!.uniqueBytes += bytes
      result.totalBytes += bytes
    }
    return result
  }
}
