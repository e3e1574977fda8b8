/** File systems that take two names for one: macOS and Windows by case, macOS also by Unicode composition. */

import { discard, uniquePath } from '../store/atomic-file.ts'
import type { FileSystem } from '../store/file-system.ts'
import { NameCollisionError } from './errors.ts'

export interface Folding {
  byCase: boolean
  byComposition: boolean
}

/** Tries it out with two files in `tmpDir`. */
export function probeFolding(fs: FileSystem, tmpDir: string): Folding {
  return {
    byCase: isFolded(fs, tmpDir, 'probe-a', 'probe-A'),
    byComposition: isFolded(fs, tmpDir, 'probe-\u00e9', 'probe-e\u0301'),
  }
}

function isFolded(fs: FileSystem, tmpDir: string, name: string, other: string): boolean {
  const path = uniquePath(tmpDir, name)
  fs.open(path, 'create').close()
  try {
    return fs.stat(path.replace(name, other)) !== undefined
  } finally {
    discard(fs, path)
  }
}

const ASCII = /^[\x00-\x7f]*$/

/** What a path is under the strictest folding known. */
export function foldedPath(path: string, folding: Folding = { byCase: true, byComposition: true }): string {
  // Most paths: nothing to compose, and the steps up and down are one.
  if (folding.byCase && ASCII.test(path)) return path.toLowerCase()
  const composed = folding.byComposition ? path.normalize('NFC') : path
  // Upper, then lower: full case folding for the letters where one step is not enough (ß, dotless i).
  return folding.byCase ? composed.toUpperCase().toLowerCase() : composed
}

/** Looks for two paths, or two folders, that would become one.
 *  @param paths - every path of the version
 *  @throws {NameCollisionError} WORKTREE_NAME_COLLISION (exit 13) */
export async function assertNoCollisions(paths: AsyncIterable<string>, folding: Folding): Promise<void> {
  const byFolded = new Map<string, string>()
  const pairs: [string, string][] = []
  const claim = (path: string) => {
    const folded = foldedPath(path, folding)
    const other = byFolded.get(folded)
    if (other === undefined) byFolded.set(folded, path)
    else if (other !== path) pairs.push([other, path])
    return other === path
  }
  for await (const path of paths) {
    // From the longest folder up: once one is known to be the same, so are those above it.
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1))
      if (claim(path.slice(0, slash))) break
    claim(path)
  }
  if (pairs.length > 0) throw new NameCollisionError(pairs)
}
