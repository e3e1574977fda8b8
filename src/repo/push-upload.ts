/** Registered packs become certified-to-be ones: each goes to the storage nodes, and its certificate is kept.
 *
 *  An epoch may end meanwhile. Then the nodes confirm for the new one, to whose committee the upload goes on; and what
 *  was confirmed before is confirmed anew, because the chain takes certificates of the present epoch only. */

import { dirname } from 'node:path'
import { linkSignals } from '../base/abort.ts'
import { mapLimited } from '../base/limit.ts'
import type { EncodedBlob } from '../erasure/api.ts'
import { addressToBytes } from '../ledger/object-id.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import type { Certificate } from '../protocol/certificate.ts'
import { parseMessage } from '../protocol/messages.ts'
import type { Committee } from '../transfer/committee.ts'
import { confirmBlob } from '../transfer/confirm.ts'
import { TransferError } from '../transfer/errors.ts'
import type { PushJournal, PushStep } from '../transfer/push-journal.ts'
import { uploadThroughRelay } from '../transfer/relay.ts'
import { createSendBudget } from '../transfer/send-budget.ts'
import { type Upload, uploadBlob } from '../transfer/upload.ts'
import { forgetUpload, openUploadJournal } from '../transfer/upload-journal.ts'
import type { OnProgress } from './progress.ts'
import { hasEpochEnded, type RemoteContext } from './remote-context.ts'

export interface PackToUpload {
  blob: EncodedBlob
  blobObjectId: string
  /** Position in the push, from 1. */
  position: number
  /** True if nodes may hold some of it already. */
  isResumed: boolean
}

export interface UploadPacks {
  context: RemoteContext
  journal: PushJournal
  /** True: slow nodes get their slivers too, behind the push. */
  finishTail: boolean
  /** Base address of an upload relay to go through. */
  relay?: string | undefined
  onProgress: OnProgress | undefined
  signal: AbortSignal | undefined
}

export interface UploadedPack {
  certificate: Certificate
  /** Settles when the blob is not needed any more. */
  tail: Promise<void>
}

/** Packs under way at a time: of small ones, each is mostly waiting. */
const PACKS_AT_ONCE = 4
/** Epochs that may end during the upload of one pack. */
const MAX_EPOCH_CHANGES = 3

/** Shared by all packs of all pushes of this process: what may be on its way at once. */
const budget = createSendBudget()

export async function uploadPacks(packs: readonly PackToUpload[], options: UploadPacks): Promise<UploadedPack[]> {
  const givenUp = new AbortController()
  const linked = linkSignals([options.signal, givenUp.signal])
  const { signal } = linked
  const tails: Promise<void>[] = []
  const upload = async (pack: PackToUpload) => {
    const uploaded = await uploadPack(pack, { ...options, signal })
    tails.push(uploaded.tail)
    // Who awaits it is told; while other packs are under way, a failure is no stray one.
    uploaded.tail.catch(() => undefined)
    return uploaded
  }
  try {
    return await mapLimited(packs, PACKS_AT_ONCE, upload, { signal })
  } catch (error) {
    // The caller gets no tails to wait for: none may go on, to a journal that is closed and from memory that is others'.
    givenUp.abort(error)
    await Promise.allSettled(tails)
    throw error
  } finally {
    Promise.allSettled(tails).then(() => linked[Symbol.dispose]())
  }
}

async function uploadPack(pack: PackToUpload, options: UploadPacks): Promise<UploadedPack> {
  const { context, journal, onProgress } = options
  const { position } = pack
  for (let changes = 0; ; changes++) {
    const committee = await context.committee()
    try {
      const upload = await send(committee, pack, changes > 0, options)
      const { certificate } = upload
      const { state } = committee
      const confirmedShards = certificate.signers.reduce((sum, at) => sum + state.nodes[at]!.weight, 0)
      onProgress?.({ $kind: 'uploaded', pack: position, packs: position, confirmedShards, shards: state.shardCount })
      await journal.record(uploadedStep(blobIdText(pack.blob.blobId), certificate))
      const tail = recordTail(committee, pack, upload, journal)
      return { certificate, tail: tail.finally(() => forgetUpload(dirname(journal.path), pack.blobObjectId)) }
    } catch (error) {
      const isChange = error instanceof TransferError && error.code === 'UPLOAD_EPOCH_CHANGED'
      const isPerhaps = error instanceof TransferError && error.code === 'UPLOAD_QUORUM'
      if ((!isChange && !isPerhaps) || changes >= MAX_EPOCH_CHANGES) throw error
      const hasEnded = await hasEpochEnded(committee, context).catch(() => false)
      // Beside nodes that are away, those that have gone on can be so few that they might be wrong: the chain knows.
      if (isPerhaps && !hasEnded) throw error
    }
  }
}

/** As the journal has it: what `push-uploaded.ts` makes a certificate of again. */
export function uploadedStep(blobId: string, { signers, message, signature }: Certificate): PushStep {
  const [text, signed] = [message, signature].map((bytes) => Buffer.from(bytes).toString('base64'))
  const { epoch } = parseMessage(message)
  return { $kind: 'uploaded', blobId, epoch, signers: [...signers], message: text!, signature: signed! }
}

async function send(committee: Committee, pack: PackToUpload, again: boolean, options: UploadPacks): Promise<Upload> {
  const { position, blob } = pack
  const persistence = { $kind: 'deletable' as const, objectId: addressToBytes(pack.blobObjectId) }
  if (options.relay !== undefined) {
    const { shardCount: shards } = committee.state
    const totalBytes = blob.params.blobBytes
    const certificate = await uploadThroughRelay(options.relay, committee, blob, persistence, {
      signal: options.signal,
      onSent: (doneBytes) =>
        options.onProgress?.({
          $kind: 'uploading',
          pack: position,
          packs: position,
          doneBytes,
          totalBytes,
          confirmedShards: 0,
          shards,
        }),
    })
    return { certificate, tail: Promise.resolve([]) }
  }
  const journal = await openUploadJournal(dirname(options.journal.path), pack.blobObjectId)
  try {
    const upload = await uploadBlob(committee, blob, persistence, {
      signal: options.signal,
      budget,
      resuming: pack.isResumed || again,
      journal,
      finishTail: options.finishTail,
      onProgress: (progress) =>
        options.onProgress?.({ $kind: 'uploading', pack: position, packs: position, ...progress }),
    })
    return { ...upload, tail: upload.tail.finally(() => journal.close()) }
  } catch (error) {
    journal.close()
    throw error
  }
}

/** What was not finished is written down, so that a later push can. */
async function recordTail(
  committee: Committee,
  pack: PackToUpload,
  upload: Upload,
  journal: PushJournal,
): Promise<void> {
  const missing = await upload.tail
  if (missing.length === 0) return
  await journal.record({
    $kind: 'tail',
    blobId: blobIdText(pack.blob.blobId),
    objectId: pack.blobObjectId,
    nodes: missing.map((at) => committee.nodes[at]!.nodeId),
  })
}

interface CertifiedPack {
  blobId: Uint8Array
  blobObjectId: string | null
  certificate: Certificate | null
}

/** Right before the certificates are used: those of an epoch that has ended are replaced. */
export async function renewCertificates(
  packs: readonly CertifiedPack[],
  context: RemoteContext,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (packs.every((pack) => pack.certificate === null)) return
  const { epoch } = await context.walrus({ fresh: true })
  const committee = await context.committee()
  for (const pack of packs) {
    if (pack.certificate === null || pack.blobObjectId === null) continue
    const message = parseMessage(pack.certificate.message)
    if (message.epoch === epoch) continue
    const persistence = { $kind: 'deletable' as const, objectId: addressToBytes(pack.blobObjectId) }
    pack.certificate = await confirmBlob(committee, pack.blobId, persistence, { signal })
  }
}
