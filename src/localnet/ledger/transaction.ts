/** Transaction bytes: bounded parsing, digest, and what the ledger reads out of them. */

import { bcs } from '@mysten/sui/bcs'
import { toBase58 } from '@mysten/sui/utils'
import { equalBytes } from '../../base/bytes.ts'
import { saltedBlake2b256 } from '../../crypto/hash.ts'
import { normalizeAddress } from '../movevm/types.ts'
import { GRPC, invalidArgument, LedgerError } from './errors.ts'
import type { TransactionDataV1 } from './execution.ts'

export type ProgrammableTransaction = NonNullable<TransactionDataV1['kind']['ProgrammableTransaction']>
export type CallArg = ProgrammableTransaction['inputs'][number]
export type Command = ProgrammableTransaction['commands'][number]
export type Argument = NonNullable<Command['TransferObjects']>['address']
export type ObjectRef = TransactionDataV1['gasData']['payment'][number]
export type Expiration = TransactionDataV1['expiration']
type TransactionDataInput = NonNullable<(typeof bcs.TransactionData.$inferInput)['V1']>

/** As on Sui. */
export const MAX_TRANSACTION_BYTES = 128 * 1024
export const MAX_COMMANDS = 1024
export const MAX_INPUT_OBJECTS = 2048
/** Pure argument; as on Sui. */
export const MAX_PURE_BYTES = 16 * 1024

/** Base58 of BLAKE2b-256(`TransactionData::` ‖ bytes). */
export function transactionDigest(bytes: Uint8Array): string {
  return toBase58(saltedBlake2b256('TransactionData::', bytes))
}

/** BCS of version 1 of TransactionData.
 *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT if an id, digest, type or number in it has no encoding */
export function encodeTransaction(data: TransactionDataV1): Uint8Array {
  try {
    // What parsing returns is valid input; the types differ only in the optional `$kind` marks.
    return bcs.TransactionData.serialize({ V1: data as TransactionDataInput }).toBytes()
  } catch (cause) {
    throw invalidArgument(
      `the transaction cannot be encoded: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
}

/** A transaction from outside. Only the one canonical encoding is accepted, so bytes and digest stand for each other.
 *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT */
export function parseTransaction(bytes: Uint8Array, maxBytes = MAX_TRANSACTION_BYTES): TransactionDataV1 {
  if (bytes.length > maxBytes) {
    throw invalidArgument(`transaction of ${bytes.length} bytes exceeds the limit of ${maxBytes}`)
  }
  let data: TransactionDataV1 | undefined
  try {
    const parsed = bcs.TransactionData.parse(bytes)
    if (equalBytes(bcs.TransactionData.serialize(parsed).toBytes(), bytes)) data = parsed.V1
  } catch (cause) {
    // The parser throws plain errors of several kinds (range, stack depth, malformed type tag).
    throw new LedgerError('LEDGER_INVALID_ARGUMENT', GRPC.INVALID_ARGUMENT, 'unable to parse the transaction', {
      kind: 'usage',
      cause,
    })
  }
  if (!data) throw invalidArgument('the transaction is not in canonical form')
  checkShape(data)
  return data
}

/** The kind's inputs and commands.
 *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT for system transactions */
export function programmable(data: TransactionDataV1): ProgrammableTransaction {
  const transaction = data.kind.ProgrammableTransaction
  if (!transaction) throw invalidArgument('only programmable transactions are accepted')
  return transaction
}

function checkShape(data: TransactionDataV1): void {
  const { inputs, commands } = programmable(data)
  if (commands.length === 0) throw invalidArgument('a transaction has at least one command')
  if (commands.length > MAX_COMMANDS) throw invalidArgument(`more than ${MAX_COMMANDS} commands`)
  if (inputs.filter((input) => input.Object).length > MAX_INPUT_OBJECTS) {
    throw invalidArgument(`more than ${MAX_INPUT_OBJECTS} input objects`)
  }
  for (const [index, input] of inputs.entries()) {
    // Base64 text is 4/3 of the bytes.
    if (input.Pure && input.Pure.bytes.length > (MAX_PURE_BYTES * 4) / 3 + 4) {
      throw invalidArgument(`input ${index} exceeds ${MAX_PURE_BYTES} bytes`)
    }
  }
}

/** `package::module::function` of each Move call, packages normalised. */
export function moveCalls(commands: readonly Command[]): string[] {
  return commands.flatMap(({ MoveCall: call }) =>
    call ? [`${normalizeAddress(call.package)}::${call.module}::${call.function}`] : [],
  )
}

/** Every argument of a command. */
export function argumentsOf(command: Command): readonly Argument[] {
  if (command.MoveCall) return command.MoveCall.arguments
  if (command.TransferObjects) return [...command.TransferObjects.objects, command.TransferObjects.address]
  if (command.SplitCoins) return [command.SplitCoins.coin, ...command.SplitCoins.amounts]
  if (command.MergeCoins) return [command.MergeCoins.destination, ...command.MergeCoins.sources]
  if (command.MakeMoveVec) return command.MakeMoveVec.elements
  return command.Upgrade ? [command.Upgrade.ticket] : []
}

/** Id of an object input and how it is used; nothing for pure inputs. */
export function inputObjectId(input: CallArg): string | undefined {
  const object = input.Object
  const id = object?.ImmOrOwnedObject?.objectId ?? object?.SharedObject?.objectId ?? object?.Receiving?.objectId
  return id === undefined ? undefined : normalizeAddress(id)
}
