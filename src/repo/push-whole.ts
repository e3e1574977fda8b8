/** The push by which this workspace itself knows a branch to be whole: it made that push, or was cloned by it.
 *
 *  A push builds on the locator of the one before, and names again what that names. Any writer can move the branch with a
 *  locator that leaves things out: to a commit of theirs on ours, which we pull; and whatever we push on it would be
 *  incomplete, and we would be blamed. So where somebody has pushed since, the locator of the last push that we know to be
 *  whole is built on as well. Usually the later one has all of it, and nothing is added but a look.
 *
 *  Likewise the push through which a commit was read here, if the branch has been moved anew to that same commit since. */

import type { PushRecord } from '../ledger/repository-records.ts'
import type { RepositoryReader } from '../ledger/repository-state.ts'
import type { Workspace } from '../store/workspace.ts'
import type { RemotePosition } from './push-target.ts'
import { localRefName } from './remote.ts'
import { rememberRemote, remoteMemory } from './remote-memory.ts'

/** @param ref - as here: `heads/main`
 *  @returns null if it stands, or none is known */
export async function wholePush(
  workspace: Workspace,
  remote: string,
  ref: string,
  reader: RepositoryReader,
  { state, refs }: RemotePosition,
  options: { signal?: AbortSignal | undefined },
): Promise<PushRecord | null> {
  const { whole } = remoteMemory(workspace, remote, reader.repositoryId)
  const standing = new Map(refs.map(({ name, push }) => [localRefName(name), push]))
  // A new branch may begin at one that somebody has moved since.
  const moved = Object.entries(whole).filter(([name, push]) => standing.has(name) && standing.get(name) !== push)
  const number = whole[ref] ?? Math.max(-1, ...moved.map(([, push]) => push))
  if (number < 0 || number === standing.get(ref) || number >= state.log.size) return null
  const [record] = await reader.fetchPushes(state, number, number + 1, options)
  return record?.new ? record : null
}

/** The pushes through which this workspace has read commits that refs are at, where another push stands by now. */
export async function readPushes(
  workspace: Workspace,
  remote: string,
  reader: RepositoryReader,
  { state, refs }: RemotePosition,
  options: { signal?: AbortSignal | undefined },
): Promise<PushRecord[]> {
  const { read } = remoteMemory(workspace, remote, reader.repositoryId)
  const moved = refs.flatMap(({ name, push, commit }) => {
    const branch = localRefName(name)
    const number = read[branch]
    const isSame =
      number !== undefined && workspace.refs.read(`remotes/${remote}/${branch.slice('heads/'.length)}`) === commit
    return isSame && number !== push && number < state.log.size ? [number] : []
  })
  return reader.fetchPushesAt(state, [...new Set(moved)].slice(0, MAX_READ_PUSHES), options)
}

/** Branches that were moved anew to the commit they were at: more than a few at once there are only by ill will. */
const MAX_READ_PUSHES = 8

/** Whether a branch stands by the push that it was last read through, or made by; true if that is not known. */
export function isAsRead(
  workspace: Workspace,
  remote: string,
  repository: string,
  { ref, push }: StandingPush,
): boolean {
  const number = remoteMemory(workspace, remote, repository).read[ref]
  return number === undefined || number === push
}

export interface StandingPush {
  /** As here: `heads/main`. */
  ref: string
  push: number
}

/** Under the workspace lock. */
export async function rememberRead(
  workspace: Workspace,
  remote: string,
  repository: string,
  { ref, push }: StandingPush,
): Promise<void> {
  const { [ref]: before, ...others } = remoteMemory(workspace, remote, repository).read
  if (before !== push) await rememberRemote(workspace, remote, repository, { read: { ...others, [ref]: push } })
}

/** It was made, or all of it was read. Under the workspace lock.
 *  @param push - null: the branch is no more */
export async function rememberWhole(
  workspace: Workspace,
  remote: string,
  repository: string,
  { ref, push }: { ref: string; push: number | null },
): Promise<void> {
  const { whole, read } = remoteMemory(workspace, remote, repository)
  // The one remembered last stands last: the first are forgotten.
  const withPush = ({ [ref]: _, ...others }: Readonly<Record<string, number>>) =>
    push === null ? others : { ...others, [ref]: push }
  await rememberRemote(workspace, remote, repository, { whole: withPush(whole), read: withPush(read) })
}
