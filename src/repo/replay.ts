/** The steps of a rebase, and of a range that is picked or reverted, in the store alone: commits done again, or taken back,
 *  one on another, until all are or one conflicts. */

import { throwIfAborted } from '../base/abort.ts'
import { readCommit } from '../history/commits.ts'
import type { Commit, CommitAuthor } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import { buildTree } from '../objects/tree.ts'
import type { WriteSession } from '../store/local-store.ts'
import type { Workspace } from '../store/workspace.ts'
import { type IntegrateOptions, type MergedSides, mergeSides, putCommit } from './integrate.ts'
import { mergeRules } from './merge-rules.ts'

export interface Replay {
  /** The last version made, and its tree. */
  tip: ObjectId
  tree: ObjectId
  /** Commits that became new ones, or could stay as they are. */
  picked: number
  /** Commits that change nothing any more: what they did is there already, or taken back already. */
  skipped: ObjectId[]
  stopped: Stop | null
}

/** What one commit is to do on another version. */
export interface Step {
  /** The changes from the first of these trees to the second. */
  base: ObjectId | null
  theirsTree: ObjectId
  /** Of the commit that is made. */
  author: CommitAuthor
  message: string
}

export interface Stop extends Step {
  id: ObjectId
  label: string
  merged: MergedSides
  todo: ObjectId[]
}

/** Do what they did, or take it back in the name of somebody. */
export type Direction = { $kind: 'again' } | { $kind: 'back'; author: CommitAuthor }

/** @param todo - in the order in which it is done; none is a merge */
export async function replay(
  workspace: Workspace,
  session: WriteSession,
  tip: ObjectId,
  todo: readonly ObjectId[],
  options: Pick<IntegrateOptions, 'ours' | 'theirs' | 'signal'>,
  direction: Direction = { $kind: 'again' },
): Promise<Replay> {
  const { read } = session
  const rules = mergeRules(workspace, undefined)
  const result: Replay = { tip, tree: (await readCommit(read, tip)).tree, picked: 0, skipped: [], stopped: null }
  for (const [index, id] of todo.entries()) {
    throwIfAborted(options.signal)
    const commit = await readCommit(read, id)
    if (direction.$kind === 'again' && commit.parents[0] === result.tip) {
      Object.assign(result, { tip: id, tree: commit.tree, picked: result.picked + 1 })
      continue
    }
    const label = labelOf(id, commit)
    const step = await stepOf(session, id, commit, direction)
    const merged = await mergeSides(session, result.tree, { ...step, label }, rules, options)
    if (merged.conflicts.length > 0)
      return { ...result, stopped: { ...step, id, label, merged, todo: todo.slice(index + 1) } }
    // What was empty from the start is kept: somebody meant it. To take back what did nothing is to do nothing.
    if (merged.tree === result.tree && (direction.$kind === 'back' || step.theirsTree !== step.base)) {
      result.skipped.push(id)
      continue
    }
    const { author, message } = step
    result.tip = await putCommit(workspace, session.put, { tree: merged.tree, parents: [result.tip], author, message })
    result.tree = merged.tree
    result.picked++
  }
  return result
}

async function stepOf(
  { read, put }: WriteSession,
  id: ObjectId,
  { tree, parents, author, message }: Commit,
  direction: Direction,
): Promise<Step> {
  const [parent] = parents
  const before = parent ? (await readCommit(read, parent)).tree : null
  if (direction.$kind === 'again') return { base: before, theirsTree: tree, author, message }
  const theirsTree = before ?? (await buildTree([], put))
  return { base: tree, theirsTree, author: direction.author, message: revertMessage(message, id) }
}

export function revertMessage(message: string, id: ObjectId): string {
  return `Revert "${message.trim().split('\n')[0]}"\n\nThis takes back what ${id} changed.`
}

/** What marker lines call a commit. */
function labelOf(id: ObjectId, { message }: Commit): string {
  return `${id.slice(0, 12)} (${message.trim().split('\n')[0]!.slice(0, 60)})`
}
