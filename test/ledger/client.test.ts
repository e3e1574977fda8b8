import { expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { TESTNET } from '../../src/ledger/networks.ts'

const ID = `0x${'a1'.repeat(32)}`

it('takes a ledger that gives no answer in time for one that may answer later', async () => {
  const silent: typeof fetch = (_input, init) =>
    new Promise((_resolve, reject) => init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason)))
  const ledger = createLedgerClient(TESTNET, { fetch: silent, timeoutMs: 30 })
  const late = { code: 'LEDGER_UNREACHABLE', exitCode: 14, retryable: true }
  await expect(ledger.fetchObject(ID)).rejects.toMatchObject(late)
  await expect(ledger.fetchBalance(ID, '0x2::sui::SUI')).rejects.toMatchObject(late)
  const owner = { address: ID, signTransaction: async () => '' } as unknown as Parameters<typeof ledger.execute>[1]
  await expect(ledger.execute((tx) => void tx.transferObjects([tx.gas], ID), owner)).rejects.toMatchObject(late)
})
