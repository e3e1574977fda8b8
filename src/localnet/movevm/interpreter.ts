/** Runs functions. One loop over explicit frames, so that depth is a limit and not a crash, and so that every fault knows
 *  its function and instruction.
 *
 *  No verifier has looked at the code before, so everything is checked here that could break the machine, or lose, double
 *  or confuse a value: types at every border (`value-types.ts`), initialised locals, references that still lead somewhere,
 *  may be written through and keep the borrow rules (`place.ts`), and the abilities of what is copied, dropped and put
 *  into generics. */

import { FloeError } from '../../base/errors.ts'
import { invariantFault, limitFault, MoveFault } from './errors.ts'
import type { FunctionInstance } from './function-instance.ts'
import { integer } from './integers.ts'
import type { Layout } from './layout.ts'
import { MAX_CALL_DEPTH, MAX_OPERANDS } from './limits.ts'
import { locationOf, type Machine } from './machine.ts'
import type { Code } from './module.ts'
import { OP } from './opcodes.ts'
import {
  borrowField,
  borrowVariant,
  openStruct,
  openVariant,
  packStruct,
  packVariant,
  switchTag,
  variantOf,
} from './packing.ts'
import { nextMoment, Place } from './place.ts'
import { popOperand, runStackInstruction } from './stack-instructions.ts'
import type { MoveType } from './types.ts'
import { assertExchangeable, assertOfType } from './value-types.ts'
import {
  assertCopyable,
  assertDroppable,
  copyValue,
  equalValues,
  expectBool,
  expectReference,
  Reference,
  type Value,
  valueSize,
} from './values.ts'
import { borrowElement, packVector, popBack, pushBack, swapElements, unpackVector, vectorLength } from './vectors.ts'

interface Frame {
  readonly instance: FunctionInstance
  readonly code: Code
  readonly locals: (Value | undefined)[]
  /** Height of the stack below this frame's operands. */
  readonly base: number
  pc: number
  /** Of the locals that were borrowed. */
  places?: Place[]
}

/** Calls a function and returns its results.
 *  @throws {MoveFault} with its location */
export function callFunction<C>(machine: Machine<C>, instance: FunctionInstance, args: readonly Value[]): Value[] {
  return new Interpreter(machine).run(instance, args)
}

class Interpreter<C> {
  readonly #machine: Machine<C>
  readonly #stack: Value[] = []
  readonly #frames: Frame[] = []
  /** Native function being run, for the location of its faults. */
  #native: FunctionInstance | undefined

  constructor(machine: Machine<C>) {
    this.#machine = machine
  }

  run(instance: FunctionInstance, args: readonly Value[]): Value[] {
    for (const arg of args) this.#stack.push(arg)
    try {
      this.#call(instance)
      while (this.#frames.length > 0) this.#runFrame(this.#frames.at(-1)!)
      return this.#stack
    } catch (error) {
      throw this.#located(error)
    }
  }

  #located(error: unknown): unknown {
    const frame = this.#frames.at(-1)
    const fault = asFault(error)
    if (!fault) return error
    fault.location ??= this.#native
      ? locationOf(this.#native.function, 0)
      : frame && locationOf(frame.instance.function, frame.pc)
    return fault
  }

  #call(instance: FunctionInstance): void {
    const stack = this.#stack
    const count = instance.function.parameterTokens.length
    const base = stack.length - count
    if (base < (this.#frames.at(-1)?.base ?? 0)) throw invariantFault('operand stack is empty')
    const { code, parameters } = instance
    for (let i = 0; i < count; i++) assertOfType(stack[base + i]!, parameters[i]!)
    if (instance.takesMutable) handOn(stack, base, parameters)
    if (!code) {
      this.#callNative(instance, stack.splice(base, count))
      return
    }
    if (this.#frames.length >= MAX_CALL_DEPTH) throw limitFault('call stack too deep')
    const locals = new Array<Value | undefined>(instance.function.localCount)
    for (let i = 0; i < count; i++) locals[i] = stack[base + i]
    stack.length = base
    this.#frames.push({ instance, code, locals, base, pc: 0 })
  }

  #callNative(instance: FunctionInstance, args: Value[]): void {
    this.#native = instance
    const { context } = this.#machine
    const native = this.#machine.native(instance.function)
    this.#machine.charge(10)
    const result = native({
      machine: this.#machine,
      context,
      typeArguments: instance.typeArguments,
      args,
      callee: instance,
    })
    const results = Array.isArray(result) ? (result as readonly Value[]) : [result as Value]
    if (results.length !== instance.function.returnTokens.length) throw invariantFault('wrong number of native results')
    for (const value of results) this.#stack.push(value)
    this.#native = undefined
  }

  #pop(): Value {
    return popOperand(this.#stack)
  }

  #take(count: number): Value[] {
    const stack = this.#stack
    if (count > stack.length) throw invariantFault('operand stack is empty')
    return stack.splice(stack.length - count, count)
  }

  /** Copies a value and pays for it. */
  #copy(value: Value): Value {
    if (typeof value !== 'object') return value
    assertCopyable(value, this.#machine.loader)
    this.#machine.chargeBytes(valueSize(value))
    return copyValue(value)
  }

  #read(operand: Value): Value {
    const reference = expectReference(operand)
    const value = reference.get()
    reference.noteRead()
    return this.#copy(value)
  }

  #return(frame: Frame): void {
    const { returns } = frame.instance
    if (this.#stack.length !== frame.base + returns.length) throw invariantFault('operands left at return')
    const { loader } = this.#machine
    for (const local of frame.locals) assertDroppable(local, loader)
    // References to locals end here.
    frame.locals.fill(undefined)
    for (let i = 0; i < returns.length; i++) assertOfType(this.#stack[frame.base + i]!, returns[i]!)
    if (frame.instance.returnsMutable) handOn(this.#stack, frame.base, returns)
    this.#frames.pop()
  }

  /** Runs the frame until it calls or returns. */
  #runFrame(frame: Frame): void {
    const stack = this.#stack
    const machine = this.#machine
    const { instance, locals } = frame
    const { opcodes, operands, literals } = frame.code
    const { loader } = machine
    for (;;) {
      const { pc } = frame
      const operand = operands[pc]!
      machine.charge(1)
      if (stack.length > MAX_OPERANDS) throw limitFault('operand stack too high')
      switch (opcodes[pc]) {
        case OP.Nop:
          break
        case OP.FreezeRef:
          stack.push(frozen(expectReference(this.#pop())))
          break
        case OP.Pop:
          assertDroppable(this.#pop(), this.#machine.loader)
          break
        case OP.Ret:
          this.#return(frame)
          return
        case OP.BrTrue:
          if (expectBool(this.#pop())) {
            frame.pc = operand
            continue
          }
          break
        case OP.BrFalse:
          if (!expectBool(this.#pop())) {
            frame.pc = operand
            continue
          }
          break
        case OP.Branch:
          frame.pc = operand
          continue
        case OP.LdU8:
          stack.push(Number(literals[operand]))
          break
        case OP.LdU64:
          stack.push(literals[operand]!)
          break
        case OP.LdU16:
          stack.push(integer(16, literals[operand]!))
          break
        case OP.LdU32:
          stack.push(integer(32, literals[operand]!))
          break
        case OP.LdU128:
          stack.push(integer(128, literals[operand]!))
          break
        case OP.LdU256:
          stack.push(integer(256, literals[operand]!))
          break
        case OP.LdConst:
          stack.push(this.#copy(instance.function.module.constant(operand, loader)))
          break
        case OP.LdTrue:
          stack.push(true)
          break
        case OP.LdFalse:
          stack.push(false)
          break
        case OP.CopyLoc:
          stack.push(this.#copy(local(locals, operand)))
          frame.places?.[operand]?.read(nextMoment())
          break
        case OP.MoveLoc:
          stack.push(local(locals, operand))
          locals[operand] = undefined
          frame.places?.[operand]?.leave()
          break
        case OP.StLoc:
          assertDroppable(locals[operand], this.#machine.loader)
          locals[operand] = this.#pop()
          frame.places?.[operand]?.leave()
          break
        case OP.MutBorrowLoc:
        case OP.ImmBorrowLoc:
          local(locals, operand)
          stack.push(borrowLocal(frame, operand, opcodes[pc] === OP.MutBorrowLoc))
          break
        case OP.MutBorrowField:
        case OP.ImmBorrowField:
        case OP.MutBorrowFieldGeneric:
        case OP.ImmBorrowFieldGeneric:
          stack.push(borrowField(instance, operand, opcodes[pc]!, this.#pop(), loader))
          break
        case OP.Call:
        case OP.CallGeneric: {
          const callee = opcodes[pc] === OP.Call ? instance.callee(operand) : instance.genericCallee(operand, loader)
          this.#call(callee)
          frame.pc = pc + 1
          if (callee.code) return
          continue
        }
        case OP.Pack:
          this.#pack(instance.struct(operand, loader))
          break
        case OP.PackGeneric:
          this.#pack(instance.genericStruct(operand, loader))
          break
        case OP.Unpack:
          for (const field of openStruct(this.#pop(), instance.struct(operand, loader))) stack.push(field)
          break
        case OP.UnpackGeneric:
          for (const field of openStruct(this.#pop(), instance.genericStruct(operand, loader))) stack.push(field)
          break
        case OP.PackVariant:
        case OP.PackVariantGeneric:
          this.#packVariant(variantOf(instance, operand, opcodes[pc]!, loader))
          break
        case OP.UnpackVariant:
        case OP.UnpackVariantGeneric:
          for (const field of openVariant(instance, operand, opcodes[pc]!, this.#pop(), loader)) stack.push(field)
          break
        case OP.UnpackVariantImmRef:
        case OP.UnpackVariantMutRef:
        case OP.UnpackVariantGenericImmRef:
        case OP.UnpackVariantGenericMutRef:
          for (const field of borrowVariant(instance, operand, opcodes[pc]!, this.#pop(), loader)) stack.push(field)
          break
        case OP.VariantSwitch: {
          const table = frame.code.jumpTables[operand]!
          const target = table.targets[switchTag(instance, table.enumDefinition, this.#pop())]
          if (target === undefined) throw invariantFault('no branch for this variant')
          frame.pc = target
          continue
        }
        case OP.ReadRef:
          stack.push(this.#read(this.#pop()))
          break
        case OP.WriteRef: {
          const reference = expectReference(this.#pop())
          const before = reference.get()
          reference.noteChange()
          assertDroppable(before, this.#machine.loader)
          const after = this.#pop()
          assertExchangeable(before, after)
          reference.set(after)
          break
        }
        case OP.Eq:
          stack.push(this.#equal())
          break
        case OP.Neq:
          stack.push(!this.#equal())
          break
        case OP.Abort: {
          const code = this.#pop()
          if (typeof code !== 'bigint') throw invariantFault('an abort code is a u64')
          throw new MoveFault('abort', `aborted with code ${code}`, code)
        }
        case OP.VecPack:
          stack.push(packVector(instance.element(operand), this.#take(frame.code.counts.get(pc)!)))
          break
        case OP.VecLen:
          stack.push(vectorLength(expectReference(this.#pop())))
          break
        case OP.VecImmBorrow:
        case OP.VecMutBorrow: {
          const index = this.#pop()
          stack.push(borrowElement(expectReference(this.#pop()), index, opcodes[pc] === OP.VecMutBorrow))
          break
        }
        case OP.VecPushBack: {
          const item = this.#pop()
          pushBack(expectReference(this.#pop()), item)
          break
        }
        case OP.VecPopBack:
          stack.push(popBack(expectReference(this.#pop())))
          break
        case OP.VecUnpack:
          for (const item of unpackVector(this.#pop(), frame.code.counts.get(pc)!)) stack.push(item)
          break
        case OP.VecSwap: {
          const second = this.#pop()
          const first = this.#pop()
          swapElements(expectReference(this.#pop()), first, second)
          break
        }
        default:
          runStackInstruction(opcodes[pc]!, stack)
      }
      frame.pc = pc + 1
    }
  }

  #pack(layout: Layout): void {
    this.#stack.push(packStruct(layout, this.#take(layout.fields!.length)))
  }

  #packVariant(variant: { layout: Layout; tag: number }): void {
    this.#stack.push(packVariant(variant, this.#take(variant.layout.variants![variant.tag]!.fields.length)))
  }

  #equal(): boolean {
    const right = this.#pop()
    const left = this.#pop()
    if (typeof left === 'object') {
      assertDroppable(left, this.#machine.loader)
      assertDroppable(right, this.#machine.loader)
      if (left instanceof Reference) left.noteRead()
      if (right instanceof Reference) right.noteRead()
      this.#machine.chargeBytes(valueSize(left instanceof Reference ? left.get() : left))
    }
    return equalValues(left, right)
  }
}

function local(locals: readonly (Value | undefined)[], index: number): Value {
  const value = locals[index]
  if (value === undefined) throw invariantFault('local without a value')
  return value
}

function borrowLocal(frame: Frame, index: number, mutable: boolean): Reference {
  frame.places ??= []
  frame.places[index] ??= new Place()
  const reference = new Reference(frame.locals, index, mutable, frame.places[index])
  if (!mutable) reference.noteRead()
  return reference
}

function frozen(reference: Reference): Reference {
  reference.get()
  return reference.frozen()
}

/** References pass to another function or back: a mutable one passes alone, and what was borrowed through it has ended.
 *  @throws {MoveFault} invariant if it overlaps another that passes with it */
function handOn(stack: readonly Value[], base: number, types: readonly MoveType[]): void {
  for (let i = 0; i < types.length; i++) {
    const type = types[i]!
    if (type.kind !== 'reference' || !type.mutable) continue
    const reference = expectReference(stack[base + i])
    for (let j = 0; j < types.length; j++) {
      if (j === i || types[j]!.kind !== 'reference') continue
      if (reference.overlaps(expectReference(stack[base + j])))
        throw invariantFault('a place would be passed on twice, once to be changed')
    }
    reference.noteChange()
  }
}

/** Faults as they are; anything that broke underneath unverified code as an invariant fault. Links that are missing stay
 *  what they are: they mean the package and not the code. */
function asFault(error: unknown): MoveFault | undefined {
  if (error instanceof MoveFault) return error
  if (error instanceof FloeError || !(error instanceof Error)) return undefined
  const fault = invariantFault(error.message)
  fault.cause = error
  return fault
}
