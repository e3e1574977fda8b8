/** Writing local packs anew: put together, or without certain objects. What is kept is durable before what it replaces
 *  goes, and a reader that still looks for an old pack finds the object in a new one. Under the workspace lock. */

import { throwIfAborted } from '../base/abort.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import type { ObjectSet } from '../objects/object-set.ts'
import { DEFAULT_PACK_BYTES, type PackKind } from '../objects/pack.ts'
import { createPackFile, type PackBuilder } from '../store/pack-file.ts'
import type { Workspace } from '../store/workspace.ts'
import { forgetHeld } from './held-upkeep.ts'

interface Stored {
  kind: ObjectKind
  id: ObjectId
}

export interface WrittenPacks {
  /** Names: a pack that was there already among them. */
  packs: Set<string>
  bytes: number
}

/** Copies objects into new packs, in the order given. */
export async function writePacks(
  workspace: Workspace,
  objects: readonly Stored[],
  options: { signal?: AbortSignal | undefined },
): Promise<WrittenPacks> {
  const { store, fs, floeDir, tmpDir } = workspace
  const made: WrittenPacks = { packs: new Set(), bytes: 0 }
  const builders = new Map<PackKind, PackBuilder>()
  const pathOf = (name: string) => `${floeDir}/packs/${name}.pack`
  const finish = async (builder: PackBuilder) => {
    const { name } = await builder.finish(pathOf)
    if (!made.packs.has(name)) made.bytes += fs.stat(pathOf(name))?.bytes ?? 0
    made.packs.add(name)
  }
  try {
    for (const { kind, id } of objects) {
      throwIfAborted(options.signal)
      const packKind: PackKind = kind === 'chunk' ? 'data' : 'meta'
      const bytes = await store.readLocal(kind, id, options)
      let builder = builders.get(packKind)
      if (builder && !(await builder.hasRoom(bytes.length))) {
        builders.delete(packKind)
        await finish(builder)
        builder = undefined
      }
      builder ??= createPackFile(fs, tmpDir, packKind, DEFAULT_PACK_BYTES)
      builders.set(packKind, builder)
      await builder.add(kind, id, bytes)
    }
    for (const [kind, builder] of [...builders]) {
      builders.delete(kind)
      await finish(builder)
    }
  } finally {
    for (const builder of builders.values()) builder.abort()
  }
  if (made.packs.size > 0) await fs.syncDirectory(`${floeDir}/packs`)
  return made
}

/** Packs that hold any of the objects, with the objects that they hold besides; data packs first. */
export async function packsWith(
  workspace: Workspace,
  doomed: ObjectSet,
): Promise<{ name: string; kind: PackKind; bytes: number; rest: Stored[] }[]> {
  const { store } = workspace
  const found: { name: string; kind: PackKind; bytes: number; rest: Stored[] }[] = []
  for (const { name, kind, bytes } of await store.packs()) {
    const objects = await store.packObjects(name)
    const rest = objects.filter((object) => !doomed.has(object.kind, object.id))
    if (rest.length < objects.length) found.push({ name, kind, bytes, rest })
  }
  return found.sort((a, b) => Number(a.kind === 'meta') - Number(b.kind === 'meta'))
}

/** Takes objects out of the local packs. What refers to contents goes last, so that one who is cut off finds out again what
 *  was to go.
 *  @returns packs that were written anew or deleted, and by how many bytes they shrank */
export async function removeObjects(
  workspace: Workspace,
  doomed: ObjectSet,
  options: { signal?: AbortSignal | undefined },
): Promise<{ packs: number; freed: number }> {
  const { bytes } = await forgetHeld(workspace, doomed)
  const found = await packsWith(workspace, doomed)
  let freed = bytes
  for (const kind of ['data', 'meta'] as const)
    freed += await replacePacks(
      workspace,
      found.filter((pack) => pack.kind === kind),
      options,
    )
  return { packs: found.length, freed }
}

/** Puts what is kept of packs into new ones, and deletes them. @returns bytes gained */
export async function replacePacks(
  workspace: Workspace,
  packs: readonly { name: string; bytes: number; rest: readonly Stored[] }[],
  options: { signal?: AbortSignal | undefined },
): Promise<number> {
  if (packs.length === 0) return 0
  const made = await writePacks(
    workspace,
    packs.flatMap(({ rest }) => rest),
    options,
  )
  await workspace.store.dropPacks(packs.map(({ name }) => name).filter((name) => !made.packs.has(name)))
  return packs.reduce((sum, { bytes }) => sum + bytes, 0) - made.bytes
}
