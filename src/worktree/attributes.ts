/** `.floeattributes` in the root of the workspace: what is to be done with files, by pattern. One line per pattern, as in
 *  gitattributes: `*.csv merge=rows key=id`. Patterns are those of `.floeignore`; for each attribute the last line that
 *  matches a path decides, and `-name` takes an attribute back. */

import type { ChunkSizing } from '../chunking/profile.ts'
import { type FileSystem, isErrno } from '../store/file-system.ts'
import { UnreadableError } from './errors.ts'
import { createIgnorePatterns, type IgnorePatterns } from './ignore-patterns.ts'
import { createPatternIndex } from './pattern-index.ts'

export const ATTRIBUTES_FILE = '.floeattributes'
const MAX_LINES = 10_000
const MAX_ATTRIBUTES = 32
/** More say nothing new. */
const MAX_WARNINGS = 100

/** What each attribute may be. */
const ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  /** How contents that both sides changed are merged. */
  merge: /^(text|binary|rows)$/,
  /** Columns that together name a row, for `merge=rows`. */
  key: /^[^,]+(,[^,]+)*$/,
  /** How large the chunks of a file are; `plain` is what `auto` is as long as no format is looked into. */
  chunking: /^(auto|plain|small|medium|large|fixed)$/,
  /** What `push` must not send in the clear. */
  encrypt: /^(yes|no)$/,
  /** For how many epochs `push` promises to keep it. */
  retain: /^([1-9]\d{0,3}|permanent)$/,
}

export type AttributeName = 'merge' | 'key' | 'chunking' | 'encrypt' | 'retain'
export type Attributes = Readonly<Partial<Record<AttributeName, string>>>

export interface AttributeRules {
  /** @param path - from the workspace root */
  of(path: string): Attributes
  /** What lines set an attribute to, each value once; empty if none of them names it. */
  valuesOf(name: AttributeName): readonly string[]
  /** Lines that were passed over, and why. */
  warnings: readonly { line: number; reason: string }[]
}

interface Rule {
  pattern: string
  matcher: IgnorePatterns
  /** Undefined takes the attribute back. */
  set: ReadonlyMap<AttributeName, string | undefined>
}

/** What `.floeattributes` asks of the chunker; undefined where no line does. */
export function chunkSizings(rules: AttributeRules): ((path: string) => ChunkSizing | undefined) | undefined {
  if (rules.valuesOf('chunking').length === 0) return undefined
  return (path) => {
    const { chunking } = rules.of(path)
    return chunking === 'plain' ? 'auto' : (chunking as ChunkSizing | undefined)
  }
}

/** Larger files are refused. */
export const MAX_ATTRIBUTES_BYTES: number = 1 << 20

export function parseAttributes(text: string): AttributeRules {
  const rules: Rule[] = []
  const warnings: { line: number; reason: string }[] = []
  const warn = (line: number, reason: string) => {
    if (warnings.length < MAX_WARNINGS) warnings.push({ line, reason })
  }
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/, MAX_LINES + 1)
  if (lines.length > MAX_LINES) warn(MAX_LINES, 'lines after this one are passed over')
  for (const [index, line] of lines.slice(0, MAX_LINES).entries()) {
    const words = line.trim().split(/[ \t]+/)
    const [pattern = ''] = words
    if (pattern === '' || pattern.startsWith('#')) continue
    if (pattern.startsWith('!')) {
      warn(index + 1, 'a pattern cannot be negative here')
      continue
    }
    const set = new Map<AttributeName, string | undefined>()
    for (const word of words.slice(1, 1 + MAX_ATTRIBUTES)) {
      const reason = readWord(word, set)
      if (reason) warn(index + 1, reason)
    }
    if (set.size === 0) continue
    rules.push({ pattern, matcher: createIgnorePatterns(pattern, { inherits: true }), set })
  }
  const index = createPatternIndex(rules.map(({ pattern }) => pattern))
  return {
    warnings,
    valuesOf: (name) => [...new Set(rules.flatMap(({ set }) => set.get(name) ?? []))],
    of(path) {
      const found: Partial<Record<AttributeName, string>> = {}
      for (const number of index.of(path)) {
        const { matcher, set } = rules[number]!
        if (!matcher.test(path).ignored) continue
        for (const [name, value] of set) {
          if (value === undefined) delete found[name]
          else found[name] = value
        }
      }
      return found
    },
  }
}

/** @returns what is wrong with it */
function readWord(word: string, set: Map<AttributeName, string | undefined>): string | undefined {
  const isTakenBack = word.startsWith('-')
  const equals = word.indexOf('=')
  const name = isTakenBack ? word.slice(1) : equals < 0 ? word : word.slice(0, equals)
  if (name === '') return `${JSON.stringify(word)} names no attribute; it is NAME=VALUE, without spaces`
  if (!Object.hasOwn(ATTRIBUTES, name)) return `there is no attribute ${name}`
  if (isTakenBack) {
    set.set(name as AttributeName, undefined)
    return undefined
  }
  const value = equals < 0 ? '' : word.slice(equals + 1)
  if (!ATTRIBUTES[name]!.test(value)) {
    const reason =
      value === '' ? `${name} needs a value: ${name}=VALUE, without spaces` : `${name} cannot be "${value}"`
    if (name !== 'encrypt') return reason
    // Whoever wrote `encrypt = yes` must not find the files on a public network.
    set.set(name, 'yes')
    return `${reason}; until it is "yes" or "no", it is taken for "yes"`
  }
  set.set(name as AttributeName, value)
  return undefined
}

/** @throws {UnreadableError} WORKTREE_UNREADABLE */
export function readAttributes(fs: FileSystem, root: string): AttributeRules {
  // A link could point anywhere; git does not follow it either.
  if (fs.stat(`${root}/${ATTRIBUTES_FILE}`)?.kind !== 'file') return parseAttributes('')
  try {
    return parseAttributes(new TextDecoder().decode(fs.readFile(`${root}/${ATTRIBUTES_FILE}`, MAX_ATTRIBUTES_BYTES)))
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'EIO', 'EFBIG'))
      throw new UnreadableError(ATTRIBUTES_FILE, (error as { errno: string }).errno, error)
    throw error
  }
}
