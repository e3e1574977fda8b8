import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { syncTree } from '../../src/store/sync-tree.ts'
import { CrashFs } from '../faults/crash-fs.ts'

const FILES = 600

/** Files in two levels of folders, a link among them; only the names above them are durable. */
async function filled(): Promise<CrashFs> {
  const disk = new CrashFs()
  disk.makeDirectory('/tree')
  await disk.syncDirectory('/')
  for (let i = 0; i < FILES; i++) {
    disk.makeDirectory(`/tree/${i % 7}/${i % 3}`)
    const file = disk.open(`/tree/${i % 7}/${i % 3}/${i}`, 'create')
    file.write(Buffer.from(`file ${i}`))
    file.close()
  }
  disk.symlink(Buffer.from('0'), '/tree/link')
  return disk
}

it('makes every file and name durable, where the file system cannot be asked as a whole too', async () => {
  for (const answer of [undefined, false]) {
    const disk = await filled()
    const whole = disk.contents('/tree')
    expect(whole.size).toBe(FILES + 1)
    if (answer !== undefined) Object.assign(disk, { syncWhole: async () => answer })
    await syncTree(disk, '/tree', FILES)
    for (let seed = 0; seed < 5; seed++) expect(disk.reboot(createRng(seed)).contents('/tree')).toEqual(whole)
  }
})

it('asks as a whole where there are many files, and not for a few', async () => {
  const asked: string[] = []
  const disk = Object.assign(await filled(), {
    async syncWhole(path: string) {
      asked.push(path)
      return true
    },
  })
  const before = disk.steps
  await syncTree(disk, '/tree', FILES)
  expect([asked, disk.steps]).toEqual([['/tree'], before])
  await syncTree(disk, '/tree', 3)
  expect(asked).toHaveLength(1)
})

it('of this disk is asked by way of the program sync, where there is one', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'floe-sync-tree-'))
  try {
    const isThere = process.platform === 'linux' && spawnSync('sync', ['-f', dir]).status === 0
    expect(await nodeFs.syncWhole!(dir)).toBe(isThere)
    expect(await nodeFs.syncWhole!(join(dir, 'gone'))).toBe(false)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
