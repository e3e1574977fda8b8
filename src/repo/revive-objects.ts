/** What of a commit and its history can be brought back from here: everything of which each object is in this workspace,
 *  or in packs of the remote that are still stored. History is lazy, so old versions may be absent: they are named and
 *  left out. The version itself must be whole. */

import { FloeError } from '../base/errors.ts'
import { type MissingObject, newCommits, treeObjects } from '../history/missing-objects.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'

export interface RevivableObjects {
  /** Oldest commit first, as in any push. */
  objects: MissingObject[]
  /** Commits whose files are not all to be had: their records are brought back, their contents are not. */
  lost: ObjectId[]
}

export interface RevivableOptions {
  tip: ObjectId
  /** Commits that were brought back a moment ago. */
  have: readonly ObjectId[]
  /** True if an object is in this workspace. */
  isHere(kind: ObjectKind, id: ObjectId): Promise<boolean>
  /** Here, or from packs that are still stored. */
  read: ReadObject
  signal?: AbortSignal | undefined
}

/** @throws {FloeError} REVIVE_INCOMPLETE if the version itself is not whole */
export async function revivableObjects(options: RevivableOptions): Promise<RevivableObjects> {
  const { tip, read, signal } = options
  const objects: MissingObject[] = []
  const taken = new Set<string>()
  const lost: ObjectId[] = []
  const complete = new Map<ObjectId, ObjectId>()
  for (const { id, commit } of await commitsOf(options)) {
    const bases = commit.parents.map((parent) => complete.get(parent)).filter((tree) => tree !== undefined)
    const own: MissingObject[] = []
    let missing: string | undefined
    for await (const object of wholeTree(options, commit.tree, bases))
      if ('missing' in object) missing ??= object.missing
      else own.push(object)
    if (missing !== undefined && id === tip) throw incomplete(tip, missing)
    if (missing !== undefined) lost.push(id)
    else complete.set(id, commit.tree)
    for (const attachment of commit.attachments.values()) {
      await read('attachment', attachment, { signal })
      own.push({ kind: 'attachment', id: attachment })
    }
    const kept = missing === undefined ? own : own.filter(({ kind }) => kind === 'attachment')
    for (const object of [...kept, { kind: 'commit' as const, id }]) {
      const key = objectKey(object.kind, object.id)
      if (!taken.has(key)) objects.push(object)
      taken.add(key)
    }
  }
  return { objects, lost }
}

async function commitsOf({ tip, have, read, signal }: RevivableOptions) {
  try {
    return await newCommits(read, { wanted: [tip], have, signal })
  } catch (error) {
    if (isAbsent(error)) throw incomplete(tip, 'its history')
    throw error
  }
}

/** Objects of a tree, and at most one word about what is missing. */
async function* wholeTree(
  { read, isHere, signal }: RevivableOptions,
  tree: ObjectId,
  bases: readonly ObjectId[],
): AsyncGenerator<MissingObject | { missing: string }> {
  try {
    for await (const object of treeObjects(read, tree, bases, signal)) {
      if (object.kind === 'chunk' && !(await isHere('chunk', object.id))) await read('chunk', object.id, { signal })
      yield object
    }
  } catch (error) {
    if (!isAbsent(error)) throw error
    yield { missing: error.message }
  }
}

/** Nobody has it any more, as opposed to: it cannot be asked for now. */
function isAbsent(error: unknown): error is FloeError {
  if (error instanceof ObjectMissingError) return true
  return error instanceof FloeError && (error.kind === 'integrity' || error.code === 'BLOB_NOT_FOUND')
}

function incomplete(tip: ObjectId, missing: string): FloeError {
  return new FloeError('other', 'REVIVE_INCOMPLETE', `commit ${tip} is not whole in this workspace: ${missing}`, {
    data: { commit: tip },
    hints: ['Run `floe revive` in a workspace that has this version, for example where it was committed'],
  })
}
