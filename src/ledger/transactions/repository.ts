/** Calls of the `floe` contract, one function per group of commands. Ids of commits, trees and statements are 32 bytes.
 *  @see src/move/README.md (signatures) */

import type { Transaction, TransactionArgument, TransactionResult } from '@mysten/sui/transactions'
import { fromHex } from '../../base/bytes.ts'
import type { Certificate } from '../../protocol/certificate.ts'
import { encodeSignersBitmap } from '../../protocol/certificate.ts'
import * as attestations from '../bindings/floe/attestation.ts'
import * as packs from '../bindings/floe/packs.ts'
import * as pushes from '../bindings/floe/push.ts'
import * as refs from '../bindings/floe/refs.ts'
import * as removal from '../bindings/floe/removal.ts'
import * as repositories from '../bindings/floe/repository.ts'
import * as roles from '../bindings/floe/roles.ts'
import * as blobs from '../bindings/walrus/blob.ts'
import * as system from '../bindings/walrus/system.ts'
import type { WalrusState } from '../system-state.ts'

/** Roles of the contract; a sum of them. */
export const ROLES = { writer: 1, attester: 2, revoker: 4 } as const
export type Role = keyof typeof ROLES

/** A repository that exists, or one that this transaction creates. */
export type RepositoryArgument = TransactionArgument

export interface NewRepository {
  repository: TransactionArgument
  adminCap: TransactionArgument
}

export function addCreate(transaction: Transaction, floe: string, name: string, graceMs: number): NewRepository {
  const [repository, adminCap] = repositories.create(transaction, floe, { name, graceMs })
  return { repository, adminCap }
}

/** Ends the transaction that creates a repository: shares it and keeps its admin capability. */
export function addShare(transaction: Transaction, floe: string, created: NewRepository, owner: string): void {
  repositories.share(transaction, floe, { repository: created.repository })
  transaction.transferObjects([created.adminCap], owner)
}

export function addCertify(
  transaction: Transaction,
  state: WalrusState,
  blob: TransactionArgument,
  certificate: Certificate,
): void {
  system.certifyBlob(transaction, state.packageId, {
    self: state.systemObjectId,
    blob,
    signature: certificate.signature,
    signersBitmap: encodeSignersBitmap(certificate.signers, state.nodes.length),
    message: certificate.message,
  })
}

export function addBeginPush(
  transaction: Transaction,
  floe: string,
  repository: RepositoryArgument,
  push: { ref: string; expectedOld: string | null; generation: bigint; retainUntilMs: number },
): TransactionResult {
  const { expectedOld, ...values } = push
  return pushes.begin(transaction, floe, { repository, expectedOld: optionalBytes(expectedOld), ...values })
}

export const PACK_KINDS = { data: 0, meta: 1 } as const

/** @returns the pack's number, known to later commands of the same transaction */
export function addDeposit(
  transaction: Transaction,
  floe: string,
  push: TransactionArgument,
  repository: RepositoryArgument,
  blob: TransactionArgument,
  kind: keyof typeof PACK_KINDS,
): TransactionResult {
  return pushes.deposit(transaction, floe, { self: push, repository, blob, kind: PACK_KINDS[kind] })
}

export function addSegment(
  transaction: Transaction,
  floe: string,
  push: TransactionArgument,
  repository: RepositoryArgument,
  segment: { pack: TransactionArgument | bigint; offset: number; bytes: number },
): void {
  pushes.addSegment(transaction, floe, { self: push, repository, ...segment })
}

export interface FinishPush {
  commit: string
  tree: string
  commitPack: TransactionArgument | bigint
  /** SHA-256 of the commit's statement, hex. */
  statement: string | null
  forced: boolean
}

export function addFinishPush(
  transaction: Transaction,
  floe: string,
  push: TransactionArgument,
  repository: RepositoryArgument,
  finish: FinishPush,
): TransactionResult {
  return pushes.finish(transaction, floe, {
    self: push,
    repository,
    new: fromHex(finish.commit),
    tree: fromHex(finish.tree),
    commitPack: finish.commitPack,
    statement: optionalBytes(finish.statement),
    forced: finish.forced,
  })
}

export function addRetarget(
  transaction: Transaction,
  floe: string,
  push: TransactionArgument,
  repository: RepositoryArgument,
  target: { expectedOld: string | null; generation: bigint },
): void {
  const { expectedOld, generation } = target
  pushes.retarget(transaction, floe, { self: push, repository, expectedOld: optionalBytes(expectedOld), generation })
}

/** Packs of nobody's need: readers see the proposal, and the contract's grace and promises delay the removal. */
export function addProposeRemoval(
  transaction: Transaction,
  floe: string,
  repository: RepositoryArgument,
  pack: number,
): void {
  removal.propose(transaction, floe, { repository, pack })
}

/** Puts a later-ending blob of the same content in the place of a pack's blob, which has expired and is burned. */
export function addReplace(
  transaction: Transaction,
  state: WalrusState,
  floe: string,
  repository: RepositoryArgument,
  pack: number,
  blob: TransactionArgument,
): void {
  const previous = packs.replace(transaction, floe, { repository, pack, blob })
  blobs.burn(transaction, state.packageId, { blob: previous })
}

/** Takes the proposal of a removal back. */
export function addCancelRemoval(
  transaction: Transaction,
  floe: string,
  repository: RepositoryArgument,
  pack: number,
): void {
  removal.cancel(transaction, floe, { repository, pack })
}

/** Packs that one call can promise: the contract's own limit. */
export const PACKS_PER_PROMISE = 500

/** No removal of these packs before `untilMs`. Writers only. */
export function addPromise(
  transaction: Transaction,
  floe: string,
  repository: RepositoryArgument,
  promise: { first: number; count: number; untilMs: number },
): void {
  packs.promise(transaction, floe, { repository, ...promise })
}

/** Takes a pack of an unfinished push out again. @returns the blob */
export function addTakeBack(
  transaction: Transaction,
  floe: string,
  push: TransactionArgument,
  repository: RepositoryArgument,
  pack: number,
): TransactionResult {
  return pushes.takeBack(transaction, floe, { self: push, repository, pack })
}

/** Ends a push that has no packs any more. */
export function addAbandonPush(
  transaction: Transaction,
  floe: string,
  push: TransactionArgument,
  repository: RepositoryArgument,
): void {
  pushes.abandon(transaction, floe, { self: push, repository })
}

/** Deletes a blob and gives its storage, good for the rest of its epochs, to its owner. */
export function addDeleteBlob(
  transaction: Transaction,
  state: WalrusState,
  blob: TransactionArgument,
  owner: string,
): void {
  const storage = system.deleteBlob(transaction, state.packageId, { self: state.systemObjectId, blob })
  transaction.transferObjects([storage], owner)
}

export function addRoles(
  transaction: Transaction,
  floe: string,
  change: 'grant' | 'revoke',
  access: { repository: string; adminCap: string; address: string; roles: number },
): void {
  const call = change === 'grant' ? roles.grant : roles.revoke
  call(transaction, floe, {
    repository: access.repository,
    cap: access.adminCap,
    who: access.address,
    roles: access.roles,
  })
}

export function addAttestation(
  transaction: Transaction,
  floe: string,
  repository: RepositoryArgument,
  attestation: { commit: string; predicateType: string; statement: string; location: string },
): void {
  attestations.attest(transaction, floe, {
    repository,
    commit: fromHex(attestation.commit),
    predicateType: attestation.predicateType,
    statement: fromHex(attestation.statement),
    location: attestation.location,
  })
}

/** Takes a branch away that is at `expectedOld`; counts as forced. */
export function addDeleteRef(
  transaction: Transaction,
  floe: string,
  { repository, ref, expectedOld }: { repository: string; ref: string; expectedOld: string },
): void {
  refs.delete(transaction, floe, { repository, ref, expectedOld: fromHex(expectedOld) })
}

function optionalBytes(hex: string | null): Uint8Array | null {
  return hex === null ? null : fromHex(hex)
}
