import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../src/base/bytes.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import {
  assertStatementSubject,
  COMMIT_PREDICATE_TYPE,
  encodeStatement,
  parseStatement,
  STATEMENT_TYPE,
  statementDigest,
} from '../../src/provenance/statement.ts'

const tree = 'a'.repeat(64) as ObjectId
const parents = ['b'.repeat(64) as ObjectId]
const code = { revision: 'c'.repeat(40), branch: 'main', dirty: true, remote: null, prefix: '' }

describe('statements about commits', () => {
  it('are in-toto Statements v1 whose subject is the tree and the parents', () => {
    const bytes = encodeStatement({ tree, parents, code })
    expect(JSON.parse(fromUtf8(bytes))).toEqual({
      _type: STATEMENT_TYPE,
      subject: [
        { name: 'floe:tree', digest: { sha256: tree } },
        { name: 'floe:parent:0', digest: { sha256: parents[0] } },
      ],
      predicateType: COMMIT_PREDICATE_TYPE,
      predicate: { code },
    })
    expect(statementDigest(bytes)).toBe(sha256Hex(bytes))
    expect(parseStatement(bytes).predicate.code).toEqual(code)
  })

  it('have equal bytes for equal facts, whatever the order of their fields', () => {
    const shuffled = { prefix: '', remote: null, dirty: true, branch: 'main', revision: 'c'.repeat(40) }
    expect(encodeStatement({ code: shuffled, parents, tree })).toEqual(encodeStatement({ tree, parents, code }))
  })

  it('are refused for another commit', () => {
    const statement = parseStatement(encodeStatement({ tree, parents, code: null }))
    assertStatementSubject(statement, { tree, parents })
    for (const other of [
      { tree: parents[0]!, parents },
      { tree, parents: [] },
      { tree, parents: [...parents, tree] },
    ])
      expect(() => assertStatementSubject(statement, other)).toThrow(
        expect.objectContaining({ code: 'STATEMENT_FOREIGN', exitCode: 13 }),
      )
  })

  it('are refused when malformed', () => {
    const good = JSON.parse(fromUtf8(encodeStatement({ tree, parents, code })))
    for (const bad of [
      '',
      '[]',
      'null',
      JSON.stringify({ ...good, _type: 'x' }),
      JSON.stringify({ ...good, subject: [] }),
      JSON.stringify({ ...good, subject: [{ name: 'floe:tree', digest: { sha256: 'zz' } }] }),
      JSON.stringify({ ...good, predicateType: 'other' }),
      JSON.stringify({ ...good, predicate: { code: { ...code, revision: 'x' } } }),
    ])
      expect(() => parseStatement(utf8(bad))).toThrow(expect.objectContaining({ code: 'STATEMENT_MALFORMED' }))
    expect(() => parseStatement(Uint8Array.of(0xff))).toThrow(expect.objectContaining({ code: 'STATEMENT_MALFORMED' }))
  })
})
