/** `diff --name-status`: what differs between two versions, staging or the files on disk. */

import { readCommit } from '../history/commits.ts'
import { RevisionMalformedError, RevisionUnknownError } from '../history/errors.ts'
import { mergeBase } from '../history/merge-base.ts'
import { parseRange, type RevisionRange } from '../history/revision.ts'
import type { ObjectId } from '../objects/id.ts'
import { createMemoryObjects, type ReadObject } from '../objects/reader.ts'
import { buildTree, diffTrees, findEntry } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { compareWithTree } from '../worktree/compare.ts'
import { type Change, changeBetween } from './change.ts'
import { isSelected } from './paths.ts'
import { worktreeChange } from './status.ts'
import { localFiles, readVersions, treeOfRevision, type Versions } from './versions.ts'

export interface DiffOptions {
  /** A revision, or a range: `A..B`, `A...B` for what B has changed since the two parted, or `A^!` for what A has changed. */
  from?: string | undefined
  to?: string | undefined
  /** Compare `from` (default HEAD) with what is staged. */
  staged?: boolean | undefined
  paths?: readonly string[] | undefined
  signal?: AbortSignal | undefined
}

/** What was compared with what. */
export interface Comparison {
  /** In path order. */
  changes: Change[]
  /** The older side. */
  before: ObjectId
  read: ReadObject
}

/** In path order. No revision: staging against the files. `from` alone: against the files, tracked ones only. */
export async function diffOf(workspace: Workspace, options: DiffOptions = {}): Promise<Change[]> {
  return (await compare(workspace, options)).changes
}

/** The same with the older side, for those who look for more in it. */
export async function compare(workspace: Workspace, options: DiffOptions = {}): Promise<Comparison> {
  const { read } = workspace.store
  const range = options.from === undefined || options.to !== undefined ? undefined : parseRange(options.from)
  if (range?.$kind === 'between') return between(read, ...(await treesOf(workspace, range, options)), options)
  if (range) return changesOfOne(workspace, range, options)
  const from = options.from === undefined ? undefined : (await treeOfRevision(workspace, options.from)).tree
  // Two versions differ by themselves, whatever is staged.
  const to = options.to === undefined || options.staged ? undefined : (await treeOfRevision(workspace, options.to)).tree
  if (from !== undefined && to !== undefined) return between(read, from, to, options)
  const versions = await readVersions(workspace)
  if (options.staged) return between(versions.read, from ?? versions.headTree, versions.stagedTree, options)
  if (to !== undefined) return between(versions.read, from ?? versions.headTree, to, options)
  const before = from ?? versions.stagedTree
  return { before, read: versions.read, changes: await againstFiles(workspace, versions, before, options) }
}

async function treesOf(
  workspace: Workspace,
  { from, to, symmetric }: Extract<RevisionRange, { $kind: 'between' }>,
  options: DiffOptions,
): Promise<[ObjectId, ObjectId]> {
  const left = await treeOfRevision(workspace, from)
  const right = await treeOfRevision(workspace, to)
  if (!symmetric) return [left.tree, right.tree]
  const { read } = workspace.store
  const base = await mergeBase(read, left.commit, right.commit, options)
  if (!base) throw new RevisionUnknownError(`${from}...${to}`, 'the two have nothing in common')
  return [(await readCommit(read, base)).tree, right.tree]
}

/** From its first parent, or of a first version from nothing. */
async function changesOfOne(
  workspace: Workspace,
  { $kind, revision }: Exclude<RevisionRange, { $kind: 'between' }>,
  options: DiffOptions,
): Promise<Comparison> {
  if ($kind === 'parents')
    throw new RevisionMalformedError(`${revision}^@`, 'it is several versions, and two are compared')
  const { read } = workspace.store
  const { commit, tree } = await treeOfRevision(workspace, revision)
  const [parent] = (await readCommit(read, commit)).parents
  if (parent) return between(read, (await readCommit(read, parent)).tree, tree, options)
  const memory = createMemoryObjects()
  const empty = await buildTree([], memory.write)
  const both: ReadObject = (kind, id, how) =>
    kind === 'tree' && id === empty ? memory.read(kind, id) : read(kind, id, how)
  return between(both, empty, tree, options)
}

async function between(read: ReadObject, a: ObjectId, b: ObjectId, options: DiffOptions): Promise<Comparison> {
  const changes: Change[] = []
  for await (const { path, before, after } of diffTrees(read, a, b, options)) {
    const change = isSelected(path, options.paths) ? changeBetween(path, before, after) : undefined
    if (change) changes.push(change)
  }
  return { changes, before: a, read }
}

async function againstFiles(
  workspace: Workspace,
  versions: Versions,
  tree: ObjectId,
  options: DiffOptions,
): Promise<Change[]> {
  const changes: Change[] = []
  for await (const state of compareWithTree(localFiles(workspace), versions.read, tree, options)) {
    const { path } = state
    if (state.$kind === 'problem') {
      if (state.entry) throw state.error
    } else if (state.$kind === 'untracked') {
      // New since that version, if it has been staged or committed meanwhile.
      if (tree === versions.stagedTree || !(await findEntry(versions.read, versions.stagedTree, path))) continue
      const kind = state.stat.kind === 'symlink' ? 'symlink' : 'file'
      const { bytes, executable } = state.stat
      changes.push({ path, status: 'added', after: { path, kind, executable: kind === 'file' && executable, bytes } })
    } else {
      const change = worktreeChange(state)
      if (change) changes.push(change)
    }
  }
  return changes
}
