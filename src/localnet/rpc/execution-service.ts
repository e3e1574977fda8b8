/** `sui.rpc.v2.TransactionExecutionService`: execute signed transactions, simulate and resolve unsigned ones. */

import type { Chain, Simulation } from '../ledger/chain.ts'
import { invalidArgument } from '../ledger/errors.ts'
import type { CommandValue } from '../ledger/execution.ts'
import type { Argument } from '../ledger/transaction.ts'
import type { Handlers, Unary } from './dispatch.ts'
import { executedMessage, simulatedMessage } from './executed-message.ts'
import { FieldMask } from './field-mask.ts'
import { Proto } from './messages.ts'
import { argumentMessage, parseTransactionMessage } from './transaction-message.ts'

/** More than sender and gas owner never sign. */
const MAX_SIGNATURES = 2

function outputMessage(value: CommandValue): Proto.CommandOutput {
  const argument = value.argument === undefined ? undefined : argumentMessage(value.argument as Argument)
  return { argument, value: { name: value.type, value: value.bcs } }
}

function commandMessages(simulation: Simulation): Proto.CommandResult[] {
  return simulation.result.commandOutputs.map((output) => ({
    returnValues: output.returnValues.map(outputMessage),
    mutatedByRef: output.mutatedByRef.map(outputMessage),
  }))
}

export function executionService(chain: Chain): Handlers {
  const executeTransaction: Unary<Proto.ExecuteTransactionRequest, Proto.ExecuteTransactionResponse> = async (
    request,
  ) => {
    const mask = FieldMask.parse(Proto.ExecutedTransaction, request.readMask, ['effects.status', 'checkpoint'])
    const bytes = request.transaction?.bcs?.value
    // Signatures are over bytes; a message without them would have to be re-encoded to guess what was signed.
    if (!bytes) throw invalidArgument('transaction.bcs is required')
    if (request.signatures.length > MAX_SIGNATURES) throw invalidArgument('too many signatures')
    const signatures = request.signatures.map((signature, index) => {
      const value = signature.bcs?.value
      if (!value) throw invalidArgument(`signatures[${index}].bcs is required`)
      return value
    })
    return { transaction: executedMessage(await chain.execute(bytes, signatures), mask, chain.state) }
  }

  const simulateTransaction: Unary<Proto.SimulateTransactionRequest, Proto.SimulateTransactionResponse> = (request) => {
    const mask = FieldMask.parse(Proto.SimulateTransactionResponse, request.readMask, ['*'])
    const { transaction } = request
    if (!transaction) throw invalidArgument('missing transaction')
    const checks = request.checks !== Proto.SimulateTransactionRequest_TransactionChecks.DISABLED
    const simulation = chain.simulate(transaction.bcs?.value ?? parseTransactionMessage(transaction), {
      checks,
      selectGas: request.doGasSelection === true,
    })
    return {
      transaction: mask.has('transaction')
        ? simulatedMessage(simulation, mask.child('transaction'), chain.state)
        : undefined,
      commandOutputs: mask.has('command_outputs') ? commandMessages(simulation) : [],
      suggestedGasPrice: mask.has('suggested_gas_price') ? chain.referenceGasPrice : undefined,
    }
  }

  return { ExecuteTransaction: executeTransaction, SimulateTransaction: simulateTransaction }
}
