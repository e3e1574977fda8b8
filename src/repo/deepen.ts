/** More of a history that a clone with `--depth` left out. */

import { walkCommits } from '../history/commits.ts'
import type { ObjectId } from '../objects/id.ts'
import type { Workspace } from '../store/workspace.ts'
import { downloadHistory } from './download.ts'
import { findDoubts, rememberDoubts } from './push-doubts.ts'
import type { RemoteOptions } from './remote-options.ts'
import type { RemoteSource } from './remote-source.ts'
import { readShallow, writeShallow } from './sparse.ts'

export interface Deepened {
  /** Commits that are here now. */
  commits: number
  /** Commits that history is cut off at still. */
  absent: number
}

/** Brings so many commits on every way beyond where history is cut off. What was cut off half-way is finished by
 *  repeating it. Takes the workspace lock.
 *  @param generations - Infinity: all of them
 *  @throws {RemoteIntegrityError} REMOTE_TIP_INCOMPLETE (exit 13) if no ref of the remote leads to it */
export async function deepenHistory(
  workspace: Workspace,
  remoteName: string,
  source: RemoteSource,
  { generations, signal }: RemoteOptions & { generations: number },
): Promise<Deepened> {
  return workspace.withLock('fetch', async () => {
    const { store } = workspace
    const missing: ObjectId[] = []
    // One that is here was brought by an attempt that did not come to its end.
    const onAbsent = (id: ObjectId) => void missing.push(id)
    for await (const _ of walkCommits(store.readLocal, [...readShallow(workspace)], { signal, onAbsent }));
    if (missing.length === 0) {
      await writeShallow(workspace, new Set())
      return { commits: 0, absent: 0 }
    }
    const { read } = await source.objects(source.refs.map(source.recordOf))
    const { repositoryId: repository } = source.reader
    const absent = new Set<ObjectId>()
    const here: ObjectId[] = []
    let commits = 0
    const session = await store.begin()
    try {
      const options = { signal, depth: generations, repository, cache: source.cache }
      for (const id of missing) {
        const brought = await downloadHistory(store, session, read, id, { remote: remoteName }, options)
        commits += brought.commits.length
        here.push(...brought.here)
        for (const beyond of brought.absent) absent.add(beyond)
      }
      await session.seal()
    } finally {
      session.abort()
    }
    // One way may have led to what another left out.
    for (const id of absent) if (await store.has('commit', id)) absent.delete(id)
    const doubts = await findDoubts(workspace, here, { remote: remoteName, signal })
    await rememberDoubts(workspace, remoteName, repository, doubts)
    await writeShallow(workspace, absent)
    return { commits, absent: absent.size }
  })
}
