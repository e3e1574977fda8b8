/** Lists of files that hold chunks, kept short: what nothing refers to goes, what a remote holds is noted, what is to be
 *  forgotten is. Under the workspace lock. */

import type { ObjectId } from '../objects/id.ts'
import type { ObjectSet } from '../objects/object-set.ts'
import type { HeldList } from '../store/held-list.ts'
import type { Workspace } from '../store/workspace.ts'

/** Bytes of the copies that Floe keeps beside the user's files. */
export async function copyBytes(workspace: Workspace): Promise<number> {
  const { held } = workspace.store
  const copies = new Set((await held.lists()).flatMap(({ facts }) => facts.copy ?? []))
  let bytes = 0
  for (const copy of copies) bytes += workspace.fs.stat(held.copyPath(copy))?.bytes ?? 0
  return bytes
}

export interface HeldTidied {
  /** Lists that were taken away. */
  files: number
  /** Bytes of copies deleted with them. */
  bytes: number
}

/** Takes lists away whose chunks nothing refers to, or packs have as well, and what is noted as lost and missed by nobody.
 *  @param isReferenced - of a chunk that a list names
 *  @param olderThanMs - younger lists stay as they are */
export async function tidyHeld(
  workspace: Workspace,
  options: { isReferenced: (id: ObjectId) => boolean; olderThanMs: number; dryRun: boolean },
): Promise<HeldTidied> {
  const { store, fs } = workspace
  const { held, keeper } = store
  const before = await copyBytes(workspace)
  const young = new Set<string>()
  const gone: HeldList[] = []
  for (const list of await held.lists()) {
    const changedMs = Number((fs.stat(`${held.dir}/${list.name}.list`)?.mtimeNs ?? 0n) / 1_000_000n)
    if (changedMs > options.olderThanMs) young.add(list.name)
    else if (!(await isNeeded(workspace, list, options.isReferenced))) gone.push(list)
  }
  if (options.dryRun) {
    const copies = new Set(gone.flatMap(({ facts }) => facts.copy ?? []))
    let bytes = 0
    for (const copy of copies) bytes += fs.stat(held.copyPath(copy))?.bytes ?? 0
    return { files: gone.length, bytes }
  }
  if (gone.length > 0) await held.change([], gone)
  for (const copy of await held.strayCopies()) fs.unlink(held.copyPath(copy))
  // What is noted as lost is noted for whoever misses it.
  const missed = new Set<string>()
  for (const list of await held.lists())
    if (list.counts.lost > 0)
      for (const { id, state } of list.chunks())
        if (state === 'lost' && options.isReferenced(id) && (await store.packsOf('chunk', id)).length === 0)
          missed.add(id)
  await keeper.revise(({ id, state }, { name }) =>
    state === 'lost' && !young.has(name) && !missed.has(id) ? null : state,
  )
  return { files: gone.length, bytes: before - (await copyBytes(workspace)) }
}

async function isNeeded(
  { store }: Workspace,
  list: HeldList,
  isReferenced: (id: ObjectId) => boolean,
): Promise<boolean> {
  for (const chunk of list.chunks())
    if (isReferenced(chunk.id) && (chunk.state === 'lost' || !(await isPacked(store, chunk.id)))) return true
  return false
}

/** True if a pack gives it, not only says that it has it. */
async function isPacked(store: Workspace['store'], id: ObjectId): Promise<boolean> {
  return (await store.packsOf('chunk', id)).length > 0 && (await store.keeper.isPacked(id))
}

/** Notes which chunks a remote holds for certain: their files may then give way.
 *  @returns chunks newly noted */
export async function certifyHeld(workspace: Workspace, certified: ObjectSet): Promise<number> {
  let noted = 0
  await workspace.store.keeper.revise(({ id, state }) => {
    if (state !== 'held' || !certified.has('chunk', id)) return state
    noted++
    return 'certified'
  })
  return noted
}

/** Takes chunks out of every list and deletes the copies that hold them; what else those alone hold is packed first. The
 *  user's own files stay as they are. @returns how many lists that concerned, and bytes of copies deleted */
export async function forgetHeld(workspace: Workspace, doomed: ObjectSet): Promise<{ lists: number; bytes: number }> {
  const { store } = workspace
  const { held, keeper } = store
  const before = await copyBytes(workspace)
  const copies: HeldList[] = []
  for (const list of await held.lists()) {
    if (list.facts.copy === null) continue
    let isDoomed = false
    for (const { id } of list.chunks()) isDoomed ||= doomed.has('chunk', id)
    if (isDoomed) copies.push(list)
  }
  if (copies.length > 0) {
    const session = await store.begin()
    try {
      for (const list of copies)
        for (const chunk of list.chunks()) {
          if (doomed.has('chunk', chunk.id)) continue
          const bytes = held.readChunk(list, chunk)
          if (bytes) await session.putHashed('chunk', chunk.id, bytes)
        }
      await session.seal()
    } finally {
      session.abort()
    }
    await held.change(
      [],
      (await held.lists()).filter(({ name }) => copies.some((copy) => copy.name === name)),
    )
  }
  const revised = await keeper.revise(({ id, state }) => (doomed.has('chunk', id) ? null : state))
  return { lists: copies.length + revised, bytes: before - (await copyBytes(workspace)) }
}
