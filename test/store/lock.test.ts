import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, systemClock } from '../../src/base/clock.ts'
import { acquireLock } from '../../src/store/lock.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { type ProcessIdentity, systemProcesses } from '../../src/store/process-identity.ts'
import { CrashFs } from '../faults/crash-fs.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const options = () => ({ tmpDir: dir, processes: systemProcesses, clock: systemClock, purpose: 'test' })

describe('the workspace lock', () => {
  it('is held by one owner at a time and names it to the others', () => {
    const lock = acquireLock(nodeFs, `${dir}/lock`, options())
    expect(() => acquireLock(nodeFs, `${dir}/lock`, options())).toThrow(
      expect.objectContaining({
        code: 'LOCKED',
        exitCode: 11,
        data: expect.objectContaining({ pid: process.pid, purpose: 'test' }),
      }),
    )
    lock.release()
    lock.release()
    acquireLock(nodeFs, `${dir}/lock`, options()).release()
  })

  it('is taken over from a process that was killed', async () => {
    const script = `
      import { acquireLock } from ${JSON.stringify(new URL('../../src/store/lock.ts', import.meta.url).href)}
      import { nodeFs } from ${JSON.stringify(new URL('../../src/store/node-fs.ts', import.meta.url).href)}
      import { systemProcesses } from ${JSON.stringify(new URL('../../src/store/process-identity.ts', import.meta.url).href)}
      acquireLock(nodeFs, ${JSON.stringify(`${dir}/lock`)}, { tmpDir: ${JSON.stringify(dir)}, processes: systemProcesses, clock: { now: () => 0 }, purpose: 'x' })
      console.log('held')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    expect(() => acquireLock(nodeFs, `${dir}/lock`, options())).toThrow(expect.objectContaining({ code: 'LOCKED' }))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    acquireLock(nodeFs, `${dir}/lock`, options()).release()
  })

  it('is not fooled by a process id that was given to someone else', () => {
    const record = { ...systemProcesses.self(), startedAt: 'another-boot/1', purpose: 'x', sinceMs: 0 }
    writeFileSync(`${dir}/lock`, JSON.stringify(record))
    acquireLock(nodeFs, `${dir}/lock`, options()).release()
  })

  it('is never taken from another machine, whose processes cannot be seen', () => {
    writeFileSync(
      `${dir}/lock`,
      JSON.stringify({ pid: 1, startedAt: null, host: 'elsewhere', purpose: 'x', sinceMs: 0 }),
    )
    const attempt = () => acquireLock(nodeFs, `${dir}/lock`, options())
    expect(attempt).toThrow(expect.objectContaining({ code: 'LOCKED' }))
    expect(readFileSync(`${dir}/lock`, 'utf8')).toContain('elsewhere')
  })

  it('is taken over when a power cut left garbage in it', () => {
    for (const garbage of ['', '{"pid":', '\0\0\0\0', '[]', '{"pid":-1}']) {
      writeFileSync(`${dir}/lock`, garbage)
      acquireLock(nodeFs, `${dir}/lock`, options()).release()
    }
  })

  it('is refused while another process is taking a stale one over', () => {
    const fs = new CrashFs()
    fs.makeDirectory('/tmp')
    const processes = (name: string): ProcessIdentity => ({
      self: () => ({ pid: 1, startedAt: name, host: 'here' }),
      liveness: (record) => (record.startedAt === 'dead' ? 'dead' : 'alive'),
    })
    const request = (name: string) => ({
      tmpDir: '/tmp',
      processes: processes(name),
      clock: createManualClock(0),
      purpose: name,
    })
    acquireLock(fs, '/lock', request('dead'))
    acquireLock(fs, '/lock.takeover', request('other'))
    expect(() => acquireLock(fs, '/lock', request('me'))).toThrow(
      expect.objectContaining({ code: 'LOCKED', data: expect.objectContaining({ purpose: 'other' }) }),
    )
    fs.unlink('/lock.takeover')
    acquireLock(fs, '/lock.takeover', request('dead'))
    acquireLock(fs, '/lock', request('me'))
    expect(fs.contents('/').has('/lock.takeover')).toBe(false)
  })

  it('works on a file system without hard links', () => {
    const fs = new CrashFs()
    fs.makeDirectory('/tmp')
    fs.fault = (operation) => (operation === 'link' ? 'EPERM' : undefined)
    const request = { tmpDir: '/tmp', processes: systemProcesses, clock: systemClock, purpose: 'test' }
    const lock = acquireLock(fs, '/lock', request)
    expect(() => acquireLock(fs, '/lock', request)).toThrow(expect.objectContaining({ code: 'LOCKED' }))
    lock.release()
    expect([...fs.contents('/').keys()]).toEqual([])
  })
})
