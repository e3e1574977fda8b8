/** `config` as git has it, `config user.name NAME`, put into the words of `config get`, `set`, `unset` and `list`. */

import { firstWord } from './aliases.ts'

/** Options of git's that say what is to be done, and the verb that does it. */
const VERBS: Readonly<Record<string, string>> = {
  '--get': 'get',
  '--unset': 'unset',
  '--list': 'list',
  '-l': 'list',
}

/** A setting's name has a dot in it, and no verb has. */
const KEY = /^[^-.][^.]*\./

/** @param argv - of any command
 *  @returns the same words if they name a verb of `config`, or nothing that git knows */
export function configWords(argv: readonly string[]): string[] {
  const at = firstWord(argv)
  if (argv[at] !== 'config') return [...argv]
  const rest = argv.slice(at + 1)
  const asked = rest.find((word) => Object.hasOwn(VERBS, word))
  // A workspace's own settings are what is meant without a word.
  const others = rest.filter((word) => word !== asked && word !== '--local')
  const words = others.filter((word) => !word.startsWith('-'))
  const isKey = KEY.test(words[0] ?? '')
  const verb = asked ? VERBS[asked] : words.length === 1 ? 'get' : 'set'
  if (!isKey && (verb !== 'list' || words.length > 0)) return [...argv]
  return [...argv.slice(0, at + 1), verb!, ...others]
}
