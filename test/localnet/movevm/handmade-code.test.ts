import { describe, expect, it } from 'vitest'
import { FunctionInstance } from '../../../src/localnet/movevm/function-instance.ts'
import { callFunction } from '../../../src/localnet/movevm/interpreter.ts'
import { Loader } from '../../../src/localnet/movevm/loader.ts'
import { Machine } from '../../../src/localnet/movevm/machine.ts'
import type { Code, FunctionDefinition, MoveModule, TypeToken } from '../../../src/localnet/movevm/module.ts'
import { readModule } from '../../../src/localnet/movevm/module-reader.ts'
import { OP } from '../../../src/localnet/movevm/opcodes.ts'
import { normalizeAddress, parseType } from '../../../src/localnet/movevm/types.ts'
import { Reference, type Value } from '../../../src/localnet/movevm/values.ts'
import { faultOf, source, storedPackage, vectorModules } from './probe.ts'

const SHAPES = vectorModules('probe').find((bytes) => readModule(bytes).name === 'shapes')!
const HOME = normalizeAddress('0x0')
/** Type of a datatype of the module. */
const own = (name: string) => `${HOME}::shapes::${name}`

type Instruction = readonly [opcode: number, operand?: number, count?: number]
type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** The module `shapes`, in which the code of single functions is written by hand. */
class Handmade {
  readonly #loader: Loader
  readonly #linked
  readonly tables: MoveModule

  constructor() {
    const stored = storedPackage(HOME, [SHAPES], ['0x1', '0x2'].map(normalizeAddress))
    this.#loader = new Loader({ getObject: (id) => (id === HOME ? stored : source.getObject(id)) })
    this.#linked = this.#loader.linkage(HOME).module(HOME, 'shapes')
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

  /** Handle of the first field of a struct that has one. */
  field(struct: string): number {
    return this.tables.fieldHandles.findIndex((field) => field.struct === this.struct(struct))
  }

  #nameOf(handle: number): string {
    return this.tables.identifiers[this.tables.datatypeHandles[handle]!.name]!
  }

  signature(types: readonly TypeToken[]): number {
    return (this.tables.signatures as TypeToken[][]).push([...types]) - 1
  }

  /** An instance of `same<T: drop>(T, T): bool`. */
  sameOf(type: TypeToken): number {
    const of = this.tables.functionHandles.findIndex(({ name }) => this.tables.identifiers[name] === 'same')
    const instances = this.tables.functionInstances as { of: number; typeArguments: number }[]
    return instances.push({ of, typeArguments: this.signature([type]) }) - 1
  }

  call(name: string, args: readonly Value[], typeArguments: readonly string[] = []): Value[] {
    // Not the linked module's own instance, which keeps what it resolved for earlier code.
    const instance = new FunctionInstance(this.#linked.function(name), typeArguments.map(parseType))
    return callFunction(new Machine(this.#loader, new Map(), undefined), instance, args)
  }

  make(name: 'hot' | 'no_copy', value = 5n): Value {
    return this.call(name, [value])[0]!
  }
}

/** The fault's message; anything but an invariant fault with its location fails. */
function refusal(run: () => unknown): string {
  const fault = faultOf(run)
  expect(fault).toMatchObject({ fault: 'invariant', location: { module: 'shapes' } })
  return fault.message
}

describe('code made by hand', () => {
  it('runs as written where it keeps the rules', () => {
    const module = new Handmade()
    module.write('cool', [[OP.MoveLoc, 0], [OP.Unpack, module.struct('Hot')], [OP.Nop], [OP.Ret]])
    expect(module.call('cool', [module.make('hot')])).toEqual([5n])
  })

  it('cannot pass one struct for another, not as a result and not as an argument', () => {
    const module = new Handmade()
    const fake = [[OP.MoveLoc, 0], [OP.Pack, module.struct('NoCopy')], [OP.Ret]] as const
    expect(refusal(() => module.write('hot', fake).call('hot', [1n]))).toContain('shapes::Hot')
    expect(faultOf(() => module.call('cool', [module.make('no_copy')])).message).toContain('shapes::Hot')
  })

  it('cannot open one struct as another, nor borrow its fields', () => {
    const module = new Handmade()
    const hot = module.make('hot')
    module.write('cool', [[OP.MoveLoc, 0], [OP.Unpack, module.struct('NoCopy')], [OP.Ret]])
    expect(refusal(() => module.call('cool', [hot]))).toContain('was taken for')
    const borrow = [[OP.ImmBorrowLoc, 0], [OP.ImmBorrowField, module.field('Hot')], [OP.ReadRef], [OP.Ret]] as const
    module.write('same', borrow)
    const twice = [module.make('no_copy'), module.make('no_copy')]
    expect(refusal(() => module.call('same', twice, [own('NoCopy')]))).toContain('was taken for')
  })

  it('cannot pack fields of another type, nor put them into vectors', () => {
    const module = new Handmade()
    module.write('hot', [[OP.LdTrue], [OP.Pack, module.struct('Hot')], [OP.Ret]])
    expect(refusal(() => module.call('hot', [1n]))).toContain('not of type u64')
    const numbers = module.signature([{ kind: 'u64' }])
    module.write('hot', [[OP.LdTrue], [OP.VecPack, numbers, 1], [OP.Pop], [OP.Ret]])
    expect(refusal(() => module.call('hot', [1n]))).toContain('not of type u64')
    const borrowed = module.signature([{ kind: 'reference', mutable: false, to: { kind: 'u64' } }])
    module.write('hot', [[OP.ImmBorrowLoc, 0], [OP.VecPack, borrowed, 1], [OP.Pop], [OP.Ret]])
    expect(refusal(() => module.call('hot', [1n]))).toContain('reference')
  })

  it('cannot push another type into a vector that it was handed', () => {
    const module = new Handmade()
    const numbers = module.signature([{ kind: 'u64' }])
    module.write('hot', [
      [OP.VecPack, numbers, 0],
      [OP.StLoc, 0],
      [OP.MutBorrowLoc, 0],
      [OP.LdTrue],
      [OP.VecPushBack, numbers],
      [OP.Ret],
    ])
    expect(refusal(() => module.call('hot', [1n]))).toContain('not of type u64')
  })

  it('cannot write a value of another type through a reference', () => {
    const module = new Handmade()
    module.write('heat', [
      [OP.LdTrue],
      [OP.MoveLoc, 0],
      [OP.MutBorrowField, module.field('Hot')],
      [OP.WriteRef],
      [OP.Ret],
    ])
    const hot = new Reference([module.make('hot')], 0)
    expect(refusal(() => module.call('heat', [hot, 1n]))).toContain('another type')
  })

  it('cannot change what it may only read', () => {
    const module = new Handmade()
    const hot = new Reference([module.make('hot')], 0, false)
    const write = (borrow: number) =>
      module.write('peek', [[OP.LdU64], [OP.MoveLoc, 0], [borrow, module.field('Hot')], [OP.WriteRef], [OP.Ret]], [9n])
    expect(refusal(() => write(OP.MutBorrowField).call('peek', [hot]))).toContain('only be read')
    expect(refusal(() => write(OP.ImmBorrowField).call('peek', [hot]))).toContain('may only read')
    const frozen = [[OP.MoveLoc, 1], [OP.MoveLoc, 0], [OP.FreezeRef], [OP.WriteRef], [OP.Ret]] as const
    const place = new Reference([module.make('hot')], 0)
    expect(refusal(() => module.write('heat', frozen).call('heat', [place, 1n]))).toContain('may only read')
    expect(faultOf(() => module.call('heat', [hot, 1n])).message).toContain('not of type &mut')
  })

  it('cannot use a reference into a value that has moved on', () => {
    const module = new Handmade()
    module.write('cool', [
      [OP.ImmBorrowLoc, 0],
      [OP.ImmBorrowField, module.field('Hot')],
      [OP.MoveLoc, 0],
      [OP.Unpack, module.struct('Hot')],
      [OP.Pop],
      [OP.ReadRef],
      [OP.Ret],
    ])
    expect(refusal(() => module.call('cool', [module.make('hot')]))).toContain('gone')
    // The same with a value of the same type in its place.
    module.write('same', [
      [OP.ImmBorrowLoc, 0],
      [OP.ImmBorrowField, module.field('Hot')],
      [OP.MoveLoc, 1],
      [OP.StLoc, 0],
      [OP.ReadRef],
      [OP.Ret],
    ])
    const drops = [module.make('no_copy'), module.make('no_copy')]
    const field = (module.tables.fieldHandles as { struct: number; field: number }[])[module.field('Hot')]!
    field.struct = module.struct('NoCopy')
    expect(refusal(() => module.call('same', drops, [own('NoCopy')]))).toContain('gone')
  })

  it('cannot return a reference to a local', () => {
    const module = new Handmade()
    const handle = module.tables.functionHandles.find(({ name }) => module.tables.identifiers[name] === 'no_copy')!
    const returned = module.signature([{ kind: 'reference', mutable: false, to: { kind: 'u64' } }])
    ;(handle as Writable<typeof handle>).returns = returned
    module.write('no_copy', [[OP.ImmBorrowLoc, 0], [OP.Ret]])
    expect(refusal(() => module.call('no_copy', [1n]))).toContain('gone')
  })

  it('cannot copy or lose a value without the ability', () => {
    const module = new Handmade()
    const lose = (body: readonly Instruction[]) => module.write('cool', body).call('cool', [module.make('hot')])
    expect(refusal(() => lose([[OP.LdTrue], [OP.Ret]]))).toContain('lost')
    expect(refusal(() => lose([[OP.MoveLoc, 0], [OP.Pop], [OP.Ret]]))).toContain('lost')
    expect(refusal(() => lose([[OP.CopyLoc, 0], [OP.Ret]]))).toContain('copied')
    expect(refusal(() => lose([[OP.ImmBorrowLoc, 0], [OP.ReadRef], [OP.Ret]]))).toContain('copied')
    const compare = [[OP.MoveLoc, 0], [OP.CopyLoc, 0], [OP.Eq], [OP.Ret]] as const
    expect(() => lose(compare)).toThrow()
  })

  it('cannot copy or lose an empty vector of what it could not copy or lose', () => {
    const module = new Handmade()
    const hot = module.signature([module.datatype('Hot')])
    const nested = module.signature([{ kind: 'vector', element: module.datatype('Hot') }])
    const start = [OP.VecPack, hot, 0] as const
    const run = (...rest: Instruction[]) => module.write('no_copy', [start, ...rest]).call('no_copy', [1n])
    expect(refusal(() => run([OP.Pop], [OP.Ret]))).toContain('lost')
    expect(refusal(() => run([OP.VecPack, nested, 1], [OP.Pop], [OP.Ret]))).toContain('lost')
    expect(refusal(() => run([OP.StLoc, 0], [OP.CopyLoc, 0], [OP.Ret]))).toContain('copied')
    expect(refusal(() => run([OP.StLoc, 0], [OP.LdU64, 0], [OP.StLoc, 0], [OP.Ret]))).toContain('lost')
    const emptied = module.call.bind(module, 'no_copy', [1n])
    module.write('no_copy', [
      start,
      [OP.VecUnpack, hot, 0],
      [OP.MoveLoc, 0],
      [OP.Pack, module.struct('NoCopy')],
      [OP.Ret],
    ])
    expect(emptied()).toHaveLength(1)
  })

  it('cannot give a generic function a type without the abilities it demands', () => {
    const module = new Handmade()
    const same = module.sameOf(module.datatype('Hot'))
    module.write('cool', [[OP.MoveLoc, 0], [OP.LdTrue], [OP.CallGeneric, same], [OP.Ret]])
    expect(refusal(() => module.call('cool', [module.make('hot')]))).toContain('lacks an ability')
    const borrowed = module.sameOf({ kind: 'reference', mutable: false, to: { kind: 'u64' } })
    module.write('cool', [[OP.ImmBorrowLoc, 0], [OP.ImmBorrowLoc, 0], [OP.CallGeneric, borrowed], [OP.Ret]])
    expect(refusal(() => module.call('cool', [module.make('hot')]))).toContain('lacks an ability')
  })

  it('cannot take one enum for another', () => {
    const module = new Handmade()
    const [circle] = module.call('circle', [2n])
    const instance = module.tables.variantInstances.length
    const tree = module.tables.variantInstances as { of: number; tag: number }[]
    tree.push({ of: 0, tag: 1 })
    module.write('unwrap_circle', [[OP.MoveLoc, 0], [OP.UnpackVariantGeneric, instance], [OP.Ret]])
    expect(refusal(() => module.call('unwrap_circle', [circle!]))).toContain('was taken for')
  })
})
