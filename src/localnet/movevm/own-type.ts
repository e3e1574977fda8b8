/** The rule that keeps objects without `store`, and events, in the hands of the module that defines their type. */

import { invariantFault } from './errors.ts'
import type { FunctionInstance } from './function-instance.ts'
import type { LinkedFunction } from './linkage.ts'
import { type DatatypeType, SUI_FRAMEWORK_ADDRESS } from './types.ts'

/** Functions of the framework whose type argument must be defined by the calling module: that is what keeps objects
 *  without `store`, and events, in the hands of the module that defines them. */
const OWN_TYPE_ONLY: ReadonlySet<string> = new Set(
  [
    'transfer::transfer',
    'transfer::share_object',
    'transfer::freeze_object',
    'transfer::receive',
    'transfer::party_transfer',
    'event::emit',
  ].map((name) => `${SUI_FRAMEWORK_ADDRESS}::${name}`),
)

/** True for functions that only the module of their type argument may call: never a transaction directly. */
export function isOwnTypeOnly(linked: LinkedFunction): boolean {
  return OWN_TYPE_ONLY.has(linked.id)
}

/** @throws {MoveFault} if the caller's module does not define the type that the callee demands of it */
export function assertOwnType(caller: LinkedFunction, callee: FunctionInstance): void {
  if (!isOwnTypeOnly(callee.function)) return
  const type = callee.typeArguments[0]
  const home: DatatypeType | undefined = type?.kind === 'datatype' ? type : undefined
  const own = caller.module.package.origins.get(`${home?.module}::${home?.name}`)
  if (!home || home.module !== caller.module.loaded.module.name || own !== home.address) {
    throw invariantFault(`${caller.id} may not call ${callee.function.id} with a type of another module`)
  }
}
