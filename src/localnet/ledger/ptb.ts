/** Runs the commands of a programmable transaction, and checks at the end that nothing was lost. */

import type { LedgerPackage } from './object.ts'
import { runMakeMoveVec, runMergeCoins, runSplitCoins, runTransferObjects } from './ptb-coins.ts'
import { asFailure, type ExecutionFailure, failure } from './ptb-failure.ts'
import { runMoveCall } from './ptb-move-call.ts'
import { runPublish, runUpgrade } from './ptb-publish.ts'
import type { Run } from './ptb-run.ts'
import { hasAbility, type Slot } from './ptb-values.ts'
import { argumentsOf, type Command } from './transaction.ts'

/** Runs all commands.
 *  @returns the packages published
 *  @throws {ExecutionFailure} with the index of the command */
export function runCommands(run: Run, commands: readonly Command[]): Map<string, LedgerPackage> {
  const published = new Map<string, LedgerPackage>()
  for (const [index, command] of commands.entries()) {
    try {
      run.machine.charge(10)
      run.results.push(runCommand(run, command, published))
    } catch (error) {
      const failed = asFailure(error)
      if (!failed) throw error
      failed.command ??= index
      throw failed
    }
  }
  checkLeftovers(run)
  return published
}

function runCommand(run: Run, command: Command, published: Map<string, LedgerPackage>): Slot[] {
  if (command.MoveCall) return runMoveCall(run, command.MoveCall)
  const done = runBuiltIn(run, command, published)
  const slots = run.entangle(argumentsOf(command), () => done)
  if (run.wantsOutputs) run.outputs.push({ returnValues: [], mutatedByRef: [] })
  return slots
}

function runBuiltIn(run: Run, command: Command, published: Map<string, LedgerPackage>): Slot[] {
  if (command.TransferObjects) return runTransferObjects(run, command.TransferObjects)
  if (command.SplitCoins) return runSplitCoins(run, command.SplitCoins)
  if (command.MergeCoins) return runMergeCoins(run, command.MergeCoins)
  if (command.MakeMoveVec) return runMakeMoveVec(run, command.MakeMoveVec)
  if (command.Publish) return runPublish(run, command.Publish, published)
  if (command.Upgrade) return runUpgrade(run, command.Upgrade, published)
  throw failure('FeatureNotYetSupported')
}

function checkLeftovers(run: Run): void {
  if (run.mode === 'dev-inspect') return
  for (const [resultIdx, slots] of run.results.entries()) {
    for (const [secondaryIdx, slot] of slots.entries()) {
      if (slot.cell[0] !== undefined && !hasAbility(run.loader, slot.type!, 'drop')) {
        throw failure('UnusedValueWithoutDrop', { resultIdx, secondaryIdx })
      }
    }
  }
  // A shared object that was taken by value must be shared again or deleted.
  for (const { input, cell } of run.inputs) {
    if (input?.access !== 'shared' || cell[0] !== undefined) continue
    const isShared = run.objects.pendingOwner(input.object.id)?.kind === 'shared'
    if (!isShared && !run.objects.isDeleted(input.object.id)) throw failure('SharedObjectOperationNotAllowed')
  }
}

/** The failure of an error thrown outside of commands. */
export function requireFailure(error: unknown): ExecutionFailure {
  const failed = asFailure(error)
  if (!failed) throw error
  return failed
}
