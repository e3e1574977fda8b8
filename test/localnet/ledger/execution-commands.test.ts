import { bcs } from '@mysten/sui/bcs'
import type { Transaction, TransactionObjectArgument } from '@mysten/sui/transactions'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ExecutionResult } from '../../../src/localnet/ledger/execution.ts'
import { coinValue, type LedgerObject, SUI_COIN_TYPE } from '../../../src/localnet/ledger/object.ts'
import { normalizeAddress } from '../../../src/localnet/movevm/types.ts'
import { vectorModules } from '../movevm/probe.ts'
import { ALICE, BOB, expectSuccess, failureOf, TestLedger, u64At } from './execution-fixture.ts'

let ledger: TestLedger
let probe: string
beforeAll(async () => {
  ledger = new TestLedger()
  probe = (await ledger.publish(vectorModules('probe'))).packageId
})

type Arg = TransactionObjectArgument
const call = (
  tx: Transaction,
  target: string,
  args: Parameters<Transaction['moveCall']>[0]['arguments'] = [],
  types: string[] = [],
) => tx.moveCall({ target: `${probe}::${target}`, arguments: args, typeArguments: types })

/** A `Thing` owned by Alice. */
async function makeThing(value: bigint): Promise<LedgerObject> {
  const result = expectSuccess(
    await ledger.run((tx) => {
      tx.transferObjects([call(tx, 'things::thing', [tx.pure.u64(value)])], ALICE)
    }),
  )
  return result.written.find(({ data }) => data.kind === 'move' && data.type.endsWith('::things::Thing'))!
}

function argumentError(result: ExecutionResult) {
  const { status, command } = failureOf(result)
  return { command, ...status.CommandArgumentError }
}

describe('coins', () => {
  it('are split into several, merged, and conserved', async () => {
    const gas = ledger.coin(ALICE, 10_000_000_000n)
    const other = ledger.coin(ALICE, 500n)
    const result = expectSuccess(
      await ledger.run(
        (tx) => {
          const [a, b] = tx.splitCoins(tx.object(ledger.owned(other)), [100n, 150n])
          tx.mergeCoins(a!, [b!])
          tx.transferObjects([a!], BOB)
        },
        { payment: [gas] },
      ),
    )
    expect(coinValue(ledger.getObject(other.id)!)).toBe(250n)
    const sent = result.written.find(({ owner }) => owner.kind === 'address' && owner.address === BOB)!
    expect(coinValue(sent)).toBe(250n)
    expect(result.balanceChanges.find(({ address }) => address === BOB)!.amount).toBe(250n)
    const gasUsed = result.gasUsed.computationCost + result.gasUsed.storageCost - result.gasUsed.storageRebate
    expect(result.balanceChanges.find(({ address }) => address === ALICE)!.amount).toBe(-250n - gasUsed)
  })

  it('cannot be split beyond their balance, nor the gas coin into the budget', async () => {
    const other = ledger.coin(ALICE, 500n)
    const overdrawn = await ledger.run((tx) => {
      tx.splitCoins(tx.object(ledger.owned(other)), [501n])
    })
    expect(failureOf(overdrawn)).toMatchObject({ kind: 'InsufficientCoinBalance', command: 0 })
    const gas = ledger.coin(ALICE, 10_000n + 5_000_000_000n)
    const budget = await ledger.run(
      (tx) => {
        const [part] = tx.splitCoins(tx.gas, [10_001n])
        tx.transferObjects([part!], BOB)
      },
      { payment: [gas] },
    )
    expect(failureOf(budget).kind).toBe('InsufficientCoinBalance')
  })

  it('paid as gas are folded into the first, also if the transaction fails', async () => {
    for (const amount of [1n, 10n ** 15n]) {
      const coins = [3n, 4n, 5n].map((n) => ledger.coin(ALICE, n * 1_000_000_000n))
      const result = await ledger.run(
        (tx) => {
          const [part] = tx.splitCoins(tx.gas, [amount])
          tx.transferObjects([part!], ALICE)
        },
        { payment: coins },
      )
      expect(result.status.success).toBe(amount === 1n)
      expect(result.deleted).toEqual(coins.slice(1).map(({ id }) => id))
      const used = result.gasUsed.computationCost + result.gasUsed.storageCost - result.gasUsed.storageRebate
      const paid = result.status.success ? amount : 0n
      expect(coinValue(ledger.getObject(coins[0]!.id)!)).toBe(12_000_000_000n - used - paid)
      expect(result.effects.changedObjects[result.effects.gasObjectIndex!]![0]).toBe(coins[0]!.id)
    }
  })

  it('can be given away whole, gas coin included, which still pays', async () => {
    const gas = ledger.coin(ALICE, 9_000_000_000n)
    const result = expectSuccess(await ledger.run((tx) => tx.transferObjects([tx.gas], BOB), { payment: [gas] }))
    const after = ledger.getObject(gas.id)!
    expect(after.owner).toEqual({ kind: 'address', address: BOB })
    expect(coinValue(after)).toBeLessThan(9_000_000_000n)
    expect(result.balanceChanges.map(({ address }) => address).sort()).toEqual([ALICE, BOB].sort())
  })

  it('of another type do not merge', async () => {
    const coin = ledger.coin(ALICE, 500n)
    const thing = await makeThing(1n)
    const result = await ledger.run((tx) => {
      tx.mergeCoins(tx.object(ledger.owned(coin)), [tx.object(ledger.owned(thing))])
    })
    expect(argumentError(result)).toMatchObject({ argIdx: 1, kind: { TypeMismatch: true } })
  })
})

describe('values between commands', () => {
  it('go from results to arguments, several at once', async () => {
    const result = expectSuccess(
      await ledger.run((tx) => {
        const things = [1n, 2n, 3n].map((n) => call(tx, 'things::thing', [tx.pure.u64(n)]) as Arg)
        const list = tx.makeMoveVec({ elements: things })
        call(tx, 'things::sum', [list])
      }),
    )
    // Made and destroyed in one transaction: no trace but the events.
    expect(result.effects.changedObjects).toHaveLength(1)
    expect(result.events).toHaveLength(3)
  })

  it('without drop must be used', async () => {
    const result = await ledger.run((tx) => {
      call(tx, 'shapes::circle', [tx.pure.u64(1)])
      call(tx, 'shapes::hot', [tx.pure.u64(1)])
    })
    expect(failureOf(result)).toMatchObject({
      kind: 'UnusedValueWithoutDrop',
      command: undefined,
      status: { UnusedValueWithoutDrop: { resultIdx: 1, secondaryIdx: 0 } },
    })
  })

  it('are moved once', async () => {
    const result = await ledger.run((tx) => {
      const hot = call(tx, 'shapes::hot', [tx.pure.u64(1)])
      call(tx, 'shapes::cool', [hot])
      call(tx, 'shapes::cool', [hot])
    })
    expect(argumentError(result)).toMatchObject({ command: 2, argIdx: 0, kind: { InvalidValueUsage: true } })
  })

  it('with copy may be used again; changes through &mut stay', async () => {
    const result = expectSuccess(
      await ledger.run(
        (tx) => {
          const circle = call(tx, 'shapes::circle', [tx.pure.u64(3)])
          call(tx, 'shapes::grow', [circle])
          call(tx, 'shapes::area', [circle])
          const hot = call(tx, 'shapes::hot', [tx.pure.u64(1)])
          call(tx, 'shapes::heat', [hot, tx.pure.u64(41)])
          call(tx, 'shapes::cool', [hot])
        },
        { mode: 'simulate' },
      ),
    )
    const value = (i: number) => bcs.u64().parse(result.commandOutputs[i]!.returnValues[0]!.bcs)
    expect(value(2)).toBe('27')
    expect(value(5)).toBe('42')
    expect(result.commandOutputs[4]!.mutatedByRef).toEqual([
      {
        type: `${probe}::shapes::Hot`,
        bcs: bcs.u64().serialize(42).toBytes(),
        argument: expect.objectContaining({ Result: 3 }),
      },
    ])
  })

  it('cannot be borrowed mutably and otherwise in one call', async () => {
    const result = await ledger.run((tx) => {
      const thing = call(tx, 'things::thing', [tx.pure.u64(1)])
      call(tx, 'things::attach', [thing, tx.pure.vector('u8', [1]), thing])
    })
    expect(argumentError(result)).toMatchObject({ argIdx: 2, kind: { CannotMoveBorrowedValue: true } })
  })

  it('must exist', async () => {
    const result = await ledger.run((tx) => {
      call(tx, 'shapes::cool', [{ $kind: 'NestedResult', NestedResult: [0, 3] } as never])
    })
    expect(argumentError(result)).toMatchObject({ kind: { IndexOutOfBounds: { idx: 0 } } })
  })
})

describe('pure arguments', () => {
  it('become what the parameter asks for', async () => {
    const result = expectSuccess(
      await ledger.run(
        (tx) => {
          call(tx, 'shapes::maybe', [tx.pure.option('u64', 5)])
          call(tx, 'shapes::maybe', [tx.pure.option('u64', null)])
          call(tx, 'shapes::add_text', [tx.pure.string('na'), tx.pure.string('ïve')])
        },
        { mode: 'simulate' },
      ),
    )
    const values = result.commandOutputs.map(({ returnValues }) => bcs.u64().parse(returnValues[0]!.bcs))
    expect(values).toEqual(['5', '7', '6'])
    expect(result.commandOutputs[2]!.mutatedByRef[0]!.bcs).toEqual(bcs.string().serialize('naïve').toBytes())
  })

  it('cannot stand for types that could be forged', async () => {
    const result = await ledger.run((tx) => {
      call(tx, 'shapes::cool', [tx.pure.u64(1)])
    })
    expect(argumentError(result)).toMatchObject({ kind: { InvalidUsageOfPureArg: true } })
  })

  it.each([
    ['too long', [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['too short', [1]],
  ])('that are %s are refused', async (_, content) => {
    const result = await ledger.run((tx) => {
      call(tx, 'lists::sum', [tx.pure(Uint8Array.from(content))])
    })
    expect(argumentError(result)).toMatchObject({ argIdx: 0, kind: { InvalidBCSBytes: true } })
  })

  it('for texts are UTF-8, for options hold at most one', async () => {
    const bad = await ledger.run((tx) => {
      call(tx, 'shapes::add_text', [tx.pure(Uint8Array.of(1, 0xff)), tx.pure.string('')])
    })
    expect(argumentError(bad)).toMatchObject({ argIdx: 0, kind: { InvalidBCSBytes: true } })
    const two = await ledger.run((tx) => {
      call(tx, 'shapes::maybe', [tx.pure.vector('u64', [1, 2])])
    })
    expect(argumentError(two)).toMatchObject({ argIdx: 0, kind: { InvalidBCSBytes: true } })
  })
})

describe('calls', () => {
  it('reach public and entry functions only', async () => {
    expectSuccess(await ledger.run((tx) => void call(tx, 'things::only_entry', [tx.pure.u64(5)])))
    for (const target of ['things::only_package', 'things::init']) {
      const result = await ledger.run((tx) => void call(tx, target))
      expect(failureOf(result).kind).toBe('NonEntryFunctionInvoked')
    }
  })

  it('to entry functions that are not public take nothing that hangs together with an open obligation', async () => {
    const rule = (build: (tx: Transaction) => void) => ledger.run(build)
    const hot = (tx: Transaction) => call(tx, 'shapes::hot', [tx.pure.u64(5)])
    const refused = { command: 2, argIdx: 0, kind: { InvalidArgumentToPrivateEntryFunction: true } }
    const early = await rule((tx) => {
      const potato = hot(tx)
      call(tx, 'things::only_entry', [call(tx, 'shapes::peek', [potato])])
      call(tx, 'shapes::cool', [potato])
    })
    expect(argumentError(early)).toMatchObject(refused)
    // What went into the command that made the potato is entangled too; anything else is not.
    const shared = await rule((tx) => {
      const amount = tx.pure.u64(7)
      const potato = call(tx, 'shapes::hot', [amount])
      call(tx, 'things::only_entry', [tx.pure.u64(8)])
      call(tx, 'things::only_entry', [amount])
      call(tx, 'shapes::cool', [potato])
    })
    expect(argumentError(shared)).toMatchObject(refused)
    // Once it is gone, all of it is free.
    const late = await rule((tx) => {
      const potato = hot(tx)
      const seen = call(tx, 'shapes::peek', [potato])
      const cooled = call(tx, 'shapes::cool', [potato])
      call(tx, 'things::only_entry', [seen])
      call(tx, 'things::only_entry', [cooled])
    })
    expectSuccess(late)
    const inspected = await ledger.run(
      (tx) => {
        const potato = hot(tx)
        call(tx, 'things::only_entry', [call(tx, 'shapes::peek', [potato])])
      },
      { mode: 'dev-inspect' },
    )
    expectSuccess(inspected)
  })

  it('to what is not there fail', async () => {
    const missing = await ledger.run((tx) => void call(tx, 'things::nothing'))
    expect(failureOf(missing).kind).toBe('FunctionNotFound')
    const noPackage = await ledger.run((tx) => void tx.moveCall({ target: `${BOB}::a::b` }))
    expect(failureOf(noPackage).kind).toBe('InvalidLinkage')
  })

  it('need the right number of arguments and types', async () => {
    const few = await ledger.run((tx) => void call(tx, 'lists::sum'))
    expect(failureOf(few).kind).toBe('ArityMismatch')
    const untyped = await ledger.run((tx) => void call(tx, 'natives::name'))
    expect(failureOf(untyped).kind).toBe('TypeArityMismatch')
    const unknown = await ledger.run((tx) => void call(tx, 'natives::name', [], [`${probe}::things::Nothing`]))
    expect(failureOf(unknown).status.TypeArgumentError).toMatchObject({ argumentIdx: 0, kind: { TypeNotFound: true } })
    const constrained = await ledger.run(
      (tx) => void call(tx, 'shapes::same', [tx.pure.u64(1), tx.pure.u64(1)], [SUI_COIN_TYPE]),
    )
    expect(failureOf(constrained).status.TypeArgumentError).toMatchObject({ kind: { ConstraintNotSatisfied: true } })
  })

  it('see sender, epoch, digest and prices', async () => {
    const sponsor = normalizeAddress('0x5b0')
    const result = expectSuccess(
      await ledger.run((tx) => void call(tx, 'things::who'), { mode: 'simulate', price: 1234n, gasOwner: sponsor }),
    )
    const values = result.commandOutputs[0]!.returnValues.map((value) => value.bcs)
    expect(bcs.Address.parse(values[0]!)).toBe(ALICE)
    expect(bcs.u64().parse(values[1]!)).toBe('3')
    expect(bcs.u64().parse(values[2]!)).toBe('777')
    expect(bcs.option(bcs.Address).parse(values[3]!)).toBe(sponsor)
    expect(bcs.ObjectDigest.parse(values[4]!)).toBe(result.effects.transactionDigest)
    expect(bcs.u64().parse(values[5]!)).toBe('1000')
    expect(bcs.u64().parse(values[6]!)).toBe('1234')
  })

  it('that abort name package, module, function and instruction', async () => {
    const thing = await makeThing(1n)
    const result = await ledger.run((tx) => {
      call(tx, 'things::set', [tx.object(ledger.owned(thing)), tx.pure.u64(2)])
      call(tx, 'things::set', [tx.object(ledger.owned(thing)), tx.pure.u64(5000)])
    })
    const error = failureOf(result)
    expect(error).toMatchObject({ kind: 'MoveAbort', command: 1, abort: { code: 42n, location: { packageId: probe } } })
    expect(error.status.MoveAbort).toMatchObject([
      { module: { address: probe, name: 'things' }, functionName: 'set' },
      '42',
    ])
    // Nothing of the first command stays, but the input has a new version.
    const after = ledger.getObject(thing.id)!
    expect(u64At(after, 32)).toBe(1n)
    expect(after.version).toBe(BigInt(result.effects.lamportVersion))
    expect(result.events).toEqual([])
  })
})

describe('gas', () => {
  it('runs out in an endless loop: the whole budget is taken, nothing else happens', async () => {
    const gas = ledger.coin(ALICE, 3_000_000_000n)
    const result = await ledger.run((tx) => void call(tx, 'lists::forever'), { payment: [gas], budget: 20_000_000n })
    expect(failureOf(result)).toMatchObject({ kind: 'InsufficientGas', command: 0 })
    const used = result.gasUsed.computationCost + result.gasUsed.storageCost - result.gasUsed.storageRebate
    expect(used).toBe(20_000_000n)
    expect(coinValue(ledger.getObject(gas.id)!)).toBe(2_980_000_000n)
  })

  it('that storage would exceed fails the transaction', async () => {
    const result = await ledger.run((tx) => void call(tx, 'things::share_box'), { budget: 2_000_000n })
    expect(failureOf(result).kind).toBe('InsufficientGas')
    expect(ledger.ofType(`${probe}::things::Box`)).toEqual([])
    const used = result.gasUsed.computationCost + result.gasUsed.storageCost - result.gasUsed.storageRebate
    expect(used).toBeLessThanOrEqual(2_000_000n)
  })

  it('is paid by a mock coin in a simulation without payment', async () => {
    const build = (tx: Transaction) => {
      tx.transferObjects([call(tx, 'things::thing', [tx.pure.u64(1)])], ALICE)
    }
    const simulated = expectSuccess(await ledger.run(build, { mode: 'simulate', payment: [] }))
    expect(simulated.mockGas?.storageCost).toBe(988_000n)
    const real = expectSuccess(await ledger.run(build))
    expect(simulated.gasUsed.storageCost).toBe(real.gasUsed.storageCost)
    expect(simulated.gasUsed.computationCost).toBe(real.gasUsed.computationCost)
    expect(simulated.balanceChanges).toEqual([])
  })
})

describe('dev-inspect', () => {
  it('calls anything with any bytes and shows what comes back', async () => {
    const result = expectSuccess(
      await ledger.run(
        (tx) => {
          call(tx, 'things::only_package')
          call(tx, 'shapes::hot', [tx.pure.u64(1)])
          call(tx, 'shapes::cool', [tx.pure.u64(8)])
          call(tx, 'things::value', [tx.pure(new Uint8Array(40).fill(1))])
        },
        { mode: 'dev-inspect', payment: [] },
      ),
    )
    expect(bcs.u64().parse(result.commandOutputs[2]!.returnValues[0]!.bcs)).toBe('8')
    expect(result.commandOutputs[3]!.returnValues[0]).toMatchObject({ type: 'u64' })
  })
})
