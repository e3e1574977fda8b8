/** `fetch`: learns where the remote's refs are and brings their commits. Files and branches stay as they are. */

import { FloeError, UsageError } from '../base/errors.ts'
import { isAncestor } from '../history/commits.ts'
import { FETCH_REASON } from '../history/reflog-selector.ts'
import type { RefRecord } from '../ledger/repository-records.ts'
import type { ObjectId } from '../objects/id.ts'
import { assertRefName } from '../objects/ref-name.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { type Deepened, deepenHistory } from './deepen.ts'
import { type DownloadedHistory, downloadHistory } from './download.ts'
import { findDoubts, rememberDoubts } from './push-doubts.ts'
import { rememberRead } from './push-whole.ts'
import { localRefName, readRemote } from './remote.ts'
import { RemoteIntegrityError } from './remote-errors.ts'
import { rememberRemote, seenPushes } from './remote-memory.ts'
import type { RemoteOptions } from './remote-options.ts'
import { isGone, openRemoteSource, type RemoteSource } from './remote-source.ts'
import { readShallow, writeShallow } from './sparse.ts'

export interface FetchUpdate {
  /** As on the remote: `heads/main`. */
  ref: string
  old: string | null
  /** `null`: gone from the remote. */
  new: string | null
  /** True if the remote's ref dropped commits. */
  forced: boolean
}

export interface FetchResult {
  remote: string
  network: string
  repository: string
  updated: FetchUpdate[]
  /** Commits that were new here. */
  commits: number
  /** Tags that mean another commit here than on the remote; they were left as they are. */
  keptTags: KeptTag[]
  /** Refs that stay as they are here, because what they are at there cannot be read: not all of it was pushed, or is stored. */
  unread: UnreadRef[]
  /** What a history that was cut off has got; undefined unless it was to be deepened. */
  deepened?: Deepened | undefined
}

export interface KeptTag {
  ref: string
  here: string
  there: string
}

export interface UnreadRef {
  /** As on the remote: `heads/main`. */
  ref: string
  error: FloeError
}

/** @param options.refs - only these refs of the remote, short or full; default all
 *  @param options.deepen - of a clone with `--depth`: so many more commits on every way; Infinity: all of them */
export async function fetchRemote(
  dir: string,
  options: RemoteOptions & {
    remote?: string | undefined
    refs?: readonly string[] | undefined
    deepen?: number | undefined
  },
): Promise<FetchResult> {
  await using workspace = await openWorkspace(dir)
  const remote = readRemote(workspace, options.remote)
  const seen = seenPushes(workspace, remote.name, remote.repository)
  await using source = await openRemoteSource(remote.network, remote.repository, options, seen)
  const refs = options.refs?.map((ref) => refThere(source, remote.name, ref))
  const fetched = await fetchRefs(workspace, remote.name, source, { ...options, refs })
  // One that was asked for, or of all that there are not one.
  if (fetched.unread.length > 0 && (refs || fetched.unread.length === source.refs.length))
    throw fetched.unread[0]!.error
  const { deepen } = options
  const deepened =
    deepen === undefined
      ? undefined
      : await deepenHistory(workspace, remote.name, source, { ...options, generations: deepen })
  return { remote: remote.name, network: remote.network, repository: remote.repository, ...fetched, deepened }
}

/** A branch rather than a tag, where both have the name.
 *  @throws {UsageError} REMOTE_REF_UNKNOWN (exit 2) */
function refThere(source: RemoteSource, remote: string, ref: string): string {
  const there = new Set(source.refs.map(({ name }) => localRefName(name)))
  const full = [localRefName(ref), `heads/${ref}`, `tags/${ref}`].find((name) => there.has(name))
  if (full !== undefined) return full
  throw new UsageError('REMOTE_REF_UNKNOWN', `${remote} has no branch or tag called "${ref}"`, {
    data: { ref, remote },
    hints: ['See what it has with `floe remote show`'],
  })
}

export interface FetchRefsOptions extends RemoteOptions {
  /** Full names. */
  refs?: readonly string[] | undefined
  /** So many commits of each ref, instead of all. */
  depth?: number | undefined
}

/** Brings the commits of the remote's refs and moves what is known of them here. Takes the workspace lock.
 *  Whoever needs one of them looks whether it is `unread`. */
export async function fetchRefs(
  workspace: Workspace,
  remoteName: string,
  source: RemoteSource,
  options: FetchRefsOptions,
): Promise<Pick<FetchResult, 'updated' | 'commits' | 'keptTags' | 'unread'>> {
  return workspace.withLock('fetch', async () => {
    const updated: FetchUpdate[] = []
    const keptTags: KeptTag[] = []
    const unread: UnreadRef[] = []
    let commits = 0
    const wanted = source.refs.filter((ref) => options.refs?.includes(localRefName(ref.name)) ?? true)
    const absent = new Set(readShallow(workspace))
    for (const ref of wanted) {
      const update = await fetchRef(workspace, remoteName, source, ref, { ...options, absent }).catch(
        (error: unknown): FetchedRef => {
          // What somebody did to one branch, or let expire, keeps nobody from the others.
          if (!(error instanceof FloeError) || !(error instanceof RemoteIntegrityError || isGone(error))) throw error
          unread.push({ ref: localRefName(ref.name), error })
          return { commits: 0 }
        },
      )
      commits += update.commits
      if (update.change) updated.push(update.change)
      if (update.kept) keptTags.push(update.kept)
    }
    if (!options.refs) updated.push(...(await forgetGone(workspace, remoteName, source)))
    await rememberRemote(workspace, remoteName, source.reader.repositoryId, { pushes: source.state.log.size })
    return { updated, commits, keptTags, unread }
  })
}

interface FetchedRef {
  change?: FetchUpdate
  kept?: KeptTag
  commits: number
}

async function fetchRef(
  workspace: Workspace,
  remoteName: string,
  source: RemoteSource,
  ref: RefRecord,
  options: FetchRefsOptions & { absent: Set<ObjectId> },
): Promise<FetchedRef> {
  const name = localRefName(ref.name)
  const tracking = trackingName(remoteName, name)
  const commit = ref.commit as ObjectId
  const old = workspace.refs.read(tracking)
  if (old === commit) return { commits: 0 }
  // A tag of one's own stays: tags never move, so the two were made apart, and only a person can say which is meant.
  if (name.startsWith('tags/') && old !== null) return { commits: 0, kept: { ref: name, here: old, there: commit } }
  const record = source.recordOf(ref)
  const { read } = await source.objects([record])
  const session = await workspace.store.begin()
  let fetched: DownloadedHistory
  try {
    const blame = { ref: name, push: record.number, pusher: record.pusher }
    const { signal, depth, absent } = options
    const repository = source.reader.repositoryId
    const historyOptions = { signal, depth, absent, repository, cache: source.cache }
    fetched = await downloadHistory(workspace.store, session, read, commit, blame, historyOptions)
    await session.seal()
  } finally {
    session.abort()
  }
  if (fetched.absent.length > 0) {
    for (const id of fetched.absent) options.absent.add(id)
    await writeShallow(workspace, options.absent)
  }
  const { signal } = options
  // Noted before the ref is: from then on a push takes it that all of the commit is there.
  const doubts = await findDoubts(workspace, fetched.here, { remote: remoteName, signal })
  await rememberDoubts(workspace, remoteName, source.reader.repositoryId, doubts)
  const forced = old !== null && !(await isAncestor(workspace.store.read, old, commit, { signal, onAbsent: () => {} }))
  await workspace.refs.update({ name: tracking, next: commit, reason: FETCH_REASON })
  if (name.startsWith('heads/'))
    await rememberRead(workspace, remoteName, source.reader.repositoryId, { ref: name, push: record.number })
  return { change: { ref: name, old, new: commit, forced }, commits: fetched.commits.length }
}

/** Branches live under `remotes/`; tags are the same everywhere. */
export function trackingName(remoteName: string, ref: string): string {
  const name = ref.startsWith('heads/') ? `remotes/${remoteName}/${ref.slice('heads/'.length)}` : ref
  assertRefName(name)
  return name
}

async function forgetGone(workspace: Workspace, remoteName: string, source: RemoteSource): Promise<FetchUpdate[]> {
  const there = new Set(source.refs.map((ref) => localRefName(ref.name)))
  const gone: FetchUpdate[] = []
  for (const { name, id } of workspace.refs.list(`remotes/${remoteName}/`)) {
    const ref = `heads/${name.slice(`remotes/${remoteName}/`.length)}`
    if (there.has(ref)) continue
    await workspace.refs.update({ name, next: null, reason: 'fetch: gone' })
    gone.push({ ref, old: id, new: null, forced: true })
  }
  return gone
}
