import { Transaction } from '@mysten/sui/transactions'
import { describe, expect, it } from 'vitest'
import { startTestLedger } from './test-ledger.ts'

/** Goal: 100 a second on an idle core. The floor leaves room for a machine that does other things, and still fails if
 *  the work per transaction starts to grow with the number of transactions or objects. */
const FLOOR_PER_SECOND = 15
const COUNT = 150

describe('throughput', () => {
  it('signs, verifies, executes and stores transactions at a steady rate', async () => {
    const test = await startTestLedger()
    try {
      const { keypair, address } = await test.createUser()
      const [first] = test.ledger.ownedObjects(address)
      let coin = { objectId: first!.id, version: String(first!.version), digest: first!.digest }
      const started = performance.now()
      for (let i = 0; i < COUNT; i++) {
        const tx = new Transaction()
        tx.transferObjects([tx.splitCoins(tx.gas, [1])], address)
        tx.setSender(address)
        tx.setGasPrice(1000)
        tx.setGasBudget(10_000_000)
        tx.setGasPayment([coin])
        tx.setExpiration({ None: true })
        const bytes = await tx.build()
        const { signature } = await keypair.signTransaction(bytes)
        await test.ledger.execute(bytes, [signature])
        const next = test.ledger.getObject(coin.objectId)!
        coin = { objectId: next.id, version: String(next.version), digest: next.digest }
      }
      const perSecond = (COUNT * 1000) / (performance.now() - started)
      expect(perSecond).toBeGreaterThan(FLOOR_PER_SECOND)
      console.log(`${Math.round(perSecond)} transactions per second`)
    } finally {
      await test[Symbol.asyncDispose]()
    }
  })
})
