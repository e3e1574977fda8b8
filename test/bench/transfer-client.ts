/** One transfer by one client in a process of its own: `transfer-client.ts <job as JSON>`; prints JSON.
 *  Timed is what a caller waits for, workers and connections included, from a process that has loaded its modules. */

import { createCipheriv } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { WalrusClient } from '@mysten/walrus'
import type { LocalNetworkInfo } from '../../src/localnet/info.ts'
import { add } from '../../src/repo/add.ts'
import { clone } from '../../src/repo/clone.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { push } from '../../src/repo/push.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { createBlobClient, localProfile } from '../e2e/blob-client.ts'

export interface TransferJob {
  who: 'floe' | 'official' | 'floe, whole verb'
  what: 'push' | 'pull'
  bytes: number
  /** Other bytes for other numbers. */
  seed: number
  info: LocalNetworkInfo
  /** What to pull: a blob id, or the address of a repository. */
  from: string | null
  /** Folder for workspaces. */
  dir: string
}

export interface TransferResult {
  wallMs: number
  cpuMs: number
  peakBytes: number
  stored: string
}

const job = JSON.parse(process.argv[2]!) as TransferJob
const secret = Ed25519Keypair.deriveKeypairFromSeed('11'.repeat(32))

/** Bytes that do not compress, quickly made. */
function noise(into: Uint8Array, seed: number): Uint8Array {
  let at = 0
  for (const piece of noisePieces(into.length, seed)) {
    into.set(piece, at)
    at += piece.length
  }
  return into
}

function* noisePieces(bytes: number, seed: number): Generator<Uint8Array> {
  const key = Buffer.alloc(16)
  key.writeUInt32LE(seed)
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(4 * 2 ** 20)
  for (let at = 0; at < bytes; at += zeros.length)
    yield cipher.update(zeros.subarray(0, Math.min(zeros.length, bytes - at)))
}

function official(): WalrusClient {
  const { systemObjectId, stakingObjectId, rpcUrl } = job.info
  return new WalrusClient({
    packageConfig: { systemObjectId, stakingPoolId: stakingObjectId },
    suiClient: new SuiGrpcClient({ network: 'localnet', baseUrl: rpcUrl }),
    storageNodeUrlScheme: 'http',
    storageNodeClientOptions: { timeout: 600_000 },
  })
}

/** Work that is not timed, and what is. */
async function prepare(): Promise<() => Promise<string>> {
  const { who, what, from, info } = job
  if (who === 'floe, whole verb') {
    const options = {
      homeDir: join(job.dir, 'home'),
      networks: [localProfile(info)],
      key: { $kind: 'secret' as const, secret: secret.getSecretKey() },
    }
    if (what === 'pull') {
      const dir = join(job.dir, `clone-${job.seed}`)
      return async () => {
        await clone(from!, dir, options)
        return dir
      }
    }
    const dir = join(job.dir, `workspace-${job.seed}`)
    await mkdir(dir, { recursive: true })
    await initWorkspace(dir)
    // In pieces: the peak of memory that is reported is that of the push.
    await writeFile(join(dir, 'data.bin'), noisePieces(job.bytes, job.seed))
    {
      await using workspace = await openWorkspace(dir)
      await add(workspace, { all: true })
      await commit(workspace, { message: 'bench', author: { name: 'Bench', email: '' } })
    }
    return async () => {
      const pushed = await push(dir, { ...options, create: { name: 'bench', network: 'local' }, isPublic: true })
      return `local:${pushed.repository}`
    }
  }
  const bytes = what === 'push' ? job.bytes : 0
  if (who === 'floe') {
    const client = await createBlobClient(info, secret.getSecretKey(), { threads: 2 })
    // Where a push builds its packs.
    const blob = noise(client.allocate(bytes), job.seed)
    return async () => {
      await using _ = client
      if (what === 'push') return (await client.write(blob, { takes: true })).blobId
      return checked((await client.read(from!)).bytes, from!)
    }
  }
  const blob = noise(new Uint8Array(bytes), job.seed)
  return async () => {
    const client = official()
    if (what === 'push') return (await client.writeBlob({ blob, deletable: true, epochs: 3, signer: secret })).blobId
    return checked(await client.readBlob({ blobId: from! }), from!)
  }
}

function checked(bytes: Uint8Array, blobId: string): string {
  if (bytes.length !== job.bytes) throw new Error(`${bytes.length} bytes instead of ${job.bytes}`)
  return blobId
}

/** Of this process alone: the peak in `resourceUsage` begins with that of the process it was forked from. */
function peakBytes(): number {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    if (kibibytes) return Number(kibibytes) * 1024
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024
}

const run = await prepare()
const before = process.cpuUsage()
const started = performance.now()
const stored = await run()
const wallMs = performance.now() - started
const { user, system } = process.cpuUsage(before)
const result: TransferResult = { wallMs, cpuMs: (user + system) / 1000, peakBytes: peakBytes(), stored }
if (job.what === 'pull' && job.who === 'floe, whole verb') await rm(stored, { recursive: true, force: true })
console.log(JSON.stringify(result))
