import { describe, expect, it } from 'vitest'
import { callFunction } from '../../../src/localnet/movevm/interpreter.ts'
import { Loader } from '../../../src/localnet/movevm/loader.ts'
import { Machine } from '../../../src/localnet/movevm/machine.ts'
import { readModule } from '../../../src/localnet/movevm/module-reader.ts'
import { OP } from '../../../src/localnet/movevm/opcodes.ts'
import { normalizeAddress, parseType } from '../../../src/localnet/movevm/types.ts'
import type { Value } from '../../../src/localnet/movevm/values.ts'
import { faultOf, source, storedPackage, vectorModules } from './probe.ts'

const modules = vectorModules('probe')

/** Calls a function of a probe module in which a byte sequence of the code was replaced everywhere. */
function callPatched(
  module: string,
  name: string,
  patch: { from: number[]; to: number[] },
  args: Value[],
  typeArguments: string[] = [],
): Value[] {
  const bytes = modules.find((candidate) => readModule(candidate).name === module)!.slice()
  let found = 0
  for (let at = 0; (at = Buffer.from(bytes).indexOf(Buffer.from(patch.from), at)) >= 0; found++) bytes.set(patch.to, at)
  if (found === 0) throw new Error('the sequence to replace is not in the module')
  const stored = storedPackage(normalizeAddress('0x0'), [bytes], ['0x1', '0x2'].map(normalizeAddress))
  const loader = new Loader({ getObject: (id) => (id === stored.id ? stored : source.getObject(id)) })
  const linked = loader.linkage(stored.id).module(stored.id, module).function(name)
  return callFunction(new Machine(loader, new Map(), undefined), linked.instance(typeArguments.map(parseType)), args)
}

describe('instructions the compiler does not emit', () => {
  it('are all but four of the 76', () => {
    const emitted = new Set<number>()
    for (const bytes of modules) {
      for (const { code } of readModule(bytes).functionDefinitions)
        for (const opcode of code?.opcodes ?? []) emitted.add(opcode)
    }
    const missing = Object.entries(OP).filter(([, opcode]) => !emitted.has(opcode))
    expect(missing.map(([name]) => name)).toEqual(['BrTrue', 'Or', 'And', 'Nop'])
  })

  // same<T>(a, b): MoveLoc 0, MoveLoc 1, Eq, Ret
  const same = [OP.MoveLoc, 0, OP.MoveLoc, 1, OP.Eq, OP.Ret]
  it.each([
    ['And', (a: boolean, b: boolean) => a && b],
    ['Or', (a: boolean, b: boolean) => a || b],
  ] as const)('%s combines two booleans', (name, expected) => {
    const to = same.with(4, OP[name])
    for (const a of [true, false]) {
      for (const b of [true, false]) {
        expect(callPatched('shapes', 'same', { from: same, to }, [a, b], ['bool'])).toEqual([expected(a, b)])
      }
    }
    expect(faultOf(() => callPatched('shapes', 'same', { from: same, to }, [1n, true], ['bool'])).fault).toBe(
      'invariant',
    )
  })

  it('BrTrue jumps where BrFalse would not', () => {
    // deep(n): if (n == 0) 0 else …
    const from = [OP.Eq, OP.BrFalse]
    const patch = { from, to: [OP.Eq, OP.BrTrue] }
    expect(callPatched('lists', 'deep', patch, [5n])).toEqual([0n])
    expect(faultOf(() => callPatched('lists', 'deep', patch, [0n])).fault).toBe('arithmetic')
  })
})

describe('code that the verifier of the chain would refuse', () => {
  const same = [OP.MoveLoc, 0, OP.MoveLoc, 1, OP.Eq, OP.Ret]
  it.each([
    ['reads a local twice after moving it', same.with(3, 0)],
    ['returns with operands left', same.with(4, OP.LdTrue)],
    ['pops from an empty stack', same.with(0, OP.StLoc)],
  ])('faults where it %s', (_, to) => {
    expect(faultOf(() => callPatched('shapes', 'same', { from: same, to }, [1n, 2n], ['u64'])).fault).toBe('invariant')
  })
})
