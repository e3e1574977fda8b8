/** `log`: commits, newest first. */

import type { QueuedCommit } from '../history/commit-queue.ts'
import { readCommit, walkCommits } from '../history/commits.ts'
import { commitsInRange } from '../history/range.ts'
import type { CommitAuthor } from '../objects/commit.ts'
import { createFrameCache } from '../objects/frame-cache.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { createTreeNodeCache, diffTrees, findEntry, isInTree, type TreeNodeCache } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { rangeOf } from './range-commits.ts'
import { readShallow } from './sparse.ts'
import { HistoryCutError } from './sparse-errors.ts'

export interface LogOptions {
  /** Where to start (default HEAD); ranges `A..B` and `A...B`; `^A`: without what leads to A. */
  revisions?: readonly string[] | undefined
  /** Start at all branches, tags and what is known of remotes as well, and at HEAD. */
  all?: boolean | undefined
  limit?: number | undefined
  /** Only commits that changed one of these files, or anything in these folders. */
  paths?: readonly string[] | undefined
  /** With one path, a file: go on under the name it had before it was renamed, by file id. */
  follow?: boolean | undefined
  /** Only commits made at or after, and before, these times (ms), as they claim. */
  sinceMs?: number | undefined
  untilMs?: number | undefined
  /** Only commits whose author's name, email or address contains this, in any case. */
  author?: string | undefined
  /** Only commits whose message contains this, in any case. */
  grep?: string | undefined
  signal?: AbortSignal | undefined
}

export interface CommitRecord {
  commit: ObjectId
  tree: ObjectId
  parents: ObjectId[]
  author: CommitAuthor
  timeMs: number
  message: string
  attachments: Record<string, ObjectId>
  /** Names of the refs that point here, without `heads/`. */
  refs: string[]
}

/** Empty before the first commit.
 *  @throws {HistoryCutError} HISTORY_CUT (exit 2) if a revision is beyond where history is cut off */
export async function logOf(workspace: Workspace, options: LogOptions = {}): Promise<CommitRecord[]> {
  const { limit = Number.POSITIVE_INFINITY } = options
  let paths = options.paths?.includes('') ? [] : (options.paths ?? [])
  const names = refNames(workspace)
  const records: CommitRecord[] = []
  const history: HistoryHere = {
    read: rememberCommits(workspace.store.read),
    absent: readShallow(workspace),
    nodes: createTreeNodeCache(),
  }
  for await (const item of await chosenCommits(workspace, history, options)) {
    if (records.length >= limit) break
    const isTouched = paths.length === 0 || (await touches(history, item, paths))
    if (isTouched && isWanted(item, options)) records.push(record(item, names))
    const [followed] = paths
    if (isTouched && options.follow && followed) paths = [(await nameBefore(history, item, followed)) ?? followed]
  }
  return records
}

interface HistoryHere {
  read: ReadObject
  /** Where history is cut off. */
  absent: ReadonlySet<ObjectId>
  nodes: TreeNodeCache
}

/** Where paths are asked for, each version is read twice: beside the one after it, and on its turn. */
const REMEMBERED_COMMIT_BYTES = 64 * 1024

function rememberCommits(read: ReadObject): ReadObject {
  const remembered = createFrameCache(REMEMBERED_COMMIT_BYTES)
  return async (kind, id, options) => {
    if (kind !== 'commit') return read(kind, id, options)
    const found = remembered.get(id)
    if (found) return found
    const bytes = await read(kind, id, options)
    remembered.set(id, bytes)
    return bytes
  }
}

async function chosenCommits(
  workspace: Workspace,
  { read, absent }: HistoryHere,
  { revisions = [], all, signal }: LogOptions,
): Promise<AsyncIterable<QueuedCommit> | QueuedCommit[]> {
  const { refs } = workspace
  const { include, exclude } = await rangeOf(workspace, revisions, { signal })
  // Passed over as the end of a history is, a version that was asked for by name would give a list of nothing.
  const cutOff = include.find((id) => absent.has(id))
  if (cutOff) throw new HistoryCutError(cutOff)
  const head = refs.headCommit()
  if (all) include.push(...refs.list().map(({ id }) => id))
  // Of a first version the parents are none, which is not to have named nothing.
  if (head && (all || revisions.every((revision) => revision.startsWith('^')))) include.push(head)
  // A reader that brings what is missing would bring all the history that was left out.
  const skip = (id: ObjectId) => absent.has(id)
  if (exclude.length === 0) return walkCommits(read, include, { signal, skip })
  return commitsInRange(read, { include, exclude }, { signal, skip })
}

function isWanted({ commit }: QueuedCommit, { sinceMs, untilMs, author, grep }: LogOptions): boolean {
  if (sinceMs !== undefined && commit.timeMs < sinceMs) return false
  if (untilMs !== undefined && commit.timeMs >= untilMs) return false
  if (grep !== undefined && !commit.message.toLowerCase().includes(grep.toLowerCase())) return false
  if (author === undefined) return true
  const { name, email, address = '' } = commit.author
  return `${name} <${email}> ${address}`.toLowerCase().includes(author.toLowerCase())
}

/** What the file was called in the parent, if this commit renamed it: the deleted path with the same contents. */
async function nameBefore(
  { read, absent, nodes }: HistoryHere,
  { commit }: QueuedCommit,
  path: string,
): Promise<string | undefined> {
  const parent = commit.parents.find((id, i) => i === 0 && !absent.has(id))
  const entry = parent && (await findEntry(read, commit.tree, path))
  if (!parent || !entry) return undefined
  const before = (await readCommit(read, parent)).tree
  if (await findEntry(read, before, path)) return undefined
  for await (const { path: old, before: gone, after } of diffTrees(read, before, commit.tree, { nodes }))
    if (gone && !after && gone.fileId === entry.fileId && gone.kind === entry.kind) return old
  return undefined
}

/** As git does: a merge counts only if it differs from every parent, and where history is cut off it begins. */
async function touches(history: HistoryHere, { commit }: QueuedCommit, paths: readonly string[]): Promise<boolean> {
  const { read, absent } = history
  const parents = commit.parents.filter((id) => !absent.has(id))
  if (parents.length === 0) {
    for (const path of paths) if (await isInTree(read, commit.tree, path)) return true
    return false
  }
  for (const parent of parents)
    if (await areSame(history, (await readCommit(read, parent)).tree, commit.tree, paths)) return false
  return true
}

async function areSame(
  { read, nodes }: HistoryHere,
  a: ObjectId,
  b: ObjectId,
  paths: readonly string[],
): Promise<boolean> {
  if (a === b) return true
  for (const prefix of paths) if (!(await diffTrees(read, a, b, { prefix, nodes }).next()).done) return false
  return true
}

function record({ id, commit }: QueuedCommit, names: ReadonlyMap<ObjectId, string[]>): CommitRecord {
  const { tree, parents, author, timeMs, message, attachments } = commit
  return {
    commit: id,
    tree,
    parents: [...parents],
    author,
    timeMs,
    message,
    attachments: Object.fromEntries(attachments),
    refs: names.get(id) ?? [],
  }
}

function refNames(workspace: Workspace): Map<ObjectId, string[]> {
  const names = new Map<ObjectId, string[]>()
  const add = (id: ObjectId, name: string) => names.set(id, [...(names.get(id) ?? []), name])
  const head = workspace.refs.headCommit()
  if (head) add(head, 'HEAD')
  for (const { name, id } of workspace.refs.list())
    add(id, name.replace(/^(heads|remotes)\//, '').replace(/^tags\//, 'tag: '))
  return names
}
