import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import {
  type Commit,
  commitId,
  encodeCommit,
  MAX_ATTACHMENTS,
  MAX_MESSAGE_BYTES,
  MAX_PARENTS,
  parseCommit,
} from '../../src/objects/commit.ts'
import { objectIdFor } from '../../src/objects/id.ts'

const id = (text: string) => objectIdFor('chunk', utf8(text))

const base: Commit = {
  tree: id('tree'),
  parents: [id('p1'), id('p2')],
  author: { name: 'Ada Lovelace', email: 'ada@example.org', address: `0x${'0f'.repeat(32)}` },
  timeMs: 1_700_000_000_123,
  message: 'first line\n\n\tsecond 🧊\r\n',
  profile: 1,
  attachments: new Map([
    ['floe.provenance', id('a')],
    ['floe.lineage', id('b')],
  ]),
}

const malformed = expect.objectContaining({ code: 'COMMIT_MALFORMED', kind: 'integrity' })

describe('commits', () => {
  test('come back as they were, attachments sorted', () => {
    const parsed = parseCommit(encodeCommit(base))
    expect(parsed).toEqual(base)
    expect([...parsed.attachments.keys()]).toEqual(['floe.lineage', 'floe.provenance'])
    const bare: Commit = { ...base, parents: [], author: { name: '', email: '' }, message: '', attachments: new Map() }
    expect(parseCommit(encodeCommit(bare))).toEqual(bare)
  })

  test('have an id that does not depend on the order of attachments', () => {
    const reversed = new Map([...base.attachments].reverse())
    expect(commitId({ ...base, attachments: reversed })).toBe(commitId(base))
    expect(commitId({ ...base, timeMs: base.timeMs + 1 })).not.toBe(commitId(base))
  })

  test('keep their limits', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => id(String(i)))
    const attachments = (count: number) => new Map(many(count).map((object, i) => [`a${i}`, object]))
    const largest: Commit = {
      ...base,
      parents: many(MAX_PARENTS),
      message: 'x'.repeat(MAX_MESSAGE_BYTES),
      attachments: attachments(MAX_ATTACHMENTS),
    }
    expect(parseCommit(encodeCommit(largest))).toEqual(largest)
    const limit = expect.objectContaining({ code: 'OBJECT_LIMIT', kind: 'usage' })
    expect(() => encodeCommit({ ...base, parents: many(MAX_PARENTS + 1) })).toThrow(limit)
    expect(() => encodeCommit({ ...base, attachments: attachments(MAX_ATTACHMENTS + 1) })).toThrow(limit)
    expect(() => encodeCommit({ ...base, message: 'é'.repeat(MAX_MESSAGE_BYTES / 2 + 1) })).toThrow(limit)
    expect(() => encodeCommit({ ...base, author: { name: 'x'.repeat(513), email: '' } })).toThrow(limit)
  })

  test('with contradictions are refused when written and when read', () => {
    const lies: Partial<Commit>[] = [
      { parents: [id('p'), id('p')] },
      { author: { name: 'a\nb', email: '' } },
      { author: { name: 'a', email: '\u001b' } },
      { author: { name: 'a', email: '', address: '0x12' } },
      { author: { name: '\ud800', email: '' } },
      { message: 'nul \0' },
      { message: '\u001b[2J' },
      { message: '\udfff' },
      { timeMs: -1 },
      { timeMs: 1.5 },
      { timeMs: 9e15 },
      { profile: 0 },
      { profile: 2 ** 32 },
      { attachments: new Map([['Upper', id('a')]]) },
      { attachments: new Map([['', id('a')]]) },
    ]
    for (const lie of lies) expect(() => encodeCommit({ ...base, ...lie }), JSON.stringify(lie)).toThrow(malformed)
    const bytes = encodeCommit({ ...base, parents: [] })
    const twice = encodeCommit({ ...base, parents: [id('p1'), id('p2')] })
    twice.set(twice.subarray(33, 65), 65)
    expect(() => parseCommit(twice)).toThrow(malformed)
    expect(() => parseCommit(bytes.subarray(0, -1))).toThrow(malformed)
    expect(() => parseCommit(new Uint8Array([...bytes, 0]))).toThrow(malformed)
    expect(() => parseCommit(new Uint8Array(200_000))).toThrow(malformed)
  })

  test('that parse encode to the same bytes', () => {
    const bytes = encodeCommit(base)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const mutated = bytes.slice()
        mutated[at]! ^= mask
        try {
          expect(Buffer.compare(encodeCommit(parseCommit(mutated)), mutated)).toBe(0)
        } catch (error) {
          expect(error).toEqual(malformed)
        }
      }),
      { numRuns: 1500 },
    )
  })
})
