/** `:/text` and `REV^{/text}`: the youngest commit whose message a pattern matches. */

import type { ObjectId } from '../objects/id.ts'
import { walkCommits } from './commits.ts'
import { RevisionMalformedError, RevisionUnknownError } from './errors.ts'
import type { RevisionSource } from './revision.ts'

/** Of all that refs and HEAD lead to. What is stashed is no version.
 *  @param text - a regular expression; after `!-` one that must not match, after `!!` one that begins with `!`
 *  @throws {RevisionUnknownError} REVISION_UNKNOWN
 *  @throws {RevisionMalformedError} REVISION_MALFORMED */
export async function youngestOfAll(source: RevisionSource, revision: string, text: string): Promise<ObjectId> {
  if (text === '') throw new RevisionMalformedError(revision, 'what the message shall have comes after :/')
  const head = source.refs.headCommit()
  const tips = source.refs.list().filter(({ name }) => !name.startsWith('stash/'))
  return youngestFrom(source, revision, [...(head ? [head] : []), ...tips.map(({ id }) => id)], text)
}

/** Of these and what leads to them. */
export async function youngestFrom(
  source: RevisionSource,
  revision: string,
  from: readonly ObjectId[],
  text: string,
): Promise<ObjectId> {
  const fits = parsePattern(revision, text)
  // A reader that brings what is missing would bring all the history that was left out.
  let isCut = false
  const skip = (id: ObjectId) => {
    const isEnd = source.isCutOff(id)
    isCut ||= isEnd
    return isEnd
  }
  const options = { skip, onAbsent: () => {} }
  for await (const { id, commit } of walkCommits(source.read, from, options)) if (fits(commit.message)) return id
  throw new RevisionUnknownError(revision, 'it fits the message of no version', [
    '`floe log --grep TEXT` lists versions by their messages, whatever the case of letters',
    ...(isCut ? ['`floe fetch --unshallow` brings the older ones, which were left out here'] : []),
  ])
}

function parsePattern(revision: string, text: string): (message: string) => boolean {
  const [, mark, rest = ''] = /^(![-!]?)?(.*)$/s.exec(text)!
  if (mark === '!') throw new RevisionMalformedError(revision, 'write !- for what must not match, !! for a mark itself')
  let pattern: RegExp
  try {
    pattern = new RegExp(mark === '!!' ? `!${rest}` : rest, 'su')
  } catch {
    throw new RevisionMalformedError(
      revision,
      'its text is no regular expression; a \\ before a character takes it as it is',
    )
  }
  return (message) => pattern.test(message) === (mark !== '!-')
}
