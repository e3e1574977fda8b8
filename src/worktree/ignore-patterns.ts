/** The patterns of one ignore file, asked about many paths: only those that could say something about a path are tried.
 *
 *  What a pattern matches is left to the `ignore` package. It tries every pattern on every path, though, and keeps what it found
 *  of each: with a thousand patterns a file took 0.15 ms, and a million files some 200 MB. Here a pattern is filed under a
 *  piece of text that a path has to have for it to match. */

import ignore, { type Ignore } from 'ignore'
import { createPatternIndex } from './pattern-index.ts'

/** What a file's patterns say about a path: ignored, not ignored (`!`), or nothing. */
export interface IgnorePatterns {
  /** @param path - from the folder of the file; of a folder with a slash at its end */
  test(path: string): { ignored: boolean; unignored: boolean }
}

/** Where more of them can match anything, trying a choice of them saves little. */
const MAX_ANYWHERE = 64
/** Choices of patterns that are kept ready. */
const MAX_CHOICES = 64
/** Paths of which the package keeps what it found. */
const MAX_REMEMBERED = 4096

const NOTHING = { ignored: false, unignored: false } as const

export interface IgnorePatternsOptions {
  /** What holds for a folder holds for all in it. Otherwise the folders above a path count as not ignored: whoever asks is
   *  inside them, even if it was another file that let him in. */
  inherits?: boolean
}

export function createIgnorePatterns(text: string, { inherits = false }: IgnorePatternsOptions = {}): IgnorePatterns {
  const lines = text
    .replace(/\r$/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'))
  const all = bounded(text, inherits)
  // Joined again, its end would be another one.
  if (lines.some((line) => line.includes('\r'))) return all
  const index = createPatternIndex(lines)
  if (index.anywhere > MAX_ANYWHERE) return all

  const choices = new Map<string, IgnorePatterns>()
  const choose = (numbers: readonly number[]): IgnorePatterns => {
    const key = numbers.join()
    let chosen = choices.get(key)
    if (!chosen) {
      if (choices.size >= MAX_CHOICES) choices.clear()
      chosen = bounded(numbers.map((number) => lines[number]).join('\n'), inherits)
      choices.set(key, chosen)
    }
    return chosen
  }
  return {
    test(path) {
      const numbers = index.of(path)
      return numbers.length === 0 ? NOTHING : choose(numbers).test(path)
    },
  }
}

function bounded(text: string, inherits: boolean): IgnorePatterns {
  let patterns: Ignore | undefined
  let tested = 0
  let inside: { folder: string; patterns: Ignore } | undefined
  return {
    test(path) {
      if (!patterns || ++tested > MAX_REMEMBERED) {
        patterns = read(text)
        tested = 0
      }
      const found = patterns.test(path)
      if (inherits) return found
      const folder = path.slice(0, path.lastIndexOf('/', path.length - 2) + 1)
      if (!found.ignored || folder === '' || !patterns.test(folder).ignored) return found
      // The package says of it what it says of the folder.
      if (inside?.folder !== folder) inside = { folder, patterns: read(text).add(opened(folder)) }
      return inside.patterns.test(path)
    },
  }
}

/** Case matters everywhere, so that a version does not depend on whose machine made it. */
function read(text: string): Ignore {
  return ignore({ ignorecase: false }).add(text)
}

/** Patterns that let one into a folder and all above it, and say nothing of what is in them. */
function opened(folder: string): string[] {
  const segments = folder
    .replace(/[\\*?[\] ]/g, '\\$&')
    .split('/')
    .slice(0, -1)
  return segments.map((_, i) => `!/${segments.slice(0, i + 1).join('/')}/`)
}
