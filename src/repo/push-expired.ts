/** What a version needs of earlier pushes that the network no longer stores. The remote had it, and this workspace has seen it
 *  there, so a push would leave it out: the branch would move to what nobody can read. It is sent again, as far as it is here. */

import { FloeError } from '../base/errors.ts'
import { readCommit, walkCommits } from '../history/commits.ts'
import { type MissingObject, treeObjectRuns } from '../history/missing-objects.ts'
import { LocatorCorruptError, ObjectMissingError } from '../objects/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import { createLocator } from '../objects/locator.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { LocalStore } from '../store/local-store.ts'
import { type KnownObjects, segmentKey } from './push-known.ts'
import type { RemotePosition } from './push-target.ts'

export interface ExpiredOptions {
  known: KnownObjects
  position: RemotePosition
  /** Commits that this workspace has seen on the remote. */
  have: readonly ObjectId[]
  store: LocalStore
  /** Here, or from packs that are still stored. */
  read: ReadObject
  /** Told how much is nowhere, if that must not stop the push: what a purge takes out has to go all the same. */
  onLost?: ((objects: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Commits and attachments of the whole history, so that it can be cloned, and all of the version itself. Contents of older
 *  versions are `revive`'s matter, which says what of them is lost. Looked at only where something has expired.
 *  @param missing - what the push sends anyway
 *  @returns these, and before them what has expired
 *  @throws {FloeError} PUSH_BASE_EXPIRED (exit 13), before anything is paid, if some of it is not here either, and that is to stop
 *  the push */
export async function withExpired(
  { commit, tree }: { commit: ObjectId; tree: ObjectId },
  missing: readonly MissingObject[],
  { known, position, have, store, read, onLost, signal }: ExpiredOptions,
): Promise<MissingObject[]> {
  if (known.expired.size === 0) return [...missing]
  const met = new Set(missing.map(({ kind, id }) => objectKey(kind, id)))
  const locator = createLocator(known.segments.map((segment) => async () => segment))
  const again: MissingObject[] = []
  const lost: MissingObject[] = []

  async function isStored(kind: ObjectKind, id: ObjectId): Promise<boolean> {
    try {
      for await (const { blobId } of locator.locate(kind, id, { signal })) if (known.live.isStored(blobId)) return true
      return false
    } catch (error) {
      // Somebody's broken segment proves nothing.
      if (error instanceof LocatorCorruptError) return true
      throw error
    }
  }

  async function look(object: MissingObject): Promise<void> {
    const { kind, id } = object
    const key = objectKey(kind, id)
    if (met.has(key)) return
    met.add(key)
    if (await isStored(kind, id)) return
    ;((await store.has(kind, id)) ? again : lost).push(object)
  }

  const whole = await wholeVersions({ known, position, have, store, signal })
  const attachments: ObjectId[] = []
  const commits: ObjectId[] = []
  const onAbsent = (id: ObjectId) => void commits.push(id)
  const skip = (id: ObjectId) => whole.history.has(id)
  for await (const item of walkCommits(store.readLocal, [commit], { signal, onAbsent, skip })) {
    commits.push(item.id)
    attachments.push(...item.commit.attachments.values())
  }
  const unread: MissingObject[] = []
  const readNode: ReadObject = async (kind, id, options) => {
    if (await store.has(kind, id)) return store.readLocal(kind, id, options)
    if (await isStored(kind, id)) return read(kind, id, options)
    unread.push({ kind, id })
    throw new ObjectMissingError(kind, id)
  }
  // Known by then.
  const onAbsentMap = () => undefined
  try {
    for await (const run of treeObjectRuns(readNode, tree, whole.trees, signal, undefined, onAbsentMap))
      for (const object of run) await look(object)
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error
  }
  for (const object of unread) await look(object)
  for (const id of attachments) await look({ kind: 'attachment', id })
  for (const id of commits.reverse()) await look({ kind: 'commit', id })
  if (lost.length > 0 && !onLost) throw baseExpired(commit, lost)
  if (lost.length > 0) onLost!(lost.length)
  return [...again, ...missing]
}

/** Versions at which refs of the remote stand by locators of which nothing has expired, and what they come from: a branch that
 *  nobody has pushed to for long must not make every push look at everything. */
async function wholeVersions({ known, position, have, store, signal }: Omit<ExpiredOptions, 'read' | 'onLost'>) {
  const trees: ObjectId[] = []
  const tips: ObjectId[] = []
  for (const row of position.refs) {
    const commit = row.commit as ObjectId
    if (!have.includes(commit) || !(await store.has('commit', commit))) continue
    if (position.pushes.get(row.push)!.segments.some((segment) => known.expired.has(segmentKey(segment)))) continue
    tips.push(commit)
    trees.push((await readCommit(store.readLocal, commit)).tree)
  }
  const history = new Set<ObjectId>()
  for await (const { id } of walkCommits(store.readLocal, tips, { signal, onAbsent: () => undefined })) history.add(id)
  return { trees, history }
}

function baseExpired(commit: ObjectId, lost: readonly MissingObject[]): FloeError {
  const [{ kind, id }] = lost as [MissingObject]
  return new FloeError(
    'integrity',
    'PUSH_BASE_EXPIRED',
    `${lost.length} objects that the version needs have expired on the remote and are not here`,
    {
      data: { commit, count: lost.length, first: { kind, id } },
      hints: [
        'Nothing was paid: run `floe revive` in a workspace that has all of it, then push again',
        'Or leave the files out of the version: `floe rm --cached PATH` and `floe commit`',
      ],
    },
  )
}
