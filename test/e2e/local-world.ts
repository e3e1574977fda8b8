/** A local network and workspaces in a temporary folder, for end-to-end tests of the remote verbs. */

import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sleep } from '../../src/base/abort.ts'
import { createRng } from '../../src/base/rng.ts'
import { type LocalNetwork, startLocalNetwork } from '../../src/localnet/index.ts'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import type { NetworkProfile, RemoteOptions } from '../../src/repo/remote-options.ts'
import { openWorkspace } from '../../src/store/workspace.ts'

export interface LocalWorld extends AsyncDisposable {
  root: string
  net: LocalNetwork
  profile: NetworkProfile
  options: RemoteOptions
  /** Stops the ledger and all nodes, and starts them again where they were, after a while. */
  restart(awayMs?: number): Promise<void>
  path(name: string): string
  /** A new workspace with these files committed. */
  workspace(name: string, files: Record<string, string | Uint8Array>): Promise<string>
  /** Writes files into a workspace and commits them. */
  change(dir: string, files: Record<string, string | Uint8Array>, message?: string): Promise<string>
}

/** 13 nodes with one shard each: every blob has 26 slivers, so pushes are quick, and 4 nodes may fail.
 *  @param options.nodes - fewer, where many packs matter and nodes do not: each signs for every pack
 *  @param options.shards - more than nodes, where packs have to be larger than so few shards hold */
export async function startLocalWorld(options: { nodes?: 4 | 10 | 13; shards?: number } = {}): Promise<LocalWorld> {
  const { nodes = 13, shards = nodes } = options
  const root = await mkdtemp(join(tmpdir(), 'floe-e2e-'))
  const shape = { dir: join(root, 'net'), nodes, shards, threads: 1, sync: false }
  const net = await startLocalNetwork(shape)
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
  const world: LocalWorld = {
    root,
    net,
    profile,
    // Faults are meant to be met by every read: what was read once must not come from the cache.
    options: { homeDir: join(root, 'home'), networks: [profile], useCache: false },
    path: (name) => join(root, name),
    async restart(awayMs = 0) {
      await world.net.close()
      await sleep(awayMs)
      world.net = await startLocalNetwork(shape)
    },
    async workspace(name, files) {
      const dir = join(root, name)
      await mkdir(dir)
      await initWorkspace(dir)
      await world.change(dir, files, 'first')
      return dir
    },
    async change(dir, files, message = 'change') {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(dir, path)), { recursive: true })
        await writeFile(join(dir, path), content)
      }
      await using workspace = await openWorkspace(dir)
      await add(workspace, { all: true })
      return (await commit(workspace, { message, author: { name: 'Test', email: '' } })).commit
    },
    async [Symbol.asyncDispose]() {
      await world.net.close()
      await rm(root, { recursive: true, force: true })
    },
  }
  return world
}

/** Bytes that do not compress. */
export function noise(length: number, seed: number): Uint8Array {
  return createRng(seed).fill(new Uint8Array(length))
}

/** Every file below a directory except Floe's own, as path → content, mode and link target. */
export async function snapshot(dir: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(dir.length + 1)
    if (name === '.floe' || name.startsWith('.floe/') || entry.isDirectory()) continue
    if (entry.isSymbolicLink()) found.set(name, `-> ${await readlink(path)}`)
    else found.set(name, `${(await stat(path)).mode & 0o100 ? 'x' : '-'} ${(await readFile(path)).toString('base64')}`)
  }
  return found
}

/** The error that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Error & { code?: string; data?: unknown }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('expected a rejection')
}
