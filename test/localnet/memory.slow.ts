import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { ensureLocalNetwork, stopLocalNetwork } from '../../src/localnet/daemon.ts'
import { lockHolder } from '../../src/localnet/folder-lock.ts'
import { createBlobClient } from '../e2e/blob-client.ts'

it('the network takes and gives 200 MiB blobs with less than 2 GiB of memory', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'floe-memory-'))
  try {
    await using lease = await ensureLocalNetwork({ dataDir, idleMs: 0 })
    const keypair = Ed25519Keypair.deriveKeypairFromSeed('33'.repeat(32))
    const post = (path: string, body: unknown) =>
      fetch(lease.info.faucetUrl + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    await post('/v2/gas', { FixedAmountRequest: { recipient: keypair.toSuiAddress() } })
    await post('/v2/wal', { recipient: keypair.toSuiAddress() })
    await using client = await createBlobClient(lease.info, keypair.getSecretKey())
    for (let seed = 0; seed < 3; seed++) {
      const bytes = createRng(seed).fill(new Uint8Array(200 * 2 ** 20))
      const { blobId } = await client.write(bytes)
      expect(Buffer.compare((await client.read(blobId)).bytes, bytes)).toBe(0)
    }
    const status = await readFile(`/proc/${await lockHolder(join(dataDir, 'localnet'))}/status`, 'utf8')
    const peakBytes = Number(/VmHWM:\s+([0-9]+) kB/.exec(status)![1]) * 1024
    expect(peakBytes).toBeLessThan(2 * 2 ** 30)
  } finally {
    await stopLocalNetwork({ dataDir })
    await rm(dataDir, { recursive: true, force: true })
  }
})
