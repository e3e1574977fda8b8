/** Whether files that were committed in place still hold what they held: for `status` by their stats, for `fsck` and `push`
 *  by what is in them. */

import { throwIfAborted } from '../base/abort.ts'
import { equalBytes } from '../base/bytes.ts'
import { FloeError, IntegrityError } from '../base/errors.ts'
import type { MissingObject } from '../history/missing-objects.ts'
import type { ObjectId } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { FileStat } from '../store/file-system.ts'
import { type HeldList, isAsListed } from '../store/held-list.ts'
import { statRecord } from '../store/stat-cache.ts'
import type { Workspace } from '../store/workspace.ts'
import { type LocalFiles, localFileId } from '../worktree/local-file.ts'

/** A file that was committed in place, and of which that version cannot be had from here any more, or not all of it. */
export interface HeldChange {
  path: string
  /** `changed`: it is another file now. `gone`: there is none. `overwritten`: a later version took its place. */
  state: 'changed' | 'gone' | 'overwritten'
}

/** What the stats of the files tell, and their ids where those do not: no file is read that `status` would not read.
 *  @returns also lists whose files were found to be as they were although their stats are not */
export async function heldChanges(
  workspace: Workspace,
  files: LocalFiles,
): Promise<{ changes: HeldChange[]; proven: { list: HeldList; stat: FileStat; stampNs: bigint }[] }> {
  const { held } = workspace.store
  const changes: HeldChange[] = []
  const proven: { list: HeldList; stat: FileStat; stampNs: bigint }[] = []
  for (const list of await held.lists()) {
    const { path } = list.facts
    const stat = held.statOf(list)
    const state = list.counts.held > 0 ? await stateNow(workspace, files, list, stat) : 'same'
    if (state === 'same' && stat && list.counts.held > 0 && list.facts.copy === null && !isAsListed(list, stat))
      proven.push({ list, stat, stampNs: files.stampNs })
    if (state !== 'same' && (await isMissed(workspace, list, 'held'))) changes.push({ path, state })
    else if (list.counts.lost > 0 && (await isMissed(workspace, list, 'lost')))
      changes.push({ path, state: 'overwritten' })
  }
  return { changes, proven }
}

async function stateNow(
  { store: { held } }: Workspace,
  files: LocalFiles,
  list: HeldList,
  stat: FileStat | undefined,
): Promise<'same' | 'changed' | 'gone'> {
  const { facts } = list
  if (!stat) return 'gone'
  if (isAsListed(list, stat)) return 'same'
  if (facts.copy !== null) {
    for (const chunk of list.chunks()) if (chunk.state === 'held' && !held.readChunk(list, chunk)) return 'changed'
    return 'same'
  }
  if (stat.kind !== 'file' || stat.bytes !== facts.bytes) return 'changed'
  // The walk may have read it just now.
  const learned = files.updates.get(facts.path)
  const expected = learned && statRecord(stat, facts.fileId, files.stampNs)
  if (learned && expected) return equalBytes(learned, expected) ? 'same' : 'changed'
  try {
    return (await localFileId(files, facts.path, stat)) === facts.fileId ? 'same' : 'changed'
  } catch (error) {
    if (error instanceof FloeError && error.kind !== 'cancelled') return 'changed'
    throw error
  }
}

/** True if a chunk that the list alone promised is in no pack. */
async function isMissed({ store }: Workspace, list: HeldList, state: 'held' | 'lost'): Promise<boolean> {
  for (const chunk of list.chunks())
    if (chunk.state === state && (await store.packsOf('chunk', chunk.id)).length === 0) return true
  return false
}

/** Chunks that were committed in place, and that nothing on this disk holds any more. */
export interface HeldLoss {
  /** Path → chunks. */
  paths: Map<string, number>
  chunks: ObjectId[]
}

export interface FindLossOptions {
  /** Read files whose stat is as it was, too. */
  full?: boolean | undefined
  /** Chunks that count (default: all). */
  among?: ObjectSet | undefined
  signal?: AbortSignal | undefined
}

/** Reads files that are not as they were, and says what they do not hold any more.
 *  What a remote holds by what the chain said is not lost. */
export async function findLoss(workspace: Workspace, options: FindLossOptions = {}): Promise<HeldLoss> {
  const { held } = workspace.store
  const loss: HeldLoss = { paths: new Map(), chunks: [] }
  const met = new ObjectSet()
  held.closeFiles()
  for (const list of await held.lists()) {
    const isWhole = !options.full && isAsListed(list, held.statOf(list))
    for (const chunk of list.chunks()) {
      throwIfAborted(options.signal)
      const { id, state } = chunk
      if (state === 'certified' || (options.among && !options.among.has('chunk', id))) continue
      if ((state === 'held' && isWhole) || held.readChunk(list, chunk)) continue
      // Another file or a pack may have it.
      if (met.has('chunk', id) || (await isElsewhere(workspace, id))) continue
      met.add('chunk', id)
      loss.chunks.push(id)
      loss.paths.set(list.facts.path, (loss.paths.get(list.facts.path) ?? 0) + 1)
    }
  }
  return loss
}

async function isElsewhere({ store }: Workspace, id: ObjectId): Promise<boolean> {
  try {
    await store.readLocal('chunk', id)
    return true
  } catch (error) {
    if (error instanceof FloeError && error.kind === 'integrity') return false
    throw error
  }
}

const MAX_LISTED = 100

/** Versions were committed in place in files that hold them no more (exit 13). */
export class InPlaceLostError extends IntegrityError {
  override name = 'InPlaceLostError'
  constructor(code: 'PUSH_IN_PLACE_CHANGED' | 'FSCK_IN_PLACE_LOST', { paths, chunks }: HeldLoss) {
    const [first] = paths.keys()
    const files = paths.size === 1 ? first : `${first} and ${paths.size - 1} more`
    const many = chunks.length === 1 ? 'a chunk' : `${chunks.length} chunks`
    const what = `${files} was committed in place and changed or deleted since: ${many} of that version ${chunks.length === 1 ? 'is' : 'are'} gone`
    super(code, code === 'PUSH_IN_PLACE_CHANGED' ? `${what}; nothing was sent or paid` : what, {
      data: { paths: [...paths.keys()].slice(0, MAX_LISTED), files: paths.size, chunks: chunks.length },
      hints:
        code === 'PUSH_IN_PLACE_CHANGED'
          ? [
              'put the file back as it was committed, from a copy you have, and push again',
              'or make a version without it: `floe reset --soft` to the version before, then `floe commit`',
            ]
          : [
              'put the file back as it was committed, from a copy you have',
              'if that version was pushed, `floe fsck --repair` brings it from the remote',
            ],
    })
  }
}

/** Reads and hashes every chunk of what is to be sent that a file of the user's holds.
 *  @throws {InPlaceLostError} PUSH_IN_PLACE_CHANGED (exit 13), naming the files */
export async function assertHeld(
  workspace: Workspace,
  objects: readonly MissingObject[],
  signal?: AbortSignal,
): Promise<void> {
  if ((await workspace.store.held.lists()).length === 0) return
  const among = new ObjectSet()
  for (const { kind, id } of objects) if (kind === 'chunk') among.add(kind, id)
  const loss = await findLoss(workspace, { full: true, among, signal })
  if (loss.chunks.length > 0) throw new InPlaceLostError('PUSH_IN_PLACE_CHANGED', loss)
}
