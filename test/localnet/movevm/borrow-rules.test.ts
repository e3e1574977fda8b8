/** The borrow rules of `place.ts`, each broken by code that no compiler writes, beside code that keeps them narrowly. */

import { describe, expect, it } from 'vitest'
import { OP } from '../../../src/localnet/movevm/opcodes.ts'
import { PRIMITIVES } from '../../../src/localnet/movevm/types.ts'
import { MoveVector, Reference, type Value } from '../../../src/localnet/movevm/values.ts'
import { Handmade, type Instruction } from './handmade.ts'
import { faultOf } from './probe.ts'

const list = () => new MoveVector([10n, 20n, 30n], PRIMITIVES.u64)

/** Parameters of `play`, and further locals. */
const [PAIR, BOX, LIST, R, S, SPARE] = [0, 1, 2, 3, 4, 5]

const module = new Handmade('borrows', 'borrows')
const args = (): Value[] => [module.call('pair', [1n, 2n])[0]!, module.call('box', [3n, 4n, list()])[0]!, list()]
const [A, B] = [module.field('Pair', 0), module.field('Pair', 1)]
const [BOX_PAIR, BOX_LIST] = [module.field('Box', 0), module.field('Box', 1)]
const U64 = module.signature([PRIMITIVES.u64 as { kind: 'u64' }])
const call = (name: string): Instruction => [OP.Call, module.handle(name)]

/** Literals: number i is at place i. */
const NUMBERS = Array.from({ length: 100 }, (_, i) => BigInt(i))
const n = (value: number): Instruction => [OP.LdU64, value]

/** How `play` ends with such code: what it returns, or the message of an invariant fault. */
function play(...code: (Instruction | Instruction[])[]): bigint | string {
  const flat = code.flatMap((at) => (Array.isArray(at[0]) ? (at as Instruction[]) : [at as Instruction]))
  module.write('play', [...flat, [OP.Ret]], NUMBERS)
  let result: Value | undefined
  const run = () => {
    result = module.call('play', args())[0]
  }
  try {
    run()
  } catch {
    const fault = faultOf(run)
    expect(fault).toMatchObject({ fault: 'invariant', location: { module: 'borrows' } })
    return fault.message
  }
  return result as bigint
}

const borrowA = (local = PAIR): Instruction[] => [
  [OP.MutBorrowLoc, local],
  [OP.MutBorrowField, A],
]
const write = (value: number, reference: number): Instruction[] => [n(value), [OP.MoveLoc, reference], [OP.WriteRef]]
const writeKept = (value: number, reference: number): Instruction[] => [
  n(value),
  [OP.CopyLoc, reference],
  [OP.WriteRef],
]
const read = (reference: number): Instruction[] => [[OP.MoveLoc, reference], [OP.ReadRef]]
const keep = (reference: number): Instruction => [OP.StLoc, reference]

const ENDED = expect.stringContaining('ended')
const TWICE = expect.stringContaining('passed on twice')

describe('what the borrow rules allow', () => {
  it('runs: fields apart, readers beside readers, an older borrow before a younger one, elements in turn', () => {
    expect(module.call('allowed', args())).toEqual([95n])
  })

  it('lets a reference be left where it was, once it is done with', () => {
    const code = [...borrowA(), keep(R), ...writeKept(7, R), [OP.MutBorrowLoc, PAIR] as const, call('touch')]
    const whole: Instruction[] = [[OP.MutBorrowLoc, BOX], [OP.MutBorrowField, BOX_PAIR], call('touch')]
    expect(play(whole, code, [OP.ImmBorrowLoc, PAIR], call('look'))).toBe(10n)
  })
})

describe('two references to one place, one of them mutable', () => {
  it('are not passed to a function together', () => {
    const twice = (second: Instruction[]) => play(borrowA(), second, n(1), call('move_over'), n(0))
    expect(twice([...borrowA()])).toEqual(TWICE)
    expect(
      twice([
        [OP.MutBorrowLoc, PAIR],
        [OP.MutBorrowField, B],
      ]),
    ).toBe(0n)
    expect(play(borrowA(), keep(R), [OP.CopyLoc, R], [OP.MoveLoc, R], n(1), call('move_over'), n(0))).toEqual(TWICE)
    const reader: Instruction[] = [
      [OP.ImmBorrowLoc, PAIR],
      [OP.ImmBorrowField, A],
    ]
    expect(play(reader, keep(R), borrowA(), [OP.MoveLoc, R], call('add'), n(0))).toEqual(TWICE)
    expect(play(borrowA(), keep(R), [OP.CopyLoc, R], [OP.MoveLoc, R], [OP.FreezeRef], call('add'), n(0))).toEqual(TWICE)
  })

  it('are not passed together if one lies in the other, nor returned together', () => {
    const give = (first: Instruction[], second: Instruction[]) => {
      module.write('give', [...first, ...second, [OP.Ret]], NUMBERS)
      return module.call('give', [new Reference([args()[1]!], 0)])
    }
    const pair: Instruction[] = [
      [OP.CopyLoc, 0],
      [OP.MutBorrowField, BOX_PAIR],
    ]
    const inPair: Instruction[] = [...pair, [OP.MutBorrowField, A]]
    const inList: Instruction[] = [[OP.MoveLoc, 0], [OP.MutBorrowField, BOX_LIST], n(0), [OP.VecMutBorrow, U64]]
    expect(faultOf(() => give(pair, inPair)).message).toEqual(TWICE)
    expect(give(pair, inList)).toHaveLength(2)
  })

  it('are not used in turns', () => {
    const two = [...borrowA(), keep(R), ...borrowA(), keep(S)]
    expect(play(two, writeKept(5, R), writeKept(6, S), n(1))).toBe(1n)
    expect(play(two, writeKept(5, S), writeKept(6, R), n(1))).toEqual(ENDED)
    expect(play(two, writeKept(5, R), writeKept(6, S), read(R))).toEqual(ENDED)
    const locals: Instruction[] = [
      n(3),
      [OP.StLoc, SPARE],
      [OP.MutBorrowLoc, SPARE],
      keep(R),
      [OP.MutBorrowLoc, SPARE],
      keep(S),
    ]
    expect(play(locals, writeKept(5, S), read(R))).toEqual(ENDED)
  })

  it('do not both live when one is mutable and the other reads', () => {
    const reader: Instruction[] = [[OP.ImmBorrowLoc, PAIR], [OP.ImmBorrowField, A], keep(S)]
    expect(play(borrowA(), keep(R), reader, write(5, R), n(1))).toEqual(ENDED)
    expect(play(reader, borrowA(), keep(R), write(5, R), read(S))).toEqual(ENDED)
    // Read before the change, never after it.
    expect(play(reader, borrowA(), keep(R), read(S), write(5, R))).toBe(1n)
  })
})

describe('a reference into a value', () => {
  it('ends when the whole is handed on, changed, read or compared', () => {
    const inner = [...borrowA(), keep(R)]
    expect(play(inner, [OP.MutBorrowLoc, PAIR], call('touch'), read(R))).toEqual(ENDED)
    expect(play(inner, [OP.ImmBorrowLoc, PAIR], call('look'), [OP.Pop], write(5, R), n(1))).toEqual(ENDED)
    expect(play(inner, [OP.CopyLoc, PAIR], [OP.Pop], write(5, R), n(1))).toEqual(ENDED)
    expect(play(inner, [OP.MutBorrowLoc, PAIR], [OP.ReadRef], [OP.Pop], write(5, R), n(1))).toEqual(ENDED)
    const compare: Instruction[] = [
      [OP.MutBorrowLoc, PAIR],
      keep(S),
      [OP.CopyLoc, S],
      [OP.MoveLoc, S],
      [OP.Eq],
      [OP.Pop],
    ]
    expect(play(inner, compare, write(5, R), n(1))).toEqual(ENDED)
    const replace: Instruction[] = [
      n(8),
      n(9),
      [OP.Pack, module.struct('Pair')],
      [OP.MutBorrowLoc, PAIR],
      [OP.WriteRef],
    ]
    expect(play(inner, replace, read(R))).toMatch(/gone|ended/)
  })

  it('ends when the value is moved away, also if it comes back', () => {
    const away: Instruction[] = [
      [OP.MoveLoc, PAIR],
      [OP.StLoc, SPARE],
    ]
    const back: Instruction[] = [
      [OP.MoveLoc, SPARE],
      [OP.StLoc, PAIR],
    ]
    expect(play(borrowA(), keep(R), away, read(R))).toEqual(ENDED)
    expect(play(borrowA(), keep(R), away, back, read(R))).toEqual(ENDED)
    const number: Instruction[] = [n(3), [OP.StLoc, SPARE], [OP.ImmBorrowLoc, SPARE], keep(R)]
    expect(play(number, [OP.MoveLoc, SPARE], [OP.StLoc, SPARE], read(R))).toEqual(ENDED)
    expect(play(number, n(4), [OP.StLoc, SPARE], read(R))).toEqual(ENDED)
  })

  it('that a function returned ends when the value is handed on again', () => {
    const returned: Instruction[] = [[OP.MutBorrowLoc, PAIR], call('a_of'), keep(R)]
    expect(play(returned, write(5, R), n(1))).toBe(1n)
    expect(play(returned, [OP.MutBorrowLoc, PAIR], call('touch'), write(5, R), n(1))).toEqual(ENDED)
  })
})

describe('a reference to an element', () => {
  const element = (index: number, into: number): Instruction[] => [
    [OP.MutBorrowLoc, LIST],
    n(index),
    [OP.VecMutBorrow, U64],
    keep(into),
  ]

  it('ends when the vector grows, shrinks or is put in another order', () => {
    const push: Instruction[] = [[OP.MutBorrowLoc, LIST], n(9), [OP.VecPushBack, U64]]
    const pop: Instruction[] = [[OP.MutBorrowLoc, LIST], [OP.VecPopBack, U64], [OP.Pop]]
    const swap: Instruction[] = [[OP.MutBorrowLoc, LIST], n(0), n(2), [OP.VecSwap, U64]]
    for (const change of [push, pop, swap, [...pop, ...push]]) {
      expect(play(element(2, R), change, read(R))).toEqual(ENDED)
      expect(play(change, element(1, R), read(R))).toBe(20n)
    }
  })

  it('ends when another is borrowed to be changed, or the vector is read', () => {
    expect(play(element(0, R), element(1, S), read(R))).toEqual(ENDED)
    const length: Instruction[] = [[OP.ImmBorrowLoc, LIST], [OP.VecLen, U64], [OP.Pop]]
    expect(play(element(0, R), length, write(5, R), n(1))).toEqual(ENDED)
    const reader: Instruction[] = [[OP.ImmBorrowLoc, LIST], n(0), [OP.VecImmBorrow, U64], keep(S)]
    expect(play(reader, element(0, R), write(5, R), read(S))).toEqual(ENDED)
    expect(play(reader, reader, read(S))).toBe(10n)
    const throughMutable: Instruction[] = [[OP.MutBorrowLoc, LIST], n(0), [OP.VecImmBorrow, U64], keep(S)]
    expect(play(element(0, R), throughMutable, write(5, R), n(1))).toEqual(ENDED)
  })
})
