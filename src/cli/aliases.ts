/** Words of a person's own for commands: `floe config set alias.st "status -q"`.
 *
 *  An alias stands for words of Floe's own command line and nothing else: no shell, no other program, so that a
 *  configuration cannot become code. A command's name always means the command. */

import { UsageError } from '../base/errors.ts'
import { getConfig } from '../repo/config.ts'
import { getGlobalConfig } from '../repo/global-config.ts'
import { openWorkspace } from '../store/workspace.ts'

/** Aliases that stand for aliases. */
const MAX_DEPTH = 10
const NAME = /^[A-Za-z][A-Za-z0-9-]{0,31}$/

export interface AliasWorld {
  /** Asked for only where a word means nothing by itself. */
  cwd: () => string
  homeDir: string
}

/** @param isCommand - true for words that mean themselves
 *  @throws {UsageError} ALIAS_MALFORMED (exit 2) */
export async function expandAliases(
  argv: readonly string[],
  world: AliasWorld,
  isCommand: (word: string) => boolean,
): Promise<string[]> {
  let words = [...argv]
  const seen = new Set<string>()
  for (;;) {
    const at = firstWord(words)
    const name = words[at]
    if (name === undefined || isCommand(name) || !NAME.test(name)) return words
    const text = await lookUp(name, world)
    if (text === undefined) return words
    if (seen.has(name) || seen.size >= MAX_DEPTH)
      throw new UsageError('ALIAS_MALFORMED', `the alias ${name} leads back to itself`, { data: { alias: name } })
    seen.add(name)
    words = [...words.slice(0, at), ...aliasWords(name, text), ...words.slice(at + 1)]
  }
}

/** @throws {UsageError} ALIAS_MALFORMED (exit 2) for a name or a text that an alias cannot have */
export function assertAlias(name: string, text: string, isCommand: (word: string) => boolean): void {
  if (!NAME.test(name)) throw malformed(name, 'the name must be letters, digits and -')
  if (isCommand(name)) throw malformed(name, 'a command has this name, and keeps it')
  aliasWords(name, text)
}

/** Words at spaces; quotes of either kind hold some together. */
function aliasWords(name: string, text: string): string[] {
  if (text.trimStart().startsWith('!')) throw malformed(name, 'an alias runs commands of Floe only, no programs')
  const words: string[] = []
  const pattern = /\s*((?:[^\s"']|"[^"]*"|'[^']*')+)/gy
  let end = 0
  for (const match of text.trimEnd().matchAll(pattern)) {
    words.push(match[1]!.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single))
    end = match.index + match[0].length
  }
  if (end < text.trimEnd().length) throw malformed(name, 'a quote is not closed')
  if (words.length === 0) throw malformed(name, 'it stands for nothing')
  return words
}

function malformed(name: string, reason: string): UsageError {
  return new UsageError('ALIAS_MALFORMED', `alias.${name}: ${reason}`, { data: { alias: name, reason } })
}

async function lookUp(name: string, { cwd, homeDir }: AliasWorld): Promise<string | undefined> {
  const key = `alias.${name}`
  try {
    await using workspace = await openWorkspace(cwd())
    const own = await getConfig(workspace, key)
    if (own !== undefined) return own
  } catch {
    // No folder or workspace, or a damaged one: the command that comes says so better.
  }
  return getGlobalConfig(homeDir, key)
}

/** Where the verb stands: the first word that is no option, nor the value of `-C`. */
export function firstWord(argv: readonly string[]): number {
  let at = 0
  while (argv[at]?.startsWith('-')) at += argv[at] === '-C' ? 2 : 1
  return at
}
