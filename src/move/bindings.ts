/** Text of the TypeScript bindings (`src/ledger/bindings`): one file per module, with a layout for each type that is
 *  stored or emitted and a typed call for each function that a transaction can call; and the abort codes of a package. */

import { extractAbortCodes } from './abort-codes.ts'
import { camel, ImportList, kebab } from './binding-names.ts'
import { bindingType, parameterKind } from './binding-types.ts'
import { packageFiles } from './compiler.ts'
import {
  type DatatypeDefinition,
  type FieldDefinition,
  type FunctionDefinition,
  type ModuleDefinitions,
  type MoveType,
  readDefinitions,
} from './definitions.ts'
import { MoveSourceError } from './errors.ts'
import { loadPackage, PACKAGE_ADDRESSES, type PackageName } from './packages.ts'
import { extractParameterNames } from './parameter-names.ts'

/** Packages that clients call. */
export const BOUND_PACKAGES = ['floe', 'walrus', 'wal', 'wal_exchange'] as const satisfies readonly PackageName[]

/** Modules that exist on the local network only, or offer nothing to a client. */
const LEFT_OUT: Readonly<Partial<Record<PackageName, readonly string[]>>> = { walrus: ['genesis', 'init'] }

/** Words that no variable can have for a name. */
const RESERVED = new Set(['delete', 'new', 'extends', 'import', 'export', 'default', 'in'])

/** Path below `src/ledger/bindings` → text, for all packages.
 *  @throws {MoveSourceError} where bytecode and sources do not fit */
export function buildBindings(): Map<string, string> {
  const files = new Map<string, string>()
  for (const packageName of BOUND_PACKAGES) {
    const sources = packageFiles(packageName, false)
    const parameterNames = extractParameterNames(sources)
    const folder = kebab(packageName)
    const exported: string[] = []
    for (const { bytes } of loadPackage(packageName).modules) {
      const module = readDefinitions(bytes)
      if (LEFT_OUT[packageName]?.includes(module.name)) continue
      const text = moduleText(packageName, module, parameterNames)
      if (text === undefined) continue
      files.set(`${folder}/${kebab(module.name)}.ts`, text)
      exported.push(module.name)
    }
    const lines = exported.sort().map((name) => `export * as ${camel(name)} from './${kebab(name)}.ts'`)
    files.set(`${folder}/index.ts`, fileText(`Modules of the package \`${packageName}\``, lines))
  }
  for (const packageName of ['move-stdlib', 'sui-framework', ...BOUND_PACKAGES] as const)
    files.set(`${kebab(packageName)}/abort-codes.ts`, abortText(packageName))
  return files
}

function moduleText(
  packageName: PackageName,
  module: ModuleDefinitions,
  parameterNames: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const imports = new ImportList()
  const datatypes = module.datatypes.filter(isVisible)
  const parts = [
    ...inOrder(datatypes, module.name, packageName).map((datatype) =>
      datatypeText(packageName, module, datatype, imports),
    ),
    ...module.functions.map((definition) => functionText(module, definition, parameterNames, imports)),
  ]
  if (parts.length === 0) return undefined
  return fileText(`\`${packageName}::${module.name}\``, [...imports.lines(), ...parts.flatMap((part) => ['', ...part])])
}

/** Types that a reader can meet: stored, or emitted as events. Values that live within one transaction are not. */
function isVisible({ abilities }: DatatypeDefinition): boolean {
  const has = (ability: string) => (abilities as readonly string[]).includes(ability)
  return has('key') || has('store') || (has('copy') && has('drop'))
}

/** Each type after those of its module that it contains. */
function inOrder(
  datatypes: readonly DatatypeDefinition[],
  module: string,
  packageName: PackageName,
): DatatypeDefinition[] {
  const sorted: DatatypeDefinition[] = []
  const visit = (datatype: DatatypeDefinition) => {
    if (sorted.includes(datatype)) return
    for (const { type } of allFields(datatype))
      for (const name of namesWithin(type, module, packageName)) {
        const needed = datatypes.find((other) => other.name === name)
        if (needed && needed !== datatype) visit(needed)
      }
    sorted.push(datatype)
  }
  for (const datatype of datatypes) visit(datatype)
  return sorted
}

function allFields({ fields = [], variants = [] }: DatatypeDefinition): readonly FieldDefinition[] {
  return [...fields, ...variants.flatMap((variant) => variant.fields)]
}

/** Names of the module's own types inside a type. */
function namesWithin(type: MoveType, module: string, packageName: PackageName): string[] {
  if (type.kind === 'vector') return namesWithin(type.of, module, packageName)
  if (type.kind !== 'datatype') return []
  const own =
    type.path.module === module && type.path.address === PACKAGE_ADDRESSES[packageName] ? [type.path.name] : []
  return [...own, ...type.parameters.flatMap((parameter) => namesWithin(parameter, module, packageName))]
}

function datatypeText(
  packageName: PackageName,
  module: ModuleDefinitions,
  datatype: DatatypeDefinition,
  imports: ImportList,
): string[] {
  const head = `'${module.name}', '${datatype.name}'`
  const place = { packageName, module: module.name }
  const fieldLines = (fields: readonly FieldDefinition[], indent: string) =>
    fields.map(({ name, type }) => `${indent}${camel(name)}: ${bindingType(type, place, imports)},`)
  imports.add('layout.ts', 'type LayoutOf')
  const lines: string[] = []
  if (datatype.variants) {
    imports.add('layout.ts', 'variants')
    lines.push(`export const ${datatype.name} = variants(${head}, {`)
    for (const { name, fields } of datatype.variants)
      if (fields.length === 0) lines.push(`  ${name}: {},`)
      else lines.push(`  ${name}: {`, ...fieldLines(fields, '    '), '  },')
    lines.push('})')
  } else {
    imports.add('layout.ts', 'struct')
    const fields = fieldLines(datatype.fields ?? [], '  ')
    if (fields.length === 0) lines.push(`export const ${datatype.name} = struct(${head}, {})`)
    else lines.push(`export const ${datatype.name} = struct(${head}, {`, ...fields, '})')
  }
  return [...lines, `export type ${datatype.name} = LayoutOf<typeof ${datatype.name}>`]
}

function functionText(
  module: ModuleDefinitions,
  definition: FunctionDefinition,
  parameterNames: ReadonlyMap<string, readonly string[]>,
  imports: ImportList,
): string[] {
  const name = `${module.name}::${definition.name}`
  const names = parameterNames.get(name)
  if (names?.length !== definition.parameters.length)
    throw new MoveSourceError(`${name} has ${definition.parameters.length} parameters, its source ${names?.length}`)
  const parameters = definition.parameters.flatMap((type, i) => {
    const kind = parameterKind(type)
    return kind === undefined ? [] : `${camel(names[i]!)}: '${kind}'`
  })
  imports.add('move-call.ts', 'moveCall')
  const exported = camel(definition.name)
  const constant = RESERVED.has(exported) ? `${exported}_` : exported
  const list = parameters.length === 0 ? '{}' : `{ ${parameters.join(', ')} }`
  const call = `moveCall('${module.name}', '${definition.name}', ${list}, ${definition.results.length})`
  const signature = `(${definition.parameters.map(typeText).join(', ')})`
  const results = definition.results.map(typeText).join(', ')
  const comment = `/** ${signature}${results ? `: ${definition.results.length > 1 ? `(${results})` : results}` : ''} */`
  if (constant === exported) return [comment, `export const ${exported} = ${call}`]
  return [comment, `const ${constant} = ${call}`, `export { ${constant} as ${exported} }`]
}

/** As Move writes it, without packages. */
function typeText(type: MoveType): string {
  switch (type.kind) {
    case 'primitive':
      return type.name
    case 'reference':
      return `${type.isMutable ? '&mut ' : '&'}${typeText(type.to)}`
    case 'vector':
      return `vector<${typeText(type.of)}>`
    case 'parameter':
      return `T${type.index}`
    case 'datatype':
      return `${type.path.name}${type.parameters.length > 0 ? `<${type.parameters.map(typeText).join(', ')}>` : ''}`
  }
}

function abortText(packageName: PackageName): string {
  const lines: string[] = ['/** Module → constant → code and meaning. */', 'export const ABORT_CODES = {']
  for (const [module, codes] of Object.entries(extractAbortCodes(packageFiles(packageName, false)))) {
    lines.push(`  ${module}: {`)
    for (const { name, code, doc } of codes) lines.push(`    ${name}: { code: ${code}, doc: ${JSON.stringify(doc)} },`)
    lines.push('  },')
  }
  return fileText(`Abort codes of \`${packageName}\``, [...lines, '} as const'])
}

function fileText(what: string, lines: readonly string[]): string {
  return `${[`/** ${what}. Generated from the compiled package by \`npm run move\`; not edited by hand. */`, '', ...lines].join('\n')}\n`
}
