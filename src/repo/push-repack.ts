/** Pushing a branch out of certain packs: what it needs of them is sent again, in packs of its own, so that nothing but
 *  what the branch does not need stays behind in them. For `purge`, which leaves them to be removed.
 *
 *  What the remote's branches had before needs no other proof: this client pushed or fetched it. */

import { type MissingObject, missingObjects } from '../history/missing-objects.ts'
import type { RepositoryReader } from '../ledger/repository-state.ts'
import { blobKey } from '../ledger/repository-state.ts'
import { type ObjectId, objectKey } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { reachedFrom } from './pack-use.ts'
import { type Fold, objectsOfPacks } from './push-fold.ts'
import type { KnownObjects } from './push-known.ts'
import type { RemotePosition } from './push-target.ts'
import { absentWhereGone } from './remote-source.ts'

export interface Repack {
  reader: RepositoryReader
  position: RemotePosition
  known: KnownObjects
  read: ReadObject
  commit: ObjectId
  /** Commits that the remote has, with all they need. */
  have: readonly ObjectId[]
  /** Numbers of the packs. */
  packs: readonly number[]
  signal?: AbortSignal | undefined
}

export async function planRepack(job: Repack): Promise<{ missing: MissingObject[]; fold: Fold }> {
  const { reader, position, known, read, commit, have, signal } = job
  const records = await reader.fetchPacks(position.state, job.packs, { signal })
  // What has expired is `push-expired.ts`'s to find.
  const [left, onAbsent] = [absentWhereGone(read), () => undefined]
  const needed = await reachedFrom(left, [commit], signal, onAbsent)
  const there = await reachedFrom(left, have, signal, onAbsent)
  const missing: MissingObject[] = []
  for await (const object of missingObjects(left, { wanted: [commit], have, signal, onAbsentMap: onAbsent }))
    if (object.kind === 'commit' || !there.has(object.kind, object.id)) missing.push(object)
  const held = await objectsOfPacks(records, { remote: known.remote, signal })
  const objects = held.filter(({ kind, id }) => needed.has(kind, id))
  const sent = new Set(missing.map(({ kind, id }) => objectKey(kind, id)))
  return {
    missing,
    fold: {
      // Other refs may need them still: whoever repacks proposes removals when all have been moved.
      packs: [],
      blobKeys: new Set(records.map((pack) => blobKey(pack.blobId))),
      objects: objects.filter(({ kind, id }) => !sent.has(objectKey(kind, id))),
    },
  }
}
