/** `.floeignore`: gitignore syntax, one file per directory, the deepest rule that says anything wins. */

import { type FileSystem, isErrno } from '../store/file-system.ts'
import { UnreadableError } from './errors.ts'
import { createIgnorePatterns } from './ignore-patterns.ts'

export const IGNORE_FILE = '.floeignore'
const MAX_IGNORE_FILE_BYTES = 1 << 20

/** Rules that hold in one directory: its own file and those of its parents. */
export interface IgnoreRules {
  /** @param path - from the workspace root, below this directory */
  ignores(path: string, isDirectory: boolean): boolean
}

export const noRules: IgnoreRules = { ignores: () => false }

/** Rules of a directory, given those of its parent.
 *  @param directory - from the workspace root, `''` for the root itself
 *  @throws {UnreadableError} WORKTREE_UNREADABLE */
export function readIgnoreRules(fs: FileSystem, root: string, directory: string, parent: IgnoreRules): IgnoreRules {
  const path = directory === '' ? IGNORE_FILE : `${directory}/${IGNORE_FILE}`
  // A link could point anywhere; git does not follow it either.
  if (fs.stat(`${root}/${path}`)?.kind !== 'file') return parent
  const own = createIgnorePatterns(readText(fs, root, path))
  const skip = directory === '' ? 0 : directory.length + 1
  return {
    ignores(at, isDirectory) {
      const result = own.test(at.slice(skip) + (isDirectory ? '/' : ''))
      if (result.ignored) return true
      return result.unignored ? false : parent.ignores(at, isDirectory)
    },
  }
}

function readText(fs: FileSystem, root: string, path: string): string {
  try {
    return new TextDecoder().decode(fs.readFile(`${root}/${path}`, MAX_IGNORE_FILE_BYTES))
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'EIO', 'EFBIG')) throw new UnreadableError(path, errnoOf(error), error)
    throw error
  }
}

function errnoOf(error: unknown): string {
  return (error as { errno: string }).errno
}
