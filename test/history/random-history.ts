/** Histories in memory, grown from a seed. */

import { createRng, type Rng } from '../../src/base/rng.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { encodeCommit } from '../../src/objects/commit.ts'
import { buildContentMap } from '../../src/objects/content-map.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { createMemoryObjects, type MemoryObjects } from '../../src/objects/reader.ts'
import { buildTree, comparePaths, type TreeEntry, updateTree } from '../../src/objects/tree.ts'

export interface History {
  objects: MemoryObjects
  /** In the order they were made. */
  commits: { id: ObjectId; parents: ObjectId[]; tree: ObjectId; timeMs: number }[]
}

export interface HistoryOptions {
  commits: number
  files: number
  /** Largest number of parents; 1 gives a line. */
  maxParents?: number
  /** How far a commit's time may lie before its parent's. */
  skewMs?: number
}

export async function randomHistory(seed: number, options: HistoryOptions): Promise<History> {
  const rng = createRng(seed)
  const objects = createMemoryObjects()
  const history: History = { objects, commits: [] }
  const files = await Promise.all(Array.from({ length: options.files }, (_, i) => randomEntry(objects, rng, i)))
  let tree = await buildTree(
    files.sort((a, b) => comparePaths(a.path, b.path)),
    objects.write,
  )
  for (let i = 0; i < options.commits; i++) {
    const parents = pickParents(history, rng, options.maxParents ?? 1)
    const first = history.commits.find(({ id }) => id === parents[0])
    if (first) tree = first.tree
    if (i > 0) {
      const changed = new Map<string, TreeEntry | null>()
      for (let n = 1 + rng.below(3); n > 0; n--) {
        const entry = await randomEntry(objects, rng, rng.below(options.files + 5))
        changed.set(entry.path, rng.below(5) === 0 ? null : entry)
      }
      const changes = [...changed]
        .map(([path, entry]) => ({ path, entry }))
        .sort((a, b) => comparePaths(a.path, b.path))
      tree = await updateTree(objects.read, objects.write, tree, changes)
    }
    const newest = Math.max(0, ...history.commits.filter(({ id }) => parents.includes(id)).map(({ timeMs }) => timeMs))
    const timeMs = Math.max(0, newest + 1000 - rng.below(1 + (options.skewMs ?? 0)))
    const author = { name: 'a', email: '' }
    const fields = { tree, parents, author, timeMs, message: `commit ${i}`, profile: 1, attachments: new Map() }
    const id = await objects.write('commit', encodeCommit(fields))
    history.commits.push({ id, parents, tree, timeMs })
  }
  return history
}

function pickParents(history: History, rng: Rng, maxParents: number): ObjectId[] {
  const { commits } = history
  if (commits.length === 0) return []
  if (maxParents === 1) return [commits.at(-1)!.id]
  const parents = new Set<ObjectId>()
  for (let n = 1 + rng.below(maxParents); n > 0; n--)
    parents.add(commits[Math.max(0, commits.length - 1 - rng.below(4))]!.id)
  return [...parents]
}

/** A file of one to five chunks. */
async function randomEntry(objects: MemoryObjects, rng: Rng, index: number): Promise<TreeEntry> {
  const pieces = Array.from({ length: 1 + rng.below(5) }, () => rng.fill(new Uint8Array(20 + rng.below(50))))
  const chunks: { id: ObjectId; bytes: number }[] = []
  for (const piece of pieces) chunks.push({ id: await objects.write('chunk', piece), bytes: piece.length })
  const content = await buildContentMap(chunks, objects.write)
  const whole = Buffer.concat(pieces)
  const fileId = sha256Hex(whole) as ObjectId
  const path = `d${index % 7}/file-${String(index).padStart(5, '0')}`
  return { path, kind: 'file', executable: false, bytes: whole.length, fileId, content }
}
