/** `mirror`: a complete copy of a repository in a folder: every ref, every version they lead to, every byte of it. The
 *  folder is a workspace that shows no files, so it can be cloned and fetched from without a network, checked, and pushed
 *  to a new repository. Run again it brings what is new. */

import * as v from 'valibot'
import { throwIfAborted } from '../base/abort.ts'
import { type FloeError, UsageError } from '../base/errors.ts'
import { readCommit, walkCommits } from '../history/commits.ts'
import { newCommits, treeObjectRuns } from '../history/missing-objects.ts'
import type { RefRecord } from '../ledger/repository-records.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { replaceFile } from '../store/atomic-file.ts'
import { isErrno } from '../store/file-system.ts'
import { nodeFs } from '../store/node-fs.ts'
import { createWorkspace, openWorkspace, type Workspace } from '../store/workspace.ts'
import { downloadTree } from './download.ts'
import { fetchRefs, type UnreadRef } from './fetch.ts'
import { isFolderSource } from './folder-source.ts'
import { localRefName, parseWholeAddress, readRemote, writeRemote } from './remote.ts'
import { RemoteIntegrityError } from './remote-errors.ts'
import { seenPushes } from './remote-memory.ts'
import type { RemoteOptions } from './remote-options.ts'
import { isGone, openRemoteSource, type RemoteSource } from './remote-source.ts'
import { writeSparse } from './sparse.ts'
import { verifyLocal } from './verify-local.ts'

export interface MirrorOptions extends RemoteOptions {
  /** `NETWORK:OBJECT_ID`; needed the first time. */
  of?: string | undefined
  /** Delete branches that the repository has no longer (default: they stay). */
  prune?: boolean | undefined
  /** Read and hash every byte of the mirror as well. */
  full?: boolean | undefined
}

export interface MirrorResult {
  $kind: 'created' | 'updated' | 'up-to-date'
  dir: string
  network: string
  repository: string
  /** Length of the push log up to which it is a copy. */
  pushes: number
  updated: { ref: string; old: ObjectId | null; new: ObjectId | null }[]
  /** Branches that the repository has no longer and the mirror keeps. */
  kept: string[]
  commits: number
  objects: number
  downloadedBytes: number
  /** Old versions of which the network no longer has everything. */
  lost: ObjectId[]
  /** Refs that stay as they are here, because what they are at there cannot be read: not all of it was pushed, or is stored. */
  unread: UnreadRef[]
  verified: { objects: number; bytes: number } | null
  badNodes: { node: string; url: string; reason: string; lied: boolean }[]
}

const REMOTE = 'origin'
const RECORD = 'mirror'
const MAX_RECORD_BYTES = 64 * 2 ** 20
const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const recordSchema = v.object({
  version: v.literal(1),
  pushes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  timeMs: v.number(),
  /** Commits at which refs stood, and all of which is here save what was lost. */
  complete: v.array(id),
  lost: v.array(id),
})
type MirrorRecord = v.InferOutput<typeof recordSchema>

/** A batch becomes durable after so much. */
const BATCH_BYTES = 256 * 2 ** 20
const BATCH_COMMITS = 256

/** @param dir - made if it is not there; otherwise a mirror
 *  @throws {UsageError} MIRROR_UNNAMED, MIRROR_OF_OTHER, MIRROR_NOT_EMPTY (exit 2)
 *  @throws {RemoteIntegrityError} REMOTE_… (exit 13) */
export async function mirror(dir: string, options: MirrorOptions): Promise<MirrorResult> {
  const isNew = await prepare(dir, options.of)
  await using workspace = await openWorkspace(dir)
  const { network, repository } = readRemote(workspace, REMOTE)
  const before = readRecord(workspace)
  await using source = await openRemoteSource(
    network,
    repository,
    // What is mirrored would push everything else out of the cache that workspaces share.
    { ...options, useCache: false },
    seenPushes(workspace, REMOTE, repository),
  )
  const fetched = await fetchRefs(workspace, REMOTE, source, options)
  const brought = await workspace.withLock('mirror', async () => {
    const made = await bringAll(workspace, source, readAndLeft(workspace, source, fetched.unread), before, options)
    const unread = [...fetched.unread]
    for (const { name, commit } of source.refs) {
      const error = made.broken.get(commit as ObjectId)
      if (error) unread.push({ ref: localRefName(name), error })
    }
    // Of all that there are not one.
    if (unread.length > 0 && unread.length === source.refs.length) throw unread[0]!.error
    const { refs, left } = readAndLeft(workspace, source, unread)
    const moved = await moveBranches(workspace, source, refs, options.prune ?? false)
    const complete = [...new Set([...refs.map(({ commit }) => commit as ObjectId), ...left])]
    const { lost } = made
    const pushes = source.state.log.size
    await writeRecord(workspace, { version: 1, pushes, timeMs: workspace.clock.now(), complete, lost: [...lost] })
    return { ...made, ...moved, unread }
  })
  const verified = options.full ? await verifyLocal(workspace, { full: true, signal: options.signal }) : null
  const tags = fetched.updated.filter(({ ref }) => ref.startsWith('tags/'))
  const updated = [...brought.updated, ...tags.map(({ ref, old, new: next }) => ({ ref, old, new: next }))]
  const { commits, objects, downloadedBytes, kept } = brought
  return {
    $kind: isNew ? 'created' : updated.length + objects > 0 ? 'updated' : 'up-to-date',
    dir,
    network,
    repository,
    pushes: source.state.log.size,
    updated: updated as MirrorResult['updated'],
    kept,
    commits,
    objects,
    downloadedBytes,
    lost: [...brought.lost].filter((commit) => !brought.broken.has(commit)),
    unread: brought.unread,
    verified: verified && { objects: verified.objects, bytes: verified.bytes },
    badNodes: (await source.badNodes()).map(({ name, url, reason, lied }) => ({ node: name, url, reason, lied })),
  }
}

/** @returns true if the mirror was begun here */
async function prepare(dir: string, of: string | undefined): Promise<boolean> {
  const address = of === undefined ? undefined : parseWholeAddress(of)
  const canonical = address && `${address.network}:${address.repository}`
  if (isFolderSource(nodeFs, dir)) {
    await using workspace = await openWorkspace(dir)
    const remote = isMirror(workspace) ? readRemote(workspace, REMOTE) : undefined
    const is = remote && `${remote.network}:${remote.repository}`
    if (is === undefined || (canonical !== undefined && canonical !== is))
      throw new UsageError('MIRROR_OF_OTHER', `${dir} is ${is ? `the mirror of ${is}` : 'a workspace, not a mirror'}`, {
        data: { dir, of: is ?? null },
        hints: ['name another folder'],
      })
    return readRecord(workspace) === undefined
  }
  if (nodeFs.stat(dir) && (nodeFs.stat(dir)?.kind !== 'directory' || nodeFs.readDirectory(dir).length > 0))
    throw new UsageError('MIRROR_NOT_EMPTY', `${dir} is not empty, and no mirror`, { data: { dir } })
  if (canonical === undefined)
    throw new UsageError('MIRROR_UNNAMED', `nothing says what ${dir} shall be a mirror of`, {
      data: { dir },
      hints: ['`floe mirror DIR --of NETWORK:OBJECT_ID`, or run it in a workspace that has a remote `origin`'],
    })
  await createWorkspace(dir)
  await using workspace = await openWorkspace(dir)
  await workspace.withLock('mirror', async () => {
    // No file is wanted on disk: none is missing then.
    await writeSparse(workspace, ['!**'])
    await writeRemote(workspace, REMOTE, canonical)
    await replaceFile(workspace.fs, `${workspace.floeDir}/${RECORD}`, [new Uint8Array()], { tmpDir: workspace.tmpDir })
  })
  return true
}

/** True for a folder that `mirror` made. */
export function isMirror(workspace: Workspace): boolean {
  return workspace.fs.stat(`${workspace.floeDir}/${RECORD}`)?.kind === 'file'
}

/** Refs that can be read there, and where an earlier run has left the others. */
function readAndLeft(workspace: Workspace, source: RemoteSource, unread: readonly UnreadRef[]) {
  const without = new Set(unread.map(({ ref }) => ref))
  const refs = source.refs.filter(({ name }) => !without.has(localRefName(name)))
  return { refs, left: [...without].flatMap((ref) => workspace.refs.read(ref) ?? []) }
}

/** Everything that the refs lead to, parents before children. */
async function bringAll(
  workspace: Workspace,
  source: RemoteSource,
  { refs, left }: { refs: readonly RefRecord[]; left: readonly ObjectId[] },
  before: MirrorRecord | undefined,
  options: MirrorOptions,
) {
  const { store } = workspace
  const { signal } = options
  const lost = new Set<ObjectId>(before?.lost as ObjectId[])
  // Versions that a ref was moved to without all of them.
  const broken = new Map<ObjectId, FloeError>()
  const result = { commits: 0, objects: 0, downloadedBytes: 0, lost, broken }
  const wanted = [...refs.map(({ commit }) => commit as ObjectId), ...left]
  const tips = new Set(wanted)
  const have = before && (await isAsLeft(workspace, before, signal)) ? (before.complete as ObjectId[]) : []
  if (have.length > 0 && result.lost.size === 0) {
    const fresh = await newCommits(store.readLocal, { wanted, have, signal })
    if (fresh.length === 0) return result
  }
  const remote = await source.objects(refs.map(source.recordOf))
  const session = await store.begin()
  try {
    const fetched = async (kind: ObjectKind, wantedId: ObjectId) => {
      const bytes = await remote.read(kind, wantedId, { signal })
      await session.keep(kind, wantedId, bytes)
      result.objects++
      return bytes
    }
    // A fetch brings commits, and not again those that have gone since.
    const readHere: ReadObject = async (kind, wantedId, more) =>
      (await store.has(kind, wantedId)) ? store.readLocal(kind, wantedId, more) : fetched(kind, wantedId)
    const fresh = await commitsToBring(readHere, { wanted, have, lost: result.lost, signal })
    // Nodes of commits before this one are not readable in a pack that is still written.
    let held = new Map<string, Uint8Array>()
    const read: ReadObject = async (kind, wantedId, more) => {
      const key = objectKey(kind, wantedId)
      const known = held.get(key)
      if (known) return known
      const bytes = await remote.read(kind, wantedId, more)
      if (kind === 'tree' || kind === 'map') held.set(key, bytes)
      return bytes
    }
    let sealedBytes = 0
    let batch = 0
    const seal = async () => {
      await session.seal()
      held = new Map()
      sealedBytes = session.newBytes
      batch = 0
    }
    await seal()
    for (const { id: commit, commit: made } of fresh) {
      throwIfAborted(signal)
      const bases: ObjectId[] = []
      for (const parent of made.parents)
        if (!result.lost.has(parent)) bases.push((await readCommit(store.readLocal, parent)).tree)
      if (!before?.lost.includes(commit)) result.commits++
      result.lost.delete(commit)
      // Nobody can bring it back; what else the version has, and what is newer, is worth having all the same.
      const onFailedChunk = (error: unknown) => {
        if (!isLost(error) && !(tips.has(commit) && error instanceof RemoteIntegrityError)) throw error
        result.lost.add(commit)
        if (!isGone(error) && error instanceof RemoteIntegrityError && tips.has(commit)) broken.set(commit, error)
      }
      const treeOptions = { signal, onFailedChunk }
      try {
        for (const attachment of made.attachments.values())
          if (!(await store.has('attachment', attachment))) await fetched('attachment', attachment)
        const { objects } = await downloadTree(store, session, read, made.tree, bases, commit, {}, treeOptions)
        result.objects += objects
      } catch (error) {
        onFailedChunk(error)
      }
      if (++batch >= BATCH_COMMITS || session.newBytes - sealedBytes >= BATCH_BYTES) await seal()
    }
    await seal()
  } finally {
    session.abort()
  }
  result.downloadedBytes = remote.downloadedBytes
  return result
}

/** True if the network said that it no longer stores it. Later locators do not even name what is not stored, so what they do
 *  not name is taken for the same. */
function isLost(error: unknown): boolean {
  if (isGone(error)) return true
  return error instanceof RemoteIntegrityError && error.cause instanceof ObjectMissingError
}

/** What is new, and what was lost: somebody may have brought that back since. Parents before children. */
async function commitsToBring(
  read: ReadObject,
  options: { wanted: ObjectId[]; have: ObjectId[]; lost: Set<ObjectId>; signal?: AbortSignal | undefined },
) {
  const { wanted, have, lost, signal } = options
  if (lost.size === 0) return newCommits(read, { wanted, have, signal })
  const all = await newCommits(read, { wanted, have: [], signal })
  const reached = new Set(all.map(({ id }) => id))
  // What no ref leads to any more is missed by nobody.
  for (const id of lost) if (!reached.has(id)) lost.delete(id)
  if (have.length === 0) return all
  const fresh = await newCommits(read, { wanted, have, signal })
  const ids = new Set([...fresh.map(({ id }) => id), ...lost])
  return all.filter(({ id }) => ids.has(id))
}

/** True if all is here that the last run left here. Where packs were deleted or set aside, or files purged, since, the record
 *  says more than is true, and what calls itself a complete copy must not repeat it. */
async function isAsLeft(
  { store }: Workspace,
  { complete, lost }: MirrorRecord,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const gone = new Set<string>(lost)
  try {
    for await (const { id: commit, commit: made } of walkCommits(store.readLocal, complete as ObjectId[], { signal })) {
      if (gone.has(commit)) continue
      const bases: ObjectId[] = []
      for (const parent of made.parents)
        if (!gone.has(parent)) bases.push((await readCommit(store.readLocal, parent)).tree)
      for (const attachment of made.attachments.values()) if (!(await store.has('attachment', attachment))) return false
      for await (const run of treeObjectRuns(store.readLocal, made.tree, bases, signal))
        if ((await store.lacking(run)).length > 0) return false
    }
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error
    return false
  }
  return true
}

/** The mirror's own branches stand where the repository's do. */
async function moveBranches(workspace: Workspace, source: RemoteSource, read: readonly RefRecord[], prune: boolean) {
  const { refs } = workspace
  const updated: MirrorResult['updated'] = []
  const kept: string[] = []
  const there = new Set(source.refs.map(({ name }) => localRefName(name)))
  for (const { name, commit } of read) {
    const ref = localRefName(name)
    if (!ref.startsWith('heads/')) continue
    const old = refs.read(ref)
    if (old === commit) continue
    await refs.update({ name: ref, next: commit as ObjectId, reason: 'mirror' })
    updated.push({ ref, old, new: commit as ObjectId })
  }
  for (const { name, id: old } of refs.list('heads/')) {
    if (there.has(name)) continue
    if (!prune) kept.push(name)
    else {
      await refs.update({ name, next: null, reason: 'mirror: gone' })
      updated.push({ ref: name, old, new: null })
    }
  }
  const branches = refs.list('heads/').map(({ name }) => name.slice('heads/'.length))
  const branch = branches.includes('main') ? 'main' : branches[0]
  if (refs.headCommit() === null && branch !== undefined) await refs.setHead({ $kind: 'branch', branch }, 'mirror')
  return { updated, kept }
}

/** What the last complete run left; undefined before there was one. A damaged record only costs another look at all. */
function readRecord(workspace: Workspace): MirrorRecord | undefined {
  try {
    const bytes = workspace.fs.readFile(`${workspace.floeDir}/${RECORD}`, MAX_RECORD_BYTES)
    const parsed = v.safeParse(recordSchema, JSON.parse(new TextDecoder().decode(bytes)))
    return parsed.success ? parsed.output : undefined
  } catch (error) {
    if (error instanceof SyntaxError || isErrno(error, 'ENOENT', 'EFBIG')) return undefined
    throw error
  }
}

async function writeRecord(workspace: Workspace, record: MirrorRecord): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(record)}\n`)
  await replaceFile(workspace.fs, `${workspace.floeDir}/${RECORD}`, [bytes], { tmpDir: workspace.tmpDir })
}
