/** `du`: what refs and folders take, and what of it is theirs alone. */

import { UsageError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import { PathUnknownError } from '../history/errors.ts'
import { walkMapNodes } from '../objects/content-map.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { treeTotals, walkTree } from '../objects/tree.ts'
import { IdSet } from '../store/id-set.ts'
import type { Workspace } from '../store/workspace.ts'
import { bytesOfRefs, type RowBytes } from './du-refs.ts'
import { copyBytes } from './held-upkeep.ts'
import { treeAt } from './versions.ts'

export interface DuRow {
  /** A ref, a file, or a folder ending in `/`. */
  name: string
  /** Files of the version and their sizes, as they lie in the workspace. */
  files: number
  logicalBytes: number
  /** Chunks, each once: of a ref with all its history as far as it is here, of a path at the version. */
  storedBytes: number
  /** Chunks that no other row has. */
  uniqueBytes: number
  sharedBytes: number
}

export interface DuResult {
  by: 'ref' | 'path'
  rows: DuRow[]
  /** All rows together, shared chunks once. */
  totalBytes: number
  packs: { count: number; bytes: number }
  /** Files that hold their contents themselves, and Floe's own copies of such files. */
  inPlace: { files: number; bytes: number; copies: number; copyBytes: number }
}

export interface DuOptions {
  /** `ref` (default): branches, tags, what is known of remotes, and stashes. `path`: what stands directly in a folder. */
  by?: 'ref' | 'path' | undefined
  /** For `path`: a version, or `:` for what is staged, and a folder of it. */
  revision?: string | undefined
  prefix?: string | undefined
  signal?: AbortSignal | undefined
}

/** Chunk → size, per row; more than this many chunks do not fit into memory. */
const MAX_CHUNKS = 20_000_000

/** @throws {PathUnknownError} PATH_UNKNOWN (exit 2) if nothing is at the prefix */
export async function diskUsage(workspace: Workspace, options: DuOptions = {}): Promise<DuResult> {
  const by = options.by ?? 'ref'
  const counted = by === 'ref' ? await byRef(workspace, options) : await byPath(workspace, options)
  const packs = await workspace.store.packs()
  return {
    by,
    ...counted,
    packs: { count: packs.length, bytes: packs.reduce((sum, pack) => sum + pack.bytes, 0) },
    inPlace: await heldTotals(workspace),
  }
}

async function heldTotals(workspace: Workspace): Promise<DuResult['inPlace']> {
  const files = new Map<string, number>()
  const copies = new Set<string>()
  for (const { facts } of await workspace.store.held.lists())
    if (facts.copy === null) files.set(facts.path, facts.bytes)
    else copies.add(facts.copy)
  const bytes = [...files.values()].reduce((sum, size) => sum + size, 0)
  return { files: files.size, bytes, copies: copies.size, copyBytes: await copyBytes(workspace) }
}

type Named = Pick<DuRow, 'name' | 'files' | 'logicalBytes'>
type Counted = Pick<DuResult, 'rows' | 'totalBytes'>

async function byRef(workspace: Workspace, { signal }: DuOptions): Promise<Counted> {
  const { store, refs } = workspace
  const named = refs.list()
  const tips = named.map(({ id }) => id)
  const counted = await bytesOfRefs(workspace, tips, { maxChunks: MAX_CHUNKS, signal })
  const rows: DuRow[] = []
  for (const [index, { name, id }] of named.entries()) {
    const totals = await readCommit(store.read, id)
      .then(({ tree }) => treeTotals(store.read, tree))
      .catch((error: unknown) => {
        if (error instanceof ObjectMissingError) return { entries: 0, bytes: 0 }
        throw error
      })
    const row = { name: name.replace(/^heads\//, ''), files: totals.entries, logicalBytes: totals.bytes }
    rows.push({ ...row, ...withShared(counted.rows[index]!) })
  }
  return { rows, totalBytes: counted.totalBytes }
}

function withShared({
  storedBytes,
  uniqueBytes,
}: RowBytes): Pick<DuRow, 'storedBytes' | 'uniqueBytes' | 'sharedBytes'> {
  return { storedBytes, uniqueBytes, sharedBytes: storedBytes - uniqueBytes }
}

async function byPath(workspace: Workspace, options: DuOptions): Promise<Counted> {
  const count = new ChunkCount()
  const { revision = 'HEAD', prefix = '', signal } = options
  const { tree, read } = await treeAt(workspace, revision)
  const rows: Named[] = []
  const start = prefix === '' ? 0 : prefix.length + 1
  for await (const entry of walkTree(read, tree, { signal, ...(prefix === '' ? {} : { prefix }) })) {
    const slash = entry.path.indexOf('/', start)
    const name = slash < 0 ? entry.path : `${entry.path.slice(0, slash)}/`
    if (rows.at(-1)?.name !== name) rows.push({ name, files: 0, logicalBytes: 0 })
    const row = rows.at(-1)!
    row.files++
    row.logicalBytes += entry.bytes
    const index = rows.length - 1
    if (entry.content?.kind === 'chunk') count.add(index, entry.content.id, entry.bytes)
    for await (const node of walkMapNodes(read, entry, { signal }))
      if (node.level === 0) for (const { id, bytes } of node.items) count.add(index, id, bytes)
  }
  if (rows.length === 0 && prefix !== '') throw new PathUnknownError(prefix, revision)
  return {
    rows: rows.map((row, index) => ({ ...row, ...withShared(count.bytesOf(index)) })),
    totalBytes: count.totalBytes,
  }
}

/** Which rows have a chunk: one, or several. */
class ChunkCount {
  readonly #ids = new IdSet()
  /** Of each chunk, by its place among the ids: its size, the last row that has it, and whether another has. */
  readonly #bytes: number[] = []
  readonly #rows: number[] = []
  readonly #isShared: boolean[] = []
  readonly #stored: number[] = []
  totalBytes = 0

  add(row: number, id: ObjectId, bytes: number): void {
    if (this.#ids.add(id)) {
      if (this.#ids.size > MAX_CHUNKS) throw new UsageError('DU_TOO_LARGE', `there are more than ${MAX_CHUNKS} chunks`)
      this.#bytes.push(bytes)
      this.#rows.push(row)
      this.#isShared.push(false)
      this.totalBytes += bytes
    } else {
      const index = this.#ids.indexOf(id)
      if (this.#rows[index] === row) return
      this.#isShared[index] = true
      // Rows come one after the other: from here on this row has been counted.
      this.#rows[index] = row
    }
    this.#stored[row] = (this.#stored[row] ?? 0) + bytes
  }

  #unique: number[] | undefined

  bytesOf(row: number): RowBytes {
    this.#unique ??= this.#countUnique()
    return { storedBytes: this.#stored[row] ?? 0, uniqueBytes: this.#unique[row] ?? 0 }
  }

  #countUnique(): number[] {
    const unique: number[] = []
    for (const [index, row] of this.#rows.entries())
      if (!this.#isShared[index]) unique[row] = (unique[row] ?? 0) + this.#bytes[index]!
    return unique
  }
}
