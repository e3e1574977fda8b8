/** Saying something about a commit: its status, and what it was made from. */

import type { Transaction, TransactionResult } from '@mysten/sui/transactions'
import { fromHex } from '../../base/bytes.ts'
import * as statuses from '../bindings/floe/commit-status.ts'
import * as derivations from '../bindings/floe/derivation.ts'
import { COMMIT_STATUSES, type CommitStatus } from '../repository-marks.ts'

/** Revokers only. @returns number of the record */
export function addStatus(
  transaction: Transaction,
  floe: string,
  repository: string,
  mark: { commit: string; status: CommitStatus; reason: string; evidence: string | null; successor: string | null },
): TransactionResult {
  return statuses.set(transaction, floe, {
    repository,
    commit: fromHex(mark.commit),
    status: COMMIT_STATUSES.indexOf(mark.status),
    reason: mark.reason,
    evidence: mark.evidence === null ? null : fromHex(mark.evidence),
    successor: mark.successor === null ? null : fromHex(mark.successor),
  })
}

export interface DerivationEdge {
  output: string
  input: { repository: string; commit: string }
  /** Push that brought the input, in its repository; `null` if none is known: then it is a claim. */
  inputPush: number | null
  relation: string
  statement: string | null
}

/** Attesters only. Where the push is known, the chain checks that it brought the input. */
export function addDerivation(transaction: Transaction, floe: string, repository: string, edge: DerivationEdge): void {
  const { input, inputPush, relation } = edge
  const output = fromHex(edge.output)
  const statement = edge.statement === null ? null : fromHex(edge.statement)
  const common = { repository, output, relation, statement }
  if (inputPush === null)
    derivations.record(transaction, floe, {
      ...common,
      inputRepository: input.repository,
      input: fromHex(input.commit),
    })
  else if (input.repository === repository) derivations.recordOwn(transaction, floe, { ...common, inputPush })
  else derivations.recordFrom(transaction, floe, { ...common, inputRepository: input.repository, inputPush })
}
