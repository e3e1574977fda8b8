import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockFolder, lockHolder } from '../../src/localnet/folder-lock.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-lock-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

/** Pid of a process that has ended. */
function deadPid(): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', ''])
    child.on('exit', () => resolve(child.pid!))
  })
}

describe('the lock of a folder', () => {
  it('is given to one at a time and again after its release', async () => {
    const lock = await lockFolder(dir)
    expect(await lockHolder(dir)).toBe(process.pid)
    await expect(lockFolder(dir)).rejects.toMatchObject({ code: 'LOCALNET_LOCKED', data: { pid: process.pid } })
    await lock.release()
    expect(await lockHolder(dir)).toBeUndefined()
    await (await lockFolder(dir)).release()
    expect(await readdir(dir)).toEqual([])
  })

  it('is given to exactly one of many that find it stale', async () => {
    const stale = JSON.stringify({ pid: await deadPid(), started: '1', nonce: 'x' })
    for (let round = 0; round < 20; round++) {
      await writeFile(join(dir, 'lock'), stale)
      const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(dir)))
      const won = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
      expect(won).toHaveLength(1)
      await won[0]!.release()
      expect(await readdir(dir)).toEqual([])
    }
  })

  it('is not held by another process that has the pid by now', async () => {
    const reused = { pid: process.pid, started: process.platform === 'linux' ? '1' : '', nonce: 'x' }
    await writeFile(join(dir, 'lock'), JSON.stringify(reused))
    if (process.platform === 'linux') expect(await lockHolder(dir)).toBeUndefined()
    else expect(await lockHolder(dir)).toBe(process.pid)
  })

  it.each(['', '{', '{"pid":0}', '[]', '{"pid":"1","nonce":"x"}'])(
    'survives a lock file with %j in it',
    async (text) => {
      await writeFile(join(dir, 'lock'), text)
      expect(await lockHolder(dir)).toBeUndefined()
      await (await lockFolder(dir)).release()
    },
  )
})
