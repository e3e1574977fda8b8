import { Transaction } from '@mysten/sui/transactions'
import { describe, expect, it } from 'vitest'
import * as packs from '../../src/ledger/bindings/floe/packs.ts'
import * as push from '../../src/ledger/bindings/floe/push.ts'
import * as refs from '../../src/ledger/bindings/floe/refs.ts'
import * as walExchange from '../../src/ledger/bindings/wal-exchange/wal-exchange.ts'

const FLOE = `0x${'f1'.repeat(32)}`
const ID = `0x${'a1'.repeat(32)}`

/** Commands and inputs, before objects are looked up. */
function built(add: (transaction: Transaction) => void): unknown {
  const transaction = new Transaction()
  add(transaction)
  const { commands, inputs } = transaction.getData()
  return { commands, inputs }
}

describe('typed calls', () => {
  it('are the calls one would write by hand', () => {
    const typed = built((transaction) => {
      const begun = push.begin(transaction, FLOE, {
        repository: ID,
        ref: 'refs/heads/main',
        expectedOld: new Uint8Array([1, 2]),
        generation: 3n,
        retainUntilMs: 4,
      })
      push.addSegment(transaction, FLOE, { self: begun, repository: ID, pack: 5, offset: 6, bytes: 7 })
      push.finish(transaction, FLOE, {
        self: begun,
        repository: ID,
        new: new Uint8Array([8]),
        tree: new Uint8Array([9]),
        commitPack: 5n,
        statement: null,
        forced: false,
      })
    })
    const byHand = built((transaction) => {
      const { pure } = transaction
      const begun = transaction.moveCall({
        target: `${FLOE}::push::begin`,
        arguments: [
          transaction.object(ID),
          pure.string('refs/heads/main'),
          pure.option('vector<u8>', [1, 2]),
          pure.u64(3),
          pure.u64(4),
        ],
      })
      transaction.moveCall({
        target: `${FLOE}::push::add_segment`,
        arguments: [begun, transaction.object(ID), pure.u64(5), pure.u64(6), pure.u64(7)],
      })
      transaction.moveCall({
        target: `${FLOE}::push::finish`,
        arguments: [
          begun,
          transaction.object(ID),
          pure.vector('u8', [8]),
          pure.vector('u8', [9]),
          pure.u64(5),
          pure.option('vector<u8>', null),
          pure.bool(false),
          transaction.object('0x6'),
        ],
      })
    })
    expect(typed).toEqual(byHand)
  })

  it('hand several results on as a tuple', () => {
    const { commands } = built((transaction) => {
      const [blob, loan] = packs.lend(transaction, FLOE, { repository: ID, pack: 1 })
      packs.restore(transaction, FLOE, { repository: ID, blob, loan })
    }) as { commands: { MoveCall: { arguments: unknown[] } }[] }
    expect(commands[1]!.MoveCall.arguments.slice(1)).toMatchObject([{ NestedResult: [0, 0] }, { NestedResult: [0, 1] }])
  })

  it('carry functions whose names are words of the language', () => {
    const { commands } = built((transaction) => {
      refs.delete(transaction, FLOE, { repository: ID, ref: 'refs/heads/x', expectedOld: new Uint8Array(32) })
      walExchange.new(transaction, FLOE, {})
    }) as { commands: { MoveCall: { module: string; function: string } }[] }
    expect(commands.map(({ MoveCall }) => `${MoveCall.module}::${MoveCall.function}`)).toEqual([
      'refs::delete',
      'wal_exchange::new',
    ])
  })

  it('refuse a value that is missing or of another kind, in types and when run', () => {
    const transaction = new Transaction()
    // @ts-expect-error pack is missing
    expect(() => packs.lend(transaction, FLOE, { repository: ID })).toThrow(TypeError)
    // @ts-expect-error a u64 is no text
    expect(() => packs.lend(transaction, FLOE, { repository: ID, pack: 'one' })).toThrow()
  })
})
