/** Kills the network's process at random moments of writes and looks what is left. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { expect } from 'vitest'
import { sleep } from '../../src/base/abort.ts'
import { createRng, type Rng } from '../../src/base/rng.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { ensureLocalNetwork, stopLocalNetwork } from '../../src/localnet/daemon.ts'
import { lockHolder } from '../../src/localnet/folder-lock.ts'
import type { LocalNetworkInfo } from '../../src/localnet/info.ts'
import { type BlobClient, createBlobClient } from '../e2e/blob-client.ts'

const keypair = Ed25519Keypair.deriveKeypairFromSeed('22'.repeat(32))

/** Every blob whose write returned before a kill must be whole after it, and the network must take new ones. */
export async function survivesKills(kills: number, seed: number): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'floe-crash-'))
  const rng = createRng(seed)
  const certified = new Map<string, string>()
  try {
    let lease = await ensureLocalNetwork({ dataDir, nodes: 4, shards: 10, idleMs: 0 })
    await fund(lease.info)
    // Ports and ids stay, so one client serves all the time, and its first write is the only slow one.
    await using client = await createBlobClient(lease.info, keypair.getSecretKey())
    await writeOne(client, rng, certified)
    for (let kill = 0; kill < kills; kill++) {
      const controller = new AbortController()
      const writing = writeUntilKilled(client, rng.nextU32(), certified, controller.signal)
      await sleep(50 + rng.below(900))
      process.kill((await lockHolder(join(dataDir, 'localnet')))!, 'SIGKILL')
      controller.abort()
      await lease.release()
      lease = await ensureLocalNetwork({ dataDir, idleMs: 0 })
      // Not before: a client whose transaction was answered reads it back for as long as a minute, signal or not.
      await writing
      for (const [blobId, sha256] of certified) expect(sha256Hex((await client.read(blobId)).bytes)).toBe(sha256)
    }
    await writeOne(client, rng, certified)
    await lease.release()
  } finally {
    await stopLocalNetwork({ dataDir })
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function writeOne(
  client: BlobClient,
  rng: Rng,
  certified: Map<string, string>,
  signal?: AbortSignal,
): Promise<void> {
  const bytes = rng.fill(new Uint8Array(1 + rng.below(20_000)))
  const { blobId } = await client.write(bytes, { signal })
  certified.set(blobId, sha256Hex(bytes))
}

/** Writes one blob after the other; whatever fails, fails because the network is gone. */
async function writeUntilKilled(
  client: BlobClient,
  seed: number,
  certified: Map<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const rng = createRng(seed)
  while (!signal.aborted)
    await writeOne(client, rng, certified, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
}

async function fund({ faucetUrl }: LocalNetworkInfo): Promise<void> {
  const recipient = keypair.toSuiAddress()
  const post = async (path: string, body: unknown) => {
    const response = await fetch(faucetUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(response.ok).toBe(true)
  }
  await post('/v2/gas', { FixedAmountRequest: { recipient } })
  await post('/v2/wal', { recipient })
}
