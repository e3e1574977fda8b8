/** Packs that an interrupted push had brought to the nodes, found by the hash of their bytes: they are not encoded again.
 *
 *  Encoding is most of what a push does on this machine. What the journal says of a pack counts only if it can still be
 *  used: the blob is the pusher's, or in the repository already, and has a certificate, made anew if its epoch has ended. */

import * as v from 'valibot'
import { FloeError } from '../base/errors.ts'
import { sha256Hex } from '../crypto/hash.ts'
import type { BlobRecord } from '../ledger/blob-object.ts'
import { addressToBytes } from '../ledger/object-id.ts'
import { blobKey } from '../ledger/repository-state.ts'
import { isObjectId, type ObjectId } from '../objects/id.ts'
import { blobIdText, parseBlobId } from '../protocol/blob-id.ts'
import { type Certificate, verifyCertificate } from '../protocol/certificate.ts'
import { confirmBlob } from '../transfer/confirm.ts'
import { TransferError } from '../transfer/errors.ts'
import { findPushesOf, findUnfinishedPushes, type PushStep, type PushSubject } from '../transfer/push-journal.ts'
import { heldConfirmations, readUploadJournal } from '../transfer/upload-journal.ts'
import type { RemoteContext } from './remote-context.ts'

type EncodedStep = Extract<PushStep, { $kind: 'encoded' }>

/** A pack that needs no more than to be certified on chain. */
export interface UploadedPack {
  encoded: EncodedStep
  blobId: Uint8Array
  /** Null where it is in the repository already, or certified. */
  certificate: Certificate | null
  /** As journals have it: nodes that did not get the pack in time. */
  tails: readonly PushStep[]
}

export interface UploadedPacks {
  /** @param bytes - of a whole pack
   *  @returns the hash to be written down, and what is known of the pack if nothing has to be sent */
  find(bytes: Uint8Array): Promise<{ packHash: string; uploaded: UploadedPack | null }>
}

export interface UploadedOptions {
  /** `.floe/pushes` */
  dir: string
  context: RemoteContext
  /** The pusher's blobs that would do as packs of this push, by `blobKey`. */
  owned(): Promise<ReadonlyMap<string, BlobRecord>>
  /** True for a blob that the repository holds as a pack, which this push may use. */
  isDeposited(blobId: Uint8Array): Promise<boolean>
  signal: AbortSignal | undefined
}

interface Journaled {
  encoded: EncodedStep
  /** Null where it was not uploaded to its end, as far as is written down. */
  certificate: Certificate | null
  tails: PushStep[]
}

export async function createUploadedPacks(options: UploadedOptions): Promise<UploadedPacks> {
  const journaled = await readJournals(options.dir, options.context.profile.name)
  let owned: Promise<ReadonlyMap<string, BlobRecord>> | undefined

  async function usable(found: Journaled): Promise<UploadedPack | null> {
    const blobId = parseBlobId(found.encoded.blobId)
    const known = { encoded: found.encoded, blobId, tails: found.tails }
    owned ??= options.owned()
    const blob = (await owned).get(blobKey(blobId))
    if (found.certificate === null) {
      // One line of the journal alone is not enough: what nodes have signed for this very blob is.
      const confirmed = blob && blob.certifiedEpoch === null ? await confirmedBefore(blob, options) : null
      return confirmed && { ...known, ...confirmed }
    }
    if (!blob) return (await options.isDeposited(blobId)) ? { ...known, certificate: null } : null
    if (blob.certifiedEpoch !== null) return { ...known, certificate: null }
    const certificate = await valid(found.certificate, blob, options)
    return certificate && { ...known, certificate }
  }

  return {
    async find(bytes) {
      const packHash = sha256Hex(bytes)
      const found = journaled.get(packHash)
      const isThisPack = found?.encoded.blobBytes === bytes.length
      return { packHash, uploaded: found && isThisPack ? await usable(found) : null }
    },
  }
}

/** Commits that interrupted pushes of the ref were about, if they have paid for contents of theirs. Contents come oldest commit
 *  first: with a pack that ends where theirs did, a push of a later commit finds its packs again, the last one too.
 *  @param dir - `.floe/pushes` */
export async function paidCommits(dir: string, subject: PushSubject): Promise<Set<ObjectId>> {
  const commits = new Set<ObjectId>()
  for (const { steps } of await findPushesOf(dir, subject)) {
    const data = new Set(
      steps.flatMap((step) => (step.$kind === 'encoded' && step.kind === 'data' ? [step.blobId] : [])),
    )
    const [started] = steps
    if (started?.$kind !== 'started' || !isObjectId(started.new)) continue
    if (steps.some((step) => step.$kind === 'registered' && data.has(step.blobId))) commits.add(started.new)
  }
  return commits
}

/** A file can be damaged: what is not as a push writes it is as good as not there. */
const blobIdSchema = v.pipe(v.string(), v.check(isBlobId))
const bytesSchema = v.pipe(v.string(), v.base64())
const encodedSchema = v.looseObject({ blobId: blobIdSchema, rootHash: v.string(), packHash: v.string() })
const uploadedSchema = v.looseObject({
  signers: v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
  message: bytesSchema,
  signature: bytesSchema,
})

function isBlobId(text: string): boolean {
  try {
    parseBlobId(text)
    return true
  } catch {
    return false
  }
}

/** Of pushes that did not finish, on this network: the last word on each pack, by its hash. */
async function readJournals(dir: string, network: string): Promise<Map<string, Journaled>> {
  const found = new Map<string, Journaled>()
  for (const { steps } of await findUnfinishedPushes(dir)) {
    const [started] = steps
    if (started?.$kind !== 'started' || started.network !== network) continue
    const encoded = new Map<string, EncodedStep>()
    const byBlob = new Map<string, Journaled>()
    for (const step of steps)
      if (step.$kind === 'encoded') {
        encoded.set(step.blobId, step)
        if (!v.is(encodedSchema, step) || found.get(step.packHash)?.certificate) continue
        const entry = { encoded: step, certificate: null, tails: [] }
        found.set(step.packHash, entry)
      } else if (step.$kind === 'tail') byBlob.get(step.blobId)?.tails.push(step)
      else if (step.$kind === 'uploaded') {
        const begun = encoded.get(step.blobId)
        if (!begun || !v.is(encodedSchema, begun) || !v.is(uploadedSchema, step)) continue
        const { signers } = step
        const [message, signature] = [step.message, step.signature].map((text) => Buffer.from(text, 'base64'))
        const entry = { encoded: begun, certificate: { signers, message: message!, signature: signature! }, tails: [] }
        byBlob.set(step.blobId, entry)
        found.set(begun.packHash, entry)
      }
  }
  return found
}

/** Of an upload that was killed after enough nodes had confirmed: the certificate, and which nodes may lack the pack. */
async function confirmedBefore(
  { blobId, objectId }: BlobRecord,
  { dir, context }: UploadedOptions,
): Promise<Pick<UploadedPack, 'certificate' | 'tails'> | null> {
  const { state } = await context.committee()
  const persistence = { $kind: 'deletable' as const, objectId: addressToBytes(objectId) }
  const { certificate } = heldConfirmations(readUploadJournal(dir, objectId), state, {
    $kind: 'blob-certificate',
    epoch: state.epoch,
    blobId,
    persistence,
  })
  if (!certificate) return null
  const signers = new Set(certificate.signers)
  const nodes = state.nodes.flatMap(({ nodeId }, at) => (signers.has(at) ? [] : [nodeId]))
  const tail = { $kind: 'tail' as const, blobId: blobIdText(blobId), objectId, nodes }
  return { certificate, tails: nodes.length > 0 ? [tail] : [] }
}

/** The certificate as the chain takes it now; null if the nodes do not confirm, and the pack has to be sent again. */
async function valid(
  certificate: Certificate,
  { blobId, objectId }: BlobRecord,
  { context, signal }: UploadedOptions,
): Promise<Certificate | null> {
  const committee = await context.committee()
  const { state } = committee
  const persistence = { $kind: 'deletable' as const, objectId: addressToBytes(objectId) }
  try {
    verifyCertificate(
      state.committee,
      { $kind: 'blob-certificate', epoch: state.epoch, blobId, persistence },
      certificate,
    )
    return certificate
  } catch (error) {
    if (!(error instanceof FloeError)) throw error
  }
  try {
    return await confirmBlob(committee, blobId, persistence, { signal })
  } catch (error) {
    if (error instanceof TransferError) return null
    throw error
  }
}
