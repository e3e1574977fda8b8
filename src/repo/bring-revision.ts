/** Bringing a version that this workspace knows by name only, so that it can be checked out and looked at without the
 *  network from then on: history is lazy, and a clone has the contents of one version. */

import { readCommit } from '../history/commits.ts'
import { resolveRevision } from '../history/revision.ts'
import { openWorkspace } from '../store/workspace.ts'
import { bringTree } from './bring.ts'
import { readRemote } from './remote.ts'
import { seenPushes } from './remote-memory.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource } from './remote-source.ts'
import { readSparse } from './sparse.ts'
import { headTreeHere } from './version-here.ts'
import { revisionSource } from './versions.ts'

/** @returns bytes taken from storage nodes
 *  @throws {RemoteIntegrityError} REMOTE_TIP_INCOMPLETE (exit 13) if no ref of the remote leads to all of it; REMOTE_LOG_SHRUNK */
export async function bringRevision(
  dir: string,
  revision: string,
  options: RemoteOptions & { remote?: string | undefined },
): Promise<{ downloadedBytes: number }> {
  await using workspace = await openWorkspace(dir)
  const { name, network, repository } = readRemote(workspace, options.remote)
  const revisions = await revisionSource(workspace)
  const tip = await resolveRevision(revisions, revision)
  const { tree } = await readCommit(revisions.read, tip, options)
  // An end point that lags behind what has been seen would make an honest tip look incomplete.
  const seen = seenPushes(workspace, name, repository)
  await using source = await openRemoteSource(network, repository, options, seen)
  const objects = await source.objects(source.refs.map(source.recordOf))
  await workspace.withLock('bring', async () => {
    const base = await headTreeHere(workspace)
    // What is said to be complete is not looked at: no base may be what is to be brought, or lack its root.
    const isBase = base !== undefined && base !== tree && (await workspace.store.has('tree', base))
    const includes = readSparse(workspace)?.includes
    const request = { tree, bases: isBase ? [base] : [], includes, tip, blame: {} }
    await bringTree(workspace, objects, source.cache, request, options)
  })
  return { downloadedBytes: objects.downloadedBytes }
}
