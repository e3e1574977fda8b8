import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAttributes, readAttributes } from '../../src/worktree/attributes.ts'
import { CrashFs } from '../faults/crash-fs.ts'

describe('.floeattributes', () => {
  it('says by pattern what is to be done with a file, the last line that matches deciding', () => {
    const rules = parseAttributes(
      '\ufeff# tables\n*.csv merge=rows key=id,split\r\nraw/ merge=binary chunking=plain\n/top.csv -key merge=text\n*.pt retain=permanent encrypt=yes\n',
    )
    expect(rules.warnings).toEqual([])
    expect(rules.of('a.csv')).toEqual({ merge: 'rows', key: 'id,split' })
    expect(rules.of('d/e.csv')).toEqual({ merge: 'rows', key: 'id,split' })
    expect(rules.of('raw/x/a.csv')).toEqual({ merge: 'binary', key: 'id,split', chunking: 'plain' })
    expect(rules.of('top.csv')).toEqual({ merge: 'text' })
    expect(rules.of('m.pt')).toEqual({ retain: 'permanent', encrypt: 'yes' })
    expect(rules.of('other')).toEqual({})
  })

  it('warns about what it does not know, and goes on', () => {
    const rules = parseAttributes(
      '*.a merge=quantum key=id\n*.b colour=red retain=0\n!*.c merge=text\n*.d __proto__=x\n',
    )
    expect(rules.warnings).toEqual([
      { line: 1, reason: 'merge cannot be "quantum"' },
      { line: 2, reason: 'there is no attribute colour' },
      { line: 2, reason: 'retain cannot be "0"' },
      { line: 3, reason: 'a pattern cannot be negative here' },
      { line: 4, reason: 'there is no attribute __proto__' },
    ])
    expect(rules.of('x.a')).toEqual({ key: 'id' })
    expect(rules.of('x.b')).toEqual({})
  })

  it('takes a mistake about encryption for a wish to have it', () => {
    const taken = '; until it is "yes" or "no", it is taken for "yes"'
    const rules = parseAttributes(
      'a encrypt\nb encrypt = no\nc encrypt=true merge=\nd encrypt=no\ne encrypt=\ne -encrypt\n',
    )
    expect(rules.warnings).toEqual([
      { line: 1, reason: `encrypt needs a value: encrypt=VALUE, without spaces${taken}` },
      { line: 2, reason: `encrypt needs a value: encrypt=VALUE, without spaces${taken}` },
      { line: 2, reason: '"=" names no attribute; it is NAME=VALUE, without spaces' },
      { line: 2, reason: 'there is no attribute no' },
      { line: 3, reason: `encrypt cannot be "true"${taken}` },
      { line: 3, reason: 'merge needs a value: merge=VALUE, without spaces' },
      { line: 5, reason: `encrypt needs a value: encrypt=VALUE, without spaces${taken}` },
    ])
    expect(['a', 'b', 'c', 'd', 'e'].map((path) => rules.of(path).encrypt)).toEqual([
      'yes',
      'yes',
      'yes',
      'no',
      undefined,
    ])
  })

  it('takes any text and any path', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('*', '**', '/', '!', '\\', '[', ']', ' ', '\n', 'merge=rows', '-key', '#', '?'),
    )
    const path = fc.array(
      fc.stringMatching(/^[^/\0]{1,8}$/).filter((segment) => !/^\.{1,2}$/.test(segment)),
      { minLength: 1, maxLength: 4 },
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), path, (pieces, segments) => {
        const rules = parseAttributes(pieces.join(''))
        expect(Object.keys(rules.of(segments.join('/'))).length).toBeLessThanOrEqual(5)
      }),
      { seed: 5, numRuns: 1000 },
    )
    expect(parseAttributes('x colour\n'.repeat(20_000)).warnings.length).toBe(100)
  })

  it('is read from the root, never through a link, and an unreadable one is an error', () => {
    const fs = new CrashFs()
    fs.makeDirectory('/ws')
    expect(readAttributes(fs, '/ws').of('a.csv')).toEqual({})
    const file = fs.open('/ws/.floeattributes', 'create')
    file.write(Buffer.from('*.csv merge=rows key=id\n'))
    file.close()
    expect(readAttributes(fs, '/ws').of('a.csv')).toEqual({ merge: 'rows', key: 'id' })
    fs.makeDirectory('/linked')
    fs.symlink(Buffer.from('/ws/.floeattributes'), '/linked/.floeattributes')
    expect(readAttributes(fs, '/linked').of('a.csv')).toEqual({})
    fs.makeDirectory('/large')
    const large = fs.open('/large/.floeattributes', 'create')
    large.write(new Uint8Array((1 << 20) + 1))
    large.close()
    expect(() => readAttributes(fs, '/large')).toThrow(expect.objectContaining({ code: 'WORKTREE_UNREADABLE' }))
  })
})
