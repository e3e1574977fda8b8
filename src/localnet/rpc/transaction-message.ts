/** Transactions between protobuf messages and the shapes of `bcs.TransactionData`. */

import { fromBase64, toBase64 } from '@mysten/sui/utils'
import { invalidArgument } from '../ledger/errors.ts'
import type { TransactionDataV1 } from '../ledger/execution.ts'
import { NO_EXPIRATION, type PartialInput, type PartialTransaction } from '../ledger/partial-transaction.ts'
import { type Argument, type CallArg, type Command, type Expiration, programmable } from '../ledger/transaction.ts'
import { normalizeAddress, parseType } from '../movevm/types.ts'
import type { FieldMask } from './field-mask.ts'
import { Proto, type Timestamp, timestamp } from './messages.ts'

const {
  Argument_ArgumentKind: ArgumentKind,
  FundsWithdrawal_Source: WithdrawalSource,
  Input_InputKind: InputKind,
  TransactionExpiration_TransactionExpirationKind: ExpirationKind,
} = Proto

// ---- to messages

export function argumentMessage(argument: Argument): Proto.Argument {
  if (argument.Input !== undefined) return { kind: ArgumentKind.INPUT, input: argument.Input }
  if (argument.NestedResult) {
    return { kind: ArgumentKind.RESULT, result: argument.NestedResult[0], subresult: argument.NestedResult[1] }
  }
  if (argument.Result !== undefined) return { kind: ArgumentKind.RESULT, result: argument.Result }
  return { kind: ArgumentKind.GAS }
}

function commandMessage(command: Command): Proto.Command['command'] {
  switch (command.$kind) {
    case 'MoveCall': {
      const call = command.MoveCall
      return { oneofKind: 'moveCall', moveCall: { ...call, arguments: call.arguments.map(argumentMessage) } }
    }
    case 'TransferObjects': {
      const { objects, address } = command.TransferObjects
      const transferObjects = { objects: objects.map(argumentMessage), address: argumentMessage(address) }
      return { oneofKind: 'transferObjects', transferObjects }
    }
    case 'SplitCoins': {
      const { coin, amounts } = command.SplitCoins
      return {
        oneofKind: 'splitCoins',
        splitCoins: { coin: argumentMessage(coin), amounts: amounts.map(argumentMessage) },
      }
    }
    case 'MergeCoins': {
      const { destination, sources } = command.MergeCoins
      const mergeCoins = { coin: argumentMessage(destination), coinsToMerge: sources.map(argumentMessage) }
      return { oneofKind: 'mergeCoins', mergeCoins }
    }
    case 'Publish': {
      const { modules, dependencies } = command.Publish
      return { oneofKind: 'publish', publish: { modules: modules.map(fromBase64), dependencies } }
    }
    case 'MakeMoveVec': {
      const { type, elements } = command.MakeMoveVec
      const makeMoveVector = { elementType: type ?? undefined, elements: elements.map(argumentMessage) }
      return { oneofKind: 'makeMoveVector', makeMoveVector }
    }
    case 'Upgrade': {
      const { modules, dependencies, package: packageId, ticket } = command.Upgrade
      const upgrade = {
        modules: modules.map(fromBase64),
        dependencies,
        package: packageId,
        ticket: argumentMessage(ticket),
      }
      return { oneofKind: 'upgrade', upgrade }
    }
  }
}

function inputMessage(input: CallArg): Proto.Input {
  if (input.Pure) return { kind: InputKind.PURE, pure: fromBase64(input.Pure.bytes) }
  if (input.FundsWithdrawal) {
    const { reservation, typeArg, withdrawFrom } = input.FundsWithdrawal
    const fundsWithdrawal = {
      amount: BigInt(reservation.MaxAmountU64),
      coinType: typeArg.Balance,
      source: withdrawFrom.Sponsor ? WithdrawalSource.SPONSOR : WithdrawalSource.SENDER,
    }
    return { kind: InputKind.FUNDS_WITHDRAWAL, fundsWithdrawal }
  }
  const object = input.Object
  if (object?.SharedObject) {
    const { objectId, initialSharedVersion, mutable } = object.SharedObject
    return {
      kind: InputKind.SHARED,
      objectId,
      version: BigInt(initialSharedVersion),
      mutable,
      mutability: mutable ? Proto.Input_Mutability.MUTABLE : Proto.Input_Mutability.IMMUTABLE,
    }
  }
  const ref = object?.ImmOrOwnedObject ?? object?.Receiving
  if (!ref) return { kind: InputKind.INPUT_KIND_UNKNOWN }
  return {
    kind: object?.Receiving ? InputKind.RECEIVING : InputKind.IMMUTABLE_OR_OWNED,
    objectId: ref.objectId,
    version: BigInt(ref.version),
    digest: ref.digest,
  }
}

const optionalBig = (value: string | number | bigint | null) => (value === null ? undefined : BigInt(value))
const optionalTime = (value: string | number | bigint | null) => (value === null ? undefined : timestamp(Number(value)))

function expirationMessage(expiration: Expiration): Proto.TransactionExpiration {
  if (expiration.Epoch !== undefined) return { kind: ExpirationKind.EPOCH, epoch: BigInt(expiration.Epoch) }
  const window = expiration.ValidDuring ?? expiration.Validity
  // The client refuses kind 0, so "none" is said explicitly.
  if (!window) return { kind: ExpirationKind.NONE }
  return {
    kind: expiration.ValidDuring ? ExpirationKind.VALID_DURING : ExpirationKind.VALIDITY,
    minEpoch: optionalBig(window.minEpoch),
    epoch: optionalBig(window.maxEpoch),
    minTimestamp: optionalTime(window.minTimestamp),
    maxTimestamp: optionalTime(window.maxTimestamp),
    chain: window.chain,
    nonce: window.nonce,
  }
}

/** The fields of a transaction that the mask wants. */
export function transactionMessage(
  transaction: { data: TransactionDataV1; bytes: Uint8Array; digest: string },
  mask: FieldMask,
): Proto.Transaction {
  const { data, bytes, digest } = transaction
  const message = Proto.Transaction.create({ digest, version: 1, sender: normalizeAddress(data.sender) })
  if (mask.has('bcs')) message.bcs = { name: 'TransactionData', value: bytes }
  if (mask.has('expiration')) message.expiration = expirationMessage(data.expiration)
  if (mask.has('gas_payment')) {
    const { payment, owner, price, budget } = data.gasData
    message.gasPayment = {
      objects: payment.map((ref) => ({ objectId: ref.objectId, version: BigInt(ref.version), digest: ref.digest })),
      owner,
      price: BigInt(price),
      budget: BigInt(budget),
    }
  }
  if (mask.has('kind')) {
    const { inputs, commands } = programmable(data)
    const programmableTransaction = {
      inputs: inputs.map(inputMessage),
      commands: commands.map((command) => ({ command: commandMessage(command) })),
    }
    message.kind = {
      kind: Proto.TransactionKind_Kind.PROGRAMMABLE_TRANSACTION,
      data: { oneofKind: 'programmableTransaction', programmableTransaction },
    }
  }
  return mask.apply(Proto.Transaction, message)
}

// ---- from messages

function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw invalidArgument(`missing ${field}`)
  return value
}

function parseArgument(argument: Proto.Argument | undefined): Argument {
  switch (argument?.kind) {
    case ArgumentKind.GAS:
      return { $kind: 'GasCoin', GasCoin: true }
    case ArgumentKind.INPUT:
      return { $kind: 'Input', Input: u16(required(argument.input, 'argument.input')) }
    case ArgumentKind.RESULT: {
      const result = u16(required(argument.result, 'argument.result'))
      if (argument.subresult === undefined) return { $kind: 'Result', Result: result }
      return { $kind: 'NestedResult', NestedResult: [result, u16(argument.subresult)] }
    }
    default:
      throw invalidArgument('missing or unknown kind of argument')
  }
}

function u16(value: number): number {
  if (value > 0xffff) throw invalidArgument(`argument index ${value} out of range`)
  return value
}

function parseCommand({ command }: Proto.Command): Command {
  switch (command.oneofKind) {
    case 'moveCall': {
      const call = command.moveCall
      return {
        $kind: 'MoveCall',
        MoveCall: {
          package: normalizeAddress(required(call.package, 'move_call.package')),
          module: required(call.module, 'move_call.module'),
          function: required(call.function, 'move_call.function'),
          typeArguments: call.typeArguments,
          arguments: call.arguments.map(parseArgument),
        },
      }
    }
    case 'transferObjects': {
      const { objects, address } = command.transferObjects
      const TransferObjects = { objects: objects.map(parseArgument), address: parseArgument(address) }
      return { $kind: 'TransferObjects', TransferObjects }
    }
    case 'splitCoins': {
      const { coin, amounts } = command.splitCoins
      return { $kind: 'SplitCoins', SplitCoins: { coin: parseArgument(coin), amounts: amounts.map(parseArgument) } }
    }
    case 'mergeCoins': {
      const { coin, coinsToMerge } = command.mergeCoins
      const MergeCoins = { destination: parseArgument(coin), sources: coinsToMerge.map(parseArgument) }
      return { $kind: 'MergeCoins', MergeCoins }
    }
    case 'publish': {
      const { modules, dependencies } = command.publish
      const Publish = { modules: modules.map(toBase64), dependencies: dependencies.map(normalizeAddress) }
      return { $kind: 'Publish', Publish }
    }
    case 'makeMoveVector': {
      const { elementType, elements } = command.makeMoveVector
      return { $kind: 'MakeMoveVec', MakeMoveVec: { type: elementType ?? null, elements: elements.map(parseArgument) } }
    }
    case 'upgrade': {
      const { modules, dependencies, package: packageId, ticket } = command.upgrade
      return {
        $kind: 'Upgrade',
        Upgrade: {
          modules: modules.map(toBase64),
          dependencies: dependencies.map(normalizeAddress),
          package: normalizeAddress(required(packageId, 'upgrade.package')),
          ticket: parseArgument(ticket),
        },
      }
    }
    default:
      throw invalidArgument('missing or unknown kind of command')
  }
}

function parseWithdrawal(withdrawal: Proto.FundsWithdrawal | undefined): CallArg {
  const amount = required(withdrawal?.amount, 'funds_withdrawal.amount')
  const coinType = parseType(required(withdrawal?.coinType, 'funds_withdrawal.coin_type')).key
  const { source } = withdrawal!
  if (source === WithdrawalSource.SENDER_ALLOWANCE) {
    throw invalidArgument('withdrawals by allowance are not supported here')
  }
  const FundsWithdrawal = {
    reservation: { $kind: 'MaxAmountU64' as const, MaxAmountU64: String(amount) },
    typeArg: { $kind: 'Balance' as const, Balance: coinType },
    withdrawFrom:
      source === WithdrawalSource.SPONSOR
        ? { $kind: 'Sponsor' as const, Sponsor: true as const }
        : { $kind: 'Sender' as const, Sender: true as const },
  }
  return { $kind: 'FundsWithdrawal', FundsWithdrawal }
}

function parseInput(input: Proto.Input): PartialInput {
  const kind = input.kind ?? InputKind.INPUT_KIND_UNKNOWN
  if (kind === InputKind.PURE || (kind === InputKind.INPUT_KIND_UNKNOWN && input.pure)) {
    return { kind: 'pure', bytes: required(input.pure, 'input.pure') }
  }
  if (kind === InputKind.FUNDS_WITHDRAWAL) return { kind: 'resolved', input: parseWithdrawal(input.fundsWithdrawal) }
  const objectId = normalizeAddress(required(input.objectId, 'input.object_id'))
  if (kind === InputKind.INPUT_KIND_UNKNOWN) {
    return { kind: 'unresolved', objectId, version: input.version, digest: input.digest }
  }
  const version = String(required(input.version, 'input.version'))
  if (kind === InputKind.SHARED) {
    const mutable = input.mutable ?? input.mutability === Proto.Input_Mutability.MUTABLE
    const SharedObject = { objectId, initialSharedVersion: version, mutable }
    return { kind: 'resolved', input: { $kind: 'Object', Object: { $kind: 'SharedObject', SharedObject } } }
  }
  const ref = { objectId, version, digest: required(input.digest, 'input.digest') }
  return kind === InputKind.RECEIVING
    ? { kind: 'resolved', input: { $kind: 'Object', Object: { $kind: 'Receiving', Receiving: ref } } }
    : { kind: 'resolved', input: { $kind: 'Object', Object: { $kind: 'ImmOrOwnedObject', ImmOrOwnedObject: ref } } }
}

function parseExpiration(expiration: Proto.TransactionExpiration | undefined): Expiration {
  const kind = expiration?.kind
  if (!expiration || !kind || kind === ExpirationKind.NONE) return NO_EXPIRATION
  if (kind === ExpirationKind.EPOCH) {
    return { $kind: 'Epoch', Epoch: Number(required(expiration.epoch, 'expiration.epoch')) }
  }
  const text = (value: bigint | undefined) => (value === undefined ? null : String(value))
  const time = (value: Timestamp | undefined) =>
    value === undefined ? null : String(value.seconds * 1000n + BigInt(Math.floor(value.nanos / 1e6)))
  const window = {
    minEpoch: text(expiration.minEpoch),
    maxEpoch: text(expiration.epoch),
    minTimestamp: time(expiration.minTimestamp),
    maxTimestamp: time(expiration.maxTimestamp),
    chain: required(expiration.chain, 'expiration.chain'),
    nonce: required(expiration.nonce, 'expiration.nonce'),
  }
  if (kind === ExpirationKind.VALID_DURING) return { $kind: 'ValidDuring', ValidDuring: window }
  if (expiration.allowedProposers) throw invalidArgument('allowed proposers are not supported: there is one')
  return { $kind: 'Validity', Validity: { ...window, allowedProposers: null } }
}

/** A transaction that may leave objects and gas open.
 *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT */
export function parseTransactionMessage(message: Proto.Transaction): PartialTransaction {
  const data = message.kind?.data
  if (data?.oneofKind !== 'programmableTransaction')
    throw invalidArgument('only programmable transactions are accepted')
  const gas = message.gasPayment
  return {
    sender: normalizeAddress(required(message.sender, 'sender')),
    inputs: data.programmableTransaction.inputs.map(parseInput),
    commands: data.programmableTransaction.commands.map(parseCommand),
    gas: {
      owner: gas?.owner,
      price: gas?.price,
      budget: gas?.budget,
      payment: (gas?.objects ?? []).map((ref) => ({
        objectId: normalizeAddress(required(ref.objectId, 'gas_payment.objects.object_id')),
        version: String(required(ref.version, 'gas_payment.objects.version')),
        digest: required(ref.digest, 'gas_payment.objects.digest'),
      })),
    },
    expiration: parseExpiration(message.expiration),
  }
}
