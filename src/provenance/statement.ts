/** The in-toto Statement about a commit.
 *
 *  It cannot name the commit that contains it, so its subject is the commit's tree and parents; the push record on
 *  chain binds commit, tree and the SHA-256 of these very bytes. The bytes are the object: they are hashed as stored,
 *  never re-serialized. @see https://github.com/in-toto/attestation (Statement v1) */

import * as v from 'valibot'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { sha256Hex } from '../crypto/hash.ts'
import type { Commit } from '../objects/commit.ts'
import type { CodeLineage } from './code-lineage.ts'
import { ProvenanceError } from './errors.ts'

/** Name of the attachment that holds the statement of a commit. */
export const STATEMENT_ATTACHMENT = 'provenance.intoto.json'
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
/** What a Floe commit says about itself. */
export const COMMIT_PREDICATE_TYPE = 'urn:floe:predicate:commit:v1'
/** Far above what one needs; statements are parsed whole. */
export const MAX_STATEMENT_BYTES = 1024 * 1024

const digest = v.object({ sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) })
const nullableText = v.nullable(v.pipe(v.string(), v.maxLength(1024)))
const lineageSchema = v.object({
  revision: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)),
  branch: nullableText,
  dirty: v.boolean(),
  remote: nullableText,
  prefix: v.pipe(v.string(), v.maxLength(1024)),
})
const statementSchema = v.object({
  _type: v.literal(STATEMENT_TYPE),
  subject: v.pipe(
    v.array(v.object({ name: v.pipe(v.string(), v.maxLength(200)), digest })),
    v.minLength(1),
    v.maxLength(64),
  ),
  predicateType: v.literal(COMMIT_PREDICATE_TYPE),
  predicate: v.object({ code: v.nullable(lineageSchema) }),
})

export type CommitStatement = v.InferOutput<typeof statementSchema>

/** Bytes of the statement for a commit with this tree and these parents; equal facts give equal bytes. */
export function encodeStatement(facts: {
  tree: string
  parents: readonly string[]
  code: CodeLineage | null
}): Uint8Array {
  const { tree, parents, code } = facts
  const statement: CommitStatement = {
    _type: STATEMENT_TYPE,
    subject: [
      { name: 'floe:tree', digest: { sha256: tree } },
      ...parents.map((parent, i) => ({ name: `floe:parent:${i}`, digest: { sha256: parent } })),
    ],
    predicateType: COMMIT_PREDICATE_TYPE,
    predicate: {
      code: code && {
        revision: code.revision,
        branch: code.branch,
        dirty: code.dirty,
        remote: code.remote,
        prefix: code.prefix,
      },
    },
  }
  return utf8(`${JSON.stringify(statement)}\n`)
}

/** @throws {ProvenanceError} STATEMENT_MALFORMED */
export function parseStatement(bytes: Uint8Array): CommitStatement {
  let value: unknown
  try {
    if (bytes.length > MAX_STATEMENT_BYTES) throw new RangeError('too long')
    value = JSON.parse(fromUtf8(bytes))
  } catch {
    throw new ProvenanceError('STATEMENT_MALFORMED', 'the statement is no JSON text', { data: { bytes: bytes.length } })
  }
  const result = v.safeParse(statementSchema, value)
  if (result.success) return result.output
  const field = result.issues[0].path?.map((part) => String(part.key)).join('.') ?? ''
  throw new ProvenanceError('STATEMENT_MALFORMED', `the statement has an unknown form: ${field}`, { data: { field } })
}

/** SHA-256 of the statement: what the chain records, and the attachment's object id. */
export function statementDigest(bytes: Uint8Array): string {
  return sha256Hex(bytes)
}

/** Checks that a statement is about this commit, whatever else it says.
 *  @throws {ProvenanceError} STATEMENT_FOREIGN */
export function assertStatementSubject(statement: CommitStatement, commit: Pick<Commit, 'tree' | 'parents'>): void {
  const expected = [commit.tree, ...commit.parents]
  const named = statement.subject.map((subject) => subject.digest.sha256)
  if (named.length === expected.length && named.every((sha256, i) => sha256 === expected[i])) return
  throw new ProvenanceError('STATEMENT_FOREIGN', 'the statement is about another tree or other parents', {
    data: { expected, named },
  })
}
