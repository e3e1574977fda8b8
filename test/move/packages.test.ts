import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import { readModuleNames } from '../../src/move/bytecode.ts'
import { loadPackage, loadPackages, PACKAGE_ADDRESSES, relocatePackage } from '../../src/move/packages.ts'

/** Public ids of mainnet: WAL, and the original id of Walrus, which types carry. */
const MAINNET = {
  wal: '0x356a26eb9e012a68958082340d4c4116e7f55615cf27affcff209cf0ae544f59',
  walrus: '0xfdc88f7d7cf30afab2f82e8380d11ee8f70efb90e863d1de8616fae1bb09ea77',
}

describe('loadPackages', () => {
  it('gives every package after those it needs', () => {
    const seen = new Set<string>()
    for (const compiled of loadPackages()) {
      for (const address of compiled.dependencies) expect(seen).toContain(address)
      seen.add(compiled.address)
    }
    expect(seen.size).toBe(5)
  })

  it('gives modules that carry their package address and name', () => {
    for (const compiled of loadPackages()) {
      expect(compiled.address).toBe(PACKAGE_ADDRESSES[compiled.name])
      for (const module of compiled.modules) {
        expect(readModuleNames(module.bytes)).toMatchObject({ address: compiled.address, name: module.name })
      }
    }
  })

  it('names only the packages that are declared', () => {
    for (const compiled of loadPackages()) {
      const allowed = new Set([compiled.address, ...compiled.dependencies])
      for (const module of compiled.modules) {
        for (const address of readModuleNames(module.bytes).addresses) expect(allowed).toContain(address)
      }
    }
  })
})

describe('relocatePackage', () => {
  it('prepares floe for publishing on a real network', () => {
    const floe = loadPackage('floe')
    const moved = relocatePackage(floe, { floe: '0x0', ...MAINNET })
    expect(moved.address).toBe(`0x${'0'.repeat(64)}`)
    expect(moved.dependencies).toEqual(
      [PACKAGE_ADDRESSES['move-stdlib'], PACKAGE_ADDRESSES['sui-framework'], MAINNET.wal, MAINNET.walrus].sort(),
    )
    for (const [i, module] of moved.modules.entries()) {
      const names = readModuleNames(module.bytes)
      expect(names).toMatchObject({ address: moved.address, name: floe.modules[i]!.name })
      expect(names.addresses.some((address) => address.startsWith('0xf10e0'))).toBe(false)
      expect(module.bytes).toHaveLength(floe.modules[i]!.bytes.length)
    }
    const text = Buffer.concat(moved.modules.map((module) => module.bytes)).toString('hex')
    expect(text).not.toContain(PACKAGE_ADDRESSES.walrus.slice(2))
  })

  it('leaves its input alone and comes back', () => {
    const floe = loadPackage('floe')
    const before = floe.modules.map((module) => Buffer.from(module.bytes).toString('hex'))
    const there = relocatePackage(floe, { walrus: MAINNET.walrus })
    expect(floe.modules.map((module) => Buffer.from(module.bytes).toString('hex'))).toEqual(before)
    expect(there.modules.map((module) => Buffer.from(module.bytes).toString('hex'))).not.toEqual(before)
    expect(relocatePackage(floe, {}).modules).toEqual(floe.modules)
  })

  it('takes short addresses and refuses what is none', () => {
    const floe = loadPackage('floe')
    const short = relocatePackage(floe, { floe: '0xab' })
    expect(short.address).toBe(`0x${'ab'.padStart(64, '0')}`)
    expect(fromHex(short.address.slice(2)).at(-1)).toBe(0xab)
    expect(() => relocatePackage(floe, { floe: '0x' })).toThrow(RangeError)
    expect(() => relocatePackage(floe, { floe: 'no hex' })).toThrow(RangeError)
    expect(() => relocatePackage(floe, { floe: 'a'.repeat(65) })).toThrow(RangeError)
  })
})
