/** Commits that no name leads to once HEAD has left them. */

import { type CommitRange, commitsInRange } from '../history/range.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { Workspace } from '../store/workspace.ts'

export interface LeftBehind {
  /** The newest of them. */
  tip: ObjectId
  commits: number
}

/** Commits looked at before it is left open whether a name leads there: one does, most likely. */
const MAX_COMMITS = 10_000

/** What HEAD, detached at `from`, leaves that neither `to` nor a branch, tag or branch of a remote holds. */
export async function leftBehind(
  workspace: Workspace,
  from: ObjectId,
  to: ObjectId | null,
): Promise<LeftBehind | null> {
  const names = workspace.refs.list().filter(({ name }) => !name.startsWith('stash/'))
  const held = new Set([...names.map(({ id }) => id), ...(to ? [to] : [])])
  if (held.has(from)) return null
  const tooMany = new Error('too many commits')
  let looked = 0
  const read: ReadObject = (kind, id, options) => {
    if (++looked > MAX_COMMITS) throw tooMany
    return workspace.store.read(kind, id, options)
  }
  const range: CommitRange = { include: [from], exclude: [...held] }
  try {
    const { length } = await commitsInRange(read, range, { onAbsent: () => {} })
    return length > 0 ? { tip: from, commits: length } : null
  } catch (error) {
    if (error === tooMany) return null
    throw error
  }
}
