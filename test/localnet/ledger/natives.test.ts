import { bcs } from '@mysten/sui/bcs'
import { describe, expect, it } from 'vitest'
import { NATIVES, type TransactionContext } from '../../../src/localnet/ledger/natives.ts'
import { Loader } from '../../../src/localnet/movevm/loader.ts'
import type { NativeFunction } from '../../../src/localnet/movevm/machine.ts'
import { readModule } from '../../../src/localnet/movevm/module-reader.ts'
import {
  type DatatypeType,
  normalizeAddress,
  parseType,
  SUI_FRAMEWORK_ADDRESS,
} from '../../../src/localnet/movevm/types.ts'
import { Reference, Struct } from '../../../src/localnet/movevm/values.ts'
import { loadPackages } from '../../../src/move/packages.ts'
import { expectSuccess, failureOf, TestLedger } from './execution-fixture.ts'

const CHILD = normalizeAddress('0xc1')

describe('native functions', () => {
  it('that the framework declares are all implemented', () => {
    const declared = loadPackages().flatMap(({ modules }) =>
      modules.flatMap(({ bytes }) => {
        const module = readModule(bytes)
        return module.functionDefinitions
          .filter(({ code }) => code === undefined)
          .map(
            ({ handle }) =>
              `${module.address}::${module.name}::${module.identifiers[module.functionHandles[handle]!.name]}`,
          )
      }),
    )
    expect(declared.length).toBeGreaterThan(40)
    // For unit tests of Move code only.
    const missing = declared.filter((id) => !NATIVES.has(id) && !id.includes('::unit_test::'))
    expect(missing).toEqual([])
  })

  it('of dynamic fields lend what ends when the parent is used otherwise', () => {
    const loader = new Loader(new TestLedger())
    const layout = (type: string) => loader.layout(parseType(type) as DatatypeType)
    const id = new Struct(layout('0x2::object::UID'), [new Struct(layout('0x2::object::ID'), [CHILD])])
    const uid = new Reference([id], 0)
    const child = new Struct(layout('0x2::object::ID'), [CHILD])
    const call = {
      machine: { charge: () => {} },
      context: { objects: { childCell: () => [child] } },
      typeArguments: [parseType('0x2::object::ID')],
      args: [uid, CHILD],
    } as unknown as Parameters<NativeFunction<TransactionContext>>[0]
    const lend = () =>
      NATIVES.get(`${SUI_FRAMEWORK_ADDRESS}::dynamic_field::borrow_child_object_mut`)!(call) as Reference
    const lent = lend()
    expect(lent.get()).toBe(child)
    uid.noteChange()
    expect(() => lent.get()).toThrow('ended')
    const again = lend()
    uid.noteRead()
    expect(() => again.get()).toThrow('ended')
  })

  it('of vectors can be called by a transaction', async () => {
    const ledger = new TestLedger()
    const call = (name: string) => `0x1::vector::${name}`
    const result = expectSuccess(
      await ledger.run(
        (tx) => {
          const typeArguments = ['u8']
          const list = tx.moveCall({ target: call('empty'), typeArguments })
          for (const n of [7, 8])
            tx.moveCall({ target: call('push_back'), typeArguments, arguments: [list, tx.pure.u8(n)] })
          tx.moveCall({ target: call('swap'), typeArguments, arguments: [list, tx.pure.u64(0), tx.pure.u64(1)] })
          tx.moveCall({ target: call('length'), typeArguments, arguments: [list] })
          tx.moveCall({ target: call('pop_back'), typeArguments, arguments: [list] })
        },
        { mode: 'simulate' },
      ),
    )
    expect(bcs.u64().parse(result.commandOutputs[4]!.returnValues[0]!.bcs)).toBe('2')
    expect(result.commandOutputs[5]!.returnValues[0]!.bcs).toEqual(Uint8Array.of(7))
    const full = await ledger.run((tx) => {
      tx.moveCall({ target: call('destroy_empty'), typeArguments: ['u8'], arguments: [tx.pure.vector('u8', [1])] })
    })
    expect(failureOf(full)).toMatchObject({ kind: 'MovePrimitiveRuntimeError' })
  })
})
