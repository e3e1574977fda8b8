/** `bundle`: versions in one file, for machines without a network between them. What a bundle holds is proven before a
 *  ref moves: every byte and every object hashed, and everything its refs need found. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError, UsageError } from '../base/errors.ts'
import { createSha256 } from '../crypto/hash.ts'
import { missingObjects } from '../history/missing-objects.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { DEFAULT_PACK_BYTES, type PackKind, packHolds } from '../objects/pack.ts'
import { openPack, walkPack } from '../objects/pack-reader.ts'
import { createPackWriter, type PackWriter } from '../objects/pack-writer.ts'
import type { RangeReader } from '../objects/reader.ts'
import { assertRefName } from '../objects/ref-name.ts'
import { discard, uniquePath } from '../store/atomic-file.ts'
import {
  BUNDLE_MAGIC,
  BundleCorruptError,
  type BundleManifest,
  type BundlePack,
  type BundleRef,
  encodeBundleManifest,
  type OpenBundle,
  openBundle,
} from '../store/bundle-file.ts'
import type { FileSystem } from '../store/file-system.ts'
import type { Workspace } from '../store/workspace.ts'
import { treeOfRevision } from './versions.ts'

export interface BundleOptions {
  /** Where the bundle is: an absolute path. */
  path: string
  signal?: AbortSignal | undefined
}

export interface CreateBundleOptions extends BundleOptions {
  /** Branches and tags as in `heads/main`, or `main`; none: all of them. */
  refs?: readonly string[] | undefined
  /** Revisions that the receiver has: left out is what is reachable from them. */
  base?: readonly string[] | undefined
  /** Replace a file that is there. */
  force?: boolean | undefined
}

export interface BundleRecord {
  refs: BundleRef[]
  prerequisites: ObjectId[]
  bytes: number
  packs: number
  objects: number
  checksum: string
}

/** Writes a bundle beside its place and renames it when it is whole.
 *  @throws {UsageError} BUNDLE_EXISTS, BUNDLE_IN_PLACE, BUNDLE_REF_MISSING, BUNDLE_EMPTY (exit 2)
 *  @throws {ObjectMissingError} OBJECT_MISSING (exit 13) if something of it was never fetched */
export async function createBundle(workspace: Workspace, options: CreateBundleOptions): Promise<BundleRecord> {
  const { fs } = workspace
  const { path, signal } = options
  if (fs.stat(path) && !options.force)
    throw new UsageError('BUNDLE_EXISTS', `${path} is there already`, { hints: ['`--force` replaces it'] })
  await refuseHeld(workspace, path)
  const refs = chosenRefs(workspace, options.refs)
  const prerequisites: ObjectId[] = []
  for (const revision of options.base ?? []) prerequisites.push((await treeOfRevision(workspace, revision)).commit)
  const { read } = workspace.store
  const chunks = new Set<ObjectId>()
  const others: { kind: 'tree' | 'map' | 'commit' | 'attachment'; id: ObjectId }[] = []
  const wanted = refs.map(({ commit }) => commit)
  for await (const { kind, id } of missingObjects(read, { wanted, have: prerequisites, signal })) {
    if (kind === 'chunk') chunks.add(id)
    else others.push({ kind, id })
  }
  const slash = path.lastIndexOf('/')
  const unfinished = uniquePath(path.slice(0, slash) || '/', path.slice(slash + 1))
  const output = createOutput(fs, unfinished)
  try {
    output.write(BUNDLE_MAGIC)
    const packs: BundlePack[] = []
    await writePacks('data', eachChunk(chunks), workspace, output, packs, signal)
    await writePacks('meta', others, workspace, output, packs, signal)
    const manifest: BundleManifest = { refs, prerequisites, packs }
    output.write(encodeBundleManifest(manifest))
    const checksum = await output.finish()
    fs.rename(unfinished, path)
    await fs.syncDirectory(path.slice(0, slash) || '/')
    const objects = chunks.size + others.length
    return { refs, prerequisites, bytes: output.bytes, packs: packs.length, objects, checksum }
  } catch (error) {
    output.close()
    discard(fs, unfinished)
    throw error
  }
}

/** A file that was committed in place may be the only one to hold a version. */
async function refuseHeld({ store, root }: Workspace, path: string): Promise<void> {
  if (!path.startsWith(`${root}/`)) return
  const name = path.slice(root.length + 1)
  await store.held.assertWhole()
  if ((await store.held.listsAt(name)).length > 0)
    throw new UsageError('BUNDLE_IN_PLACE', `${name} was committed in place and holds a version`, {
      data: { path: name },
      hints: ['choose another name for the bundle'],
    })
}

function chosenRefs(workspace: Workspace, names: readonly string[] | undefined): BundleRef[] {
  const all = workspace.refs.list().filter(({ name }) => /^(heads|tags)\//.test(name))
  const byName = new Map<string, ObjectId>(all.map(({ name, id }) => [name, id]))
  const wanted = names && names.length > 0 ? names : [...byName.keys()]
  const refs = wanted.map((text) => {
    const name = [text, `heads/${text}`, `tags/${text}`].find((candidate) => byName.has(candidate))
    if (name === undefined)
      throw new UsageError('BUNDLE_REF_MISSING', `there is no branch or tag "${text}"`, {
        data: { ref: text },
        hints: ['`floe branch` and `floe tag` list them; `floe branch NAME REV` names another version'],
      })
    return { name, commit: byName.get(name)! }
  })
  if (refs.length === 0)
    throw new UsageError('BUNDLE_EMPTY', 'there is no branch or tag to bundle', { hints: ['`floe commit` makes one'] })
  return [...new Map(refs.map((ref) => [ref.name, ref])).values()]
}

function* eachChunk(ids: Iterable<ObjectId>) {
  for (const id of ids) yield { kind: 'chunk' as const, id }
}

type Output = ReturnType<typeof createOutput>

/** A file that is hashed while it is written. */
function createOutput(fs: FileSystem, path: string) {
  const file = fs.open(path, 'create')
  const hash = createSha256()
  const output = {
    bytes: 0,
    write(piece: Uint8Array): void {
      hash.update(piece)
      file.write(piece)
      output.bytes += piece.length
    },
    async finish(): Promise<string> {
      const digest = hash.digest()
      file.write(digest)
      output.bytes += digest.length
      await file.sync()
      file.close()
      return digest.toString('hex')
    },
    close: () => file.close(),
  }
  return output
}

async function writePacks(
  kind: PackKind,
  objects: Iterable<{ kind: Parameters<PackWriter['add']>[0]; id: ObjectId }>,
  { store }: Workspace,
  output: Output,
  packs: BundlePack[],
  signal: AbortSignal | undefined,
): Promise<void> {
  let writer: PackWriter | undefined
  const finish = async () => {
    if (writer) packs.push({ kind, bytes: (await writer.finish()).bytes })
    writer = undefined
  }
  for (const object of objects) {
    throwIfAborted(signal)
    const bytes = await store.read(object.kind, object.id, { signal })
    if (writer && !writer.hasRoom(bytes.length)) await finish()
    writer ??= createPackWriter({ kind, maxBytes: DEFAULT_PACK_BYTES, write: (piece) => output.write(piece) })
    await writer.add(object.kind, object.id, bytes)
  }
  await finish()
}

/** Hashes every byte and object of a bundle. Whether its refs are complete only a receiver can tell: see `unbundle`.
 *  @throws {BundleCorruptError} BUNDLE_CORRUPT (exit 13) */
export async function verifyBundle(fs: FileSystem, options: BundleOptions): Promise<BundleRecord> {
  return withBundle(fs, options, async (bundle) => {
    let objects = 0
    await eachObject(bundle, options.signal, async () => {
      objects++
    })
    return recordOf(bundle, objects)
  })
}

export interface UnbundleOptions extends BundleOptions {
  /** Under this name its branches appear, as those of a remote do (default `bundle`). */
  name?: string | undefined
}

export interface UnbundleResult extends BundleRecord {
  /** Refs that are new or moved here, and tags that mean another version here and were left alone. */
  updated: { ref: string; old: ObjectId | null; new: ObjectId }[]
  keptTags: string[]
  newObjects: number
}

/** Takes over what a bundle holds. Its branches become `NAME/branch`; its tags become tags. Files stay as they are.
 *  @throws {UsageError} BUNDLE_NAME_REFUSED (exit 2) if a remote has the name
 *  @throws {BundleCorruptError} BUNDLE_CORRUPT (exit 13), also if its refs need what neither it nor this workspace has
 *  @throws {FloeError} BUNDLE_PREREQUISITE (exit 1) naming the commits that have to be here first */
export async function unbundle(workspace: Workspace, options: UnbundleOptions): Promise<UnbundleResult> {
  const { name = 'bundle', signal } = options
  assertRefName(name)
  // What is known of a remote decides what a push leaves out, and what may be missing here.
  if (Object.hasOwn(workspace.readConfig().remotes ?? {}, name))
    throw new UsageError('BUNDLE_NAME_REFUSED', `there is a remote called "${name}"`, {
      data: { name },
      hints: ['`--name NAME` gives the branches of the bundle another name'],
    })
  return withBundle(workspace.fs, options, (bundle) =>
    workspace.withLock('unbundle', async () => {
      const { store } = workspace
      await assertPrerequisites(workspace, bundle)
      const session = await store.begin()
      let objects = 0
      try {
        await eachObject(bundle, signal, async (kind, id, bytes) => {
          objects++
          await session.keep(kind, id, bytes)
        })
        await session.seal()
      } finally {
        session.abort()
      }
      await assertComplete(workspace, bundle, signal)
      const moved = await moveRefs(workspace, name, bundle)
      return { ...recordOf(bundle, objects), ...moved, newObjects: session.newObjects }
    }),
  )
}

async function assertPrerequisites(workspace: Workspace, bundle: OpenBundle): Promise<void> {
  const missing: ObjectId[] = []
  for (const id of bundle.prerequisites) if (!(await workspace.store.has('commit', id))) missing.push(id)
  if (missing.length === 0) return
  throw new FloeError(
    'other',
    'BUNDLE_PREREQUISITE',
    `the bundle builds on ${missing.length} commits that are not here`,
    {
      data: { commits: missing.slice(0, 100), count: missing.length },
      hints: ['take over the bundle that has them first, or `floe fetch` them'],
    },
  )
}

/** Everything that the refs need beyond the prerequisites is here. */
async function assertComplete(workspace: Workspace, bundle: OpenBundle, signal?: AbortSignal): Promise<void> {
  const { store } = workspace
  const wanted = bundle.refs.map(({ commit }) => commit)
  try {
    for await (const { kind, id } of missingObjects(store.readLocal, { wanted, have: bundle.prerequisites, signal }))
      if (kind === 'chunk' && !(await store.has(kind, id))) throw new ObjectMissingError(kind, id)
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error
    throw new BundleCorruptError(`its refs need what it does not hold: ${error.message}`, error)
  }
}

async function moveRefs({ refs }: Workspace, remote: string, bundle: OpenBundle) {
  const updated: UnbundleResult['updated'] = []
  const keptTags: string[] = []
  for (const { name, commit } of bundle.refs) {
    const isTag = name.startsWith('tags/')
    const local = isTag ? name : `remotes/${remote}/${name.slice('heads/'.length)}`
    const old = refs.read(local)
    if (old === commit) continue
    // Tags never move, so the two were made apart: only a person can say which is meant.
    if (isTag && old !== null) keptTags.push(name)
    else {
      await refs.update({ name: local, next: commit, reason: 'unbundle' })
      updated.push({ ref: local, old, new: commit })
    }
  }
  return { updated, keptTags }
}

function recordOf({ refs, prerequisites, bytes, packs, checksum }: OpenBundle, objects: number): BundleRecord {
  return { refs, prerequisites, bytes, packs: packs.length, objects, checksum }
}

async function withBundle<T>(
  fs: FileSystem,
  options: BundleOptions,
  work: (bundle: OpenBundle) => Promise<T>,
): Promise<T> {
  const file = fs.open(options.path, 'read')
  try {
    const { bytes } = file.stat()
    const reader: RangeReader = {
      bytes,
      async read(offset, length) {
        const buffer = new Uint8Array(length)
        if (file.read(buffer, offset) !== length) throw new BundleCorruptError('it became shorter')
        return buffer
      },
    }
    return await work(await openBundle(reader, options))
  } finally {
    file.close()
  }
}

async function eachObject(
  bundle: OpenBundle,
  signal: AbortSignal | undefined,
  take: (...object: Parameters<PackWriter['add']>) => Promise<void>,
): Promise<void> {
  for (const [index, { kind: packKind }] of bundle.packs.entries()) {
    try {
      const reader = bundle.pack(index)
      const pack = await openPack(reader, { signal })
      if (pack.kind !== packKind) throw new BundleCorruptError('a pack is not of the kind its manifest says')
      for await (const { kind, id, bytes } of walkPack(reader, pack.index, { signal })) {
        throwIfAborted(signal)
        if (!packHolds(packKind, kind)) throw new BundleCorruptError('a pack holds what it must not')
        await take(kind, id, bytes)
      }
    } catch (error) {
      if (error instanceof FloeError && error.kind === 'integrity' && !(error instanceof BundleCorruptError))
        throw new BundleCorruptError(error.message, error)
      throw error
    }
  }
}
