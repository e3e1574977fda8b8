import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { MoveBytecodeError } from '../../src/move/errors.ts'
import { buildSurface, jsonText } from '../../src/move/package-files.ts'
import { BUILT_PACKAGE_NAMES, loadPackage, PACKAGE_ADDRESSES, readPackageFile } from '../../src/move/packages.ts'
import { readSurface } from '../../src/move/surface.ts'

const surface = buildSurface(Object.fromEntries(BUILT_PACKAGE_NAMES.map((name) => [name, readPackageFile(name)])))
const ofPackage = (facts: readonly string[], address: string) => facts.filter((fact) => fact.includes(`${address}::`))

describe('what the bytecode leans on', () => {
  it('is what is checked in', () => {
    const checkedIn = readFileSync(new URL('../../src/move/surface.json', import.meta.url), 'utf8')
    expect(jsonText(surface)).toBe(checkedIn)
  })

  it('of walrus, in floe, are getters of a blob and nothing with a version check', () => {
    const walrus = PACKAGE_ADDRESSES.walrus
    const blob = `${walrus}::blob::Blob`
    const storage = `${walrus}::storage_resource::Storage`
    expect(ofPackage(surface['floe']!, walrus).filter((fact) => !fact.startsWith('fun 0x2::'))).toEqual([
      `fun ${walrus}::blob::blob_id(&${blob}): (u256)`,
      `fun ${walrus}::blob::certified_epoch(&${blob}): (&0x1::option::Option<u32>)`,
      `fun ${walrus}::blob::end_epoch(&${blob}): (u32)`,
      `fun ${walrus}::blob::is_deletable(&${blob}): (bool)`,
      `fun ${walrus}::blob::registered_epoch(&${blob}): (u32)`,
      `fun ${walrus}::blob::size(&${blob}): (u64)`,
      `fun ${walrus}::blob::storage(&${blob}): (&${storage})`,
      `fun ${walrus}::storage_resource::size(&${storage}): (u64)`,
      `type ${blob} has store+key`,
      `type ${storage} has store+key`,
    ])
  })

  it('of wal, in all others, is the coin type', () => {
    const wal = PACKAGE_ADDRESSES.wal
    for (const name of ['floe', 'walrus', 'wal_exchange'])
      expect(ofPackage(surface[name]!, wal).filter((fact) => fact.startsWith(`type ${wal}`))).toEqual([
        `type ${wal}::wal::WAL has drop`,
      ])
  })

  it('is only what the packages below offer', () => {
    const prefixes = ['0x1::', '0x2::', `${PACKAGE_ADDRESSES.wal}::`, `${PACKAGE_ADDRESSES.walrus}::`]
    for (const facts of Object.values(surface))
      for (const fact of facts) expect(prefixes.some((prefix) => fact.split(' ')[1]!.startsWith(prefix))).toBe(true)
  })
})

describe('readSurface', () => {
  it('writes types as Move does', () => {
    expect(surface['floe']).toContain(
      'fun 0x2::table::add<T0: copy+drop+store, T1: store>(&mut 0x2::table::Table<T0, T1>, T0, T1): ()',
    )
    expect(surface['floe']).toContain('type 0x2::coin::Coin<phantom none> has store+key')
  })

  it('gives a coded error or an answer for mutated bytes', () => {
    const module = loadPackage('wal').modules[0]!.bytes
    const rng = createRng(11)
    let refused = 0
    for (let round = 0; round < 2_000; round++) {
      const mutated = module.slice()
      for (let i = 0; i < 1 + rng.below(4); i++) mutated[rng.below(mutated.length)] = rng.below(256)
      try {
        readSurface(mutated, PACKAGE_ADDRESSES.wal)
      } catch (error) {
        refused++
        expect(error).toBeInstanceOf(MoveBytecodeError)
      }
    }
    expect(refused).toBeGreaterThan(100)
  })
})
