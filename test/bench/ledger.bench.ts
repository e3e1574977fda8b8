/** Simple transactions end to end: built and signed by the official client, sent over gRPC-web to a ledger in another
 *  process, checked, executed, logged to disk, answered and parsed. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { requestSuiFromFaucetV2 } from '@mysten/sui/faucet'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { Transaction } from '@mysten/sui/transactions'
import { fromBase64 } from '@mysten/sui/utils'
import { median, table } from './measure.ts'
import type { Bench } from './run.ts'

const child = fileURLToPath(new URL('ledger-child.ts', import.meta.url))
const USERS = 4
const EACH = 150
const ROUNDS = 3
/** Whom everything is sent to: senders keep one coin. */
const SINK = '0x51'

interface Coin {
  objectId: string
  version: string
  digest: string
}

interface User {
  readonly client: SuiGrpcClient
  readonly keypair: Ed25519Keypair
  readonly address: string
  coin: Coin
}

async function startChild(): Promise<{ ledger: ChildProcess; url: string; cpuMs(): Promise<number> }> {
  const ledger = spawn(process.execPath, [child], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: ledger.stdout! })
  const [url] = (await once(lines, 'line')) as [string]
  const cpuMs = async () => {
    const line = once(lines, 'line')
    ledger.stdin!.write('\n')
    return Number((await line)[0])
  }
  return { ledger, url, cpuMs }
}

async function createUser(url: string): Promise<User> {
  const client = new SuiGrpcClient({ network: 'localnet', baseUrl: url })
  const keypair = new Ed25519Keypair()
  const address = keypair.toSuiAddress()
  await requestSuiFromFaucetV2({ host: url, recipient: address })
  const { objects } = await client.core.listCoins({ owner: address })
  return { client, keypair, address, coin: objects[0]! }
}

/** One signed transfer of a part of the user's coin. */
async function sign(user: User): Promise<{ transaction: Uint8Array; signatures: string[] }> {
  const tx = new Transaction()
  tx.transferObjects([tx.splitCoins(tx.gas, [1])], SINK)
  tx.setSender(user.address)
  tx.setGasPrice(1000)
  tx.setGasBudget(10_000_000)
  tx.setGasPayment([user.coin])
  tx.setExpiration({ None: true })
  const transaction = await tx.build()
  const { signature } = await user.keypair.signTransaction(transaction)
  return { transaction, signatures: [signature] }
}

async function transfer(user: User): Promise<void> {
  const { client } = user
  const result = await client.core.executeTransaction({ ...(await sign(user)), include: { effects: true } })
  const effects = result.Transaction?.effects
  if (!effects?.status.success) throw new Error('a transfer failed')
  const changed = effects.changedObjects.find(({ objectId }) => objectId === user.coin.objectId)!
  user.coin = { objectId: changed.objectId, version: changed.outputVersion!, digest: changed.outputDigest! }
}

/** Built by the ledger too: gas selection and budget by simulation, as `signAndExecuteTransaction` does. */
async function transferUnresolved(user: User): Promise<void> {
  const tx = new Transaction()
  tx.transferObjects([tx.splitCoins(tx.gas, [1])], SINK)
  const { client, keypair } = user
  const result = await client.core.signAndExecuteTransaction({ transaction: tx, signer: keypair })
  if (!result.Transaction) throw new Error('a transfer failed')
}

async function rate(users: readonly User[], each: number, step: (user: User) => Promise<void>): Promise<number> {
  const start = performance.now()
  await Promise.all(
    users.map(async (user) => {
      for (let i = 0; i < each; i++) await step(user)
    }),
  )
  return (users.length * each * 1000) / (performance.now() - start)
}

export const bench: Bench = {
  title: 'Local ledger: simple transactions a second',
  async run(log) {
    const { ledger, url, cpuMs } = await startChild()
    try {
      const users = await Promise.all(Array.from({ length: USERS }, () => createUser(url)))
      const contenders = [
        { name: `signed, ${USERS} clients at once`, run: () => rate(users, EACH, transfer) },
        { name: 'signed, one client', run: () => rate(users.slice(0, 1), EACH, transfer) },
        { name: `resolved by the ledger, ${USERS} clients`, run: () => rate(users, EACH / 5, transferUnresolved) },
        {
          name: 'client alone: build and sign',
          run: () => rate(users, EACH / 5, async (user) => void fromBase64((await sign(user)).signatures[0]!)),
        },
      ]
      const rates = new Map(contenders.map(({ name }) => [name, [] as number[]]))
      const cpu = new Map(contenders.map(({ name }) => [name, [] as number[]]))
      for (let round = -1; round < ROUNDS; round++) {
        for (const { name, run } of contenders) {
          // Transfers that the ledger resolved have moved the coin on.
          for (const user of users) user.coin = (await user.client.core.listCoins({ owner: user.address })).objects[0]!
          const [before, from] = [await cpuMs(), performance.now()]
          const perSecond = await run()
          const count = (perSecond * (performance.now() - from)) / 1000
          if (round >= 0) rates.get(name)!.push(perSecond)
          if (round >= 0) cpu.get(name)!.push(((await cpuMs()) - before) / count)
          log(`  ${name}: ${perSecond.toFixed(0)}/s`)
        }
      }
      const rows = [...rates].map(([name, values]) => [
        name,
        median(values).toFixed(0),
        Math.max(...values).toFixed(0),
        median(cpu.get(name)!).toFixed(2),
      ])
      return table(['transfer', `median of ${ROUNDS}, 1/s`, 'best, 1/s', "ledger's processor time, ms each"], rows)
    } finally {
      ledger.stdin!.end()
      await once(ledger, 'close')
    }
  },
}
