/** Cloning and fetching from a workspace in a folder: a mirror on a shared disk, or somebody's workspace. No network is
 *  asked; every object is hashed on its way, and a ref moves only when all that it needs is here. */

import { UsageError } from '../base/errors.ts'
import { isAncestor } from '../history/commits.ts'
import { missingObjects } from '../history/missing-objects.ts'
import { resolveRevision } from '../history/revision.ts'
import type { ObjectId } from '../objects/id.ts'
import { refNameProblem } from '../objects/ref-name.ts'
import { createWorkspace, FLOE_DIR, openWorkspace, type Workspace } from '../store/workspace.ts'
import { checkoutCommit } from './checkout.ts'
import { discardClone } from './discard-clone.ts'
import type { OnProgress } from './progress.ts'
import { revisionSource } from './versions.ts'

export interface FolderOptions {
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface FolderFetch {
  /** Its branches are `name/branch` here. */
  name: string
  folder: string
  updated: { ref: string; old: ObjectId | null; new: ObjectId; forced: boolean }[]
  /** Tags that mean something else here and were left alone. */
  keptTags: string[]
  newObjects: number
}

export const FOLDER_REMOTE = 'mirror'

/** True if the folder holds a workspace or a mirror. */
export function isFolderSource(fs: Workspace['fs'], dir: string): boolean {
  return fs.stat(`${dir}/${FLOE_DIR}/config.json`)?.kind === 'file'
}

/** Brings branches and tags of another folder.
 *  @throws {UsageError} FOLDER_NAME_REFUSED (exit 2)
 *  @throws {ObjectMissingError} OBJECT_MISSING (exit 13) if that folder does not have all of it itself */
export async function fetchFolder(
  workspace: Workspace,
  folder: string,
  options: FolderOptions & { name?: string | undefined },
): Promise<FolderFetch> {
  const { name = FOLDER_REMOTE } = options
  const isRemote = Object.hasOwn(workspace.readConfig().remotes ?? {}, name)
  const problem = isRemote ? 'there is a remote of that name' : refNameProblem(`remotes/${name}/main`)
  if (problem || name.includes('/'))
    throw new UsageError('FOLDER_NAME_REFUSED', `what comes from ${folder} cannot be called "${name}": ${problem}`, {
      data: { name, folder },
      hints: ['`--name NAME` gives it another name'],
    })
  await using from = await openFolder(workspace, folder)
  return workspace.withLock('fetch', () => take(from, workspace, name, options))
}

async function openFolder(workspace: Workspace, folder: string): Promise<Workspace> {
  if (folder === workspace.root || !isFolderSource(workspace.fs, folder))
    throw new UsageError('FOLDER_NO_SOURCE', `${folder} holds no other workspace and no mirror`, { data: { folder } })
  return openWorkspace(folder, { fs: workspace.fs })
}

async function take(from: Workspace, to: Workspace, name: string, options: FolderOptions): Promise<FolderFetch> {
  const { signal } = options
  const refs = from.refs.list().filter((ref) => /^(heads|tags)\//.test(ref.name))
  const have: ObjectId[] = []
  // What an earlier fetch brought is complete here.
  for (const { id } of to.refs.list(`remotes/${name}/`)) if (await from.store.has('commit', id)) have.push(id)
  const session = await to.store.begin()
  try {
    let doneBytes = 0
    const wanted = refs.map(({ id }) => id)
    for await (const { kind, id } of missingObjects(from.store.readLocal, { wanted, have, signal })) {
      if (await to.store.has(kind, id)) continue
      const bytes = await from.store.readLocal(kind, id, { signal })
      await session.keep(kind, id, bytes)
      doneBytes += bytes.length
      options.onProgress?.({ $kind: 'downloading', doneBytes, totalBytes: 0 })
    }
    await session.seal()
  } finally {
    session.abort()
  }
  const result: FolderFetch = {
    name,
    folder: from.root,
    updated: [],
    keptTags: [],
    newObjects: session.newObjects,
  }
  for (const { name: ref, id } of refs) {
    const isTag = ref.startsWith('tags/')
    const local = isTag ? ref : `remotes/${name}/${ref.slice('heads/'.length)}`
    const old = to.refs.read(local)
    if (old === id) continue
    if (isTag && old !== null) {
      result.keptTags.push(ref)
      continue
    }
    const forced = old !== null && !(await isAncestor(to.store.readLocal, old, id, { signal, onAbsent: () => {} }))
    await to.refs.update({ name: local, next: id, reason: `fetch: ${from.root}` })
    result.updated.push({ ref: local, old, new: id, forced })
  }
  return result
}

export interface FolderClone extends FolderFetch {
  dir: string
  /** `heads/main`, or the commit. */
  ref: string
  commit: ObjectId
  files: number
}

/** A new workspace from a folder. It knows the same remotes, so `pull` and `push` go where those of the folder go.
 *  @param dir - must not exist, or be empty
 *  @throws {UsageError} CLONE_TARGET_NOT_EMPTY, CLONE_EMPTY, REVISION_UNKNOWN (exit 2) */
export async function cloneFolder(
  fs: Workspace['fs'],
  folder: string,
  dir: string,
  options: FolderOptions & { ref?: string | undefined },
): Promise<FolderClone> {
  const isThere = fs.stat(dir) !== undefined
  if (isThere && (fs.stat(dir)?.kind !== 'directory' || fs.readDirectory(dir).length > 0))
    throw new UsageError('CLONE_TARGET_NOT_EMPTY', `${dir} exists and is not empty`, {
      data: { dir },
      hints: ['Choose another directory'],
    })
  await using from = await openWorkspace(folder, { fs })
  const head = from.refs.readHead()
  const branches = from.refs.list('heads/').map(({ name }) => name.slice('heads/'.length))
  const own = head.$kind === 'branch' && branches.includes(head.branch) ? head.branch : branches[0]
  const wanted = options.ref ?? own
  if (wanted === undefined)
    throw new UsageError('CLONE_EMPTY', `${folder} has no version yet`, {
      data: { folder },
      hints: ['`floe mirror` fills a mirror, `floe commit` makes a version in a workspace'],
    })
  const commit = await resolveRevision(await revisionSource(from), wanted)
  const branch = branches.includes(wanted) ? wanted : null
  try {
    return await fillFrom(from, dir, { ...options, fs, branch, commit })
  } catch (error) {
    await discardClone(dir, !isThere)
    throw error
  }
}

async function fillFrom(
  from: Workspace,
  dir: string,
  options: FolderOptions & { fs: Workspace['fs']; branch: string | null; commit: ObjectId },
): Promise<FolderClone> {
  const { fs, branch, commit } = options
  await createWorkspace(dir, { fs, branch: branch ?? 'main' })
  await using to = await openWorkspace(dir, { fs })
  const { remotes } = from.readConfig()
  const fetched = await to.withLock('clone', async () => {
    if (remotes) await to.writeConfig({ ...to.readConfig(), remotes })
    return take(from, to, Object.hasOwn(remotes ?? {}, FOLDER_REMOTE) ? 'folder' : FOLDER_REMOTE, options)
  })
  const { written } = await checkoutCommit(to, {
    branch,
    commit,
    signal: options.signal,
    onProgress: options.onProgress,
  })
  return { ...fetched, dir, ref: branch === null ? commit : `heads/${branch}`, commit, files: written }
}
