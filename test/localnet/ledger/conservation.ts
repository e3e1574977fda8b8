/** A ledger that checks after every transaction what no transaction may do: make or lose a coin, or use a version twice. */

import type { Transaction } from '@mysten/sui/transactions'
import { expect } from 'vitest'
import type { ExecutionResult } from '../../../src/localnet/ledger/execution.ts'
import {
  coinValue,
  type LedgerObject,
  objectDigest,
  objectType,
  SUI_COIN_TYPE,
} from '../../../src/localnet/ledger/object.ts'
import { Loader } from '../../../src/localnet/movevm/loader.ts'
import { decodeValue } from '../../../src/localnet/movevm/value-bcs.ts'
import { MoveVector, Struct, type Value, Variant } from '../../../src/localnet/movevm/values.ts'
import { ALICE, type RunOptions, TestLedger } from './execution-fixture.ts'

/** Amounts by the type of coin. `supply`: what its treasury says there is. */
type Amounts = Map<string, { balance: bigint; supply: bigint }>

function add(amounts: Amounts, coin: string, balance: bigint, supply = 0n): void {
  const sum = amounts.get(coin) ?? { balance: 0n, supply: 0n }
  amounts.set(coin, { balance: sum.balance + balance, supply: sum.supply + supply })
}

/** Adds every `Balance<T>` and `Supply<T>` inside a value. */
function addAmounts(value: Value, amounts: Amounts): void {
  if (value instanceof MoveVector) for (const item of value.items) addAmounts(item, amounts)
  if (value instanceof Variant) for (const field of value.fields) addAmounts(field, amounts)
  if (!(value instanceof Struct)) return
  const { module, name, typeArguments } = value.layout.type
  const [first] = value.fields
  if (module === 'balance' && typeof first === 'bigint') {
    add(amounts, typeArguments[0]!.key, name === 'Balance' ? first : 0n, name === 'Supply' ? first : 0n)
  } else for (const field of value.fields) addAmounts(field, amounts)
}

const SUI = SUI_COIN_TYPE.slice(SUI_COIN_TYPE.indexOf('<') + 1, -1)

export class ConservingLedger extends TestLedger {
  readonly #amounts = new Map<string, Amounts>()
  readonly #totals: Amounts = new Map()
  readonly #lastVersions = new Map<string, bigint>()
  #watching = false
  transactions = 0

  /** From now on every transaction is checked. Senders pay with a SUI coin of theirs: nothing comes from nowhere. */
  watch(): void {
    this.#watching = true
    for (const object of this.objects.values()) {
      this.#account(object, 1n)
      this.#lastVersions.set(object.id, object.version)
    }
  }

  /** A new clock, outside of any transaction. */
  setClock(clock: LedgerObject): void {
    this.#account(this.objects.get(clock.id)!, -1n)
    this.#account(this.put(clock), 1n)
  }

  total(coin: string): bigint {
    return this.#totals.get(coin)?.balance ?? 0n
  }

  override async run(build: (tx: Transaction) => void, options: RunOptions = {}): Promise<ExecutionResult> {
    if (!this.#watching) return super.run(build, options)
    const before = new Map(this.objects)
    const suiBefore = this.total(SUI)
    const payment = options.payment ?? [this.gasOf(options.sender ?? ALICE)]
    const result = await super.run(build, { ...options, payment })
    this.transactions++
    this.#checkVersions(result)
    for (const id of result.deleted) this.#account(before.get(id)!, -1n)
    for (const object of result.written) {
      const former = before.get(object.id)
      if (former) this.#account(former, -1n)
      this.#account(object, 1n)
    }
    const { computationCost, nonRefundableStorageFee } = result.gasUsed
    expect(this.total(SUI)).toBe(suiBefore - computationCost - nonRefundableStorageFee)
    for (const [coin, { balance, supply }] of this.#totals) {
      if (coin !== SUI && supply > 0n) expect(balance, coin).toBe(supply)
    }
    return result
  }

  /** The richest coin of an address. */
  gasOf(address: string): LedgerObject {
    const coins = this.ofType(SUI_COIN_TYPE).filter(
      ({ owner }) => owner.kind === 'address' && owner.address === address,
    )
    return coins.reduce((a, b) => (coinValue(a) >= coinValue(b) ? a : b))
  }

  #checkVersions(result: ExecutionResult): void {
    for (const object of result.written) {
      if (object.data.kind === 'move') expect(object.version).toBe(BigInt(result.effects.lamportVersion))
      expect(object.version, object.id).toBeGreaterThan(this.#lastVersions.get(object.id) ?? 0n)
      this.#lastVersions.set(object.id, object.version)
      expect(object.digest).toBe(objectDigest(object))
    }
  }

  #account(object: LedgerObject, sign: bigint): void {
    let amounts = this.#amounts.get(object.digest)
    if (!amounts) {
      amounts = new Map()
      add(amounts, SUI, object.storageRebate)
      if (object.data.kind === 'move') {
        addAmounts(decodeValue(objectType(object.data.type), object.data.contents, new Loader(this).layout), amounts)
      }
    }
    for (const [coin, { balance, supply }] of amounts) add(this.#totals, coin, sign * balance, sign * supply)
    if (sign > 0n) this.#amounts.set(object.digest, amounts)
    else this.#amounts.delete(object.digest)
  }
}
