import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type FileSystem, FileSystemError } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { CrashFs } from '../faults/crash-fs.ts'

const dir = mkdtempSync(join(tmpdir(), 'floe-fs-'))
afterAll(() => rmSync(dir, { recursive: true }))

const text = (value: string) => new TextEncoder().encode(value)

function write(fs: FileSystem, path: string, contents: string): void {
  const file = fs.open(path, 'create')
  file.write(text(contents))
  file.close()
}

function errnoOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return error instanceof FileSystemError ? error.errno : String(error)
  }
}

// The double must behave as the real one, or the crash tests prove nothing.
describe.each([
  ['the disk', nodeFs, dir],
  ['CrashFs', new CrashFs(), '/root'],
])('%s as a file system', (_name, fs, root) => {
  fs.makeDirectory(root)

  it('creates exclusively, appends, and reads ranges', () => {
    const path = `${root}/file`
    write(fs, path, 'hello')
    expect(errnoOf(() => fs.open(path, 'create'))).toBe('EEXIST')
    const file = fs.open(path, 'append')
    file.write(text(' world'))
    file.close()
    const reader = fs.open(path, 'read')
    const buffer = new Uint8Array(20)
    expect(reader.read(buffer, 6)).toBe(5)
    expect(Buffer.from(buffer.subarray(0, 5)).toString()).toBe('world')
    reader.close()
    reader.close()
    expect(errnoOf(() => fs.readFile(path, 10))).toBe('EFBIG')
    expect(fs.readFile(path, 11)).toEqual(text('hello world'))
  })

  it('does not follow links', () => {
    fs.symlink(text('file'), `${root}/link`)
    expect(fs.stat(`${root}/link`)).toMatchObject({ kind: 'symlink', bytes: 4 })
    expect(Buffer.from(fs.readLink(`${root}/link`)).toString()).toBe('file')
    expect(errnoOf(() => fs.open(`${root}/link`, 'read'))).toBe('ELOOP')
    expect(errnoOf(() => fs.symlink(text('x'), `${root}/link`))).toBe('EEXIST')
  })

  it('renames over a file but not over a directory, and links only to free names', () => {
    write(fs, `${root}/a`, 'a')
    write(fs, `${root}/b`, 'b')
    fs.rename(`${root}/a`, `${root}/b`)
    expect(fs.readFile(`${root}/b`, 1)).toEqual(text('a'))
    expect(fs.stat(`${root}/a`)).toBeUndefined()
    fs.makeDirectory(`${root}/dir/deep`)
    expect(errnoOf(() => fs.readFile(`${root}/dir`, 1))).toBe('EISDIR')
    expect(errnoOf(() => fs.rename(`${root}/b`, `${root}/dir`))).toBe('EISDIR')
    fs.link(`${root}/b`, `${root}/c`)
    expect(errnoOf(() => fs.link(`${root}/b`, `${root}/c`))).toBe('EEXIST')
    expect(fs.stat(`${root}/c`)?.inode).toBe(fs.stat(`${root}/b`)?.inode)
  })

  it('removes files and empty directories only', () => {
    expect(errnoOf(() => fs.removeDirectory(`${root}/dir`))).toBe('ENOTEMPTY')
    expect(['EISDIR', 'EPERM']).toContain(errnoOf(() => fs.unlink(`${root}/dir`)))
    fs.removeDirectory(`${root}/dir/deep`)
    fs.removeDirectory(`${root}/dir`)
    expect(errnoOf(() => fs.unlink(`${root}/nothing`))).toBe('ENOENT')
    expect(errnoOf(() => fs.readDirectory(`${root}/nothing`))).toBe('ENOENT')
  })

  it('sees nothing below a path that is not a directory', () => {
    expect(fs.stat(`${root}/b/below`)).toBeUndefined()
    expect(['ENOTDIR', 'ENOENT']).toContain(errnoOf(() => fs.open(`${root}/b/below`, 'read')))
  })

  it('sets and clears the executable bit', () => {
    const file = fs.open(`${root}/run`, 'create', { executable: true })
    file.close()
    expect(fs.stat(`${root}/run`)?.executable).toBe(true)
    fs.setExecutable(`${root}/run`, false)
    expect(fs.stat(`${root}/run`)?.executable).toBe(false)
    fs.setExecutable(`${root}/run`, true)
    expect(fs.stat(`${root}/run`)?.executable).toBe(true)
  })

  it('lists names as bytes with their kinds, and syncs', async () => {
    const names = new Map(fs.readDirectory(root).map(({ name, kind }) => [Buffer.from(name).toString(), kind]))
    expect(names.get('link')).toBe('symlink')
    expect(names.get('b')).toBe('file')
    await fs.syncDirectory(root)
    const file = fs.open(`${root}/synced`, 'create')
    await file.sync()
    file.close()
  })
})

it('makes folders with those above them, and ends where there can be none', () => {
  const deep = join(dir, 'a/b/c')
  nodeFs.makeDirectory(deep)
  nodeFs.makeDirectory(deep)
  nodeFs.makeDirectory(join(deep, 'd/e'))
  write(nodeFs, join(deep, 'file'), 'x')
  expect(errnoOf(() => nodeFs.makeDirectory(join(deep, 'file')))).toBe('EEXIST')
  expect(errnoOf(() => nodeFs.makeDirectory(join(deep, 'file/under')))).toBe('ENOTDIR')
})

// With Node's own recursion this does not end.
it.runIf(process.platform === 'linux')('makes nothing in /proc, which says that it is not there', () => {
  expect(errnoOf(() => nodeFs.makeDirectory('/proc/floe/a/b'))).toBe('ENOENT')
})
