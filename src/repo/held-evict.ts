/** What eviction does with files committed in place: copies of them that Floe keeps go like packs, and of the files themselves
 *  it is noted that they may give way. */

import type { ObjectId, ObjectKind } from '../objects/id.ts'
import type { ObjectSet } from '../objects/object-set.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { certifiedChunks } from './certified-chunks.ts'
import { ownAddress } from './gc-remote.ts'
import { certifyHeld, copyBytes } from './held-upkeep.ts'
import { readRemote } from './remote.ts'
import { seenPushes } from './remote-memory.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource } from './remote-source.ts'

/** A copy of which nothing would be missed. */
export interface CopyToEvict {
  name: string
  copy: string
  bytes: number
  objects: { kind: ObjectKind; id: ObjectId }[]
  rest: []
  gone: number
  isInUse: boolean
}

/** Floe's own copies of files, and how many chunks are in such that no remote and no pack has. */
export async function copiesToEvict(
  { store, fs }: Workspace,
  maySafelyGo: (kind: ObjectKind, id: ObjectId) => boolean,
  inUse: ObjectSet,
): Promise<{ copies: CopyToEvict[]; uncertified: number }> {
  const { held } = store
  const byName = new Map<string, { objects: CopyToEvict['objects']; uncertified: number }>()
  for (const list of await held.lists()) {
    const { copy } = list.facts
    if (copy === null) continue
    const found = byName.get(copy) ?? { objects: [], uncertified: 0 }
    byName.set(copy, found)
    for (const { id, state } of list.chunks()) {
      found.objects.push({ kind: 'chunk', id })
      if (state !== 'certified' && !maySafelyGo('chunk', id) && !(await store.keeper.isPacked(id))) found.uncertified++
    }
  }
  let uncertified = 0
  const copies: CopyToEvict[] = []
  for (const [copy, found] of byName) {
    uncertified += found.uncertified
    if (found.uncertified > 0) continue
    const { objects } = found
    const isInUse = objects.some(({ kind, id }) => inUse.has(kind, id))
    const bytes = fs.stat(held.copyPath(copy))?.bytes ?? 0
    copies.push({ name: copy, copy, bytes, objects, rest: [], gone: objects.length, isInUse })
  }
  return { copies, uncertified }
}

/** Deletes copies. Under the workspace lock. @returns bytes gained */
export async function dropCopies(workspace: Workspace, copies: readonly string[]): Promise<number> {
  if (copies.length === 0) return 0
  const { held } = workspace.store
  const before = await copyBytes(workspace)
  const doomed = new Set(copies)
  await held.change(
    [],
    (await held.lists()).filter(({ facts }) => facts.copy !== null && doomed.has(facts.copy)),
  )
  return before - (await copyBytes(workspace))
}

/** True if a file committed in place holds what no remote is known to have. */
export async function holdsInPlace({ store }: Workspace): Promise<boolean> {
  return (await store.held.lists()).some(({ counts }) => counts.held > 0)
}

/** Notes which chunks of files committed in place the remote holds, so that the files may give way: what `push` does when it
 *  is done. What others are said to hold does not count, and nothing is read back.
 *  @returns chunks newly noted */
export async function noteCertified(
  dir: string,
  options: RemoteOptions & { remote?: string | undefined },
): Promise<number> {
  await using workspace = await openWorkspace(dir)
  if (!(await holdsInPlace(workspace))) return 0
  const place = readRemote(workspace, options.remote)
  const seen = seenPushes(workspace, place.name, place.repository)
  await using source = await openRemoteSource(place.network, place.repository, options, seen)
  const own = await ownAddress(source.context, true)
  const { held } = await certifiedChunks(workspace, place.name, source, own, options)
  return workspace.withLock('push', () => certifyHeld(workspace, held), { signal: options.signal })
}
