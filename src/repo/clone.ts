/** `clone`: a new workspace with the commits of all refs and the files of one of them. */

import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { linkSignals } from '../base/abort.ts'
import { FloeError, UsageError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import { RevisionUnknownError } from '../history/errors.ts'
import { resolveRevision } from '../history/revision.ts'
import type { StatusRecord } from '../ledger/repository-marks.ts'
import type { PushRecord } from '../ledger/repository-records.ts'
import { type ObjectId, parseObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { treeTotals, walkTree } from '../objects/tree.ts'
import { nodeFs } from '../store/node-fs.ts'
import { createWorkspace, openWorkspace, type Workspace } from '../store/workspace.ts'
import type { ObjectCache } from '../transfer/object-cache.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import type { CheckoutResult } from '../worktree/checkout.ts'
import { createPathFilter, type PathFilter } from '../worktree/path-filter.ts'
import { bringTree } from './bring.ts'
import { type CheckoutCommitOptions, planCheckoutCommit } from './checkout.ts'
import { discardClone } from './discard-clone.ts'
import { downloadHistory } from './download.ts'
import type { ExpiryWarning } from './expiry-memory.ts'
import { fetchRefs, type UnreadRef } from './fetch.ts'
import { checkMarks } from './marks.ts'
import type { PlannedMove } from './move-files.ts'
import { rememberWhole } from './push-whole.ts'
import { findRefEnd, noteRefEnd } from './ref-expiry.ts'
import { localRefName, parseRepositoryAddress, readRemote, writeRemote } from './remote.ts'
import { RemoteIntegrityError } from './remote-errors.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource, type RemoteSource } from './remote-source.ts'
import { readShallow, writeShallow, writeSparse } from './sparse.ts'
import { FilterMatchesNothingError, HistoryCutError } from './sparse-errors.ts'
import { revisionSource } from './versions.ts'

export interface CloneOptions extends RemoteOptions {
  /** Branch or tag to check out (default: the revision of the address, else `main`, else the ref moved last). */
  ref?: string | undefined
  /** The state as of this entry of the push log. */
  atLog?: number | undefined
  /** Bring a version that was taken down all the same. */
  allowTakedown?: boolean | undefined
  /** Have only these paths on disk, and only their contents: rules of `worktree/path-filter.ts`, such as `train/**`. */
  filter?: readonly string[] | undefined
  /** So many commits of each ref, instead of all (default all). */
  depth?: number | undefined
}

export interface CloneResult {
  dir: string
  network: string
  repository: string
  /** What was checked out: `heads/main`, `tags/v1`, or the commit. */
  ref: string
  commit: string
  /** Of what is on disk. */
  files: number
  bytes: number
  /** Paths that the filter left out. */
  absent: number
  downloadedBytes: number
  badNodes: { node: string; url: string; reason: string; lied: boolean }[]
  /** What was cloned that is about to be lost, or is; `null` if the chain did not say. */
  expiring: ExpiryWarning[] | null
  /** What is said about the version, if it is not simply active. */
  marks: StatusRecord[]
  /** Other refs of the remote, which cannot be read. */
  unread: UnreadRef[]
}

const REMOTE = 'origin'
/** Branches and tags that an error names. */
const MAX_NAMED_REFS = 20
/** Files of which the plan may lie in memory beside what comes from the network. */
const MAX_PLANNED_AHEAD = 200_000
/** Names listed to whoever filtered everything away. */
const MAX_TOPS = 20

/** @param address - `NETWORK:OBJECT_ID[@REVISION]`
 *  @param dir - created; must be empty if it exists
 *  @throws {UsageError} CLONE_TARGET_NOT_EMPTY, REVISION_UNKNOWN, FILTER_MALFORMED, FILTER_MATCHES_NOTHING */
export async function clone(address: string, dir: string, options: CloneOptions): Promise<CloneResult> {
  const filter = options.filter && options.filter.length > 0 ? createPathFilter(options.filter) : undefined
  if (options.depth !== undefined && !(Number.isSafeInteger(options.depth) && options.depth >= 1))
    throw new UsageError('DEPTH_MALFORMED', '--depth is a number of commits, 1 or more')
  const { network, repository, revision } = parseRepositoryAddress(address)
  const root = resolve(dir)
  const wanted = options.ref ?? revision
  const made = await makeTarget(root, { network, repository, wanted })
  try {
    await using source = await openRemoteSource(network, repository, options)
    await createWorkspace(root, { branch: branchOf(source, wanted) })
    await using workspace = await openWorkspace(root)
    await workspace.withLock('clone', async () => {
      // First: should the clone be cut off, `pull` goes on with it, and what the filter does not have is absent, not deleted.
      if (filter) await writeSparse(workspace, filter.rules)
      await writeRemote(workspace, REMOTE, `${network}:${repository}`)
    })
    return await fill(workspace, source, { network, repository, revision: wanted, filter }, options)
  } catch (error) {
    // Nothing of anyone else's was in it: a failed clone leaves no half workspace behind.
    await discardClone(root, made)
    throw error
  }
}

async function fill(
  workspace: Workspace,
  source: RemoteSource,
  from: { network: string; repository: string; revision: string | null; filter: PathFilter | undefined },
  options: CloneOptions,
): Promise<CloneResult> {
  const wanted =
    options.atLog === undefined
      ? await fetchAndChoose(workspace, source, from.revision, options)
      : await fetchLogEntry(workspace, source, options.atLog, options)
  const marks = await checkMarks(workspace, REMOTE, source, wanted.commit, {
    allow: options.allowTakedown ?? false,
    signal: options.signal,
  })
  const remote = await source.objects(wanted.records)
  const { tree } = await readCommit(workspace.store.read, wanted.commit, options)
  const { filter } = from
  const branch = wanted.ref.startsWith('heads/') ? wanted.ref.slice('heads/'.length) : null
  const [record] = wanted.records
  // Asked while there is something else to wait for.
  const ending = record && findRefEnd(source, remote, record, options)
  ending?.catch(() => {})
  const counted = await workspace.withLock('clone', async () => {
    const { commit: tip, blame } = wanted
    const request = { tree, bases: [], includes: filter?.includes, tip, blame, isFirst: true }
    const target = { branch, commit: tip, signal: options.signal, onProgress: options.onProgress }
    const bringing = bringTree(workspace, remote, source.cache, request, options)
    await using ahead = await planAhead(workspace, remote, source.cache, tree, target, bringing)
    await bringing
    const totals = await count(workspace, tree, filter)
    await using planned = ahead ? undefined : await planCheckoutCommit(workspace, target)
    await (ahead ?? planned!).carryOut()
    if (branch !== null) {
      const config = workspace.readConfig()
      await workspace.writeConfig({
        ...config,
        branches: { ...config.branches, [branch]: { remote: REMOTE, ref: wanted.ref } },
      })
      const whole = { ref: wanted.ref, push: record!.number }
      await rememberWhole(workspace, REMOTE, source.reader.repositoryId, whole)
    }
    return totals
  })
  const expiring = ending ? await noteRefEnd(workspace, REMOTE, source, await ending) : []
  return {
    dir: workspace.root,
    network: from.network,
    repository: from.repository,
    ref: wanted.ref,
    commit: wanted.commit,
    ...counted,
    downloadedBytes: remote.downloadedBytes,
    badNodes: (await source.badNodes()).map(({ name, url, reason, lied }) => ({ node: name, url, reason, lied })),
    expiring,
    marks,
    unread: wanted.unread,
  }
}

/** The checkout is planned while contents come: the processors wait for the network then, and for one of them later.
 *  @returns undefined where it would take much memory, or does not succeed: to be done once all is here, which says why */
async function planAhead(
  workspace: Workspace,
  remote: RemoteObjects,
  cache: ObjectCache | null,
  tree: ObjectId,
  target: CheckoutCommitOptions,
  bringing: Promise<unknown>,
): Promise<PlannedMove<CheckoutResult> | undefined> {
  const stop = new AbortController()
  bringing.catch(() => stop.abort())
  // Not disposed of: what was planned reads through it when it is carried out.
  const { signal } = linkSignals([target.signal, stop.signal])
  const readTree: ReadObject = async (kind, id) => (await cache?.find(kind, id)) ?? remote.read(kind, id, { signal })
  try {
    const { entries } = await treeTotals(readTree, tree)
    if (entries > MAX_PLANNED_AHEAD) return undefined
    return await planCheckoutCommit(workspace, { ...target, readTree })
  } catch {
    return undefined
  }
}

interface Wanted {
  ref: string
  commit: ObjectId
  /** Pushes whose locators lead to it. */
  records: PushRecord[]
  blame: Record<string, unknown>
  unread: UnreadRef[]
}

async function fetchAndChoose(
  workspace: Workspace,
  source: RemoteSource,
  revision: string | null,
  options: CloneOptions,
): Promise<Wanted> {
  const { unread } = await fetchRefs(workspace, REMOTE, source, options)
  const wanted = revision === null ? defaultRef(source) : findRefByName(source, revision)
  if (wanted) {
    const needed = unread.find(({ ref }) => ref === localRefName(wanted.name))
    if (needed) throw needed.error
    const record = source.recordOf(wanted)
    const blame = { ref: localRefName(wanted.name), push: record.number, pusher: record.pusher }
    return { ref: localRefName(wanted.name), commit: wanted.commit as ObjectId, records: [record], blame, unread }
  }
  if (revision === null)
    throw new FloeError('other', 'CLONE_EMPTY', 'the repository has no version yet', {
      data: { repository: source.reader.repositoryId },
      hints: ['Push something to it first'],
    })
  const commit = await resolveThere(workspace, revision).catch((error: unknown) => {
    if (error instanceof HistoryCutError)
      throw new UsageError(error.code, error.message, {
        data: error.data,
        hints: ['A larger --depth reaches further back, and none all the way; a whole commit id needs no depth'],
      })
    if (!(error instanceof RevisionUnknownError)) throw error
    throw unknownRevision(source, error)
  })
  const sound = source.refs.filter(({ name }) => !unread.some(({ ref }) => ref === localRefName(name)))
  const records = sound.map(source.recordOf)
  // Beyond the depth, or of no branch any more: named by its id, it is read for itself.
  if (!(await workspace.store.has('commit', commit)))
    await bringHistory(workspace, source, { commit, records, blame: {} }, options).catch((error: unknown) => {
      if (!lacksTip(error, commit)) throw error
      throw unknownRevision(source, new RevisionUnknownError(revision, 'no pack that a ref needs has this commit'))
    })
  return { ref: commit, commit, records, blame: {}, unread }
}

/** A branch of the repository is one of the remote here: `main~1` is `origin/main~1`.
 *  @throws {RevisionUnknownError} REVISION_UNKNOWN, of the revision as it was typed */
async function resolveThere(workspace: Workspace, revision: string): Promise<ObjectId> {
  const revisions = await revisionSource(workspace)
  try {
    return await resolveRevision(revisions, revision)
  } catch (error) {
    if (!(error instanceof RevisionUnknownError)) throw error
    return resolveRevision(revisions, `${REMOTE}/${revision}`).catch((other: unknown) => {
      throw other instanceof HistoryCutError ? other : error
    })
  }
}

function unknownRevision(source: RemoteSource, error: RevisionUnknownError): UsageError {
  const names = source.refs.map((ref) => localRefName(ref.name)).sort()
  return new UsageError(error.code, error.message, {
    data: { ...error.data, refs: names.slice(0, MAX_NAMED_REFS) },
    // Those of a workspace are of no use to who has none yet.
    hints: [
      `the repository has ${names.slice(0, MAX_NAMED_REFS).join(', ')}${names.length > MAX_NAMED_REFS ? ', …' : ''}`,
    ],
  })
}

/** Whether nothing is known of the commit itself, rather than of something that it needs. */
function lacksTip(error: unknown, commit: ObjectId): boolean {
  return error instanceof RemoteIntegrityError && error.code === 'REMOTE_TIP_INCOMPLETE' && error.data.id === commit
}

/** A commit and its history as far as `depth` goes; where that is cut off is remembered. */
async function bringHistory(
  workspace: Workspace,
  source: RemoteSource,
  { commit, records, blame }: Pick<Wanted, 'commit' | 'records' | 'blame'>,
  { signal, depth }: CloneOptions,
): Promise<void> {
  const { read } = await source.objects(records)
  const { cache, reader } = source
  const { store } = workspace
  await workspace.withLock('clone', async () => {
    const cutOff = new Set(readShallow(workspace))
    const session = await store.begin()
    try {
      const options = { signal, depth, absent: cutOff, repository: reader.repositoryId, cache }
      const { absent } = await downloadHistory(store, session, read, commit, blame, options)
      await session.seal()
      for (const id of absent) cutOff.add(id)
    } finally {
      session.abort()
    }
    for (const id of cutOff) if (await store.has('commit', id)) cutOff.delete(id)
    await writeShallow(workspace, cutOff)
  })
}

/** The state after a push, whatever came later: how a repository with a broken tip stays readable. */
async function fetchLogEntry(
  workspace: Workspace,
  source: RemoteSource,
  number: number,
  options: CloneOptions,
): Promise<Wanted> {
  const { log } = source.state
  if (!Number.isInteger(number) || number < 0 || number >= log.size)
    throw new UsageError('LOG_ENTRY_UNKNOWN', `the push log has entries 0 to ${log.size - 1}, not ${number}`, {
      data: { entry: number, entries: log.size },
    })
  const [record] = await source.reader.fetchPushes(source.state, number, number + 1, options)
  if (!record?.new)
    throw new UsageError('LOG_ENTRY_UNKNOWN', `entry ${number} of the push log deleted a ref`, {
      data: { entry: number },
    })
  const commit = parseObjectId(record.new)
  const blame = { push: number, pusher: record.pusher }
  // What was packed anew since then is found through the refs of today.
  const records = [record, ...source.refs.map(source.recordOf)]
  await bringHistory(workspace, source, { commit, records, blame }, options)
  return { ref: commit, commit, records, blame, unread: [] }
}

function findRefByName(source: RemoteSource, name: string) {
  const full = name.replace(/^refs\//, '')
  return [full, `heads/${full}`, `tags/${full}`]
    .map((candidate) => source.refs.find((ref) => localRefName(ref.name) === candidate))
    .find((ref) => ref !== undefined)
}

function defaultRef(source: RemoteSource) {
  const branches = source.refs.filter((ref) => ref.name.startsWith('refs/heads/'))
  return (
    branches.find((ref) => ref.name === 'refs/heads/main') ??
    branches.toSorted((a, b) => b.push - a.push)[0] ??
    source.refs.toSorted((a, b) => b.push - a.push)[0]
  )
}

/** On which HEAD is from the start, so that `pull` goes on with it should the clone be cut off. */
function branchOf(source: RemoteSource, wanted: string | null): string {
  const found = wanted === null ? undefined : findRefByName(source, wanted)
  const names = [found, defaultRef(source)].map((ref) => localRefName(ref?.name ?? ''))
  const branch = names.find((name) => name.startsWith('heads/'))
  return branch?.slice('heads/'.length) ?? 'main'
}

/** @throws {FilterMatchesNothingError} FILTER_MATCHES_NOTHING (exit 2) */
async function count(
  workspace: Workspace,
  tree: ObjectId,
  filter: PathFilter | undefined,
): Promise<{ files: number; bytes: number; absent: number }> {
  if (!filter) {
    const { entries, bytes } = await treeTotals(workspace.store.read, tree)
    return { files: entries, bytes, absent: 0 }
  }
  const totals = { files: 0, bytes: 0, absent: 0 }
  const tops = new Set<string>()
  for await (const entry of walkTree(workspace.store.read, tree)) {
    if (!filter.includes(entry.path)) {
      totals.absent++
      if (tops.size < MAX_TOPS) tops.add(entry.path.replace(/\/.*/, '/'))
      continue
    }
    totals.files++
    totals.bytes += entry.bytes
  }
  if (totals.files === 0 && totals.absent > 0) throw new FilterMatchesNothingError(filter.rules, [...tops])
  return totals
}

/** @returns true if the directory was made here */
async function makeTarget(root: string, from: CloneSource): Promise<boolean> {
  try {
    const present = await readdir(root)
    if (present.length === 0) return false
    throw new UsageError('CLONE_TARGET_NOT_EMPTY', `${root} exists and is not empty`, {
      data: { dir: root },
      hints: [present.includes('.floe') ? await cutOffHint(root, from) : 'Choose another directory'],
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR')
      throw new UsageError('CLONE_TARGET_NOT_EMPTY', `${root} is a file`, { data: { dir: root } })
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    nodeFs.makeDirectory(root)
    return true
  }
}

interface CloneSource {
  network: string
  repository: string
  /** Branch, tag or revision that is asked for. */
  wanted: string | null
}

/** What to do where a clone was killed, or the power failed: what it brought is there, and is not brought again. */
async function cutOffHint(root: string, { network, repository, wanted }: CloneSource): Promise<string> {
  try {
    await using workspace = await openWorkspace(root)
    const origin = readRemote(workspace, REMOTE)
    const isBegun = workspace.refs.headCommit() === null && origin.network === network
    if (isBegun && origin.repository === repository) {
      const head = workspace.refs.readHead()
      const branch = head.$kind === 'branch' ? head.branch : ''
      if (wanted === null || wanted.replace(/^(refs\/)?heads\//, '') === branch)
        return 'A clone of it was cut off there: `floe pull` in that folder goes on with it'
      return `A clone of it was cut off there: delete that folder and clone again, or \`floe pull\` in it brings ${branch}`
    }
    return 'It is a workspace of its own: choose another directory'
  } catch (error) {
    if (!(error instanceof FloeError)) throw error
    return 'Choose another directory, or delete this one if a clone was cut off there'
  }
}
