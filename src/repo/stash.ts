/** `stash`: puts uncommitted changes aside and brings them back.
 *
 *  A stash is a commit of the files as they were, with two parents as in git: HEAD, and a commit of what was staged. It is
 *  held by a ref of its own, `stash/<number>`, so that dropping one leaves the others alone; `stash@{0}` is the newest. */

import { readCommit } from '../history/commits.ts'
import { mergeTrees } from '../history/merge-trees.ts'
import type { CommitAuthor } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { diffTrees, findEntry, sameEntry, type TreeEntry, updateTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import type { CheckoutItem } from '../worktree/checkout.ts'
import { hasChanges } from './before.ts'
import { configuredAuthor } from './commit.ts'
import { MergeConflictError } from './errors.ts'
import { putCommit } from './integrate.ts'
import { createContentMerger } from './merge-contents.ts'
import { StashError } from './merge-errors.ts'
import { mergeRules } from './merge-rules.ts'
import { moveFiles, planFiles } from './move-files.ts'
import { refuseOperation } from './operation.ts'
import { overlay } from './overlay.ts'
import type { OnProgress } from './progress.ts'
import { stage } from './stage.ts'
import { readVersions, type Versions } from './versions.ts'

export interface StashRecord {
  /** `stash@{0}` is the newest. */
  selector: string
  ref: string
  commit: ObjectId
  /** The version it was made on. */
  base: ObjectId
  message: string
  timeMs: number
}

export interface StashPushOptions {
  message?: string | undefined
  /** Files that are not tracked, too; ignored ones stay. */
  includeUntracked?: boolean | undefined
  author?: CommitAuthor | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

const STASH = 'stash/'

/** Newest first. */
export async function listStashes(workspace: Workspace): Promise<StashRecord[]> {
  const refs = workspace.refs.list(STASH).reverse()
  const records: StashRecord[] = []
  for (const [index, { name, id }] of refs.entries()) {
    const { parents, message, timeMs } = await readCommit(workspace.store.read, id)
    records.push({ selector: `stash@{${index}}`, ref: name, commit: id, base: parents[0]!, message, timeMs })
  }
  return records
}

/** The stash is durable before the files change; cut off in between, nothing is lost and the changes are in both places.
 *  @throws {StashError} STASH_NOTHING (exit 2)
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), with nothing changed, for files that are not put aside
 *    where tracked ones have to come back */
export async function pushStash(
  workspace: Workspace,
  options: StashPushOptions = {},
): Promise<StashRecord & { files: number }> {
  const author = options.author ?? configuredAuthor(workspace)
  return workspace.withLock('stash', async () => {
    refuseOperation(workspace)
    const before = await readVersions(workspace)
    const base = before.head
    if (!base) throw new StashError('STASH_NOTHING', 'there is no commit yet that changes could be put aside from')
    // From here until the files have moved, all that is put aside is staged: safe, should this be cut off.
    await stage(workspace, { ...options, scope: options.includeUntracked ? 'all' : 'tracked' })
    const versions = await readVersions(workspace)
    if (versions.stagedTree === versions.headTree && before.stagedTree === before.headTree)
      throw new StashError('STASH_NOTHING', 'there are no changes to put aside')
    await using planned = await planRemoval(workspace, versions, options).catch(async (error: unknown) => {
      await workspace.writeStaging([...before.staging.changes()])
      throw error
    })
    const head = workspace.refs.readHead()
    const message = options.message ?? `On ${head.$kind === 'branch' ? head.branch : 'no branch'}, ${base.slice(0, 12)}`
    const session = await workspace.store.begin()
    let commit: ObjectId
    try {
      const put = async (staging: Versions['staging'], parents: ObjectId[]) => {
        const tree = await updateTree(session.read, session.put, versions.headTree, staging.changes(), options)
        return putCommit(workspace, session.put, { tree, parents, author, message })
      }
      commit = await put(versions.staging, [base, await put(before.staging, [base])])
      await session.seal()
    } finally {
      session.abort()
    }
    const ref = nextName(workspace)
    await workspace.refs.update({ name: ref, expected: null, next: commit, reason: `stash: ${message}` })
    const moved = await planned.carryOut()
    await workspace.writeStaging([])
    const files = moved.written + moved.deleted
    return { selector: 'stash@{0}', ref, commit, base, message, timeMs: workspace.clock.now(), files }
  })
}

/** From what has just been staged back to HEAD. Without force: what has been edited since is not in the stash. */
async function planRemoval(workspace: Workspace, { read, stagedTree, headTree }: Versions, options: StashPushOptions) {
  const items: CheckoutItem[] = []
  for await (const item of diffTrees(read, stagedTree, headTree, options)) items.push(item)
  return planFiles(workspace, read, items, headTree, options)
}

export interface StashPopOptions {
  /** `stash@{N}` or N; default the newest. */
  stash?: string | undefined
  /** Keep the stash. */
  keep?: boolean | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface Popped extends StashRecord {
  files: number
  dropped: boolean
  /** Files that were not tracked, and are not now. */
  untracked: number
  /** Something else had changed here, which another push would put aside as well. */
  hadChanges: boolean
}

/** Brings the changes back, merged into what HEAD has become; what was staged is staged again where HEAD has not changed
 *  it. The stash goes last, so a pop that was cut off is finished by repeating it.
 *  @throws {StashError} STASH_UNKNOWN (exit 2)
 *  @throws {MergeConflictError} MERGE_CONFLICT (exit 1), with nothing changed
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), with nothing changed */
export async function popStash(workspace: Workspace, options: StashPopOptions = {}): Promise<Popped> {
  return workspace.withLock('stash', async () => {
    refuseOperation(workspace)
    const stash = await findStash(workspace, options.stash)
    const versions = await readVersions(workspace)
    const { read } = versions
    const treeOf = async (id: ObjectId) => (await readCommit(read, id)).tree
    const { parents, tree: theirs } = await readCommit(read, stash.commit)
    const base = await treeOf(parents[0]!)
    const items = await changesFor(workspace, versions, base, theirs, stash, options.signal)
    const wasStaged = await treeOf(parents[1]!)
    const untracked = await countUntracked(read, items, base, wasStaged)
    const hadChanges = await hasChanges(workspace, untracked > 0)
    const result = await moveFiles(workspace, read, items, undefined, options)
    const staged = await stagedAgain(read, versions, base, wasStaged)
    if (staged.size > 0) await workspace.writeStaging(await overlay(versions, staged))
    if (!options.keep) {
      // From here on the files are the only ones to have the changes.
      await syncFiles(
        workspace,
        items.flatMap(({ after }) => (after?.kind === 'file' ? [after.path] : [])),
      )
      await drop(workspace, stash)
    }
    const files = result.written + result.deleted
    return { ...stash, files, dropped: !options.keep, untracked, hadChanges }
  })
}

async function countUntracked(
  read: ReadObject,
  items: readonly CheckoutItem[],
  base: ObjectId,
  staged: ObjectId,
): Promise<number> {
  let count = 0
  for (const { path, before, after } of items)
    if (after && !before && !(await findEntry(read, base, path)) && !(await findEntry(read, staged, path))) count++
  return count
}

/** Makes files, and the names that lead to them, durable. */
async function syncFiles({ fs, root }: Workspace, paths: readonly string[]): Promise<void> {
  const directories = new Set([root])
  for (const path of paths) {
    const file = fs.open(`${root}/${path}`, 'read')
    try {
      await file.sync()
    } finally {
      file.close()
    }
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      directories.add(`${root}/${path.slice(0, at)}`)
  }
  for (const directory of directories) await fs.syncDirectory(directory)
}

/** @throws {StashError} STASH_UNKNOWN (exit 2) */
export async function dropStash(
  workspace: Workspace,
  options: { stash?: string | undefined } = {},
): Promise<StashRecord> {
  return workspace.withLock('stash', async () => {
    const stash = await findStash(workspace, options.stash)
    await drop(workspace, stash)
    return stash
  })
}

async function drop(workspace: Workspace, { ref, commit }: StashRecord): Promise<void> {
  await workspace.refs.update({ name: ref, expected: commit, next: null, reason: 'stash: dropped' })
}

async function changesFor(
  workspace: Workspace,
  versions: Versions,
  base: ObjectId,
  theirs: ObjectId,
  stash: StashRecord,
  signal: AbortSignal | undefined,
): Promise<CheckoutItem[]> {
  const ours = versions.stagedTree
  const session = await workspace.store.begin()
  try {
    await using contents = createContentMerger(
      session,
      { ours: 'HEAD', theirs: stash.selector },
      mergeRules(workspace, undefined),
    )
    const { changes, conflicts } = await mergeTrees(
      versions.read,
      { base, ours, theirs },
      // The trees may be in memory, the files are not.
      contents.merge,
      { signal },
    )
    if (conflicts.length > 0) {
      const paths = conflicts.map(({ path }) => path)
      throw new MergeConflictError(paths, versions.head ?? '', stash.commit)
    }
    await session.seal()
    const items: CheckoutItem[] = []
    for (const { path, entry } of changes) {
      const before = await findEntry(versions.read, ours, path)
      // Also where the workspace has come to leave the path out: nothing else holds the change once the stash is dropped.
      items.push({ path, ...(before ? { before } : {}), ...(entry ? { after: entry } : {}), always: true })
    }
    return items
  } finally {
    session.abort()
  }
}

/** What was staged, of paths that are now as they were then. */
async function stagedAgain(
  read: ReadObject,
  { stagedTree }: Versions,
  base: ObjectId,
  staged: ObjectId,
): Promise<Map<string, TreeEntry | null>> {
  const again = new Map<string, TreeEntry | null>()
  for await (const { path, before, after } of diffTrees(read, base, staged)) {
    const now = await findEntry(read, stagedTree, path)
    if (now && before ? sameEntry(now, before) : !now && !before) again.set(path, after ?? null)
  }
  return again
}

/** @param name - `stash@{N}` or N; default the newest
 *  @throws {StashError} STASH_UNKNOWN (exit 2) */
export async function findStash(workspace: Workspace, name: string | undefined): Promise<StashRecord> {
  const match = /^(?:stash@\{(\d{1,9})\}|(\d{1,9}))$/.exec(name ?? '0')
  const stash = match && (await listStashes(workspace))[Number(match[1] ?? match[2])]
  if (!stash) throw new StashError('STASH_UNKNOWN', `there is no ${name ?? 'stash'}`, name ?? 'stash@{0}')
  return stash
}

/** Padded, so that names sort by age. */
function nextName(workspace: Workspace): string {
  const last = workspace.refs.list(STASH).at(-1)?.name ?? `${STASH}0`
  return `${STASH}${String(Number(last.slice(STASH.length)) + 1).padStart(9, '0')}`
}
