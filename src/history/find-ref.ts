/** Looking up a branch or tag by the name a person types. */

import type { ObjectId } from '../objects/id.ts'
import { refNameProblem } from '../objects/ref-name.ts'
import type { RefStore } from '../store/refs.ts'

/** A ref by its short or full name, in git's order: as it is, tag, branch, remote. */
export function findRef(refs: RefStore, name: string): { name: string; id: ObjectId } | undefined {
  if (name === 'HEAD') {
    const id = refs.headCommit()
    return id ? { name, id } : undefined
  }
  const full = name.startsWith('refs/') ? name.slice(5) : name
  if (refNameProblem(full)) return undefined
  const isFull = /^(heads|tags|remotes)\//.test(full)
  const candidates = [...(isFull ? [full] : []), `tags/${full}`, `heads/${full}`, `remotes/${full}`]
  for (const candidate of candidates) {
    const id = refs.read(candidate)
    if (!id) continue
    if (candidate === `tags/${full}` && refs.read(`heads/${full}`)) refs.onAmbiguous?.(full)
    return { name: candidate, id }
  }
  return undefined
}
