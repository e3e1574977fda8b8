/** What `push` is typed with: a branch or tag, a remote, or both as git has them, `floe push origin main`; and what the
 *  branch follows afterwards. */

import { UsageError } from '../base/errors.ts'
import { findRef } from '../history/find-ref.ts'
import type { PushResult } from '../repo/push.ts'
import { defaultRemote } from '../repo/reading-remote.ts'
import { setUpstream, upstreamName } from '../repo/upstream.ts'
import type { Workspace } from '../store/workspace.ts'
import { floeCommand } from './undo.ts'

/** One word is a branch or tag if there is one of that name.
 *  @param option - `--remote`
 *  @throws {UsageError} OPTIONS_EXCLUSIVE (exit 2) if two remotes are named */
export function pushArguments(
  workspace: Workspace,
  words: readonly string[],
  option: string | undefined,
): { remote: string; ref: string | undefined } {
  const [first, second] = words
  const isRemote = first !== undefined && (second !== undefined || isRemoteOnly(workspace, first))
  if (!isRemote) return { remote: option ?? defaultRemote(workspace), ref: first }
  if (option !== undefined && option !== first)
    throw new UsageError('OPTIONS_EXCLUSIVE', `push goes to one remote, and ${first} and ${option} are named`)
  return { remote: first, ref: second }
}

function isRemoteOnly(workspace: Workspace, word: string): boolean {
  if (!Object.hasOwn(workspace.readConfig().remotes ?? {}, word)) return false
  return !/^(heads|tags)\//.test(findRef(workspace.refs, word)?.name ?? '')
}

/** A push moves the branch of its own name. Whoever pulls from another one may not expect that.
 *  @param ref - as typed; none: the current branch */
export function otherFollowed(workspace: Workspace, remote: string, ref: string | undefined): string | undefined {
  const head = workspace.refs.readHead()
  const branch = ref?.replace(/^heads\//, '') ?? (head.$kind === 'branch' ? head.branch : undefined)
  if (branch === undefined || findRef(workspace.refs, branch)?.name !== `heads/${branch}`) return undefined
  const follows = upstreamName(workspace, branch)
  if (follows === undefined || follows === `${remote}/${branch}`) return undefined
  return `${branch} follows ${follows}, and this push moves ${branch} of ${remote}`
}

/** Makes the branch that was pushed follow where it went.
 *  @returns what to say, and how to take it back */
export async function followPushed(
  workspace: Workspace,
  { ref }: PushResult,
  remote: string,
): Promise<{ line: string; undo: string[] }> {
  if (!ref.startsWith('heads/')) return { line: `${ref} is no branch: it follows nothing`, undo: [] }
  const branch = ref.slice('heads/'.length)
  const before = workspace.readConfig().branches?.[branch]
  const goal = `${remote}/${branch}`
  await setUpstream(workspace, branch, goal)
  const old = before && `${before.remote}/${before.ref.replace(/^heads\//, '')}`
  const undo = old === undefined ? ['--unset-upstream'] : ['-u', old]
  return { line: `${branch} follows ${goal}`, undo: old === goal ? [] : [floeCommand('branch', branch, ...undo)] }
}
