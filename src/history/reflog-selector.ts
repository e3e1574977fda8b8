/** What stands in `NAME@{…}`: a move counted back, a time, a branch switched from, or what a branch follows. */

import type { ObjectId } from '../objects/id.ts'
import { RevisionMalformedError, RevisionUnknownError } from './errors.ts'
import { findRef } from './find-ref.ts'
import { parsePointInTime } from './point-in-time.ts'
import type { RevisionSource } from './revision.ts'

/** What the log of a ref says that was brought from a remote. */
export const FETCH_REASON = 'fetch'

/** What `switch` writes into the log of HEAD, so that the branch can be found again. */
export function switchReason(from: string, to: string): string {
  return `switch: from ${from} to ${to}`
}

/** Where such an entry went to: a branch, or a commit. */
export function switchTarget(reason: string): string | undefined {
  return /^switch: from \S+ to (\S+)$/.exec(reason)?.[1]
}

/** The branch, or the commit if HEAD was on none, that was left with the nth last switch; 1 is the last. */
export function previousBranch({ refs }: Pick<RevisionSource, 'refs'>, nth: number): string | undefined {
  let left = nth
  for (const { reason } of refs.reflog('HEAD')) {
    const match = /^switch: from (\S+) to \S/.exec(reason)
    if (match && --left === 0) return match[1]
  }
  return undefined
}

/** @param name - a ref; empty for the current branch */
export function resolveSelector(source: RevisionSource, revision: string, name: string, selector: string): ObjectId {
  const back = /^-(\d{1,9})$/.exec(selector)
  if (back) {
    if (name !== '' || Number(back[1]) === 0) throw new RevisionMalformedError(revision, 'write @{-1} without a name')
    const branch = previousBranch(source, Number(back[1]))
    const id = branch === undefined ? undefined : (source.refs.read(`heads/${branch}`) ?? idOf(branch))
    if (!id) throw new RevisionUnknownError(revision, 'there were not that many switches, or that branch is gone')
    return id
  }
  if (/^u(pstream)?$/i.test(selector)) {
    const branch = branchOf(source, name)
    const upstream = branch === undefined ? undefined : source.upstreamOf(branch)
    const id = upstream === undefined ? undefined : source.refs.read(`remotes/${upstream}`)
    if (!id) throw new RevisionUnknownError(revision, 'it follows no branch of a remote that was fetched')
    return id
  }
  const ref = refOf(source, revision, name)
  if (/^\d{1,9}$/.test(selector)) return countedBack(source, revision, ref, Number(selector))
  const timeMs = parsePointInTime(selector, source.nowMs())
  if (timeMs === undefined) throw new RevisionMalformedError(revision, `"${selector}" is neither a number nor a time`)
  return atTime(source, revision, ref, timeMs)
}

function refOf({ refs }: RevisionSource, revision: string, name: string): string {
  const head = refs.readHead()
  const wanted = name === '' && head.$kind === 'branch' ? `heads/${head.branch}` : name
  const ref = wanted === '' || wanted === '@' || wanted === 'HEAD' ? 'HEAD' : findRef(refs, wanted)?.name
  if (!ref) throw new RevisionUnknownError(revision, 'no such branch')
  return ref
}

function branchOf({ refs }: RevisionSource, name: string): string | undefined {
  if (name !== '' && name !== '@' && name !== 'HEAD') return name.replace(/^(refs\/)?heads\//, '')
  const head = refs.readHead()
  return head.$kind === 'branch' ? head.branch : undefined
}

function countedBack({ refs }: RevisionSource, revision: string, ref: string, index: number): ObjectId {
  const entries = refs.reflog(ref)
  const id = index === 0 ? (findRef(refs, ref)?.id ?? null) : (entries[index - 1]?.old ?? null)
  if (!id) throw new RevisionUnknownError(revision, `its log has ${entries.length} entries`)
  return id
}

/** Where the ref was then: where the last move up to that time took it. */
function atTime({ refs }: RevisionSource, revision: string, ref: string, timeMs: number): ObjectId {
  const entries = refs.reflog(ref)
  const id = entries.find((entry) => entry.timeMs <= timeMs)?.new ?? entries.at(-1)?.old
  if (id) return id
  const first = entries.at(-1)
  const reason = first ? `its log goes back to ${new Date(first.timeMs).toISOString()} only` : 'it has no log'
  throw new RevisionUnknownError(revision, reason)
}

function idOf(text: string): ObjectId | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as ObjectId) : undefined
}
