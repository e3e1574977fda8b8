/** Which arguments are revisions and which are paths, where both may be typed: `log main data`. As git has it: revisions
 *  come first, what could be either must be said, and what is gone comes after `--`. */

import { UsageError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import { RevisionMalformedError, RevisionUnknownError, UnbornError } from '../history/errors.ts'
import { endsOfRange, parseRange, resolveRevision } from '../history/revision.ts'
import { isInTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { workspacePath } from './paths.ts'
import { revisionSource } from './versions.ts'

export interface SplitRequest {
  /** The verb, for what to type instead. */
  verb: string
  /** What relative paths are relative to. */
  cwd: string
  args: readonly string[]
  /** How many of them, at the end, are paths whatever they look like; undefined: nobody has said. */
  known?: number | undefined
  /** More revisions than these are not understood; undefined: any number is, and `^A` among them. */
  most?: number
}

/** @returns paths of the workspace, `''` for its root
 *  @throws {UsageError} ARGUMENT_AMBIGUOUS, REVISIONS_TOO_MANY (exit 2)
 *  @throws {RevisionUnknownError} REVISION_UNKNOWN (exit 2) for what is neither */
export async function splitRevisionsAndPaths(
  workspace: Workspace,
  request: SplitRequest,
): Promise<{ revisions: string[]; paths: string[] }> {
  const { verb, cwd, args, known, most } = request
  const split = known === undefined ? undefined : Math.max(0, args.length - known)
  const revisions: string[] = args.slice(0, split ?? 0)
  const paths = args.slice(split ?? args.length).map((path) => workspacePath(workspace, cwd, path))
  if (split === undefined) {
    for (const argument of args) {
      const path = await pathHere(workspace, cwd, argument)
      const revision = most === undefined ? argument.replace(/^\^/, '') : argument
      const problem = paths.length > 0 ? NO_REVISION : await revisionProblem(workspace, revision)
      if (path !== undefined && problem === null) throw ambiguous(verb, argument)
      if (path !== undefined) paths.push(path)
      else if (problem === null) revisions.push(argument)
      else throw neither(verb, argument, problem)
    }
  }
  if (most !== undefined && revisions.length > most)
    throw new UsageError('REVISIONS_TOO_MANY', `${verb} takes ${most} revision${most === 1 ? '' : 's'} at most`, {
      data: { revisions },
      hints: [`paths come after \`--\`: \`floe ${verb} [REVISION] -- PATH\``],
    })
  return { revisions, paths }
}

const NO_REVISION = 'revisions come before paths'

/** The workspace path, if the argument is one of something on disk or in HEAD. */
export async function pathHere(workspace: Workspace, cwd: string, argument: string): Promise<string | undefined> {
  let path: string
  try {
    path = workspacePath(workspace, cwd, argument)
  } catch (error) {
    // Outside the workspace, or nothing that a path can be.
    if (error instanceof UsageError) return undefined
    throw error
  }
  if (path === '' || workspace.fs.stat(`${workspace.root}/${path}`)) return path
  // Of a partial workspace most files are in the version only.
  const head = workspace.refs.headCommit()
  if (head === null) return undefined
  const { read } = workspace.store
  return (await isInTree(read, (await readCommit(read, head)).tree, path)) ? path : undefined
}

/** Why it is no revision, or null if it is one. */
async function revisionProblem(workspace: Workspace, argument: string): Promise<string | null> {
  const source = await revisionSource(workspace)
  const range = parseRange(argument)
  try {
    for (const end of range ? endsOfRange(range) : [argument]) await resolveRevision(source, end)
    return null
  } catch (error) {
    if (error instanceof UnbornError && argument === 'HEAD') throw error
    if (error instanceof RevisionUnknownError || error instanceof RevisionMalformedError) return error.reason
    throw error
  }
}

function ambiguous(verb: string, argument: string): UsageError {
  return new UsageError('ARGUMENT_AMBIGUOUS', `${argument} is both a revision and a path here`, {
    data: { argument },
    hints: [`write \`floe ${verb} ${argument} --\` for the revision, \`floe ${verb} -- ${argument}\` for the path`],
  })
}

function neither(verb: string, argument: string, problem: string): RevisionUnknownError {
  return new RevisionUnknownError(argument, `${problem}, and there is no such path`, [
    '`floe log` and `floe branch` list what there is',
    `a path that is no longer here comes after \`--\`: \`floe ${verb} -- PATH\``,
  ])
}
