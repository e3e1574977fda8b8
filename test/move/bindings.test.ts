import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { buildBindings } from '../../src/move/bindings.ts'
import { readDefinitions } from '../../src/move/definitions.ts'
import { loadPackage } from '../../src/move/packages.ts'
import { extractParameterNames } from '../../src/move/parameter-names.ts'

const folder = fileURLToPath(new URL('../../src/ledger/bindings/', import.meta.url))

describe('the checked-in bindings', () => {
  it('are what the compiled packages give, byte for byte, and nothing else', () => {
    const built = buildBindings()
    const checkedIn = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).split(sep).join('/'))
    expect(checkedIn.sort()).toEqual([...built.keys()].sort())
    for (const [path, text] of built) expect(readFileSync(join(folder, path), 'utf8'), path).toBe(text)
  })
})

describe('definitions of a module', () => {
  const push = readDefinitions(loadPackage('floe').modules.find(({ name }) => name === 'push')!.bytes)

  it('are its structs with their fields, and the functions that transactions can call', () => {
    expect(push.datatypes.map(({ name, abilities }) => [name, abilities])).toEqual([['Push', ['store', 'key']]])
    const begin = push.functions.find(({ name }) => name === 'begin')
    expect(begin?.parameters).toHaveLength(6)
    expect(begin?.results).toMatchObject([{ kind: 'datatype', path: { module: 'push', name: 'Push' } }])
    expect(push.functions.map(({ name }) => name)).not.toContain('assert_same')
  })

  it('know the variants of an enum', () => {
    const inner = loadPackage('walrus').modules.find(({ name }) => name === 'staking_inner')!
    const state = readDefinitions(inner.bytes).datatypes.find(({ name }) => name === 'EpochState')
    expect(state?.variants?.map(({ name, fields }) => [name, fields.length])).toEqual([
      ['EpochChangeSync', 1],
      ['EpochChangeDone', 1],
      ['NextParamsSelected', 1],
    ])
  })

  it('refuse a module cut short, wherever it is cut', () => {
    const { bytes } = loadPackage('wal').modules[0]!
    for (let length = 0; length < bytes.length; length += 7)
      expect(() => readDefinitions(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'MOVE_BYTECODE_MALFORMED' }),
      )
  })
})

describe('names of parameters', () => {
  it('come from the source, whatever stands inside the types and comments', () => {
    const text = `module a::m;
      /// fun ghost(x: u8)
      public fun one<K: copy, V>(self: &mut Map<K, V>, mut pairs: vector<(u8, u64)>, // a comment, with: colons
        last: bool,
      ): u64 { 0 }
      fun two() {}`
    expect([...extractParameterNames({ 'sources/m.move': text })]).toEqual([
      ['m::one', ['self', 'pairs', 'last']],
      ['m::two', []],
    ])
  })

  it('cannot be read from a source that breaks off', () => {
    expect(() => extractParameterNames({ 'sources/m.move': 'module a::m;\nfun f(a: u8' })).toThrow(
      expect.objectContaining({ code: 'MOVE_SOURCE_INVALID' }),
    )
  })
})
