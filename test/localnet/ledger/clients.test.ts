import { SuiGrpcClient } from '@mysten/sui/grpc'
import { Transaction } from '@mysten/sui/transactions'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestLedger, type TestLedger, u64Field } from './test-ledger.ts'

const CLIENTS = 5
/** The counter goes up to 100: 6 × (1 + 2 + 3 + 4 + 5) stays below. */
const EACH = 6

let test: TestLedger
beforeAll(async () => {
  test = await startTestLedger()
})
afterAll(async () => {
  expect(test.warnings).toEqual([])
  await test[Symbol.asyncDispose]()
})

describe('several clients at once', () => {
  it('change one shared object without losing a change, each version made once', async () => {
    const before = u64Field(test, test.counterId)
    const from = Number(test.ledger.checkpoint)
    const seen: { digest: string; checkpoint: bigint }[] = []
    const stop = test.ledger.onTransaction(({ digest, checkpoint }) => seen.push({ digest, checkpoint }))
    const runs = Array.from({ length: CLIENTS }, async (_, index) => {
      const client = new SuiGrpcClient({ network: 'localnet', baseUrl: test.ledger.rpcUrl })
      const { keypair, address } = await test.createUser()
      const versions: string[] = []
      for (let i = 0; i < EACH; i++) {
        const tx = new Transaction()
        const target = `${test.counterPackageId}::counter::bump`
        tx.moveCall({ target, arguments: [tx.object(test.counterId), tx.pure.u64(index + 1)] })
        tx.transferObjects([tx.splitCoins(tx.gas, [1])], address)
        const result = await client.signAndExecuteTransaction({
          transaction: tx,
          signer: keypair,
          include: { effects: true },
        })
        const changed = result.Transaction!.effects!.changedObjects
        versions.push(changed.find(({ objectId }) => objectId === test.counterId)!.outputVersion!)
      }
      return versions
    })
    const versions = (await Promise.all(runs)).flat()
    stop()
    expect(new Set(versions).size).toBe(CLIENTS * EACH)
    const added = (EACH * CLIENTS * (CLIENTS + 1)) / 2
    expect(u64Field(test, test.counterId) - before).toBe(BigInt(added))
    // Everybody who listens hears of every transaction, in the order of the chain.
    expect(seen.map(({ checkpoint }) => Number(checkpoint))).toEqual(
      Array.from({ length: CLIENTS * (EACH + 1) }, (_, i) => from + 1 + i),
    )
  })

  it('that sign two transactions over one coin see one of them refused, whichever comes first', async () => {
    for (let round = 0; round < 10; round++) {
      const { keypair, address } = await test.createUser()
      const build = async (amount: number) => {
        const tx = new Transaction()
        tx.transferObjects([tx.splitCoins(tx.gas, [amount])], address)
        tx.setSender(address)
        const bytes = await tx.build({ client: test.client })
        return { transaction: bytes, signatures: [(await keypair.signTransaction(bytes)).signature] }
      }
      const both = [await build(1), await build(2)]
      const outcomes = await Promise.allSettled(both.map((one) => test.client.core.executeTransaction(one)))
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const refused = outcomes.find((outcome) => outcome.status === 'rejected')!
      expect(String(refused.reason)).toContain('unavailable for consumption')
      expect(test.ledger.ownedObjects(address)).toHaveLength(2)
    }
  })
})

describe('the forking service of the official client', () => {
  it('moves time, which contracts see, and tells where the chain is', async () => {
    const { forkingService } = test.client
    const { response: before } = await forkingService.getStatus({})
    expect(before.checkpointSequenceNumber).toBe(test.ledger.checkpoint)
    const { response: moved } = await forkingService.advanceClock({ durationMs: 3_600_000n })
    expect(Number(moved.timestampMs - before.timestampMs)).toBeGreaterThanOrEqual(3_600_000)
    const clock = await test.client.getObject({ objectId: '0x6', include: { content: true } })
    const ms = new DataView(clock.object.content!.buffer, clock.object.content!.byteOffset).getBigUint64(32, true)
    expect(Number(ms)).toBeGreaterThanOrEqual(Number(before.timestampMs) + 3_600_000)
    await expect(forkingService.advanceClock({ durationMs: 1n << 62n })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    const { response: sealed } = await forkingService.advanceCheckpoint({})
    expect(sealed.checkpointSequenceNumber).toBe(test.ledger.checkpoint)
  })
})
