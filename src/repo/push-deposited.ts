/** Packs of a push that the repository has already: by blob id, whoever brought them.
 *
 *  The contract takes no second blob of the same content while one is there. A pack whose removal is proposed can be called
 *  back by its pusher and by revokers; anybody else makes a pack of their own of the same objects (`copyOf`). */

import { utf8 } from '../base/bytes.ts'
import { FloeError } from '../base/errors.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import type { RepositoryReader, RepositoryState } from '../ledger/repository-state.ts'
import { fetchTakedowns, isOpenTakedown } from '../ledger/repository-takedowns.ts'
import { ROLES } from '../ledger/transactions/repository.ts'
import { objectIdFor } from '../objects/id.ts'
import { objectsInOrder } from '../objects/pack-order.ts'
import type { PackSummary } from '../objects/pack-writer.ts'
import type { ReadObject } from '../objects/reader.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { type BuiltPack, buildDataPacks, buildMetaPacks, type WriteLocator } from '../transfer/pack-builder.ts'
import { unfinishedPushes } from './live-packs.ts'
import type { ReadyPack } from './push-packs.ts'

export interface DepositedPacks {
  reader: RepositoryReader
  state: RepositoryState
  /** The `Push` that an interrupted push has left, with which this one goes on. */
  openPush: string | null
  /** Who pushes. */
  pusher: string
  /** Current Walrus epoch. */
  epoch: number
  signal: AbortSignal | undefined
}

/** Fills in which packs the repository holds already, unexpired, so that nobody else can take them back at once; and those
 *  that have expired, in whose place the new blobs go.
 *  @returns records of the former */
export async function findDeposited(packs: readonly ReadyPack[], place: DepositedPacks): Promise<PackRecord[]> {
  const records = await recordsOf(
    packs.map((pack) => pack.blobId),
    place,
  )
  const used: PackRecord[] = []
  for (const [i, record] of records.entries()) {
    if (!record) continue
    const isProposed = record.state === 'removal-proposed'
    // Proposed since the pack was made.
    if (isProposed && !mayCallOff(record, place)) throw generationChanged(record)
    if (record.endEpoch <= place.epoch) {
      packs[i]!.replaces = { number: record.number, isProposed }
      continue
    }
    packs[i]!.recalled = isProposed
    if (isProposed) await refuseTakenDown(record, place)
    packs[i]!.packNumber = record.number
    packs[i]!.endEpoch = record.endEpoch
    used.push(record)
  }
  return used
}

/** True for a blob that the repository holds as a pack, unexpired, which a push may use instead of bringing it.
 *  One whose removal is proposed is none: what becomes of it is `findDeposited`'s to say. */
export async function isDeposited(blobId: Uint8Array, place: DepositedPacks): Promise<boolean> {
  const [record] = await recordsOf([blobId], place)
  return record !== null && record !== undefined && record.state !== 'removal-proposed' && record.endEpoch > place.epoch
}

/** The pack because of which this blob cannot be deposited, nor that pack be used instead: its removal is proposed, and
 *  only others may call that off.
 *  @throws {FloeError} PUSH_TAKEN_DOWN (exit 1) */
export async function findBarring(blobId: Uint8Array, place: DepositedPacks): Promise<PackRecord | null> {
  // Every proposal raises it.
  if (place.state.generation === 0n) return null
  const [record] = await recordsOf([blobId], place)
  if (record?.state !== 'removal-proposed' || mayCallOff(record, place)) return null
  await refuseTakenDown(record, place)
  return record
}

/** Records of packs that a push cannot pass by: all but those that are removed, and those of other pushes under way. */
async function recordsOf(blobIds: readonly Uint8Array[], place: DepositedPacks): Promise<(PackRecord | null)[]> {
  const { reader, state, openPush, signal } = place
  const numbers = await reader.fetchPackNumbers(state, blobIds, { signal })
  const found = numbers.filter((number) => number !== null)
  const deposited = await reader.fetchPacks(state, found, { signal })
  const unfinished = await unfinishedPushes(reader, state, deposited, { signal })
  const records = new Map(deposited.map((record) => [record.number, record]))
  return numbers.map((number) => {
    const record = number === null ? undefined : records.get(number)
    if (!record || record.state === 'removed') return null
    return unfinished.has(record.pushId) && record.pushId !== openPush ? null : record
  })
}

/** The contract's rule: the pusher of the pack, as a writer, or a revoker. */
function mayCallOff(pack: PackRecord, { state, pusher }: DepositedPacks): boolean {
  const own = state.roles.get(pusher) ?? 0
  return (own & ROLES.revoker) !== 0 || (pack.pusher === pusher && (own & ROLES.writer) !== 0)
}

function generationChanged(pack: PackRecord): FloeError {
  return new FloeError('other', 'PUSH_GENERATION_CHANGED', `the removal of pack ${pack.number} has been proposed`, {
    data: { pack: pack.number, pusher: pack.pusher },
    retryable: true,
    hints: ['Push again: it looks at the packs anew, and what is paid for is used'],
  })
}

/** A takedown is called off by those who mean to, not by pushing the contents again.
 *  @throws {FloeError} PUSH_TAKEN_DOWN (exit 1) */
async function refuseTakenDown(pack: PackRecord, { reader, state, signal }: DepositedPacks): Promise<void> {
  const takedown = (await fetchTakedowns(reader, state, [pack.number], { signal })).get(pack.number)
  if (!isOpenTakedown(pack, takedown)) return
  const reason = takedown?.ground?.reason ?? ''
  throw new FloeError(
    'other',
    'PUSH_TAKEN_DOWN',
    `what is pushed holds contents that are being taken down: ${reason}`,
    {
      data: { pack: pack.number, reason, commit: takedown?.ground?.commit ?? null },
      hints: [
        'Push without them: `floe purge PATH` takes files out of all versions',
        'A revoker calls it off with `floe gc --remote --cancel`',
      ],
    },
  )
}

/** The objects of a pack again, in a pack with another blob id: one small object stands before them, which says why. It is
 *  the same whenever the push is repeated. Mostly one pack, more if there was no room for that object. */
export function copyOf(
  { kind, index, locatorBytes }: PackSummary,
  barring: PackRecord,
  options: { read: ReadObject; repository: string; maxBytes: number; signal: AbortSignal | undefined },
  writeLocator: WriteLocator,
): AsyncGenerator<BuiltPack> {
  const { repository, maxBytes, signal } = options
  const note = utf8(`floe: a copy beside pack ${barring.number} of ${repository}, whose removal is proposed\n`)
  const noteKind = kind === 'data' ? 'chunk' : 'attachment'
  const noteId = objectIdFor(noteKind, note)
  const objects = [{ kind: noteKind, id: noteId } as const, ...objectsInOrder(index)]
  const read: ReadObject = async (objectKind, id, more) =>
    objectKind === noteKind && id === noteId ? note : options.read(objectKind, id, more)
  if (kind === 'data') return buildDataPacks(objects, { read, maxBytes, signal })
  return buildMetaPacks(objects, { read, maxBytes, signal }, locatorBytes > 0 ? writeLocator : () => [])
}

/** Times that a pack is copied because others have proposed the removal of the copy as well. */
export const MAX_COPIES = 8

/** @param blobId - of the last copy */
export function copiesBarred(blobId: Uint8Array, { number, pusher }: PackRecord): FloeError {
  return new FloeError('other', 'PUSH_PACKS_BARRED', `pack ${number} has these contents, and its removal is proposed`, {
    data: { pack: number, pusher, blobId: blobIdText(blobId) },
    hints: [
      `Nothing was paid for this pack: ask ${pusher} or a revoker to call the removal off with \`floe gc --remote --cancel\``,
    ],
  })
}
