/** The repairs of `fsck`: good copies are written and synced first, from what is left of a damaged pack, from other packs,
 *  from the files of the workspace and from the remote, in this order. Then damaged packs are moved to `.floe/damaged/`, so that a
 *  crash in between costs nothing and a person can still look at them. A pack whose good copies make the very same pack is
 *  replaced by it. Under no circumstances is anything deleted. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import { objectKey } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { PackDamage, WriteSession } from '../store/local-store.ts'
import { PACK_SUFFIX } from '../store/pack-file.ts'
import type { SalvagedLog } from '../store/refs.ts'
import type { Workspace } from '../store/workspace.ts'
import { FileCopies } from './file-copies.ts'
import { damageLeft } from './fsck-damage.ts'
import { type Needs, needsOf, type ObjectRef } from './needing-files.ts'
import type { RepairedRef } from './ref-repair.ts'

export interface RepairOptions {
  /** Where good copies may be had; asked only for what is nowhere here. Opened once, when it is needed. */
  openRemote?: (() => Promise<ReadObject>) | undefined
  signal?: AbortSignal | undefined
}

export interface RepairResult {
  /** Those that were damaged. */
  packs: string[]
  /** Objects read from what was left of them and from other packs, from files of the workspace, and from the remote. */
  salvaged: number
  taken: number
  fetched: number
  /** Objects that could not be had again and that nothing refers to any more. */
  unneeded: number
  /** Some of the files that objects were taken from, and how many. */
  files: { path: string; objects: number }[]
  /** Lists of files committed in place that could not be read, and were set aside. */
  lists: string[]
  /** What was staged could not be read, and was set aside. */
  staging: boolean
  /** HEAD and other refs that were put back. */
  refs: RepairedRef[]
  /** Logs of refs of which lines were left out. */
  logs: SalvagedLog[]
}

/** Files that the result names. */
const MAX_FILES = 100

export function nothingRepaired(): RepairResult {
  return {
    packs: [],
    salvaged: 0,
    taken: 0,
    fetched: 0,
    unneeded: 0,
    files: [],
    lists: [],
    staging: false,
    refs: [],
    logs: [],
  }
}

/** Good copies of all that damaged packs held, in new packs; then the damaged ones are set aside.
 *  @throws {DamageError} FSCK_LOST (exit 13) if there are none of something that is needed; of the rest there are then */
export async function replaceDamaged(
  workspace: Workspace,
  damage: readonly PackDamage[],
  options: RepairOptions,
): Promise<RepairResult> {
  const result = nothingRepaired()
  result.packs = damage.map(({ pack }) => pack)
  await workspace.withLock('fsck', async () => {
    const { store, fs, floeDir } = workspace
    // Nothing can be read from these. Of some it is not known what they held: what refs need of it is found missing
    // afterwards. A folder would be in the way of a pack that is made again.
    const isFolder = (pack: string) => fs.stat(`${floeDir}/packs/${pack}${PACK_SUFFIX}`)?.kind === 'directory'
    const isHopeless = ({ objects, pack }: PackDamage) => objects.length === 0 || isFolder(pack)
    const hopeless = damage.filter(isHopeless).map(({ pack }) => pack)
    if (hopeless.length > 0) await store.setAside(hopeless)
    const objects = heldBy(damage)
    await using rescue = new Rescue(workspace, objects, options)
    const session = await store.begin()
    const [lost, elsewhere]: ObjectRef[][] = [[], []]
    try {
      for (const object of objects) {
        const good = await rescue.find(object)
        if (good) {
          await session.replace(object.kind, object.id, good.bytes)
          note(result, good)
          if (good.from !== 'pack') elsewhere!.push(object)
        } else if ((await rescue.needs()).isNeeded(object)) lost!.push(object)
        else result.unneeded++
      }
      if (lost!.length === 0) await session.seal()
    } finally {
      session.abort()
    }
    if (lost!.length > 0) {
      // What can be read from the damaged packs stays there.
      await storeGood(workspace, rescue, elsewhere!)
      throw await rescue.failure(lost!, damage, elsewhere!.length)
    }
    // Good copies in the same order make the same pack: that one is whole by now.
    const done = new Set([...hopeless, ...session.packs])
    await store.setAside(result.packs.filter((pack) => !done.has(pack)))
  })
  return result
}

/** Stores again what is in no pack.
 *  @throws {DamageError} FSCK_LOST (exit 13) if something cannot be had; the rest is stored then */
export async function replaceMissing(
  workspace: Workspace,
  missing: readonly ObjectRef[],
  options: RepairOptions,
  result: RepairResult,
): Promise<void> {
  await workspace.withLock('fsck', async () => {
    await using rescue = new Rescue(workspace, missing, options)
    const session = await workspace.store.begin()
    const lost: ObjectRef[] = []
    try {
      for (const object of missing) {
        const good = await rescue.find(object)
        if (good) {
          await session.putHashed(object.kind, object.id, good.bytes)
          note(result, good)
        } else lost.push(object)
      }
      await session.seal()
    } finally {
      session.abort()
    }
    if (lost.length > 0) throw await rescue.failure(lost, [], missing.length - lost.length)
  })
}

async function storeGood(workspace: Workspace, rescue: Rescue, objects: readonly ObjectRef[]): Promise<void> {
  if (objects.length === 0) return
  const session: WriteSession = await workspace.store.begin()
  try {
    for (const object of objects) {
      const good = await rescue.find(object)
      if (good) await session.replace(object.kind, object.id, good.bytes)
    }
    await session.seal()
  } finally {
    session.abort()
  }
}

interface Good {
  bytes: Uint8Array
  from: 'pack' | 'file' | 'remote'
  path?: string
}

/** Looks for good copies, at what costs least first. */
class Rescue implements AsyncDisposable {
  readonly #workspace: Workspace
  readonly #objects: readonly ObjectRef[]
  readonly #options: RepairOptions
  #needs: Promise<Needs> | undefined
  #copies: FileCopies | undefined
  #remote: ReadObject | undefined

  constructor(workspace: Workspace, objects: readonly ObjectRef[], options: RepairOptions) {
    this.#workspace = workspace
    this.#objects = objects
    this.#options = options
  }

  /** What needs the objects. */
  needs(): Promise<Needs> {
    this.#needs ??= needsOf(this.#workspace, this.#objects, this.#options.signal)
    return this.#needs
  }

  async find(object: ObjectRef): Promise<Good | undefined> {
    const { kind, id } = object
    const { signal, openRemote } = this.#options
    throwIfAborted(signal)
    const here = await this.#workspace.store.readLocal(kind, id, { signal }).catch(unlessIntegrity)
    if (here) return { bytes: here, from: 'pack' }
    this.#copies ??= new FileCopies(this.#workspace, this.#objects, await this.needs(), signal)
    const copy = await this.#copies.find(object)
    if (copy) return { ...copy, from: 'file' }
    if (openRemote) this.#remote ??= await openRemote()
    const there = await this.#remote?.(kind, id, { signal }).catch(unlessIntegrity)
    return there && { bytes: there, from: 'remote' }
  }

  async failure(lost: readonly ObjectRef[], damage: readonly PackDamage[], stored: number): Promise<FloeError> {
    const left = new Set(lost.map(({ kind, id }) => objectKey(kind, id)))
    const packs: PackDamage[] = []
    for (const pack of damage) {
      // Each is told of once.
      const damaged = pack.objects.filter(({ kind, id }) => left.delete(objectKey(kind, id)))
      if (damaged.length > 0) packs.push({ ...pack, damaged })
    }
    const missing = lost.filter(({ kind, id }) => left.has(objectKey(kind, id)))
    const askedRemote = this.#options.openRemote !== undefined
    return damageLeft(this.#workspace, { packs, missing }, await this.needs(), { stored, askedRemote })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#copies?.[Symbol.asyncDispose]()
  }
}

function note(result: RepairResult, { from, path }: Good): void {
  if (from === 'pack') result.salvaged++
  else if (from === 'remote') result.fetched++
  else {
    result.taken++
    const file = result.files.find((known) => known.path === path)
    if (file) file.objects++
    else if (result.files.length < MAX_FILES) result.files.push({ path: path!, objects: 1 })
  }
}

/** What the damaged packs held, damaged or not, each object once. */
function heldBy(damage: readonly PackDamage[]): ObjectRef[] {
  const objects = damage.flatMap((pack) => pack.objects)
  return [...new Map(objects.map((object) => [objectKey(object.kind, object.id), object])).values()]
}

/** An object that is missing or wrong is asked for elsewhere; a network that cannot be reached is the user's to know. */
export function unlessIntegrity(error: unknown): undefined {
  if (error instanceof FloeError && error.kind === 'integrity') return undefined
  throw error
}
