/** Checks every index of a module against the table it points into. */

import { malformedModule } from './errors.ts'
import type { Code, FieldDefinition, FunctionDefinition, MoveModule, TypeToken } from './module.ts'
import { OP, OPERAND_BY_OPCODE } from './opcodes.ts'

/** Instructions after which the next one is not reached. */
const ENDS = new Set<number>([OP.Ret, OP.Abort, OP.Branch, OP.VariantSwitch])

/** @throws {MoveFormatError} MOVE_MODULE_MALFORMED */
export function checkModule(module: MoveModule): void {
  const inRange = (index: number, table: { readonly length: number }, what: string) => {
    if (index >= table.length) throw malformedModule(`${what} out of range`, { index, length: table.length })
  }
  const type = (token: TypeToken, typeParameters: number) => checkToken(module, token, typeParameters)
  const anyType = (token: TypeToken) => type(token, Number.POSITIVE_INFINITY)

  for (const handle of [...module.moduleHandles, ...module.friends]) {
    inRange(handle.address, module.addresses, 'address')
    inRange(handle.name, module.identifiers, 'name')
  }
  for (const handle of module.datatypeHandles) {
    inRange(handle.module, module.moduleHandles, 'module handle')
    inRange(handle.name, module.identifiers, 'name')
  }
  for (const handle of module.functionHandles) {
    inRange(handle.module, module.moduleHandles, 'module handle')
    inRange(handle.name, module.identifiers, 'name')
    inRange(handle.parameters, module.signatures, 'signature')
    inRange(handle.returns, module.signatures, 'signature')
    for (const signature of [handle.parameters, handle.returns]) {
      for (const token of module.signatures[signature]!) type(token, handle.typeParameters.length)
    }
  }
  for (const signature of module.signatures) signature.forEach(anyType)
  for (const constant of module.constants) {
    if (!isConstantType(constant.type)) throw malformedModule('a constant of this type is not possible')
  }
  for (const definition of module.structDefinitions) {
    const handle = checkOwnDatatype(module, definition.handle)
    if (definition.fields) checkFields(module, definition.fields, handle.typeParameters.length)
  }
  for (const definition of module.enumDefinitions) {
    const handle = checkOwnDatatype(module, definition.handle)
    if (definition.variants.length === 0) throw malformedModule('enum without variants')
    for (const variant of definition.variants) {
      inRange(variant.name, module.identifiers, 'name')
      checkFields(module, variant.fields, handle.typeParameters.length)
    }
  }
  for (const [instances, table] of [
    [module.structInstances, module.structDefinitions],
    [module.functionInstances, module.functionHandles],
    [module.fieldInstances, module.fieldHandles],
    [module.enumInstances, module.enumDefinitions],
  ] as const) {
    for (const instance of instances) {
      inRange(instance.of, table, 'instantiated item')
      inRange(instance.typeArguments, module.signatures, 'signature')
    }
  }
  checkFieldAndVariantHandles(module)
  const names = new Set<number>()
  for (const definition of module.functionDefinitions) {
    inRange(definition.handle, module.functionHandles, 'function handle')
    const handle = module.functionHandles[definition.handle]!
    if (handle.module !== module.selfHandle) throw malformedModule('definition of a foreign function')
    if (names.has(handle.name)) throw malformedModule('function defined twice')
    names.add(handle.name)
    if (definition.code) checkCode(module, definition, definition.code)
  }
}

function checkOwnDatatype(module: MoveModule, index: number) {
  const handle = module.datatypeHandles[index]
  if (!handle) throw malformedModule('datatype handle out of range', { index })
  if (handle.module !== module.selfHandle) throw malformedModule('definition of a foreign type')
  return handle
}

function checkFields(module: MoveModule, fields: readonly FieldDefinition[], typeParameters: number): void {
  for (const field of fields) {
    if (field.name >= module.identifiers.length) throw malformedModule('field name out of range')
    if (field.type.kind === 'reference') throw malformedModule('reference in a field')
    checkToken(module, field.type, typeParameters)
  }
}

function checkToken(module: MoveModule, token: TypeToken, typeParameters: number): void {
  if (token.kind === 'vector') checkToken(module, token.element, typeParameters)
  if (token.kind === 'reference') checkToken(module, token.to, typeParameters)
  if (token.kind === 'typeParameter' && token.index >= typeParameters) {
    throw malformedModule('type parameter out of range', { index: token.index })
  }
  if (token.kind !== 'datatype') return
  const handle = module.datatypeHandles[token.handle]
  if (!handle) throw malformedModule('datatype handle out of range', { index: token.handle })
  if (handle.typeParameters.length !== token.typeArguments.length)
    throw malformedModule('wrong number of type arguments')
  for (const argument of token.typeArguments) checkToken(module, argument, typeParameters)
}

function isConstantType(token: TypeToken): boolean {
  if (token.kind === 'vector') return isConstantType(token.element)
  return (
    token.kind !== 'datatype' && token.kind !== 'typeParameter' && token.kind !== 'reference' && token.kind !== 'signer'
  )
}

function checkFieldAndVariantHandles(module: MoveModule): void {
  for (const { struct, field } of module.fieldHandles) {
    const fields = module.structDefinitions[struct]?.fields
    if (!fields || field >= fields.length) throw malformedModule('field handle out of range', { struct, field })
  }
  for (const { of, tag } of module.variantHandles) {
    if (!module.enumDefinitions[of]?.variants[tag]) throw malformedModule('variant handle out of range', { of, tag })
  }
  for (const { of, tag } of module.variantInstances) {
    const instance = module.enumInstances[of]
    if (!instance || !module.enumDefinitions[instance.of]?.variants[tag]) {
      throw malformedModule('variant instance out of range', { of, tag })
    }
  }
}

function checkCode(module: MoveModule, definition: FunctionDefinition, code: Code): void {
  const locals = module.signatures[code.locals]
  if (!locals) throw malformedModule('locals signature out of range')
  const handle = module.functionHandles[definition.handle]!
  for (const token of locals) checkToken(module, token, handle.typeParameters.length)
  const localCount = module.signatures[handle.parameters]!.length + locals.length
  if (localCount > 256) throw malformedModule('too many locals', { locals: localCount })
  const limits = {
    offset: code.opcodes.length,
    local: localCount,
    constant: module.constants.length,
    function: module.functionHandles.length,
    functionInstance: module.functionInstances.length,
    struct: module.structDefinitions.length,
    structInstance: module.structInstances.length,
    field: module.fieldHandles.length,
    fieldInstance: module.fieldInstances.length,
    variant: module.variantHandles.length,
    variantInstance: module.variantInstances.length,
    jumpTable: code.jumpTables.length,
    signature: module.signatures.length,
    vector: module.signatures.length,
  }
  for (let i = 0; i < code.opcodes.length; i++) {
    const operand = OPERAND_BY_OPCODE[code.opcodes[i]!]!
    const limit = limits[operand as keyof typeof limits]
    const index = code.operands[i]!
    if (limit !== undefined && index >= limit)
      throw malformedModule(`${operand} operand out of range`, { instruction: i })
    const isVector = operand === 'signature' || operand === 'vector'
    if (isVector && module.signatures[index]!.length !== 1) throw malformedModule('vector element type expected')
    if (operand === 'struct' || operand === 'structInstance') {
      const struct = operand === 'struct' ? index : module.structInstances[index]!.of
      if (!module.structDefinitions[struct]!.fields) throw malformedModule('native struct in code', { instruction: i })
    }
  }
  if (!ENDS.has(code.opcodes.at(-1)!)) throw malformedModule('code runs past its end')
  for (const table of code.jumpTables) {
    const variants = module.enumDefinitions[table.enumDefinition]?.variants.length
    if (variants !== table.targets.length || table.targets.some((target) => target >= code.opcodes.length)) {
      throw malformedModule('jump table out of range')
    }
  }
}
