import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { integer, toBigInt, type Width } from '../../../src/localnet/movevm/integers.ts'
import { call, faultOf } from './probe.ts'

const WIDTHS: Width[] = [8, 16, 32, 64, 128, 256]

/** What Move says each instruction gives; nothing where it is an arithmetic error. */
const ORACLE: Record<string, (a: bigint, b: bigint) => bigint | undefined> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? undefined : a / b),
  mod: (a, b) => (b === 0n ? undefined : a % b),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  xor: (a, b) => a ^ b,
}
const COMPARE: Record<string, (a: bigint, b: bigint) => boolean> = {
  lt: (a, b) => a < b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  ge: (a, b) => a >= b,
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
}

/** Numbers of a width with a liking for the ends of the range. */
function numbers(width: Width): fc.Arbitrary<bigint> {
  const max = (1n << BigInt(width)) - 1n
  return fc.oneof(fc.constantFrom(0n, 1n, 2n, max, max - 1n, 1n << BigInt(width - 1)), fc.bigInt(0n, max))
}

function result(name: string, width: Width, a: bigint, b: bigint): bigint | boolean | 'arithmetic' {
  try {
    const [value] = call('numbers', `${name}_u${width}`, [integer(width, a), integer(width, b)])
    return typeof value === 'boolean' ? value : toBigInt(value)
  } catch (error) {
    if ((error as { fault?: string }).fault === 'arithmetic') return 'arithmetic'
    throw error
  }
}

describe.each(WIDTHS)('instructions on u%i', (width) => {
  const max = (1n << BigInt(width)) - 1n

  it('compute like unbounded integers and fail where the result does not fit', () => {
    fc.assert(
      fc.property(numbers(width), numbers(width), fc.constantFrom(...Object.keys(ORACLE)), (a, b, name) => {
        const exact = ORACLE[name]!(a, b)
        const fits = exact !== undefined && exact >= 0n && exact <= max
        expect(result(name, width, a, b)).toBe(fits ? exact : 'arithmetic')
      }),
      { numRuns: 150 },
    )
  })

  it('compare like numbers', () => {
    fc.assert(
      fc.property(numbers(width), numbers(width), fc.constantFrom(...Object.keys(COMPARE)), (a, b, name) => {
        expect(result(name, width, a, b)).toBe(COMPARE[name]!(a, b))
      }),
      { numRuns: 100 },
    )
  })

  it('shift within the width, losing high bits', () => {
    for (const distance of [0, 1, width - 1]) {
      const [left] = call('numbers', `shl_u${width}`, [integer(width, max), distance])
      expect(toBigInt(left)).toBe((max << BigInt(distance)) & max)
      const [right] = call('numbers', `shr_u${width}`, [integer(width, max), distance])
      expect(toBigInt(right)).toBe(max >> BigInt(distance))
    }
    // For u256 every u8 is a valid distance.
    if (width === 256) return
    for (const name of ['shl', 'shr']) {
      const fault = faultOf(() => call('numbers', `${name}_u${width}`, [integer(width, 1n), width]))
      expect(fault).toMatchObject({ fault: 'arithmetic', location: { functionName: `${name}_u${width}` } })
    }
  })

  it('convert if the number fits', () => {
    expect(toBigInt(call('numbers', `cast_u${width}`, [integer(256, max)])[0])).toBe(max)
    expect(toBigInt(call('numbers', `widen_u${width}`, [integer(width, max)])[0])).toBe(max)
    if (width === 256) return
    expect(faultOf(() => call('numbers', `cast_u${width}`, [integer(256, max + 1n)])).fault).toBe('arithmetic')
  })
})

it('names the function and instruction of an arithmetic error', () => {
  expect(faultOf(() => call('numbers', 'add_u8', [255, 1])).location).toMatchObject({
    module: 'numbers',
    functionName: 'add_u8',
    instruction: 2,
  })
})

it('computes with booleans', () => {
  expect(call('numbers', 'logic', [true, false])).toEqual([false, true, false])
})
