/** The remote's part of a purge: its branches are moved to the new history and out of the packs that hold the contents,
 *  whose removal is then proposed. What cannot be moved from here is named: tags never move, and a branch whose history
 *  is not here, or has gone on, is somebody else's.
 *
 *  Everything is found out from the remote itself, so that a run that was cut off is simply repeated. */

import { isAncestor, walkCommits } from '../history/commits.ts'
import { rewriteHistory } from '../history/rewrite.ts'
import type { PackRecord, RefRecord } from '../ledger/repository-records.ts'
import { type ObjectId, objectKey } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import { createMemoryObjects, type ReadObject } from '../objects/reader.ts'
import { walkTree } from '../objects/tree.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { readAllPacks } from './expiry.ts'
import { gcRemote, type RemovablePack, removable } from './gc-remote.ts'
import { findHoldingPacks } from './pack-contents.ts'
import { findPackUse } from './pack-use.ts'
import type { PurgeOptions } from './purge.ts'
import { contentsBesides, contentsOf, type DoomedContents } from './purge-contents.ts'
import { push, pushBudget } from './push.ts'
import { localRefName, readRemote } from './remote.ts'
import { StalePushError } from './remote-errors.ts'
import { absentWhereGone, openRemoteSource, type RemoteSource, withRefs } from './remote-source.ts'

export interface PurgeRemoteResult {
  remote: string
  network: string
  repository: string
  /** Branches that are, or would be, moved: to another commit, or only out of the packs. `nowhere`: objects of the version
   *  that have expired and are not here, so that it cannot be read. */
  pushed: { ref: string; from: string; to: string; digest: string | null; nowhere: number }[]
  /** Refs that hold the contents still. `tag`: it never moves. `not-here`: no branch of that name here. `moved`: it has
   *  versions that are not here. */
  skipped: { ref: string; reason: 'tag' | 'not-here' | 'moved' }[]
  /** Packs with the contents whose removal is proposed, or would be. */
  packs: RemovablePack[]
  /** What these packs held besides that only this workspace needs, and that was brought here before. */
  brought: { objects: number; bytes: number }
  /** Packs with the contents that some ref needs still, or that cannot be removed. */
  inUse: { number: number; bytes: number }[]
  /** Entry of the log at which the old history can be cloned as long as its packs are there; -1: none. */
  lastLog: number
}

interface RemotePlan {
  targets: ObjectSet
  /** Numbers of the packs with the contents. */
  holding: ReadonlySet<number>
  packs: readonly PackRecord[]
  moves: { row: RefRecord; to: ObjectId }[]
  /** Branches whose versions hold none of it, and that may need other things in the packs. */
  same: RefRecord[]
  skipped: PurgeRemoteResult['skipped']
  lastLog: number
}

/** What would be done. */
export async function planPurgeRemote(
  dir: string,
  remote: string,
  doomed: DoomedContents,
  options: PurgeOptions,
): Promise<PurgeRemoteResult> {
  await using workspace = await openWorkspace(dir)
  const place = readRemote(workspace, remote)
  await using source = await openRemoteSource(place.network, place.repository, options)
  const plan = await planRemote(workspace, source, doomed, options)
  const walrus = await source.context.walrus()
  const nowMs = workspace.clock.now()
  const held = plan.packs.filter((pack) => plan.holding.has(pack.number))
  // A tag, or a branch that stays, may need something in them: which, only the pushes before would show.
  const stays = plan.skipped.length > 0
  return {
    ...result(remote, place, plan),
    pushed: plan.moves.map(({ row, to }) => ({
      ref: localRefName(row.name),
      from: row.commit!,
      to,
      digest: null,
      nowhere: 0,
    })),
    brought: { objects: 0, bytes: 0 },
    packs: stays
      ? []
      : held.map((pack) =>
          removable(pack, Math.max(pack.retainUntilMs, nowMs + source.state.graceMs, pack.removableMs), null, walrus),
        ),
    inUse: stays ? held.map(({ number, bytes }) => ({ number, bytes })) : [],
  }
}

/** @param contents - gets what the paths consist of in any version of the remote, whether it is here or not */
export async function purgeRemote(
  dir: string,
  remote: string,
  doomed: DoomedContents,
  options: PurgeOptions,
  contents: ObjectSet,
): Promise<PurgeRemoteResult> {
  const pushed: PurgeRemoteResult['pushed'] = []
  let plan: RemotePlan
  let place: { network: string; repository: string }
  {
    await using workspace = await openWorkspace(dir)
    place = readRemote(workspace, remote)
    await using source = await openRemoteSource(place.network, place.repository, options)
    plan = await planRemote(workspace, source, doomed, options)
    contents.addAll(plan.targets)
  }
  const packs = [...plan.holding]
  // One for all branches: the limit is the command's.
  const budget = pushBudget(options)
  const move = async (row: RefRecord, commit: ObjectId) => {
    const ref = localRefName(row.name)
    const { paths: _, ...rest } = options
    const from = row.commit!
    try {
      const repack = { packs, from, commit, budget }
      const { digest = null, nowhere = 0 } = await push(dir, { ...rest, remote, ref, force: true, repack })
      pushed.push({ ref, from, to: commit, digest, nowhere })
    } catch (error) {
      // Somebody pushed since the remote was looked at: force must not take that away.
      if (!(error instanceof StalePushError)) throw error
      plan.skipped.push({ ref, reason: 'moved' })
    }
  }
  for (const { row, to } of plan.moves) await move(row, to)
  if (packs.length > 0)
    for (const row of await stillNeeding(dir, remote, plan, options)) await move(row, row.commit as ObjectId)
  const isOurs = (pack: PackRecord) => plan.holding.has(pack.number) || pack.kind === 'meta'
  const { proposed, waiting, brought } =
    packs.length > 0 || pushed.length > 0
      ? await gcRemote(dir, { ...options, remote, only: isOurs, bringNeeded: true })
      : { proposed: [], waiting: [], brought: { objects: 0, bytes: 0 } }
  const going = [...proposed, ...waiting].filter(({ number }) => plan.holding.has(number))
  const numbers = new Set(going.map(({ number }) => number))
  return {
    ...result(remote, place, plan),
    pushed,
    packs: going,
    brought,
    inUse: plan.packs
      .filter(({ number }) => plan.holding.has(number) && !numbers.has(number))
      .map(({ number, bytes }) => ({ number, bytes })),
  }
}

function result(remote: string, { network, repository }: { network: string; repository: string }, plan: RemotePlan) {
  return { remote, network, repository, skipped: plan.skipped, lastLog: plan.lastLog }
}

async function planRemote(
  workspace: Workspace,
  source: RemoteSource,
  doomed: DoomedContents,
  options: PurgeOptions,
): Promise<RemotePlan> {
  const { reader, state } = source
  const objects = await source.objects(source.refs.map((ref) => source.recordOf(ref)))
  const readThere = absentWhereGone(objects.read)
  const memory = createMemoryObjects()
  const read: ReadObject = async (kind, id, readOptions) => {
    if (memory.objects.has(objectKey(kind, id))) return memory.read(kind, id)
    return (await workspace.store.has(kind, id))
      ? workspace.store.readLocal(kind, id, readOptions)
      : readThere(kind, id, readOptions)
  }
  const targets = await remoteContents(source, read, doomed, options)
  const { epoch } = await source.context.walrus()
  const packs = await readAllPacks(reader, state, options)
  const { holding } = await findHoldingPacks(source, objects, packs, targets, { epoch, signal: options.signal })
  const plan: RemotePlan = { targets, holding, packs, moves: [], same: [], skipped: [], lastLog: state.log.size - 1 }
  for (const row of source.refs) await placeRef(workspace, read, memory.write, row, plan, options)
  return plan
}

async function placeRef(
  workspace: Workspace,
  read: ReadObject,
  write: ReturnType<typeof createMemoryObjects>['write'],
  row: RefRecord,
  plan: RemotePlan,
  { paths, signal }: PurgeOptions,
): Promise<void> {
  const ref = localRefName(row.name)
  const tip = row.commit as ObjectId
  const here = ref.startsWith('heads/') ? workspace.refs.read(ref) : null
  // In a dry run the branch here has not moved yet either.
  const become = await rewriteHistory(read, write, here === null ? [tip] : [tip, here], { paths, signal })
  const clean = become.get(tip)!
  if (clean === tip) {
    if (ref.startsWith('heads/')) plan.same.push(row)
    return
  }
  if (ref.startsWith('tags/')) plan.skipped.push({ ref, reason: 'tag' })
  else {
    const to = here === null ? null : become.get(here)!
    const follows = to !== null && (await isAncestor(read, clean, to, { onAbsent: () => undefined }))
    // To what it has, without the paths: versions that were never pushed are not pushed by this either.
    if (follows) plan.moves.push({ row, to: clean })
    else plan.skipped.push({ ref, reason: here === null ? 'not-here' : 'moved' })
  }
}

/** Contents of the paths in all versions that the remote has or had, as far as they can be read, and those found here. */
async function remoteContents(
  source: RemoteSource,
  read: ReadObject,
  doomed: DoomedContents,
  options: PurgeOptions,
): Promise<ObjectSet> {
  const { reader, state, refs } = source
  const tips = refs.map((ref) => ref.commit as ObjectId)
  const keeps = await contentsBesides(read, tips, options, doomed.unseen)
  keeps.addAll(doomed.keeps)
  const found = new ObjectSet()
  found.addAll(doomed.objects)
  const first = Math.max(0, state.log.size - MAX_PUSHES)
  const past = await reader.fetchPushes(state, first, state.log.size, options)
  const commits = [...tips, ...past.flatMap((push) => (push.new === null ? [] : [push.new as ObjectId]))]
  // Of versions that no ref has any more, some have gone.
  const gone = new ObjectSet()
  const onAbsent = () => undefined
  const take = (kind: 'chunk' | 'map', content: ObjectId) => void (keeps.has(kind, content) || found.add(kind, content))
  for await (const { commit } of walkCommits(read, [...new Set(commits)], { onAbsent, signal: options.signal }))
    for (const prefix of options.paths)
      for await (const entry of walkTree(read, commit.tree, { prefix, onAbsent, signal: options.signal }))
        await contentsOf(read, entry, take, gone)
  return found
}

/** Entries of the log that are searched for versions which no ref has any more, the newest. */
const MAX_PUSHES = 10_000

/** Branches that hold none of the contents and yet need something that is in their packs. */
async function stillNeeding(
  dir: string,
  remote: string,
  plan: RemotePlan,
  options: PurgeOptions,
): Promise<RefRecord[]> {
  if (plan.same.length === 0) return []
  await using workspace = await openWorkspace(dir)
  const place = readRemote(workspace, remote)
  const needing: RefRecord[] = []
  for (const row of plan.same) {
    if (!(await workspace.store.has('commit', row.commit as ObjectId))) continue
    await using source = await openRemoteSource(place.network, place.repository, options)
    const now = source.refs.find((ref) => ref.name === row.name && ref.commit === row.commit)
    if (!now) continue
    const { epoch } = await source.context.walrus()
    const packs = await readAllPacks(source.reader, source.state, options)
    const use = await findPackUse({
      source: withRefs(source, [now]),
      packs,
      store: workspace.store,
      epoch,
      signal: options.signal,
    })
    if ([...use.needed].some((number) => plan.holding.has(number))) needing.push(row)
  }
  return needing
}
