import { bcs } from '@mysten/sui/bcs'
import { Transaction } from '@mysten/sui/transactions'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createManualClock } from '../../../src/base/clock.ts'
import {
  type CommittedEvent,
  type CommittedTransaction,
  SYSTEM_ADDRESS,
  startLedger,
} from '../../../src/localnet/ledger/index.ts'
import { genesisPackages, startTestLedger, type TestLedger } from './test-ledger.ts'

let test: TestLedger
beforeEach(async () => {
  test = await startTestLedger()
})
afterEach(() => test[Symbol.asyncDispose]())

const ALICE = `0x${'a11ce'.padStart(64, '0')}`

function bumpPlan(by: number) {
  const tx = new Transaction()
  tx.moveCall({
    target: `${test.counterPackageId}::counter::bump`,
    arguments: [tx.object(test.counterId), tx.pure.u64(by)],
  })
  return tx.getData()
}

describe('the ledger handle', () => {
  it('executes as anybody, and says what changed', async () => {
    const transaction = await test.ledger.executeAs(ALICE, bumpPlan(5))
    expect(transaction).toMatchObject({ success: true, sender: ALICE, checkpoint: test.ledger.checkpoint })
    expect(transaction.changed.map(({ change, type }) => [change, type.split('<')[0]!.split('::').at(-1)])).toEqual(
      expect.arrayContaining([
        ['created', 'Field'],
        ['mutated', 'Counter'],
      ]),
    )
    const [event] = transaction.events
    expect(event).toMatchObject({
      sender: ALICE,
      module: 'counter',
      eventIndex: 0,
      transactionDigest: transaction.digest,
    })
    expect(bcs.u64().parse(event!.contents.subarray(64))).toBe('5')
    expect(test.ledger.getTransaction(transaction.digest)).toEqual(transaction)
    // The same plan again is another transaction.
    expect((await test.ledger.executeAs(ALICE, bumpPlan(5))).digest).not.toBe(transaction.digest)
  })

  it('throws what a privileged transaction failed with, and keeps its record', async () => {
    const failure = test.ledger.executeAs(ALICE, bumpPlan(1000))
    await expect(failure).rejects.toMatchObject({
      code: 'LEDGER_PRIVILEGED_FAILED',
      message: expect.stringContaining('7'),
    })
  })

  it('inspects without committing', async () => {
    const tx = new Transaction()
    tx.moveCall({ target: `${test.counterPackageId}::counter::value`, arguments: [tx.object(test.counterId)] })
    const { checkpoint } = test.ledger
    const [[value]] = (await test.ledger.inspect(ALICE, tx.getData())) as [[Uint8Array]]
    expect(bcs.u64().parse(value)).toBe('0')
    expect(test.ledger.checkpoint).toBe(checkpoint)
  })

  it('replays from any checkpoint and then follows, without gap or repeat', async () => {
    for (let i = 0; i < 3; i++) await test.ledger.executeAs(ALICE, bumpPlan(1))
    const all: CommittedTransaction[] = []
    const late: bigint[] = []
    const live: bigint[] = []
    const stops = [
      test.ledger.onTransaction((transaction) => all.push(transaction), { from: 0n }),
      test.ledger.onTransaction(({ checkpoint }) => late.push(checkpoint), { from: 3n }),
      test.ledger.onTransaction(({ checkpoint }) => live.push(checkpoint)),
    ]
    const tip = test.ledger.checkpoint
    expect(live).toEqual([])
    expect(late[0]).toBe(3n)
    // Delivery happens before the executing client has its answer.
    const { checkpoint } = await test.ledger.executeAs(ALICE, bumpPlan(1))
    expect(live).toEqual([checkpoint])
    expect(all.map((transaction) => transaction.checkpoint)).toEqual(
      Array.from({ length: Number(tip) + 1 }, (_, i) => BigInt(i + 1)),
    )
    for (const stop of stops) stop()
    await test.ledger.executeAs(ALICE, bumpPlan(1))
    expect(live).toHaveLength(1)
  })

  it('delivers transactions that a subscriber causes after the ones it already has', async () => {
    const seen: string[] = []
    const follow = async ({ transactionDigest, contents }: CommittedEvent) => {
      const value = bcs.u64().parse(contents.subarray(64))
      seen.push(value)
      if (Number(value) < 4) await test.ledger.executeAs(ALICE, bumpPlan(1))
      expect(test.ledger.getTransaction(transactionDigest)).toBeDefined()
    }
    test.ledger.onEvent(follow)
    await test.ledger.executeAs(ALICE, bumpPlan(1))
    await expect.poll(() => seen, { timeout: 60_000 }).toEqual(['1', '2', '3', '4'])
  })

  it('keeps working when a subscriber throws, and says so', async () => {
    test.ledger.onTransaction(() => {
      throw new Error('subscriber broke')
    })
    const heard: bigint[] = []
    test.ledger.onTransaction(({ checkpoint }) => heard.push(checkpoint))
    const { checkpoint } = await test.ledger.executeAs(ALICE, bumpPlan(1))
    expect(heard).toEqual([checkpoint])
    expect(test.warnings.map((warning) => warning.message)).toEqual(['subscriber broke'])
  })

  it('comes back from disk as it was', async () => {
    const user = await test.createUser(5_000_000_000n)
    await test.ledger.executeAs(ALICE, bumpPlan(3))
    await test.ledger.advanceEpoch()
    await test.ledger.advanceClock(3_600_000)
    const picture = () => {
      const transactions: CommittedTransaction[] = []
      test.ledger.onTransaction((transaction) => transactions.push(transaction), { from: 1n })()
      return {
        chainId: test.ledger.chainId,
        epoch: test.ledger.epoch,
        checkpoint: test.ledger.checkpoint,
        counter: test.ledger.getObject(test.counterId),
        fields: test.ledger.dynamicFields(test.counterId),
        coins: test.ledger.ownedObjects(user.address),
        clock: test.ledger.getObject('0x6'),
        framework: test.ledger.getObject('0x2')?.digest,
        transactions,
      }
    }
    const before = picture()
    const nowMs = test.ledger.nowMs()
    await test.restart()
    expect(picture()).toEqual(before)
    expect(test.ledger.initialised).toBe(true)
    expect(test.ledger.nowMs()).toBeGreaterThanOrEqual(nowMs)
    // And goes on: the same client keys, the same objects, the next checkpoint.
    const tx = new Transaction()
    tx.moveCall({
      target: `${test.counterPackageId}::counter::bump`,
      arguments: [tx.object(test.counterId), tx.pure.u64(1)],
    })
    const result = await test.client.signAndExecuteTransaction({ transaction: tx, signer: user.keypair })
    expect(result.$kind).toBe('Transaction')
    expect(test.ledger.checkpoint).toBe(before.checkpoint + 1n)
    expect(test.warnings).toEqual([])
  })

  it('is deterministic in what genesis makes, but not in the chain it names', async () => {
    const other = await startTestLedger()
    try {
      expect(other.ledger.chainId).not.toBe(test.ledger.chainId)
      for (const { id } of genesisPackages()) {
        if (id !== undefined) expect(other.ledger.getObject(id)!.data).toEqual(test.ledger.getObject(id)!.data)
      }
      expect(test.ledger.ownedObjects(SYSTEM_ADDRESS).length).toBe(other.ledger.ownedObjects(SYSTEM_ADDRESS).length)
      await expect(test.ledger.genesis({ packages: [] })).rejects.toMatchObject({ code: 'LEDGER_NOT_EMPTY' })
    } finally {
      await other[Symbol.asyncDispose]()
    }
  })

  it('runs on a clock that it is given', async () => {
    await test[Symbol.asyncDispose]()
    const clock = createManualClock(1_000_000)
    test = await startTestLedger({ clock })
    clock.advance(500)
    const { timestampMs } = await test.ledger.executeAs(ALICE, bumpPlan(1))
    expect(timestampMs).toBe(1_000_500)
    clock.advance(-400)
    expect((await test.ledger.executeAs(ALICE, bumpPlan(1))).timestampMs).toBe(1_000_500)
  })

  it('moves time forward within bounds, never back', async () => {
    const before = test.ledger.nowMs()
    const year = 365 * 86_400_000
    for (const ms of [-1, 0.5, Number.NaN, 1001 * year]) {
      await expect(test.ledger.advanceClock(ms)).rejects.toMatchObject({ code: 'LEDGER_INVALID_ARGUMENT' })
    }
    await test.ledger.advanceClock(999 * year)
    await expect(test.ledger.advanceClock(2 * year)).rejects.toMatchObject({ code: 'LEDGER_INVALID_ARGUMENT' })
    const huge = test.client.forkingService.advanceClock({ durationMs: (1n << 64n) - 1n })
    await expect(huge).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await test.restart()
    expect(test.ledger.nowMs() - before).toBeGreaterThanOrEqual(999 * year)
    expect((await test.client.forkingService.getStatus({})).response.timestampMs).toBeGreaterThan(BigInt(before))
  })

  it('refuses a port that is taken and answers nothing before genesis', async () => {
    await expect(startLedger({ dir: `${test.dir}-2`, port: test.ledger.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    const empty = await startLedger({ dir: `${test.dir}-2` })
    try {
      const response = await fetch(`${empty.rpcUrl}/sui.rpc.v2.LedgerService/GetServiceInfo`, {
        method: 'POST',
        headers: { 'content-type': 'application/grpc-web+proto' },
        body: new Uint8Array(5),
      })
      expect(Buffer.from(await response.arrayBuffer()).toString('latin1')).toContain('grpc-status:14')
      expect(empty.initialised).toBe(false)
    } finally {
      await empty.close()
      await empty.close()
      const { rmSync } = await import('node:fs')
      rmSync(`${test.dir}-2`, { recursive: true })
    }
  })
})
