/** The expensive part of a push: packs are built, encoded, paid for and brought to the storage nodes.
 *
 *  Packs go in groups of at most `WINDOW_BYTES`, because of what encoding and sending them takes in memory; one group is
 *  encoded while the one before is sent. What an
 *  earlier, interrupted push has paid for is found on chain by blob id and used again: packs are deterministic. What it had
 *  uploaded as well is not even encoded again (`push-uploaded.ts`). */

import { dirname } from 'node:path'
import { linkSignals } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import type { EncodedBlob, ErasureCoder } from '../erasure/api.ts'
import type { MissingObject } from '../history/missing-objects.ts'
import type { LedgerSigner } from '../ledger/keystore.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import { blobKey, type RepositoryReader, type RepositoryState } from '../ledger/repository-state.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import type { ObjectId } from '../objects/id.ts'
import type { PackIndex } from '../objects/pack-index.ts'
import type { ReadObject } from '../objects/reader.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import type { Certificate } from '../protocol/certificate.ts'
import { encodedBlobBytes } from '../protocol/cost.ts'
import {
  type BuiltPack,
  buildDataPacks,
  buildLocatorPacks,
  buildMetaPacks,
  PUSH_PACK_BYTES,
  type WriteLocator,
} from '../transfer/pack-builder.ts'
import type { PushJournal } from '../transfer/push-journal.ts'
import type { OnProgress } from './progress.ts'
import {
  copiesBarred,
  copyOf,
  type DepositedPacks,
  findBarring,
  findDeposited,
  isDeposited,
  MAX_COPIES,
} from './push-deposited.ts'
import { type LocatorLimits, locatorLimits, type PushLocator } from './push-locator.ts'
import { register, usableOwnedBlobs } from './push-register.ts'
import { uploadedStep, uploadPacks } from './push-upload.ts'
import { createUploadedPacks, type UploadedPack, type UploadedPacks } from './push-uploaded.ts'
import type { RemoteContext } from './remote-context.ts'
import type { Budget } from './spending.ts'

/** Raw bytes of the packs that are encoded at the same time. */
const WINDOW_BYTES = PUSH_PACK_BYTES
/** Packs that are registered in one transaction: two commands and some 260 bytes of its 128 KiB each, four commands
 *  where they go into free storage that ends too soon. */
const WINDOW_PACKS = 200

/** Where one pack is nearly all of the push, no other stands beside it: all of it is encoded in memory, three and a half
 *  times its size, which saves a tenth of the processor time. Not with so many objects that their list is large too. */
const ONE_PACK_MEMORY_BYTES = 512 * 2 ** 20
const ONE_PACK_BYTES = ONE_PACK_MEMORY_BYTES / 3.5
const FEW_OBJECTS = 100_000

/** A pack that only the last transaction of the push is missing. */
export interface ReadyPack {
  kind: 'data' | 'meta'
  blobId: Uint8Array
  bytes: number
  index: PackIndex
  /** `null` if the repository has this very pack already. */
  blobObjectId: string | null
  /** `null` if the blob object is certified already. */
  certificate: Certificate | null
  /** Number in the repository, if it was there already. */
  packNumber: number | null
  /** Its removal is proposed, which is called off when the ref moves: then it is in use again. */
  recalled: boolean
  /** Pack of the repository with this very content that has expired: its blob is replaced. */
  replaces: { number: number; isProposed: boolean } | null
  endEpoch: number
  /** Where the locator segment stands; both 0 without one. */
  locatorOffset: number
  locatorBytes: number
}

export interface PreparePacks {
  context: RemoteContext
  state: WalrusState
  signer: LedgerSigner
  coder: ErasureCoder
  read: ReadObject
  objects: readonly MissingObject[]
  /** Bytes of these objects as they are, not compressed. */
  rawBytes: number
  epochs: number
  /** Holds the limit over the whole push. */
  budget: Budget
  /** What the push buys besides its packs, as far as is known by then. */
  laterFrost(): bigint
  /** Told, before anything more is paid, of packs that the repository has already: unexpired, and of finished pushes. */
  onFound?: ((records: readonly PackRecord[]) => Promise<void>) | undefined
  locator: PushLocator
  packBytes?: number | undefined
  /** Default: for packs of the usual size. */
  locatorLimits?: LocatorLimits | undefined
  /** The repository, unless the push creates it.
   *  `openPush`: the `Push` that an interrupted push has left, with which this one goes on. */
  repository: { reader: RepositoryReader; state: RepositoryState; openPush: string | null } | null
  journal: PushJournal
  /** Commits behind whose contents a pack ends, as it did in the interrupted push that has paid for it. */
  paidUpTo: ReadonlySet<ObjectId>
  /** True: nodes that are slow are not given up when there are enough others; `onTail` gets what is still under way. */
  finishTail?: boolean | undefined
  onTail?: ((tail: Promise<void>) => void) | undefined
  /** Base address of an upload relay to go through. */
  relay?: string | undefined
  onProgress: OnProgress | undefined
  signal: AbortSignal | undefined
}

interface PendingPack {
  built: Pick<BuiltPack, 'kind' | 'summary'>
  blobId: Uint8Array
  /** The slivers, or that the nodes have them since an interrupted push. */
  source: { $kind: 'encoded'; blob: EncodedBlob } | { $kind: 'uploaded'; pack: UploadedPack }
  /** Position in the push, from 1. */
  position: number
}

export async function preparePacks(options: PreparePacks): Promise<ReadyPack[]> {
  const { objects, read, signal, onProgress, state, coder, locator } = options
  const ready: ReadyPack[] = []
  let pending: PendingPack[] = []
  let position = 0
  const maxBytes = Math.min(options.packBytes ?? PUSH_PACK_BYTES, state.maxBlobBytes)

  // While one group is registered and sent, the next is built and encoded; more than these two would be too much memory.
  const failed = new AbortController()
  const linked = linkSignals([signal, failed.signal])
  const sending = { ...options, signal: linked.signal }
  const going: Promise<void>[] = []
  let underWay: Promise<void> | undefined
  const send = async (group: readonly PendingPack[]) => {
    const releaseAll = () => {
      // Shared memory, some three times the packs: the next packs take it over.
      release(group)
    }
    try {
      const { packs, tails } = await registerAndUpload(group, sending)
      ready.push(...packs)
      const done = Promise.all(tails).then(releaseAll)
      going.push(done)
      if (options.finishTail) options.onTail?.(done)
      else await done
    } catch (error) {
      releaseAll()
      throw error
    }
  }
  const flush = async () => {
    await underWay
    if (pending.length === 0) return
    underWay = send(pending)
    // Who awaits it is told; until then a failure is no stray one.
    underWay.catch(() => undefined)
    pending = []
  }
  const place = depositedPlace(options)
  const fresh: { index: PackIndex; blobId: Uint8Array }[] = []
  const writeLocator: WriteLocator = (own) => locator.write(fresh, own)
  const isOnePack = options.rawBytes <= ONE_PACK_BYTES && objects.length <= FEW_OBJECTS
  const encodeOptions = {
    ...(isOnePack ? { memoryBytes: ONE_PACK_MEMORY_BYTES } : {}),
    ...(signal ? { signal } : {}),
  }
  // Not inside `take`: what waits for the upload there would keep the pack, which by then is in the encoded blob.
  const known = await uploadedBefore(options)
  const encode = async (built: BuiltPack) => {
    const { bytes, isAllocated } = built.takeBytes()
    const { packHash, uploaded } = await known.find(bytes)
    if (uploaded) {
      if (isAllocated) coder.release(bytes)
      return { packHash, blobId: uploaded.blobId, source: { $kind: 'uploaded', pack: uploaded } as const }
    }
    const blob = await coder.encodeBlob(state.shardCount, bytes, { takes: isAllocated, ...encodeOptions })
    return { packHash, blobId: blob.blobId, source: { $kind: 'encoded', blob } as const }
  }
  // Threads read it in place, and it stays until it is sent: of larger packs two would be too much memory.
  const allocate = maxBytes <= PUSH_PACK_BYTES ? coder.allocate : undefined
  /** @param rewrite - the locator once more, for another pack with the same objects; `null` if there is no other time */
  const take = async (built: BuiltPack, rewrite: WriteLocator | null, copies = 0): Promise<void> => {
    position++
    onProgress?.({ $kind: 'packed', pack: position, packs: position, packBytes: built.summary.bytes })
    const held = () => pending.reduce((sum, { built }) => sum + built.summary.bytes, 0)
    if (held() + built.summary.bytes > WINDOW_BYTES) await flush()
    const { packHash, blobId: id, source } = await encode(built)
    const barring = place && (await findBarring(id, place).catch(releasing(source)))
    if (barring) {
      release([{ source }])
      position--
      if (copies >= MAX_COPIES || !rewrite) throw copiesBarred(id, barring)
      const repository = place.state.id
      const copy = copyOf(built.summary, barring, { read, repository, maxBytes, signal }, rewrite)
      for await (const again of copy) await take(again, rewrite, copies + 1)
      return
    }
    const encodedBytes = encodedBlobBytes(state.shardCount, built.summary.bytes)
    const blobId = blobIdText(id)
    if (source.$kind === 'encoded') {
      onProgress?.({ $kind: 'encoded', pack: position, packs: position, blobId, encodedBytes })
      await options.journal.record({
        $kind: 'encoded',
        blobId,
        rootHash: Buffer.from(source.blob.rootHash).toString('hex'),
        blobBytes: built.summary.bytes,
        kind: built.kind,
        packHash,
      })
    } else await options.journal.record(source.pack.encoded)
    fresh.push({ index: built.summary.index, blobId: id })
    pending.push({ built: { kind: built.kind, summary: built.summary }, blobId: id, source, position })
    // Before the next pack is built: two of this size at once would be too much memory.
    if (held() > WINDOW_BYTES / 2 || pending.length >= WINDOW_PACKS) await flush()
  }

  try {
    const limits = options.locatorLimits ?? locatorLimits(state.maxBlobBytes)
    await assertNameable(locator, objects.length, limits)
    for await (const built of buildDataPacks(objects, { read, maxBytes, allocate, endsAt: options.paidUpTo, signal }))
      await take(built, writeLocator)
    const planned = await locator.plan({ entries: objects.length, packs: fresh.length })
    const isSplit = planned.maxBytes > limits.inlineBytes
    // The locator stands in the last of them, whose blob has to be one that the network takes.
    const metaBytes = isSplit ? maxBytes : Math.min(maxBytes, state.maxBlobBytes - planned.maxBytes)
    const noLocator: WriteLocator = () => []
    const inPlace = isSplit ? noLocator : writeLocator
    for await (const built of buildMetaPacks(objects, { read, maxBytes: metaBytes, allocate, signal }, inPlace))
      await take(built, inPlace)
    const last = objects.findLast(({ kind }) => kind !== 'chunk')
    if (isSplit && last) {
      const parts = buildLocatorPacks(last, await locator.split([...fresh]), {
        read,
        maxBytes: limits.partBytes,
        allocate,
        signal,
      })
      for await (const built of parts) await take(built, null)
    }
    await flush()
    await underWay
  } catch (error) {
    failed.abort(error)
    await underWay?.catch(() => undefined)
    throw error
  } finally {
    release(pending)
    Promise.allSettled(going).then(() => linked[Symbol.dispose]())
  }
  return ready
}

function release(packs: readonly Pick<PendingPack, 'source'>[]): void {
  for (const { source } of packs) if (source.$kind === 'encoded') source.blob.release()
}

/** With `finishTail` all is encoded: slow nodes want slivers too. */
async function uploadedBefore(options: PreparePacks): Promise<Pick<UploadedPacks, 'find'>> {
  const place = depositedPlace(options)
  const uploaded = await createUploadedPacks({
    dir: dirname(options.journal.path),
    context: options.context,
    owned: () => usableOwnedBlobs(options),
    isDeposited: async (blobId) => place !== null && (await isDeposited(blobId, place)),
    signal: options.signal,
  })
  if (!options.finishTail) return uploaded
  return { find: async (bytes) => ({ ...(await uploaded.find(bytes)), uploaded: null }) }
}

/** The contract's own limit, as publishing has it. */
export const MAX_LIVE_LOCATORS = 64

/** Before anything is paid: whether the locators together stay few enough.
 *  @throws {FloeError} PUSH_LOCATOR_FULL (exit 1) */
async function assertNameable(locator: PushLocator, entries: number, { partBytes }: LocatorLimits): Promise<void> {
  const { maxBytes, kept } = await locator.plan({ entries, packs: 0 })
  const parts = Math.ceil(maxBytes / (partBytes * USED_SHARE))
  if (kept + parts <= MAX_LIVE_LOCATORS) return
  throw new FloeError('other', 'PUSH_LOCATOR_FULL', 'the repository holds more objects than its locator can name', {
    data: { entries, segments: kept + parts, max: MAX_LIVE_LOCATORS },
    hints: [
      'Nothing was paid: push a part of it to another repository, or begin one with larger files (shards of tar or Parquet)',
    ],
  })
}

/** Of a pack with a part of the locator, at least. */
const USED_SHARE = 0.9

/** Where packs may be already; `null` if the repository is yet to be made. */
function depositedPlace({ repository, signer, state, signal }: PreparePacks): DepositedPacks | null {
  return repository && { ...repository, pusher: signer.address, epoch: state.epoch, signal }
}

function releasing(source: PendingPack['source']): (error: unknown) => never {
  return (error) => {
    release([{ source }])
    throw error
  }
}

async function registerAndUpload(
  pending: readonly PendingPack[],
  options: PreparePacks,
): Promise<{ packs: ReadyPack[]; tails: Promise<void>[] }> {
  const { context, state, signal, onProgress, journal } = options
  const packs = pending.map(({ built, blobId }): ReadyPack => {
    const { summary, kind } = built
    return {
      kind,
      blobId,
      bytes: summary.bytes,
      index: summary.index,
      blobObjectId: null,
      certificate: null,
      packNumber: null,
      recalled: false,
      replaces: null,
      endEpoch: state.epoch + options.epochs,
      locatorOffset: summary.locatorOffset,
      locatorBytes: summary.locatorBytes,
    }
  })
  const place = depositedPlace(options)
  const found = place ? await findDeposited(packs, place) : []
  await options.onFound?.(found.filter((record) => record.pushId !== place?.openPush))
  const owned = await usableOwnedBlobs(options)
  const resumed = new Set<ReadyPack>()
  for (const pack of packs) {
    const known = pack.packNumber === null ? owned.get(blobKey(pack.blobId)) : undefined
    if (!known) continue
    pack.blobObjectId = known.objectId
    pack.endEpoch = known.endEpoch
    resumed.add(pack)
    owned.delete(blobKey(pack.blobId))
  }
  const certified = new Set(
    packs.filter((pack) => pack.blobObjectId !== null && owned.certified.has(pack.blobObjectId)),
  )
  const fresh = pending.flatMap(({ blobId, source }, i) => {
    if (packs[i]!.packNumber !== null || packs[i]!.blobObjectId !== null) return []
    if (source.$kind === 'uploaded') throw uploadedGone(blobId)
    return [source.blob]
  })
  await register(fresh, packs, options)

  const sent = []
  for (const [i, pack] of packs.entries()) {
    const { source, position } = pending[i]!
    const { blobObjectId } = pack
    if (blobObjectId === null || certified.has(pack)) continue
    if (source.$kind === 'encoded')
      sent.push({ pack, blob: source.blob, position, blobObjectId, isResumed: resumed.has(pack) })
    else await takeUploaded(pack, source.pack, position, options)
  }
  const uploaded = await uploadPacks(sent, {
    context,
    journal,
    finishTail: options.finishTail ?? false,
    relay: options.relay,
    onProgress,
    signal,
  })
  for (const [i, { pack }] of sent.entries()) pack.certificate = uploaded[i]!.certificate
  return { packs, tails: uploaded.map(({ tail }) => tail) }
}

/** The nodes have it, and have signed for it. */
async function takeUploaded(
  pack: ReadyPack,
  { encoded, certificate, tails }: UploadedPack,
  position: number,
  { state, journal, onProgress }: PreparePacks,
): Promise<void> {
  // Between the look for it and now it was taken out of the repository, or a certified blob of the same content came to the key.
  if (certificate === null) throw uploadedGone(pack.blobId)
  pack.certificate = certificate
  const confirmedShards = certificate.signers.reduce((sum, at) => sum + state.nodes[at]!.weight, 0)
  onProgress?.({ $kind: 'uploaded', pack: position, packs: position, confirmedShards, shards: state.shardCount })
  await journal.record(uploadedStep(encoded.blobId, certificate))
  for (const tail of tails) await journal.record(tail)
}

/** Somebody has released or used meanwhile what an interrupted push had brought. */
function uploadedGone(blobId: Uint8Array): FloeError {
  return new FloeError('network', 'PUSH_UPLOADED_GONE', 'a pack of an interrupted push was released meanwhile', {
    data: { blobId: blobIdText(blobId) },
    hints: ['push again: it is encoded and sent anew, and what else was paid for is used'],
    retryable: true,
  })
}
