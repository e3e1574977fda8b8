import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, utf8 } from '../../src/base/bytes.ts'
import { assertPath, comparePaths, isAtOrBelow, parsePath, pathProblem } from '../../src/objects/path.ts'

describe('paths', () => {
  test('odd but honest names are allowed', () => {
    const allowed = [
      'a',
      'a b/ c ',
      '-rf',
      '--help',
      '🧊/データ.csv',
      'é',
      'e\u0301',
      'new\nline',
      'tab\t',
      'x'.repeat(255),
      `${'é'.repeat(127)}x`,
      `${`${'y'.repeat(255)}/`.repeat(15)}${'z'.repeat(255)}`,
      '.gitignore',
      '.gitattributes',
      '.floeignore',
      '.git2/config',
      'git',
      'floe',
      'git~',
      'git~x',
      'digit~1',
      'a.git',
      '.github/workflows/x',
      '...',
      '..a',
      '.a',
      'a\\b',
      'C:\\x',
      'con',
      'k\u212a',
    ]
    for (const path of allowed) expect([path, pathProblem(path)]).toEqual([path, null])
  })

  test('paths that leave the workspace or cannot exist are refused', () => {
    const refused = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../x',
      'a/../b',
      'a/./b',
      'a/..',
      'a\0b',
      '\0',
      'x'.repeat(256),
      'é'.repeat(128),
      `${`${'y'.repeat(255)}/`.repeat(16)}z`,
      'a\ud800b',
      '\udc00',
    ]
    for (const path of refused) expect([path, pathProblem(path) !== null]).toEqual([path, true])
  })

  test('every spelling that a file system takes for .git or .floe is refused', () => {
    const spellings = (name: string): string[] => [
      `.${name}`,
      `.${name.toUpperCase()}`,
      `.${name[0]!.toUpperCase()}${name.slice(1)}`,
      `.${name}.`,
      `.${name} `,
      `.${name} . .`,
      `.${name}::$INDEX_ALLOCATION`,
      `.${name}:stream`,
      `.${name} :x`,
      `${name}~1`,
      `${name.toUpperCase()}~1`,
      `${name}~2`,
      `${name}~12. `,
      `${name}~1::$DATA`,
      `.${name[0]}\u200c${name.slice(1)}`,
      `\u200e.${name}`,
      `.${name}\ufeff`,
      `.\u206a${name}\u202e`,
    ]
    const all = [
      ...spellings('git'),
      ...spellings('floe'),
      '.g\u0131t',
      '.\ufb02oe',
      '.G\u0130T'.replace('\u0130', 'I'),
    ]
    for (const spelling of all)
      for (const path of [spelling, `${spelling}/config`, `a/${spelling}`, `a/b/${spelling}/c`, `a\\${spelling}\\c`])
        expect([path, pathProblem(path) !== null]).toEqual([path, true])
  })

  test('a bad path is the fault of who chose it, or of who stored it', () => {
    expect(() => assertPath('../x')).toThrow(expect.objectContaining({ code: 'PATH_REFUSED', kind: 'usage' }))
    expect(() => parsePath(Buffer.from('../x'))).toThrow(
      expect.objectContaining({ code: 'PATH_REFUSED', kind: 'integrity' }),
    )
    expect(() => parsePath(Buffer.of(0x61, 0xff))).toThrow(expect.objectContaining({ kind: 'integrity' }))
    expect(() => parsePath(Buffer.of(0xed, 0xa0, 0x80))).toThrow(expect.objectContaining({ kind: 'integrity' }))
    expect(() => parsePath(Buffer.of(0xc0, 0xaf))).toThrow(expect.objectContaining({ kind: 'integrity' }))
    expect(parsePath(Buffer.from('\ufeffbom'))).toBe('\ufeffbom')
  })

  test('bytes and text of a path are judged alike', () => {
    const unit = fc.constantFrom(...'aZ09.~/\\:\0\x01\x7f gitfloe1é'.split(''), '.git', 'floe~1', '..', '\ud800')
    const path = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''))
    const long = fc
      .array(fc.constantFrom('a/', 'a'.repeat(60)), { minLength: 3, maxLength: 8 })
      .map((all) => all.join(''))
    fc.assert(
      fc.property(fc.oneof(path, long), fc.nat(5), (text, before) => {
        const bytes = Buffer.from(`${'x'.repeat(before)}${text}yy`)
        const parse = () => parsePath(bytes, before, bytes.length - 2)
        if (!text.isWellFormed()) return
        if (pathProblem(text)) expect(parse).toThrow(expect.objectContaining({ code: 'PATH_REFUSED' }))
        else expect(parse()).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('no long or repetitive name takes long to judge', () => {
    const before = process.cpuUsage()
    for (const unit of ['.git ', '. ', 'git~1', '\u200c', '.:', '\\.', '~1'])
      for (let i = 0; i < 20; i++) pathProblem(unit.repeat(255 / unit.length).slice(0, 255))
    for (let i = 0; i < 20; i++) pathProblem(`${'.git. . . . x/'.repeat(290)}`)
    // Microseconds of this process alone: other work on the machine does not count.
    expect(process.cpuUsage(before).user).toBeLessThan(500_000)
  })
})

describe('order', () => {
  test('is by segment: what is below a name follows it directly', () => {
    const sorted = ['a', 'a/b', 'a/b/c', 'a/b!', 'a!', 'a!/x', 'a-', 'a.txt', 'ab', 'b', 'é', '\uffff', '🧊']
    expect(sorted.toReversed().sort(comparePaths)).toEqual(sorted)
  })

  test('is the order of UTF-8 bytes with the slash lowest', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '/', '!', '.', '0', 'é', '\ud7ff', '\ue000', '\uffff', '🧊', '𐀀'),
    })
    const lowSlash = (path: string) => utf8(path.replaceAll('/', '\0'))
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(comparePaths(a, b))).toBe(Math.sign(compareBytes(lowSlash(a), lowSlash(b))))
      }),
      { numRuns: 2000 },
    )
  })

  test('being below is about segments, not letters', () => {
    expect(isAtOrBelow('a/b', 'a')).toBe(true)
    expect(isAtOrBelow('a', 'a')).toBe(true)
    expect(isAtOrBelow('ab', 'a')).toBe(false)
    expect(isAtOrBelow('a', 'a/b')).toBe(false)
  })
})
