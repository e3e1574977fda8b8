/** Keeps every access inside the workspace: no parent of a path may be a symbolic link.
 *
 *  Node offers no `openat`, so a hostile process of the same user could still swap a directory between the check and
 *  the use; it could as well write the files itself. What is defended against is a hostile tree. */

import { PathRefusedError } from '../objects/errors.ts'
import { pathProblem } from '../objects/path.ts'
import type { FileStat, FileSystem } from '../store/file-system.ts'
import { NameImpossibleError, ThroughSymlinkError, WouldOverwriteError } from './errors.ts'

// Names that Windows gives to devices or changes silently.
const WINDOWS_IMPOSSIBLE = /[<>:"|?*\\\x01-\x1f]|[. ]$|^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i

export class PathGuard {
  readonly #fs: FileSystem
  readonly #root: string
  /** Directories seen to be real ones. */
  readonly #real = new Set<string>()
  /** Directories seen to be missing: until the first is made, so that planning a clone asks for each once. */
  readonly #missing = new Set<string>()

  constructor(fs: FileSystem, root: string) {
    this.#fs = fs
    this.#root = root
  }

  /** Where the path is on disk.
   *  @throws {PathRefusedError} PATH_REFUSED (exit 13) if no version may contain it */
  absolute(path: string): string {
    const problem = pathProblem(path)
    if (problem) throw new PathRefusedError('integrity', path, problem)
    return `${this.#root}/${path}`
  }

  /** What is there now; nothing if a parent is missing, a file, or a symbolic link. */
  stat(path: string): FileStat | undefined {
    const absolute = this.absolute(path)
    return this.obstacle(path) === undefined ? this.#fs.stat(absolute) : undefined
  }

  /** Makes the parents of a path to be written.
   *  @throws {ThroughSymlinkError} WORKTREE_THROUGH_SYMLINK (exit 13)
   *  @throws {WouldOverwriteError} if a file is in the way */
  makeParents(path: string): void {
    this.absolute(path)
    assertPossible(path)
    this.#missing.clear()
    const obstacle = this.obstacle(path)
    if (obstacle === undefined) return
    refuseObstacle(path, obstacle)
    const parent = path.slice(0, path.lastIndexOf('/'))
    this.#fs.makeDirectory(`${this.#root}/${parent}`)
    this.#missing.clear()
  }

  /** Removes directories above a deleted path that have become empty. */
  removeEmptyParents(path: string): void {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash)
      try {
        this.#fs.removeDirectory(`${this.#root}/${parent}`)
      } catch {
        return // not empty, or somebody's working directory: it may stay
      }
      this.#real.delete(parent)
    }
  }

  /** The first parent that is no real directory, and what it is. */
  obstacle(path: string): Obstacle | undefined {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash)
      if (this.#real.has(parent)) continue
      if (this.#missing.has(parent)) return { path: parent, kind: 'missing' }
      const kind = this.#fs.stat(`${this.#root}/${parent}`)?.kind ?? 'missing'
      if (kind === 'missing') this.#missing.add(parent)
      if (kind !== 'directory') return { path: parent, kind }
      this.#real.add(parent)
    }
    return undefined
  }
}

export type Obstacle = { path: string; kind: 'missing' | FileStat['kind'] }

/** @throws {ThroughSymlinkError} WORKTREE_THROUGH_SYMLINK (exit 13)
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE */
export function refuseObstacle(path: string, obstacle: Obstacle): void {
  if (obstacle.kind === 'symlink') throw new ThroughSymlinkError(path, obstacle.path)
  if (obstacle.kind !== 'missing') throw new WouldOverwriteError([obstacle.path])
}

/** @throws {NameImpossibleError} WORKTREE_NAME_IMPOSSIBLE if this platform has no such names */
export function assertPossible(path: string): void {
  if (process.platform !== 'win32') return
  for (const segment of path.split('/'))
    if (WINDOWS_IMPOSSIBLE.test(segment)) throw new NameImpossibleError(path, `Windows does not allow "${segment}"`)
}
