/** What a push is about: the ref, the commit, where the remote is, and which objects it lacks. */

import { FloeError, UsageError } from '../base/errors.ts'
import { isAncestor, readCommit } from '../history/commits.ts'
import { findRef } from '../history/find-ref.ts'
import { type MissingObject, missingObjects } from '../history/missing-objects.ts'
import type { PushRecord, RefRecord, SegmentRecord } from '../ledger/repository-records.ts'
import { assertRefRecorded, type RepositoryReader, type RepositoryState } from '../ledger/repository-state.ts'
import type { Commit } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import type { Workspace } from '../store/workspace.ts'
import type { SegmentPlace } from '../transfer/remote-objects.ts'
import { refuseOperation } from './operation.ts'
import { chainRefName } from './remote.ts'
import { StalePushError } from './remote-errors.ts'

/** The ref to push and the commit it stands at here. */
export interface LocalTarget {
  /** `heads/main` or `tags/v1`. */
  ref: string
  commit: ObjectId
  record: Commit
}

/** @param name - branch or tag, short or full; none: the current branch
 *  @throws {UsageError} PUSH_DETACHED, PUSH_NOTHING, REF_UNKNOWN
 *  @throws {OperationError} OPERATION_IN_PROGRESS (exit 1) in the midst of a rebase, if no name is given */
export async function findLocalTarget(workspace: Workspace, name: string | undefined): Promise<LocalTarget> {
  const head = workspace.refs.readHead()
  if (name === undefined && head.$kind === 'detached') {
    // The branch is there again when the rebase ends; until then it is where it was.
    refuseOperation(workspace)
    throw new UsageError('PUSH_DETACHED', 'HEAD is on no branch, so the ref to push must be named', {
      hints: ['Name a branch or tag: `floe push main`', 'Or put this version on a branch with `floe switch -c NAME`'],
    })
  }
  const wanted = name ?? `heads/${head.$kind === 'branch' ? head.branch : ''}`
  const found = findRef(workspace.refs, wanted)
  if (!found || !/^(heads|tags)\//.test(found.name))
    throw new UsageError(
      name === undefined ? 'PUSH_NOTHING' : 'REF_UNKNOWN',
      name === undefined
        ? 'there is nothing to push: the branch has no commit yet'
        : `no branch or tag is called "${name}"`,
      {
        data: { ref: wanted },
        hints: [
          name === undefined
            ? 'Make a version with `floe add` and `floe commit`'
            : '`floe branch` and `floe tag` list what can be pushed, `floe remote` where it can go',
        ],
      },
    )
  return { ref: found.name, commit: found.id, record: await readCommit(workspace.store.read, found.id) }
}

/** A ref at the commit where the remote has it, whatever the ref of that name here is at.
 *  @throws {ObjectMissingError} OBJECT_MISSING if the commit is not here */
export async function remoteTarget(workspace: Workspace, ref: string, commit: ObjectId): Promise<LocalTarget> {
  return { ref, commit, record: await readCommit(workspace.store.read, commit) }
}

/** Where the remote is, as the chain says. */
export interface RemotePosition {
  state: RepositoryState
  refs: RefRecord[]
  /** The ref to be pushed; `null` if the remote has none of that name. */
  current: RefRecord | null
  /** Records of the pushes that moved the refs last, by number. */
  pushes: Map<number, PushRecord>
}

export async function readRemotePosition(
  reader: RepositoryReader,
  ref: string,
  options: { signal?: AbortSignal | undefined },
): Promise<RemotePosition> {
  const state = await reader.fetchState(options)
  const refs = await reader.fetchRefs(state, options)
  const current = refs.find((row) => row.name === chainRefName(ref)) ?? null
  const numbers = [...new Set(refs.map((row) => row.push))]
  const records = await reader.fetchPushesAt(state, numbers, options)
  const pushes = new Map(records.map((record) => [record.number, record]))
  for (const row of refs) assertRefRecorded(row, pushes.get(row.push)!)
  return { state, refs, current, pushes }
}

/** @throws {StalePushError} PUSH_STALE if the remote's commit is not part of what is pushed, or not the one expected
 *  @throws {FloeError} TAG_IMMUTABLE */
export async function assertNotStale(
  workspace: Workspace,
  target: LocalTarget,
  position: RemotePosition,
  { force = false, repack }: { force?: boolean | undefined; repack?: { from: string } | undefined },
): Promise<{ forced: boolean }> {
  const { current } = position
  if (repack && current?.commit !== repack.from)
    throw new StalePushError(target.ref, current?.commit ?? null, repack.from)
  if (!current?.commit) return { forced: false }
  if (target.ref.startsWith('tags/'))
    throw new FloeError('other', 'TAG_IMMUTABLE', `tag ${target.ref} exists on the remote and never moves`, {
      data: { ref: target.ref, remote: current.commit },
      hints: ['Choose another name for the tag'],
    })
  const theirs = current.commit as ObjectId
  const known = await workspace.store.has('commit', theirs)
  const forward = known && (await isAncestor(workspace.store.readLocal, theirs, target.commit))
  if (!forward && !force) throw new StalePushError(target.ref, theirs, workspace.refs.read(target.ref))
  return { forced: !forward }
}

/** Commits whose contents this workspace has seen in live packs of the remote: it pushed or fetched them.
 *  A commit that is merely here, and that a ref of the remote names, proves nothing about the remote's packs.
 *  @param brought - commits that were pushed there just now */
export function seenCommits(
  workspace: Workspace,
  remote: string,
  position: RemotePosition,
  brought: readonly ObjectId[] = [],
): ObjectId[] {
  const onRemote = new Set(position.refs.map((row) => row.commit))
  const tracked = workspace.refs.list(`remotes/${remote}/`).map(({ id }) => id)
  return [...new Set([...tracked, ...brought])].filter((id) => onRemote.has(id))
}

export async function findMissing(
  workspace: Workspace,
  target: LocalTarget,
  have: readonly ObjectId[],
  signal: AbortSignal | undefined,
): Promise<MissingObject[]> {
  const found: MissingObject[] = []
  for await (const object of missingObjects(workspace.store.read, { wanted: [target.commit], have, signal }))
    found.push(object)
  return found
}

/** Live locator segments of the refs that the push builds on, newest first, each once. */
export function liveSegments(position: RemotePosition, have: readonly ObjectId[]): SegmentRecord[] {
  const used = position.refs.filter((row) => row === position.current || have.includes(row.commit as ObjectId))
  const records = used.map((row) => position.pushes.get(row.push)!).sort((a, b) => b.number - a.number)
  const seen = new Set<string>()
  return records
    .flatMap((record) => record.segments)
    .filter((segment) => {
      const key = `${segment.pack}:${segment.offset}`
      if (seen.has(key)) return false
      seen.add(key)
      return true
    })
}

/** The blobs that segments stand in. */
export async function segmentPlaces(
  reader: RepositoryReader,
  state: RepositoryState,
  segments: readonly SegmentRecord[],
  options: { signal?: AbortSignal | undefined },
): Promise<(SegmentPlace & { removed: boolean; proposed: boolean; endEpoch: number })[]> {
  const numbers = [...new Set(segments.map((segment) => segment.pack))]
  const packs = await reader.fetchPacks(state, numbers, options)
  const byNumber = new Map(packs.map((pack) => [pack.number, pack]))
  return segments.map(({ pack, offset, bytes }) => {
    const { blobId, state: packState, endEpoch } = byNumber.get(pack)!
    const proposed = packState === 'removal-proposed'
    return { blobId, offset, bytes, removed: packState === 'removed', proposed, endEpoch }
  })
}
