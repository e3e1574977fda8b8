/** `cache`: what the user's workspaces share of what they fetched, and how much of it may stay. */

import { FloeError, UsageError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import { treeObjects } from '../history/missing-objects.ts'
import { resolveRevision } from '../history/revision.ts'
import type { Workspace } from '../store/workspace.ts'
import { MAX_LABEL_LENGTH } from '../transfer/cache-shelf.ts'
import { type ObjectCache, openObjectCache } from '../transfer/object-cache.ts'
import { readSparse } from './sparse.ts'
import { revisionSource } from './versions.ts'

export interface CacheInfo {
  dir: string
  /** 0: switched off. */
  limitBytes: number
  bytes: number
  packs: number
  objects: number
  pins: { label: string; packs: number; bytes: number }[]
}

/** Also of a cache that is switched off. */
export async function cacheInfo(homeDir: string): Promise<CacheInfo> {
  await using cache = await open(homeDir)
  const packs = await cache.packs()
  const sum = (list: typeof packs, of: (pack: (typeof packs)[number]) => number) =>
    list.reduce((total, pack) => total + of(pack), 0)
  return {
    dir: cache.dir,
    limitBytes: cache.shelf.limitBytes(),
    bytes: sum(packs, ({ bytes }) => bytes),
    packs: packs.length,
    objects: sum(packs, ({ objects }) => objects),
    pins: cache.shelf.pins().map(({ label }) => {
      const pinned = packs.filter(({ pins }) => pins.includes(label))
      return { label, packs: pinned.length, bytes: sum(pinned, ({ bytes }) => bytes) }
    }),
  }
}

/** @param limitBytes - 0 switches the cache off and empties it, but for what is pinned
 *  @returns bytes of the packs that went */
export async function setCacheLimit(
  homeDir: string,
  limitBytes: number,
): Promise<{ limitBytes: number; freed: number }> {
  if (!Number.isSafeInteger(limitBytes) || limitBytes < 0)
    throw new UsageError('CACHE_LIMIT_MALFORMED', 'the limit is a number of bytes, such as 20GiB, or 0 for no cache')
  await using cache = await open(homeDir)
  return cache.withLock(async () => {
    await cache.shelf.setLimit(limitBytes)
    return { limitBytes, freed: await cache.trim() }
  })
}

/** Empties the cache. @param options.pinned - also of what is pinned */
export async function clearCache(homeDir: string, options: { pinned?: boolean } = {}): Promise<{ freed: number }> {
  await using cache = await open(homeDir)
  return cache.withLock(async () => {
    if (options.pinned) for (const { label } of cache.shelf.pins()) cache.shelf.unpin(label)
    return { freed: await cache.trim(0) }
  })
}

/** Keeps a version in the cache whatever its limit, as far as its contents are in this workspace.
 *  @returns what it is pinned as, and how many objects are not pinned: not here, or the cache could not take them
 *  @throws {UsageError} CACHE_LABEL_MALFORMED (exit 2) */
export async function pinVersion(
  workspace: Workspace,
  homeDir: string,
  options: { revision?: string | undefined; label?: string | undefined; signal?: AbortSignal | undefined },
): Promise<{ label: string; commit: string; packs: number; bytes: number; absent: number }> {
  const { revision = 'HEAD', signal } = options
  const commit = await resolveRevision(await revisionSource(workspace), revision)
  const label = options.label ?? commit.slice(0, 16)
  if (label === '' || label.length > MAX_LABEL_LENGTH)
    throw new UsageError('CACHE_LABEL_MALFORMED', `a label has 1 to ${MAX_LABEL_LENGTH} characters`, {
      data: { label: label.slice(0, MAX_LABEL_LENGTH) },
      hints: ['Leave --label out, and the beginning of its id is the label'],
    })
  const { store } = workspace
  const { tree } = await readCommit(store.read, commit)
  await using cache = await open(homeDir)
  async function* wanted() {
    yield { kind: 'commit' as const, id: commit }
    yield* treeObjects(store.readLocal, tree, [], signal, readSparse(workspace)?.includes)
  }
  const holding = new Set<string>()
  let absent = 0
  await cache.growing(async () => {
    for await (const { kind, id } of wanted())
      if ((await cache.packsOf(kind, id)).length === 0 && (await store.has(kind, id)))
        await cache.put(kind, id, await store.readLocal(kind, id, { signal }))
    await cache.flush()
    await cache.withLock(async () => {
      // Only now do packs stay as they are: small ones are put together. And what did not find room is not there.
      for await (const { kind, id } of wanted()) {
        const [pack] = await cache.packsOf(kind, id)
        if (pack !== undefined) holding.add(pack)
        else absent++
      }
      await cache.shelf.pin({ label, packs: [...holding].sort() })
    })
  })
  await cache.withLock(() => cache.trim())
  const packs = (await cache.packs()).filter(({ name }) => holding.has(name))
  return { label, commit, packs: packs.length, bytes: packs.reduce((sum, { bytes }) => sum + bytes, 0), absent }
}

/** @throws {UsageError} CACHE_PIN_UNKNOWN (exit 2) */
export async function unpinVersion(homeDir: string, label: string): Promise<{ label: string }> {
  await using cache = await open(homeDir)
  return cache.withLock(async () => {
    if (!cache.shelf.unpin(label))
      throw new UsageError('CACHE_PIN_UNKNOWN', `nothing is pinned as ${label}`, {
        data: { label },
        hints: ['See what is with `floe cache show`'],
      })
    return { label }
  })
}

async function open(homeDir: string): Promise<ObjectCache> {
  const cache = await openObjectCache(homeDir, { evenIfOff: true })
  if (cache) return cache
  throw new FloeError('other', 'CACHE_UNUSABLE', `the cache in ${homeDir} cannot be made`, {
    data: { homeDir },
    hints: ['Choose another data directory with FLOE_HOME'],
  })
}
