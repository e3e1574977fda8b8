/** Names in the user's folders that are never versioned. */

import { FLOE_DIR } from '../store/floe-dir.ts'

const GIT_DIR = '.git'
/** Files that begin like this are leftovers of a checkout to another device; the walk passes them over. */
export const UNFINISHED_NAME = '.floe-unfinished'

export function isOurs(name: string): boolean {
  return name.startsWith('.') && (name === FLOE_DIR || name === GIT_DIR || name.startsWith(`${UNFINISHED_NAME}-`))
}
