/** What the parser refuses, as errors of Floe's own: one form for a person, another with `--json`. */

import type { CommanderError } from 'commander'
import { UsageError } from '../base/errors.ts'
import { insteadOf, insteadOfOption } from './git-words.ts'
import { REGISTRY, type Registry } from './registry.ts'

/** @param words - the verb, with what follows it
 *  @returns ARGUMENTS_WRONG or COMMAND_MISSING (exit 2) */
export function argumentError(error: CommanderError, words: readonly string[]): UsageError {
  const [verb, ...others] = words
  if (isHelpInstead(error))
    return new UsageError('COMMAND_MISSING', `${['floe', ...words].join(' ')}: a command is missing`, {
      hints: [`\`${['floe help', ...words].join(' ')}\` lists them`],
    })
  // What may have been meant stands in lines of its own, in parentheses.
  const [said = '', ...guesses] = error.message.replace(/^error: /, '').split('\n')
  const [, kind, word = ''] = /^unknown (command|option) '([^']*)'/.exec(said) ?? []
  const instead =
    kind === 'command' ? insteadOf(verb, ...others) : kind === 'option' ? insteadOfOption(verb, word) : undefined
  const meant = guesses.filter(Boolean).map((guess) => guess.replace(/^\((.*)\)$/, '$1'))
  const help = `\`${['floe help', ...commandOf(words)].join(' ')}\` shows what can be typed`
  return new UsageError('ARGUMENTS_WRONG', said, { hints: instead ? [instead] : meant.length > 0 ? meant : [help] })
}

/** Those of the words that name a command. */
function commandOf([word = '', ...others]: readonly string[], entries: Registry = REGISTRY): string[] {
  const entry = Object.hasOwn(entries, word) ? entries[word]! : undefined
  if (entry === undefined) return []
  return [word, ...('children' in entry ? commandOf(others, entry.children) : [])]
}

/** True where the parser has printed the help of a command that needs another word, and said nothing. */
export function isHelpInstead(error: CommanderError): boolean {
  return error.code === 'commander.help'
}
