/** The command MoveCall. */

import { MoveFormatError, MoveLinkError } from '../movevm/errors.ts'
import type { FunctionInstance } from '../movevm/function-instance.ts'
import { callFunction } from '../movevm/interpreter.ts'
import type { LinkedFunction } from '../movevm/linkage.ts'
import { isOwnTypeOnly } from '../movevm/own-type.ts'
import { type MoveType, normalizeAddress, parseType } from '../movevm/types.ts'
import { encodeValue } from '../movevm/value-bcs.ts'
import { Reference, type Value } from '../movevm/values.ts'
import type { CommandValue } from './execution.ts'
import { argumentFailure, failure, typeArgumentFailure } from './ptb-failure.ts'
import { isTxContext, type Run } from './ptb-run.ts'
import { Borrows, resultSlot, type Slot } from './ptb-values.ts'
import type { Argument, Command } from './transaction.ts'

export type MoveCall = NonNullable<Command['MoveCall']>

export function runMoveCall(run: Run, call: MoveCall): Slot[] {
  const linked = findFunction(run, call)
  assertCallable(run, linked)
  const instance = linked.instance(readTypeArguments(run, call, linked))
  const references: { argument: Argument; reference: Reference; type: MoveType }[] = []
  const args = readArguments(run, call, instance, references)
  run.objects.caller = { packageId: linked.module.loaded.packageId, module: linked.module.loaded.module.name }
  const { visibility, isEntry } = linked.definition
  return run.entangle(
    call.arguments,
    () => runInstance(run, instance, args, references),
    isEntry && visibility !== 'public',
  )
}

function runInstance(
  run: Run,
  instance: FunctionInstance,
  args: readonly Value[],
  references: readonly { argument: Argument; reference: Reference; type: MoveType }[],
): Slot[] {
  const values = callFunction(run.machine, instance, args)
  if (run.wantsOutputs) recordOutputs(run, instance, values, references)
  return instance.returns.map((type, i) => {
    if (type.kind === 'reference') {
      // Nothing can be done with a reference after the call; dev-inspect only shows it.
      if (run.mode !== 'dev-inspect') throw failure('InvalidPublicFunctionReturnType', { idx: i })
      return resultSlot(type.to, (values[i] as Reference).get())
    }
    return resultSlot(type, values[i]!)
  })
}

function findFunction(run: Run, call: MoveCall): LinkedFunction {
  const linkage = run.loader.linkage(normalizeAddress(call.package))
  return linkage.module(linkage.root.originalId, call.module).function(call.function)
}

function assertCallable(run: Run, linked: LinkedFunction): void {
  if (run.isPrivileged) return
  const { definition, name } = linked
  const isOpen = definition.visibility === 'public' || definition.isEntry
  if (!isOpen || name === 'init' || isOwnTypeOnly(linked)) throw failure('NonEntryFunctionInvoked')
}

function readTypeArguments(run: Run, call: MoveCall, linked: LinkedFunction): MoveType[] {
  if (call.typeArguments.length !== linked.typeParameters.length) throw failure('TypeArityMismatch')
  return call.typeArguments.map((text, i) => {
    const type = canonicalTypeArgument(run, text, i)
    const demanded = linked.typeParameters[i]!
    if ((run.loader.abilities(type) & demanded) !== demanded) throw typeArgumentFailure(i, 'ConstraintNotSatisfied')
    return type
  })
}

function canonicalTypeArgument(run: Run, text: string, index: number): MoveType {
  try {
    return run.loader.canonicalType(parseType(text))
  } catch (error) {
    if (error instanceof MoveLinkError) throw typeArgumentFailure(index, 'TypeNotFound')
    if (error instanceof MoveFormatError) throw typeArgumentFailure(index, 'ConstraintNotSatisfied')
    throw error
  }
}

function readArguments(
  run: Run,
  call: MoveCall,
  instance: FunctionInstance,
  references: { argument: Argument; reference: Reference; type: MoveType }[],
): Value[] {
  const { parameters } = instance
  const last = parameters.at(-1)
  const hasContext = last?.kind === 'reference' && isTxContext(last.to.key)
  if (call.arguments.length !== parameters.length - (hasContext ? 1 : 0)) throw failure('ArityMismatch')
  const borrows = new Borrows()
  const args = call.arguments.map((argument, i) => {
    const parameter = parameters[i]!
    if (parameter.kind === 'reference' && isTxContext(parameter.to.key)) throw argumentFailure(i, 'InvalidTxContext')
    const value = run.args.forParameter(argument, i, parameter, borrows)
    if (parameter.kind === 'reference' && parameter.mutable) {
      references.push({ argument, reference: value as Reference, type: parameter.to })
    }
    return value
  })
  if (hasContext) args.push(new Reference([run.txContext()], 0))
  return args
}

function recordOutputs(
  run: Run,
  instance: FunctionInstance,
  values: readonly Value[],
  references: readonly { argument: Argument; reference: Reference; type: MoveType }[],
): void {
  const shown = (type: MoveType, value: Value): CommandValue => {
    const plain = type.kind === 'reference' ? type.to : type
    return { type: plain.key, bcs: encodeValue(value instanceof Reference ? value.get() : value) }
  }
  run.outputs.push({
    returnValues: instance.returns.map((type, i) => shown(type, values[i]!)),
    mutatedByRef: references.map(({ argument, reference, type }) => ({ ...shown(type, reference), argument })),
  })
}
