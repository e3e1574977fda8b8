/** From what a user types to a commit, by git's rules: `main`, `HEAD~2`, `v1^2`, `main@{1}`, `main@{yesterday}`, `@{-1}`,
 *  `@{u}`, `origin/main`, `:/text`, `main^{/text}`, or at least 8 digits of an id; and to a range of commits: `v1..v2`,
 *  `v1...v2`, `v1^!`, `v1^@`, `v1^-`. */

import { isObjectId, type ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { refNameProblem } from '../objects/ref-name.ts'
import type { RefStore } from '../store/refs.ts'
import { readCommit } from './commits.ts'
import { RevisionAmbiguousError, RevisionMalformedError, RevisionUnknownError, UnbornError } from './errors.ts'
import { findRef } from './find-ref.ts'
import { youngestFrom, youngestOfAll } from './message-search.ts'
import { resolveSelector } from './reflog-selector.ts'

/** What a revision is looked up in. */
export interface RevisionSource {
  refs: RefStore
  read: ReadObject
  /** Commits whose id starts with the digits, at most `limit`. */
  commitsWithPrefix(hexPrefix: string, limit: number): Promise<ObjectId[]>
  /** The branch of a remote that a branch follows: `origin/main`. */
  upstreamOf(branch: string): string | undefined
  /** History was cut off before this commit, on purpose. */
  isCutOff(id: ObjectId): boolean
  nowMs(): number
}

export const MIN_PREFIX_DIGITS = 8
const MAX_REVISION_CHARS = 1024
/** Longest walk one `~` may ask for. */
const MAX_STEPS = 1_000_000
const MAX_CANDIDATES = 10

/** @returns the id of a commit
 *  @throws {RevisionUnknownError} REVISION_UNKNOWN
 *  @throws {RevisionMalformedError} REVISION_MALFORMED
 *  @throws {RevisionAmbiguousError} REVISION_AMBIGUOUS (all exit 2) */
export async function resolveRevision(source: RevisionSource, revision: string): Promise<ObjectId> {
  if (isMessageSearch(revision)) return youngestOfAll(source, revision, revision.slice(2))
  const { base, steps } = splitRevision(revision)
  let id = await resolveBase(source, revision, base)
  for (const { sign, count, text } of steps) {
    if (text !== undefined) id = await youngestFrom(source, revision, [id], text)
    else if (sign === '~') for (let i = 0; i < count; i++) id = await parentOf(source, revision, id, 1)
    else if (count > 0) id = await parentOf(source, revision, id, count)
    else await readCommit(source.read, id)
  }
  return id
}

/** What is staged, as a revision; `:1` to `:3` are base, ours and theirs of a file in conflict. */
export const STAGED_REVISION = ':'

/** Splits `REV:PATH`. A text without a colon is a path at HEAD; `:PATH` is what is staged, `:1:PATH` to `:3:PATH` the
 *  versions of a file in conflict.
 *  @throws {RevisionMalformedError} if the path is empty */
export function parseRevisionPath(text: string): { revision: string; path: string } {
  if (isMessageSearch(text)) throw new RevisionMalformedError(text, 'it names no path; write REV^{/text}:PATH')
  const found = splitRevisionPath(text) ?? { revision: 'HEAD', path: text }
  if (found.path === '') throw new RevisionMalformedError(text, 'it names no path; write REV:PATH')
  return found
}

/** The same where a text without a colon is a revision (undefined), and no path stands for all of them. */
export function splitRevisionPath(text: string): { revision: string; path: string } | undefined {
  if (isMessageSearch(text)) return undefined
  const staged = /^:(?:([0-3]):)?(.*)$/s.exec(text)
  if (staged) return { revision: `:${staged[1] === '0' ? '' : (staged[1] ?? '')}`, path: staged[2]! }
  const colon = colonOf(text)
  return colon < 0 ? undefined : { revision: text.slice(0, colon), path: text.slice(colon + 1) }
}

/** All that follows is the text, whatever it looks like. */
const isMessageSearch = (text: string) => text.startsWith(':/')

/** The colon after the revision: times in `@{…}`, and what is looked for in messages, have some of their own. */
function colonOf(text: string): number {
  return (/^(?:[@^]\{[^{}]*\}|(?![@^]\{[^{}]*\})[^:])*?:/.exec(text)?.[0].length ?? 0) - 1
}

export type RevisionRange =
  | {
      $kind: 'between'
      from: string
      to: string
      /** `A...B`: what either has and not both. */
      symmetric: boolean
    }
  /** `A^!`: a commit without any of its parents. */
  | { $kind: 'one'; revision: string }
  /** `A^@`: all that leads to its parents. */
  | { $kind: 'parents'; revision: string }

/** `A..B` or `A...B`, an empty side meaning HEAD; `A^!`, `A^@`, and `A^-` or `A^-N` for all of `A` that its Nth parent has not;
 *  undefined for anything else. */
export function parseRange(text: string): RevisionRange | undefined {
  if (isMessageSearch(text)) return undefined
  const dotted = /^((?:[@^]\{[^{}]*\}|(?![@^]\{[^{}]*\}|\.\.).)*)(\.{2,3})(?!\.)(.*)$/s.exec(text)
  if (dotted) {
    const [, from, dots, to] = dotted
    return { $kind: 'between', from: from || 'HEAD', to: to || 'HEAD', symmetric: dots === '...' }
  }
  const [, revision, mark, nth] = /^(.+)\^(?:([!@])|-(\d*))$/s.exec(text) ?? []
  if (revision === undefined) return undefined
  if (mark !== undefined) return { $kind: mark === '!' ? 'one' : 'parents', revision }
  return { $kind: 'between', from: `${revision}^${nth}`, to: revision, symmetric: false }
}

/** The revisions that a range is written with. */
export function endsOfRange(range: RevisionRange): string[] {
  return range.$kind === 'between' ? [range.from, range.to] : [range.revision]
}

interface Step {
  sign: '~' | '^'
  count: number
  /** Of `^{/text}`. */
  text?: string | undefined
}

function splitRevision(revision: string): { base: string; steps: Step[] } {
  if (revision.length > MAX_REVISION_CHARS) throw new RevisionMalformedError(revision, 'it is too long')
  const plain = revision.replaceAll('^{commit}', '^0').replaceAll('^{}', '^0')
  const match = /^((?:@\{[^{}]*\}|[^~^:\s{}])*)((?:[~^]\d*|\^\{\/[^{}]*\})*)$/.exec(plain)
  if (/\^(?:[!@]|-\d*)$/.test(revision))
    throw new RevisionMalformedError(revision, 'it is a range, and one version is meant')
  if (!match || match[1] === '') throw new RevisionMalformedError(revision, 'expected a name, then ~N, ^N or ^{/text}')
  const steps = [...match[2]!.matchAll(/([~^])(?:\{\/([^{}]*)\}|(\d*))/g)].map(([, sign, text, digits]): Step => {
    if (text !== undefined) return { sign: '^', count: 0, text }
    const count = digits === '' ? 1 : Number(digits)
    if (count > MAX_STEPS) throw new RevisionMalformedError(revision, `more than ${MAX_STEPS} steps`)
    return { sign: sign as Step['sign'], count }
  })
  return { base: match[1]!, steps }
}

async function resolveBase(source: RevisionSource, revision: string, base: string): Promise<ObjectId> {
  if (base === '-') return resolveSelector(source, revision, '', '-1')
  const at = /^([^{}]*)@\{([^{}]*)\}$/.exec(base)
  if (at) return resolveSelector(source, revision, at[1]!, at[2]!)
  const name = base === '@' ? 'HEAD' : base
  const ref = findRef(source.refs, name)
  if (ref) return ref.id
  if (isObjectId(name)) return name
  if (name === 'HEAD') throw new UnbornError(revision, source.refs.readHead())
  if (/^[0-9a-fA-F]+$/.test(name)) return resolvePrefix(source, revision, name.toLowerCase())
  const problem = refNameProblem(name)
  if (problem) throw new RevisionMalformedError(revision, problem)
  throw new RevisionUnknownError(revision, 'no branch, tag or commit of this name')
}

async function resolvePrefix(source: RevisionSource, revision: string, prefix: string): Promise<ObjectId> {
  if (prefix.length < MIN_PREFIX_DIGITS)
    throw new RevisionUnknownError(revision, `no ref of this name; an id needs at least ${MIN_PREFIX_DIGITS} digits`)
  if (prefix.length > 64) throw new RevisionMalformedError(revision, 'an id has 64 digits')
  const found = await source.commitsWithPrefix(prefix, MAX_CANDIDATES)
  if (found.length > 1) throw new RevisionAmbiguousError(prefix, found)
  if (found.length === 0) throw new RevisionUnknownError(revision, 'no ref or commit begins like this')
  return found[0]!
}

async function parentOf(source: RevisionSource, revision: string, id: ObjectId, nth: number): Promise<ObjectId> {
  const { parents } = await readCommit(source.read, id)
  const parent = parents[nth - 1]
  if (!parent) throw new RevisionUnknownError(revision, `${id} has ${parents.length} parents`)
  return parent
}
