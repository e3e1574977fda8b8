/** Which chunks a remote holds under certificate, and on whose word: what a pack of this key holds is what this key sent,
 *  and an index of somebody else's pack is a claim, which reading the chunk back settles. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import type { ObjectId } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import { openPack, type PackReader } from '../objects/pack-reader.ts'
import type { Workspace } from '../store/workspace.ts'
import { readAllPacks } from './expiry.ts'
import { WARN_BELOW_EPOCHS } from './expiry-memory.ts'
import { unfinishedPushes } from './live-packs.ts'
import { findPackUse } from './pack-use.ts'
import { doubtsIn } from './push-doubts.ts'
import { isLost } from './push-locator.ts'
import type { RemoteOptions } from './remote-options.ts'
import { type RemoteSource, withRefs } from './remote-source.ts'

export interface CertifiedChunks {
  /** Parts of older versions that can be read nowhere any more: chunks that only they lead to are not known to be needed. */
  readonly unread: number
  /** The remote holds them: packs of this key have them, or they were read. */
  readonly held: ObjectSet
  /** Packs of others are said to have them. */
  readonly claimed: ObjectSet
  /** Reads claimed chunks. What is as its id says is held then, the rest is no longer claimed.
   *  @returns what was read and is held, in raw bytes */
  readBack(wanted: ObjectSet): Promise<{ chunks: number; bytes: number }>
}

const NONE: CertifiedChunks = {
  unread: 0,
  held: new ObjectSet(),
  claimed: new ObjectSet(),
  readBack: async () => ({ chunks: 0, bytes: 0 }),
}

/** Chunks that live packs of the remote hold, as far as versions need them at which it stands and that are known here.
 *  @param source - stays open as long as the answer is used
 *  @param own - address whose packs are what their indexes say; `null`: none */
export async function certifiedChunks(
  workspace: Workspace,
  remote: string,
  source: RemoteSource,
  own: string | null,
  options: RemoteOptions,
): Promise<CertifiedChunks> {
  const { reader, state, context } = source
  const seen = new Set<ObjectId>()
  for (const { id } of workspace.refs.list(`remotes/${remote}/`))
    if ((await doubtsIn(workspace, remote, reader.repositoryId, id, options)).length === 0) seen.add(id)
  const refs = source.refs.filter((ref) => seen.has(ref.commit as ObjectId))
  if (refs.length === 0) return NONE
  const { epoch } = await context.walrus()
  const packs = await readAllPacks(reader, state, options)
  const { store } = workspace
  const use = await findPackUse({ source: withRefs(source, refs), packs, store, epoch, signal: options.signal })
  const unfinished = await unfinishedPushes(reader, state, packs, options)
  const [held, all] = [new ObjectSet(), new ObjectSet()]
  const claims: PackRecord[] = []
  for (const pack of packs) {
    if (!use.needed.has(pack.number) || pack.kind !== 'data' || pack.state !== 'live') continue
    // What is about to expire, or can be taken back, would be had from here alone.
    if (pack.endEpoch - epoch < WARN_BELOW_EPOCHS || unfinished.has(pack.pushId)) continue
    const isOwn = own !== null && pack.pusher === own
    if (!isOwn) claims.push(pack)
    const opened = await openIfPack(pack)
    if (!opened) continue
    const { index } = opened
    for (let i = 0; i < index.objectCount; i++)
      if (use.reached.has(index.kindAt(i), index.idAt(i))) (isOwn ? held : all).add(index.kindAt(i), index.idAt(i))
  }
  const claimed = all.without(held)
  const result = { unread: use.unread, held, claimed, readBack }
  return result

  async function openIfPack({ blobId }: PackRecord): Promise<PackReader | null> {
    try {
      return await openPack(await use.remote.openPack(blobId), options)
    } catch (error) {
      if (!isLost(error)) throw error
      return null
    }
  }

  async function readBack(wanted: ObjectSet): Promise<{ chunks: number; bytes: number }> {
    const read = { chunks: 0, bytes: 0 }
    for (const claim of claims) {
      const pack = await openIfPack(claim)
      if (!pack) continue
      const { index } = pack
      // In pack order, so that a frame is read once.
      for (const position of index.positionsInPackOrder()) {
        throwIfAborted(options.signal)
        const [kind, id] = [index.kindAt(position), index.idAt(position)]
        if (!wanted.has(kind, id) || held.has(kind, id)) continue
        try {
          read.bytes += (await pack.readObject(kind, id, options)).length
          read.chunks++
          held.add(kind, id)
        } catch (error) {
          // Another pack may have it.
          if (!(error instanceof FloeError) || error.kind !== 'integrity') throw error
        }
      }
    }
    result.claimed = result.claimed.without(wanted)
    return read
  }
}
