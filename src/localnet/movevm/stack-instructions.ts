/** The instructions that touch nothing but the operand stack: arithmetic, comparison, conversion, logic. */

import { invariantFault } from './errors.ts'
import { type BinaryOperation, binary, cast, compareIntegers, shift, type Width } from './integers.ts'
import { OP } from './opcodes.ts'
import { expectBool, type Value } from './values.ts'

/** @throws {MoveFault} invariant if the stack is empty */
export function popOperand(stack: Value[]): Value {
  const value = stack.pop()
  if (value === undefined) throw invariantFault('operand stack is empty')
  return value
}

/** @throws {MoveFault} invariant for an opcode that is none of these; arithmetic */
export function runStackInstruction(opcode: number, stack: Value[]): void {
  const instruction = INSTRUCTIONS[opcode]
  if (!instruction) throw invariantFault(`unknown instruction ${opcode}`)
  instruction(stack)
}

type Instruction = (stack: Value[]) => void

function arithmetic(operation: BinaryOperation): Instruction {
  return (stack) => {
    const right = popOperand(stack)
    stack.push(binary(operation, popOperand(stack), right))
  }
}

function comparison(holds: (order: number) => boolean): Instruction {
  return (stack) => {
    const right = popOperand(stack)
    stack.push(holds(compareIntegers(popOperand(stack), right)))
  }
}

function conversion(width: Width): Instruction {
  return (stack) => {
    stack.push(cast(width, popOperand(stack)))
  }
}

function shifting(direction: 'left' | 'right'): Instruction {
  return (stack) => {
    const distance = popOperand(stack)
    stack.push(shift(direction, popOperand(stack), distance))
  }
}

function logic(combine: (left: boolean, right: boolean) => boolean): Instruction {
  return (stack) => {
    const right = expectBool(popOperand(stack))
    stack.push(combine(expectBool(popOperand(stack)), right))
  }
}

const INSTRUCTIONS: readonly (Instruction | undefined)[] = (() => {
  const table: (Instruction | undefined)[] = new Array(256).fill(undefined)
  table[OP.Add] = arithmetic('add')
  table[OP.Sub] = arithmetic('sub')
  table[OP.Mul] = arithmetic('mul')
  table[OP.Div] = arithmetic('div')
  table[OP.Mod] = arithmetic('mod')
  table[OP.BitOr] = arithmetic('or')
  table[OP.BitAnd] = arithmetic('and')
  table[OP.Xor] = arithmetic('xor')
  table[OP.Shl] = shifting('left')
  table[OP.Shr] = shifting('right')
  table[OP.Lt] = comparison((order) => order < 0)
  table[OP.Gt] = comparison((order) => order > 0)
  table[OP.Le] = comparison((order) => order <= 0)
  table[OP.Ge] = comparison((order) => order >= 0)
  table[OP.Or] = logic((left, right) => left || right)
  table[OP.And] = logic((left, right) => left && right)
  table[OP.Not] = (stack) => {
    stack.push(!expectBool(popOperand(stack)))
  }
  table[OP.CastU8] = conversion(8)
  table[OP.CastU16] = conversion(16)
  table[OP.CastU32] = conversion(32)
  table[OP.CastU64] = conversion(64)
  table[OP.CastU128] = conversion(128)
  table[OP.CastU256] = conversion(256)
  return table
})()
