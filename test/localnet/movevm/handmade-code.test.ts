import { describe, expect, it } from 'vitest'
import type { TypeToken } from '../../../src/localnet/movevm/module.ts'
import { OP } from '../../../src/localnet/movevm/opcodes.ts'
import { Reference, type Value } from '../../../src/localnet/movevm/values.ts'
import { Handmade, HOME, type Instruction, type Writable } from './handmade.ts'
import { faultOf } from './probe.ts'

/** Type of a datatype of the module. */
const own = (name: string) => `${HOME}::shapes::${name}`

/** The module `shapes` of the probe. */
class Shapes extends Handmade {
  constructor() {
    super('probe', 'shapes')
  }

  /** An instance of `same<T: drop>(T, T): bool`. */
  sameOf(type: TypeToken): number {
    const instances = this.tables.functionInstances as { of: number; typeArguments: number }[]
    return instances.push({ of: this.handle('same'), typeArguments: this.signature([type]) }) - 1
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
    const module = new Shapes()
    module.write('cool', [[OP.MoveLoc, 0], [OP.Unpack, module.struct('Hot')], [OP.Nop], [OP.Ret]])
    expect(module.call('cool', [module.make('hot')])).toEqual([5n])
  })

  it('cannot pass one struct for another, not as a result and not as an argument', () => {
    const module = new Shapes()
    const fake = [[OP.MoveLoc, 0], [OP.Pack, module.struct('NoCopy')], [OP.Ret]] as const
    expect(refusal(() => module.write('hot', fake).call('hot', [1n]))).toContain('shapes::Hot')
    expect(faultOf(() => module.call('cool', [module.make('no_copy')])).message).toContain('shapes::Hot')
  })

  it('cannot open one struct as another, nor borrow its fields', () => {
    const module = new Shapes()
    const hot = module.make('hot')
    module.write('cool', [[OP.MoveLoc, 0], [OP.Unpack, module.struct('NoCopy')], [OP.Ret]])
    expect(refusal(() => module.call('cool', [hot]))).toContain('was taken for')
    const borrow = [[OP.ImmBorrowLoc, 0], [OP.ImmBorrowField, module.field('Hot')], [OP.ReadRef], [OP.Ret]] as const
    module.write('same', borrow)
    const twice = [module.make('no_copy'), module.make('no_copy')]
    expect(refusal(() => module.call('same', twice, [own('NoCopy')]))).toContain('was taken for')
  })

  it('cannot pack fields of another type, nor put them into vectors', () => {
    const module = new Shapes()
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
    const module = new Shapes()
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
    const module = new Shapes()
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
    const module = new Shapes()
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
    const module = new Shapes()
    module.write('cool', [
      [OP.ImmBorrowLoc, 0],
      [OP.ImmBorrowField, module.field('Hot')],
      [OP.MoveLoc, 0],
      [OP.Unpack, module.struct('Hot')],
      [OP.Pop],
      [OP.ReadRef],
      [OP.Ret],
    ])
    expect(refusal(() => module.call('cool', [module.make('hot')]))).toContain('ended')
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
    expect(refusal(() => module.call('same', drops, [own('NoCopy')]))).toContain('ended')
  })

  it('cannot return a reference to a local', () => {
    const module = new Shapes()
    const handle = module.tables.functionHandles.find(({ name }) => module.tables.identifiers[name] === 'no_copy')!
    const returned = module.signature([{ kind: 'reference', mutable: false, to: { kind: 'u64' } }])
    ;(handle as Writable<typeof handle>).returns = returned
    module.write('no_copy', [[OP.ImmBorrowLoc, 0], [OP.Ret]])
    expect(refusal(() => module.call('no_copy', [1n]))).toContain('gone')
  })

  it('cannot copy or lose a value without the ability', () => {
    const module = new Shapes()
    const lose = (body: readonly Instruction[]) => module.write('cool', body).call('cool', [module.make('hot')])
    expect(refusal(() => lose([[OP.LdTrue], [OP.Ret]]))).toContain('lost')
    expect(refusal(() => lose([[OP.MoveLoc, 0], [OP.Pop], [OP.Ret]]))).toContain('lost')
    expect(refusal(() => lose([[OP.CopyLoc, 0], [OP.Ret]]))).toContain('copied')
    expect(refusal(() => lose([[OP.ImmBorrowLoc, 0], [OP.ReadRef], [OP.Ret]]))).toContain('copied')
    const compare = [[OP.MoveLoc, 0], [OP.CopyLoc, 0], [OP.Eq], [OP.Ret]] as const
    expect(() => lose(compare)).toThrow()
  })

  it('cannot copy or lose an empty vector of what it could not copy or lose', () => {
    const module = new Shapes()
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
    const module = new Shapes()
    const same = module.sameOf(module.datatype('Hot'))
    module.write('cool', [[OP.MoveLoc, 0], [OP.LdTrue], [OP.CallGeneric, same], [OP.Ret]])
    expect(refusal(() => module.call('cool', [module.make('hot')]))).toContain('lacks an ability')
    const borrowed = module.sameOf({ kind: 'reference', mutable: false, to: { kind: 'u64' } })
    module.write('cool', [[OP.ImmBorrowLoc, 0], [OP.ImmBorrowLoc, 0], [OP.CallGeneric, borrowed], [OP.Ret]])
    expect(refusal(() => module.call('cool', [module.make('hot')]))).toContain('lacks an ability')
  })

  it('cannot take one enum for another', () => {
    const module = new Shapes()
    const [circle] = module.call('circle', [2n])
    const instance = module.tables.variantInstances.length
    const tree = module.tables.variantInstances as { of: number; tag: number }[]
    tree.push({ of: 0, tag: 1 })
    module.write('unwrap_circle', [[OP.MoveLoc, 0], [OP.UnpackVariantGeneric, instance], [OP.Ret]])
    expect(refusal(() => module.call('unwrap_circle', [circle!]))).toContain('was taken for')
  })
})
