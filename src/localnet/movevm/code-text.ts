/** Types and code of a module as text that does not depend on the order of its tables, so that two compilations of the same
 *  source compare equal even if one has more in its tables. */

import { toHex } from '../../base/bytes.ts'
import {
  type Code,
  type FunctionDefinition,
  type Instance,
  type MoveModule,
  moduleOf,
  type TypeToken,
} from './module.ts'
import { OPERAND_BY_OPCODE, type Operand } from './opcodes.ts'

export function tokenText(module: MoveModule, token: TypeToken): string {
  if (token.kind === 'vector') return `vector<${tokenText(module, token.element)}>`
  if (token.kind === 'reference') return `${token.mutable ? '&mut ' : '&'}${tokenText(module, token.to)}`
  if (token.kind === 'typeParameter') return `T${token.index}`
  if (token.kind !== 'datatype') return token.kind
  const handle = module.datatypeHandles[token.handle]!
  const { address, name } = moduleOf(module, handle.module)
  const args = token.typeArguments.map((argument) => tokenText(module, argument)).join(',')
  return `${address}::${name}::${module.identifiers[handle.name]}<${args}>`
}

export function signatureText(module: MoveModule, signature: number): string {
  return module.signatures[signature]!.map((token) => tokenText(module, token)).join(',')
}

function functionText(module: MoveModule, index: number): string {
  const handle = module.functionHandles[index]!
  const { address, name } = moduleOf(module, handle.module)
  return `${address}::${name}::${module.identifiers[handle.name]}`
}

function datatypeText(module: MoveModule, handle: number): string {
  return module.identifiers[module.datatypeHandles[handle]!.name]!
}

function structText(module: MoveModule, index: number): string {
  return datatypeText(module, module.structDefinitions[index]!.handle)
}

function fieldText(module: MoveModule, index: number): string {
  const { struct, field } = module.fieldHandles[index]!
  return `${structText(module, struct)}.${field}`
}

function enumText(module: MoveModule, index: number): string {
  return datatypeText(module, module.enumDefinitions[index]!.handle)
}

/** An instance of something: its text with type arguments. */
function instanceText(
  module: MoveModule,
  { of, typeArguments }: Instance,
  text: (module: MoveModule, index: number) => string,
): string {
  return `${text(module, of)}<${signatureText(module, typeArguments)}>`
}

type OperandText = (module: MoveModule, index: number, code: Code, pc: number) => string

const OPERAND_TEXTS: Partial<Record<Operand, OperandText>> = {
  none: () => '',
  offset: (_, index) => String(index),
  local: (_, index) => String(index),
  constant: (module, index) => {
    const { type, bytes } = module.constants[index]!
    return `${tokenText(module, type)}=${toHex(bytes)}`
  },
  function: functionText,
  functionInstance: (module, index) => instanceText(module, module.functionInstances[index]!, functionText),
  struct: structText,
  structInstance: (module, index) => instanceText(module, module.structInstances[index]!, structText),
  field: fieldText,
  fieldInstance: (module, index) => instanceText(module, module.fieldInstances[index]!, fieldText),
  variant: (module, index) => {
    const { of, tag } = module.variantHandles[index]!
    return `${enumText(module, of)}#${tag}`
  },
  variantInstance: (module, index) => {
    const { of, tag } = module.variantInstances[index]!
    return `${instanceText(module, module.enumInstances[of]!, enumText)}#${tag}`
  },
  jumpTable: (module, index, code) => {
    const { enumDefinition, targets } = code.jumpTables[index]!
    return `${enumText(module, enumDefinition)}:${targets.join('/')}`
  },
  signature: (module, index) => signatureText(module, index),
  vector: (module, index, code, pc) => `${signatureText(module, index)}*${code.counts.get(pc)}`,
}

/** The code of a function: locals, and every instruction with what its operand stands for. */
export function codeText(module: MoveModule, { code }: FunctionDefinition): string {
  if (!code) return 'native'
  const lines = [signatureText(module, code.locals)]
  for (let pc = 0; pc < code.opcodes.length; pc++) {
    const opcode = code.opcodes[pc]!
    const index = code.operands[pc]!
    const text = OPERAND_TEXTS[OPERAND_BY_OPCODE[opcode]!]
    // What has no entry is a literal.
    lines.push(`${opcode} ${text ? text(module, index, code, pc) : code.literals[index]}`)
  }
  return lines.join('\n')
}
