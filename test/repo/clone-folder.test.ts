import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { cloneFolder } from '../../src/repo/folder-source.ts'
import { FileSystemError } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { faultyFs } from '../faults/faulty-fs.ts'
import { filesOf, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let from: TemporaryWorkspace
let around = ''
beforeEach(async () => {
  around = mkdtempSync(join(tmpdir(), 'floe-clone-folder-'))
  from = await temporaryWorkspace()
  from.write('a', 'one\n')
  await from.commitAll('first')
})
afterEach(async () => {
  await from.close()
  rmSync(around, { recursive: true, force: true })
})

/** The names that a checkout writes under are the last ones that are new. */
const fullAtCheckout = faultyFs({
  open(path, mode, options) {
    if (mode === 'create' && path.includes('/tmp/checkout-')) throw new FileSystemError('ENOSPC', 'write', path)
    return nodeFs.open(path, mode, options)
  },
})

it('a clone that fails leaves its folder as it was, so that the same command can be run again', async () => {
  const made = join(around, 'made')
  await expect(cloneFolder(fullAtCheckout, from.dir, made, {})).rejects.toMatchObject({ code: 'STORE_DISK_FULL' })
  expect(existsSync(made)).toBe(false)
  const empty = join(around, 'empty')
  mkdirSync(empty)
  await expect(cloneFolder(fullAtCheckout, from.dir, empty, {})).rejects.toMatchObject({ code: 'STORE_DISK_FULL' })
  expect(readdirSync(empty)).toEqual([])
  for (const dir of [made, empty]) {
    await cloneFolder(nodeFs, from.dir, dir, {})
    expect(filesOf(dir)).toEqual({ a: 'one\n' })
  }
})

it('what is in the way is left alone', async () => {
  await expect(cloneFolder(nodeFs, from.dir, from.dir, {})).rejects.toMatchObject({ code: 'CLONE_TARGET_NOT_EMPTY' })
  expect(from.files()).toEqual({ a: 'one\n' })
})
