/** Calls of the `floe` contract, one function per group of commands. Ids of commits, trees and statements are 32 bytes.
 *  @see src/move/README.md (signatures) */

import type { Transaction, TransactionArgument, TransactionResult } from '@mysten/sui/transactions'
import { fromHex } from '../../base/bytes.ts'
import type { Certificate } from '../../protocol/certificate.ts'
import { encodeSignersBitmap } from '../../protocol/certificate.ts'
import type { WalrusState } from '../system-state.ts'

/** Roles of the contract; a sum of them. */
export const ROLES = { writer: 1, attester: 2, revoker: 4 } as const
export type Role = keyof typeof ROLES

const CLOCK = '0x6'

/** A repository that exists, or one that this transaction creates. */
export type RepositoryArgument = TransactionArgument

export interface NewRepository {
  repository: TransactionArgument
  adminCap: TransactionArgument
}

export function addCreate(transaction: Transaction, floe: string, name: string, graceMs: number): NewRepository {
  const created = transaction.moveCall({
    target: `${floe}::repository::create`,
    arguments: [transaction.pure.string(name), transaction.pure.u64(graceMs), transaction.object(CLOCK)],
  })
  return { repository: created[0]!, adminCap: created[1]! }
}

/** Ends the transaction that creates a repository: shares it and keeps its admin capability. */
export function addShare(transaction: Transaction, floe: string, created: NewRepository, owner: string): void {
  transaction.moveCall({ target: `${floe}::repository::share`, arguments: [created.repository] })
  transaction.transferObjects([created.adminCap], owner)
}

export function addCertify(
  transaction: Transaction,
  state: WalrusState,
  blob: TransactionArgument,
  certificate: Certificate,
): void {
  transaction.moveCall({
    target: `${state.packageId}::system::certify_blob`,
    arguments: [
      transaction.object(state.systemObjectId),
      blob,
      transaction.pure.vector('u8', certificate.signature),
      transaction.pure.vector('u8', encodeSignersBitmap(certificate.signers, state.nodes.length)),
      transaction.pure.vector('u8', certificate.message),
    ],
  })
}

export function addBeginPush(
  transaction: Transaction,
  floe: string,
  repository: RepositoryArgument,
  push: { ref: string; expectedOld: string | null; generation: bigint; retainUntilMs: number },
): TransactionResult {
  return transaction.moveCall({
    target: `${floe}::push::begin`,
    arguments: [
      repository,
      transaction.pure.string(push.ref),
      optionalBytes(transaction, push.expectedOld),
      transaction.pure.u64(push.generation),
      transaction.pure.u64(push.retainUntilMs),
    ],
  })
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
  return transaction.moveCall({
    target: `${floe}::push::deposit`,
    arguments: [push, repository, blob, transaction.pure.u8(PACK_KINDS[kind]), transaction.object(CLOCK)],
  })
}

export function addSegment(
  transaction: Transaction,
  floe: string,
  push: TransactionArgument,
  repository: RepositoryArgument,
  segment: { pack: TransactionArgument | bigint; offset: number; bytes: number },
): void {
  transaction.moveCall({
    target: `${floe}::push::add_segment`,
    arguments: [
      push,
      repository,
      typeof segment.pack === 'bigint' ? transaction.pure.u64(segment.pack) : segment.pack,
      transaction.pure.u64(segment.offset),
      transaction.pure.u64(segment.bytes),
    ],
  })
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
  return transaction.moveCall({
    target: `${floe}::push::finish`,
    arguments: [
      push,
      repository,
      transaction.pure.vector('u8', fromHex(finish.commit)),
      transaction.pure.vector('u8', fromHex(finish.tree)),
      typeof finish.commitPack === 'bigint' ? transaction.pure.u64(finish.commitPack) : finish.commitPack,
      optionalBytes(transaction, finish.statement),
      transaction.pure.bool(finish.forced),
      transaction.object(CLOCK),
    ],
  })
}

export function addRetarget(
  transaction: Transaction,
  floe: string,
  push: TransactionArgument,
  repository: RepositoryArgument,
  target: { expectedOld: string | null; generation: bigint },
): void {
  transaction.moveCall({
    target: `${floe}::push::retarget`,
    arguments: [
      push,
      repository,
      optionalBytes(transaction, target.expectedOld),
      transaction.pure.u64(target.generation),
    ],
  })
}

/** Packs of nobody's need: readers see the proposal, and the contract's grace and promises delay the removal. */
export function addProposeRemoval(
  transaction: Transaction,
  floe: string,
  repository: RepositoryArgument,
  pack: number,
): void {
  transaction.moveCall({
    target: `${floe}::removal::propose`,
    arguments: [repository, transaction.pure.u64(pack), transaction.object(CLOCK)],
  })
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
  transaction.moveCall({
    target: `${floe}::packs::promise`,
    arguments: [
      repository,
      transaction.pure.u64(promise.first),
      transaction.pure.u64(promise.count),
      transaction.pure.u64(promise.untilMs),
    ],
  })
}

/** Takes a pack of an unfinished push out again. @returns the blob */
export function addTakeBack(
  transaction: Transaction,
  floe: string,
  push: TransactionArgument,
  repository: RepositoryArgument,
  pack: number,
): TransactionResult {
  return transaction.moveCall({
    target: `${floe}::push::take_back`,
    arguments: [push, repository, transaction.pure.u64(pack)],
  })
}

/** Ends a push that has no packs any more. */
export function addAbandonPush(
  transaction: Transaction,
  floe: string,
  push: TransactionArgument,
  repository: RepositoryArgument,
): void {
  transaction.moveCall({ target: `${floe}::push::abandon`, arguments: [push, repository] })
}

/** Deletes a blob and gives its storage, good for the rest of its epochs, to its owner. */
export function addDeleteBlob(
  transaction: Transaction,
  state: WalrusState,
  blob: TransactionArgument,
  owner: string,
): void {
  const storage = transaction.moveCall({
    target: `${state.packageId}::system::delete_blob`,
    arguments: [transaction.object(state.systemObjectId), blob],
  })
  transaction.transferObjects([storage], owner)
}

export function addRoles(
  transaction: Transaction,
  floe: string,
  change: 'grant' | 'revoke',
  access: { repository: string; adminCap: string; address: string; roles: number },
): void {
  transaction.moveCall({
    target: `${floe}::roles::${change}`,
    arguments: [
      transaction.object(access.repository),
      transaction.object(access.adminCap),
      transaction.pure.address(access.address),
      transaction.pure.u8(access.roles),
    ],
  })
}

export function addAttestation(
  transaction: Transaction,
  floe: string,
  repository: RepositoryArgument,
  attestation: { commit: string; predicateType: string; statement: string; location: string },
): void {
  transaction.moveCall({
    target: `${floe}::attestation::attest`,
    arguments: [
      repository,
      transaction.pure.vector('u8', fromHex(attestation.commit)),
      transaction.pure.string(attestation.predicateType),
      transaction.pure.vector('u8', fromHex(attestation.statement)),
      transaction.pure.string(attestation.location),
      transaction.object(CLOCK),
    ],
  })
}

function optionalBytes(transaction: Transaction, hex: string | null): TransactionArgument {
  return transaction.pure.option('vector<u8>', hex === null ? null : [...fromHex(hex)])
}
