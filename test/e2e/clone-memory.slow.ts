import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { makeLargeDataset } from './large-dataset.ts'
import { type LocalWorld, startLocalWorld } from './local-world.ts'

const MEBIBYTE = 2 ** 20
/** MiB. `npm run bench -- memory` takes 8192. */
const SIZE = Number(process.env.FLOE_MEMORY_MIB ?? 2048)
const CHILD = fileURLToPath(new URL('./clone-child.ts', import.meta.url))
const onLinux = it.runIf(process.platform === 'linux')

let world: LocalWorld
let address: string
let pushed: ChildResult
interface ChildResult {
  repository: string
  bytes: number
  peakBytes: number
}
async function child(verb: string, from: string, dir: string, options: object): Promise<ChildResult> {
  const arguments_ = [CHILD, verb, from, dir, JSON.stringify(options)]
  const { stdout } = await promisify(execFile)(process.execPath, arguments_)
  process.stdout.write(`${verb} of ${SIZE} MiB: ${stdout}`)
  return JSON.parse(stdout)
}
beforeAll(async () => {
  // Packs of the usual size, so that a clone brings them whole.
  world = await startLocalWorld({ shards: 208 })
  const dir = world.path('data')
  await makeLargeDataset(dir, SIZE)
  await initWorkspace(dir)
  await using workspace = await openWorkspace(dir)
  await add(workspace, { all: true })
  await commit(workspace, { message: 'large', author: { name: 'Test', email: '' } })
  pushed = await child('push', '', dir, world.options)
  address = `local:${pushed.repository}`
  await rm(dir, { recursive: true })
}, 3_600_000)
afterAll(() => world[Symbol.asyncDispose]())

onLinux('push of a large dataset stays below 1 GiB of memory, whatever its size', () => {
  expect(pushed.bytes).toBeGreaterThanOrEqual(SIZE * MEBIBYTE)
  expect(pushed.peakBytes).toBeLessThan(1024 * MEBIBYTE)
})

onLinux.each(['clone', 'stream'])(
  '%s of a large dataset stays below 1 GiB of memory, whatever its size',
  async (verb) => {
    const options = { ...world.options, homeDir: world.path(`home-${verb}`), useCache: true }
    const { bytes, peakBytes } = await child(verb, address, world.path(`out-${verb}`), options)
    // Nothing is left for the next one's disk.
    await rm(world.path(`out-${verb}`), { recursive: true, force: true })
    await rm(world.path(`home-${verb}`), { recursive: true, force: true })
    expect(bytes).toBe(SIZE * MEBIBYTE)
    expect(peakBytes).toBeLessThan(1024 * MEBIBYTE)
  },
  3_600_000,
)
