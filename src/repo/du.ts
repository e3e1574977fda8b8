/** `du`: what refs and folders take, and what of it is theirs alone. */

import { UsageError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import { PathUnknownError } from '../history/errors.ts'
import { walkMapNodes } from '../objects/content-map.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { treeTotals, walkTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { copyBytes } from './held-upkeep.ts'
import { reachableFrom } from './reachable.ts'
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
  const count = new ChunkCount()
  const by = options.by ?? 'ref'
  const rows = by === 'ref' ? await byRef(workspace, count, options) : await byPath(workspace, count, options)
  const packs = await workspace.store.packs()
  return {
    by,
    rows: rows.map((row, index) => ({ ...row, ...count.bytesOf(index) })),
    totalBytes: count.totalBytes,
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

async function byRef(workspace: Workspace, count: ChunkCount, options: DuOptions): Promise<Named[]> {
  const { store, refs } = workspace
  const rows: Named[] = []
  for (const { name, id } of refs.list()) {
    const index = rows.length
    const onChunk = (chunk: ObjectId, bytes: number) => count.add(index, chunk, bytes)
    await reachableFrom(workspace, { commits: [id], trees: [], files: [] }, { signal: options.signal, onChunk })
    const totals = await readCommit(store.read, id)
      .then(({ tree }) => treeTotals(store.read, tree))
      .catch((error: unknown) => {
        if (error instanceof ObjectMissingError) return { entries: 0, bytes: 0 }
        throw error
      })
    rows.push({ name: name.replace(/^heads\//, ''), files: totals.entries, logicalBytes: totals.bytes })
  }
  return rows
}

async function byPath(workspace: Workspace, count: ChunkCount, options: DuOptions): Promise<Named[]> {
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
  return rows
}

/** Which rows have a chunk: one, or several. */
class ChunkCount {
  readonly #owners = new Map<ObjectId, { row: number; isShared: boolean; bytes: number }>()
  readonly #stored: number[] = []
  totalBytes = 0

  add(row: number, id: ObjectId, bytes: number): void {
    const known = this.#owners.get(id)
    if (!known) {
      if (this.#owners.size >= MAX_CHUNKS)
        throw new UsageError('DU_TOO_LARGE', `there are more than ${MAX_CHUNKS} chunks`)
      this.#owners.set(id, { row, isShared: false, bytes })
      this.totalBytes += bytes
    } else if (known.row === row) return
    else {
      known.isShared = true
      // Rows come one after the other: from here on this row has been counted.
      known.row = row
    }
    this.#stored[row] = (this.#stored[row] ?? 0) + bytes
  }

  #unique: number[] | undefined

  bytesOf(row: number): Pick<DuRow, 'storedBytes' | 'uniqueBytes' | 'sharedBytes'> {
    this.#unique ??= this.#countUnique()
    const storedBytes = this.#stored[row] ?? 0
    const uniqueBytes = this.#unique[row] ?? 0
    return { storedBytes, uniqueBytes, sharedBytes: storedBytes - uniqueBytes }
  }

  #countUnique(): number[] {
    const unique: number[] = []
    for (const { row, isShared, bytes } of this.#owners.values())
      if (!isShared) unique[row] = (unique[row] ?? 0) + bytes
    return unique
  }
}
