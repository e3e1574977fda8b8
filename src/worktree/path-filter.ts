/** Which paths of a version shall be on disk: an ordered list of rules, of which the last that matches decides.
 *
 *  A rule is a pattern; with `!` before it, it leaves out what it matches. A pattern matches a path if it matches the path
 *  itself or a folder above it, so `train` means everything at or below. `*` and `?` stay within a name, `[a-c]` is one
 *  character, `**` is any number of folders, `\` takes the next character as it is. A pattern with a slash is counted from
 *  the root, one without matches names at any depth. What no rule matches is left out. Unlike in ignore files, a path can
 *  be brought back below a folder that was left out. */

import { UsageError } from '../base/errors.ts'

export interface PathFilter {
  readonly rules: readonly string[]
  includes(path: string): boolean
}

/** More would slow down every walk; whoever needs them wants a pattern. */
export const MAX_FILTER_RULES = 10_000
const MAX_RULE_CHARS = 5000

/** @throws {UsageError} FILTER_MALFORMED (exit 2) */
export function createPathFilter(rules: readonly string[]): PathFilter {
  // A text has a length and a map of its own kind: callers without types would hear of something else.
  if (!Array.isArray(rules) || rules.some((rule) => typeof rule !== 'string'))
    throw new UsageError('FILTER_MALFORMED', "patterns are a list of texts, such as ['train/**']")
  if (rules.length > MAX_FILTER_RULES)
    throw new UsageError(
      'FILTER_MALFORMED',
      `there are ${rules.length} rules; at most ${MAX_FILTER_RULES} are possible`,
      {
        data: { rules: rules.length },
        hints: ['Name a folder instead of its files: `floe get FOLDER`'],
      },
    )
  // The last rule that matches decides, so they are tried from the end.
  const compiled = rules.map(compileRule).reverse()
  return {
    rules: [...rules],
    includes(path) {
      const names = path.split('/')
      for (const { pattern, leavesOut } of compiled) if (matchesPath(pattern, names)) return !leavesOut
      return false
    },
  }
}

/** The rule that matches exactly a path and what is below it. */
export function literalRule(path: string): string {
  return path === '' ? '**' : `/${path.replace(/[\\*?[\]!]/g, '\\$&')}`
}

type Pattern = readonly (readonly Token[] | '**')[]

/** A set is tested on one character; `*` is any number of characters, `?` one. */
type Token = string | '*' | '?' | CharacterSet

interface CharacterSet {
  negated: boolean
  ranges: [number, number][]
}

/** A token for a literal character that means something else by itself. */
const literal = (character: string): Token => {
  const code = character.codePointAt(0)!
  return { negated: false, ranges: [[code, code]] }
}

function compileRule(rule: string): { pattern: Pattern; leavesOut: boolean } {
  const refuse = (reason: string): never => {
    throw new UsageError('FILTER_MALFORMED', `"${rule.slice(0, 200)}" is no pattern of paths: ${reason}`, {
      data: { rule },
      hints: ["Patterns look like 'train/**' or '*.parquet'; see `floe clone --help`"],
    })
  }
  if (rule.length > MAX_RULE_CHARS) refuse('it is too long')
  const leavesOut = rule.startsWith('!')
  const text = (leavesOut ? rule.slice(1) : rule).replace(/\/+$/, '')
  if (text === '') refuse('it is empty')
  const isAnchored = text.includes('/')
  const names = text.replace(/^\//, '').split('/')
  const pattern: (Token[] | '**')[] = isAnchored || names[0] === '**' ? [] : ['**']
  for (const name of names) {
    if (name === '') refuse('a name in it is empty')
    if (name === '.' || name === '..') refuse(`"${name}" is no name`)
    if (name !== '**') pattern.push(compileName(name, refuse))
    else if (pattern.at(-1) !== '**') pattern.push('**')
  }
  return { pattern, leavesOut }
}

function compileName(name: string, refuse: (reason: string) => never): Token[] {
  const characters = [...name]
  const tokens: Token[] = []
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!
    if (character === '\\') {
      i++
      tokens.push(literal(characters[i] ?? refuse('nothing follows the last \\')))
    } else if (character === '[') {
      const end = characters.indexOf(']', i + 2)
      if (end < 0) refuse('a [ is never closed')
      tokens.push(compileSet(characters.slice(i + 1, end), refuse))
      i = end
    } else if (character !== '*' || tokens.at(-1) !== '*') tokens.push(character)
  }
  return tokens
}

function compileSet(characters: readonly string[], refuse: (reason: string) => never): CharacterSet {
  const negated = characters[0] === '!' || characters[0] === '^'
  const items = negated ? characters.slice(1) : characters
  if (items.length === 0) refuse('a set is empty')
  const ranges: [number, number][] = []
  for (let i = 0; i < items.length; i++) {
    const from = items[i]!.codePointAt(0)!
    const isRange = items[i + 1] === '-' && i + 2 < items.length
    const to = isRange ? items[i + 2]!.codePointAt(0)! : from
    if (to < from) refuse('a range in a set is backwards')
    ranges.push([from, to])
    if (isRange) i += 2
  }
  return { negated, ranges }
}

/** True if the pattern matches the path or a folder above it. Work is at most names × parts of the pattern. */
function matchesPath(pattern: Pattern, names: readonly string[]): boolean {
  // Which prefixes of the pattern can have matched the names so far.
  let reached = new Array<boolean>(pattern.length + 1).fill(false)
  reached[0] = true
  const spread = () => {
    // `**` may match nothing, except at the end, where there has to be something below.
    for (let i = 0; i < pattern.length - 1; i++) if (reached[i] && pattern[i] === '**') reached[i + 1] = true
  }
  spread()
  for (const name of names) {
    const next = new Array<boolean>(pattern.length + 1).fill(false)
    for (let i = 0; i < pattern.length; i++) {
      if (!reached[i]) continue
      const part = pattern[i]!
      if (part === '**') {
        next[i] = true
        if (i === pattern.length - 1) next[i + 1] = true
      } else if (matchesName(part, name)) next[i + 1] = true
    }
    reached = next
    spread()
    if (reached[pattern.length]) return true
  }
  return false
}

/** Goes back to the last `*` only, which is enough for wildcards, and bounds the work to the product of both lengths. */
function matchesName(tokens: readonly Token[], name: string): boolean {
  const characters = [...name]
  let t = 0
  let c = 0
  let star = -1
  let starAt = 0
  while (c < characters.length) {
    const token = tokens[t]
    if (token === '*') {
      star = t++
      starAt = c
    } else if (token !== undefined && matchesCharacter(token, characters[c]!)) {
      t++
      c++
    } else if (star >= 0) {
      t = star + 1
      c = ++starAt
    } else return false
  }
  while (tokens[t] === '*') t++
  return t === tokens.length
}

function matchesCharacter(token: Token, character: string): boolean {
  if (token === '?') return true
  if (typeof token === 'string') return token === character
  const code = character.codePointAt(0)!
  return token.ranges.some(([from, to]) => code >= from && code <= to) !== token.negated
}
