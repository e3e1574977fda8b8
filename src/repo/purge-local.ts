/** The local part of a purge: history, refs, logs, staging and files first, what the old contents consist of last. */

import { dirname } from 'node:path'
import { FloeError } from '../base/errors.ts'
import { rewriteHistory } from '../history/rewrite.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject, WriteObject } from '../objects/reader.ts'
import type { Workspace } from '../store/workspace.ts'
import type { CheckoutItem } from '../worktree/checkout.ts'
import { compareWithTree } from '../worktree/compare.ts'
import { moveFiles } from './move-files.ts'
import { refuseOperation } from './operation.ts'
import { isSelected } from './paths.ts'
import { type DoomedContents, type FindDoomed, findDoomed } from './purge-contents.ts'
import { removeObjects } from './repack.ts'
import { localFiles, readVersions } from './versions.ts'

/** What history becomes, and where the refs go. */
export interface NewHistory {
  become: ReadonlyMap<ObjectId, ObjectId>
  moves: { ref: string; from: ObjectId; to: ObjectId }[]
  /** What refs and logs then lead to. */
  kept: ObjectId[]
}

/** @throws {FloeError} PURGE_HISTORY_ABSENT where a part of the history is not here and cannot be brought */
export async function newHistory(
  workspace: Workspace,
  read: ReadObject,
  write: WriteObject,
  { paths, signal }: FindDoomed,
): Promise<NewHistory> {
  const tips = await present(workspace, allTips(workspace, { withLogs: true }))
  const become = await rewriteHistory(read, write, tips, { paths, signal }).catch((error: unknown) => {
    if (!(error instanceof ObjectMissingError)) throw error
    throw new FloeError(
      'other',
      'PURGE_HISTORY_ABSENT',
      'a part of the history is not here, so it cannot be made again',
      {
        data: error.data,
        hints:
          error.hints.length > 0
            ? [...error.hints, 'Or purge in that workspace: it can do without what the remote has lost']
            : [
                'Without --local-only, it is brought from the remote',
                'Of a clone with --depth, purge in one that has all of the history',
              ],
        cause: error,
      },
    )
  })
  const moves: NewHistory['moves'] = []
  const kept: ObjectId[] = [...new Set(become.values())]
  const remotes = workspace.readConfig().remotes ?? {}
  for (const { name, id } of workspace.refs.list()) {
    const to = become.get(id) ?? id
    const [, remote] = /^remotes\/([^/]+)\//.exec(name) ?? []
    // What is known of a remote is as it is there until a push has moved it. What an import, a bundle or a folder has
    // brought is nobody's but this workspace's: left where it was, it would lead to what is gone from here, and there is no
    // place to have it from again.
    if (remote !== undefined && Object.hasOwn(remotes, remote)) kept.push(id)
    else if (to !== id) moves.push({ ref: name, from: id, to })
  }
  return { become, moves, kept }
}

/** Commits that refs name; with the logs also those that only a log remembers. */
function allTips({ refs }: Workspace, options: { withLogs?: boolean } = {}): ObjectId[] {
  const all = refs.list()
  const tips = new Set<ObjectId>(all.map(({ id }) => id))
  const head = refs.readHead()
  if (head.$kind === 'detached') tips.add(head.commit)
  if (options.withLogs)
    for (const name of ['HEAD', ...all.map((ref) => ref.name)])
      for (const entry of refs.reflog(name)) for (const id of [entry.old, entry.new]) if (id) tips.add(id)
  return [...tips]
}

/** Of the commits that refs name, all must be here; of those that only logs name, some may have been collected. */
async function present(workspace: Workspace, tips: readonly ObjectId[]): Promise<ObjectId[]> {
  const named = new Set(allTips(workspace))
  const found: ObjectId[] = []
  for (const id of tips) if (named.has(id) || (await workspace.store.has('commit', id))) found.push(id)
  return found
}

/** What has moved, and what is still to go. */
export interface PurgedHistory {
  history: NewHistory
  doomed: DoomedContents
  files: FilesOnDisk
}

/** Makes the new history and moves everything to it. Under the lock.
 *  @throws {OperationError} OPERATION_IN_PROGRESS (exit 1) */
export async function moveToNewHistory(workspace: Workspace, options: FindDoomed): Promise<PurgedHistory> {
  refuseOperation(workspace)
  const { store, refs } = workspace
  const session = await store.begin()
  let history: NewHistory
  try {
    history = await newHistory(workspace, session.read, session.put, options)
    await session.seal()
  } finally {
    session.abort()
  }
  const doomed = await findDoomed(workspace, store.read, history.kept, options)
  const files = await filesOnDisk(workspace, options)
  const versions = await readVersions(workspace)
  await moveFiles(workspace, versions.read, files.items, undefined, { signal: options.signal })
  await syncParents(workspace, files.items)
  const staged = [...versions.staging.changes()].filter(({ path }) => !isSelected(path, options.paths))
  if (staged.length !== versions.staging.count) await workspace.writeStaging(staged)
  const reason = `purge: ${options.paths.join(' ')}`
  const head = refs.readHead()
  for (const { ref, from, to } of history.moves) await refs.update({ name: ref, expected: from, next: to, reason })
  if (head.$kind === 'detached')
    await refs.setHead({ $kind: 'detached', commit: history.become.get(head.commit)! }, reason)
  await rewriteLogs(workspace, history.become)
  return { history, doomed, files }
}

/** Takes the contents, and the versions that held them, out of the packs. Under the lock.
 *  @param moved - what was found then goes, too, unless it is needed now: what was staged is in no version
 *  @returns what went, to be looked for elsewhere too */
export async function dropPurged(
  workspace: Workspace,
  { history: { become }, doomed: found }: Pick<PurgedHistory, 'history' | 'doomed'>,
  options: FindDoomed,
): Promise<{ doomed: DoomedContents; packs: number; freed: number }> {
  // Anew: since then, refs of remotes have moved.
  await rewriteLogs(workspace, become)
  const tips = await present(workspace, allTips(workspace, { withLogs: true }))
  const doomed = await findDoomed(workspace, workspace.store.read, tips, options)
  doomed.objects.addAll(found.objects.without(doomed.keeps))
  return { doomed, ...(await removeObjects(workspace, doomed.objects, options)) }
}

/** Nothing would know any more that a file had to go which a power cut brings back after the refs have moved. */
async function syncParents({ fs, root }: Workspace, items: readonly CheckoutItem[]): Promise<void> {
  const folders = new Set<string>()
  for (const { path } of items) {
    let folder = dirname(path)
    while (folder !== '.' && fs.stat(`${root}/${folder}`)?.kind !== 'directory') folder = dirname(folder)
    folders.add(folder)
  }
  for (const folder of folders) await fs.syncDirectory(folder === '.' ? root : `${root}/${folder}`)
}

/** Logs lead to the new versions. What has been collected cannot be followed, and entries that are no moves are noise. */
async function rewriteLogs({ refs }: Workspace, become: ReadonlyMap<ObjectId, ObjectId>): Promise<void> {
  for (const name of ['HEAD', ...refs.list().map((ref) => ref.name)])
    await refs.rewriteReflog(name, (entry) => {
      const next = { ...entry, old: now(entry.old), new: now(entry.new) }
      return entry.reason.startsWith('purge: ') && next.old === next.new ? null : next
    })

  function now(id: ObjectId | null): ObjectId | null {
    return id === null ? null : (become.get(id) ?? id)
  }
}

export interface FilesOnDisk {
  items: CheckoutItem[]
  left: string[]
}

/** Files at the paths: those that are as committed or staged go; what is in no version is not ours to delete. */
export async function filesOnDisk(workspace: Workspace, { paths, signal }: FindDoomed): Promise<FilesOnDisk> {
  const versions = await readVersions(workspace)
  const files: FilesOnDisk = { items: [], left: [] }
  const walk = { paths, signal, includeIgnored: true }
  for await (const state of compareWithTree(localFiles(workspace), versions.read, versions.stagedTree, walk)) {
    if (state.$kind === 'deleted') continue
    if (state.$kind === 'tracked' && state.difference === 'same')
      files.items.push({ path: state.path, before: state.entry })
    else files.left.push(state.path)
  }
  return files
}
