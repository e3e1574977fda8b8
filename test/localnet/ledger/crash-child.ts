/** A ledger that works until it is killed. Arguments: folder, file with what earlier runs acknowledged.
 *  Prints one JSON line when it has checked that nothing acknowledged is lost, then one per committed transaction. */

import { existsSync, readFileSync } from 'node:fs'
import { Transaction } from '@mysten/sui/transactions'
import { type LedgerHandle, SYSTEM_ADDRESS, startLedger } from '../../../src/localnet/ledger/index.ts'
import { coinValue, decodeObject, encodeObject, SUI_COIN_TYPE } from '../../../src/localnet/ledger/object.ts'
import { genesisPackages } from './test-ledger.ts'

interface Acknowledged {
  digest: string
  checkpoint: number
}

const SUPPLY = 10_000_000_000_000_000_000n
const [dir, acknowledgedPath] = process.argv.slice(2) as [string, string]
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)

/** Throws unless the state is whole: every acknowledged transaction, consistent objects, no money made or lost. */
function check(ledger: LedgerHandle): { sui: string; events: number } {
  const lines = existsSync(acknowledgedPath) ? readFileSync(acknowledgedPath, 'utf8').split('\n').filter(Boolean) : []
  for (const { digest, checkpoint } of lines.map((line) => JSON.parse(line) as Acknowledged)) {
    const found = ledger.getTransaction(digest)
    if (Number(found?.checkpoint) !== checkpoint)
      throw new Error(`lost transaction ${digest} of checkpoint ${checkpoint}`)
  }
  let next = 1n
  let events = 0
  const owners = new Set([SYSTEM_ADDRESS])
  const stop = ledger.onTransaction(
    (transaction) => {
      if (transaction.checkpoint !== next++) throw new Error(`gap before checkpoint ${transaction.checkpoint}`)
      events += transaction.events.length
      for (const { id, change } of transaction.changed) {
        const owner = ledger.getObject(id)?.owner
        if (change !== 'deleted' && owner?.kind === 'address') owners.add(owner.address)
      }
    },
    { from: 1n },
  )
  stop()
  let sui = 0n
  for (const owner of owners) {
    for (const object of ledger.ownedObjects(owner)) {
      if (decodeObject(encodeObject(object)).digest !== object.digest) throw new Error(`object ${object.id} changed`)
      if (object.data.kind === 'move' && object.data.type === SUI_COIN_TYPE) sui += coinValue(object)
    }
  }
  if (sui !== SUPPLY) throw new Error(`${sui} MIST instead of ${SUPPLY}`)
  return { sui: String(sui), events }
}

const ledger = await startLedger({ dir, durability: 'interval', snapshotAfterBytes: 64 * 1024, onWarning: () => {} })
let counter = ''
if (!ledger.initialised) {
  // Only the very first run gets here: the parent waits for its first line before it kills.
  await ledger.genesis({ packages: genesisPackages() })
}
ledger.onTransaction(
  (transaction) => {
    counter ||= transaction.changed.find(({ type }) => type.endsWith('::counter::Counter'))?.id ?? ''
  },
  { from: 1n },
)
const packageId = (ledger.getObject(counter)!.data as { type: string }).type.split('::')[0]
say({ ready: true, chainId: ledger.chainId, checkpoint: Number(ledger.checkpoint), ...check(ledger) })

for (let i = 0; ; i++) {
  const recipient = `0x${(1 + (i % 40)).toString(16).padStart(64, '0')}`
  const { digest } = await ledger.fund(recipient, 1_000n + BigInt(i))
  say({ digest, checkpoint: Number(ledger.checkpoint) })
  const tx = new Transaction()
  tx.moveCall({ target: `${packageId}::counter::reset`, arguments: [tx.object(counter)] })
  tx.moveCall({ target: `${packageId}::counter::bump`, arguments: [tx.object(counter), tx.pure.u64(i % 100)] })
  const bumped = await ledger.executeAs(recipient, tx.getData())
  say({ digest: bumped.digest, checkpoint: Number(bumped.checkpoint) })
  // Lets the sync timer and signals run between transactions.
  await new Promise((resolve) => setImmediate(resolve))
}
