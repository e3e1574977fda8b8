/** What of a remote nothing but this workspace needs: contents of branches that were never pushed, or not pushed again, of
 *  tags, stashes, logs and staging, which are not in local packs. Where `evict` took them away because they were safe, or
 *  nobody ever asked for them, the remote's pack is the only copy. */

import { FloeError } from '../base/errors.ts'
import { walkCommits } from '../history/commits.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import { walkMapNodes } from '../objects/content-map.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { PackReader } from '../objects/pack-reader.ts'
import type { ReadObject } from '../objects/reader.ts'
import { walkTreeNodes } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { DEFAULT_REFLOG_MS } from './gc.ts'
import type { PackUse } from './pack-use.ts'
import { isLost } from './push-locator.ts'
import { type Roots, rootsOf } from './reachable.ts'
import type { ReaderOf } from './spare-packs.ts'

interface Options {
  signal?: AbortSignal | undefined
}

export interface LocalNeeds {
  isNeeded(pack: PackRecord): Promise<boolean>
  /** What has been brought so far. */
  readonly brought: { objects: number; bytes: number }
}

export const NO_LOCAL_NEEDS: LocalNeeds = { isNeeded: async () => false, brought: { objects: 0, bytes: 0 } }

/** Whether something that only this workspace needs would go with a pack.
 *  @param options.bringNeeded - bring it here: then it does not */
export async function localNeeds(
  workspace: Workspace,
  use: PackUse,
  readerOf: ReaderOf,
  { bringNeeded, dryRun, signal }: Options & { bringNeeded?: boolean | undefined; dryRun?: boolean | undefined },
): Promise<LocalNeeds> {
  const lacked = await lackedHere(workspace, use, { signal })
  if (lacked.size === 0) return NO_LOCAL_NEEDS
  const brought = { objects: 0, bytes: 0 }
  return {
    brought,
    async isNeeded({ blobId }) {
      const pack = await readerOf(blobId)
      const held = heldBy(pack, lacked)
      if (held.length === 0 || !bringNeeded) return held.length > 0
      if (dryRun) return false
      const added = await bringFrom(workspace, pack, held, { signal })
      brought.objects += added.objects
      brought.bytes += added.bytes
      return false
    },
  }
}

/** Objects that refs, staging and logs here need, that are not here, and that no ref of the remote needs.
 *
 *  What refs need is looked for on the remote as well, as far as it can be read there; of what only logs remember, what is
 *  not here was never asked for. */
async function lackedHere(
  workspace: Workspace,
  { reached, remote }: Pick<PackUse, 'reached' | 'remote'>,
  { signal }: Options,
): Promise<ObjectSet> {
  const { store, clock } = workspace
  const [met, lacked] = [new ObjectSet(), new ObjectSet()]
  const isOurs = (ref: string) => !ref.startsWith('remotes/')
  const hereOrThere: ReadObject = async (kind, id, options) => {
    if (await store.has(kind, id)) return store.readLocal(kind, id, options)
    try {
      return await remote.read(kind, id, options)
    } catch (error) {
      // Nobody has it: no pack is kept for it.
      if (!isLost(error)) throw error
      throw new ObjectMissingError(kind, id)
    }
  }
  await walk(rootsOf(workspace, Number.POSITIVE_INFINITY, isOurs), hereOrThere)
  await walk(rootsOf(workspace, clock.now() - DEFAULT_REFLOG_MS, isOurs), store.readLocal)
  return lacked

  /** @returns true if nobody has looked there yet */
  async function enter(kind: ObjectKind, id: ObjectId): Promise<boolean> {
    if (reached.has(kind, id) || !met.add(kind, id)) return false
    if (!(await store.keeps(kind, id))) lacked.add(kind, id)
    return true
  }

  async function walk(roots: Roots, read: ReadObject): Promise<void> {
    const skip = (kind: ObjectKind) => async (id: ObjectId) => !(await enter(kind, id))
    const rest = { signal, onAbsent: () => undefined }
    const walkFile = async (file: Roots['files'][number]) => {
      if (file.content?.kind === 'chunk') await enter('chunk', file.content.id)
      for await (const node of walkMapNodes(read, file, { ...rest, skip: skip('map') }))
        if (node.level === 0) for (const { id } of node.items) await enter('chunk', id)
    }
    const walkFiles = async (tree: ObjectId) => {
      for await (const node of walkTreeNodes(read, tree, { ...rest, skip: skip('tree') }))
        for (const entry of node.entries) await walkFile(entry)
    }
    const known = (id: ObjectId) => reached.has('commit', id) || met.has('commit', id)
    for await (const { id, commit } of walkCommits(read, roots.commits, { ...rest, skip: known })) {
      await enter('commit', id)
      for (const attachment of commit.attachments.values()) await enter('attachment', attachment)
      await walkFiles(commit.tree)
    }
    for (const tree of roots.trees) await walkFiles(tree)
    for (const file of roots.files) await walkFile(file)
  }
}

/** Those of the objects that a pack is said to hold. */
function heldBy({ index }: PackReader, objects: ObjectSet): { kind: ObjectKind; id: ObjectId }[] {
  const found: { kind: ObjectKind; id: ObjectId }[] = []
  for (const position of index.positionsInPackOrder()) {
    const [kind, id] = [index.kindAt(position), index.idAt(position)]
    if (objects.has(kind, id)) found.push({ kind, id })
  }
  return found
}

/** Brings objects of a pack here; what is not as its id says was never had from it. Takes the workspace lock. */
function bringFrom(
  workspace: Workspace,
  pack: PackReader,
  objects: readonly { kind: ObjectKind; id: ObjectId }[],
  options: Options,
): Promise<{ objects: number; bytes: number }> {
  return workspace.withLock('gc --remote', async () => {
    const brought = { objects: 0, bytes: 0 }
    const session = await workspace.store.begin()
    try {
      for (const { kind, id } of objects) {
        let bytes: Uint8Array
        try {
          bytes = await pack.readObject(kind, id, options)
        } catch (error) {
          if (!(error instanceof FloeError) || error.kind !== 'integrity') throw error
          continue
        }
        await session.keep(kind, id, bytes)
        brought.objects++
        brought.bytes += bytes.length
      }
      await session.seal()
    } finally {
      session.abort()
    }
    return brought
  })
}
