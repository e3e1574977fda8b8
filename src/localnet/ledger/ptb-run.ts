/** State of a programmable transaction while its commands run. */

import type { Loader } from '../movevm/loader.ts'
import { Machine } from '../movevm/machine.ts'
import { datatypeType, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { ByteVector, Struct, type Value } from '../movevm/values.ts'
import type { CommandOutput, ExecutionMode } from './execution.ts'
import type { ObjectRuntime } from './execution-objects.ts'
import { NATIVES, type TransactionContext } from './natives.ts'
import { ArgumentReader, type SlotTable } from './ptb-arguments.ts'
import { Heat } from './ptb-heat.ts'
import { hasAbility, type Slot } from './ptb-values.ts'
import type { Argument } from './transaction.ts'

const TX_CONTEXT = datatypeType(SUI_FRAMEWORK_ADDRESS, 'tx_context', 'TxContext')

export interface RunOptions {
  loader: Loader
  context: TransactionContext
  gas: Slot | undefined
  inputs: readonly Slot[]
  mode: ExecutionMode
  maxInstructions: number
  /** The gas coin lives only in this transaction: funds pay. */
  isGasTemporary?: boolean
}

export class Run {
  readonly loader: Loader
  readonly context: TransactionContext
  readonly machine: Machine<TransactionContext>
  readonly args: ArgumentReader
  readonly mode: ExecutionMode
  readonly inputs: readonly Slot[]
  readonly gas: Slot | undefined
  readonly isGasTemporary: boolean
  readonly results: Slot[][] = []
  readonly outputs: CommandOutput[] = []
  readonly heat = new Heat()
  /** The gas coin, once a command has moved it out of its slot. */
  takenGasCoin: Value | undefined

  constructor(options: RunOptions) {
    this.loader = options.loader
    this.context = options.context
    this.mode = options.mode
    this.gas = options.gas
    this.inputs = options.inputs
    this.isGasTemporary = options.isGasTemporary === true
    this.machine = new Machine(options.loader, NATIVES, options.context, options.maxInstructions)
    const table: SlotTable = { gas: options.gas, inputs: options.inputs, results: this.results }
    this.args = new ArgumentReader(table, options.loader, options.mode === 'dev-inspect')
  }

  get objects(): ObjectRuntime {
    return this.context.objects
  }

  /** Visibility and `entry` are not asked for. */
  get isPrivileged(): boolean {
    return this.mode === 'dev-inspect' || this.mode === 'genesis'
  }

  /** Outputs of commands are wanted. */
  get wantsOutputs(): boolean {
    return this.mode === 'simulate' || this.mode === 'dev-inspect'
  }

  /** Notes that a command put these arguments into these results.
   *  @param demandsCold - see `Heat.join` */
  entangle(args: readonly Argument[], run: () => Slot[], demandsCold = false): Slot[] {
    const slots = args.map((argument, i) => this.args.slot(argument, i))
    const group = this.heat.join(slots, demandsCold && !this.isPrivileged)
    const results = run()
    this.heat.addResults(
      results,
      group,
      ({ type }) =>
        type !== undefined && !hasAbility(this.loader, type, 'drop') && !hasAbility(this.loader, type, 'store'),
    )
    return results
  }

  /** The TxContext of a call. Code reads it through natives, but for the digest. */
  txContext(): Value {
    const { context } = this
    const layout = this.loader.layout(TX_CONTEXT)
    const fields: Record<string, Value> = {
      sender: context.sender,
      tx_hash: new ByteVector(context.objects.digest.slice()),
      epoch: context.epoch,
      epoch_timestamp_ms: context.epochTimestampMs,
      ids_created: BigInt(context.objects.idsCreated),
    }
    return new Struct(
      layout,
      layout.fields!.map(({ name }) => fields[name] ?? 0n),
    )
  }
}

/** True for `TxContext` itself. */
export function isTxContext(key: string): boolean {
  return key === TX_CONTEXT.key
}
