/** Names of branches and tags (DESIGN §4); the Move package checks the same rules, this side adds that no segment is
 *  empty, because refs are also files. */

import { RefNameError } from './errors.ts'

export const MAX_REF_NAME_BYTES = 200

/** Why this cannot be the name of a branch or tag, or null if it can. */
export function refNameProblem(name: string): string | null {
  if (name.length === 0) return 'it is empty'
  if (name.length > MAX_REF_NAME_BYTES) return `it has ${name.length} characters, the limit is ${MAX_REF_NAME_BYTES}`
  if (!/^[A-Za-z0-9._/-]+$/.test(name)) return 'only letters, digits and . _ / - are allowed'
  if (name.includes('..')) return 'it contains ".."'
  if (name.includes('//')) return 'it contains "//"'
  if (/^[/.-]/.test(name)) return 'it starts with "/", "." or "-"'
  if (/[/.-]$/.test(name)) return 'it ends with "/", "." or "-"'
  if (name.endsWith('.lock')) return 'it ends with ".lock"'
  return null
}

/** @throws {RefNameError} REF_NAME_REFUSED */
export function assertRefName(name: string): void {
  const problem = refNameProblem(name)
  if (problem) throw new RefNameError(name, problem)
}
