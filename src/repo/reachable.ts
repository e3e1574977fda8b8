/** Which objects anything refers to: what `gc` keeps and `du` counts. Absent is not dead: history is lazy, so what was
 *  never fetched is passed over. */

import { throwIfAborted } from '../base/abort.ts'
import { walkCommits } from '../history/commits.ts'
import { walkMapNodes } from '../objects/content-map.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import { type TreeEntry, walkTreeNodes } from '../objects/tree.ts'
import { IdSet } from '../store/id-set.ts'
import type { Workspace } from '../store/workspace.ts'
import { operationCommits, operationEntries, readOperation } from './operation.ts'

export interface Roots {
  commits: ObjectId[]
  trees: ObjectId[]
  files: TreeEntry[]
}

/** Refs, HEAD, their logs, what is staged, and what an operation in progress refers to.
 *  @param logSinceMs - entries of logs before this time do not count
 *  @param counts - which refs do; default all */
export function rootsOf(workspace: Workspace, logSinceMs = 0, counts: (ref: string) => boolean = () => true): Roots {
  const { refs } = workspace
  const commits = new Set<ObjectId>()
  // A ref that is lost can be put back (`fsck --repair`) as long as what it leads to is here.
  const all = [...refs.list(), ...refs.lost()].filter(({ name }) => counts(name))
  for (const { id } of all) commits.add(id)
  const head = refs.headCommit()
  if (head) commits.add(head)
  for (const name of ['HEAD', ...all.map((ref) => ref.name)])
    for (const { old, new: next, timeMs } of refs.reflog(name))
      for (const id of [old, next]) if (id && timeMs >= logSinceMs) commits.add(id)
  const files: Roots['files'] = []
  for (const { entry } of workspace.readStaging().changes()) if (entry) files.push(entry)
  const trees: ObjectId[] = []
  const operation = readOperation(workspace)
  if (operation) {
    for (const id of [operation.theirs, ...operation.parents, ...operationCommits(operation)]) commits.add(id)
    trees.push(operation.tree, operation.theirsTree, ...(operation.rebase ? [operation.rebase.from] : []))
    files.push(...operationEntries(operation))
  }
  return { commits: [...commits], trees, files }
}

export interface Reachable {
  objects: MetObjects
  commits: number
  /** True if a commit, tree node or map was passed over because it is not here, and with it all that only it leads to. */
  hasGaps: boolean
}

/** Objects with the order in which they were met: neighbours in a file follow each other. */
export class MetObjects {
  readonly #ids = new Map<ObjectKind, IdSet>()
  /** Of each id, by its place in the set of its kind. */
  readonly #orders = new Map<ObjectKind, number[]>()
  size = 0

  /** @returns false if it was there */
  add(kind: ObjectKind, id: ObjectId): boolean {
    let ids = this.#ids.get(kind)
    if (!ids) {
      ids = new IdSet()
      this.#ids.set(kind, ids)
      this.#orders.set(kind, [])
    }
    if (!ids.add(id)) return false
    this.#orders.get(kind)!.push(this.size++)
    return true
  }

  has(kind: ObjectKind, id: ObjectId): boolean {
    return this.#ids.get(kind)?.has(id) ?? false
  }

  /** How many were met before it; -1 if it was not. */
  orderOf(kind: ObjectKind, id: ObjectId | Uint8Array): number {
    const index = this.#ids.get(kind)?.indexOf(id) ?? -1
    return index < 0 ? -1 : this.#orders.get(kind)![index]!
  }
}

/** All local objects reachable from the roots.
 *  @param options.onChunk - told of each chunk once */
export async function reachableFrom(
  workspace: Workspace,
  roots: Roots,
  options: {
    signal?: AbortSignal | undefined
    onChunk?: (id: ObjectId, bytes: number) => void
    /** Told of every chunk that is referred to, here or not, perhaps more than once. */
    onReference?: ((id: ObjectId) => void) | undefined
  } = {},
): Promise<Reachable> {
  const { store } = workspace
  const found: Reachable = { objects: new MetObjects(), commits: 0, hasGaps: false }
  const meet = async (kind: ObjectKind, id: ObjectId) => {
    throwIfAborted(options.signal)
    if (found.objects.has(kind, id)) return false
    if (await store.has(kind, id)) return found.objects.add(kind, id)
    found.hasGaps ||= kind !== 'attachment'
    return false
  }
  const meetChunks = async (chunks: readonly { id: ObjectId; bytes: number }[]) => {
    throwIfAborted(options.signal)
    const asked = chunks.map(({ id, bytes }) => ({ kind: 'chunk' as const, id, bytes }))
    const lacking = new Set(await store.lacking(asked))
    for (const chunk of asked) {
      options.onReference?.(chunk.id)
      if (!lacking.has(chunk) && found.objects.add('chunk', chunk.id)) options.onChunk?.(chunk.id, chunk.bytes)
    }
  }
  const skip = (kind: ObjectKind) => async (id: ObjectId) => !(await meet(kind, id))
  const walkFiles = async (files: Roots['files']) => {
    // Files of one chunk that follow each other are met together.
    let chunks: { id: ObjectId; bytes: number }[] = []
    for (const file of files) {
      const { content, bytes } = file
      if (content?.kind === 'chunk') chunks.push({ id: content.id, bytes })
      if (content?.kind !== 'map') continue
      await meetChunks(chunks)
      chunks = []
      for await (const node of walkMapNodes(store.readLocal, file, { skip: skip('map') }))
        if (node.level === 0) await meetChunks(node.items)
    }
    await meetChunks(chunks)
  }
  const walkTreeOf = async (root: ObjectId) => {
    for await (const node of walkTreeNodes(store.readLocal, root, { skip: skip('tree'), signal: options.signal }))
      await walkFiles(node.entries)
  }
  const known = (id: ObjectId) => found.objects.has('commit', id)
  const onAbsent = () => {
    found.hasGaps = true
  }
  const walk = walkCommits(store.readLocal, roots.commits, { onAbsent, skip: known, signal: options.signal })
  for await (const { id, commit } of walk) {
    found.objects.add('commit', id)
    found.commits++
    for (const attachment of commit.attachments.values()) await meet('attachment', attachment)
    await walkTreeOf(commit.tree)
  }
  for (const tree of roots.trees) await walkTreeOf(tree)
  await walkFiles(roots.files)
  return found
}
