/** Confirmations of single nodes, and the certificate that the chain accepts.
 *
 *  A committee member's weight is its shard count. One bad signature poisons an aggregate, so the aggregate over all
 *  well-formed confirmations is checked first (one pairing check), and only if that fails each is checked alone and
 *  the liars are named. Signers are positions in the committee's member list. Layout: README.md §6. */

import { equalBytes } from '../base/bytes.ts'
import { blsAggregatePublicKeys, blsSign, blsVerifiedSum, blsVerify } from '../crypto/bls.ts'
import { ProtocolError, QuorumError } from './errors.ts'
import { BLS_SIGNATURE_BYTES } from './limits.ts'
import { encodeMessage, parseMessage, type StorageMessage } from './messages.ts'
import { isQuorum, quorumWeight } from './quorum.ts'

/** What a node answers: the message it signed and its signature (96 bytes). */
export interface SignedConfirmation {
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

export interface CommitteeMember {
  /** BLS public key: 48 bytes compressed or 96 uncompressed. */
  readonly publicKey: Uint8Array
  /** Shards the member holds. */
  readonly weight: number
}

export interface SigningCommittee {
  readonly epoch: number
  readonly shardCount: number
  readonly members: readonly CommitteeMember[]
}

export interface Certificate {
  /** Member positions, ascending. */
  readonly signers: readonly number[]
  readonly message: Uint8Array
  /** Aggregate signature, 96 bytes. */
  readonly signature: Uint8Array
}

export function signMessage(message: StorageMessage, secret: Uint8Array): SignedConfirmation {
  const bytes = encodeMessage(message)
  return { message: bytes, signature: blsSign(bytes, secret) }
}

/** Checks what a confirmation says, not yet its signature.
 *  @throws {ProtocolError} PROTOCOL_CONFIRMATION, with `data.fault` = message | signature-length */
function assertConfirms(confirmation: SignedConfirmation, expected: StorageMessage): void {
  const refuse = (fault: string, message: string, data: Record<string, unknown>) =>
    new ProtocolError('PROTOCOL_CONFIRMATION', message, { fault, ...data })
  if (!equalBytes(confirmation.message, encodeMessage(expected)))
    throw refuse('message', 'the confirmation is about something else', describeDifference(confirmation, expected))
  if (confirmation.signature.length !== BLS_SIGNATURE_BYTES)
    throw refuse('signature-length', 'a signature has 96 bytes', { got: confirmation.signature.length })
}

function describeDifference(confirmation: SignedConfirmation, expected: StorageMessage): Record<string, unknown> {
  let got: StorageMessage
  try {
    got = parseMessage(confirmation.message)
  } catch {
    return { differs: 'malformed' }
  }
  if (got.$kind !== expected.$kind) return { differs: 'kind', got: got.$kind, expected: expected.$kind }
  if (got.epoch !== expected.epoch) return { differs: 'epoch', got: got.epoch, expected: expected.epoch }
  return { differs: 'body' }
}

/** @throws {ProtocolError} PROTOCOL_CONFIRMATION, with `data.fault` = message | signature-length | signature */
export function verifyConfirmation(
  confirmation: SignedConfirmation,
  expected: StorageMessage,
  publicKey: Uint8Array,
): void {
  assertConfirms(confirmation, expected)
  if (!blsVerify(confirmation.signature, confirmation.message, publicKey))
    throw new ProtocolError('PROTOCOL_CONFIRMATION', 'the signature is not of this node', { fault: 'signature' })
}

/** Sum of the members' shards; a position named twice counts once. */
export function weightOf(committee: SigningCommittee, signers: Iterable<number>): number {
  let weight = 0
  for (const position of new Set(signers)) {
    const member = committee.members[position]
    if (!member) throw new RangeError(`"signers" expected 0..${committee.members.length - 1}, got ${position}`)
    weight += member.weight
  }
  return weight
}

export interface CertificateOutcome {
  /** Present if the valid confirmations reach quorum. */
  readonly certificate?: Certificate
  /** Shards of valid confirmations. */
  readonly weight: number
  /** Members whose confirmation does not verify, and why. */
  readonly refused: ReadonlyMap<number, ProtocolError>
}

/** Combines confirmations (member position → what it sent) into a certificate where they suffice. */
export function combineConfirmations(
  committee: SigningCommittee,
  expected: StorageMessage,
  confirmations: ReadonlyMap<number, SignedConfirmation>,
): CertificateOutcome {
  const refused = new Map<number, ProtocolError>()
  let valid: number[] = []
  for (const position of [...confirmations.keys()].sort((a, b) => a - b)) {
    if (!committee.members[position]) throw new RangeError(`"confirmations" names no member: ${position}`)
    const fault = faultOf(() => assertConfirms(confirmations.get(position)!, expected))
    if (fault) refused.set(position, fault)
    else valid.push(position)
  }
  const message = encodeMessage(expected)
  let signature = aggregate(committee, message, confirmations, valid)
  if (!signature && valid.length > 0) {
    for (const position of valid) {
      const { publicKey } = committee.members[position]!
      const fault = faultOf(() => verifyConfirmation(confirmations.get(position)!, expected, publicKey))
      if (fault) refused.set(position, fault)
    }
    valid = valid.filter((position) => !refused.has(position))
    signature = aggregate(committee, message, confirmations, valid)
  }
  const weight = weightOf(committee, valid)
  if (!signature || !isQuorum(weight, committee.shardCount)) return { weight, refused }
  return { certificate: { signers: valid, message, signature }, weight, refused }
}

/** @throws {QuorumError} PROTOCOL_QUORUM naming the refused members, if the confirmations do not suffice */
export function certificateFrom(
  committee: SigningCommittee,
  expected: StorageMessage,
  confirmations: ReadonlyMap<number, SignedConfirmation>,
): Certificate {
  const { certificate, weight, refused } = combineConfirmations(committee, expected, confirmations)
  if (certificate) return certificate
  const { shardCount } = committee
  throw new QuorumError({ weight, needed: quorumWeight(shardCount), shardCount, refused: [...refused.keys()] })
}

function faultOf(check: () => void): ProtocolError | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    if (error instanceof ProtocolError) return error
    throw error
  }
}

/** The aggregate signature if it verifies under the sum of the keys. */
function aggregate(
  committee: SigningCommittee,
  message: Uint8Array,
  confirmations: ReadonlyMap<number, SignedConfirmation>,
  positions: readonly number[],
): Uint8Array | undefined {
  if (positions.length === 0) return undefined
  try {
    const signatures = positions.map((position) => confirmations.get(position)!.signature)
    const publicKeys = positions.map((position) => committee.members[position]!.publicKey)
    return blsVerifiedSum(signatures, message, publicKeys)
  } catch {
    // A signature that is no curve point cannot be summed; the caller then checks one by one.
    return undefined
  }
}

/** Checks a finished certificate: signers, weight, message and signature.
 *  @throws {ProtocolError} PROTOCOL_CERTIFICATE
 *  @throws {QuorumError} PROTOCOL_QUORUM */
export function verifyCertificate(
  committee: SigningCommittee,
  expected: StorageMessage,
  certificate: Certificate,
): void {
  const { signers, message, signature } = certificate
  const refuse = (text: string) => new ProtocolError('PROTOCOL_CERTIFICATE', text, { signers: [...signers] })
  for (const [i, position] of signers.entries())
    if (!committee.members[position] || (i > 0 && position <= signers[i - 1]!))
      throw refuse('signers are not ascending positions of the committee')
  if (!equalBytes(message, encodeMessage(expected))) throw refuse('the certificate is about something else')
  const weight = weightOf(committee, signers)
  const { shardCount } = committee
  if (!isQuorum(weight, shardCount))
    throw new QuorumError({ weight, needed: quorumWeight(shardCount), shardCount, refused: [] })
  const key = blsAggregatePublicKeys(signers.map((position) => committee.members[position]!.publicKey))
  if (!blsVerify(signature, message, key)) throw refuse('the aggregate signature is not of these signers')
}

/** Bit i of byte ⌊i/8⌋, least significant first; exactly ⌈members/8⌉ bytes. */
export function encodeSignersBitmap(signers: readonly number[], memberCount: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(memberCount / 8))
  for (const position of signers) {
    if (!Number.isInteger(position) || position < 0 || position >= memberCount)
      throw new RangeError(`"signers" expected 0..${memberCount - 1}, got ${position}`)
    bitmap[position >> 3]! |= 1 << (position & 7)
  }
  return bitmap
}

/** A shorter bitmap is legal: what is missing did not sign.
 *  @throws {ProtocolError} PROTOCOL_BITMAP if it is too long or has bits beyond the members */
export function parseSignersBitmap(bitmap: Uint8Array, memberCount: number): number[] {
  const refuse = (text: string) => new ProtocolError('PROTOCOL_BITMAP', text, { bytes: bitmap.length, memberCount })
  if (bitmap.length > Math.ceil(memberCount / 8)) throw refuse('the signers bitmap is longer than the committee')
  const signers: number[] = []
  for (let position = 0; position < bitmap.length * 8; position++) {
    if ((bitmap[position >> 3]! & (1 << (position & 7))) === 0) continue
    if (position >= memberCount) throw refuse('the signers bitmap has bits beyond the committee')
    signers.push(position)
  }
  return signers
}
