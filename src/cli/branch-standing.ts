/** How far the branch and what it follows have parted, as `status` says it. Loaded only where something is followed. */

import type { Status } from '../repo/status.ts'
import { type Upstream, upstreamOf } from '../repo/upstream.ts'
import type { Workspace } from '../store/workspace.ts'

/** Null for a branch that follows nothing, and for none. */
export async function followedBy(
  workspace: Workspace,
  { branch }: Status['head'],
  signal: AbortSignal | undefined,
): Promise<Upstream | null> {
  if (branch === null) return null
  return upstreamOf(workspace, { name: branch, commit: workspace.refs.headCommit() }, { signal })
}

export function partedText({ name, commit, ahead, behind }: Upstream): string {
  if (commit === null) return `Follows ${name}, which is not there`
  const since = '(as of the last fetch)'
  if (ahead === null || behind === null) return `Not where ${name} is ${since}`
  if (ahead + behind === 0) return `Up to date with ${name} ${since}`
  const parted = [ahead > 0 ? `${ahead} ahead of` : '', behind > 0 ? `${behind} behind` : ''].filter((part) => part)
  return `${parted.join(' and ')} ${name} ${since}`
}

/** As `git status -sb` has it. */
export function branchLine({ branch, commit }: Status['head'], upstream: Upstream | null): string {
  if (branch === null) return `## HEAD (no branch) ${commit?.slice(0, 12)}`
  if (!upstream) return `## ${branch}`
  const { name, ahead, behind } = upstream
  const parted = [ahead ? `ahead ${ahead}` : '', behind ? `behind ${behind}` : ''].filter((part) => part)
  const gone = upstream.commit === null ? ['gone'] : parted
  return `## ${branch}...${name}${gone.length > 0 ? ` [${gone.join(', ')}]` : ''}`
}
