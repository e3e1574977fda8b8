/** Abort codes of the Move packages by name, taken from their sources: bytecode keeps numbers only. */

import { MoveSourceError } from './errors.ts'

export interface AbortCode {
  readonly code: number
  /** Name of the constant, e.g. `EWrongOld`. */
  readonly name: string
  /** Its doc comment on one line; empty if it has none. */
  readonly doc: string
}

/** Module name → codes, rising. Modules without codes are left out. */
export type ModuleAbortCodes = Readonly<Record<string, readonly AbortCode[]>>

/** `const EName: u64 = 3;` with the `///` lines above it. Attributes may stand between. */
const CONSTANT =
  /((?:^[ \t]*\/\/\/[^\n]*\n)*)(?:^[ \t]*#\[[^\n]*\]\n)*^[ \t]*const (E[A-Z]\w*)\s*:\s*u64\s*=\s*(\w+)\s*;/gm

/** @param sources path → text of one package; test sources give nothing
 *  @throws {MoveSourceError} if a module has two constants with one number */
export function extractAbortCodes(sources: Readonly<Record<string, string>>): ModuleAbortCodes {
  const modules: Record<string, AbortCode[]> = {}
  for (const path of Object.keys(sources).sort()) {
    const text = sources[path]!
    const module = /^module \w+::(\w+);/m.exec(text)?.[1]
    if (module === undefined || !path.startsWith('sources/')) continue
    const codes: AbortCode[] = []
    for (const [, comment, name, digits] of text.matchAll(CONSTANT)) {
      const code = Number(digits!.replaceAll('_', ''))
      if (codes.some((other) => other.code === code))
        throw new MoveSourceError(`${module} uses abort code ${code} twice`)
      codes.push({ code, name: name!, doc: docText(comment!) })
    }
    if (codes.length > 0) modules[module] = codes.sort((a, b) => a.code - b.code)
  }
  return modules
}

function docText(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\/\/\/ ?/, '').trim())
    .filter((line) => line !== '')
    .join(' ')
}
