import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { comparePaths } from '../../src/objects/path.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { type ScanOptions, scan } from '../../src/worktree/scan.ts'
import { unreadableFs } from '../faults/faulty-fs.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-scan-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function write(path: string | Buffer, contents = 'x'): void {
  if (typeof path === 'string') mkdirSync(dirname(join(dir, path)), { recursive: true })
  const absolute = typeof path === 'string' ? join(dir, path) : Buffer.concat([Buffer.from(`${dir}/`), path])
  writeFileSync(absolute, contents)
}

function paths(options?: ScanOptions): string[] {
  return [...scan(nodeFs, dir, options)].map((item) => (item.$kind === 'entry' ? item.path : `!${item.error.code}`))
}

describe('scan', () => {
  it('walks files and links in path order and leaves .floe and .git alone', () => {
    for (const path of ['b', 'a!', 'a/z', 'a/b/c', '.floe/config.json', 'sub/.git/config', 'sub/.floe/x', 'sub/y'])
      write(path)
    symlinkSync('/nowhere', join(dir, 'link'))
    symlinkSync('a', join(dir, 'to-a'))
    const found = paths()
    expect(found).toEqual(['a/b/c', 'a/z', 'a!', 'b', 'link', 'sub/y', 'to-a'])
    expect([...found].sort(comparePaths)).toEqual(found)
  })

  it('keeps odd names: spaces, emoji, a leading dash, quotes, 255 bytes', () => {
    const odd = [
      ' lead',
      'trail ',
      'a b',
      '-rf',
      '🧊/❄️',
      '"q"',
      "it's",
      'new\nline',
      'x'.repeat(255),
      '*.[ch]',
      'a\\b',
      '~',
    ]
    for (const name of odd) write(name)
    expect(paths().sort()).toEqual(odd.sort())
  })

  it('names a file whose name is not UTF-8, and goes on', () => {
    write(Buffer.from([0x62, 0xff, 0x2e, 0x74]))
    write('a')
    write('z')
    expect(paths()).toEqual(['a', '!WORKTREE_NAME_NOT_UTF8', 'z'])
    const problem = [...scan(nodeFs, dir)].find((item) => item.$kind === 'problem')
    expect(problem).toMatchObject({ error: { data: { path: 'b\\xff.t', nameHex: '62ff2e74' }, exitCode: 2 } })
    write('.floeignore', '*.t\n')
    expect(paths()).toEqual(['.floeignore', 'a', 'z'])
  })

  it('names a directory that cannot be read, and goes on', () => {
    for (const path of ['a/x', 'b/y', 'c']) write(path)
    const fs = unreadableFs((path) => path === `${dir}/b`)
    const items = [...scan(fs, dir)]
    expect(items.map((item) => item.path)).toEqual(['a/x', 'b', 'c'])
    expect(items[1]).toMatchObject({ $kind: 'problem', error: { code: 'WORKTREE_UNREADABLE', data: { path: 'b' } } })
  })

  it('looks only below the path it is given, under the rules of the folders above', () => {
    for (const path of ['a/b/keep', 'a/b/drop.log', 'a/other', 'ab']) write(path)
    write('.floeignore', '*.log\n')
    expect(paths({ at: 'a/b' })).toEqual(['a/b/keep'])
    expect(paths({ at: 'a/b/keep' })).toEqual(['a/b/keep'])
    expect(paths({ at: 'a/b/drop.log' })).toEqual([])
    expect(paths({ at: 'a/b', includeIgnored: true })).toEqual(['a/b/drop.log', 'a/b/keep'])
    expect(paths({ at: 'missing/x' })).toEqual([])
  })

  it('ignores what git would ignore', () => {
    const files = [
      'build/out.o',
      'src/build/x',
      'src/a.o',
      'src/a.c',
      'keep/a.o',
      'keep/deep/b.o',
      'docs/x.tmp',
      'docs/important.tmp',
      'logs/2024/a.log',
      'logs/readme',
      'data/raw/1.bin',
      'data/raw/keep.bin',
      'data/x',
      'weird [1].txt',
      'Case.LOG',
      '#hash',
      '!bang',
      'space end',
      'node_modules/a/b/c.js',
      'x/node_modules/d.js',
      'doc/a/b/c.html',
      'doc/c.html',
    ] // prettier-ignore
    for (const file of files) write(file)
    const rules: Record<string, string> = {
      '': '*.o\n/build/\n# comment\n\\#hash\n\\!bang\n*.tmp\n!important.tmp\nlogs/**/*.log\nnode_modules\n*.log\ndoc/**/*.html\n',
      'keep/': '!*.o\n/deep/*\n',
      'data/raw/': '*\n!keep.bin\n',
    }
    for (const [folder, text] of Object.entries(rules)) {
      write(`${folder}.floeignore`, text)
      write(`${folder}.gitignore`, text)
    }
    execFileSync('git', ['init', '-q', dir])
    expect(paths().filter((path) => !isRule(path))).toEqual(untrackedInGit())
  })

  it('ignores what git would ignore, where rules of one folder are taken back in another', () => {
    const names = ['a', 'b', 'c.x', 'd.y']
    execFileSync('git', ['init', '-q', dir])
    let partly = 0
    for (let seed = 1; seed <= 40; seed++) {
      const rng = createRng(seed)
      const pick = (list: readonly string[]) => list[rng.below(list.length)]!
      rmSync(join(dir, 'a'), { recursive: true, force: true })
      rmSync(join(dir, 'b'), { recursive: true, force: true })
      const folders = ['', 'a/', 'a/a/', 'a/b/', 'b/', 'b/a/', 'b/a/b/']
      for (const folder of folders.slice(1)) for (const name of names.slice(2)) write(folder + name)
      for (const folder of folders) {
        const rule = () =>
          pick(['', '', '!']) +
          pick(['', '/', '**/', 'a/', 'b/**/']) +
          pick([...names, '*.x', 'a*', '*']) +
          pick(['', '', '/'])
        const text = Array.from({ length: rng.below(4) }, rule).join('\n')
        write(`${folder}.floeignore`, text)
        write(`${folder}.gitignore`, text)
      }
      const found = paths().filter((path) => !isRule(path))
      expect(found, `seed ${seed}`).toEqual(untrackedInGit())
      if (found.length > 0 && found.length < 12) partly++
    }
    expect(partly).toBeGreaterThan(20)
  })
})

const isRule = (path: string) => /\.(git|floe)ignore$/.test(path)

function untrackedInGit(): string[] {
  const git = execFileSync('git', ['-C', dir, 'ls-files', '-z', '--others', '--exclude-per-directory=.gitignore'])
  return git
    .toString()
    .split('\0')
    .filter((path) => path !== '' && !isRule(path))
    .sort(comparePaths)
}
