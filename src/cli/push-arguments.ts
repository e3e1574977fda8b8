/** What `push` is typed with: a branch or tag, a remote, or both as git has them, `floe push origin main`; and what the
 *  branch follows afterwards. */

import { UsageError } from '../base/errors.ts'
import { findRef } from '../history/find-ref.ts'
import type { PushResult } from '../repo/push.ts'
import { defaultRemote } from '../repo/reading-remote.ts'
import { setUpstream, upstreamName } from '../repo/upstream.ts'
import type { Workspace } from '../store/workspace.ts'
import { floeCommand } from './undo.ts'

/** One word is a branch or tag if there is one of that name; of several, the first is the remote.
 *  @param option - `--remote`
 *  @returns the refs as typed; none: the current branch
 *  @throws {UsageError} OPTIONS_EXCLUSIVE, REFSPEC_REFUSED (exit 2) */
export function pushArguments(
  workspace: Workspace,
  words: readonly string[],
  option: string | undefined,
): { remote: string; refs: string[] } {
  const [first, ...others] = words
  const isRemote = first !== undefined && (others.length > 0 || isRemoteOnly(workspace, first))
  if (!isRemote)
    return { remote: option ?? defaultRemote(workspace), refs: words.map((word) => refOf(workspace, word)) }
  if (option !== undefined && option !== first)
    throw new UsageError('OPTIONS_EXCLUSIVE', `push goes to one remote, and ${first} and ${option} are named`)
  return { remote: first, refs: others.map((word) => refOf(workspace, word)) }
}

/** What git writes as `HEAD` is the branch it is on, and `refs/heads/main` is `heads/main`.
 *  @throws {UsageError} REFSPEC_REFUSED (exit 2) for `HERE:THERE` and `+HERE` */
function refOf(workspace: Workspace, word: string): string {
  const [, force = '', here = '', there] = /^(\+?)([^:]*)(?::(.*))?$/s.exec(word) ?? []
  if (force === '' && there === undefined) {
    const head = workspace.refs.readHead()
    if ((word === 'HEAD' || word === '@') && head.$kind === 'branch') return `heads/${head.branch}`
    return word.replace(/^refs\/(?=heads\/|tags\/)/, '')
  }
  const hint =
    there === undefined
      ? `\`${floeCommand('push', '--force', here)}\` moves it even if that drops versions from it`
      : here === '' && force === ''
        ? `\`${floeCommand('push', '--delete', there)}\` takes a branch off the remote`
        : `a branch of that name makes one there: \`${floeCommand('branch', there, here)}\`, then push ${there}`
  throw new UsageError('REFSPEC_REFUSED', `push moves the branch or tag of the same name, so "${word}" is none`, {
    data: { ref: word },
    hints: [hint],
  })
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
