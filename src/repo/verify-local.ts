/** `verify --local`: whether all that the workspace refers to is here and is what its name says.
 *
 *  History is lazy, so what a remote holds may be absent; what was committed here and is on no remote may not. */

import { throwIfAborted } from '../base/abort.ts'
import { createSha256 } from '../crypto/hash.ts'
import type { QueuedCommit } from '../history/commit-queue.ts'
import { walkCommits } from '../history/commits.ts'
import { type MissingObject, treeObjectRuns } from '../history/missing-objects.ts'
import { FETCH_REASON } from '../history/reflog-selector.ts'
import { walkMapNodes } from '../objects/content-map.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import { type TreeEntry, walkTreeNodes } from '../objects/tree.ts'
import { HeldLostError } from '../store/errors.ts'
import type { Workspace } from '../store/workspace.ts'
import { FileIdMismatchError } from '../worktree/errors.ts'
import { readEntry } from '../worktree/write-file.ts'
import { readOperation } from './operation.ts'
import type { OnProgress } from './progress.ts'

export interface VerifyLocalOptions {
  /** Read and hash every byte of every pack and file (default: indexes, commits and trees). */
  full?: boolean | undefined
  /** The packs' bytes have been read already: hash files only. */
  skipPacks?: boolean | undefined
  /** Told of what must be here and is not, instead of failing at the first: chunks, content maps and attachments. */
  onMissing?: ((object: MissingObject) => void) | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface VerifyLocalReport {
  ok: true
  full: boolean
  /** Objects and raw bytes in the packs. */
  objects: number
  bytes: number
  packs: number
  /** Commits reachable from refs. */
  commits: number
  /** Objects that were never fetched. */
  absent: number
  checks: { check: string; subject: string; detail: string }[]
}

/** @throws {FloeError} of kind integrity (exit 13) at the first mismatch, naming the object or file */
export async function verifyLocal(workspace: Workspace, options: VerifyLocalOptions = {}): Promise<VerifyLocalReport> {
  const full = options.full ?? false
  const packs = await verifyPacks(workspace, full, options)
  const refs = verifyRefs(workspace)
  const walker = new Verifier(workspace, full, packs.objects, options)
  await walker.verifyHistory(refs.local, refs.remote)
  const staged = await walker.verifyStaging()
  const { commits, absent, seen } = walker
  const how = full ? 'every byte hashed' : 'indexes checked'
  const lacking = absent > 0 ? `, ${absent} objects not fetched` : ''
  return {
    ok: true,
    full,
    objects: packs.objects,
    bytes: packs.bytes,
    packs: packs.count,
    commits,
    absent,
    checks: [
      { check: 'packs', subject: `${packs.count} packs`, detail: `${packs.objects} objects, ${how}` },
      { check: 'refs', subject: `${refs.count} refs`, detail: 'names, ids and logs are whole' },
      { check: 'history', subject: `${commits} commits`, detail: `${seen} objects reachable${lacking}` },
      { check: 'staging', subject: `${staged} staged paths`, detail: 'contents are here' },
    ],
  }
}

async function verifyPacks(workspace: Workspace, full: boolean, options: VerifyLocalOptions) {
  const { store } = workspace
  await store.checkIndex()
  const totals = { objects: 0, bytes: 0, count: 0 }
  const packs = await store.packs()
  const expected = packs.reduce((sum, pack) => sum + pack.objects, 0)
  for (const pack of packs) {
    throwIfAborted(options.signal)
    totals.count++
    totals.objects += pack.objects
    totals.bytes += full && !options.skipPacks ? (await store.verifyPack(pack.name, options)).bytes : pack.rawBytes
    options.onProgress?.({ $kind: 'verifying', doneObjects: totals.objects, totalObjects: 2 * expected })
  }
  return totals
}

function verifyRefs(workspace: Workspace) {
  const { refs } = workspace
  const all = refs.list()
  // A tag that was fetched is known by its log alone: it stands where one of this workspace would.
  const isOfRemote = (name: string) =>
    name.startsWith('remotes/') || (name.startsWith('tags/') && refs.reflog(name).at(-1)?.reason === FETCH_REASON)
  const local = all.filter(({ name }) => !isOfRemote(name)).map(({ id }) => id)
  const remote = all.filter(({ name }) => isOfRemote(name)).map(({ id }) => id)
  const head = refs.headCommit()
  if (head) local.push(head)
  // Reading a log checks its lines; commits only it remembers may have been dropped.
  for (const name of ['HEAD', ...all.map((ref) => ref.name)]) refs.reflog(name)
  workspace.readConfig()
  readOperation(workspace)
  return { local, remote, count: all.length }
}

class Verifier {
  readonly #workspace: Workspace
  readonly #full: boolean
  readonly #packObjects: number
  readonly #options: VerifyLocalOptions
  readonly #seen = new ObjectSet()
  readonly #filesHashed = new Set<string>()
  commits = 0
  absent = 0

  constructor(workspace: Workspace, full: boolean, packObjects: number, options: VerifyLocalOptions) {
    this.#workspace = workspace
    this.#full = full
    this.#packObjects = packObjects
    this.#options = options
  }

  get seen(): number {
    return this.#seen.size
  }

  async verifyHistory(local: readonly ObjectId[], remote: readonly ObjectId[]): Promise<void> {
    const { readLocal } = this.#workspace.store
    const { signal } = this.#options
    const shared = new Set<ObjectId>()
    const onAbsent = (id: ObjectId) => this.#noteAbsent('commit', id)
    for await (const item of walkCommits(readLocal, remote, { signal, onAbsent })) {
      shared.add(item.id)
      await this.#verifyShared(item)
    }
    for await (const item of walkCommits(readLocal, local, { signal, skip: (id) => shared.has(id) }))
      await this.#verifyOwn(item)
  }

  /** A commit that a remote holds too: whatever is here of it must be right. */
  async #verifyShared({ id, commit }: QueuedCommit): Promise<void> {
    this.commits++
    this.#mark('commit', id)
    for (const attachment of commit.attachments.values()) await this.#isHere('attachment', attachment)
    const { readLocal } = this.#workspace.store
    const skip = async (node: ObjectId) => this.#isSeen('tree', node) || !(await this.#isHere('tree', node))
    for await (const node of walkTreeNodes(readLocal, commit.tree, { skip, signal: this.#options.signal }))
      for (const entry of node.entries) await this.#verifyEntry(entry)
  }

  /** A commit of which no remote is known: all that it brought must be here. */
  async #verifyOwn({ id, commit }: QueuedCommit): Promise<void> {
    const { store } = this.#workspace
    const { signal } = this.#options
    this.commits++
    this.#mark('commit', id)
    const bases: ObjectId[] = []
    for (const parent of commit.parents)
      for await (const { commit: before } of walkCommits(store.readLocal, [parent], { onAbsent: () => {} })) {
        bases.push(before.tree)
        break
      }
    for (const id of commit.attachments.values()) await this.#demand([{ kind: 'attachment', id }])
    for await (const run of treeObjectRuns(store.readLocal, commit.tree, bases, signal, undefined, this.#onAbsentMap))
      await this.#demand(run)
    if (!this.#full) return
    const skip = async (node: ObjectId) => this.#isSeenFull(node) || !(await store.has('tree', node))
    for await (const node of walkTreeNodes(store.readLocal, commit.tree, { skip, signal }))
      for (const entry of node.entries) await this.#verifyFile(entry)
  }

  /** @returns how many paths are staged */
  async verifyStaging(): Promise<number> {
    const { store } = this.#workspace
    let count = 0
    for (const { entry } of this.#workspace.readStaging().changes()) {
      count++
      if (!entry?.content) continue
      await this.#demand([entry.content])
      for await (const node of walkMapNodes(store.readLocal, entry, { onAbsent: this.#onAbsentMap }))
        if (node.level === 0) await this.#demand(node.items.map(({ id }) => ({ kind: 'chunk', id })))
    }
    return count
  }

  async #verifyEntry(entry: TreeEntry): Promise<void> {
    const { content } = entry
    if (!content || this.#isSeen(content.kind, content.id)) return
    const { readLocal } = this.#workspace.store
    let complete = await this.#isHere(content.kind, content.id)
    if (complete && content.kind === 'map') {
      const skip = async (id: ObjectId) => {
        const here = await this.#isHere('map', id)
        complete &&= here
        return !here
      }
      for await (const node of walkMapNodes(readLocal, entry, { skip }))
        if (node.level === 0)
          for (const { id } of node.items) {
            const here = await this.#isHere('chunk', id)
            complete &&= here
          }
    }
    if (complete && this.#full) await this.#verifyFile(entry)
  }

  /** Proves the file id, which the tree only claims. */
  async #verifyFile(entry: TreeEntry): Promise<void> {
    const key = `${entry.fileId}:${entry.content?.id ?? ''}`
    if (this.#filesHashed.has(key) || entry.content?.id === entry.fileId) return
    this.#filesHashed.add(key)
    const hash = createSha256()
    try {
      for await (const piece of readEntry(this.#workspace.store.readLocal, entry, this.#options)) hash.update(piece)
    } catch (error) {
      // Counted where it was looked for. What seemed to be here and is not is another matter.
      if (isPlainlyMissing(error)) return
      throw error
    }
    const got = hash.digest('hex')
    if (got !== entry.fileId) throw new FileIdMismatchError(entry.path, entry.fileId, got)
  }

  async #demand(objects: readonly MissingObject[]): Promise<void> {
    throwIfAborted(this.#options.signal)
    const { store } = this.#workspace
    // A version that a remote has needs the absent ones too: they were evicted, or never fetched, and can be had again.
    const isNew = ({ kind, id }: MissingObject) =>
      (this.#absent.size === 0 || !this.#absent.has(objectKey(kind, id))) && this.#seen.add(kind, id)
    const lacking = await store.lacking(objects.filter(isNew))
    // What says that it is missing says why, if that is known.
    for (const object of lacking) {
      try {
        await store.readLocal(object.kind, object.id, this.#options)
      } catch (error) {
        if (!this.#options.onMissing || !isPlainlyMissing(error)) throw error
        this.#options.onMissing(object)
      }
    }
    this.#tell()
  }

  /** The map itself has been asked for. */
  get #onAbsentMap(): ((id: ObjectId) => void) | undefined {
    const { onMissing } = this.#options
    return onMissing && ((id) => onMissing({ kind: 'map', id }))
  }

  /** True if a local pack holds it; otherwise it counts as absent. */
  async #isHere(kind: ObjectKind, id: ObjectId): Promise<boolean> {
    if (await this.#workspace.store.has(kind, id)) {
      this.#mark(kind, id)
      return true
    }
    this.#noteAbsent(kind, id)
    return false
  }

  readonly #absent = new Set<string>()

  #noteAbsent(kind: ObjectKind, id: ObjectId): void {
    this.#absent.add(objectKey(kind, id))
    this.absent = this.#absent.size
  }

  #isSeen(kind: ObjectKind, id: ObjectId): boolean {
    return this.#seen.has(kind, id)
  }

  readonly #nodesRead = new Set<ObjectId>()

  #isSeenFull(node: ObjectId): boolean {
    if (this.#nodesRead.has(node)) return true
    this.#nodesRead.add(node)
    return false
  }

  #mark(kind: ObjectKind, id: ObjectId): void {
    throwIfAborted(this.#options.signal)
    this.#seen.add(kind, id)
    this.#tell()
  }

  #tell(): void {
    const done = this.#packObjects + Math.min(this.#seen.size, this.#packObjects)
    this.#options.onProgress?.({ $kind: 'verifying', doneObjects: done, totalObjects: 2 * this.#packObjects })
  }
}

/** Of what was committed in place, who checks that knows more. */
export function isPlainlyMissing(error: unknown): error is ObjectMissingError {
  return error instanceof ObjectMissingError && !(error instanceof HeldLostError)
}
