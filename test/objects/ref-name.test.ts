import { expect, test } from 'vitest'
import { assertRefName, refNameProblem } from '../../src/objects/ref-name.ts'

test('names of branches and tags that are allowed', () => {
  for (const name of ['main', 'a', 'feature/x-1', 'v1.0.0', 'A_b', 'a.lock.b', 'x'.repeat(200), 'a/b/c', '_'])
    expect([name, refNameProblem(name)]).toEqual([name, null])
})

test('names that are refused', () => {
  const refused = [
    '',
    'x'.repeat(201),
    'a..b',
    '..',
    '/a',
    'a/',
    'a//b',
    '-a',
    'a-',
    '.a',
    'a.',
    'a.lock',
    'a b',
    'a\nb',
    'a\0',
    'é',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[',
    'a\\b',
    '@{',
    'a\n',
  ]
  for (const name of refused) {
    expect([name, refNameProblem(name) !== null]).toEqual([name, true])
    expect(() => assertRefName(name)).toThrow(expect.objectContaining({ code: 'REF_NAME_REFUSED', kind: 'usage' }))
  }
})
