/** `fsck`: finds all that is damaged or missing in a workspace, and repairs what can be (`fsck-repair.ts`).
 *
 *  A full check that is cut off goes on where it stopped. */

import { throwIfAborted } from '../base/abort.ts'
import { UsageError } from '../base/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import { DAMAGED_DIR } from '../store/cache-file.ts'
import { HeldLostError, StoreCorruptError } from '../store/errors.ts'
import { isErrno } from '../store/file-system.ts'
import type { PackDamage } from '../store/local-store.ts'
import { PACK_SUFFIX } from '../store/pack-file.ts'
import type { Workspace } from '../store/workspace.ts'
import { damageFound } from './fsck-damage.ts'
import {
  nothingRepaired,
  type RepairOptions,
  type RepairResult,
  replaceDamaged,
  replaceMissing,
  unlessIntegrity,
} from './fsck-repair.ts'
import { findLoss, type HeldLoss, InPlaceLostError } from './held-check.ts'
import type { ObjectRef } from './needing-files.ts'
import type { OnProgress } from './progress.ts'
import { reachableFrom, rootsOf } from './reachable.ts'
import { damagedRefs, RefDamageError, type RepairedRef, repairRefs } from './ref-repair.ts'
import { isPlainlyMissing, type VerifyLocalReport, verifyLocal } from './verify-local.ts'

export interface FsckOptions extends RepairOptions {
  /** Read and hash every byte (default: indexes and what is reachable). */
  full?: boolean | undefined
  /** Begin a full check anew, even if an earlier one was cut off. */
  restart?: boolean | undefined
  /** Put good copies in the place of what is damaged. */
  repair?: boolean | undefined
  /** Where damaged refs are to be put that nothing tells of: `HEAD=BRANCH`, `heads/main=COMMIT`. */
  refs?: readonly string[] | undefined
  /** Told of each ref that was put back, whatever comes of the rest. */
  onPutBack?: ((ref: RepairedRef) => void) | undefined
  onProgress?: OnProgress | undefined
}

export interface FsckResult {
  report: VerifyLocalReport
  /** Packs that an earlier check, which was cut off, had found whole. */
  skippedPacks: number
  repair: RepairResult | null
}

/** @throws {DamageError} FSCK_DAMAGED, FSCK_MISSING (exit 13) without `repair`; FSCK_LOST (exit 13) if no good copy can be had
 *  @throws {RefDamageError} FSCK_REF_DAMAGED (exit 13) without `repair`; FSCK_REF_UNKNOWN (exit 13)
 *  @throws {InPlaceLostError} FSCK_IN_PLACE_LOST (exit 13), naming the files
 *  @throws {FloeError} of kind integrity (exit 13) for anything else that is not as it must be */
export async function fsck(workspace: Workspace, options: FsckOptions = {}): Promise<FsckResult> {
  const refs = await checkRefs(workspace, options)
  const logs = options.repair ? await workspace.withLock('fsck', () => workspace.refs.salvageReflogs()) : []
  const staging = await checkStaging(workspace, options)
  const found = await inspect(workspace, options)
  if (found.damage.length > 0 && !options.repair)
    throw await damageFound(workspace, { packs: found.damage, missing: [] }, options)
  const repair = found.damage.length > 0 ? await replaceDamaged(workspace, found.damage, options) : nothingRepaired()
  repair.refs = refs
  repair.logs = logs
  repair.staging = staging
  repair.lists = await checkLists(workspace, options)
  if (options.repair) {
    repair.fetched += await bringLost(workspace, options)
    // What was committed in place is to be recorded so again, not copied.
    while (repair.lists.length === 0) {
      const { missing } = await verify(workspace, { ...options, full: false })
      if (missing.length === 0) break
      await replaceMissing(workspace, missing, options, repair)
    }
  }
  const { report, missing } = await verify(workspace, options)
  if (!report || missing.length > 0) {
    const hints = repair.lists.length > 0 ? ['`floe add --in-place PATH` records files again that hold them'] : []
    throw await damageFound(workspace, { packs: [], missing }, { ...options, hints })
  }
  if (options.full) forgetChecked(workspace)
  const { packs, taken, fetched, lists } = repair
  const isRepaired = staging || packs.length + taken + fetched + lists.length + refs.length + logs.length > 0
  return { report, skippedPacks: found.skipped, repair: isRepaired ? repair : null }
}

/** @returns what must be here and is not, and no report if that kept anything from being looked at */
async function verify(workspace: Workspace, options: FsckOptions) {
  const { full, signal, onProgress } = options
  const missing = new Map<string, ObjectRef>()
  const onMissing = ({ kind, id }: ObjectRef) => void missing.set(objectKey(kind, id), { kind, id })
  // Every byte of every pack has been read by now; what is left to be hashed is files as a whole.
  const how = { full, skipPacks: full, signal, onProgress, onMissing }
  const report = await verifyLocal(workspace, how).catch(async (error: unknown) => {
    // The first of them: better all.
    if (error instanceof HeldLostError)
      throw new InPlaceLostError('FSCK_IN_PLACE_LOST', await missedHere(workspace, options))
    if (!isPlainlyMissing(error)) throw error
    const { objectKind, id } = error.data as { objectKind: ObjectKind; id: ObjectId }
    onMissing({ kind: objectKind, id })
    return undefined
  })
  return { report, missing: [...missing.values()] }
}

/** Whatever else is looked at begins with refs. */
async function checkRefs(workspace: Workspace, { repair, refs = [], onPutBack }: FsckOptions): Promise<RepairedRef[]> {
  if (refs.length > 0 && !repair)
    throw new UsageError('FSCK_REF_CHOICE', '--ref says where a repair puts a damaged ref: it needs --repair')
  const { damage, branches } = await damagedRefs(workspace)
  if (damage.length > 0 && !repair) throw new RefDamageError('FSCK_REF_DAMAGED', damage, branches)
  return damage.length + refs.length > 0 ? repairRefs(workspace, refs, onPutBack) : []
}

async function inspect(workspace: Workspace, options: FsckOptions) {
  const { store } = workspace
  const names = store.packNames()
  const checked = options.full && !options.restart ? readChecked(workspace) : undefined
  if (options.full && !checked) forgetChecked(workspace)
  const damage: PackDamage[] = []
  let skipped = 0
  for (const [index, name] of names.entries()) {
    throwIfAborted(options.signal)
    options.onProgress?.({ $kind: 'verifying', doneObjects: index, totalObjects: 2 * names.length })
    if (checked?.covers(name)) {
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

/** A pack that was whole so long ago is read again. */
const CHECKED_MS = 86_400_000

/** Packs that a full check has found whole, if it was cut off or found others damaged: a name per line, the last perhaps
 *  torn. They count for a day, and while nobody has written to them. */
function readChecked({ fs, floeDir, clock }: Workspace): { covers(name: string): boolean } | undefined {
  const path = `${floeDir}/${CHECKED_FILE}`
  try {
    const names = new Set(Buffer.from(fs.readFile(path, MAX_CHECKED_BYTES)).toString('latin1').split('\n'))
    const notedNs = fs.stat(path)?.mtimeNs ?? 0n
    if (clock.now() - Number(notedNs / 1_000_000n) > CHECKED_MS) return undefined
    const changedNs = (name: string) => fs.stat(`${floeDir}/packs/${name}${PACK_SUFFIX}`)?.ctimeNs ?? notedNs
    return { covers: (name) => names.has(name) && changedNs(name) < notedNs }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EFBIG', 'EISDIR', 'ELOOP')) return undefined
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

/** What is staged counts among what is needed, so it is looked at before the rest.
 *  @returns true if it was set aside
 *  @throws {StoreCorruptError} STORE_STAGING_CORRUPT (exit 13) without `repair` */
async function checkStaging(workspace: Workspace, { repair }: FsckOptions): Promise<boolean> {
  try {
    for (const _ of workspace.readStaging().changes()) void _
    return false
  } catch (error) {
    if (!repair || !(error instanceof StoreCorruptError) || error.code !== 'STORE_STAGING_CORRUPT') throw error
    await workspace.withLock('fsck', () => workspace.setStagingAside())
    return true
  }
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
