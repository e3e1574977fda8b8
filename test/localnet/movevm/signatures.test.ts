import { describe, expect, it } from 'vitest'
import { moduleFunction, structLayout } from '../../../src/localnet/movevm/signatures.ts'
import { normalizeAddress } from '../../../src/localnet/movevm/types.ts'
import { PROBE, source } from './probe.ts'

const TX_CONTEXT = `${normalizeAddress('0x2')}::tx_context::TxContext`

describe('signatures of functions', () => {
  it('show references, type parameters and the context', () => {
    expect(moduleFunction(source, normalizeAddress('0x2'), 'coin', 'split')).toEqual({
      name: 'split',
      visibility: 'public',
      isEntry: false,
      typeParameters: [{ constraints: [] }],
      parameters: [
        {
          reference: 'mutable',
          body: {
            kind: 'datatype',
            typeName: `${normalizeAddress('0x2')}::coin::Coin`,
            typeArguments: [{ kind: 'typeParameter', index: 0 }],
          },
        },
        { reference: 'none', body: { kind: 'u64' } },
        { reference: 'mutable', body: { kind: 'datatype', typeName: TX_CONTEXT, typeArguments: [] } },
      ],
      returns: [
        {
          reference: 'none',
          body: {
            kind: 'datatype',
            typeName: `${normalizeAddress('0x2')}::coin::Coin`,
            typeArguments: [{ kind: 'typeParameter', index: 0 }],
          },
        },
      ],
    })
  })

  it('show visibility, entry and constraints', () => {
    expect(moduleFunction(source, PROBE, 'things', 'only_entry')).toMatchObject({
      visibility: 'private',
      isEntry: true,
    })
    expect(moduleFunction(source, PROBE, 'things', 'only_package')).toMatchObject({
      visibility: 'friend',
      isEntry: false,
    })
    expect(moduleFunction(source, PROBE, 'things', 'write')?.typeParameters).toEqual([
      { constraints: ['copy', 'drop', 'store'] },
    ])
    expect(moduleFunction(source, PROBE, 'lists', 'nested')?.returns).toEqual([
      { reference: 'none', body: { kind: 'vector', element: { kind: 'vector', element: { kind: 'u8' } } } },
    ])
  })

  it('are absent where package, module or function is', () => {
    expect(moduleFunction(source, normalizeAddress('0x99'), 'coin', 'split')).toBeUndefined()
    expect(moduleFunction(source, PROBE, 'nothing', 'split')).toBeUndefined()
    expect(moduleFunction(source, PROBE, 'things', 'nothing')).toBeUndefined()
  })
})

describe('layouts of structs', () => {
  it('put type arguments in and say what the instance can do', () => {
    expect(structLayout(source, `${PROBE}::shapes::Pair<u8,${PROBE}::shapes::NoCopy>`)).toEqual({
      fields: [
        { name: 'first', type: 'u8' },
        { name: 'second', type: `${PROBE}::shapes::NoCopy` },
      ],
      abilities: ['drop', 'store'],
    })
    // A phantom argument takes nothing away.
    expect(structLayout(source, `${PROBE}::shapes::Tagged<${PROBE}::shapes::Hot>`)?.abilities).toEqual([
      'copy',
      'drop',
      'store',
    ])
    expect(structLayout(source, '0x2::coin::Coin<0x2::sui::SUI>')?.abilities).toEqual(['store', 'key'])
  })

  it('are absent for enums, primitives and unknown types', () => {
    expect(structLayout(source, `${PROBE}::shapes::Shape`)).toBeUndefined()
    expect(structLayout(source, 'u8')).toBeUndefined()
    expect(structLayout(source, `${PROBE}::shapes::Missing`)).toBeUndefined()
  })
})
