/** What an upgrade may change. Existing types keep their shape and public functions their signature, so that code linked
 *  against an older version goes on working; stricter policies forbid changing existing code at all. */

import { codeText, signatureText, tokenText } from './code-text.ts'
import type { FunctionDefinition, MoveModule, TypeToken } from './module.ts'

export type UpgradePolicy = 'compatible' | 'additive' | 'dependencies-only'

/** True if the modules may replace those of the package.
 *  @param before, after - by module name */
export function isUpgradable(
  before: ReadonlyMap<string, MoveModule>,
  after: ReadonlyMap<string, MoveModule>,
  policy: UpgradePolicy,
): boolean {
  if (policy === 'dependencies-only' && after.size !== before.size) return false
  for (const [name, old] of before) {
    const next = after.get(name)
    if (!next || !keepsTypes(old, next) || !keepsFunctions(old, next, policy !== 'compatible')) return false
    if (policy === 'dependencies-only' && !isSameSize(old, next)) return false
  }
  return true
}

function isSameSize(old: MoveModule, next: MoveModule): boolean {
  return (
    old.functionDefinitions.length === next.functionDefinitions.length &&
    old.structDefinitions.length === next.structDefinitions.length &&
    old.enumDefinitions.length === next.enumDefinitions.length
  )
}

/** Name and shape of every type of the module. */
function typeShapes(module: MoveModule): Map<string, string> {
  const shapes = new Map<string, string>()
  const fieldsText = (fields: readonly { name: number; type: TypeToken }[]) =>
    fields.map((field) => `${module.identifiers[field.name]}:${tokenText(module, field.type)}`).join(';')
  const add = (handle: number, shape: string) => {
    const { name, abilities, typeParameters } = module.datatypeHandles[handle]!
    shapes.set(module.identifiers[name]!, `${abilities} ${JSON.stringify(typeParameters)} ${shape}`)
  }
  for (const { handle, fields } of module.structDefinitions) add(handle, fields ? fieldsText(fields) : 'native')
  for (const { handle, variants } of module.enumDefinitions) {
    add(
      handle,
      variants.map((variant) => `${module.identifiers[variant.name]}{${fieldsText(variant.fields)}}`).join('|'),
    )
  }
  return shapes
}

function keepsTypes(old: MoveModule, next: MoveModule): boolean {
  const shapes = typeShapes(next)
  return [...typeShapes(old)].every(([name, shape]) => shapes.get(name) === shape)
}

function functionName(module: MoveModule, definition: FunctionDefinition): string {
  return module.identifiers[module.functionHandles[definition.handle]!.name]!
}

function functionShape(module: MoveModule, definition: FunctionDefinition): string {
  const { parameters, returns, typeParameters } = module.functionHandles[definition.handle]!
  const texts = [parameters, returns].map((signature) => `(${signatureText(module, signature)})`)
  return `${typeParameters.join(',')} ${texts.join(': ')}`
}

/** @param sameCode - existing functions must keep their instructions too */
function keepsFunctions(old: MoveModule, next: MoveModule, sameCode: boolean): boolean {
  const found = new Map(next.functionDefinitions.map((definition) => [functionName(next, definition), definition]))
  return old.functionDefinitions.every((before) => {
    if (before.visibility !== 'public' && !sameCode) return true
    const after = found.get(functionName(old, before))
    if (!after) return false
    if (before.visibility === 'public' && after.visibility !== 'public') return false
    if (functionShape(old, before) !== functionShape(next, after)) return false
    return !sameCode || codeText(old, before) === codeText(next, after)
  })
}
