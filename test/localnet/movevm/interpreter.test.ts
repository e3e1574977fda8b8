import { describe, expect, it } from 'vitest'
import { integer } from '../../../src/localnet/movevm/integers.ts'
import { normalizeAddress, PRIMITIVES } from '../../../src/localnet/movevm/types.ts'
import { MoveVector, Reference, type Value, Variant } from '../../../src/localnet/movevm/values.ts'
import { bytes, call, faultOf, PROBE, plain, text } from './probe.ts'

const shapes = (name: string, args: Value[] = [], typeArguments: string[] = []) =>
  call('shapes', name, args, { typeArguments }).map(plain)
const lists = (name: string, args: Value[] = []) => call('lists', name, args).map(plain)

describe('enums', () => {
  it('are packed, switched on by reference and taken apart', () => {
    expect(shapes('circle', [5n])).toEqual([[1, 5n]])
    const [rectangle] = call('shapes', 'rectangle', [3n, 4n])
    expect(shapes('grow', [rectangle!])).toEqual([[2, 30n, 4n]])
    const [circle] = call('shapes', 'circle', [9n])
    expect(shapes('grow', [circle!])).toEqual([[1, 10n]])
    const [empty] = call('shapes', 'empty', [])
    expect(shapes('grow', [empty!])).toEqual([[0]])
  })

  it('of the wrong variant reach the branch that says so', () => {
    const [empty] = call('shapes', 'empty', [])
    expect(faultOf(() => call('shapes', 'unwrap_circle', [empty!]))).toMatchObject({ fault: 'abort', abortCode: 9n })
  })

  it('may be generic and hold vectors that are changed through references', () => {
    expect(shapes('weigh')).toEqual([118n])
    expect(shapes('add_item', [6n])).toEqual([24n])
  })

  it('with a tag that the code does not know are a fault, not a crash', () => {
    const [circle] = call('shapes', 'circle', [9n])
    const forged = new Variant((circle as Variant).layout, 7, [])
    expect(faultOf(() => call('shapes', 'unwrap_circle', [forged])).fault).toBe('invariant')
  })
})

describe('structs', () => {
  it('take type arguments', () => {
    expect(shapes('nested')).toEqual([['xy', [true, `0x${'abc'.padStart(64, '0')}`]]])
    const [pair] = call('shapes', 'pair', [1, bytes('q')], { typeArguments: ['u8', 'vector<u8>'] })
    expect(call('shapes', 'swap', [pair!], { typeArguments: ['u8', 'vector<u8>'] }).map(plain)).toEqual([['q', 1]])
    expect(shapes('tagged', [integer(32, 3n)], [`${PROBE}::shapes::Hot`])).toEqual([[3n]])
  })

  it('are changed through references to their fields', () => {
    expect(shapes('through_references')).toEqual([40n, 5n])
  })

  it('know their abilities: what cannot be copied is not', () => {
    const [hot] = call('shapes', 'hot', [3n])
    expect(faultOf(() => call('shapes', 'same', [hot!, 1n], { typeArguments: ['u64'] })).fault).toBe('invariant')
  })

  it('are compared by value', () => {
    const pair = () => call('shapes', 'nested', [])[0]!
    const type = `${PROBE}::shapes::Pair<vector<u8>,${PROBE}::shapes::Pair<bool,address>>`
    expect(shapes('same', [pair(), pair()], [type])).toEqual([true])
    expect(shapes('same', [bytes('a'), bytes('b')], ['vector<u8>'])).toEqual([false])
  })
})

describe('constants', () => {
  it('are fresh values of their type', () => {
    const expected = [
      [1n, 2n, 3n, 65535n],
      ['one', '', 'three'],
    ]
    const first = call('shapes', 'constants', [])
    expect(first.map(plain)).toEqual(expected)
    // A caller may change what it got without changing the constant.
    ;(first[0] as MoveVector).items.length = 0
    expect(shapes('constants')).toEqual(expected)
    expect(shapes('wide')).toEqual([65535n, 4294967295n, 2n ** 128n - 1n, 2n ** 255n])
  })
})

describe('vectors', () => {
  it('grow, swap and are read, of bytes and of numbers', () => {
    const [packed, numbers] = call('lists', 'ends', [300n])
    expect((packed as ReturnType<typeof bytes>).bytes.slice(0, 3)).toEqual(Uint8Array.of(299 % 256, 1, 2))
    expect((numbers as MoveVector).items.at(-1)).toBe(0n)
    expect((numbers as MoveVector).items[0]).toBe(299n * 299n)
  })

  it('are copied deeply', () => {
    expect(lists('copies')).toEqual(['abc', 'abcd'])
    expect(lists('nested')).toEqual([['a', 'bc']])
  })

  it('are changed in place through references to their elements', () => {
    expect(lists('set', [bytes('abc'), 1n, 120])).toEqual(['axc'])
    expect(lists('pop', [new MoveVector([1n, 2n], PRIMITIVES.u64)])).toEqual([2n, [1n]])
  })

  it('fault with the sub-status of the chain', () => {
    const list = () => new MoveVector([1n], PRIMITIVES.u64)
    expect(faultOf(() => lists('element', [list(), 1n]))).toMatchObject({ fault: 'vector', abortCode: 1n })
    expect(faultOf(() => lists('element', [list(), 2n ** 64n - 1n]))).toMatchObject({ fault: 'vector', abortCode: 1n })
    expect(faultOf(() => lists('pop', [new MoveVector([], PRIMITIVES.u64)]))).toMatchObject({
      fault: 'vector',
      abortCode: 2n,
    })
    expect(faultOf(() => lists('destroy', [list()]))).toMatchObject({ fault: 'vector', abortCode: 3n })
  })
})

describe('limits', () => {
  it('end a loop that would run for ever', () => {
    const fault = faultOf(() => call('lists', 'forever', [], { maxInstructions: 1_000_000 }))
    expect(fault).toMatchObject({ fault: 'out-of-gas', location: { functionName: 'forever' } })
  })

  it('end a recursion that is too deep, and allow one that is not', () => {
    expect(lists('deep', [1000n])).toEqual([1000n])
    expect(faultOf(() => lists('deep', [5000n]))).toMatchObject({ fault: 'limit', location: { functionName: 'deep' } })
  })

  it('end a vector that doubles for ever, and one that is as long as it may be', () => {
    expect(faultOf(() => call('lists', 'hoard', [], { maxInstructions: 1_000_000 })).fault).toBe('out-of-gas')
    const full = new Reference([text('x'.repeat(262_144))], 0)
    expect(faultOf(() => call('shapes', 'add_text', [full, text('y')]))).toMatchObject({
      fault: 'limit',
      location: { module: 'vector', packageId: normalizeAddress('0x1') },
    })
  })

  it('stop at the instructions that are paid for', () => {
    expect(call('lists', 'sum', [10n], { maxInstructions: 500 })).toEqual([45n])
    expect(faultOf(() => call('lists', 'sum', [1000n], { maxInstructions: 500 })).fault).toBe('out-of-gas')
  })
})

describe('operands of the wrong kind', () => {
  const wrong: [string, string, Value[]][] = [
    ['lists', 'sum', [true]],
    ['lists', 'element', [bytes('a'), 5]],
    ['shapes', 'area', [3n]],
    ['shapes', 'cool', [3n]],
    ['numbers', 'add_u8', [1, 2n]],
    ['numbers', 'logic', [1n, true]],
    ['lists', 'set', [text('x'), 0n, 1]],
  ]
  it.each(wrong)('are a fault, not a crash: %s::%s', (module, name, args) => {
    expect(faultOf(() => call(module, name, args))).toMatchObject({ fault: 'invariant' })
  })

  it('and too few of them as well', () => {
    expect(faultOf(() => call('lists', 'sum', [])).fault).toBe('invariant')
  })
})
