/** `evict`: one copy on disk. What a remote holds under certificate need not be in local packs as well; chunks go, oldest
 *  packs first and what HEAD needs last, until the packs are within a limit. Commits, trees and maps stay, so everything
 *  can be listed and compared, and contents come back from the network when they are asked for.
 *
 *  A chunk goes only if the chain says, now, that a live pack which does not expire soon holds it: the remote stands at a version
 *  that this workspace pushed or fetched and that needs the chunk, a locator names the pack, and the pack's own index has
 *  it. Everything else in a pack is written into another one first. */

import { UsageError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import type { ObjectId } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import { openPack } from '../objects/pack-reader.ts'
import { walkTree } from '../objects/tree.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { getConfig } from './config.ts'
import { readAllPacks } from './expiry.ts'
import { WARN_BELOW_EPOCHS } from './expiry-memory.ts'
import { unfinishedPushes } from './live-packs.ts'
import { isMirror } from './mirror.ts'
import { findPackUse } from './pack-use.ts'
import { contentsOf, whereHere } from './purge-contents.ts'
import { doubtsIn } from './push-doubts.ts'
import { readRemote } from './remote.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource, type RemoteSource, withRefs } from './remote-source.ts'
import { replacePacks } from './repack.ts'

export interface EvictOptions extends RemoteOptions {
  /** Bytes of data packs that may stay (default: the setting `store.limit`). */
  limitBytes?: number | undefined
  /** Where the contents have to be safe (default `origin`). */
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
  /** Chunks that stay because no remote holds them under a certificate that lasts. */
  uncertified: number
}

/** Setting with the limit that `push` keeps. */
export const STORE_LIMIT_KEY = 'store.limit'
/** A pack is written anew only if at least this share of its chunks may go. */
const REWRITE_SHARE = 0.25

const UNITS: Readonly<Record<string, number>> = { '': 1, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30, TIB: 2 ** 40 }

/** Bytes of a text such as `20GiB`. @throws {UsageError} SIZE_MALFORMED (exit 2) */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]iB)?$/i.exec(text)
  const bytes = match ? Math.floor(Number(match[1]) * UNITS[(match[2] ?? '').toUpperCase()]!) : Number.NaN
  if (Number.isSafeInteger(bytes)) return bytes
  throw new UsageError('SIZE_MALFORMED', `"${text.slice(0, 100)}" is no size; write bytes, or 20GiB and the like`)
}

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
    uncertified: 0,
  }
  result.bytes.before = (await dataPacks(workspace)).reduce((sum, { bytes }) => sum + bytes, 0)
  result.bytes.after = result.bytes.before
  if (result.bytes.before <= limitBytes) return result
  const place = readRemote(workspace, options.remote ?? 'origin')
  await using source = await openRemoteSource(place.network, place.repository, options)
  const certified = await certifiedChunks(workspace, place.name, source, options)
  const job = async () => evictFrom(workspace, certified, result, options)
  // Adding packs needs the lock, and so does taking them away; the network was asked before.
  return options.dryRun ? job() : workspace.withLock('evict', job)
}

async function dataPacks({ store, fs }: Workspace) {
  store.refresh()
  const packs = (await store.packs()).filter(({ kind }) => kind === 'data')
  const age = (path: string) => fs.stat(path)?.mtimeNs ?? 0n
  return packs.sort((a, b) => (age(a.path) < age(b.path) ? -1 : age(a.path) > age(b.path) ? 1 : 0))
}

async function evictFrom(
  workspace: Workspace,
  certified: ObjectSet,
  result: EvictResult,
  { dryRun, signal }: EvictOptions,
): Promise<EvictResult> {
  const { store } = workspace
  const inUse = await headChunks(workspace)
  const candidates: {
    name: string
    bytes: number
    rest: Parameters<typeof replacePacks>[1][number]['rest']
    gone: number
    isInUse: boolean
  }[] = []
  for (const { name, bytes } of await dataPacks(workspace)) {
    const objects = await store.packObjects(name)
    const rest = objects.filter(({ kind, id }) => !certified.has(kind, id))
    result.uncertified += rest.length
    const gone = objects.length - rest.length
    if (gone < REWRITE_SHARE * objects.length || gone === 0) continue
    candidates.push({ name, bytes, rest, gone, isInUse: objects.some(({ kind, id }) => inUse.has(kind, id)) })
  }
  // The order among equals is by age.
  candidates.sort((a, b) => Number(a.isInUse) - Number(b.isInUse))
  const chosen: typeof candidates = []
  let left = result.bytes.before
  for (const pack of candidates) {
    if (left <= result.limitBytes) break
    chosen.push(pack)
    left -= Math.floor((pack.bytes * pack.gone) / (pack.gone + pack.rest.length))
  }
  result.packs = chosen.length
  result.chunks = chosen.reduce((sum, { gone }) => sum + gone, 0)
  result.bytes.after = dryRun ? left : result.bytes.before - (await replacePacks(workspace, chosen, { signal }))
  if (!dryRun && chosen.length > 0) result.$kind = 'evicted'
  return result
}

/** Chunks of the version that is checked out. */
async function headChunks({ refs, store }: Workspace): Promise<ObjectSet> {
  const chunks = new ObjectSet()
  const head = refs.headCommit()
  if (!head) return chunks
  await whereHere(async () => {
    const { tree } = await readCommit(store.readLocal, head)
    for await (const entry of walkTree(store.readLocal, tree))
      await whereHere(() => contentsOf(store.readLocal, entry, (kind, id) => void chunks.add(kind, id)))
  })
  return chunks
}

/** Chunks that live packs of the remote hold, as far as versions need them at which it stands and that are known here. */
async function certifiedChunks(
  workspace: Workspace,
  remote: string,
  source: RemoteSource,
  options: EvictOptions,
): Promise<ObjectSet> {
  const { reader, state, context } = source
  const certified = new ObjectSet()
  const seen = new Set<ObjectId>()
  for (const { id } of workspace.refs.list(`remotes/${remote}/`))
    if ((await doubtsIn(workspace, remote, reader.repositoryId, id, options)).length === 0) seen.add(id)
  const refs = source.refs.filter((ref) => seen.has(ref.commit as ObjectId))
  if (refs.length === 0) return certified
  const { epoch } = await context.walrus()
  const packs = await readAllPacks(reader, state, options)
  const { store } = workspace
  const use = await findPackUse({ source: withRefs(source, refs), packs, store, epoch, signal: options.signal })
  const unfinished = await unfinishedPushes(reader, state, packs, options)
  for (const pack of packs) {
    if (!use.needed.has(pack.number) || pack.kind !== 'data' || pack.state !== 'live') continue
    // What is about to expire, or can be taken back, would be had from here alone.
    if (pack.endEpoch - epoch < WARN_BELOW_EPOCHS || unfinished.has(pack.pushId)) continue
    const { index } = await openPack(await use.remote.openPack(pack.blobId), options)
    for (let i = 0; i < index.objectCount; i++)
      if (use.reached.has(index.kindAt(i), index.idAt(i))) certified.add(index.kindAt(i), index.idAt(i))
  }
  return certified
}
