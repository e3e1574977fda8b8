/** A function with its type arguments put in: what the interpreter runs. */

import { invariantFault } from './errors.ts'
import type { Layout } from './layout.ts'
import type { LinkedFunction } from './linkage.ts'
import type { Loader } from './loader.ts'
import type { Code, TypeToken } from './module.ts'
import { assertOwnType } from './own-type.ts'
import { datatypeType, type MoveType } from './types.ts'

/** Everything the code refers to is resolved at most once. */
export class FunctionInstance {
  readonly function: LinkedFunction
  readonly code: Code | undefined
  readonly typeArguments: readonly MoveType[]
  readonly #callees: (FunctionInstance | undefined)[] = []
  readonly #genericCallees: (FunctionInstance | undefined)[] = []
  readonly #structs: (Layout | undefined)[] = []
  readonly #genericStructs: (Layout | undefined)[] = []
  readonly #enums: (Layout | undefined)[] = []
  readonly #genericEnums: (Layout | undefined)[] = []
  readonly #genericFieldOwners: (Layout | undefined)[] = []
  readonly #elements: (MoveType | undefined)[] = []
  #parameters: readonly MoveType[] | undefined
  #returns: readonly MoveType[] | undefined
  #takesMutable: boolean | undefined
  #returnsMutable: boolean | undefined

  constructor(linked: LinkedFunction, typeArguments: readonly MoveType[]) {
    this.function = linked
    this.code = linked.definition.code
    this.typeArguments = typeArguments
  }

  get #tables() {
    return this.function.module.loaded.module
  }

  #resolve(token: TypeToken): MoveType {
    return this.function.module.resolve(token, this.typeArguments)
  }

  #resolveAll(signature: number): MoveType[] {
    return this.#tables.signatures[signature]!.map((token) => this.#resolve(token))
  }

  get parameters(): readonly MoveType[] {
    this.#parameters ??= this.function.parameterTokens.map((token) => this.#resolve(token))
    return this.#parameters
  }

  get returns(): readonly MoveType[] {
    this.#returns ??= this.function.returnTokens.map((token) => this.#resolve(token))
    return this.#returns
  }

  /** Whether a parameter is a mutable reference. */
  get takesMutable(): boolean {
    this.#takesMutable ??= this.parameters.some(isMutable)
    return this.#takesMutable
  }

  /** Whether a result is. */
  get returnsMutable(): boolean {
    this.#returnsMutable ??= this.returns.some(isMutable)
    return this.#returnsMutable
  }

  callee(handle: number): FunctionInstance {
    this.#callees[handle] ??= this.function.module.callee(handle).instance([])
    return this.#callees[handle]
  }

  /** @throws {MoveFault} invariant if a type argument lacks an ability that the callee demands */
  genericCallee(index: number, loader: Loader): FunctionInstance {
    let callee = this.#genericCallees[index]
    if (!callee) {
      const { of, typeArguments } = this.#tables.functionInstances[index]!
      const linked = this.function.module.callee(of)
      const resolved = this.#resolveAll(typeArguments)
      assertConstraints(linked.id, linked.typeParameters, resolved, loader)
      callee = linked.instance(resolved)
      assertOwnType(this.function, callee)
      this.#genericCallees[index] = callee
    }
    return callee
  }

  /** Layout of a struct definition without type parameters. */
  struct(definition: number, loader: Loader): Layout {
    this.#structs[definition] ??= this.#layout(this.#tables.structDefinitions[definition]!.handle, [], loader)
    return this.#structs[definition]
  }

  genericStruct(index: number, loader: Loader): Layout {
    let layout = this.#genericStructs[index]
    if (!layout) {
      const { of, typeArguments } = this.#tables.structInstances[index]!
      layout = this.#layout(this.#tables.structDefinitions[of]!.handle, this.#resolveAll(typeArguments), loader)
      this.#genericStructs[index] = layout
    }
    return layout
  }

  enum(definition: number, loader: Loader): Layout {
    this.#enums[definition] ??= this.#layout(this.#tables.enumDefinitions[definition]!.handle, [], loader)
    return this.#enums[definition]
  }

  genericEnum(index: number, loader: Loader): Layout {
    let layout = this.#genericEnums[index]
    if (!layout) {
      const { of, typeArguments } = this.#tables.enumInstances[index]!
      layout = this.#layout(this.#tables.enumDefinitions[of]!.handle, this.#resolveAll(typeArguments), loader)
      this.#genericEnums[index] = layout
    }
    return layout
  }

  /** Layout of the struct that a field handle is of. */
  fieldOwner(handle: number, loader: Loader): Layout {
    return this.struct(this.#tables.fieldHandles[handle]!.struct, loader)
  }

  /** The same for an instance of a field handle. */
  genericFieldOwner(index: number, loader: Loader): Layout {
    let layout = this.#genericFieldOwners[index]
    if (!layout) {
      const { of, typeArguments } = this.#tables.fieldInstances[index]!
      const { handle } = this.#tables.structDefinitions[this.#tables.fieldHandles[of]!.struct]!
      layout = this.#layout(handle, this.#resolveAll(typeArguments), loader)
      this.#genericFieldOwners[index] = layout
    }
    return layout
  }

  #layout(handle: number, typeArguments: readonly MoveType[], loader: Loader): Layout {
    const { address, module, name } = this.function.module.datatype(handle)
    const constraints = this.#tables.datatypeHandles[handle]!.typeParameters.map((parameter) => parameter.constraints)
    assertConstraints(`${module}::${name}`, constraints, typeArguments, loader)
    return loader.layout(datatypeType(address, module, name, typeArguments))
  }

  /** The single type of a signature: element of a vector instruction. */
  element(signature: number): MoveType {
    let element = this.#elements[signature]
    if (!element) {
      element = this.#resolve(this.#tables.signatures[signature]![0]!)
      if (element.kind === 'reference') throw invariantFault('a vector of references')
      this.#elements[signature] = element
    }
    return element
  }
}

/** @throws {MoveFault} invariant if the arguments are too few or many, or one lacks an ability */
function assertConstraints(
  what: string,
  constraints: readonly number[],
  typeArguments: readonly MoveType[],
  loader: Loader,
): void {
  if (constraints.length !== typeArguments.length) throw invariantFault(`${what}: wrong number of type arguments`)
  for (const [i, argument] of typeArguments.entries()) {
    const demanded = constraints[i]!
    if (argument.kind === 'reference' || (loader.abilities(argument) & demanded) !== demanded) {
      throw invariantFault(`${what}: type argument ${i} lacks an ability`)
    }
  }
}

function isMutable(type: MoveType): boolean {
  return type.kind === 'reference' && type.mutable
}
