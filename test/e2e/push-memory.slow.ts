import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startLocalNetwork } from '../../src/localnet/index.ts'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import type { NetworkProfile } from '../../src/repo/remote-options.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { writeBigFile } from './scale.ts'

const MEBIBYTE = 2 ** 20
const CHILD = fileURLToPath(new URL('./push-child.ts', import.meta.url))

/** Pushes one file in packs of `packBytes` to 13 nodes with 1000 shards.
 *  @returns the peak of the pushing process, in bytes resident */
async function pushPeak(fileBytes: number, packBytes: number): Promise<{ peakBytes: number; packs: number[] }> {
  const root = await mkdtemp(join(tmpdir(), 'floe-push-memory-'))
  const net = await startLocalNetwork({ dir: join(root, 'net'), nodes: 13, shards: 1000, threads: 2, sync: false })
  try {
    const dir = join(root, 'data')
    await mkdir(dir)
    await initWorkspace(dir)
    await writeBigFile(dir, fileBytes)
    {
      await using workspace = await openWorkspace(dir)
      await add(workspace, { all: true })
      await commit(workspace, { message: 'one file', author: { name: 'Test', email: '' } })
    }
    const profile: NetworkProfile = {
      name: 'local',
      rpcUrl: net.rpcUrl,
      faucetUrl: net.faucetUrl,
      systemObjectId: net.systemObjectId,
      stakingObjectId: net.stakingObjectId,
      walPackageId: net.walPackageId,
      floePackageIds: [net.floePackageId],
      nodeScheme: 'http',
      local: true,
    }
    const options = {
      homeDir: join(root, 'home'),
      networks: [profile],
      create: { name: 'big', network: 'local' },
      yes: true,
      limits: { packBytes },
    }
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD, dir, JSON.stringify(options)])
    process.stdout.write(`push of ${fileBytes / MEBIBYTE} MiB in packs of ${packBytes / MEBIBYTE} MiB: ${stdout}`)
    return JSON.parse(stdout)
  } finally {
    await net.close()
    await rm(root, { recursive: true, force: true })
  }
}

it.each([
  // The file fills one pack but for a chunk or two, which go to a second one.
  ['a 256 MiB pack', 256, 256, 1024],
  ['a 1 GiB pack', 1024, 1024, 2048],
  ['1 GiB in packs of the usual size', 1024, 128, 1024],
])('pushing %s at 1000 shards stays below its bound', async (_, file, pack, bound) => {
  const { peakBytes, packs } = await pushPeak(file * MEBIBYTE, pack * MEBIBYTE)
  expect(Math.max(...packs)).toBeGreaterThan(0.95 * pack * MEBIBYTE)
  expect(peakBytes).toBeLessThan(bound * MEBIBYTE)
})
