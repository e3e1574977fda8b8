/** What a branch follows on a remote, and how far the two have parted, as of the last fetch. */

import { commitsInRange } from '../history/range.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { refNameProblem } from '../objects/ref-name.ts'
import type { Workspace } from '../store/workspace.ts'
import { RefStateError } from './errors.ts'

export interface Upstream {
  /** As a revision is written: `origin/main`. */
  name: string
  /** Null if the remote has no such branch, or it was never fetched. */
  commit: ObjectId | null
  /** Commits only here, and only there; null where history is not here to count them. */
  ahead: number | null
  behind: number | null
}

/** Null if the branch follows nothing. */
export async function upstreamOf(
  workspace: Workspace,
  branch: { name: string; commit: ObjectId | null },
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Upstream | null> {
  const name = upstreamName(workspace, branch.name)
  if (name === undefined) return null
  const commit = workspace.refs.read(`remotes/${name}`)
  if (!commit || !branch.commit) return { name, commit, ahead: null, behind: null }
  const count = async (wanted: ObjectId, have: ObjectId) => {
    if (wanted === have) return 0
    try {
      return (await commitsInRange(workspace.store.read, { include: [wanted], exclude: [have] }, options)).length
    } catch (error) {
      if (error instanceof ObjectMissingError) return null
      throw error
    }
  }
  return { name, commit, ahead: await count(branch.commit, commit), behind: await count(commit, branch.commit) }
}

/** `origin/main`, or undefined if the branch follows nothing. */
export function upstreamName(workspace: Workspace, branch: string): string | undefined {
  const branches = workspace.readConfig().branches ?? {}
  const followed = Object.hasOwn(branches, branch) ? branches[branch] : undefined
  if (followed) return `${followed.remote}/${followed.ref.replace(/^heads\//, '')}`
  const same = `remotes/origin/${branch}`
  return refNameProblem(same) === null && workspace.refs.read(same) ? `origin/${branch}` : undefined
}

/** Makes a branch follow `REMOTE/BRANCH`; null ends it.
 *  @throws {RefStateError} REF_UNKNOWN (exit 2) */
export async function setUpstream(workspace: Workspace, branch: string, upstream: string | null): Promise<void> {
  await workspace.withLock('branch', async () => {
    const head = workspace.refs.readHead()
    const isCurrent = head.$kind === 'branch' && head.branch === branch
    if (!isCurrent && workspace.refs.read(`heads/${branch}`) === null)
      throw new RefStateError('REF_UNKNOWN', `there is no branch ${branch}`, branch)
    const follows = upstream === null ? null : followed(workspace, upstream, workspace.readConfig().remotes ?? {})
    await writeFollowed(workspace, { [branch]: follows })
  })
}

/** What a branch follows goes with its name, also where only a branch of the same name there said so. Under the lock. */
export async function renameFollowed(workspace: Workspace, from: string, to: string): Promise<void> {
  const name = upstreamName(workspace, from)
  const follows = name === undefined ? null : split(name)
  await writeFollowed(workspace, { [from]: null, [to]: follows })
}

/** Under the lock.
 *  @param changes - null: it follows nothing that is written down */
export async function writeFollowed(workspace: Workspace, changes: Readonly<Record<string, Followed | null>>) {
  const config = structuredClone(workspace.readConfig())
  const branches = { ...config.branches }
  for (const [branch, follows] of Object.entries(changes))
    if (follows) branches[branch] = follows
    else delete branches[branch]
  if (JSON.stringify(branches) === JSON.stringify(config.branches ?? {})) return
  if (Object.keys(branches).length > 0) config.branches = branches
  else delete config.branches
  await workspace.writeConfig(config)
}

type Followed = NonNullable<ReturnType<Workspace['readConfig']>['branches']>[string]

function followed(workspace: Workspace, upstream: string, remotes: Readonly<Record<string, unknown>>): Followed {
  const follows = split(upstream)
  const { remote } = follows
  const isKnown =
    remote !== '' && (Object.hasOwn(remotes, remote) || workspace.refs.read(`remotes/${upstream}`) !== null)
  if (!isKnown)
    throw new RefStateError('REF_UNKNOWN', `${upstream} is no branch of a known remote`, upstream, [
      'write it as REMOTE/BRANCH; `floe remote list` lists the remotes',
    ])
  return follows
}

/** Of `REMOTE/BRANCH`. */
function split(upstream: string): Followed {
  const slash = Math.max(upstream.indexOf('/'), 0)
  return { remote: upstream.slice(0, slash), ref: `heads/${upstream.slice(slash + 1)}` }
}
