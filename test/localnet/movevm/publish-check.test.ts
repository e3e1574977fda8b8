import { describe, expect, it } from 'vitest'
import type { MoveModule } from '../../../src/localnet/movevm/module.ts'
import { readModule } from '../../../src/localnet/movevm/module-reader.ts'
import { findObstacle } from '../../../src/localnet/movevm/publish-check.ts'
import { loadPackage } from '../../../src/move/packages.ts'
import { vectorModules } from './probe.ts'

const things = vectorModules('probe')
  .map(readModule)
  .find(({ name }) => name === 'things')!
const handleOf = (module: MoveModule, type: string) =>
  module.datatypeHandles.findIndex(({ name }) => module.identifiers[name] === type)

/** The module with one datatype handle changed. */
function withAbilities(type: string, abilities: number): MoveModule {
  const at = handleOf(things, type)
  return { ...things, datatypeHandles: things.datatypeHandles.map((h, i) => (i === at ? { ...h, abilities } : h)) }
}

/** The module with the definition of `init` changed. */
function withInit(change: Partial<MoveModule['functionDefinitions'][number]>): MoveModule {
  return {
    ...things,
    functionDefinitions: things.functionDefinitions.map((definition) =>
      things.identifiers[things.functionHandles[definition.handle]!.name] === 'init'
        ? { ...definition, ...change }
        : definition,
    ),
  }
}

describe('modules to be published', () => {
  it('pass as the compiler writes them', () => {
    const modules = [
      ...vectorModules('probe'),
      ...(['wal', 'walrus', 'floe'] as const).flatMap((name) => loadPackage(name).modules.map(({ bytes }) => bytes)),
    ]
    for (const bytes of modules) expect(findObstacle(readModule(bytes))).toBeUndefined()
  })

  it('may not claim abilities their fields lack', () => {
    // Thing { id: UID, .. } with copy: a UID cannot be copied.
    expect(findObstacle(withAbilities('Thing', 0b1101))).toBe('abilities')
    expect(findObstacle(withAbilities('Thing', 0b1110))).toBe('abilities')
  })

  it('may not have objects without an id', () => {
    // Born { id: ID, .. } starts with an ID, not a UID.
    expect(findObstacle(withAbilities('Born', 0b1000))).toBe('object')
  })

  it('may not bring native functions', () => {
    const hash = loadPackage('sui-framework').modules.find(({ name }) => name === 'hash')!
    expect(findObstacle(readModule(hash.bytes))).toBe('native')
  })

  it('may not have an init that others could call, nor with another witness', () => {
    expect(findObstacle(withInit({ visibility: 'public' }))).toBe('init')
    expect(findObstacle(withInit({ isEntry: true }))).toBe('init')
    expect(findObstacle(withAbilities('THINGS', 0b0011))).toBe('init')
  })
})
