/** The versions a verb works on: HEAD, what is staged, a revision, each as a tree; and the files on disk. */

import { readCommit } from '../history/commits.ts'
import { type RevisionSource, resolveRevision, STAGED_REVISION } from '../history/revision.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { type ObjectId, objectKey } from '../objects/id.ts'
import { createMemoryObjects, type ReadObject } from '../objects/reader.ts'
import { buildTree, updateTree } from '../objects/tree.ts'
import { PathTable, type SortedUpdates } from '../store/path-table.ts'
import type { Staging } from '../store/staging.ts'
import { fileSystemNow, type Settled, type StatUpdates } from '../store/stat-cache.ts'
import type { Workspace } from '../store/workspace.ts'
import type { LocalFiles } from '../worktree/local-file.ts'
import { readShallow, readSparse } from './sparse.ts'
import { HistoryCutError } from './sparse-errors.ts'
import { upstreamName } from './upstream.ts'

export interface Versions {
  /** Null before the first commit. */
  head: ObjectId | null
  headTree: ObjectId
  staging: Staging
  /** HEAD with the staged changes applied. */
  stagedTree: ObjectId
  /** Reads the store and the trees made up here. */
  read: ReadObject
}

/** HEAD and what is staged. The staged tree lives in memory: only a commit stores it.
 *  @param settled - saves reading the commit, if it knows of its tree */
export async function readVersions(workspace: Workspace, settled?: Settled): Promise<Versions> {
  const memory = createMemoryObjects()
  const read: ReadObject = async (kind, id, options) => {
    // To be told by an error that it is not there takes longer than to read it.
    const isHere = kind === 'tree' && memory.objects.has(objectKey(kind, id))
    return isHere ? memory.read(kind, id) : workspace.store.read(kind, id, options)
  }
  const head = workspace.refs.headCommit()
  const headTree =
    head === null
      ? await buildTree([], memory.write)
      : settled?.commit === head
        ? settled.tree
        : (await readCommit(read, head)).tree
  const staging = workspace.readStaging()
  const stagedTree = staging.count === 0 ? headTree : await updateTree(read, memory.write, headTree, staging.changes())
  return { head, headTree, staging, stagedTree, read }
}

/** What revisions are looked up in. */
export async function revisionSource(
  workspace: Workspace,
  read: ReadObject = workspace.store.read,
): Promise<RevisionSource> {
  let shallow: ReadonlySet<ObjectId> | undefined
  return {
    refs: workspace.refs,
    read: explained(workspace, read),
    async commitsWithPrefix(prefix, limit) {
      // Other kinds may share the digits: ask for more than needed.
      const found = await workspace.store.withPrefix(prefix, limit * 100)
      return found.filter(({ kind }) => kind === 'commit').map(({ id }) => id)
    },
    upstreamOf: (branch) => upstreamName(workspace, branch),
    isCutOff: (id) => (shallow ??= readShallow(workspace)).has(id),
    nowMs: () => workspace.clock.now(),
  }
}

/** A reader that tells a commit which was left out on purpose from one that is lost.
 *  @throws {HistoryCutError} HISTORY_CUT (exit 2) */
function explained(workspace: Workspace, read: ReadObject): ReadObject {
  return async (kind, id, options) => {
    try {
      return await read(kind, id, options)
    } catch (error) {
      if (error instanceof ObjectMissingError && readShallow(workspace).has(id)) throw new HistoryCutError(id)
      throw error
    }
  }
}

/** The commit and tree of a revision. */
export async function treeOfRevision(
  workspace: Workspace,
  revision: string,
): Promise<{ commit: ObjectId; tree: ObjectId }> {
  const source = await revisionSource(workspace)
  const commit = await resolveRevision(source, revision)
  return { commit, tree: (await readCommit(source.read, commit)).tree }
}

/** The tree of a revision, or of what is staged, and what reads it. */
export async function treeAt(workspace: Workspace, revision: string): Promise<{ tree: ObjectId; read: ReadObject }> {
  if (revision !== STAGED_REVISION)
    return { tree: (await treeOfRevision(workspace, revision)).tree, read: workspace.store.read }
  const { stagedTree, read } = await readVersions(workspace)
  return { tree: stagedTree, read }
}

/** The files on disk, with what is known of them. */
export function localFiles(workspace: Workspace): LocalFiles {
  const { fs, root, tmpDir } = workspace
  const cache = workspace.readStatCache()
  return {
    fs,
    root,
    cache,
    settled: workspace.readSettled(cache),
    updates: new PathTable(),
    stampNs: fileSystemNow(fs, tmpDir),
    wants: readSparse(workspace)?.includes,
  }
}

/** Keeps what had to be hashed. Under the lock. */
export async function saveStats(
  workspace: Workspace,
  files: { cache: LocalFiles['cache']; updates: StatUpdates | SortedUpdates },
): Promise<void> {
  await workspace.writeStatCache(files.cache, files.updates)
}
