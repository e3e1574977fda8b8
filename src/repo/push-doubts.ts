/** Commits that were here before the remote named them.
 *
 *  Any writer can move a ref to a commit that was made here, and deposit its commit object alone: it is the only object that
 *  `fetch` reads of a commit which is here. So such commits are noted, and the next push that builds on them looks for all
 *  they brought in live packs, and sends what is not there. What another remote is known to hold is no doubt of ours, and
 *  neither is what `fetch` had to read, because it was not here. */

import { readCommit, walkCommits } from '../history/commits.ts'
import { type MissingObject, missingObjects, newCommits } from '../history/missing-objects.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { type ObjectId, objectKey } from '../objects/id.ts'
import type { Workspace } from '../store/workspace.ts'
import { rememberRemote, remoteMemory } from './remote-memory.ts'

/** Commits of which a fetched history consists that were here already and that no remote was known to hold, oldest first.
 *  @param here - commits at which the fetch stopped, because they were here */
export async function findDoubts(
  workspace: Workspace,
  here: readonly ObjectId[],
  options: { remote: string; signal?: AbortSignal | undefined },
): Promise<ObjectId[]> {
  const tracked = new Set(workspace.refs.list(`remotes/${options.remote}/`).map(({ id }) => id))
  const wanted = [...new Set(here)].filter((id) => !tracked.has(id))
  if (wanted.length === 0) return []
  const remotes = Object.entries(workspace.readConfig().remotes ?? {})
  const isTrusted = (name: string, repository: string) =>
    name === options.remote || remoteMemory(workspace, name, repository).doubts.length === 0
  const have = remotes
    .filter(([name, { repository }]) => isTrusted(name, repository.slice(repository.indexOf(':') + 1)))
    .flatMap(([name]) => workspace.refs.list(`remotes/${name}/`).map(({ id }) => id))
  const { signal } = options
  try {
    const fresh = await newCommits(workspace.store.readLocal, { wanted, have, signal })
    return fresh.map(({ id }) => id)
  } catch (error) {
    // What a shallow history leaves out is not here.
    if (!(error instanceof ObjectMissingError)) throw error
    return wanted.filter((id) => !have.includes(id))
  }
}

/** Under the workspace lock. */
export async function rememberDoubts(
  workspace: Workspace,
  remote: string,
  repository: string,
  found: readonly ObjectId[],
): Promise<void> {
  const { doubts } = remoteMemory(workspace, remote, repository)
  const all = new Set([...doubts, ...found])
  if (all.size > doubts.length) await rememberRemote(workspace, remote, repository, { doubts: [...all] })
}

/** The doubted commits in the history of one. */
export async function doubtsIn(
  workspace: Workspace,
  remote: string,
  repository: string | null,
  tip: ObjectId,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ObjectId[]> {
  const doubts = new Set(repository === null ? [] : remoteMemory(workspace, remote, repository).doubts)
  if (doubts.size === 0) return []
  const found: ObjectId[] = []
  const walk = walkCommits(workspace.store.readLocal, [tip], { signal: options.signal, onAbsent: () => undefined })
  for await (const { id } of walk) {
    if (doubts.delete(id)) found.push(id)
    if (doubts.size === 0) break
  }
  return found.reverse()
}

/** They are there: this workspace has brought them, or has read them. Under the workspace lock. */
export async function settleDoubts(
  workspace: Workspace,
  remote: string,
  repository: string,
  settled: readonly ObjectId[],
): Promise<void> {
  if (settled.length === 0) return
  const { doubts } = remoteMemory(workspace, remote, repository)
  const left = new Set(doubts)
  for (const id of settled) left.delete(id)
  await rememberRemote(workspace, remote, repository, { doubts: [...left] })
}

/** What the doubted commits brought and is here, in the order of a push; then the other objects, each once. */
export async function withDoubted(
  { store }: Workspace,
  doubted: readonly ObjectId[],
  missing: readonly MissingObject[],
  signal: AbortSignal | undefined,
): Promise<MissingObject[]> {
  if (doubted.length === 0) return [...missing]
  const objects = new Map<string, MissingObject>()
  for (const id of doubted)
    try {
      const { parents } = await readCommit(store.readLocal, id, { signal })
      for await (const object of missingObjects(store.readLocal, { wanted: [id], have: parents, signal }))
        if (await store.has(object.kind, object.id)) objects.set(objectKey(object.kind, object.id), object)
    } catch (error) {
      // What is not here could not be sent either.
      if (!(error instanceof ObjectMissingError)) throw error
    }
  for (const object of missing) objects.set(objectKey(object.kind, object.id), object)
  return [...objects.values()]
}
