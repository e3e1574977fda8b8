/** Modules of `test/vectors/move` in which the code of single functions is written by hand. */

import { FunctionInstance } from '../../../src/localnet/movevm/function-instance.ts'
import { callFunction } from '../../../src/localnet/movevm/interpreter.ts'
import { Loader } from '../../../src/localnet/movevm/loader.ts'
import { Machine } from '../../../src/localnet/movevm/machine.ts'
import type { Code, FunctionDefinition, MoveModule, TypeToken } from '../../../src/localnet/movevm/module.ts'
import { readModule } from '../../../src/localnet/movevm/module-reader.ts'
import { normalizeAddress, parseType } from '../../../src/localnet/movevm/types.ts'
import type { Value } from '../../../src/localnet/movevm/values.ts'
import { source, storedPackage, vectorModules } from './probe.ts'

export const HOME = normalizeAddress('0x0')

export type Instruction = readonly [opcode: number, operand?: number, count?: number]
export type Writable<T> = { -readonly [K in keyof T]: T[K] }

export class Handmade {
  readonly #loader: Loader
  readonly #linked
  readonly tables: MoveModule

  constructor(file: string, name: string) {
    const bytes = vectorModules(file).find((module) => readModule(module).name === name)!
    const stored = storedPackage(HOME, [bytes], ['0x1', '0x2'].map(normalizeAddress))
    this.#loader = new Loader({ getObject: (id) => (id === HOME ? stored : source.getObject(id)) })
    this.#linked = this.#loader.linkage(HOME).module(HOME, name)
    this.tables = this.#linked.loaded.module
  }

  write(name: string, instructions: readonly Instruction[], literals: readonly bigint[] = []): this {
    const definition = this.#linked.loaded.functions.get(name) as Writable<FunctionDefinition>
    const code: Code = {
      ...definition.code!,
      opcodes: Uint8Array.from(instructions, ([opcode]) => opcode),
      operands: Uint32Array.from(instructions, ([, operand = 0]) => operand),
      counts: new Map(instructions.flatMap(([, , count], pc) => (count === undefined ? [] : [[pc, count] as const]))),
      literals,
    }
    definition.code = code
    return this
  }

  struct(name: string): number {
    return this.tables.structDefinitions.findIndex(({ handle }) => this.#nameOf(handle) === name)
  }

  datatype(name: string): TypeToken {
    const handle = this.tables.datatypeHandles.findIndex((_, i) => this.#nameOf(i) === name)
    return { kind: 'datatype', handle, typeArguments: [] }
  }

  /** Handle of a field of a struct. */
  field(struct: string, number = 0): number {
    return this.tables.fieldHandles.findIndex((at) => at.struct === this.struct(struct) && at.field === number)
  }

  /** Handle of a function. */
  handle(name: string): number {
    return this.tables.functionHandles.findIndex((at) => this.tables.identifiers[at.name] === name)
  }

  #nameOf(handle: number): string {
    return this.tables.identifiers[this.tables.datatypeHandles[handle]!.name]!
  }

  signature(types: readonly TypeToken[]): number {
    return (this.tables.signatures as TypeToken[][]).push([...types]) - 1
  }

  call(name: string, args: readonly Value[], typeArguments: readonly string[] = []): Value[] {
    // Not the linked module's own instance, which keeps what it resolved for earlier code.
    const instance = new FunctionInstance(this.#linked.function(name), typeArguments.map(parseType))
    return callFunction(new Machine(this.#loader, new Map(), undefined), instance, args)
  }
}
