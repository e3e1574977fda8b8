import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { readModuleNames, relocateModule } from '../../src/move/bytecode.ts'
import { MoveBytecodeError } from '../../src/move/errors.ts'
import { loadPackage, PACKAGE_ADDRESSES } from '../../src/move/packages.ts'

const module = loadPackage('wal').modules[0]!.bytes

describe('readModuleNames', () => {
  it('reads name and addresses of a module', () => {
    const names = readModuleNames(module)
    expect(names.name).toBe('wal')
    expect(names.address).toBe(PACKAGE_ADDRESSES.wal)
    expect([...names.addresses].sort()).toEqual(
      [PACKAGE_ADDRESSES['move-stdlib'], PACKAGE_ADDRESSES['sui-framework'], PACKAGE_ADDRESSES.wal].sort(),
    )
  })

  it('refuses every beginning of a module with a coded error', () => {
    // The last byte is the index of the own handle: without it nothing can be said.
    for (let length = 0; length < module.length; length++) {
      expect(() => readModuleNames(module.subarray(0, length))).toThrow(MoveBytecodeError)
    }
  })

  it('gives a coded error or an answer for mutated bytes', () => {
    const rng = createRng(7)
    for (let round = 0; round < 3_000; round++) {
      const mutated = module.slice()
      for (let i = 0; i < 1 + rng.below(4); i++) mutated[rng.below(mutated.length)] = rng.below(256)
      try {
        expect(readModuleNames(mutated).addresses.length).toBeLessThan(module.length)
      } catch (error) {
        expect(error).toBeInstanceOf(MoveBytecodeError)
      }
    }
  })
})

describe('relocateModule', () => {
  it('changes the bytes of one address and nothing else', () => {
    const other = new Uint8Array(32).fill(0xcd)
    const moved = relocateModule(module, new Map([[PACKAGE_ADDRESSES.wal, other]]))
    expect(readModuleNames(moved).address).toBe(`0x${'cd'.repeat(32)}`)
    const changed = moved.reduce((count, byte, i) => count + (byte === module[i] ? 0 : 1), 0)
    expect(changed).toBe(32)
  })
})
