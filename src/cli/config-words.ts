/** `config` as git took it before it had verbs, and as hands still type it: `config --global user.name Ada`. */

import { firstWord } from './aliases.ts'

const VERBS: readonly string[] = ['get', 'set', 'unset', 'list']
/** Options of git's that say what is to be done. */
const FLAGS: Readonly<Record<string, string>> = { '--get': 'get', '--unset': 'unset', '--list': 'list', '-l': 'list' }

/** The same with the verb that is meant, first; what means nothing is left for the parser to refuse. */
export function withConfigVerb(argv: readonly string[]): readonly string[] {
  const at = firstWord(argv)
  // A workspace's own settings are what is meant without a word.
  const rest = argv.slice(at + 1).filter((word) => word !== '--local')
  if (argv[at] !== 'config') return argv
  const dashes = rest.indexOf('--')
  const isWord = (word: string, i: number) => (dashes >= 0 && i > dashes) || !word.startsWith('-')
  const flag = rest.findIndex((word, i) => !isWord(word, i) && Object.hasOwn(FLAGS, word))
  const verb = rest.findIndex(isWord)
  const meaning = (name: string, without: number) => [
    ...argv.slice(0, at + 1),
    name,
    ...rest.filter((_, i) => i !== without),
  ]
  if (verb >= 0 && VERBS.includes(rest[verb]!)) return meaning(rest[verb]!, verb)
  if (flag >= 0) return meaning(FLAGS[rest[flag]!]!, flag)
  // Every setting has a dot, and no verb has.
  if (verb < 0 || !rest[verb]!.includes('.')) return argv
  return meaning(rest.filter(isWord).length > 1 ? 'set' : 'get', -1)
}
