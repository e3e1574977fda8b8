/** The end of a transaction: gas is charged, versions are given, effects are written. */

import { MAX_OBJECT_BYTES } from '../movevm/limits.ts'
import type { Value } from '../movevm/values.ts'
import { balanceChanges, buildEffects, encodeEvents } from './effects.ts'
import type { ExecutionRequest, ExecutionResult, GasUsed } from './execution.ts'
import type { GasPayment } from './execution-gas.ts'
import type { LoadedInputs } from './execution-inputs.ts'
import type { FinalObject, NewOwner } from './execution-objects.ts'
import { ACCUMULATOR_ROOT, type FundsAmount, FundsChanges, fundsContents, fundsOf } from './funds.ts'
import { computationUnits, gasSummary, NO_GAS, netGas, storageCost } from './gas.ts'
import {
  coinContents,
  createObject,
  fundsFieldType,
  type LedgerMoveObject,
  type LedgerObject,
  type LedgerPackage,
  type MoveData,
  type Owner,
  objectType,
  SUI_TYPE,
  storageBytes,
} from './object.ts'
import { coinBalance } from './ptb-coins.ts'
import { describeFailure, type ExecutionFailure, failure } from './ptb-failure.ts'
import type { Run } from './ptb-run.ts'

/** What a transaction would leave behind, before gas. */
export interface Outcome {
  readonly written: ReadonlyMap<string, FinalObject>
  readonly packages: ReadonlyMap<string, LedgerPackage>
  readonly modified: ReadonlyMap<string, LedgerMoveObject>
  readonly newIds: ReadonlySet<string>
  readonly deletedIds: ReadonlySet<string>
  /** MIST in the gas coin (or of the funds that pay), the budget held back included. */
  readonly gasBalance: bigint
  readonly failure: ExecutionFailure | undefined
}

/** @throws {ExecutionFailure | MoveFault} if the result breaks a limit */
export function succeededOutcome(
  run: Run,
  inputs: LoadedInputs,
  packages: ReadonlyMap<string, LedgerPackage>,
): Outcome {
  const { gas } = inputs
  const gasCoin = gas && (gas.slot?.cell[0] ?? run.takenGasCoin)
  const mutable = [...inputs.slots, ...(gas?.slot && gas.coin ? [gas.slot] : [])].flatMap(({ input, cell }) =>
    input && input.access !== 'read' ? [{ object: input.object, value: cell[0] as Value | undefined }] : [],
  )
  const outcome = run.objects.finish(mutable)
  const modified = new Map(outcome.modified)
  const deletedIds = new Set(outcome.deletedIds)
  foldGasCoins(gas, modified, deletedIds)
  assertSizes(outcome.written)
  assertNoCycles(outcome.written)
  return {
    written: outcome.written,
    packages,
    modified,
    newIds: new Set([...outcome.newIds, ...packages.keys()]),
    deletedIds,
    gasBalance: gas ? (gasCoin ? coinBalance(gasCoin) + gas.budget : gas.total) : 0n,
    failure: undefined,
  }
}

/** Everything is as before, but mutable inputs get a new version and the gas coins are folded. */
export function failedOutcome(inputs: LoadedInputs, failed: ExecutionFailure): Outcome {
  const { gas } = inputs
  const modified = new Map<string, LedgerMoveObject>()
  const written = new Map<string, FinalObject>()
  const rewrite = (object: LedgerMoveObject) => {
    modified.set(object.id, object)
    const { hasPublicTransfer, contents, type } = object.data
    written.set(object.id, { id: object.id, type: objectType(type), owner: object.owner, hasPublicTransfer, contents })
  }
  for (const { input } of inputs.slots) if (input && input.access !== 'read') rewrite(input.object)
  if (gas?.coin) rewrite(gas.coin)
  const deletedIds = new Set<string>()
  foldGasCoins(gas, modified, deletedIds)
  return {
    written,
    packages: new Map(),
    modified,
    newIds: new Set(),
    deletedIds,
    gasBalance: gas ? gas.total : 0n,
    failure: failed,
  }
}

function foldGasCoins(
  gas: GasPayment | undefined,
  modified: Map<string, LedgerMoveObject>,
  deletedIds: Set<string>,
): void {
  for (const coin of gas?.folded ?? []) {
    modified.set(coin.id, coin)
    deletedIds.add(coin.id)
  }
}

function assertSizes(written: ReadonlyMap<string, FinalObject>): void {
  for (const { contents } of written.values()) {
    if (contents.length > MAX_OBJECT_BYTES) {
      const sizes = { objectSize: String(contents.length), maxObjectSize: String(MAX_OBJECT_BYTES) }
      throw failure('MoveObjectTooBig', sizes)
    }
  }
}

/** An object may not own itself through others. */
function assertNoCycles(written: ReadonlyMap<string, FinalObject>): void {
  for (const start of written.values()) {
    const seen = new Set([start.id])
    for (let at: FinalObject | undefined = start; at?.owner.kind === 'object'; at = written.get(at.owner.parent)) {
      if (seen.has(at.owner.parent)) throw failure('CircularObjectOwnership', { object: start.id })
      seen.add(at.owner.parent)
    }
  }
}

/** Charges gas and writes the result. */
export function settle(request: ExecutionRequest, run: Run, inputs: LoadedInputs, attempted: Outcome): ExecutionResult {
  const { outcome, gasUsed } = charge(request, run, inputs, attempted)
  const lamport = lamportVersion(inputs.objects)
  const written = new Map<string, LedgerObject>()
  for (const final of outcome.written.values()) {
    const contents =
      final.id === inputs.gas?.coin?.id ? coinContents(final.id, outcome.gasBalance - netGas(gasUsed)) : final.contents
    written.set(final.id, finalObject(final, contents, lamport, request.digest))
  }
  for (const stored of outcome.packages.values()) {
    const storageRebate = storageCost(storageBytes(stored.data))
    written.set(stored.id, createObject({ ...stored, previousTransaction: request.digest, storageRebate }))
  }
  return assemble(request, run, inputs, outcome, written, lamport, gasUsed)
}

function assemble(
  request: ExecutionRequest,
  run: Run,
  inputs: LoadedInputs,
  outcome: Outcome,
  written: ReadonlyMap<string, LedgerObject>,
  lamport: bigint,
  gasUsed: GasUsed,
): ExecutionResult {
  const { failure: failed } = outcome
  const events = failed ? [] : run.objects.events
  const encodedEvents = events.length > 0 ? encodeEvents(events) : undefined
  const dependencies = new Set(inputs.dependencies)
  for (const object of run.objects.received.values()) dependencies.add(object.previousTransaction)
  const funds = fundsChanges(run, inputs, outcome, gasUsed)
  const settled = settleFunds(request, funds, lamport)
  const encoded = buildEffects({
    failure: failed,
    epoch: request.epoch,
    gasUsed,
    digest: request.digest,
    gasObjectId: inputs.gas?.coin?.id,
    eventsDigest: encodedEvents?.digest,
    dependencies,
    lamportVersion: lamport,
    modified: outcome.modified,
    written,
    newIds: outcome.newIds,
    deletedIds: outcome.deletedIds,
    readOnlyShared: inputs.readOnlyShared,
    funds,
  })
  const mockId = inputs.gas?.isMock ? inputs.gas.coin?.id : undefined
  const failureStatus = encoded.effects.status.Failure?.error
  return {
    status:
      failed && failureStatus ? { success: false, error: describeFailure(failed, failureStatus) } : { success: true },
    ...encoded,
    events,
    eventsBytes: encodedEvents?.bytes,
    eventsDigest: encodedEvents?.digest,
    written: [...written.values(), ...settled.written].sort((a, b) => (a.id < b.id ? -1 : 1)),
    deleted: [...[...outcome.modified.keys()].filter((id) => !written.has(id)), ...settled.emptied].sort(),
    objectTypes: objectTypes(outcome.modified, written),
    commandOutputs: run.outputs,
    balanceChanges: balanceChanges(outcome.modified.values(), written.values(), funds, mockId),
    gasUsed,
    ...(mockId !== undefined && { mockGas: { id: mockId, storageCost: written.get(mockId)?.storageRebate ?? 0n } }),
  }
}

/** What the transaction moves in and out of funds, by id of the field. */
function fundsChanges(run: Run, inputs: LoadedInputs, outcome: Outcome, gasUsed: GasUsed): [string, FundsAmount][] {
  const changes = outcome.failure ? new FundsChanges() : run.context.funds.changes
  const { gas } = inputs
  if (gas && (gas.reserved > 0n || !gas.coin)) {
    const returned = gas.coin ? 0n : outcome.gasBalance - netGas(gasUsed)
    changes.add(gas.owner, SUI_TYPE, returned - gas.reserved)
  }
  return changes.entries()
}

/** The fields of the funds as they are afterwards. */
function settleFunds(
  { source, digest }: ExecutionRequest,
  changes: readonly [string, FundsAmount][],
  lamport: bigint,
): { written: LedgerObject[]; emptied: string[] } {
  const written: LedgerObject[] = []
  const emptied: string[] = []
  for (const [id, { owner, coinType, amount: change }] of changes) {
    const former = source.getObject(id)
    const amount = fundsOf(source, owner, coinType) + change
    if (amount <= 0n) {
      if (former) emptied.push(id)
      continue
    }
    const next = former ? former.version + 1n : 1n
    written.push(
      createObject({
        id,
        version: next > lamport ? next : lamport,
        owner: { kind: 'object', parent: ACCUMULATOR_ROOT },
        previousTransaction: digest,
        storageRebate: 0n,
        data: {
          kind: 'move',
          type: fundsFieldType(coinType),
          hasPublicTransfer: false,
          contents: fundsContents({ owner, coinType, amount }),
        },
      }),
    )
  }
  return { written, emptied }
}

/** The outcome that can be paid for: the attempted one, or a failure for lack of gas. */
function charge(
  request: ExecutionRequest,
  run: Run,
  inputs: LoadedInputs,
  attempted: Outcome,
): { outcome: Outcome; gasUsed: GasUsed } {
  const { gas } = inputs
  if (!gas) return { outcome: attempted, gasUsed: NO_GAS }
  const price = BigInt(request.data.gasData.price)
  const isExhausted = attempted.failure?.status['InsufficientGas'] !== undefined
  const needed = computationUnits(run.machine.instructionsUsed) * price
  const computation = isExhausted || needed > gas.budget ? gas.budget : needed
  const gasUsed = summary(attempted, computation)
  if (!isExhausted && needed <= gas.budget && netGas(gasUsed) <= gas.budget) return { outcome: attempted, gasUsed }
  const outcome = failedOutcome(inputs, attempted.failure ?? failure('InsufficientGas'))
  const reverted = summary(outcome, computation)
  // Rewriting the inputs may cost more than what they give back; the budget is the most that is ever taken.
  const excess = netGas(reverted) - gas.budget
  return {
    outcome,
    gasUsed: excess > 0n ? summary(outcome, computation > excess ? computation - excess : 0n) : reverted,
  }
}

function summary(outcome: Outcome, computation: bigint): GasUsed {
  let storage = 0n
  for (const final of outcome.written.values()) storage += storageCost(storageBytes(moveData(final, final.contents)))
  for (const stored of outcome.packages.values()) storage += storageCost(storageBytes(stored.data))
  let rebates = 0n
  for (const object of outcome.modified.values()) rebates += object.storageRebate
  return gasSummary(computation, storage, rebates)
}

function moveData(final: FinalObject, contents: Uint8Array): MoveData {
  return { kind: 'move', type: final.type.key, hasPublicTransfer: final.hasPublicTransfer, contents }
}

/** One more than the newest version among the inputs. */
function lamportVersion(objects: readonly LedgerObject[]): bigint {
  let newest = 0n
  for (const { version } of objects) if (version > newest) newest = version
  return newest + 1n
}

function finalObject(final: FinalObject, contents: Uint8Array, version: bigint, digest: string): LedgerObject {
  const data = moveData(final, contents)
  return createObject({
    id: final.id,
    version,
    owner: finalOwner(final.owner, version),
    previousTransaction: digest,
    storageRebate: storageCost(storageBytes(data)),
    data,
  })
}

function finalOwner(owner: NewOwner, version: bigint): Owner {
  return owner.kind === 'newly-shared' ? { kind: 'shared', initialVersion: version } : owner
}

function objectTypes(
  modified: ReadonlyMap<string, LedgerMoveObject>,
  written: ReadonlyMap<string, LedgerObject>,
): Map<string, string> {
  const types = new Map<string, string>()
  for (const object of [...modified.values(), ...written.values()]) {
    types.set(object.id, object.data.kind === 'move' ? object.data.type : 'package')
  }
  return types
}
