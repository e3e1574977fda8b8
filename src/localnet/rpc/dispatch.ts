/** Which function answers which method. Services are plain objects of handlers; methods without one answer
 *  UNIMPLEMENTED, so a client learns what is missing instead of guessing from a 404 (which it reads as "not found"). */

import { unimplemented } from '../ledger/errors.ts'
import { type MethodInfo, SERVICES } from './messages.ts'

export interface CallContext {
  /** Aborted when the client goes away or the server closes. */
  signal: AbortSignal
}

/** Message object that `create` of its type completes: absent fields take their defaults. */
export type Draft<T> = { [K in keyof T]?: T[K] }

export type Unary<I, O> = (request: I, context: CallContext) => Draft<O> | Promise<Draft<O>>
export type Streaming<I, O> = (request: I, context: CallContext) => AsyncIterable<Draft<O>> | Iterable<Draft<O>>

/** Handlers of one service by method name. */
export type Handlers = Readonly<Record<string, Unary<never, unknown> | Streaming<never, unknown>>>

/** Handlers by full service name, e.g. `sui.rpc.v2.LedgerService`. */
export type ServiceHandlers = Readonly<Record<string, Handlers>>

export interface Route {
  method: MethodInfo
  /** e.g. `LedgerService/GetEpoch`. */
  name: string
  handler: (request: unknown, context: CallContext) => unknown
}

/** Path (`/package.Service/Method`) → route, for every method that the client package knows. */
export function createRoutes(services: ServiceHandlers): ReadonlyMap<string, Route> {
  const routes = new Map<string, Route>()
  for (const service of SERVICES) {
    for (const method of service.methods) {
      const name = `${service.typeName.split('.').at(-1)}/${method.name}`
      const handler = services[service.typeName]?.[method.name] as Route['handler'] | undefined
      const missing = () => {
        throw unimplemented(`${name} is not implemented by the local network`)
      }
      routes.set(`/${service.typeName}/${method.name}`, { method, name, handler: handler ?? missing })
    }
  }
  return routes
}
