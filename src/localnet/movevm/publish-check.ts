/** Rules for modules that are published, beyond being well formed. A small part of what the chain verifies: what would
 *  otherwise let a package break the rules that objects live by. */

import { ABILITY, type MoveModule, moduleOf, type TypeToken } from './module.ts'
import { SUI_FRAMEWORK_ADDRESS } from './types.ts'

/** Why a module may not be published, or nothing.
 *  - `abilities`: a type claims an ability that a field of it lacks
 *  - `native`: only the framework has native functions
 *  - `object`: a type with `key` does not start with `id: UID`
 *  - `init`: the initialiser has another form than `fun init([WITNESS,] &mut TxContext)` */
export type PublishObstacle = 'abilities' | 'native' | 'object' | 'init'

export function findObstacle(module: MoveModule): PublishObstacle | undefined {
  if (module.functionDefinitions.some(({ code }) => code === undefined)) return 'native'
  if (!definitions(module).every((definition) => keepsAbilities(module, definition))) return 'abilities'
  for (const { handle, fields } of module.structDefinitions) {
    const isObject = (module.datatypeHandles[handle]!.abilities & ABILITY.key) !== 0
    const [first] = fields ?? []
    if (
      isObject &&
      !(first && nameOf(module, first.name) === 'id' && isFramework(module, first.type, 'object', 'UID'))
    ) {
      return 'object'
    }
  }
  return hasValidInit(module) ? undefined : 'init'
}

interface Definition {
  handle: number
  types: readonly TypeToken[]
}

function definitions(module: MoveModule): Definition[] {
  return [
    ...module.structDefinitions.map(({ handle, fields }) => ({
      handle,
      types: (fields ?? []).map(({ type }) => type),
    })),
    ...module.enumDefinitions.map(({ handle, variants }) => ({
      handle,
      types: variants.flatMap(({ fields }) => fields.map(({ type }) => type)),
    })),
  ]
}

/** The ability that fields need for their container to have one. */
const NEEDED_OF_FIELDS = [
  [ABILITY.copy, ABILITY.copy],
  [ABILITY.drop, ABILITY.drop],
  [ABILITY.store, ABILITY.store],
  [ABILITY.key, ABILITY.store],
] as const

function keepsAbilities(module: MoveModule, { handle, types }: Definition): boolean {
  const declared = module.datatypeHandles[handle]!.abilities
  return NEEDED_OF_FIELDS.every(
    ([ability, needed]) => (declared & ability) === 0 || types.every((type) => mayHave(module, type, needed)),
  )
}

/** True if a type has an ability when its type parameters have it. */
function mayHave(module: MoveModule, token: TypeToken, ability: number): boolean {
  if (token.kind === 'vector') return mayHave(module, token.element, ability)
  if (token.kind === 'signer') return ability === ABILITY.drop
  if (token.kind !== 'datatype') return token.kind !== 'reference'
  const { abilities, typeParameters } = module.datatypeHandles[token.handle]!
  if ((abilities & ability) === 0) return false
  return token.typeArguments.every((argument, i) => typeParameters[i]!.phantom || mayHave(module, argument, ability))
}

function nameOf(module: MoveModule, index: number): string {
  return module.identifiers[index]!
}

function isFramework(module: MoveModule, token: TypeToken, home: string, name: string): boolean {
  if (token.kind !== 'datatype') return false
  const handle = module.datatypeHandles[token.handle]!
  const { address, name: moduleName } = moduleOf(module, handle.module)
  return address === SUI_FRAMEWORK_ADDRESS && moduleName === home && nameOf(module, handle.name) === name
}

function hasValidInit(module: MoveModule): boolean {
  const definition = module.functionDefinitions.find(
    ({ handle }) => nameOf(module, module.functionHandles[handle]!.name) === 'init',
  )
  if (!definition) return true
  const handle = module.functionHandles[definition.handle]!
  const parameters = module.signatures[handle.parameters]!
  const last = parameters.at(-1)
  const endsWithContext = last?.kind === 'reference' && isFramework(module, last.to, 'tx_context', 'TxContext')
  return (
    definition.visibility === 'private' &&
    !definition.isEntry &&
    handle.typeParameters.length === 0 &&
    module.signatures[handle.returns]!.length === 0 &&
    endsWithContext &&
    (parameters.length === 1 || (parameters.length === 2 && isOwnWitness(module, parameters[0]!)))
  )
}

/** A type named like the module in upper case, with one bool and the ability drop alone. */
function isOwnWitness(module: MoveModule, token: TypeToken): boolean {
  if (token.kind !== 'datatype') return false
  const definition = module.structDefinitions.find(({ handle }) => handle === token.handle)
  const { abilities, name, typeParameters } = module.datatypeHandles[token.handle]!
  return (
    nameOf(module, name) === module.name.toUpperCase() &&
    abilities === ABILITY.drop &&
    typeParameters.length === 0 &&
    definition?.fields?.length === 1 &&
    definition.fields[0]!.type.kind === 'bool'
  )
}
