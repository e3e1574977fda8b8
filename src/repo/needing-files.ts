/** Which files of which versions need some objects: for those who must say what damage means, and who look for good copies.
 *  What is damaged itself is not asked: of what only that would lead to, nothing is known. */

import { FloeError } from '../base/errors.ts'
import { walkCommits } from '../history/commits.ts'
import { walkMapNodes } from '../objects/content-map.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { ReadObject } from '../objects/reader.ts'
import { type TreeEntry, walkTreeNodes } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { type Roots, rootsOf } from './reachable.ts'

export interface ObjectRef {
  kind: ObjectKind
  id: ObjectId
}

/** Files that are remembered of one object: its contents may stand in any of them. */
const MAX_FILES = 16

export class Needs {
  readonly #files = new Map<string, TreeEntry[]>()
  readonly #needed = new ObjectSet()
  /** False where something between a ref and an object cannot be read: then others may be needed too. */
  isComplete = true

  isNeeded({ kind, id }: ObjectRef): boolean {
    return !this.isComplete || this.#needed.has(kind, id)
  }

  /** Some of the files that need it, newest versions first. */
  filesOf({ kind, id }: ObjectRef): readonly TreeEntry[] {
    return this.#files.get(objectKey(kind, id)) ?? []
  }

  note(kind: ObjectKind, id: ObjectId, file?: TreeEntry): void {
    this.#needed.add(kind, id)
    if (!file) return
    const key = objectKey(kind, id)
    const files = this.#files.get(key) ?? []
    this.#files.set(key, files)
    if (files.length < MAX_FILES && !files.some(({ path }) => path === file.path)) files.push(file)
  }
}

/** Walks all that refs, logs and staging refer to, as far as it is here and whole. */
export async function needsOf(
  workspace: Workspace,
  objects: Iterable<ObjectRef>,
  signal?: AbortSignal | undefined,
): Promise<Needs> {
  const { store } = workspace
  const needs = new Needs()
  const wanted = new ObjectSet()
  for (const { kind, id } of objects) wanted.add(kind, id)
  const seen = new ObjectSet()
  const note = (kind: ObjectKind, id: ObjectId, file?: TreeEntry) => {
    if (wanted.has(kind, id)) needs.note(kind, id, file)
  }
  const read: ReadObject = async (kind, id, options) => {
    // To try to read what is known to be damaged takes long, since every pack is asked for it.
    if (!wanted.has(kind, id)) {
      try {
        return await store.readLocal(kind, id, options)
      } catch (error) {
        // What was never fetched is as it should be; anything else is damage that nobody has told of.
        if (!(error instanceof FloeError) || error.kind !== 'integrity') throw error
        if (error instanceof ObjectMissingError) throw error
      }
    }
    needs.isComplete = false
    throw new ObjectMissingError(kind, id)
  }
  const rest = { signal, onAbsent: () => undefined }
  const isSeen = (kind: ObjectKind) => (id: ObjectId) => !seen.add(kind, id)
  const walkFile = async (file: TreeEntry) => {
    const { content } = file
    if (!content) return
    note(content.kind, content.id, file)
    if (content.kind === 'chunk') return
    const walk = walkMapNodes(read, file, { ...rest, skip: isSeen('map') })
    for await (const node of walk) {
      for (const { id } of node.items) note(node.level === 0 ? 'chunk' : 'map', id, file)
    }
  }
  const walkTree = async (root: ObjectId) => {
    note('tree', root)
    for await (const node of walkTreeNodes(read, root, { ...rest, skip: isSeen('tree') })) {
      for (const { id } of node.links) note('tree', id)
      for (const entry of node.entries) await walkFile(entry)
    }
  }
  const walkAll = async ({ files, commits, trees }: Roots) => {
    for (const file of files) await walkFile(file)
    for (const id of commits) note('commit', id)
    for await (const { commit } of walkCommits(read, commits, rest)) {
      for (const parent of commit.parents) note('commit', parent)
      for (const attachment of commit.attachments.values()) note('attachment', attachment)
      await walkTree(commit.tree)
    }
    for (const tree of trees) await walkTree(tree)
  }
  try {
    await walkAll(rootsOf(workspace))
  } catch (error) {
    // A ref, a log or what is staged cannot be read, or a tree is not what it must be: that is told of elsewhere.
    if (!(error instanceof FloeError) || error.kind !== 'integrity') throw error
    needs.isComplete = false
  }
  return needs
}
