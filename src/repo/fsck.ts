/** `fsck`: finds all that is damaged in a workspace, and repairs what can be: from what is left of the pack, from other
 *  packs, from the remote.
 *
 *  A full check that is cut off goes on where it stopped. Repairing writes and syncs good copies first, then moves damaged
 *  packs to `.floe/damaged/`, so that a crash in between costs nothing and a person can still look at them. A pack whose
 *  good copies make the very same pack is replaced by it. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError, IntegrityError } from '../base/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { ReadObject } from '../objects/reader.ts'
import { DAMAGED_DIR } from '../store/cache-file.ts'
import { HeldLostError } from '../store/errors.ts'
import { isErrno } from '../store/file-system.ts'
import type { PackDamage } from '../store/local-store.ts'
import type { Workspace } from '../store/workspace.ts'
import { findLoss, type HeldLoss, InPlaceLostError } from './held-check.ts'
import type { OnProgress } from './progress.ts'
import { reachableFrom, rootsOf } from './reachable.ts'
import { type VerifyLocalReport, verifyLocal } from './verify-local.ts'

export interface FsckOptions {
  /** Read and hash every byte (default: indexes and what is reachable). */
  full?: boolean | undefined
  /** Begin a full check anew, even if an earlier one was cut off. */
  restart?: boolean | undefined
  /** Put good copies in the place of what is damaged. */
  repair?: boolean | undefined
  /** Where good copies may be had; asked only for what no local pack has. Opened once, when it is needed. */
  openRemote?: (() => Promise<ReadObject>) | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface FsckResult {
  report: VerifyLocalReport
  /** Packs that an earlier check, which was cut off, had found whole. */
  skippedPacks: number
  repair: RepairResult | null
}

export interface RepairResult {
  packs: string[]
  /** Objects read from what was left of them, from other packs, and from the remote. */
  salvaged: number
  fetched: number
  /** Lists of files committed in place that could not be read, and were set aside. */
  lists: string[]
}

/** Something is damaged, or was and cannot be had again (exit 13). */
export class DamageError extends IntegrityError {
  override name = 'DamageError'
  constructor(code: 'FSCK_DAMAGED' | 'FSCK_LOST', damage: readonly PackDamage[], lost: readonly ObjectRef[]) {
    const objects = code === 'FSCK_LOST' ? lost : damage.flatMap((pack) => pack.damaged)
    const what =
      code === 'FSCK_LOST'
        ? `${lost.length} damaged objects have no good copy here or on a remote; nothing was changed`
        : `${damage.length === 1 ? 'a pack is' : `${damage.length} packs are`} damaged: ${damage[0]!.pack.slice(0, 12)}: ${damage[0]!.reason}`
    super(code, what, {
      data: {
        packs: damage.slice(0, MAX_LISTED).map(({ pack, reason }) => ({ pack, reason })),
        objects: objects.slice(0, MAX_LISTED).map(({ kind, id }) => ({ kind, id })),
        count: objects.length,
      },
      hints:
        code === 'FSCK_LOST'
          ? ['where the files are still in the workspace, `floe add --force PATH` stores their contents again']
          : ['`floe fsck --full --repair` takes good copies from other packs and from the remote'],
    })
  }
}

interface ObjectRef {
  kind: ObjectKind
  id: ObjectId
}

/** How much of what is damaged an error lists. */
const MAX_LISTED = 100

/** @throws {DamageError} FSCK_DAMAGED (exit 13) without `repair`; FSCK_LOST (exit 13) if no good copy can be had
 *  @throws {InPlaceLostError} FSCK_IN_PLACE_LOST (exit 13), naming the files
 *  @throws {FloeError} of kind integrity (exit 13) for anything else that is not as it must be */
export async function fsck(workspace: Workspace, options: FsckOptions = {}): Promise<FsckResult> {
  const found = await inspect(workspace, options)
  if (found.damage.length > 0 && !options.repair) throw new DamageError('FSCK_DAMAGED', found.damage, [])
  const repair = found.damage.length > 0 ? await replaceDamaged(workspace, found.damage, options) : null
  const lists = await checkLists(workspace, options)
  const inPlace = options.repair ? await bringLost(workspace, options) : null
  const { signal, onProgress } = options
  // Every byte of every pack has been read by now; what is left to be hashed is files as a whole.
  const report = await verifyLocal(workspace, {
    full: options.full,
    skipPacks: options.full,
    signal,
    onProgress,
  }).catch(async (error: unknown) => {
    // The first of them: better all.
    if (error instanceof HeldLostError)
      throw new InPlaceLostError('FSCK_IN_PLACE_LOST', await missedHere(workspace, options))
    throw error
  })
  if (options.full) forgetChecked(workspace)
  return { report, skippedPacks: found.skipped, repair: withInPlace(repair, inPlace, lists) }
}

async function inspect(workspace: Workspace, options: FsckOptions) {
  const { store } = workspace
  const names = store.packNames()
  const checked = options.full && !options.restart ? readChecked(workspace) : new Set<string>()
  if (options.full && options.restart) forgetChecked(workspace)
  const damage: PackDamage[] = []
  let skipped = 0
  for (const [index, name] of names.entries()) {
    throwIfAborted(options.signal)
    options.onProgress?.({ $kind: 'verifying', doneObjects: index, totalObjects: 2 * names.length })
    if (checked.has(name)) {
      skipped++
      continue
    }
    const found = await store.packDamage(name, options)
    if (found) damage.push(found)
    else if (options.full) noteChecked(workspace, name)
  }
  return { damage, skipped }
}

const CHECKED_FILE = 'fsck'
const MAX_CHECKED_BYTES = 64 * 2 ** 20

/** Packs that a full check has found whole, if it was cut off: a name per line, the last perhaps torn. */
function readChecked(workspace: Workspace): Set<string> {
  try {
    const text = Buffer.from(workspace.fs.readFile(`${workspace.floeDir}/${CHECKED_FILE}`, MAX_CHECKED_BYTES))
    return new Set(text.toString('latin1').split('\n'))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EFBIG', 'EISDIR', 'ELOOP')) return new Set()
    throw error
  }
}

function noteChecked(workspace: Workspace, name: string): void {
  // A folder in its place costs the next check some time, and nothing else.
  if (workspace.fs.stat(`${workspace.floeDir}/${CHECKED_FILE}`)?.kind === 'directory') return
  const file = workspace.fs.open(`${workspace.floeDir}/${CHECKED_FILE}`, 'append')
  try {
    file.write(Buffer.from(`${name}\n`))
  } finally {
    file.close()
  }
}

function forgetChecked(workspace: Workspace): void {
  const path = `${workspace.floeDir}/${CHECKED_FILE}`
  if (workspace.fs.stat(path)?.kind === 'file') workspace.fs.unlink(path)
}

/** Good copies of all that damaged packs held, in new packs; then the damaged ones are set aside. */
async function replaceDamaged(
  workspace: Workspace,
  damage: readonly PackDamage[],
  options: FsckOptions,
): Promise<RepairResult> {
  return workspace.withLock('fsck', async () => {
    const { store } = workspace
    // Nothing can be read from these, nor is it known what they held: what refs need of it is found missing afterwards.
    const hopeless = damage.filter(({ objects }) => objects.length === 0).map(({ pack }) => pack)
    if (hopeless.length > 0) await store.setAside(hopeless)
    const session = await store.begin()
    const result: RepairResult = { packs: damage.map(({ pack }) => pack), salvaged: 0, fetched: 0, lists: [] }
    const lost: ObjectRef[] = []
    let remote: ReadObject | undefined
    const rescue = async (object: ObjectRef) => {
      throwIfAborted(options.signal)
      const here = await store.readLocal(object.kind, object.id, options).catch(unlessIntegrity)
      if (here) result.salvaged++
      else if (options.openRemote) remote ??= await options.openRemote()
      const bytes = here ?? (await remote?.(object.kind, object.id, options).catch(unlessIntegrity))
      if (bytes && !here) result.fetched++
      if (bytes) await session.replace(object.kind, object.id, bytes)
      else lost.push(object)
    }
    try {
      for (const object of heldBy(damage)) await rescue(object)
      if (lost.length > 0) throw new DamageError('FSCK_LOST', damage, lost)
      await session.seal()
    } finally {
      session.abort()
    }
    // Good copies in the same order make the same pack: that one is whole by now.
    const done = new Set([...hopeless, ...session.packs])
    await store.setAside(result.packs.filter((pack) => !done.has(pack)))
    return result
  })
}

/** @returns lists that were set aside
 *  @throws {StoreCorruptError} STORE_HELD_CORRUPT (exit 13) without `repair` */
async function checkLists(workspace: Workspace, options: FsckOptions): Promise<string[]> {
  const { held } = workspace.store
  held.refresh()
  const damaged = options.full ? await held.checkAll() : await held.damaged()
  if (damaged.length === 0) return []
  if (!options.repair) await held.assertWhole()
  const names = damaged.map(({ name }) => name)
  await workspace.withLock('fsck', () => held.setAside(names, `${workspace.floeDir}/${DAMAGED_DIR}`))
  return names
}

/** What files that were committed in place do not hold any more, as far as anything refers to it. */
async function missedHere(workspace: Workspace, { full, signal }: FsckOptions): Promise<HeldLoss> {
  const among = new ObjectSet()
  const onReference = (id: ObjectId) => void among.add('chunk', id)
  await reachableFrom(workspace, rootsOf(workspace), { signal, onReference })
  return findLoss(workspace, { full, among, signal })
}

/** Copies into packs, from the remote, what files that were committed in place have lost.
 *  @returns how many chunks; what no remote has is found missing afterwards */
async function bringLost(workspace: Workspace, options: FsckOptions): Promise<number> {
  if ((await workspace.store.held.lists()).length === 0) return 0
  return workspace.withLock('fsck', async () => {
    const { chunks } = await missedHere(workspace, options)
    if (chunks.length === 0 || !options.openRemote) return 0
    const remote = await options.openRemote()
    const session = await workspace.store.begin()
    let brought = 0
    try {
      for (const id of chunks) {
        throwIfAborted(options.signal)
        const bytes = await remote('chunk', id, options).catch(unlessIntegrity)
        if (!bytes) continue
        await session.putHashed('chunk', id, bytes)
        brought++
      }
      await session.seal()
    } finally {
      session.abort()
    }
    const { keeper } = workspace.store
    const here = new ObjectSet()
    for (const id of chunks) if (await keeper.isPacked(id)) here.add('chunk', id)
    await keeper.revise(({ id, state }) => (here.has('chunk', id) ? null : state))
    return brought
  })
}

function withInPlace(repair: RepairResult | null, brought: number | null, lists: string[]): RepairResult | null {
  if (!repair && !brought && lists.length === 0) return null
  const { packs, salvaged, fetched } = repair ?? { packs: [], salvaged: 0, fetched: 0 }
  return { packs, salvaged, fetched: fetched + (brought ?? 0), lists }
}

/** What the damaged packs held, damaged or not, each object once. */
function heldBy(damage: readonly PackDamage[]): Iterable<ObjectRef> {
  return new Map(
    damage.flatMap(({ objects }) => objects.map((object) => [objectKey(object.kind, object.id), object])),
  ).values()
}

/** An object that is missing or wrong is asked for elsewhere; a network that cannot be reached is the user's to know. */
function unlessIntegrity(error: unknown): undefined {
  if (error instanceof FloeError && error.kind === 'integrity') return undefined
  throw error
}
