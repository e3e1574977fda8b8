/** Random transactions over coins and the objects of the probe package, with what must hold after every one. */

import type { Transaction, TransactionObjectArgument } from '@mysten/sui/transactions'
import { expect } from 'vitest'
import { createRng, type Rng } from '../../../src/base/rng.ts'
import { LedgerError } from '../../../src/localnet/ledger/errors.ts'
import type { ExecutionResult } from '../../../src/localnet/ledger/execution.ts'
import { coinValue, type LedgerObject, objectDigest, SUI_COIN_TYPE } from '../../../src/localnet/ledger/object.ts'
import { vectorModules } from '../movevm/probe.ts'
import { ALICE, BOB, TestLedger } from './execution-fixture.ts'

/** MIST in coins and in storage deposits. Transactions move it; only computation and 1 % of rebates leave. */
function totalSui(ledger: TestLedger): bigint {
  let total = 0n
  for (const object of ledger.objects.values()) {
    total += object.storageRebate
    if (object.data.kind === 'move' && object.data.type === SUI_COIN_TYPE) total += coinValue(object)
  }
  return total
}

type Value = TransactionObjectArgument

/** Values at hand by what they are. */
interface Pools {
  coin: Value[]
  thing: Value[]
  box: Value[]
}

/** Adds a random command; most fit the types of the values at hand, some do not. */
function addCommand(tx: Transaction, rng: Rng, probe: string, pools: Pools): void {
  const kinds = ['coin', 'thing', 'box'] as const
  const pool = (kind: keyof Pools) => pools[rng.below(20) === 0 ? kinds[rng.below(3)]! : kind]
  /** A value that stays usable. */
  const use = (kind: keyof Pools): Value => {
    const from = pool(kind)
    return from[rng.below(from.length)] ?? (kind === 'thing' ? make() : tx.gas)
  }
  /** A value that is gone afterwards, unless the dice say to use it again. */
  const take = (kind: keyof Pools): Value => {
    const from = pool(kind)
    if (from.length === 0) return kind === 'thing' ? make() : tx.gas
    const at = rng.below(from.length)
    return rng.below(20) === 0 ? from[at]! : from.splice(at, 1)[0]!
  }
  const call = (name: string, args: Parameters<Transaction['moveCall']>[0]['arguments'] = []): Value =>
    tx.moveCall({ target: `${probe}::things::${name}`, arguments: args })
  const small = () => tx.pure.u64(rng.below(4))
  const name = () => tx.pure.vector('u8', [rng.below(2)])
  const make = () => call('thing', [small()])
  const commands: (() => unknown)[] = [
    () => pools.coin.push(tx.splitCoins(rng.below(2) ? tx.gas : use('coin'), [rng.below(3000)])[0]!),
    () => tx.mergeCoins(rng.below(2) ? tx.gas : use('coin'), [take('coin')]),
    () => tx.transferObjects([take(rng.below(2) ? 'coin' : 'thing')], rng.below(3) ? ALICE : BOB),
    () => pools.thing.push(make()),
    () => call('set', [use('thing'), small()]),
    () => call('destroy', [take('thing')]),
    () => call('share_box'),
    () => call('put', [use('box'), take('thing')]),
    () => pools.thing.push(call('take', [use('box')])),
    () => call('discard', [use('box')]),
    () => call('note', [use('box'), small(), name()]),
    () => call('edit', [use('box'), small(), name()]),
    () => call('erase', [use('box'), small()]),
    () => call('rewrite', [use('box'), small()]),
    () => call('attach', [use('thing'), name(), take('thing')]),
    () => call('raise', [use('thing'), name()]),
    () => pools.thing.push(call('detach', [use('thing'), name()])),
    () => call('share_again', [take('box')]),
    () => call('burn', [take('box')]),
    () => call('sum', [tx.makeMoveVec({ elements: [take('thing'), take('thing')] })]),
    () => call('share_old', [make()]),
  ]
  commands[rng.below(commands.length)]!()
}

/** Some live objects as inputs. */
function addInputs(tx: Transaction, rng: Rng, ledger: TestLedger, probe: string, gas: LedgerObject): Pools {
  const pools: Pools = { coin: [], thing: [], box: [] }
  const mine = [...ledger.objects.values()].filter(
    ({ id, owner }) =>
      id !== gas.id && ((owner.kind === 'address' && owner.address === ALICE) || owner.kind === 'shared'),
  )
  const ofType = (type: string) => mine.filter(({ data }) => data.kind === 'move' && data.type === type)
  for (const [kind, type] of [
    ['coin', SUI_COIN_TYPE],
    ['thing', `${probe}::things::Thing`],
    ['box', `${probe}::things::Box`],
  ] as const) {
    const live = ofType(type)
    for (const object of new Set(Array.from({ length: 1 + rng.below(2) }, () => live[rng.below(live.length)]))) {
      if (!object) continue
      const isShared = object.owner.kind === 'shared'
      pools[kind].push(tx.object(isShared ? ledger.shared(object, rng.below(8) > 0) : ledger.owned(object)))
    }
  }
  return pools
}

function checkResult(ledger: TestLedger, result: ExecutionResult, before: ReadonlyMap<string, LedgerObject>): void {
  const ids = result.effects.changedObjects.map(([id]) => id)
  expect(ids).toEqual([...new Set(ids)].sort())
  for (const object of result.written) {
    expect(object.version).toBe(BigInt(result.effects.lamportVersion))
    expect(object.version).toBeGreaterThan(before.get(object.id)?.version ?? 0n)
    expect(object.digest).toBe(objectDigest(object))
    expect(ids).toContain(object.id)
  }
  for (const id of result.deleted) expect(ledger.getObject(id)).toBeUndefined()
  // What the effects do not name is the same instance as before.
  for (const [id, object] of before) if (!ids.includes(id)) expect(ledger.getObject(id)).toBe(object)
  if (result.status.success) return
  expect(result.written.filter(({ id }) => !before.has(id))).toEqual([])
  // Compiled code cannot break the machine.
  expect(result.status.error.kind).not.toBe('VMInvariantViolation')
}

/** Runs random transactions and checks after each that no SUI was lost and nothing unnamed was changed.
 *  @returns how many succeeded, failed with effects, and were refused */
export async function runRandomTransactions(seed: number, rounds: number) {
  const rng = createRng(seed)
  const ledger = new TestLedger()
  const { packageId: probe } = await ledger.publish(vectorModules('probe'))
  for (let i = 0; i < 5; i++) ledger.coin(ALICE, 10_000n)
  let gas = ledger.coin(ALICE, 10n ** 15n)
  const outcomes = { success: 0, failure: 0, refused: 0 }
  for (let round = 0; round < rounds; round++) {
    const before = new Map(ledger.objects)
    const total = totalSui(ledger)
    try {
      const result = await ledger.run((tx) => addRandomCommands(tx, rng, ledger, probe, gas), {
        payment: [gas],
        budget: 100_000_000n,
      })
      outcomes[result.status.success ? 'success' : 'failure']++
      const { computationCost, nonRefundableStorageFee } = result.gasUsed
      expect(totalSui(ledger)).toBe(total - computationCost - nonRefundableStorageFee)
      checkResult(ledger, result, before)
    } catch (error) {
      if (!(error instanceof LedgerError)) throw new Error(`seed ${seed}, round ${round}`, { cause: error })
      outcomes.refused++
    }
    gas = ledger.getObject(gas.id)!
    if (gas.owner.kind !== 'address' || gas.owner.address !== ALICE) gas = ledger.coin(ALICE, 10n ** 15n)
  }
  return outcomes
}

function addRandomCommands(tx: Transaction, rng: Rng, ledger: TestLedger, probe: string, gas: LedgerObject): void {
  const pools = addInputs(tx, rng, ledger, probe, gas)
  for (let left = 1 + rng.below(4); left > 0; left--) addCommand(tx, rng, probe, pools)
  // Results must not be left over; inputs may be given away as well.
  const rest = [...pools.coin, ...pools.thing]
  if (rest.length > 0 && rng.below(10) > 0) tx.transferObjects(rest, ALICE)
}
