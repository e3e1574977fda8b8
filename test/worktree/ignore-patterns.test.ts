import fc from 'fast-check'
import ignore, { type Ignore } from 'ignore'
import { describe, expect, it, vi } from 'vitest'
import { createIgnorePatterns } from '../../src/worktree/ignore-patterns.ts'

const NAMES = ['a', 'b', 'ab', 'a.b', '.a', 'b.c', 'é', '#a', '!a', 'a b', 'cab']
const name = fc.constantFrom(...NAMES)
const piece = fc.oneof(
  { weight: 4, arbitrary: name },
  { weight: 2, arbitrary: fc.tuple(name, fc.constantFrom('*', '**', '?', '[ab]', '\\')).map(([a, b]) => a + b) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('*', '**', '?', '[!a]', '\\'), name).map(([a, b]) => a + b) },
  { weight: 1, arbitrary: fc.constantFrom('*', '**', '***', '', '.', '..', '*.', 'a*b', '[', '\\') },
)
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '', '!', '#', '\\!', ' '),
    fc.constantFrom('', '', '/'),
    fc.array(piece, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '/', '/**', ' ', '\\ ', '\t'),
  )
  .map(([before, slash, pieces, after]) => before + slash + pieces.join('/') + after)
const file = fc
  .tuple(
    fc.oneof(...[3, 12, 90].map((maxLength) => fc.array(pattern, { maxLength, size: 'max' }))),
    fc.constantFrom('\n', '\n', '\r\n', '\r'),
    fc.constantFrom('', '\n', '\r'),
  )
  .map(([lines, end, last]) => lines.join(end) + last)
const path = fc
  .tuple(fc.array(name, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([names, isFolder]) => names.join('/') + (isFolder ? '/' : ''))

/** With patterns that no name here can be taken for one: in folders that are let in. */
function insideOf(path: string, patterns: Ignore): Ignore {
  const folders = [...path.slice(0, -1).matchAll(/\//g)].map(({ index }) => path.slice(0, index))
  return patterns.add(folders.map((folder) => `!/${folder.replaceAll(' ', '\\ ')}/`))
}

describe('the patterns of an ignore file', () => {
  it('say what trying each of them on each path says', () => {
    let [said, silent] = [0, 0]
    fc.assert(
      fc.property(file, fc.array(path, { minLength: 1, maxLength: 30, size: 'max' }), (text, paths) => {
        const ours = createIgnorePatterns(text)
        const inheriting = createIgnorePatterns(text, { inherits: true })
        const plain = ignore({ ignorecase: false }).add(text)
        for (const each of paths) {
          const { ignored, unignored } = insideOf(each, ignore({ ignorecase: false }).add(text)).test(each)
          if (ignored || unignored) said++
          else silent++
          const found = ours.test(each)
          expect(inheriting.test(each).ignored, JSON.stringify([text, each])).toBe(plain.ignores(each))
          expect([found.ignored, found.unignored], JSON.stringify([text, each])).toEqual([ignored, unignored])
        }
      }),
      { numRuns: 400 },
    )
    expect(said).toBeGreaterThan(300)
    expect(silent).toBeGreaterThan(300)
  })

  it('are many without each file having to be tried on them', () => {
    const lines = Array.from({ length: 2000 }, (_, i) => [`name-${i}`, `*.end${i}`, `/top/${i}/`, `start${i}*`][i % 4]!)
    const ours = createIgnorePatterns(lines.join('\n'))
    const plain = ignore({ ignorecase: false }).add(lines)
    for (const each of ['name-4', 'x/name-4/', 'a.end5', 'top/6/', 'x/top/6/', 'start7', 'start', 'name-5'])
      expect(ours.test(each).ignored, each).toBe(plain.test(each).ignored)
    const tried = vi.spyOn(RegExp.prototype, 'test')
    ours.test('folder/of/files/file.bin')
    const few = tried.mock.calls.length
    plain.test('folder/of/files/file.bin')
    expect(tried.mock.calls.length - few).toBeGreaterThan(2000)
    expect(few).toBeLessThan(20)
    tried.mockRestore()
  })

  it('may be as many as the largest file holds', () => {
    const ours = createIgnorePatterns('a\n'.repeat(500_000))
    expect([ours.test('a').ignored, ours.test('b').ignored]).toEqual([true, false])
  })
})
