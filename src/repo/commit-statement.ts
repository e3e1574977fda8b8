/** What `commit` records about where a version came from, and how `log --provenance` shows it. */

import { parseObjectId } from '../objects/id.ts'
import { type CodeLineage, readCodeLineage } from '../provenance/code-lineage.ts'
import {
  assertStatementSubject,
  encodeStatement,
  parseStatement,
  STATEMENT_ATTACHMENT,
} from '../provenance/statement.ts'
import type { Workspace } from '../store/workspace.ts'
import type { CommitOptions } from './commit.ts'
import type { CommitRecord } from './log.ts'

/** Attachments for a commit made in a workspace: one in-toto Statement, with the code revision if there is one.
 *  @param root - the workspace's folder */
export async function commitStatement(root: string): Promise<NonNullable<CommitOptions['attachments']>> {
  const code = await readCodeLineage(root)
  return ({ tree, parents }) => new Map([[STATEMENT_ATTACHMENT, encodeStatement({ tree, parents, code })]])
}

export interface CommitProvenance {
  /** SHA-256 of the statement, as the chain records it; null if the commit has none. */
  statement: string | null
  code: CodeLineage | null
}

/** The statement of a commit, checked to be about this commit.
 *  @throws {ProvenanceError} STATEMENT_MALFORMED, STATEMENT_FOREIGN */
export async function provenanceOfCommit(workspace: Workspace, commit: CommitRecord): Promise<CommitProvenance> {
  const text = commit.attachments[STATEMENT_ATTACHMENT]
  if (text === undefined) return { statement: null, code: null }
  const id = parseObjectId(text)
  const statement = parseStatement(await workspace.store.read('attachment', id))
  assertStatementSubject(statement, { tree: parseObjectId(commit.tree), parents: commit.parents.map(parseObjectId) })
  return { statement: id, code: statement.predicate.code }
}
