/** What a commit of git changes, path by path: two trees side by side, entered only where they differ. */

import { fromUtf8 } from '../base/bytes.ts'
import { ForeignFormatError, ForeignObjectCorruptError } from '../migration/errors.ts'
import { type GitTreeItem, gitIdOf, parseGitTree } from '../migration/git-object.ts'
import type { GitObjects } from '../migration/git-process.ts'
import { pathProblem } from '../objects/path.ts'
import { createBoundedMap } from './import-contents.ts'

export interface GitFile {
  kind: 'file' | 'executable' | 'symlink'
  id: string
}

export interface GitChange {
  path: string
  before: GitFile | undefined
  after: GitFile | undefined
}

export interface GitTrees {
  /** Changes from one root to another (null: nothing), in no particular order. */
  changes(from: string | null, to: string): AsyncGenerator<GitChange>
  /** What stands at a path of a root. */
  find(root: string, path: string): Promise<GitFile | { kind: 'tree'; id: string } | undefined>
}

/** What Floe cannot hold. */
export type OnRefused = (path: string, reason: string) => void

const MAX_TREE_BYTES = 512 * 2 ** 20
/** Items of parsed trees kept, some 300 bytes each: those of the commit before are looked at again. */
const MAX_CACHED_ITEMS = 20_000
/** Deeper than any path. */
const MAX_DEPTH = 2048

type Items = Map<string, GitTreeItem>

export function createGitTrees(objects: GitObjects, onRefused: OnRefused): GitTrees {
  const cache = createBoundedMap<Items>(MAX_CACHED_ITEMS, (items) => 1 + items.size)

  async function load(id: string): Promise<Items> {
    const known = cache.get(id)
    if (known) return known
    const found = await objects.read(id, 'tree', MAX_TREE_BYTES)
    const hint = '`git fsck` in the source names everything that is damaged or missing'
    if (!found) throw new ForeignObjectCorruptError('git tree', id, 'it is not there', hint)
    try {
      const items: Items = new Map()
      for (const item of parseGitTree(found.bytes, id.length / 2)) items.set(item.name, item)
      return cache.set(id, items)
    } catch (error) {
      if (!(error instanceof ForeignFormatError)) throw error
      throw new ForeignObjectCorruptError('git tree', id, error.message, hint)
    }
  }

  async function* walk(
    from: string | undefined,
    to: string | undefined,
    prefix: string,
    depth: number,
  ): AsyncGenerator<GitChange> {
    if (depth > MAX_DEPTH) return onRefused(prefix, 'it is too deep')
    const before: Items = from ? await load(from) : new Map()
    const after: Items = to ? await load(to) : new Map()
    for (const [name, item] of after) {
      const old = before.get(name)
      if (old && old.rawId === item.rawId && old.kind === item.kind) continue
      yield* compare(old, item, prefix, depth)
    }
    for (const [name, old] of before) if (!after.has(name)) yield* compare(old, undefined, prefix, depth)
  }

  async function* compare(
    old: GitTreeItem | undefined,
    item: GitTreeItem | undefined,
    prefix: string,
    depth: number,
  ): AsyncGenerator<GitChange> {
    const path = pathOf(prefix, (item ?? old)!.name, item ? onRefused : () => {})
    if (path === undefined) return
    if (item?.kind === 'submodule') onRefused(path, 'it is a submodule: another repository')
    const oldTree = old?.kind === 'tree' ? gitIdOf(old) : undefined
    const newTree = item?.kind === 'tree' ? gitIdOf(item) : undefined
    if (oldTree || newTree) yield* walk(oldTree, newTree, path, depth + 1)
    const before = fileOf(old)
    const after = fileOf(item)
    if (before || after) yield { path, before, after }
  }

  return {
    changes: (from, to) => walk(from ?? undefined, to, '', 0),
    async find(root, path) {
      let at: GitFile | { kind: 'tree'; id: string } | undefined = { kind: 'tree', id: root }
      for (const segment of path.split('/')) {
        if (at?.kind !== 'tree') return undefined
        const next: GitTreeItem | undefined = (await load(at.id)).get(Buffer.from(segment).toString('latin1'))
        at = next?.kind === 'tree' ? { kind: 'tree', id: gitIdOf(next) } : fileOf(next)
      }
      return at
    },
  }
}

function fileOf(item: GitTreeItem | undefined): GitFile | undefined {
  if (!item || item.kind === 'tree' || item.kind === 'submodule') return undefined
  return { kind: item.kind, id: gitIdOf(item) }
}

function pathOf(prefix: string, name: string, onRefused: OnRefused): string | undefined {
  let segment: string
  try {
    segment = fromUtf8(Buffer.from(name, 'latin1'))
  } catch {
    onRefused(`${prefix === '' ? '' : `${prefix}/`}${name}`, 'it is not UTF-8')
    return undefined
  }
  const path = prefix === '' ? segment : `${prefix}/${segment}`
  const problem = pathProblem(path)
  if (problem) onRefused(path, problem)
  return problem ? undefined : path
}
