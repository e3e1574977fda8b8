/** `evict`: one copy on disk. What a remote holds under certificate need not be in local packs as well; chunks go, oldest
 *  packs first and what HEAD needs last, until the packs are within a limit. Commits, trees and maps stay, so everything
 *  can be listed and compared, and contents come back from the network when they are asked for.
 *
 *  A chunk goes only if the chain says, now, that a live pack which does not expire soon holds it: the remote stands at a version
 *  that this workspace pushed or fetched and that needs the chunk, a locator names the pack, and the pack's own index has
 *  it. If another key pushed the pack, the chunk is read from it before it goes here. Everything else in a pack is
 *  written into another one first. */

import { UsageError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import { walkTree } from '../objects/tree.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { type CertifiedChunks, certifiedChunks } from './certified-chunks.ts'
import { getConfig } from './config.ts'
import { ownAddress } from './gc-remote.ts'
import { type CopyToEvict, copiesToEvict, dropCopies, holdsInPlace } from './held-evict.ts'
import { certifyHeld, copyBytes } from './held-upkeep.ts'
import { isMirror } from './mirror.ts'
import { contentsOf, whereHere } from './purge-contents.ts'
import { readRemote } from './remote.ts'
import { seenPushes } from './remote-memory.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource } from './remote-source.ts'
import { replacePacks } from './repack.ts'
import { parseSize } from './size.ts'

export interface EvictOptions extends RemoteOptions {
  /** Bytes of data packs that may stay (default: the setting `store.limit`). */
  limitBytes?: number | undefined
  /** Where the contents have to be safe (default: the remote that the branch follows, else `origin`). */
  remote?: string | undefined
  dryRun?: boolean | undefined
}

export interface EvictResult {
  $kind: 'evicted' | 'nothing' | 'dry-run'
  limitBytes: number
  /** Bytes of data packs; after: estimated in a dry run. */
  bytes: { before: number; after: number }
  /** Chunks that went, and packs that were deleted or written anew. */
  chunks: number
  packs: number
  /** Chunks of files committed in place that a remote holds, so that their files may give way from now on. */
  inPlace: number
  /** Chunks that stay because no remote holds them under a certificate that lasts. */
  uncertified: number
  /** Parts of older versions that can be read nowhere: chunks that only they lead to are among those that stay. */
  unread: number
  /** What was read from packs of other keys before it went; in a dry run what would be, its bytes estimated. */
  readBack: { chunks: number; bytes: number }
}

/** Setting with the limit that `push` keeps. */
export const STORE_LIMIT_KEY = 'store.limit'
/** A pack is written anew only if at least this share of its chunks may go. */
const REWRITE_SHARE = 0.25

/** The limit that was set for the workspace; `null`: none. */
export async function storeLimit(workspace: Workspace): Promise<number | null> {
  const text = await getConfig(workspace, STORE_LIMIT_KEY)
  return text === undefined ? null : parseSize(text)
}

/** @throws {UsageError} EVICT_LIMIT (exit 2) without a limit; EVICT_MIRROR (exit 2) in a mirror */
export async function evict(dir: string, options: EvictOptions): Promise<EvictResult> {
  await using workspace = await openWorkspace(dir)
  if (isMirror(workspace))
    throw new UsageError('EVICT_MIRROR', 'a mirror is there to hold everything', {
      hints: ['Evict in a workspace, or delete the mirror'],
    })
  const limitBytes = options.limitBytes ?? (await storeLimit(workspace))
  if (limitBytes === null)
    throw new UsageError('EVICT_LIMIT', 'how much may stay is not set', {
      hints: [`Say it with --to 20GiB, or for every push with \`floe config set ${STORE_LIMIT_KEY} 20GiB\``],
    })
  const result: EvictResult = {
    $kind: options.dryRun ? 'dry-run' : 'nothing',
    limitBytes,
    bytes: { before: 0, after: 0 },
    chunks: 0,
    packs: 0,
    inPlace: 0,
    uncertified: 0,
    unread: 0,
    readBack: { chunks: 0, bytes: 0 },
  }
  const packBytes = (await dataPacks(workspace)).reduce((sum, { bytes }) => sum + bytes, 0)
  result.bytes.before = packBytes + (await copyBytes(workspace))
  result.bytes.after = result.bytes.before
  if (result.bytes.before <= limitBytes && !(await holdsInPlace(workspace))) return result
  const place = readRemote(workspace, options.remote)
  // What an end point that lags behind still shows may be gone by now.
  const seen = seenPushes(workspace, place.name, place.repository)
  await using source = await openRemoteSource(place.network, place.repository, options, seen)
  const own = await ownAddress(source.context, true)
  const certified = await certifiedChunks(workspace, place.name, source, own, options)
  result.unread = certified.unread
  if (options.dryRun) {
    const { held, claimed } = certified
    const plan = await planEviction(workspace, (kind, id) => held.has(kind, id) || claimed.has(kind, id), result)
    result.readBack = await claimsIn(workspace, plan.chosen, certified)
    return describe(result, plan)
  }
  await settleClaims(workspace, certified, result)
  // Adding packs needs the lock, and so does taking them away; the network was asked before.
  return workspace.withLock('evict', async () => {
    const plan = await planEviction(workspace, (kind, id) => certified.held.has(kind, id), result)
    describe(result, plan)
    result.inPlace = await certifyHeld(workspace, certified.held)
    const packs = plan.chosen.filter(({ copy }) => copy === undefined)
    const gained = await replacePacks(workspace, packs, options)
    const copies = plan.chosen.flatMap(({ copy }) => copy ?? [])
    result.bytes.after = result.bytes.before - gained - (await dropCopies(workspace, copies))
    if (plan.chosen.length > 0) result.$kind = 'evicted'
    return result
  })
}

function describe(result: EvictResult, { chosen, uncertified, leftBytes }: Plan): EvictResult {
  result.uncertified = uncertified
  result.packs = chosen.length
  result.chunks = chosen.reduce((sum, { gone }) => sum + gone, 0)
  result.bytes.after = leftBytes
  return result
}

async function dataPacks({ store, fs }: Workspace) {
  store.refresh()
  const packs = (await store.packs()).filter(({ kind }) => kind === 'data')
  const age = (path: string) => fs.stat(path)?.mtimeNs ?? 0n
  return packs.sort((a, b) => (age(a.path) < age(b.path) ? -1 : age(a.path) > age(b.path) ? 1 : 0))
}

type Candidate = Parameters<typeof replacePacks>[1][number] & {
  bytes: number
  gone: number
  isInUse: boolean
  /** Of a copy of a file that was committed in place. */
  copy?: string
  objects?: CopyToEvict['objects']
}

interface Plan {
  /** Packs to write anew without what goes, in order. */
  chosen: Candidate[]
  /** Chunks of all packs that stay. */
  uncertified: number
  /** Estimated. */
  leftBytes: number
}

async function planEviction(
  workspace: Workspace,
  maySafelyGo: (kind: ObjectKind, id: ObjectId) => boolean,
  { bytes: { before }, limitBytes }: EvictResult,
): Promise<Plan> {
  const { store } = workspace
  const inUse = await headChunks(workspace)
  const candidates: Candidate[] = []
  const { copies, uncertified } = await copiesToEvict(workspace, maySafelyGo, inUse)
  candidates.push(...copies)
  const plan: Plan = { chosen: [], uncertified, leftBytes: before }
  for (const { name, bytes } of await dataPacks(workspace)) {
    const objects = await store.packObjects(name)
    const rest = objects.filter(({ kind, id }) => !maySafelyGo(kind, id))
    plan.uncertified += rest.length
    const gone = objects.length - rest.length
    if (gone < REWRITE_SHARE * objects.length || gone === 0) continue
    candidates.push({ name, bytes, rest, gone, isInUse: objects.some(({ kind, id }) => inUse.has(kind, id)) })
  }
  // The order among equals is by age.
  candidates.sort((a, b) => Number(a.isInUse) - Number(b.isInUse))
  for (const pack of candidates) {
    if (plan.leftBytes <= limitBytes) break
    plan.chosen.push(pack)
    plan.leftBytes -= Math.floor((pack.bytes * pack.gone) / (pack.gone + pack.rest.length))
  }
  return plan
}

/** Reads what would go on somebody else's word, until nothing is left that would. Each round settles what it asks about,
 *  so they end. */
async function settleClaims(workspace: Workspace, certified: CertifiedChunks, result: EvictResult): Promise<void> {
  for (;;) {
    const { held, claimed } = certified
    const maySafelyGo = (kind: ObjectKind, id: ObjectId) => held.has(kind, id) || claimed.has(kind, id)
    const { chosen } = await planEviction(workspace, maySafelyGo, result)
    const wanted = new ObjectSet()
    await claimsIn(workspace, chosen, certified, wanted)
    if (wanted.size === 0) return
    const { chunks, bytes } = await certified.readBack(wanted)
    result.readBack.chunks += chunks
    result.readBack.bytes += bytes
  }
}

/** Chunks of the packs that are claimed and not known to be held. */
async function claimsIn(
  { store }: Workspace,
  packs: readonly Candidate[],
  { held, claimed }: CertifiedChunks,
  found = new ObjectSet(),
): Promise<EvictResult['readBack']> {
  const sum = { chunks: 0, bytes: 0 }
  for (const { name, bytes, gone, rest, objects } of packs) {
    let chunks = 0
    for (const { kind, id } of objects ?? (await store.packObjects(name)))
      if (claimed.has(kind, id) && !held.has(kind, id) && found.add(kind, id)) chunks++
    sum.chunks += chunks
    sum.bytes += Math.floor((bytes * chunks) / (gone + rest.length))
  }
  return sum
}

/** Chunks of the version that is checked out. */
async function headChunks({ refs, store }: Workspace): Promise<ObjectSet> {
  const chunks = new ObjectSet()
  const head = refs.headCommit()
  if (!head) return chunks
  await whereHere(async () => {
    const { tree } = await readCommit(store.readLocal, head)
    for await (const entry of walkTree(store.readLocal, tree, { onAbsent: () => undefined }))
      await contentsOf(store.readLocal, entry, (kind, id) => void chunks.add(kind, id), new ObjectSet())
  })
  return chunks
}
