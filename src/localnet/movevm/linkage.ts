/** Code linked for calls into one package: modules of the package and its dependencies, functions resolved once per set
 *  of type arguments. */

import { invariantFault, limitFault, MoveLinkError } from './errors.ts'
import { FunctionInstance } from './function-instance.ts'
import { MAX_CACHED_INSTANCES, MAX_TYPE_NODES } from './limits.ts'
import type { LoadedModule, LoadedPackage } from './loaded-package.ts'
import type { Loader } from './loader.ts'
import { type FunctionDefinition, type FunctionHandle, moduleOf, type TypeToken } from './module.ts'
import { datatypeType, type MoveType, PRIMITIVES, referenceType, vectorType } from './types.ts'
import { decodeValue } from './value-bcs.ts'
import type { Value } from './values.ts'

export class Linkage {
  readonly root: LoadedPackage
  readonly #packages = new Map<string, LoadedPackage>()
  readonly #modules = new Map<string, LinkedModule>()
  #instances = 0

  /** @param open - finds packages by storage id */
  constructor(root: LoadedPackage, open: (packageId: string) => LoadedPackage) {
    this.root = root
    this.#packages.set(root.originalId, root)
    for (const [originalId, entry] of root.stored.data.linkage) this.#packages.set(originalId, open(entry.packageId))
  }

  /** @param originalId - the package's address in bytecode
   *  @throws {MoveLinkError} */
  module(originalId: string, name: string): LinkedModule {
    const key = `${originalId}::${name}`
    let module = this.#modules.get(key)
    if (!module) {
      const found = this.#packages.get(originalId)
      if (!found) throw new MoveLinkError('MOVE_PACKAGE_MISSING', originalId)
      const loaded = found.modules.get(name)
      if (!loaded) throw new MoveLinkError('MOVE_MODULE_MISSING', key)
      module = new LinkedModule(this, found, loaded)
      this.#modules.set(key, module)
    }
    return module
  }

  /** Resolves everything that the root package's modules refer to.
   *  @throws {MoveLinkError | MoveFault} if something is missing or not callable */
  verify(): void {
    for (const name of this.root.modules.keys()) {
      const module = this.module(this.root.originalId, name)
      const tables = module.loaded.module
      for (let handle = 0; handle < tables.datatypeHandles.length; handle++) module.verifyDatatype(handle)
      for (let handle = 0; handle < tables.functionHandles.length; handle++) module.callee(handle)
    }
  }

  /** Counts a new function instance; type arguments come from outside, so the cache must not grow without end. */
  countInstance(): void {
    if (++this.#instances <= MAX_CACHED_INSTANCES) return
    this.#instances = 0
    this.#modules.clear()
  }
}

export class LinkedModule {
  readonly linkage: Linkage
  readonly package: LoadedPackage
  readonly loaded: LoadedModule
  readonly #functions = new Map<string, LinkedFunction>()
  readonly #handles: (LinkedFunction | undefined)[] = []
  readonly #datatypes: ({ address: string; module: string; name: string } | undefined)[] = []
  readonly #constants: (Value | undefined)[] = []

  constructor(linkage: Linkage, home: LoadedPackage, loaded: LoadedModule) {
    this.linkage = linkage
    this.package = home
    this.loaded = loaded
  }

  /** Address in the bytecode and name. */
  get id(): string {
    return `${this.package.originalId}::${this.loaded.module.name}`
  }

  /** @throws {MoveLinkError} MOVE_FUNCTION_MISSING */
  function(name: string): LinkedFunction {
    let found = this.#functions.get(name)
    if (!found) {
      const definition = this.loaded.functions.get(name)
      if (!definition) throw new MoveLinkError('MOVE_FUNCTION_MISSING', `${this.id}::${name}`)
      found = new LinkedFunction(this, definition, name)
      this.#functions.set(name, found)
    }
    return found
  }

  /** The function behind a handle, if this module may call it. */
  callee(handle: number): LinkedFunction {
    let found = this.#handles[handle]
    if (!found) {
      const { module } = this.loaded
      const { module: home, name } = module.functionHandles[handle]!
      const { address, name: moduleName } = moduleOf(module, home)
      found = this.linkage.module(address, moduleName).function(module.identifiers[name]!)
      this.#assertCallable(found, module.functionHandles[handle]!)
      this.#handles[handle] = found
    }
    return found
  }

  #assertCallable(callee: LinkedFunction, handle: FunctionHandle): void {
    const home = callee.module
    const own = this.loaded.module
    if (
      own.signatures[handle.parameters]!.length !== callee.parameterTokens.length ||
      own.signatures[handle.returns]!.length !== callee.returnTokens.length ||
      handle.typeParameters.length !== callee.typeParameters.length
    ) {
      throw invariantFault(`${callee.id} has another signature than ${this.id} was compiled against`)
    }
    if (home.loaded === this.loaded || callee.definition.visibility === 'public') return
    const friends = home.loaded.module.friends.map((friend) => ({
      address: home.loaded.module.addresses[friend.address],
      name: home.loaded.module.identifiers[friend.name],
    }))
    const isFriend = friends.some((friend) => friend.address === this.package.originalId && friend.name === own.name)
    if (callee.definition.visibility !== 'friend' || !isFriend) {
      throw invariantFault(`${this.id} may not call ${callee.id}`)
    }
  }

  /** Checks that a datatype is what this module was compiled against. */
  verifyDatatype(handle: number): void {
    const { module, name } = this.datatype(handle)
    const { module: home, abilities, typeParameters } = this.loaded.module.datatypeHandles[handle]!
    const { address } = moduleOf(this.loaded.module, home)
    const { loaded } = this.linkage.module(address, module)
    const definition = loaded.structs.get(name) ?? loaded.enums.get(name)
    const actual = definition && loaded.module.datatypeHandles[definition.handle]
    if (actual?.abilities !== abilities || actual.typeParameters.length !== typeParameters.length) {
      throw invariantFault(`${module}::${name} is not the type ${this.id} was compiled against`)
    }
  }

  /** Name of a datatype handle, by defining id. */
  datatype(handle: number): { address: string; module: string; name: string } {
    let found = this.#datatypes[handle]
    if (!found) {
      const { module } = this.loaded
      const entry = module.datatypeHandles[handle]!
      const { address, name: moduleName } = moduleOf(module, entry.module)
      const name = module.identifiers[entry.name]!
      const home = this.linkage.module(address, moduleName).package
      const defining = home.origins.get(`${moduleName}::${name}`)
      if (!defining) throw new MoveLinkError('MOVE_TYPE_MISSING', `${home.stored.id}::${moduleName}::${name}`)
      found = { address: defining, module: moduleName, name }
      this.#datatypes[handle] = found
    }
    return found
  }

  /** A signature token with type arguments put in. */
  resolve(token: TypeToken, typeArguments: readonly MoveType[]): MoveType {
    const budget = { nodes: MAX_TYPE_NODES }
    const value = (at: TypeToken): MoveType => {
      const type = step(at)
      if (type.kind === 'reference') throw invariantFault('a reference inside a type')
      return type
    }
    const step = (at: TypeToken): MoveType => {
      if (--budget.nodes < 0) throw limitFault('type too large')
      if (at.kind === 'vector') return vectorType(value(at.element))
      if (at.kind === 'reference') return referenceType(at.mutable, value(at.to))
      if (at.kind === 'typeParameter') {
        const argument = typeArguments[at.index]
        if (!argument) throw invariantFault('type argument missing')
        // An argument that repeats multiplies; its text is a fair measure of its size.
        budget.nodes -= Math.floor(argument.key.length / 64)
        return argument
      }
      if (at.kind !== 'datatype') return PRIMITIVES[at.kind]
      const { address, module, name } = this.datatype(at.handle)
      return datatypeType(address, module, name, at.typeArguments.map(value))
    }
    return step(token)
  }

  constant(index: number, loader: Loader): Value {
    let value = this.#constants[index]
    if (value === undefined) {
      const { type, bytes } = this.loaded.module.constants[index]!
      value = decodeValue(this.resolve(type, []), bytes, loader.layout)
      this.#constants[index] = value
    }
    return value
  }
}

export class LinkedFunction {
  readonly module: LinkedModule
  readonly definition: FunctionDefinition
  readonly name: string
  readonly parameterTokens: readonly TypeToken[]
  readonly returnTokens: readonly TypeToken[]
  /** Abilities demanded of each type argument. */
  readonly typeParameters: readonly number[]
  readonly localCount: number
  /** `address::module::name` by original id: how natives are looked up. */
  readonly id: string
  readonly #instances = new Map<string, FunctionInstance>()

  constructor(module: LinkedModule, definition: FunctionDefinition, name: string) {
    const { signatures, functionHandles } = module.loaded.module
    const handle = functionHandles[definition.handle]!
    this.module = module
    this.definition = definition
    this.name = name
    this.parameterTokens = signatures[handle.parameters]!
    this.returnTokens = signatures[handle.returns]!
    this.typeParameters = handle.typeParameters
    this.localCount = this.parameterTokens.length + (definition.code ? signatures[definition.code.locals]!.length : 0)
    this.id = `${module.id}::${name}`
  }

  instance(typeArguments: readonly MoveType[]): FunctionInstance {
    if (typeArguments.length !== this.typeParameters.length)
      throw invariantFault(`${this.id}: wrong number of type arguments`)
    const key = typeArguments.map((type) => type.key).join(',')
    let instance = this.#instances.get(key)
    if (!instance) {
      this.module.linkage.countInstance()
      instance = new FunctionInstance(this, typeArguments)
      this.#instances.set(key, instance)
    }
    return instance
  }
}
