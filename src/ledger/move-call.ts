/** Typed calls of Move functions: what the generated bindings are made of. A parameter is named and given as a plain
 *  value, or as the result of an earlier command of the same transaction. */

import type {
  Transaction,
  TransactionArgument,
  TransactionObjectInput,
  TransactionResult,
} from '@mysten/sui/transactions'

/** Kinds of plain values: Move types that a transaction can carry as bytes. */
type PlainKind = 'u8' | 'u16' | 'u32' | 'u64' | 'u128' | 'u256' | 'bool' | 'address' | 'id' | 'string'
type PureKind = PlainKind | `vector<${string}>` | `option<${string}>`
/** `object`: by id, or a result; `clock`: the chain's clock, which nobody passes. */
export type ParameterKind = PureKind | 'object' | 'clock'

type PlainValue<K> = K extends 'u8' | 'u16' | 'u32'
  ? number
  : K extends 'u64' | 'u128' | 'u256'
    ? bigint | number
    : K extends 'bool'
      ? boolean
      : K extends 'address' | 'id' | 'string'
        ? string
        : K extends 'vector<u8>'
          ? Uint8Array
          : K extends `vector<${infer Item}>`
            ? readonly PlainValue<Item>[]
            : K extends `option<${infer Item}>`
              ? PlainValue<Item> | null
              : never

/** An object by its id, or a value that an earlier command returned. */
export type ObjectArgument = string | TransactionArgument
export type CallArgument<K> = K extends 'object' ? ObjectArgument : PlainValue<K> | TransactionArgument

type Parameters = Readonly<Record<string, ParameterKind>>
export type CallArguments<P extends Parameters> = {
  readonly [K in keyof P as P[K] extends 'clock' ? never : K]: CallArgument<P[K]>
}

type Argument = TransactionResult[number]
type Results<N extends number> = N extends 2
  ? readonly [Argument, Argument]
  : N extends 3
    ? readonly [Argument, Argument, Argument]
    : TransactionResult

/** Adds the call to a transaction.
 *  @param packageId - where the function is called: the newest version of its package
 *  @param typeArguments - for generic functions only, in order */
export type MoveCall<P extends Parameters, N extends number> = (
  transaction: Transaction,
  packageId: string,
  values: CallArguments<P>,
  typeArguments?: readonly string[],
) => Results<N>

const CLOCK = '0x6'

/** @param parameters - names and kinds in order, without the transaction context
 *  @param results - how many values the function returns; several come as a tuple */
export function moveCall<const P extends Parameters, const N extends number>(
  module: string,
  name: string,
  parameters: P,
  results: N,
): MoveCall<P, N> {
  const kinds = Object.entries(parameters)
  return (transaction, packageId, values, typeArguments = []) => {
    const given = values as Readonly<Record<string, unknown>>
    const result = transaction.moveCall({
      target: `${packageId}::${module}::${name}`,
      arguments: kinds.map(([parameter, kind]) =>
        argumentOf(transaction, kind, given[parameter], `${module}::${name}: ${parameter}`),
      ),
      ...(typeArguments.length > 0 ? { typeArguments: [...typeArguments] } : {}),
    })
    if (results === 0 || results === 1) return result as unknown as Results<N>
    return Array.from({ length: results }, (_, i) => result[i]!) as unknown as Results<N>
  }
}

function argumentOf(transaction: Transaction, kind: ParameterKind, value: unknown, what: string): TransactionArgument {
  if (kind === 'clock') return transaction.object(CLOCK)
  if (value === undefined) throw new TypeError(`${what} is missing`)
  if (kind === 'object') return transaction.object(value as TransactionObjectInput)
  if (!isPlain(value)) return value as TransactionArgument
  if (value instanceof Uint8Array && kind === 'vector<u8>') return transaction.pure.vector('u8', value)
  // The names of kinds are those of the official client, which checks values against them.
  const pure = transaction.pure as unknown as (type: string, value: unknown) => TransactionArgument
  return pure(kind, spread(value))
}

/** A value, as opposed to a result of an earlier command. */
function isPlain(value: unknown): boolean {
  return value === null || Array.isArray(value) || value instanceof Uint8Array || !/object|function/.test(typeof value)
}

/** Bytes as the official client wants them inside other values. */
function spread(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value]
  return Array.isArray(value) ? value.map(spread) : value
}
