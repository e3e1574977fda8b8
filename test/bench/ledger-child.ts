/** A ledger in a process of its own, as the local network runs it: prints where it is, answers every line with the
 *  processor time it has used in milliseconds, and ends with its input. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLedger } from '../../src/localnet/ledger/index.ts'
import { genesisPackages } from '../localnet/ledger/test-ledger.ts'

const dir = mkdtempSync(join(tmpdir(), 'floe-bench-ledger-'))
const ledger = await startLedger({ dir })
await ledger.genesis({ packages: genesisPackages() })
process.stdout.write(`${ledger.rpcUrl}\n`)
process.stdin.on('data', () => {
  const { user, system } = process.cpuUsage()
  process.stdout.write(`${(user + system) / 1000}\n`)
})
process.stdin.once('end', async () => {
  await ledger.close()
  rmSync(dir, { recursive: true, force: true })
})
