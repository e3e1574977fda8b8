import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { isDvcFile, parseDvcFile, parseDvcListing, parseDvcLock } from '../../src/migration/dvc-file.ts'
import { ForeignFormatError } from '../../src/migration/errors.ts'
import { parseGitCommit, parseGitTree } from '../../src/migration/git-object.ts'
import { parseLfsPointer } from '../../src/migration/lfs-pointer.ts'
import { descriptionOf } from '../../src/repo/import-dvc.ts'

const id = 'ab'.repeat(32)
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${id}\nsize 12345\n`

describe('a pointer of Git LFS', () => {
  // The example of its specification, and what it says of extensions and of its former names.
  test('is read as its specification says', () => {
    expect(parseLfsPointer(utf8(pointer))).toEqual({ id, bytes: 12345, isExtended: false })
    const former = pointer.replace('git-lfs.github.com', 'hawser.github.com')
    expect(parseLfsPointer(utf8(former))).toMatchObject({ id })
    const extended = pointer.replace('oid', `ext-0-foo sha256:${id}\noid`)
    expect(parseLfsPointer(utf8(extended))).toMatchObject({ isExtended: true })
  })

  // Each of these `git lfs pointer --check` and a checkout take for a pointer (git-lfs 3.3.0).
  test.each([
    ['CRLF', pointer.replaceAll('\n', '\r\n')],
    ['CRLF and no end of the last line', pointer.replaceAll('\n', '\r\n').trimEnd()],
    ['blank lines', pointer.replaceAll('\n', '\r\n\n')],
    ['white space around', ` \t\r\n\v\f${pointer}  \n\t`],
  ])('is one with %s, as Git LFS reads it', (_, text) => {
    expect(parseLfsPointer(utf8(text))).toEqual({ id, bytes: 12345, isExtended: false })
  })

  test.each([
    ['two carriage returns', pointer.replaceAll('\n', '\r\r\n')],
    ['carriage returns alone', pointer.replaceAll('\n', '\r')],
    ['white space at the end of a line', pointer.replace('spec/v1', 'spec/v1 ')],
    ['white space alone', ' \r\n'],
    ['nothing', ''],
    ['keys in another order', `version https://git-lfs.github.com/spec/v1\nsize 1\noid sha256:${id}\n`],
    ['an unknown key', pointer.replace('oid', 'color blue\noid')],
    ['another hash', pointer.replace('sha256', 'sha1')],
    ['a short id', pointer.replace('ab', '')],
    ['a size that is no number', pointer.replace('12345', '-5')],
    ['a size beyond all files', pointer.replace('12345', '99999999999999999')],
    ['text that mentions one', `see:\n${pointer}`],
    ['1,024 bytes', `${pointer}${' '.repeat(1024 - pointer.length)}`],
  ])('is none with %s', (_, text) => {
    expect(parseLfsPointer(utf8(text))).toBeNull()
  })
})

describe('what DVC writes', () => {
  test('names outputs from where it lies and from `wdir`', async () => {
    const text =
      'wdir: ../raw\nouts:\n- md5: 82b4d2e80fa52700b14940f3a50eaeea.dir\n  size: 15\n  hash: md5\n  path: x/../data\n'
    expect(await parseDvcFile(text, 'a/b')).toEqual([
      {
        path: 'a/raw/data',
        md5: '82b4d2e80fa52700b14940f3a50eaeea',
        isFolder: true,
        isExecutable: false,
        isLegacy: false,
        bytes: 15,
      },
    ])
  })

  test('is refused where an output lies outside the repository', async () => {
    for (const path of ['../../x', '/etc/passwd', 'C:/x', 's3://bucket/x', '\\\\host\\x'])
      await expect(parseDvcFile(`outs:\n- path: '${path}'\n`, 'a'), path).rejects.toBeInstanceOf(ForeignFormatError)
    expect(() => parseDvcListing(utf8(`[{"md5":"${'a'.repeat(32)}","relpath":"../x"}]`))).toThrow(ForeignFormatError)
  })

  test('leaves to git what it says is not in its cache, in the format of before `schema` as well', async () => {
    const stages = (indent: string) =>
      [
        'train@0:',
        '  outs:',
        '  - path: a',
        `    md5: ${'1'.repeat(32)}`,
        '  - path: m.json',
        `    md5: ${'2'.repeat(32)}`,
      ]
        .map((line) => `${indent}${line}\n`)
        .join('')
    const pipeline =
      'stages:\n  train:\n    foreach: [1]\n    do:\n      wdir: out\n      metrics:\n      - m.json:\n          cache: false\n'
    for (const text of [`schema: '2.0'\nstages:\n${stages('  ')}`, stages('')]) {
      const found = await parseDvcLock(text, 'p', pipeline)
      expect(found.map(({ path, md5, isLegacy }) => [path, md5, isLegacy])).toEqual([['p/out/a', '1'.repeat(32), true]])
    }
  })

  test('cannot make the reader work for ever', async () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghij'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[i]}`).join(',')}]`).join('\n')}\nouts: *j\n`
    await expect(parseDvcFile(bomb, '')).rejects.toBeInstanceOf(ForeignFormatError)
    for (const deep of [`outs: ${'['.repeat(20_000)}`, `outs:\n${'- '.repeat(20_000)}`, `${'? '.repeat(2_000)}a`])
      await expect(parseDvcFile(deep, '')).rejects.toBeInstanceOf(ForeignFormatError)
  })

  test('is told from its folder and its settings by name', () => {
    expect(['data.dvc', 'a/b.dvc', 'dvc.lock', 'a/dvc.yaml'].map(descriptionOf)).toEqual([
      'data.dvc',
      'a/b.dvc',
      'dvc.lock',
      'a/dvc.lock',
    ])
    expect(isDvcFile('.dvc')).toBe(false)
    expect(descriptionOf('.dvcignore')).toBeUndefined()
  })
})

describe('a commit of git', () => {
  const commit = (author: string, rest = '\nsubject\n\nbody\n') =>
    utf8(`tree ${'1'.repeat(40)}\nparent ${'2'.repeat(40)}\nauthor ${author}\ncommitter C <c@x> 2 +0000\n${rest}`)

  test('gives author, time and message', () => {
    expect(parseGitCommit(commit('Ada L <ada@x.org> 1700000000 +0130'))).toEqual({
      tree: '1'.repeat(40),
      parents: ['2'.repeat(40)],
      author: { name: 'Ada L', email: 'ada@x.org', timeMs: 1_700_000_000_000 },
      message: 'subject\n\nbody',
      isAltered: false,
    })
  })

  test('keeps its message apart from signatures and is decoded as it says', () => {
    const signed = 'gpgsig -----BEGIN\n tree 333\n -----END\nencoding ISO-8859-1\n\n'
    const bytes = Buffer.concat([commit('A <a> 1 +0000', signed), Buffer.from([0xe9, 0x0a])])
    expect(parseGitCommit(bytes)).toMatchObject({ message: 'é', isAltered: false })
  })

  test('is altered where it does not fit, and says so', () => {
    for (const [author, rest] of [
      ['nobody', '\nx\n'],
      ['A <a> -5 +0000', '\nx\n'],
      [`${'n'.repeat(600)} <a> 1 +0000`, '\nx\n'],
      ['A <a> 1 +0000', `\n${'x'.repeat(70_000)}`],
      ['A <a> 1 +0000', '\n\u0007bell'],
    ])
      expect(parseGitCommit(commit(author!, rest)).isAltered, author).toBe(true)
  })
})

test('no mutation of any of them does anything but parse or be refused', async () => {
  const rng = createRng(7)
  const tree = Buffer.concat([utf8('100644 a.txt\0'), Buffer.alloc(20, 1), utf8('40000 dir\0'), Buffer.alloc(20, 2)])
  expect(parseGitTree(tree, 20).map(({ kind }) => kind)).toEqual(['file', 'tree'])
  const commit = utf8(`tree ${'1'.repeat(40)}\nauthor A <a> 1 +0000\ncommitter C <c> 2 +0000\n\nx\n`)
  const dvc = utf8(`wdir: .\nouts:\n- md5: ${'a'.repeat(32)}\n  path: data\n`)
  const lock = utf8(`schema: '2.0'\nstages:\n  t:\n    outs:\n    - path: a\n      md5: ${'1'.repeat(32)}\n`)
  const listing = utf8(`[{"md5": "${'a'.repeat(32)}", "relpath": "img/1.png"}]`)
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')
  const parsers: [Uint8Array, (bytes: Uint8Array) => unknown][] = [
    [tree, (bytes) => parseGitTree(bytes, 20)],
    [commit, parseGitCommit],
    [utf8(pointer), parseLfsPointer],
    [dvc, (bytes) => parseDvcFile(text(bytes), 'x')],
    [lock, (bytes) => parseDvcLock(text(bytes), 'x', text(bytes))],
    [listing, parseDvcListing],
  ]
  let refused = 0
  for (const [bytes, parse] of parsers)
    for (let round = 0; round < 120; round++) {
      const spoiled = Uint8Array.from(bytes.subarray(0, round % 4 === 3 ? rng.below(bytes.length) : undefined))
      for (let flips = rng.below(4); flips >= 0; flips--)
        if (spoiled.length > 0) spoiled[rng.below(spoiled.length)] = rng.below(256)
      try {
        await parse(spoiled)
      } catch (error) {
        expect(error).toBeInstanceOf(ForeignFormatError)
        refused++
      }
    }
  expect(refused).toBeGreaterThan(100)
})
