/** A transaction as a client states it: objects perhaps by bare id, gas perhaps left open. The resolver completes it. */

import { fromBase64 } from '@mysten/sui/utils'
import { normalizeAddress } from '../movevm/types.ts'
import { invalidArgument } from './errors.ts'
import type { TransactionPlan } from './handle.ts'
import type { CallArg, Command, Expiration, ObjectRef } from './transaction.ts'

/** An object named by id; version, digest and mutability are wishes that the ledger checks or ignores. */
export interface UnresolvedObject {
  kind: 'unresolved'
  objectId: string
  /** For shared objects the initial version, else the version. */
  version?: bigint
  digest?: string
}

export type PartialInput = { kind: 'pure'; bytes: Uint8Array } | { kind: 'resolved'; input: CallArg } | UnresolvedObject

export interface PartialTransaction {
  sender: string
  inputs: PartialInput[]
  commands: Command[]
  gas: {
    owner?: string
    price?: bigint
    budget?: bigint
    payment: ObjectRef[]
  }
  expiration: Expiration
}

export const NO_EXPIRATION: Expiration = { $kind: 'None', None: true }

type PlanInput = TransactionPlan['inputs'][number]

function planInput(input: PlanInput, index: number): PartialInput {
  if (input.Pure) return { kind: 'pure', bytes: fromBase64(input.Pure.bytes) }
  if (input.FundsWithdrawal) return { kind: 'resolved', input: input as CallArg }
  if (input.Object) return { kind: 'resolved', input: input as CallArg }
  if (input.UnresolvedObject) return { kind: 'unresolved', objectId: input.UnresolvedObject.objectId }
  throw invalidArgument(`input ${index} of the plan is of a kind that the ledger does not resolve: ${input.$kind}`)
}

/** The plan of a privileged transaction: no gas, and a nonce that keeps equal plans apart. */
export function privilegedTransaction(
  sender: string,
  plan: TransactionPlan,
  unique: { chainId: string; nonce: number },
): PartialTransaction {
  return {
    sender: normalizeAddress(sender),
    inputs: plan.inputs.map(planInput),
    commands: plan.commands.map((command, index) => {
      if (command.$kind === '$Intent')
        throw invalidArgument(`command ${index} of the plan is an intent: resolve it first`)
      return command as Command
    }),
    gas: { payment: [], price: undefined, budget: 0n },
    expiration: {
      $kind: 'ValidDuring',
      ValidDuring: {
        minEpoch: null,
        maxEpoch: null,
        minTimestamp: null,
        maxTimestamp: null,
        chain: unique.chainId,
        nonce: unique.nonce,
      },
    },
  }
}
