import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { exportVersion } from '../../src/repo/export-version.ts'
import { markCommit } from '../../src/repo/marks.ts'
import { push } from '../../src/repo/push.ts'
import type { FileSystem } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { CrashFs } from '../faults/crash-fs.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

const child = fileURLToPath(new URL('export-child.ts', import.meta.url))
let world: LocalWorld
let origin: string
let address: string
const places = () => mkdir(world.path('out'), { recursive: true }).then(() => world.path('out'))

beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  const files: Record<string, string | Uint8Array> = {
    'README.md': '# data\n',
    'big.bin': noise(900_000, 3),
    empty: '',
  }
  for (let i = 0; i < 250; i++) files[`train/${i % 9}/${i}.bin`] = noise(3000 + i, i)
  origin = await world.workspace('origin', files)
  address = `local:${(await push(origin, { ...world.options, create: { name: 'demo', network: 'local' } })).repository}`
})
afterAll(() => world[Symbol.asyncDispose]())

describe('a version written to a directory', () => {
  it('is byte for byte the version, or the part that a filter leaves, and nothing else', async () => {
    const out = await places()
    const result = await exportVersion(address, join(out, 'all'), world.options)
    expect(result).toMatchObject({ files: 253, commit: expect.any(String) })
    expect(await snapshot(join(out, 'all'))).toEqual(await snapshot(origin))
    expect(await exportVersion(origin, join(out, 'part'), { ...world.options, filter: ['train/3'] })).toMatchObject({
      files: 28,
      downloadedBytes: 0,
    })
    expect((await readdir(out)).sort()).toEqual(['all', 'part'])
    await expect(exportVersion(address, join(out, 'x'), { ...world.options, filter: ['no'] })).rejects.toMatchObject({
      code: 'FILTER_MATCHES_NOTHING',
    })
  })

  it('does not touch what is there', async () => {
    const out = await places()
    await mkdir(join(out, 'taken'))
    await writeFile(join(out, 'taken', 'file'), 'mine')
    await writeFile(join(out, 'file'), 'mine')
    for (const name of ['taken', 'file'])
      await expect(exportVersion(address, join(out, name), world.options)).rejects.toMatchObject({
        code: 'EXPORT_TARGET_NOT_EMPTY',
        exitCode: 2,
      })
    await mkdir(join(out, 'empty'))
    await exportVersion(address, join(out, 'empty'), world.options)
    expect(await snapshot(join(out, 'empty'))).toEqual(await snapshot(origin))
  })

  it('is complete or not there, whenever it is killed, and the next run goes on', async () => {
    const out = join(await places(), 'killed')
    await mkdir(out)
    const goal = join(out, 'version')
    const whole = await snapshot(origin)
    const rng = createRng(21)
    let cutOff = 0
    for (let round = 0; round < 2; round++) {
      const atFiles = rng.below(240)
      const running = spawn(process.execPath, [child, address, goal, JSON.stringify(world.options)], {
        stdio: 'ignore',
      })
      const ended = once(running, 'exit')
      while (running.exitCode === null && running.signalCode === null) {
        if ((await filesIn(join(out, '.version.floe-partial', 'files'))) > atFiles) running.kill('SIGKILL')
        await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2))])
      }
      if ((await readdir(out)).includes('version')) {
        expect(await snapshot(goal)).toEqual(whole)
        await rm(goal, { recursive: true })
      } else cutOff++
    }
    expect(cutOff).toBeGreaterThan(0)
    // A torn file of a killed run, and one that the version does not have.
    const files = join(out, '.version.floe-partial', 'files')
    if (await filesIn(files)) await writeFile(join(files, 'README.md'), '# da')
    const result = await exportVersion(address, goal, world.options)
    expect(result.files).toBe(253)
    expect(await snapshot(goal)).toEqual(whole)
    expect(await readdir(out)).toEqual(['version'])
  })

  it('is complete or not there after a power cut, whenever that comes', async () => {
    const options = { ...world.options, filter: ['train/3', 'README.md', 'empty'] }
    const emptyDisk = async () => {
      const disk = new CrashFs()
      disk.makeDirectory('/out')
      await disk.syncDirectory('/')
      return disk
    }
    const counted = await emptyDisk()
    await exportVersion(address, '/out/v', { ...options, fs: counted })
    const { steps } = counted
    const whole = counted.contents('/out/v')
    expect(whole.size).toBe(30)
    let complete = 0
    for (let cut = steps - 12; cut <= steps + 1; cut++)
      for (let seed = 0; seed < 3; seed++) {
        const disk = await emptyDisk()
        disk.cutAtStep = cut
        await exportVersion(address, '/out/v', { ...options, fs: disk }).catch(() => {})
        const after = disk.reboot(createRng(seed))
        if (!after.stat('/out/v')) continue
        expect(after.contents('/out/v'), `cut at ${cut} of ${steps}, seed ${seed}`).toEqual(whole)
        complete++
      }
    expect(complete).toBeGreaterThan(0)
  })

  it('of another version does not keep files of the one that was cut off', async () => {
    const out = join(await places(), 'changed')
    const files = join(out, '.v.floe-partial', 'files')
    await mkdir(files, { recursive: true })
    await writeFile(join(files, 'stale.bin'), 'from another version')
    await writeFile(join(out, '.v.floe-partial', 'version'), '{"commit":"other","rules":null}')
    await exportVersion(address, join(out, 'v'), world.options)
    expect((await snapshot(join(out, 'v'))).has('stale.bin')).toBe(false)
    expect(await readdir(out)).toEqual(['v'])
  })

  it('is made by one process at a time, and leaves nothing when it cannot be made', async () => {
    const out = join(await places(), 'busy')
    const both = await Promise.allSettled([1, 2].map(() => exportVersion(address, join(out, 'v'), world.options)))
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const refused = both.find((result) => result.status === 'rejected')
    expect(['LOCKED', 'EXPORT_TARGET_NOT_EMPTY']).toContain(refused?.reason.code)
    await expect(exportVersion(`${address}@nowhere`, join(out, 'w'), world.options)).rejects.toMatchObject({
      code: 'DATASET_REF_UNKNOWN',
    })
    expect(await readdir(out)).toEqual(['v'])
  })

  it('leaves nothing of a run that came while another one ended, and begins anew where that took its folder', async () => {
    const out = await places()
    let late: Promise<unknown> = Promise.resolve()
    const first: FileSystem = {
      ...nodeFs,
      // The place has its version, and the lock is still held.
      async syncDirectory(path) {
        await nodeFs.syncDirectory(path)
        if (path !== out || !nodeFs.stat(join(out, 'ended'))) return
        late = exportVersion(address, join(out, 'ended'), { ...world.options, fs: { ...nodeFs, stat: statOf } })
        await late.catch(() => {})
      },
    }
    // As it was when the late run looked.
    let looks = 0
    const statOf = ((path?: string) =>
      path === join(out, 'ended') && looks++ === 0 ? undefined : nodeFs.stat(path!)) as FileSystem['stat']
    await exportVersion(address, join(out, 'ended'), { ...world.options, fs: first })
    await expect(late).rejects.toMatchObject({ code: 'LOCKED' })
    expect(await readdir(out)).not.toContain('.ended.floe-partial')

    const second = (goal: string, end: () => void): FileSystem => ({
      ...nodeFs,
      link(from, to) {
        // Another run ends between the making of the folder and the lock in it.
        if (to.endsWith('/lock') && !nodeFs.stat(`${goal}-was-there`)) {
          rmSync(dirname(to), { recursive: true })
          mkdirSync(`${goal}-was-there`)
          end()
        }
        nodeFs.link(from, to)
      },
    })
    const begun = join(out, 'begun')
    await exportVersion(address, begun, { ...world.options, fs: second(begun, () => {}) })
    expect(await snapshot(begun)).toEqual(await snapshot(origin))
    const done = join(out, 'done')
    const takeIt = () => cpSync(begun, done, { recursive: true })
    await expect(exportVersion(address, done, { ...world.options, fs: second(done, takeIt) })).rejects.toMatchObject({
      code: 'EXPORT_TARGET_NOT_EMPTY',
    })
    expect((await readdir(out)).filter((name) => name.endsWith('.floe-partial'))).toEqual([])
  })

  it('is refused of a version that was taken down, and tells of one that is marked', async () => {
    const out = await places()
    const commit = await world.change(origin, { 'README.md': '# other data\n' })
    await push(origin, world.options)
    const mark = (status: string) => markCommit(origin, { ...world.options, status, reason: 'no consent' })
    await mark('takedown')
    await expect(exportVersion(address, join(out, 'down'), world.options)).rejects.toMatchObject({
      code: 'COMMIT_TAKEN_DOWN',
      data: { commit },
    })
    expect((await readdir(out)).filter((name) => name.includes('down'))).toEqual([])
    const inSpite = await exportVersion(address, join(out, 'down'), { ...world.options, allowTakedown: true })
    expect(inSpite.marks).toMatchObject([{ commit, status: 'takedown' }])
    await mark('consent-withdrawn')
    const warned = await exportVersion(address, join(out, 'withdrawn'), world.options)
    expect(warned.marks).toMatchObject([{ status: 'consent-withdrawn', reason: 'no consent' }])
    await mark('active')
    expect((await exportVersion(address, join(out, 'active'), world.options)).marks).toEqual([])
  })
})

async function filesIn(dir: string): Promise<number> {
  try {
    return (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).length
  } catch {
    return 0
  }
}
