import { describe, expect, it } from 'vitest'
import { floeForPublishing, isFloeOfThisVersion } from '../../src/ledger/floe-package.ts'
import { checkedPackage } from '../../src/ledger/package-answer.ts'
import { readModuleNames } from '../../src/move/bytecode.ts'
import { loadPackage, PACKAGE_ADDRESSES, relocatePackage } from '../../src/move/packages.ts'

const WAL = `0x${'aa'.repeat(32)}`
const ORIGINAL = `0x${'b1'.repeat(32)}`
const NEWEST = `0x${'b3'.repeat(32)}`
const FLOE = `0x${'f1'.repeat(32)}`
const ids = { walPackageId: WAL, walrusOriginalId: ORIGINAL }

describe('the floe package for a network', () => {
  it('names types by the first Walrus package and links to the newest', () => {
    const { modules, dependencies } = floeForPublishing(ids, NEWEST)
    expect(dependencies).toContain(NEWEST)
    expect(dependencies).toContain(WAL)
    expect(dependencies).not.toContain(ORIGINAL)
    const addresses = new Set(modules.flatMap((module) => readModuleNames(Uint8Array.from(module)).addresses))
    for (const local of [PACKAGE_ADDRESSES.floe, PACKAGE_ADDRESSES.walrus, PACKAGE_ADDRESSES.wal])
      expect(addresses).not.toContain(local)
    expect(addresses).toContain(ORIGINAL)
    // What is published has no address yet.
    expect(addresses).toContain(`0x${'0'.repeat(64)}`)
  })

  it('is recognised by its code, byte for byte, whatever its id', () => {
    const { modules } = relocatePackage(loadPackage('floe'), { floe: FLOE, wal: WAL, walrus: ORIGINAL })
    const published = { id: FLOE, originalId: FLOE, version: 1, modules: modules.map((module) => ({ ...module })) }
    expect(isFloeOfThisVersion(published, ids)).toBe(true)
    expect(isFloeOfThisVersion({ ...published, originalId: NEWEST }, ids)).toBe(false)
    expect(isFloeOfThisVersion({ ...published, modules: published.modules.slice(1) }, ids)).toBe(false)
    const changed = published.modules.map(({ name, bytes }, i) => ({
      name,
      bytes: i === 3 ? bytes.with(60, 9) : bytes,
    }))
    expect(isFloeOfThisVersion({ ...published, modules: changed }, ids)).toBe(false)
  })
})

describe('a package as a ledger answers it', () => {
  it('is refused when it is another one, empty, or larger than any package', () => {
    const module = { name: 'm', contents: new Uint8Array(10) }
    expect(checkedPackage({ storageId: FLOE, version: 2n, modules: [module] }, FLOE)).toMatchObject({ version: 2 })
    const wrong = [
      { storageId: WAL, modules: [module] },
      { modules: [module] },
      { storageId: FLOE, modules: [] },
      { storageId: FLOE, modules: [{ name: 'm' }] },
      { storageId: FLOE, modules: [{ name: 'm', contents: new Uint8Array(5_000_000) }] },
      { storageId: FLOE, modules: new Array(5000).fill(module) },
    ]
    for (const answer of wrong)
      expect(() => checkedPackage(answer, FLOE)).toThrow(expect.objectContaining({ code: 'LEDGER_ANSWER_MALFORMED' }))
  })
})
