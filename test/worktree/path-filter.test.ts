import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPathFilter, literalRule, MAX_FILTER_RULES } from '../../src/worktree/path-filter.ts'

const matches = (rules: string[], ...paths: string[]) => paths.map((path) => createPathFilter(rules).includes(path))

describe('a path filter', () => {
  it('takes what a pattern matches, and everything below a folder that it matches', () => {
    expect(matches(['train'], 'train', 'train/a', 'train/a/b', 'trainer', 'x/train/y', 'val/a')).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
    ])
    expect(matches(['train/**'], 'train', 'train/a', 'train/a/b', 'x/train/y')).toEqual([false, true, true, false])
    expect(matches(['/train'], 'train/a', 'x/train/y')).toEqual([true, false])
    expect(matches(['train/'], 'train/a')).toEqual([true])
  })

  it('keeps * and ? within a name, and lets ** span folders', () => {
    expect(matches(['a/*/c'], 'a/b/c', 'a/b/x/c', 'a/c', 'a/b/c/d')).toEqual([true, false, false, true])
    expect(matches(['a/**/c'], 'a/b/c', 'a/b/x/c', 'a/c', 'c')).toEqual([true, true, true, false])
    expect(matches(['*.parquet'], 'x.parquet', 'a/b/x.parquet', 'x.parquet.md')).toEqual([true, true, false])
    expect(matches(['shard-0?.tar'], 'shard-01.tar', 'shard-1.tar', 'd/shard-0ü.tar')).toEqual([true, false, true])
    expect(matches(['part-[0-3a]'], 'part-2', 'part-a', 'part-4')).toEqual([true, true, false])
    expect(matches(['part-[!0-3]'], 'part-2', 'part-9')).toEqual([false, true])
    expect(matches(['**'], 'a', 'a/b')).toEqual([true, true])
  })

  it('lets the last rule that matches decide, also below a folder that was left out', () => {
    const rules = ['**', '!train', 'train/keep/**', '!*.tmp']
    expect(matches(rules, 'a', 'train/x', 'train/keep/x', 'train/keep/x.tmp', 'x.tmp')).toEqual([
      true,
      false,
      true,
      false,
      false,
    ])
  })

  it('takes nothing without rules', () => {
    expect(matches([], 'a', 'a/b')).toEqual([false, false])
  })

  it('refuses what is no pattern', () => {
    for (const rule of ['', '!', '/', 'a//b', 'a/../b', './a', 'a[', 'a[]b', 'a[z-a]', 'a\\', 'x'.repeat(5001)])
      expect(() => createPathFilter([rule])).toThrow(expect.objectContaining({ code: 'FILTER_MALFORMED', exitCode: 2 }))
    expect(() => createPathFilter(new Array(MAX_FILTER_RULES + 1).fill('a'))).toThrow(
      expect.objectContaining({ code: 'FILTER_MALFORMED' }),
    )
  })

  it('makes of any path a rule that matches it, what is below it, and no neighbour', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((text) => !text.includes('/') && text !== '.' && text !== '..')
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), name, (names, extra) => {
        const path = names.join('/')
        const filter = createPathFilter([literalRule(path)])
        expect(filter.includes(path)).toBe(true)
        expect(filter.includes(`${path}/${extra}`)).toBe(true)
        expect(filter.includes(`${path}${extra}`)).toBe(false)
        expect(filter.includes(`${extra}/${path}`)).toBe(names.every((each) => each === extra))
      }),
      { seed: 11, numRuns: 300 },
    )
    expect(createPathFilter([literalRule('')]).includes('any/thing')).toBe(true)
  })

  it('takes time linear in the path, whatever the pattern', () => {
    const pattern = `${'*a'.repeat(500)}b`
    const deep = `${'**/a/'.repeat(200)}b`
    // Processor time, so that other work on the machine does not count.
    const started = process.cpuUsage()
    createPathFilter([pattern]).includes('a'.repeat(250))
    createPathFilter([deep]).includes(`${'a/'.repeat(1500)}c`)
    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000)
  })
})
