/** The protobuf messages and services of the Sui gRPC API, as the official client package exports them, and the
 *  well-known types, which it does not export and which are reached by reflection. */

import { GrpcTypes } from '@mysten/sui/grpc'
import { InternalError } from '../../base/errors.ts'

export { GrpcTypes as Proto }

/** What this program needs of a message type of the generator. */
export interface MessageInfo<T = unknown> {
  readonly typeName: string
  readonly fields: readonly FieldInfo[]
  create(value?: unknown): T
  fromBinary(bytes: Uint8Array): T
  toBinary(message: T): Uint8Array
  fromJson(json: unknown): T
}

export interface FieldInfo {
  /** Name in the `.proto` file. */
  readonly name: string
  /** Property of the message object. */
  readonly localName: string
  readonly kind: string
  readonly repeat?: number
  /** Property that holds the field's union, if it belongs to one. */
  readonly oneof?: string
  T?: () => MessageInfo
}

export interface MethodInfo {
  readonly name: string
  readonly I: MessageInfo
  readonly O: MessageInfo
  readonly serverStreaming: boolean
}

export interface ServiceInfo {
  /** e.g. `sui.rpc.v2.LedgerService`. */
  readonly typeName: string
  readonly methods: readonly MethodInfo[]
}

/** Every service that the official client has a stub for. */
export const SERVICES: readonly ServiceInfo[] = [
  GrpcTypes.LedgerService,
  GrpcTypes.StateService,
  GrpcTypes.TransactionExecutionService,
  GrpcTypes.MovePackageService,
  GrpcTypes.SubscriptionService,
  GrpcTypes.SignatureVerificationService,
  GrpcTypes.NameService,
  GrpcTypes.ForkingService,
] as unknown as readonly ServiceInfo[]

/** The type of a message field, for types that are not exported. */
function fieldType(message: unknown, localName: string): MessageInfo {
  const field = (message as MessageInfo).fields.find((candidate) => candidate.localName === localName)
  if (!field?.T)
    throw new InternalError('RPC_TYPES_CHANGED', `no message field ${localName}: the client package changed`)
  return field.T()
}

/** `google.protobuf.Timestamp`. */
export interface Timestamp {
  seconds: bigint
  nanos: number
}

export function timestamp(ms: number): Timestamp {
  const whole = Math.trunc(ms)
  return { seconds: BigInt(Math.floor(whole / 1000)), nanos: (whole % 1000) * 1_000_000 }
}

/** `google.rpc.Status` as a message object. */
export function statusMessage(code: number, message: string): { code: number; message: string; details: [] } {
  return fieldType(GrpcTypes.GetObjectResult, 'error').create({ code, message, details: [] }) as {
    code: number
    message: string
    details: []
  }
}

/** `google.protobuf.Value` of a JSON value. */
export function valueMessage(json: unknown): GrpcTypes.Event['json'] {
  return fieldType(GrpcTypes.Event, 'json').fromJson(json) as GrpcTypes.Event['json']
}
