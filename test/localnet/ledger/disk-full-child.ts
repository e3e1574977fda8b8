/** A ledger under a limit on the size of its files: commits until a write fails, then says what it sees. */

import { FloeError } from '../../../src/base/errors.ts'
import { SYSTEM_ADDRESS, startLedger } from '../../../src/localnet/ledger/index.ts'
import { genesisPackages } from './test-ledger.ts'

const [dir] = process.argv.slice(2) as [string]
const ledger = await startLedger({ dir, durability: 'commit' })
await ledger.genesis({ packages: genesisPackages() })
let acknowledged = ledger.checkpoint
const codes: string[] = []
while (codes.length < 3) {
  const before = ledger.ownedObjects(SYSTEM_ADDRESS).length
  try {
    await ledger.fund(`0x${'a1'.padStart(64, '0')}`, 5n)
    acknowledged++
  } catch (error) {
    codes.push(error instanceof FloeError ? error.code : String(error))
    if (ledger.ownedObjects(SYSTEM_ADDRESS).length !== before) codes.push('STATE_CHANGED')
  }
}
process.stdout.write(
  JSON.stringify({ codes, acknowledged: Number(acknowledged), checkpoint: Number(ledger.checkpoint) }),
)
// Without closing: the folder is as a ledger that died leaves it.
process.exit(0)
