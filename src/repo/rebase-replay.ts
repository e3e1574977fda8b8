/** The steps of a rebase, in the store alone: commits done again one on another, until all are or one conflicts. */

import { throwIfAborted } from '../base/abort.ts'
import { readCommit } from '../history/commits.ts'
import type { Commit } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
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
  /** Commits that change nothing any more: what they did is there already. */
  skipped: ObjectId[]
  stopped: Stop | null
}

export interface Stop {
  id: ObjectId
  commit: Commit
  label: string
  merged: MergedSides
  todo: ObjectId[]
}

/** @param todo - oldest first; none is a merge */
export async function replay(
  workspace: Workspace,
  session: WriteSession,
  tip: ObjectId,
  todo: readonly ObjectId[],
  options: Pick<IntegrateOptions, 'ours' | 'theirs' | 'signal'>,
): Promise<Replay> {
  const { read } = session
  const rules = mergeRules(workspace, undefined)
  const result: Replay = { tip, tree: (await readCommit(read, tip)).tree, picked: 0, skipped: [], stopped: null }
  for (const [index, id] of todo.entries()) {
    throwIfAborted(options.signal)
    const commit = await readCommit(read, id)
    const [parent] = commit.parents
    if (parent === result.tip) {
      Object.assign(result, { tip: id, tree: commit.tree, picked: result.picked + 1 })
      continue
    }
    const label = labelOf(id, commit)
    const base = parent ? (await readCommit(read, parent)).tree : null
    const sides = { base, theirsTree: commit.tree, label }
    const merged = await mergeSides(session, result.tree, sides, rules, options)
    if (merged.conflicts.length > 0)
      return { ...result, stopped: { id, commit, label, merged, todo: todo.slice(index + 1) } }
    // What was empty from the start is kept: somebody meant it.
    if (merged.tree === result.tree && commit.tree !== base) {
      result.skipped.push(id)
      continue
    }
    const { author, message } = commit
    result.tip = await putCommit(workspace, session.put, { tree: merged.tree, parents: [result.tip], author, message })
    result.tree = merged.tree
    result.picked++
  }
  return result
}

/** What marker lines call a commit. */
function labelOf(id: ObjectId, { message }: Commit): string {
  return `${id.slice(0, 12)} (${message.trim().split('\n')[0]!.slice(0, 60)})`
}
