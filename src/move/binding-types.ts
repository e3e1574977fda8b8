/** Move types in the words of the bindings: layouts for what is read, kinds for what is passed. */

import { type ImportList, kebab } from './binding-names.ts'
import type { DatatypePath, MoveType } from './definitions.ts'
import { MoveSourceError } from './errors.ts'
import { PACKAGE_ADDRESSES, type PackageName } from './packages.ts'

/** Types of the framework by `module::Name`, as `src/ledger/layout.ts` calls them. */
const FRAMEWORK_LAYOUTS: Readonly<Record<string, string>> = {
  'object::ID': 'address',
  'object::UID': 'address',
  'string::String': 'string',
  'ascii::String': 'string',
  'balance::Balance': 'u64',
  'balance::Supply': 'u64',
  'group_ops::Element': 'bytes',
  'table::Table': 'table',
  'object_table::ObjectTable': 'table',
  'bag::Bag': 'table',
  'coin::Coin': 'coin',
  'package::UpgradeCap': 'upgradeCap',
}

/** Those with a layout of their own for each type parameter. */
const GENERIC_LAYOUTS: Readonly<Record<string, string>> = {
  'option::Option': 'option',
  'vec_set::VecSet': 'vector',
  'vec_map::VecMap': 'vecMap',
}

/** Expression of the layout of a field.
 *  @throws {MoveSourceError} if there is none for it */
export function bindingType(
  type: MoveType,
  place: { packageName: PackageName; module: string },
  imports: ImportList,
): string {
  const inner = (other: MoveType) => bindingType(other, place, imports)
  const fromLayout = (name: string) => imports.add('layout.ts', name)
  if (type.kind === 'primitive') return fromLayout(type.name)
  if (type.kind === 'vector')
    return isByte(type.of) ? fromLayout('bytes') : `${fromLayout('vector')}(${inner(type.of)})`
  if (type.kind !== 'datatype') throw new MoveSourceError(`a field of ${place.module} has a type without a layout`)
  const { path, parameters } = type
  const shortName = `${path.module}::${path.name}`
  if (isFramework(path)) {
    const plain = FRAMEWORK_LAYOUTS[shortName]
    if (plain !== undefined) return fromLayout(plain)
    const generic = GENERIC_LAYOUTS[shortName]
    if (generic === undefined) throw new MoveSourceError(`no layout is known for ${shortName}`)
    return `${fromLayout(generic)}(${parameters.map(inner).join(', ')})`
  }
  const packageName = packageOf(path)
  if (packageName === place.packageName && path.module === place.module) return path.name
  return imports.add(`${kebab(packageName)}/${kebab(path.module)}`, path.name)
}

/** Kind of a parameter (`src/ledger/move-call.ts`); undefined for what nobody passes. */
export function parameterKind(type: MoveType): string | undefined {
  if (type.kind === 'reference') {
    if (type.to.kind === 'datatype') {
      const name = frameworkName(type.to)
      if (name === 'tx_context::TxContext') return undefined
      if (name === 'clock::Clock') return 'clock'
    }
    return parameterKind(type.to)
  }
  return plainKind(type) ?? 'object'
}

/** Kind of a type that a transaction can carry as bytes; undefined for the others. */
function plainKind(type: MoveType): string | undefined {
  if (type.kind === 'primitive') return type.name === 'signer' ? undefined : type.name
  if (type.kind === 'vector') return wrapped('vector', plainKind(type.of))
  if (type.kind !== 'datatype') return undefined
  switch (frameworkName(type)) {
    case 'object::ID':
      return 'id'
    case 'string::String':
    case 'ascii::String':
      return 'string'
    case 'option::Option':
      return wrapped('option', plainKind(type.parameters[0]!))
    default:
      return undefined
  }
}

function wrapped(outer: string, inner: string | undefined): string | undefined {
  return inner === undefined ? undefined : `${outer}<${inner}>`
}

function frameworkName({ path }: { path: DatatypePath }): string | undefined {
  return isFramework(path) ? `${path.module}::${path.name}` : undefined
}

function isFramework({ address }: DatatypePath): boolean {
  return address === PACKAGE_ADDRESSES['move-stdlib'] || address === PACKAGE_ADDRESSES['sui-framework']
}

function packageOf({ address, module, name }: DatatypePath): PackageName {
  for (const [packageName, at] of Object.entries(PACKAGE_ADDRESSES))
    if (at === address) return packageName as PackageName
  throw new MoveSourceError(`${module}::${name} is of an unknown package`)
}

function isByte(type: MoveType): boolean {
  return type.kind === 'primitive' && type.name === 'u8'
}
