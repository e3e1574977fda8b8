/** One commit of git as a commit of Floe: what it changes is read, the tree before it is brought up to it. */

import type { ChunkPool } from '../chunking/pool.ts'
import { CHUNK_PROFILE } from '../chunking/profile.ts'
import { ForeignFormatError, ForeignObjectCorruptError } from '../migration/errors.ts'
import { createFileSource } from '../migration/file-source.ts'
import { type GitCommit, parseGitCommit } from '../migration/git-object.ts'
import type { GitObjects } from '../migration/git-process.ts'
import { type ListedCommit, MAX_GIT_COMMIT_BYTES } from '../migration/git-repository.ts'
import { type LfsPointer, lfsObjectPath, MAX_LFS_POINTER_BYTES, parseLfsPointer } from '../migration/lfs-pointer.ts'
import { encodeCommit, MAX_PARENTS, parseCommit } from '../objects/commit.ts'
import { MAX_OBJECT_BYTES, type ObjectId, objectKey } from '../objects/id.ts'
import { comparePaths } from '../objects/path.ts'
import type { ReadObject, WriteObject } from '../objects/reader.ts'
import { buildTree, type TreeEntry, updateTree } from '../objects/tree.ts'
import { entryProblem } from '../objects/tree-node.ts'
import type { FileSystem } from '../store/file-system.ts'
import type { WriteSession } from '../store/local-store.ts'
import { contentsOfPath, createBoundedMap, entryOf, type StoredContent, storeContent } from './import-contents.ts'
import { contentKey, type DvcPlace, type DvcReader, descriptionOf, dvcChanges, isDvcInternal } from './import-dvc.ts'
import type { GitChange, GitFile, GitTrees } from './import-git-walk.ts'
import { type Imported, parentsOf } from './import-journal.ts'
import { type ImportCounts, ImportMissingError, type NoteBook } from './import-result.ts'

export interface CommitMakerOptions {
  fs: FileSystem
  session: WriteSession
  pool: ChunkPool
  /** Commits and trees; blobs have a process of their own, because they are asked for ahead. */
  structures: GitObjects
  blobs: GitObjects
  trees: GitTrees
  dvc: DvcReader
  lfsDir: () => Promise<string>
  counts: ImportCounts
  notes: NoteBook
  skipMissing: boolean
  /** Contents that are not read again (default a million). */
  rememberedContents?: number | undefined
  signal?: AbortSignal | undefined
}

export interface CommitMaker {
  /** @param imported - what its parents became */
  make(commit: ListedCommit, imported: ReadonlyMap<string, Imported>): Promise<Imported>
  /** What was written is durable and can be read from the store. */
  sealed(): void
  /** True if what has to be kept readable until then is much. */
  isFull(): boolean
}

/** The raw commit of git is kept with the commit that it became: its id can be computed from it. */
export const GIT_COMMIT_ATTACHMENT = 'git/commit'

const MAX_UNSEALED_BYTES = 16 * 2 ** 20
const MAX_CACHED_CONTENTS = 1_000_000
const MAX_CACHED_COMMITS = 10_000
const LFS_HINT = '`git lfs fsck` in the source names damaged files, `git lfs fetch` brings them again'

/** Contents of a path, or the pointer to what is missing. */
interface Resolved extends StoredContent {
  isMissing: boolean
}

export function createCommitMaker(options: CommitMakerOptions): CommitMaker {
  const { fs, session, structures, blobs, trees, dvc, lfsDir, counts, notes } = options
  const contents = createBoundedMap<Resolved>(options.rememberedContents ?? MAX_CACHED_CONTENTS)
  const rootOf = createBoundedMap<string>(MAX_CACHED_COMMITS)
  const unsealed = createUnsealed(session)

  async function make(listed: ListedCommit, imported: ReadonlyMap<string, Imported>): Promise<Imported> {
    const { commit, raw } = await load(listed.id)
    if (commit.isAltered)
      notes.warn('IMPORT_COMMIT_ALTERED', `author or message of ${listed.id.slice(0, 12)} did not fit as it is`)
    const parents = parentsOf(listed.parents, imported)
    if (parents.length > MAX_PARENTS)
      notes.warn(
        'IMPORT_PARENTS_CUT',
        `${listed.id.slice(0, 12)} has ${parents.length} parents, ${MAX_PARENTS} are kept`,
      )
    const first = listed.parents[0]
    const base = first === undefined ? undefined : imported.get(first)
    const from = base && first !== undefined ? await rootTree(first) : null
    const baseTree = base ? parseCommit(await unsealed.read('commit', base.commit)).tree : undefined
    const { changes, isPartial } = await entries(from, commit.tree)
    const sorted = [...changes].map(([path, entry]) => ({ path, entry })).sort((a, b) => comparePaths(a.path, b.path))
    const tree = baseTree
      ? await updateTree(unsealed.read, unsealed.put, baseTree, sorted, { signal: options.signal })
      : await buildTree(
          sorted.flatMap(({ entry }) => entry ?? []),
          unsealed.put,
        )
    const attachments = new Map<string, ObjectId>()
    if (raw.length <= MAX_OBJECT_BYTES.attachment)
      attachments.set(GIT_COMMIT_ATTACHMENT, await session.put('attachment', raw))
    const { author, message } = commit
    const bytes = encodeCommit({
      tree,
      parents: parents.slice(0, MAX_PARENTS),
      author: { name: author.name, email: author.email },
      timeMs: author.timeMs,
      message,
      profile: CHUNK_PROFILE,
      attachments,
    })
    return {
      commit: await unsealed.put('commit', bytes),
      isPartial: isPartial || listed.parents.some((id) => imported.get(id)?.isPartial),
    }
  }

  async function load(id: string): Promise<{ commit: GitCommit; raw: Uint8Array }> {
    const found = await structures.read(id, 'commit', MAX_GIT_COMMIT_BYTES)
    const damaged = (reason: string) =>
      new ForeignObjectCorruptError('git commit', id, reason, '`git fsck` in the source says more')
    if (!found) throw damaged('it is not there')
    try {
      const commit = parseGitCommit(found.bytes)
      rootOf.set(id, commit.tree)
      return { commit, raw: found.bytes }
    } catch (error) {
      if (error instanceof ForeignFormatError) throw damaged(error.message)
      throw error
    }
  }

  async function rootTree(id: string): Promise<string> {
    return rootOf.get(id) ?? (await load(id)).commit.tree
  }

  /** What the tree of Floe changes between two of git. */
  async function entries(from: string | null, to: string) {
    const changes = new Map<string, TreeEntry | null>()
    const wanted: { path: string; file: GitFile }[] = []
    const descriptions = new Set<string>()
    for await (const { path, after } of trees.changes(from, to) as AsyncGenerator<GitChange>) {
      if (isDvcInternal(path)) continue
      const description = descriptionOf(path)
      if (description !== undefined) descriptions.add(description)
      if (after) wanted.push({ path, file: after })
      else changes.set(path, null)
    }
    const blobsOf = await readBlobs(wanted)
    for (const { path, file } of wanted) set(changes, path, file.kind, blobsOf.get(keyOf(file))!)
    let isPartial = [...blobsOf.values()].some(({ isMissing }) => isMissing)
    if (descriptions.size > 0) isPartial = (await addDvc(changes, from, to, descriptions)) || isPartial
    return { changes, isPartial }
  }

  function set(
    changes: Map<string, TreeEntry | null>,
    path: string,
    kind: GitFile['kind'],
    stored: StoredContent,
  ): void {
    const { bytes, fileId, content } = stored
    const entry = entryOf(path, kind, { bytes, fileId, content })
    const problem = entryProblem(entry)
    if (problem) notes.leaveOut(path, problem)
    changes.set(path, problem ? null : entry)
  }

  /** @returns contents by `keyOf`: those that are remembered may be forgotten while others are read */
  async function readBlobs(wanted: readonly { path: string; file: GitFile }[]): Promise<Map<string, Resolved>> {
    const fresh = new Map<string, { path: string; file: GitFile }>()
    const resolved = new Map<string, Resolved>()
    const keep = (file: GitFile, content: Resolved) => resolved.set(keyOf(file), contents.set(keyOf(file), content))
    for (const item of wanted) {
      const known = contents.get(keyOf(item.file))
      if (known) resolved.set(keyOf(item.file), known)
      else fresh.set(keyOf(item.file), item)
    }
    const items = [...fresh.values()]
    let index = 0
    for await (const object of blobs.each(items.map(({ file }) => file.id))) {
      const { path, file } = items[index++]!
      if (object.type !== 'blob')
        throw new ForeignObjectCorruptError('git object', object.id, `a ${object.type}, not a blob`, LFS_HINT)
      if (file.kind === 'symlink' || object.bytes > MAX_LFS_POINTER_BYTES)
        keep(file, { ...(await store(object.pieces, object.bytes)), isMissing: false })
      else {
        const pieces: Uint8Array[] = []
        for await (const piece of object.pieces) pieces.push(piece)
        const small = Buffer.concat(pieces)
        const pointer = parseLfsPointer(small)
        const found = pointer ? await contentsOfPath(path, () => lfsContent(pointer)) : undefined
        if (pointer && !found) notes.addMissing({ kind: 'lfs', id: pointer.id, path })
        if (pointer && !found && !options.skipMissing) throw new ImportMissingError(notes)
        const stored = found ?? (await store([small], small.length))
        keep(file, { ...stored, isMissing: pointer !== null && !found })
      }
    }
    return resolved
  }

  async function store(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, bytes: number) {
    const stored = await storeContent(options, pieces, bytes)
    counts.files++
    counts.bytes += bytes
    return stored
  }

  async function lfsContent(pointer: LfsPointer): Promise<StoredContent | undefined> {
    const known = contents.get(`lfs ${pointer.id}`)
    if (known) return known
    if (pointer.isExtended) return undefined
    // Hashed on its way into the store: the file id is what the pointer names.
    const source = createFileSource(fs, `${await lfsDir()}/${lfsObjectPath(pointer.id)}`, () => ({
      update() {},
      end() {},
    }))
    if (!source) return undefined
    if (source.bytes !== pointer.bytes)
      throw new ForeignObjectCorruptError(
        'LFS file',
        pointer.id,
        `it has ${source.bytes} bytes instead of ${pointer.bytes}`,
        LFS_HINT,
      )
    const stored = await store(source.pieces(), source.bytes)
    if (stored.fileId !== pointer.id)
      throw new ForeignObjectCorruptError('LFS file', pointer.id, 'its bytes hash to something else', LFS_HINT)
    counts.lfsFiles++
    return contents.set(`lfs ${pointer.id}`, { ...stored, isMissing: false })
  }

  /** Files that DVC keeps. What git keeps at the same place wins.
   *  @returns true if some of them are missing */
  async function addDvc(
    changes: Map<string, TreeEntry | null>,
    from: string | null,
    to: string,
    descriptions: ReadonlySet<string>,
  ): Promise<boolean> {
    const now = await dvcChanges(dvc, from === null ? null : placeOf(from), placeOf(to), descriptions)
    for (const path of now.gone) if (!(await trees.find(to, path))) changes.set(path, null)
    for (const [path, { file, description }] of now.come) {
      if (await isTaken(to, path)) continue
      const known = contents.get(contentKey(file))
      const source = known ? undefined : dvc.cacheOf(description)?.open(file.md5, file.isLegacy)
      if (source) {
        const stored = await contentsOfPath(path, () => store(source.pieces(), source.bytes))
        contents.set(contentKey(file), { ...stored, isMissing: false })
        counts.dvcFiles++
      }
      set(changes, path, file.isExecutable ? 'executable' : 'file', contents.get(contentKey(file))!)
    }
    for (const path of now.replaced) changes.set(path, null)
    let isPartial = false
    for (const { id, path } of now.missing) {
      if (await trees.find(to, path)) continue
      isPartial = true
      notes.addMissing({ kind: 'dvc', id, path })
    }
    if (isPartial && !options.skipMissing) throw new ImportMissingError(notes)
    return isPartial
  }

  /** True if git has the path itself, or a file above it. */
  async function isTaken(root: string, path: string): Promise<boolean> {
    for (let slash = path.indexOf('/'); ; slash = path.indexOf('/', slash + 1)) {
      const at = slash < 0 ? path : path.slice(0, slash)
      const found = await trees.find(root, at)
      if (!found) return false
      if (slash < 0 || found.kind !== 'tree') return true
    }
  }

  function placeOf(root: string): DvcPlace {
    return {
      async find(path) {
        const file = await trees.find(root, path)
        if (!file || (file.kind !== 'file' && file.kind !== 'executable')) return undefined
        return {
          id: file.id,
          async text(maxBytes) {
            const blob = await structures.read(file.id, 'blob', maxBytes)
            return Buffer.from(blob?.bytes ?? []).toString('utf8')
          },
        }
      },
    }
  }

  return { make, sealed: unsealed.clear, isFull: () => unsealed.bytes() > MAX_UNSEALED_BYTES }
}

/** A pointer in a link is the link's target. */
const keyOf = ({ kind, id }: GitFile) => (kind === 'symlink' ? `link ${id}` : id)

/** Structures written since the last seal, in memory: the next commit reads them, and a pack under way cannot be read. */
function createUnsealed(session: WriteSession) {
  let held = new Map<string, Uint8Array>()
  let bytes = 0
  const put: WriteObject = async (kind, encoded) => {
    const id = await session.put(kind, encoded)
    const key = objectKey(kind, id)
    if (!held.has(key)) bytes += encoded.length
    held.set(key, encoded)
    return id
  }
  const read: ReadObject = async (kind, id, options) => held.get(objectKey(kind, id)) ?? session.read(kind, id, options)
  return {
    put,
    read,
    bytes: () => bytes,
    clear() {
      held = new Map()
      bytes = 0
    },
  }
}
