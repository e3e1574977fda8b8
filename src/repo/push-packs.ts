/** The expensive part of a push: packs are built, encoded, paid for and brought to the storage nodes.
 *
 *  Packs go in groups of at most `WINDOW_BYTES`, because of what encoding and sending them takes in memory; one group is
 *  encoded while the one before is sent. What an
 *  earlier, interrupted push has paid for is found on chain by blob id and used again: packs are deterministic. */

import { sleep } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import type { EncodedBlob, ErasureCoder } from '../erasure/api.ts'
import type { MissingObject } from '../history/missing-objects.ts'
import { type BlobRecord, blobObjectType, fetchOwnedBlobs, parseBlobObject } from '../ledger/blob-object.ts'
import { type ExecutedTransaction, paidBy } from '../ledger/client.ts'
import { LedgerError } from '../ledger/errors.ts'
import { fetchFaucetCoins } from '../ledger/faucet.ts'
import type { LedgerSigner } from '../ledger/keystore.ts'
import { walCoinType } from '../ledger/networks.ts'
import { fetchOwnStorage } from '../ledger/own-storage.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import { blobKey, type RepositoryReader, type RepositoryState } from '../ledger/repository-state.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { addRegistration, registrationCost } from '../ledger/transactions/register.ts'
import { fetchWalFunds } from '../ledger/transactions/wal-payment.ts'
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
import { copiesBarred, copyOf, type DepositedPacks, findBarring, findDeposited, MAX_COPIES } from './push-deposited.ts'
import { type LocatorLimits, locatorLimits, type PushLocator } from './push-locator.ts'
import { uploadPacks } from './push-upload.ts'
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
  blob: EncodedBlob
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
  const sending = { ...options, signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal }
  let underWay: Promise<void> | undefined
  const send = async (group: readonly PendingPack[]) => {
    const releaseAll = () => {
      // Shared memory, some three times the packs: the next packs take it over.
      for (const { blob } of group) blob.release()
    }
    try {
      const { packs, tails } = await registerAndUpload(group, sending)
      ready.push(...packs)
      const done = Promise.all(tails).then(releaseAll)
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
  const encode = (built: BuiltPack) => {
    const { bytes, isAllocated } = built.takeBytes()
    return coder.encodeBlob(state.shardCount, bytes, { takes: isAllocated, ...encodeOptions })
  }
  // Threads read it in place, and it stays until it is sent: of larger packs two would be too much memory.
  const allocate = maxBytes <= PUSH_PACK_BYTES ? coder.allocate : undefined
  /** @param rewrite - the locator once more, for another pack with the same objects; `null` if there is no other time */
  const take = async (built: BuiltPack, rewrite: WriteLocator | null, copies = 0): Promise<void> => {
    position++
    onProgress?.({ $kind: 'packed', pack: position, packs: position, packBytes: built.summary.bytes })
    const held = () => pending.reduce((sum, { blob }) => sum + blob.metadata.blobBytes, 0)
    if (held() + built.summary.bytes > WINDOW_BYTES) await flush()
    const blob = await encode(built)
    const barring = place && (await findBarring(blob.blobId, place).catch(releasing(blob)))
    if (barring) {
      blob.release()
      position--
      if (copies >= MAX_COPIES || !rewrite) throw copiesBarred(blob.blobId, barring)
      const repository = place.state.id
      const copy = copyOf(built.summary, barring, { read, repository, maxBytes, signal }, rewrite)
      for await (const again of copy) await take(again, rewrite, copies + 1)
      return
    }
    const encodedBytes = encodedBlobBytes(state.shardCount, built.summary.bytes)
    const blobId = blobIdText(blob.blobId)
    onProgress?.({ $kind: 'encoded', pack: position, packs: position, blobId, encodedBytes })
    await options.journal.record({
      $kind: 'encoded',
      blobId,
      rootHash: Buffer.from(blob.rootHash).toString('hex'),
      blobBytes: built.summary.bytes,
      kind: built.kind,
    })
    fresh.push({ index: built.summary.index, blobId: blob.blobId })
    pending.push({ built: { kind: built.kind, summary: built.summary }, blob, position })
    // Before the next pack is built: two of this size at once would be too much memory.
    if (held() > WINDOW_BYTES / 2 || pending.length >= WINDOW_PACKS) await flush()
  }

  try {
    const limits = options.locatorLimits ?? locatorLimits(state.maxBlobBytes)
    await assertNameable(locator, objects.length, limits)
    for await (const built of buildDataPacks(objects, { read, maxBytes, allocate, signal }))
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
    for (const { blob } of pending) blob.release()
  }
  return ready
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

function releasing(blob: EncodedBlob): (error: unknown) => never {
  return (error) => {
    blob.release()
    throw error
  }
}

async function registerAndUpload(
  pending: readonly PendingPack[],
  options: PreparePacks,
): Promise<{ packs: ReadyPack[]; tails: Promise<void>[] }> {
  const { context, state, signal, onProgress, journal } = options
  const packs = pending.map(({ built, blob }): ReadyPack => {
    const { summary, kind } = built
    return {
      kind,
      blobId: blob.blobId,
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
  const fresh = pending.filter((_, i) => packs[i]!.packNumber === null && packs[i]!.blobObjectId === null)
  await register(fresh, packs, options)

  const sent = packs.flatMap((pack, i) => {
    if (pack.blobObjectId === null || certified.has(pack)) return []
    const { blob, position } = pending[i]!
    return [{ pack, blob, position, blobObjectId: pack.blobObjectId, isResumed: resumed.has(pack) }]
  })
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

/** Blobs that the signer owns and that would do as packs of this push. */
async function usableOwnedBlobs(options: PreparePacks): Promise<Map<string, BlobRecord> & { certified: Set<string> }> {
  const { context, state, signer, epochs, signal } = options
  const blobs = await fetchOwnedBlobs(context.ledger, state, signer.address, signal ? { signal } : {})
  // An interrupted push may have bought its epochs a little earlier: paid is paid.
  const earliestEnd = state.epoch + Math.max(1, epochs - EPOCHS_LOST_TO_A_BREAK)
  const usable = new Map<string, BlobRecord>()
  const certified = new Set<string>()
  for (const blob of blobs) {
    if (!blob.deletable || blob.endEpoch < earliestEnd) continue
    usable.set(blobKey(blob.blobId), blob)
    if (blob.certifiedEpoch !== null) certified.add(blob.objectId)
  }
  return Object.assign(usable, { certified })
}

const EPOCHS_LOST_TO_A_BREAK = 2

/** Buys storage for packs and registers them, in one transaction. Fills in their object ids. */
async function register(
  fresh: readonly PendingPack[],
  packs: readonly ReadyPack[],
  options: PreparePacks,
): Promise<void> {
  if (fresh.length === 0) return
  const { context, state, signer, epochs, budget, signal, onProgress, journal } = options
  const laterFrost = options.laterFrost()
  const { ledger, profile } = context
  const request = signal ? { signal } : {}
  const registration = {
    state,
    packs: fresh.map(({ blob }) => ({
      blobId: blob.blobId,
      rootHash: blob.rootHash,
      blobBytes: blob.metadata.blobBytes,
    })),
    epochs,
    // What an attempt that was given up has left.
    owned: await fetchOwnStorage(ledger, state, signer.address, request),
  }
  const cost = registrationCost(registration)
  budget.assertEnough(cost + laterFrost)
  const limitFrost = budget.limitFor(cost, laterFrost)
  await ensureLocalFunds(context, signer, limitFrost)
  const coinType = walCoinType(profile)
  const executed = await ledger.execute(
    async (transaction) =>
      addRegistration(transaction, {
        ...registration,
        funds: await fetchWalFunds(ledger, signer.address, coinType, request),
        limitFrost,
        owner: signer.address,
        network: { name: profile.name, faucet: profile.faucetUrl !== undefined },
      }),
    signer,
    request,
  )
  budget.paid(cost, paidBy(executed, signer.address, coinType))
  const byBlobId = await registeredBlobs(fresh, executed, options)
  for (const pack of packs) {
    const blob = byBlobId.get(blobKey(pack.blobId))
    if (!blob || pack.blobObjectId !== null) continue
    pack.blobObjectId = blob.objectId
    pack.endEpoch = blob.endEpoch
    await journal.record({
      $kind: 'registered',
      blobId: blobIdText(pack.blobId),
      objectId: blob.objectId,
      endEpoch: blob.endEpoch,
      digest: executed.digest,
    })
  }
  onProgress?.({ $kind: 'registered', packs: fresh.length, digest: executed.digest })
}

/** The blobs that a transaction has registered. A replica that lags behind may not show all of them at once.
 *  @throws {LedgerError} LEDGER_RESULT_UNSEEN (exit 14) */
async function registeredBlobs(
  fresh: readonly PendingPack[],
  executed: ExecutedTransaction,
  options: PreparePacks,
): Promise<Map<string, BlobRecord>> {
  const { context, state, signal } = options
  const type = blobObjectType(state)
  const created = executed.changed.filter((changed) => changed.change === 'created' && changed.type === type)
  const found = new Map<string, BlobRecord>()
  for (const object of await context.ledger.fetchObjects(created.map(({ id }) => id)))
    if (object) {
      const blob = parseBlobObject(object)
      found.set(blobKey(blob.blobId), blob)
    }
  for (let round = 0; ; round++) {
    const unseen = fresh.filter(({ blob }) => !found.has(blobKey(blob.blobId)))
    if (unseen.length === 0) return found
    if (round >= UNSEEN_WAITS_MS.length) throw blobsUnseen(unseen, executed, options)
    await sleep(UNSEEN_WAITS_MS[round]!, signal)
    for (const [key, blob] of await usableOwnedBlobs(options)) if (!found.has(key)) found.set(key, blob)
  }
}

const UNSEEN_WAITS_MS = [0, 500, 2_000]

function blobsUnseen(
  unseen: readonly PendingPack[],
  { digest }: ExecutedTransaction,
  { context }: PreparePacks,
): LedgerError {
  const { name: network, rpcUrl } = context.profile
  return new LedgerError(
    'LEDGER_RESULT_UNSEEN',
    `transaction ${digest} has registered packs, but the ledger does not show ${unseen.length} of them yet`,
    {
      data: { digest, network, rpcUrl, blobIds: unseen.map(({ blob }) => blobIdText(blob.blobId)) },
      retryable: true,
      hints: ['They are paid for: push again in a moment, it finds them and pays for nothing twice'],
    },
  )
}

/** On a local network coins are worth nothing: a key that has too few gets some. */
export async function ensureLocalFunds(context: RemoteContext, signer: LedgerSigner, frost: bigint): Promise<void> {
  const { profile, ledger } = context
  if (!profile.local || !profile.faucetUrl) return
  let [sui, wal] = await Promise.all([
    ledger.fetchBalance(signer.address, '0x2::sui::SUI'),
    ledger.fetchBalance(signer.address, walCoinType(profile)),
  ])
  for (let round = 0; round < MAX_FAUCET_ROUNDS && (sui < LOW_SUI_MIST || wal < frost); round++) {
    const got = await fetchFaucetCoins(profile.faucetUrl, signer.address)
    sui += got.suiMist
    wal += got.walFrost
  }
}

const LOW_SUI_MIST = 5_000_000_000n
const MAX_FAUCET_ROUNDS = 20
