/** Names of parameters, taken from the Move sources: bytecode keeps their types only. */

import { MoveSourceError } from './errors.ts'

/** `module::function` → names of its parameters in order, for all functions of a package.
 *  @param sources path → text; test sources give nothing
 *  @throws {MoveSourceError} on a signature that cannot be read */
export function extractParameterNames(sources: Readonly<Record<string, string>>): Map<string, readonly string[]> {
  const names = new Map<string, readonly string[]>()
  for (const path of Object.keys(sources).sort()) {
    const text = sources[path]!.replace(/\/\/[^\n]*/g, '')
    const module = /^module \w+::(\w+);/m.exec(text)?.[1]
    if (module === undefined || !path.startsWith('sources/')) continue
    for (const match of text.matchAll(/\bfun (\w+)\s*(?:<[^(]*>)?\s*\(/g)) {
      const from = match.index + match[0].length
      names.set(
        `${module}::${match[1]}`,
        splitParameters(text.slice(from, closingAt(text, from, `${module}::${match[1]}`))),
      )
    }
  }
  return names
}

/** Where the parenthesis closes that was opened before `from`. */
function closingAt(text: string, from: number, what: string): number {
  let depth = 1
  for (let at = from; at < text.length; at++) {
    if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at
  }
  throw new MoveSourceError(`the parameters of ${what} do not end`)
}

/** Names before the colons; commas inside of types do not separate. */
function splitParameters(text: string): string[] {
  const names: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at <= text.length; at++) {
    if (text[at] === '<' || text[at] === '(') depth++
    else if (text[at] === '>' || text[at] === ')') depth--
    else if ((text[at] === ',' && depth === 0) || at === text.length) {
      const name = /^\s*(?:mut\s+)?(\w+)\s*:/.exec(text.slice(from, at))?.[1]
      if (name !== undefined) names.push(name)
      from = at + 1
    }
  }
  return names
}
