/** Completes object inputs as a Sui node does for `SimulateTransaction`: the client names ids, the node finds out how they
 *  are owned and, for shared ones, whether the transaction needs them mutable. Count and order of inputs stay. */

import { toBase64 } from '@mysten/sui/utils'
import { moduleFunction, type OpenSignature } from '../movevm/signatures.ts'
import { normalizeAddress, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { requireObject } from './checks.ts'
import { invalidArgument } from './errors.ts'
import type { ObjectSource } from './execution.ts'
import type { LedgerObject } from './object.ts'
import type { PartialTransaction, UnresolvedObject } from './partial-transaction.ts'
import { type Argument, argumentsOf, type CallArg, type Command } from './transaction.ts'

const RECEIVING_TYPE = `${SUI_FRAMEWORK_ADDRESS}::transfer::Receiving`

/** What one use of an input demands of it. */
type Use = { kind: 'parameter'; signature: OpenSignature } | { kind: 'mutable' } | { kind: 'other' }

/** All inputs resolved; the order is that of the request.
 *  @throws {LedgerError} LEDGER_NOT_FOUND, LEDGER_INVALID_ARGUMENT */
export function resolveInputs(transaction: PartialTransaction, source: ObjectSource): CallArg[] {
  return transaction.inputs.map((input, index) => {
    if (input.kind === 'resolved') return input.input
    if (input.kind === 'pure') return { $kind: 'Pure', Pure: { bytes: toBase64(input.bytes) } }
    return resolveObject(input, usesOfInput(transaction.commands, index, source), source)
  })
}

function resolveObject(input: UnresolvedObject, uses: readonly Use[], source: ObjectSource): CallArg {
  const object = requireObject(source, input.objectId)
  if (object.data.kind === 'package') throw invalidArgument(`${object.id} is a package, not an input`)
  const { owner } = object
  if (owner.kind === 'object') {
    throw invalidArgument(`object ${object.id} is object owned and cannot be used as an input`)
  }
  if (owner.kind === 'shared' || owner.kind === 'consensus-address') {
    const initial = owner.kind === 'shared' ? owner.initialVersion : owner.startVersion
    const mutable = uses.some(needsMutable)
    const shared = { objectId: object.id, initialSharedVersion: String(initial), mutable }
    return { $kind: 'Object', Object: { $kind: 'SharedObject', SharedObject: shared } }
  }
  checkWishes(input, object)
  const ref = { objectId: object.id, version: String(object.version), digest: object.digest }
  return uses.some(isReceiving)
    ? { $kind: 'Object', Object: { $kind: 'Receiving', Receiving: ref } }
    : { $kind: 'Object', Object: { $kind: 'ImmOrOwnedObject', ImmOrOwnedObject: ref } }
}

function checkWishes(input: UnresolvedObject, object: LedgerObject): void {
  if (input.version !== undefined && input.version !== object.version) {
    throw invalidArgument(`provided version doesn't match, provided: ${input.version} actual: ${object.version}`)
  }
  if (input.digest !== undefined && input.digest !== object.digest) {
    throw invalidArgument(`provided digest doesn't match, provided: ${input.digest} actual: ${object.digest}`)
  }
}

function needsMutable(use: Use): boolean {
  if (use.kind === 'parameter') return use.signature.reference !== 'immutable'
  return use.kind === 'mutable'
}

function isReceiving(use: Use): boolean {
  return (
    use.kind === 'parameter' && use.signature.body.kind === 'datatype' && use.signature.body.typeName === RECEIVING_TYPE
  )
}

function usesOfInput(commands: readonly Command[], input: number, source: ObjectSource): Use[] {
  const isInput = (argument: Argument) => argument.Input === input
  const uses: Use[] = []
  for (const command of commands) {
    if (command.MoveCall) {
      const call = command.MoveCall
      if (!call.arguments.some(isInput)) continue
      const signature = functionSignature(source, call.package, call.module, call.function)
      for (const [position, argument] of call.arguments.entries()) {
        if (!isInput(argument)) continue
        const parameter = signature.parameters[position]
        if (!parameter) throw invalidArgument(`too many arguments for ${call.module}::${call.function}`)
        uses.push({ kind: 'parameter', signature: parameter })
      }
    } else if (argumentsOf(command).some(isInput)) {
      uses.push({ kind: command.Publish ? 'other' : 'mutable' })
    }
  }
  return uses
}

function functionSignature(source: ObjectSource, packageId: string, module: string, name: string) {
  const signature = moduleFunction(source, normalizeAddress(packageId), module, name)
  if (!signature) throw invalidArgument(`unable to find function ${normalizeAddress(packageId)}::${module}::${name}`)
  return signature
}
