/** `gc`: deletes local objects that nothing refers to, and puts small packs together.
 *
 *  Nothing younger than the grace period goes: whoever is about to refer to it has that long. What is kept is written and
 *  synced before what it replaces is deleted, and a reader that still looks for an old pack finds the object in a new one. */

import { throwIfAborted } from '../base/abort.ts'
import { IntegrityError } from '../base/errors.ts'
import { walkCommits } from '../history/commits.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { PackInfo } from '../store/local-store.ts'
import type { Workspace } from '../store/workspace.ts'
import { hasRemote } from './fsck-damage.ts'
import { type HeldTidied, tidyHeld } from './held-upkeep.ts'
import { type Reachable, reachableFrom, rootsOf } from './reachable.ts'
import { writePacks } from './repack.ts'
import { readShallow } from './sparse.ts'
import { isPlainlyMissing, verifyLocal } from './verify-local.ts'

export interface GcOptions {
  /** Packs younger than this keep all their objects (default 14 days). */
  graceMs?: number | undefined
  /** Versions that only a log of a ref remembers go when the entry is older than this (default 90 days). */
  reflogMs?: number | undefined
  /** Only say what would be done. */
  dryRun?: boolean | undefined
  signal?: AbortSignal | undefined
}

export interface GcResult {
  dryRun: boolean
  /** Objects that something refers to, and local ones that nothing does. */
  reachable: number
  unreachable: number
  /** Of the unreachable ones, those that are too young to go. */
  kept: number
  packs: { before: number; after: number; deleted: number; rewritten: number }
  bytes: { before: number; after: number; freed: number }
  /** Files committed in place that nothing refers to any more: forgotten, and the bytes of Floe's own copies of them. */
  inPlace: HeldTidied
}

export const DEFAULT_REFLOG_MS: number = 90 * 86_400_000
export const DEFAULT_GRACE_MS: number = 14 * 86_400_000
/** A pack below this size is small. */
const SMALL_PACK_BYTES = 16 * 2 ** 20
/** Small packs of a kind that are left alone. */
const MAX_SMALL_PACKS = 4
/** A pack is rewritten if at least this share of its objects is dead. */
const REWRITE_SHARE = 0.25

/** @throws {LockedError} LOCKED (exit 11) while another command writes
 *  @throws {IntegrityError} GC_MISSING (exit 13) if a part of history is missing that no remote has: then nothing is deleted
 *  @throws {FloeError} OBJECT_… (exit 13) if something that is referred to cannot be read: then nothing is deleted */
export async function gc(workspace: Workspace, options: GcOptions = {}): Promise<GcResult> {
  const { dryRun = false } = options
  return workspace.withLock('gc', async () => {
    const { store } = workspace
    store.refresh()
    await store.checkIndex()
    await store.held.assertWhole()
    const hasHeld = (await store.held.lists()).length > 0
    const referenced = new ObjectSet()
    const live = await reachableFrom(
      workspace,
      rootsOf(workspace, workspace.clock.now() - (options.reflogMs ?? DEFAULT_REFLOG_MS)),
      { ...options, onReference: hasHeld ? (id) => void referenced.add('chunk', id) : undefined },
    )
    if (live.hasGaps) await refuseLoss(workspace, options)
    const packs = await assess(workspace, live, options)
    const gone = packs.filter(({ fate }) => fate !== 'stays')
    const rewritten = gone.filter(({ fate }) => fate === 'rewritten')
    const before = sum(packs.map(({ info }) => info.bytes))
    let made: { packs: Set<string>; bytes: number }
    if (dryRun) made = estimate(rewritten)
    else {
      made = await rewrite(workspace, rewritten, live, options)
      const names = gone.map(({ info }) => info.name).filter((name) => !made.packs.has(name))
      if (names.length > 0) await store.dropPacks(names)
    }
    const inPlace = hasHeld
      ? await tidyHeld(workspace, {
          isReferenced: (id) => referenced.has('chunk', id),
          olderThanMs: workspace.clock.now() - (options.graceMs ?? DEFAULT_GRACE_MS),
          dryRun,
        })
      : { files: 0, bytes: 0 }
    const after = before - sum(gone.map(({ info }) => info.bytes)) + made.bytes
    return {
      dryRun,
      reachable: live.objects.size,
      unreachable: sum(packs.map(({ dead }) => dead)),
      kept: sum(packs.map(({ dead, fate, isYoung }) => (fate === 'stays' || isYoung ? dead : 0))),
      packs: {
        before: packs.length,
        after: packs.length - gone.length + made.packs.size,
        deleted: gone.length - rewritten.length,
        rewritten: rewritten.length,
      },
      bytes: { before, after, freed: before - after },
      inPlace,
    }
  })
}

/** What was never fetched may be absent. What was made here may not: without it, all that only it leads to would look like
 *  garbage, and a pack that comes back from a backup, or from `.floe/damaged`, would find it gone. Where there is a remote,
 *  that can be told of commits alone, of which a fetch brings all that a shallow clone does not leave out. */
async function refuseLoss(workspace: Workspace, { signal }: GcOptions): Promise<void> {
  const { store, refs } = workspace
  const refuse = (cause?: unknown) => {
    throw new IntegrityError('GC_MISSING', 'a part of history is missing here, and what it leads to would go too', {
      hints: [
        'nothing was deleted; `floe fsck` names what is missing, `floe fsck --repair` looks for good copies',
        'a branch, tag or stash that cannot be repaired is in the way no more once it is deleted',
      ],
      cause,
    })
  }
  const shallow = readShallow(workspace)
  const tips = [...refs.list().map(({ id }) => id), ...[refs.headCommit()].filter((id) => id !== null)]
  const onAbsent = (id: ObjectId) => void (shallow.has(id) || refuse(new ObjectMissingError('commit', id)))
  for await (const _ of walkCommits(store.readLocal, tips, { onAbsent, signal })) void _
  if (hasRemote(workspace) || shallow.size > 0) return
  try {
    await verifyLocal(workspace, { signal, onMissing: ({ kind }) => void (kind === 'map' && refuse()) })
  } catch (error) {
    if (!isPlainlyMissing(error)) throw error
    refuse(error)
  }
}

interface Assessed {
  info: PackInfo
  isYoung: boolean
  dead: number
  fate: 'stays' | 'deleted' | 'rewritten'
}

async function assess(workspace: Workspace, live: Reachable, options: GcOptions): Promise<Assessed[]> {
  const { store, fs, clock } = workspace
  const graceMs = options.graceMs ?? DEFAULT_GRACE_MS
  /** An object that two packs hold is needed once: the larger pack keeps it, if it is whole. By the order of live objects,
   *  numbers of packs plus 1. */
  const owners = new Uint32Array(live.objects.size)
  const whole = new Set<number>()
  const packs: Assessed[] = []
  for (const info of (await store.packs()).sort((a, b) => b.bytes - a.bytes)) {
    throwIfAborted(options.signal)
    const modifiedMs = Number((fs.stat(info.path)?.mtimeNs ?? 0n) / 1_000_000n)
    const isYoung = clock.now() - modifiedMs < graceMs
    let dead = 0
    for (const { kind, id } of await store.walkPack(info.name)) {
      const order = live.objects.orderOf(kind, id)
      const owner = order < 0 ? 0 : owners[order]!
      if (owner > 0 && !whole.has(owner)) {
        await store.verifyPack(packs[owner - 1]!.info.name, options)
        whole.add(owner)
      }
      if (order < 0 || owner > 0) dead++
      else owners[order] = packs.length + 1
    }
    const isDead = dead === info.objects
    const isWorth = dead >= REWRITE_SHARE * info.objects && dead > 0
    packs.push({ info, isYoung, dead, fate: isYoung ? 'stays' : isDead ? 'deleted' : isWorth ? 'rewritten' : 'stays' })
  }
  for (const kind of ['data', 'meta'] as const) {
    const small = packs.filter((pack) => pack.info.kind === kind && pack.info.bytes < SMALL_PACK_BYTES)
    const left = small.filter(({ fate }) => fate !== 'deleted')
    if (left.length > MAX_SMALL_PACKS) for (const pack of left) pack.fate = 'rewritten'
  }
  return packs
}

/** Writes what is kept of the packs: of old ones the live objects, of young ones all. */
async function rewrite(workspace: Workspace, packs: readonly Assessed[], live: Reachable, options: GcOptions) {
  const { store } = workspace
  const wanted = new Map<string, { kind: ObjectKind; id: ObjectId }>()
  for (const { info, isYoung } of packs)
    for (const object of await store.packObjects(info.name)) {
      const { kind, id } = object
      if (isYoung || live.objects.has(kind, id)) wanted.set(objectKey(kind, id), object)
    }
  // Objects of one file were met one after the other, and belong beside each other.
  const order = ({ kind, id }: { kind: ObjectKind; id: ObjectId }) => {
    const met = live.objects.orderOf(kind, id)
    return met < 0 ? live.objects.size : met
  }
  const sorted = [...wanted.values()].sort((a, b) => order(a) - order(b))
  return writePacks(workspace, sorted, options)
}

/** Sizes by the share of objects that is kept: how well the rest packs is known only once it is packed. */
function estimate(packs: readonly Assessed[]): { packs: Set<string>; bytes: number } {
  const share = ({ info, dead, isYoung }: Assessed) => (isYoung ? 1 : 1 - dead / Math.max(1, info.objects))
  const bytes = sum(packs.map((pack) => Math.round(pack.info.bytes * share(pack))))
  return { packs: new Set(packs.map(({ info }) => info.kind)), bytes }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
