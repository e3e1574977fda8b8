import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock } from '../../src/base/clock.ts'
import { createRng } from '../../src/base/rng.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { RefStore } from '../../src/store/refs.ts'
import { CrashFs } from '../faults/crash-fs.ts'

const id = (digit: string) => digit.repeat(64) as ObjectId
let fs: CrashFs
let refs: RefStore

beforeEach(async () => {
  fs = new CrashFs()
  fs.makeDirectory('/floe/tmp')
  fs.makeDirectory('/floe/refs/heads')
  refs = new RefStore(fs, '/floe', createManualClock(1000))
  await refs.setHead({ $kind: 'branch', branch: 'main' }, 'init')
})

function overwrite(path: string, bytes: Uint8Array): void {
  fs.unlink(path)
  const file = fs.open(path, 'create')
  file.write(bytes)
  file.close()
}

describe('refs', () => {
  it('move by compare-and-set and remember where they were', async () => {
    await refs.update({ name: 'heads/main', expected: null, next: id('a'), reason: 'one' })
    await refs.update({ name: 'heads/main', expected: id('a'), next: id('b'), reason: 'two\nlines \u202e' })
    await expect(
      refs.update({ name: 'heads/main', expected: id('a'), next: id('c'), reason: 'late' }),
    ).rejects.toMatchObject({ code: 'STORE_REF_CHANGED', data: { expected: id('a'), actual: id('b') } })
    expect(refs.read('heads/main')).toBe(id('b'))
    expect(refs.headCommit()).toBe(id('b'))
    expect(refs.reflog('heads/main')).toEqual([
      { old: id('a'), new: id('b'), timeMs: 1000, reason: 'two lines ' },
      { old: null, new: id('a'), timeMs: 1000, reason: 'one' },
    ])
    expect(refs.reflog('HEAD').map((entry) => entry.new)).toEqual([id('b'), id('a')])
  })

  it('are listed by prefix in order', async () => {
    for (const name of ['heads/z', 'heads/a/b', 'tags/v1', 'remotes/origin/main'])
      await refs.update({ name, next: id('1'), reason: '' })
    expect(refs.list().map(({ name }) => name)).toEqual(['heads/a/b', 'heads/z', 'remotes/origin/main', 'tags/v1'])
    expect(refs.list('heads/').map(({ name }) => name)).toEqual(['heads/a/b', 'heads/z'])
    expect(refs.list('remotes/origin/').map(({ name }) => name)).toEqual(['remotes/origin/main'])
    expect(refs.list('nothing/')).toEqual([])
  })

  it('cannot be a name and a folder at once, until the other is deleted', async () => {
    await refs.update({ name: 'heads/a/b', next: id('1'), reason: '' })
    await expect(refs.update({ name: 'heads/a', next: id('2'), reason: '' })).rejects.toMatchObject({
      code: 'STORE_REF_NAME_TAKEN',
    })
    await expect(refs.update({ name: 'heads/a/b/c', next: id('2'), reason: '' })).rejects.toMatchObject({
      code: 'STORE_REF_NAME_TAKEN',
      message: 'branch a/b/c cannot be made: branch a/b exists',
    })
    await refs.update({ name: 'heads/a/b', next: null, reason: '' })
    await refs.update({ name: 'heads/a', next: id('2'), reason: '' })
    expect(refs.list().map(({ name }) => name)).toEqual(['heads/a'])
    expect(refs.reflog('heads/a')).toHaveLength(1)
    expect(refs.reflog('heads/a/b')).toEqual([])
  })

  it('refuse names that would leave their folder', () => {
    for (const name of ['../config.json', 'heads/../../x', '/etc/passwd', 'heads/a.lock', 'heads/\0'])
      expect(() => refs.read(name)).toThrow(expect.objectContaining({ code: 'REF_NAME_REFUSED' }))
  })

  it('report any changed byte of a ref or of HEAD instead of following it', async () => {
    await refs.update({ name: 'heads/main', next: id('a'), reason: '' })
    const rng = createRng(7)
    for (const [path, read] of [
      ['/floe/refs/heads/main', () => refs.read('heads/main')],
      ['/floe/HEAD', () => refs.readHead()],
    ] as const) {
      const good = fs.readFile(path, 1024)
      for (let at = 0; at < good.length - 1; at++) {
        const bad = good.slice()
        bad[at] = bad[at]! ^ (1 << rng.below(8))
        overwrite(path, bad)
        expect(read, `byte ${at} of ${path}`).toThrow(
          expect.objectContaining({ code: 'STORE_REF_CORRUPT', exitCode: 13 }),
        )
      }
      for (let length = 0; length < good.length - 1; length++) {
        overwrite(path, good.subarray(0, length))
        expect(read, `${length} bytes of ${path}`).toThrow(expect.objectContaining({ code: 'STORE_REF_CORRUPT' }))
      }
      overwrite(path, good)
      read()
    }
  })

  it('drop a log line that a crash tore, and report a changed one', async () => {
    for (const digit of ['a', 'b', 'c']) await refs.update({ name: 'heads/main', next: id(digit), reason: digit })
    const path = '/floe/reflog/refs/heads/main'
    const good = fs.readFile(path, 100_000)
    overwrite(path, good.subarray(0, good.length - 5))
    expect(refs.reflog('heads/main').map((entry) => entry.reason)).toEqual(['b', 'a'])
    await refs.update({ name: 'heads/main', next: id('d'), reason: 'd' })
    expect(refs.reflog('heads/main').map((entry) => entry.reason)).toEqual(['d', 'b', 'a'])
    const bad = good.slice()
    bad[10] = bad[10]! ^ 1
    overwrite(path, bad)
    expect(() => refs.reflog('heads/main')).toThrow(expect.objectContaining({ code: 'STORE_REFLOG_CORRUPT' }))
  })
})
